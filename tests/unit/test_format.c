/*
 * test_format.c - unit tests for core/outgoing/format.c
 */
#include "format.h"

#include "golden.h"
#include "json.h"
#include "template.h"
#include "unit.h"

#define MAX 65536

/* Made at 2026-01-01T15:00:00.234Z. */
#define ID UINT64_C(132498064341487623)
#define DATA                                                                   \
    "{\"id\":9007199254740993,\"price\":12.50,\"name\":\"Zo\xc3\xab "          \
    "\\\"q\\\" \\u00e9\"}"

static const struct format_event event = {
    .id = ID,
    .type = {"order.created", 13},
    .data = {DATA, sizeof(DATA) - 1},
    .metadata = {"{\"source\":\"supabase\",\"trace\":\"t-1\"}", 35},
};

static void
body_is(enum payload_format format, const struct format_event *what,
        const char *golden)
{
    struct buf out = BUF_INIT(MAX);

    format_body(format, what, &out);
    golden_compare(golden, buf_slice(&out));
    buf_clear(&out);
    format_body(format, what, &out);
    golden_compare(golden, buf_slice(&out));
    buf_free(&out);
}

static void
test_golden_bodies(void)
{
    struct format_event empty = event;

    empty.data = SLICE_NONE;
    empty.metadata = SLICE_NONE;
    body_is(FORMAT_ENVELOPE, &event, "body_envelope.json");
    body_is(FORMAT_ENVELOPE, &empty, "body_envelope_empty.json");
    body_is(FORMAT_PAYLOAD, &event, "body_payload.json");
    body_is(FORMAT_STANDARD, &event, "body_standard.json");
}

/* Texts keep their escapes; what is no push keeps its data. */
static void
test_a_push_to_github(void)
{
    static const char push[] =
        "{\"ref\":\"refs\\/heads\\/main\",\"repository\":{\"id\":1,"
        "\"full_name\":\"user/repo\"},\"pusher\":{\"name\":\"developer\"},"
        "\"commits\":[{\"id\":\"7fd1a60b01f91b31\",\"message\":\"Caf\\u00e9\","
        "\"author\":{\"name\":\"Zo\xc3\xab\"},\"added\":[]},null],"
        "\"after\":\"7fd1a60b01f91b31\"}";
    static const char *const others[] = {
        "{}",
        "null",
        "[1]",
        "\"ref\"",
        "{\"ref\":\"x\"}",
        "{\"ref\":1,\"repository\":{},\"commits\":[]}",
        "{\"ref\":\"x\",\"repository\":{},\"commits\":{}}"};
    struct buf plain = BUF_INIT(MAX), same = BUF_INIT(MAX);
    struct format_event what = {.id = ID, .type = {"github.push", 11}};
    size_t i;

    what.data = slice_of(push);
    body_is(FORMAT_GITHUB, &what, "body_github.json");
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        what.data = slice_of(others[i]);
        buf_clear(&plain);
        buf_clear(&same);
        format_body(FORMAT_ENVELOPE, &what, &plain);
        format_body(FORMAT_GITHUB, &what, &same);
        CU_ASSERT_TRUE(slice_equal(buf_slice(&plain), buf_slice(&same)));
    }
    buf_free(&plain);
    buf_free(&same);
}

static void
test_absent_data_is_null(void)
{
    const struct format_event bare = {.id = ID, .type = {"ping", 4}};
    struct buf out = BUF_INIT(MAX);

    format_body(FORMAT_PAYLOAD, &bare, &out);
    CU_ASSERT(slice_is(buf_slice(&out), "null"));
    buf_clear(&out);
    format_body(FORMAT_STANDARD, &bare, &out);
    CU_ASSERT(slice_is(buf_slice(&out),
                       "{\"type\":\"ping\",\"timestamp\":"
                       "\"2026-01-01T15:00:00.234Z\",\"data\":null}"));
    buf_free(&out);
}

/* A type may hold quotes; the body stays JSON. */
static void
test_types_are_escaped(void)
{
    const struct format_event odd = {.id = ID, .type = {"a\"b\\c", 5}};
    enum payload_format format;
    struct json_value value;
    struct buf out = BUF_INIT(MAX);

    for (format = FORMAT_ENVELOPE; format <= FORMAT_STANDARD; format++) {
        buf_clear(&out);
        format_body(format, &odd, &out);
        CU_ASSERT_TRUE(json_read(buf_slice(&out), &value, NULL));
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "\"type\":\"a\\\"b\\\\c\""));
    buf_free(&out);
}

