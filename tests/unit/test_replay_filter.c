/*
 * test_replay_filter.c - unit tests for core/store/replays/replay_filter.c
 */
#include "replay_filter.h"
#include "unit.h"

#include <string.h>

static struct replay_filter
filter_of(const char *json)
{
    struct replay_filter filter;

    replay_filter_read(slice_of(json), &filter);
    return filter;
}

static void
test_what_is_picked(void)
{
    static const struct {
        const char *claim, *json;
        enum delivery_status status;
        uint32_t code;
        const char *type, *class;
        bool picked;
    } rows[] = {
        {"the status", "{\"status\":\"failed\"}", DELIVERY_FAILED, 500, "a.b",
         "http", true},
        {"another status", "{\"status\":\"success\"}", DELIVERY_FAILED, 500,
         "a.b", "http", false},
        {"its code", "{\"response_code\":\"404\"}", DELIVERY_FAILED, 404, "a",
         "http", true},
        {"another code", "{\"response_code\":\"404\"}", DELIVERY_FAILED, 405,
         "a", "http", false},
        {"its class of codes", "{\"response_code\":\"5xx\"}", DELIVERY_FAILED,
         599, "a", "http", true},
        {"above the class", "{\"response_code\":\"4xx\"}", DELIVERY_FAILED, 500,
         "a", "http", false},
        {"no code, but one is wanted", "{\"response_code\":\"4xx\"}",
         DELIVERY_FAILED, 0, "a", "timeout", false},
        {"its type", "{\"event_type\":\"a.b\"}", DELIVERY_FAILED, 500, "a.b",
         NULL, true},
        {"a longer type", "{\"event_type\":\"a.b\"}", DELIVERY_FAILED, 500,
         "a.b.c", NULL, false},
        {"one of the types", "{\"event_type\":[\"x\",\"a.b\"]}",
         DELIVERY_FAILED, 500, "a.b", NULL, true},
        {"none of the types", "{\"event_type\":[\"x\",\"y\"]}", DELIVERY_FAILED,
         500, "a.b", NULL, false},
        {"its error class", "{\"error_class\":\"timeout\"}", DELIVERY_FAILED, 0,
         "a", "timeout", true},
        {"no error class, but one is wanted", "{\"error_class\":\"timeout\"}",
         DELIVERY_FAILED, 0, "a", NULL, false},
        {"one of several conditions fails",
         "{\"status\":\"failed\",\"event_type\":\"a\","
         "\"response_code\":\"500\"}",
         DELIVERY_FAILED, 501, "a", "http", false},
        {"nothing said: what has failed", "{}", DELIVERY_FAILED, 0, "a", NULL,
         true},
        {"nothing said, and it was cancelled", "{}", DELIVERY_CANCELLED, 0, "a",
         NULL, false},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct replay_filter filter = filter_of(rows[i].json);
        const struct replay_delivery delivery = {
            .id = 1,
            .status = rows[i].status,
            .code = rows[i].code,
            .type = slice_of(rows[i].type),
            .class = slice_of(rows[i].class),
        };
        bool got = replay_filter_matches(&filter, &delivery);

        if (got != rows[i].picked)
            fprintf(stderr, "\n%s: got %d\n", rows[i].claim, got);
        CU_ASSERT_EQUAL(got, rows[i].picked);
        replay_filter_free(&filter);
    }
}

static void
test_printed_and_read_again(void)
{
    static const char *const texts[] = {
        "{\"status\":\"failed\"}",
        "{\"status\":\"success\",\"event_type\":\"a\"}",
        "{\"status\":\"cancelled\",\"event_type\":[\"a\",\"b\\\"c\"],"
        "\"response_code\":\"404\",\"error_class\":\"timeout\"}",
        "{\"status\":\"failed\",\"response_code\":\"5xx\"}",
    };
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct replay_filter filter = filter_of(texts[i]);
        struct buf out = BUF_INIT(REPLAY_FILTER_MAX);

        replay_filter_print(&filter, &out);
        CU_ASSERT_STRING_EQUAL(out.data, texts[i]);
        buf_free(&out);
        replay_filter_free(&filter);
    }
}

/* A row that somebody has written by hand must not send more than failed ones. */
static void
test_what_makes_no_sense(void)
{
    static const char *const texts[] = {
        "",
        "null",
        "[]",
        "7",
        "{\"status\":5}",
        "{broken",
        "{\"event_type\":null}",
        "{\"status\":\"nonsense\",\"response_code\":\"odd\"}",
    };
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct replay_filter filter = filter_of(texts[i]);

        CU_ASSERT_EQUAL(filter.status, DELIVERY_FAILED);
        CU_ASSERT_EQUAL(filter.type_count, 0);
        CU_ASSERT_EQUAL(filter.code_min, 0);
        replay_filter_free(&filter);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"what is picked", test_what_is_picked},
        {"printed and read again", test_printed_and_read_again},
        {"what makes no sense picks failed ones", test_what_makes_no_sense},
        CU_TEST_INFO_NULL,
    };

    return unit_run("replay_filter", tests);
}
