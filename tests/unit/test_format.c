/*
 * test_format.c - unit tests for core/outgoing/format.c
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
    enum payload_format format, got;

    for (format = FORMAT_ENVELOPE; format <= FORMAT_STANDARD; format++) {
        CU_ASSERT_TRUE(format_from_name(slice_of(format_name(format)), &got));
        CU_ASSERT_EQUAL(got, format);
    }
    CU_ASSERT_STRING_EQUAL(format_name(FORMAT_ENVELOPE), "envelope");
    CU_ASSERT_STRING_EQUAL(format_name(FORMAT_PAYLOAD), "payload");
    CU_ASSERT_STRING_EQUAL(format_name(FORMAT_STANDARD), "standard");
    got = FORMAT_PAYLOAD;
    CU_ASSERT_FALSE(format_from_name(SLICE("Envelope"), &got));
    CU_ASSERT_FALSE(format_from_name(SLICE("slack"), &got));
    CU_ASSERT_FALSE(format_from_name(SLICE(""), &got));
    CU_ASSERT_FALSE(format_from_name(SLICE_NONE, &got));
    CU_ASSERT_EQUAL(got, FORMAT_PAYLOAD);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"golden bodies", test_golden_bodies},
        {"absent data is null", test_absent_data_is_null},
        {"types are escaped", test_types_are_escaped},
        {"names", test_names},
        CU_TEST_INFO_NULL,
    };

    return unit_run("format", tests);
}
