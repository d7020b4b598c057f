/*
 * test_svix_place.c - unit tests for the ids of attempts and the states in
 * core/store/svix/store_svix_attempt.c
 */
#include "store_svix_attempt.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

static void
test_written_and_read(void)
{
    static const struct {
        const char *claim;
        struct svix_place place;
        const char *text;
    } rows[] = {
        {"a first attempt", {1, 1}, "atmpt_0000000000001001"},
        {"behind all of them", {1, 0}, "atmpt_0000000000001000"},
        {"more than three digits", {32, 12345}, "atmpt_000000000001012345"},
        {"the largest id", {INT64_MAX, 65535}, "atmpt_7zzzzzzzzzzzz65535"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[SVIX_ATTEMPT_TEXT_MAX];
        struct svix_place place = {7, 7};

        svix_place_format(rows[i].place, text);
        if (strcmp(text, rows[i].text) != 0)
            fprintf(stderr, "\n%s: got %s, want %s\n", rows[i].claim, text,
                    rows[i].text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].text);
        CU_ASSERT(svix_place_parse(slice_of(rows[i].text), &place));
        CU_ASSERT_EQUAL(place.delivery_id, rows[i].place.delivery_id);
        CU_ASSERT_EQUAL(place.attempt, rows[i].place.attempt);
    }
}

static void
test_other_texts_are_refused(void)
{
    static const char *const texts[] = {
        "",
        "atmpt_",
        "atmpt_0000000000001",
        "atmpt_000000000000101",
        "atmpt_00000000000010x1",
        "atmpt_0000000000001-01",
        "atmpt_000000000000165536",
        "atmpt_zzzzzzzzzzzzz001",
        "msg_0000000000001001",
    };
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct svix_place place = {7, 7};

        if (svix_place_parse(slice_of(texts[i]), &place))
            fprintf(stderr, "\n'%s' was taken\n", texts[i]);
        CU_ASSERT_EQUAL(place.delivery_id, 7);
        CU_ASSERT_EQUAL(place.attempt, 7);
    }
}

static void
test_order(void)
{
    const struct svix_place newer = {9, 1}, last = {5, 3}, first = {5, 1},
                            end = {5, 0};

    CU_ASSERT(svix_place_is_behind(last, newer));
    CU_ASSERT(svix_place_is_behind(first, last));
    CU_ASSERT(svix_place_is_behind(end, first));
    CU_ASSERT_FALSE(svix_place_is_behind(newer, end));
    CU_ASSERT_FALSE(svix_place_is_behind(last, last));
}

static void
test_states(void)
{
    static const struct {
        enum delivery_status status;
        const char *want;
    } rows[] = {
        {DELIVERY_SUCCESS, "{\"status\":0,\"statusText\":\"success\"}"},
        {DELIVERY_PENDING, "{\"status\":1,\"statusText\":\"pending\"}"},
        {DELIVERY_RETRYING, "{\"status\":1,\"statusText\":\"pending\"}"},
        {DELIVERY_FAILED, "{\"status\":2,\"statusText\":\"fail\"}"},
        {DELIVERY_CANCELLED, "{\"status\":4,\"statusText\":\"canceled\"}"},
        {DELIVERY_SKIPPED, "{\"status\":4,\"statusText\":\"canceled\"}"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf json = BUF_INIT(256);

        buf_add_char(&json, '{');
        svix_status_print(svix_status_of(rows[i].status), &json);
        buf_add_char(&json, '}');
        CU_ASSERT_STRING_EQUAL(json.data, rows[i].want);
        buf_free(&json);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"an id is written and read", test_written_and_read},
        {"other texts are refused", test_other_texts_are_refused},
        {"the newest delivery comes first", test_order},
        {"states have Svix's names", test_states},
        CU_TEST_INFO_NULL,
    };

    return unit_run("svix_place", tests);
}
