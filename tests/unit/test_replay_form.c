/*
 * test_replay_form.c - unit tests for core/form/replay_form.c and
 * core/form/response_code.c
 */
#include "clock.h"
#include "replay_form.h"
#include "response_code.h"
#include "unit.h"

#include <string.h>

#define NOW INT64_C(1767225600000000) /* 2026-01-01T00:00:00Z */

static bool
read_form(struct replay_form *form, const char *body,
          enum replay_form_kind kind, bool admin, struct problems *problems)
{
    const struct replay_form_rules rules = {NOW, admin};

    problems->count = 0;
    return replay_form_read(form, slice_of(body), kind, &rules, problems);
}

static void
test_a_range(void)
{
    struct replay_form form;
    struct problems problems;

    CU_ASSERT_FATAL(read_form(&form, "{\"since\":\"2025-12-01T00:00:00Z\"}",
                              REPLAY_FORM_RANGE, false, &problems));
    CU_ASSERT_EQUAL(form.since_us, NOW - 31 * CLOCK_US_PER_DAY);
    CU_ASSERT_EQUAL(form.until_us, NOW);
    CU_ASSERT_FALSE(form.confirm);
    CU_ASSERT_FALSE(form.has_rate);
    replay_form_free(&form);

    CU_ASSERT_FATAL(read_form(&form,
                              "{\"since\":\"2025-12-01T00:00:00Z\","
                              "\"until\":\"2027-01-01T00:00:00Z\",\"rate\":7,"
                              "\"confirm\":true}",
                              REPLAY_FORM_RANGE, false, &problems));
    CU_ASSERT_EQUAL(form.until_us, NOW); /* what is to come has not failed */
    CU_ASSERT(form.confirm);
    CU_ASSERT_EQUAL(form.rate, 7);
    replay_form_free(&form);
}

static void
test_filters(void)
{
    struct replay_form form;
    struct problems problems;

    CU_ASSERT_FATAL(read_form(&form, "", REPLAY_FORM_RETRY, false, &problems));
    CU_ASSERT_STRING_EQUAL(form.status, "failed");
    CU_ASSERT_EQUAL(form.since_us, 0);
    CU_ASSERT_EQUAL(form.subscription_id, 0);
    replay_form_free(&form);

    CU_ASSERT_FATAL(
        read_form(&form,
                  "{\"subscription_id\":5,\"status\":\"success\","
                  "\"event_type\":\"a.b\",\"response_code\":\"4xx\","
                  "\"error_class\":\"http\",\"application\":\"shop\"}",
                  REPLAY_FORM_RETRY, true, &problems));
    CU_ASSERT_EQUAL(form.subscription_id, 5);
    CU_ASSERT_STRING_EQUAL(form.status, "success");
    CU_ASSERT(slice_is(form.event_type, "a.b"));
    CU_ASSERT(slice_is(form.response_code, "4xx"));
    CU_ASSERT(slice_is(form.error_class, "http"));
    CU_ASSERT(slice_is(form.application, "shop"));
    replay_form_free(&form);
}

static void
test_svix(void)
{
    struct replay_form form;
    struct problems problems;

    CU_ASSERT_FATAL(read_form(&form,
                              "{\"since\":\"2025-12-01T00:00:00Z\","
                              "\"eventTypes\":[\"a\",\"b\"],\"status\":2,"
                              "\"statusCodeClass\":500,\"channel\":null}",
                              REPLAY_FORM_BULK, false, &problems));
    CU_ASSERT(form.confirm); /* nobody is asked */
    CU_ASSERT_EQUAL(form.event_type_count, 2);
    CU_ASSERT_STRING_EQUAL(form.event_types[1].text, "b");
    CU_ASSERT_STRING_EQUAL(form.status, "failed");
    CU_ASSERT(slice_is(form.response_code, "5xx"));
    replay_form_free(&form);
}

