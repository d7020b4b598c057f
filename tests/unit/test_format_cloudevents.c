/*
 * test_format_cloudevents.c - unit tests for
 * core/outgoing/format_cloudevents.c
 */
#include "format.h"

#include "golden.h"
#include "json.h"
#include "unit.h"

#define MAX 65536

/* Made at 2026-01-01T15:00:00.234Z. */
#define ID UINT64_C(132498064341487623)
#define DATA                                                                   \
    "{\"id\":9007199254740993,\"price\":12.50,\"name\":\"Zo\xc3\xab "          \
    "\\\"q\\\" \\u00e9\"}"
#define EXTENSIONS                                                             \
    "{\"table_name\":\"orders\",\"attempt\":5,\"ratio\":12.50,\"live\":true,"  \
    "\"subject\":\"Euro \xe2\x82\xac \xf0\x9f\x98\x80\","                      \
    "\"note\":\"100% \\\"q\\\"\",\"gone\":null,\"nested\":{\"a\":1},"          \
    "\"Big-Id\":9007199254740993}"

static const struct format_event event = {
    .id = ID,
    .type = {"order.created", 13},
    .data = {DATA, sizeof(DATA) - 1},
    .metadata = {"{\"source\":\"supabase\",\"trace\":\"t-1\"}", 35},
};

/* The body; headers, if wanted, as "name: value" lines. */
static struct buf
write(enum payload_format format, const struct format_options *options,
      const struct format_event *what, struct buf *headers)
{
    struct buf body = BUF_INIT(MAX);
    struct format_out out;
    size_t i;

    format_out_init(&out, &body);
    format_write(format, options, what, &out);
    CU_ASSERT_TRUE(buf_ok(&body) && buf_ok(&out.header_text));
    for (i = 0; headers != NULL && i < out.header_count; i++) {
        buf_add_text(headers, out.headers[i].name);
        buf_add_text(headers, ": ");
        buf_add_slice(headers, out.headers[i].value);
        buf_add_char(headers, '\n');
    }
    format_out_free(&out);
    return body;
}

static void
test_structured(void)
{
    struct format_event rich = event;
    struct buf body = write(FORMAT_CLOUDEVENTS, NULL, &event, NULL);

    golden_compare("body_cloudevents.json", buf_slice(&body));
    buf_free(&body);
    rich.metadata = SLICE(EXTENSIONS);
    body = write(FORMAT_CLOUDEVENTS, NULL, &rich, NULL);
    golden_compare("body_cloudevents_extensions.json", buf_slice(&body));
    buf_free(&body);
}

static void
test_without_data_and_metadata(void)
{
    const struct format_event bare = {.id = ID, .type = {"ping", 4}};
    struct buf headers = BUF_INIT(MAX);
    struct buf body = write(FORMAT_CLOUDEVENTS, NULL, &bare, NULL);

    CU_ASSERT_STRING_EQUAL(
        body.data, "{\"specversion\":\"1.0\",\"id\":\"evt_03nnt96d80m07\","
                   "\"source\":\"/postern\",\"type\":\"ping\","
                   "\"time\":\"2026-01-01T15:00:00.234Z\"}");
    buf_free(&body);
    body = write(FORMAT_CLOUDEVENTS_BINARY, NULL, &bare, &headers);
    CU_ASSERT_STRING_EQUAL(body.data, "null");
    CU_ASSERT_STRING_EQUAL(headers.data, "ce-specversion: 1.0\n"
                                         "ce-id: evt_03nnt96d80m07\n"
                                         "ce-source: /postern\n"
                                         "ce-type: ping\n"
                                         "ce-time: 2026-01-01T15:00:00.234Z\n");
    buf_free(&body);
    buf_free(&headers);
}