static void
test_names(void)
{
    static const char *const names[] = {
        "envelope", "payload", "standard", "cloudevents", "cloudevents-binary",
        "slack",    "discord", "template", "github",
    };
    enum payload_format format, got;

    for (format = FORMAT_ENVELOPE; format <= FORMAT_GITHUB; format++) {
        CU_ASSERT_STRING_EQUAL(format_name(format), names[format]);
        CU_ASSERT_TRUE(format_from_name(slice_of(format_name(format)), &got));
        CU_ASSERT_EQUAL(got, format);
    }
    got = FORMAT_PAYLOAD;
    CU_ASSERT_FALSE(format_from_name(SLICE("Envelope"), &got));
    CU_ASSERT_FALSE(format_from_name(SLICE("slac"), &got));
    CU_ASSERT_FALSE(format_from_name(SLICE("slack "), &got));
    CU_ASSERT_FALSE(format_from_name(SLICE(""), &got));
    CU_ASSERT_FALSE(format_from_name(SLICE_NONE, &got));
    CU_ASSERT_EQUAL(got, FORMAT_PAYLOAD);
}

static void
test_content_types(void)
{
    enum payload_format format;

    for (format = FORMAT_ENVELOPE; format <= FORMAT_TEMPLATE; format++)
        CU_ASSERT_STRING_EQUAL(format_content_type(format),
                               format == FORMAT_CLOUDEVENTS
                                   ? "application/cloudevents+json"
                                   : "application/json");
}

/* The wider way in gives the bytes of the narrow one, and no headers. */
static void
test_written_is_the_body(void)
{
    struct buf narrow = BUF_INIT(MAX), wide = BUF_INIT(MAX);
    enum payload_format format;
    struct format_out out;

    for (format = FORMAT_ENVELOPE; format <= FORMAT_DISCORD; format++) {
        if (format == FORMAT_CLOUDEVENTS || format == FORMAT_CLOUDEVENTS_BINARY)
            continue;
        buf_clear(&narrow);
        buf_clear(&wide);
        format_body(format, &event, &narrow);
        format_out_init(&out, &wide);
        format_write(format, NULL, &event, &out);
        CU_ASSERT_TRUE(slice_equal(buf_slice(&narrow), buf_slice(&wide)));
        CU_ASSERT_EQUAL(out.header_count, 0);
        CU_ASSERT_PTR_NULL(out.header_text.data);
        CU_ASSERT_STRING_EQUAL(out.content_type, "application/json");
        format_out_free(&out);
    }
    buf_free(&narrow);
    buf_free(&wide);
}

static void
test_a_template_is_asked_for_its_type(void)
{
    struct buf body = BUF_INIT(MAX), why = BUF_INIT(TEMPLATE_WHY_MAX);
    struct template *text =
        template_compile(SLICE("{{type}} {{data.name}}"), TEMPLATE_TEXT, &why);
    struct format_options options = {.template = text};
    struct format_out out;

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    format_out_init(&out, &body);
    format_write(FORMAT_TEMPLATE, &options, &event, &out);
    CU_ASSERT_STRING_EQUAL(out.content_type, "text/plain; charset=utf-8");
    CU_ASSERT_STRING_EQUAL(body.data,
                           "order.created Zo\xc3\xab \"q\" \xc3\xa9");
    format_out_free(&out);
    template_free(text);
    buf_free(&body);
    buf_free(&why);
}

/* The bound is what callers give the buffer: it must be enough. */
static void
test_bodies_stay_within_their_bound(void)
{
    struct format_event bare = {.id = ID, .type = {"ping", 4}};
    enum payload_format format;

    for (format = FORMAT_ENVELOPE; format <= FORMAT_DISCORD; format++) {
        struct buf body = BUF_INIT(format_body_max(format, &bare));
        struct format_out out;

        format_out_init(&out, &body);
        format_write(format, NULL, &bare, &out);
        CU_ASSERT_TRUE(buf_ok(&body));
        format_out_free(&out);
        buf_free(&body);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a push to GitHub", test_a_push_to_github},
        {"golden bodies", test_golden_bodies},
        {"absent data is null", test_absent_data_is_null},
        {"types are escaped", test_types_are_escaped},
        {"names", test_names},
        {"content types", test_content_types},
        {"what is written is the body", test_written_is_the_body},
        {"a template is asked for its type",
         test_a_template_is_asked_for_its_type},
        {"bodies stay within their bound", test_bodies_stay_within_their_bound},
        CU_TEST_INFO_NULL,
    };

    return unit_run("format", tests);
}
