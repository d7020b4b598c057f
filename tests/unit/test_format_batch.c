/*
 * test_format_batch.c - unit tests for core/outgoing/format_batch.c
 */
#include "format.h"
#include "unit.h"

#include <string.h>

#define MAX 65536
#define FORMATS 8

static const struct format_event events[] = {
    {.id = UINT64_C(132498064341487623),
     .type = {"order.created", 13},
     .data = {"{\"n\":1.50}", 10}},
    {.id = UINT64_C(132498064341487624),
     .type = {"order.paid", 10},
     .metadata = {"{\"who\":\"me\"}", 12}},
};

static struct buf
write(enum payload_format format, const struct format_event *what, size_t count,
      const char **content_type)
{
    struct buf body = BUF_INIT(MAX);
    struct format_out out;

    format_out_init(&out, &body);
    format_write_batch(format, NULL, what, count, &out);
    *content_type = out.content_type;
    CU_ASSERT_TRUE(buf_ok(&body));
    CU_ASSERT_EQUAL(out.header_count, 0);
    format_out_free(&out);
    return body;
}

/* What the events would be alone, in brackets and with commas. */
static struct buf
joined(enum payload_format format, size_t count)
{
    struct buf body = BUF_INIT(MAX);
    size_t i;

    for (i = 0; i < count; i++) {
        struct format_out out;

        buf_add_char(&body, i == 0 ? '[' : ',');
        format_out_init(&out, &body);
        format_write(format, NULL, &events[i], &out);
        format_out_free(&out);
    }
    buf_add_char(&body, ']');
    return body;
}

static void
test_an_array_of_what_each_would_be(void)
{
    static const struct {
        enum payload_format format;
        const char *content_type;
    } rows[] = {
        {FORMAT_ENVELOPE, "application/json"},
        {FORMAT_CLOUDEVENTS, "application/cloudevents-batch+json"},
    };
    size_t i, count;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (count = 1; count <= 2; count++) {
            const char *type;
            struct buf got = write(rows[i].format, events, count, &type);
            struct buf want = joined(rows[i].format, count);

            CU_ASSERT_TRUE(slice_equal(buf_slice(&got), buf_slice(&want)));
            CU_ASSERT_STRING_EQUAL(type, rows[i].content_type);
            CU_ASSERT(got.len <=
                      format_batch_max(rows[i].format, events, count));
            buf_free(&got);
            buf_free(&want);
        }
    }
}

static void
test_the_bytes_of_two_envelopes(void)
{
    const char *type;
    struct buf got = write(FORMAT_ENVELOPE, events, 2, &type);

    CU_ASSERT_STRING_EQUAL(
        got.data, "[{\"id\":\"evt_03nnt96d80m07\",\"event\":\"order.created\","
                  "\"event_type\":\"order.created\","
                  "\"timestamp\":\"2026-01-01T15:00:00.234Z\","
                  "\"data\":{\"n\":1.50},\"metadata\":{}},"
                  "{\"id\":\"evt_03nnt96d80m08\",\"event\":\"order.paid\","
                  "\"event_type\":\"order.paid\","
                  "\"timestamp\":\"2026-01-01T15:00:00.234Z\","
                  "\"data\":null,\"metadata\":{\"who\":\"me\"}}]");
    buf_free(&got);
}

/* Those whose parts name the event. */
static void
test_which_formats_have_batches(void)
{
    int i;

    for (i = 0; i < FORMATS; i++) {
        enum payload_format format = (enum payload_format)i;

        CU_ASSERT_EQUAL(format_has_batch(format),
                        format == FORMAT_ENVELOPE ||
                            format == FORMAT_CLOUDEVENTS);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"an array of what each would be", test_an_array_of_what_each_would_be},
        {"the bytes of two envelopes", test_the_bytes_of_two_envelopes},
        {"which formats have batches", test_which_formats_have_batches},
        CU_TEST_INFO_NULL,
    };

    return unit_run("format_batch", tests);
}