/* The example of the HTTP protocol binding, section 3.1.3.2, among them. */
static void
test_binary_headers_are_percent_encoded(void)
{
    struct format_event rich = event;
    struct buf headers = BUF_INIT(MAX), body;

    rich.type = SLICE("a b\"c%d\xc3\xab~!");
    rich.metadata = SLICE(EXTENSIONS);
    body = write(FORMAT_CLOUDEVENTS_BINARY, NULL, &rich, &headers);
    CU_ASSERT_STRING_EQUAL(body.data, DATA);
    CU_ASSERT_STRING_EQUAL(headers.data,
                           "ce-specversion: 1.0\n"
                           "ce-id: evt_03nnt96d80m07\n"
                           "ce-source: /postern\n"
                           "ce-type: a%20b%22c%25d%C3%AB~!\n"
                           "ce-time: 2026-01-01T15:00:00.234Z\n"
                           "ce-tablename: orders\n"
                           "ce-attempt: 5\n"
                           "ce-ratio: 12.50\n"
                           "ce-live: true\n"
                           "ce-subject: Euro%20%E2%82%AC%20%F0%9F%98%80\n"
                           "ce-note: 100%25%20%22q%22\n"
                           "ce-bigid: 9007199254740993\n");
    buf_free(&body);
    buf_free(&headers);
}

static void
test_extensions(void)
{
    static const struct {
        const char *claim;
        const char *metadata;
        const char *want; /* what stands between time and data */
    } rows[] = {
        {"names of attributes are taken",
         "{\"id\":\"x\",\"Type\":\"x\",\"spec_version\":\"x\",\"data\":\"x\","
         "\"dataschema\":\"x\",\"time\":\"x\",\"data-content-type\":\"x\"}",
         ""},
        {"the first of two names that become one", "{\"a_b\":1,\"ab\":2}",
         "\"ab\":1,"},
        {"a name has 20 letters and digits",
         "{\"abcdefghijklmnopqrst\":1,\"abcdefghijklmnopqrstu\":2}",
         "\"abcdefghijklmnopqrst\":1,"},
        {"a name with other characters", "{\"a.b\":1,\"\xc3\xab\":1,\"\":1}",
         ""},
        {"a name of separators only", "{\"__\":1}", ""},
        {"whole numbers of 32 bits", "{\"a\":-2147483648,\"b\":2147483648}",
         "\"a\":-2147483648,\"b\":\"2147483648\","},
        {"other numbers keep their digits", "{\"a\":1e2,\"b\":-0.10}",
         "\"a\":\"1e2\",\"b\":\"-0.10\","},
        {"an empty text is no attribute", "{\"a\":\"\"}", ""},
        {"nor one with a control character", "{\"a\":\"x\\ny\"}", ""},
        {"nor DEL, nor C1", "{\"a\":\"\x7f\",\"b\":\"\\u0085\"}", ""},
        {"nor noncharacters",
         "{\"a\":\"\\ufdd0\",\"b\":\"\\uffff\",\"c\":\"\\ud83f\\udffe\"}", ""},
        {"their neighbours are fine", "{\"a\":\"\\ufdcf\\ufffd\"}",
         "\"a\":\"\\ufdcf\\ufffd\","},
        {"a subject is a text", "{\"subject\":5}", ""},
    };
    struct format_event odd = event;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf body, want = BUF_INIT(MAX);

        odd.metadata = slice_of(rows[i].metadata);
        body = write(FORMAT_CLOUDEVENTS, NULL, &odd, NULL);
        buf_addf(&want, "234Z\",%s\"datacontenttype\"", rows[i].want);
        if (strstr(body.data, want.data) == NULL) {
            fprintf(stderr, "\n%s: %s\n", rows[i].claim, body.data);
            CU_FAIL("extension");
        }
        buf_free(&body);
        buf_free(&want);
    }
}