static void
test_what_is_refused(void)
{
    static const struct {
        const char *claim;
        enum replay_form_kind kind;
        const char *body, *field, *type;
    } rows[] = {
        {"no since", REPLAY_FORM_RANGE, "{}", "since", "value_error.missing"},
        {"a since to come", REPLAY_FORM_RANGE,
         "{\"since\":\"2026-01-02T00:00:00Z\"}", "since", "value_error.since"},
        {"until before since", REPLAY_FORM_RANGE,
         "{\"since\":\"2025-12-01T00:00:00Z\","
         "\"until\":\"2025-11-30T00:00:00Z\"}",
         "until", "value_error.until"},
        {"a rate of zero", REPLAY_FORM_RANGE,
         "{\"since\":\"2025-12-01T00:00:00Z\",\"rate\":0}", "rate",
         "value_error.number.not_ge"},
        {"a rate beyond all", REPLAY_FORM_RANGE,
         "{\"since\":\"2025-12-01T00:00:00Z\",\"rate\":10001}", "rate",
         "value_error.number.not_le"},
        {"a filter where there is none", REPLAY_FORM_RANGE,
         "{\"since\":\"2025-12-01T00:00:00Z\",\"status\":\"failed\"}", "status",
         "value_error.extra"},
        {"a status that is not finished", REPLAY_FORM_RETRY,
         "{\"status\":\"retrying\"}", "status", "type_error.enum"},
        {"an application, by who has one", REPLAY_FORM_RETRY,
         "{\"application\":\"a\"}", "application", "value_error.extra"},
        {"both names with different values", REPLAY_FORM_RETRY,
         "{\"webhook_id\":1,\"subscription_id\":2}", "subscription_id",
         "value_error.alias"},
        {"a confirmation in Svix's API", REPLAY_FORM_SVIX,
         "{\"since\":\"2025-12-01T00:00:00Z\",\"confirm\":true}", "confirm",
         "value_error.extra"},
        {"a message under way", REPLAY_FORM_BULK,
         "{\"since\":\"2025-12-01T00:00:00Z\",\"status\":1}", "status",
         "type_error.enum"},
        {"a tag", REPLAY_FORM_BULK,
         "{\"since\":\"2025-12-01T00:00:00Z\",\"tag\":\"x\"}", "tag",
         "value_error.not_supported"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct replay_form form;
        struct problems problems;
        bool got =
            read_form(&form, rows[i].body, rows[i].kind, false, &problems);

        if (got || problems.count != 1)
            fprintf(stderr, "\n%s: %zu problems\n", rows[i].claim,
                    problems.count);
        CU_ASSERT_FALSE(got);
        CU_ASSERT_EQUAL_FATAL(problems.count, 1);
        CU_ASSERT_STRING_EQUAL(problems.list[0].loc[0], rows[i].field);
        CU_ASSERT_STRING_EQUAL(problems.list[0].type, rows[i].type);
        replay_form_free(&form);
    }
}

static void
test_codes(void)
{
    static const struct {
        const char *text;
        bool good;
        uint32_t min, max;
    } rows[] = {
        {"404", true, 404, 404}, {"4xx", true, 400, 499},
        {"5XX", true, 500, 599}, {"1xx", true, 100, 199},
        {"6xx", false, 0, 0},    {"99", false, 0, 0},
        {"1000", false, 0, 0},   {"", false, 0, 0},
        {"4x", false, 0, 0},     {"xx4", false, 0, 0},
        {"-404", false, 0, 0},   {"404 ", false, 0, 0},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint32_t min = 0, max = 0;
        bool got = response_code_read(slice_of(rows[i].text), &min, &max);

        if (got != rows[i].good)
            fprintf(stderr, "\n'%s': got %d\n", rows[i].text, got);
        CU_ASSERT_EQUAL(got, rows[i].good);
        CU_ASSERT_EQUAL(min, rows[i].min);
        CU_ASSERT_EQUAL(max, rows[i].max);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a range", test_a_range},
        {"filters", test_filters},
        {"Svix's names", test_svix},
        {"what is refused", test_what_is_refused},
        {"codes and their classes", test_codes},
        CU_TEST_INFO_NULL,
    };

    return unit_run("replay_form", tests);
}