/* Sixteen at most, of 256 bytes each: the headers never fill their room. */
static void
test_many_and_long_extensions(void)
{
    struct buf metadata = BUF_INIT(MAX), headers = BUF_INIT(MAX), body;
    struct format_event large = event;
    char type[255];
    int i, count = 0;
    const char *at;

    memset(type, '%', sizeof(type));
    large.type = slice_make(type, sizeof(type));
    for (i = 0; i < 20; i++)
        buf_addf(&metadata, "%c\"name%d\":\"%0256d\"", i == 0 ? '{' : ',', i,
                 0);
    buf_addf(&metadata, ",\"long\":\"%0257d\"}", 0);
    for (i = 0; (size_t)i < metadata.len; i++) {
        if (metadata.data[i] == '0' && metadata.data[i + 1] == '0')
            metadata.data[i] = '%';
    }
    large.metadata = buf_slice(&metadata);
    body = write(FORMAT_CLOUDEVENTS_BINARY, NULL, &large, &headers);
    for (at = headers.data; (at = strstr(at, "\nce-")) != NULL; at++)
        count++;
    CU_ASSERT_EQUAL(count, 4 + 16);
    CU_ASSERT_PTR_NULL(strstr(headers.data, "ce-long"));
    buf_free(&body);
    body = write(FORMAT_CLOUDEVENTS, NULL, &large, NULL);
    CU_ASSERT_PTR_NOT_NULL(strstr(body.data, "\"name15\":"));
    CU_ASSERT_PTR_NULL(strstr(body.data, "\"name16\":"));
    buf_free(&body);
    buf_free(&headers);
    buf_free(&metadata);
}

static void
test_source(void)
{
    static const struct {
        const char *source, *metadata, *want;
    } rows[] = {
        {NULL, "{}", "\"source\":\"/postern\""},
        {NULL, "{\"source\":\"my.shop-1\"}",
         "\"source\":\"/postern/my.shop-1\""},
        {NULL, "{\"source\":\"a/b\"}", "\"source\":\"/postern\""},
        {NULL, "{\"source\":7}", "\"source\":\"/postern\""},
        {NULL, "{\"source\":\"\"}", "\"source\":\"/postern\""},
        {"https://shop.example", "{}", "\"source\":\"https://shop.example\""},
        {"https://shop.example/", "{\"source\":\"stripe\"}",
         "\"source\":\"https://shop.example/stripe\""},
    };
    struct format_event other = event;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct format_options options = {.source = slice_of(rows[i].source)};
        struct buf body;

        other.metadata = slice_of(rows[i].metadata);
        body = write(FORMAT_CLOUDEVENTS, &options, &other, NULL);
        CU_ASSERT_PTR_NOT_NULL(strstr(body.data, rows[i].want));
        buf_free(&body);
    }
}

static void
test_valid_sources(void)
{
    static const char *const good[] = {"/", "urn:example:a", "a%20b",
                                       "https://[::1]:8/a?b=c#d"};
    static const char *const bad[] = {
        "", "a b", "a\"b", "\xc3\xab", "a\nb", "a%2", "a%zz", "<a>", "a\\b",
    };
    char longest[FORMAT_SOURCE_MAX + 1];
    size_t i;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        CU_ASSERT_TRUE(format_source_valid(slice_of(good[i])));
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        CU_ASSERT_FALSE(format_source_valid(slice_of(bad[i])));
    memset(longest, 'a', sizeof(longest));
    CU_ASSERT_TRUE(format_source_valid(slice_make(longest, FORMAT_SOURCE_MAX)));
    CU_ASSERT_FALSE(
        format_source_valid(slice_make(longest, FORMAT_SOURCE_MAX + 1)));
    CU_ASSERT_FALSE(format_source_valid(SLICE_NONE));
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"structured mode", test_structured},
        {"without data and metadata", test_without_data_and_metadata},
        {"binary headers are percent-encoded",
         test_binary_headers_are_percent_encoded},
        {"extensions", test_extensions},
        {"many and long extensions", test_many_and_long_extensions},
        {"source", test_source},
        {"valid sources", test_valid_sources},
        CU_TEST_INFO_NULL,
    };

    return unit_run("format_cloudevents", tests);
}
