/*
 * test_trigger_form.c - unit tests for core/form/trigger_form.c
 */
#include "unit.h"

#include "trigger_form.h"

#include <string.h>

static const struct trigger_rules rules = {.item_max = 200, .now_us = 1000000};

static void
test_one_event(void)
{
    static const char body[] =
        "{\"event\": \"order.created\", \"data\": {\"n\": 12345678901234567890,"
        " \"d\": 1.10}, \"metadata\": { \"a\" : 1 }, \"id\": \"k\\u00e4\","
        " \"channels\": [\"x\", \"y\"],"
        " \"deliver_at\": \"1970-01-01T00:00:05Z\"}";
    struct trigger_form form;
    struct problems problems;
    struct new_event event;

    problems.count = 0;
    CU_ASSERT_EQUAL_FATAL(
        trigger_form_read(&form, slice_of(body), &rules, &problems),
        TRIGGER_OK);
    CU_ASSERT_FALSE(form.array);
    CU_ASSERT_EQUAL_FATAL(form.count, 1);
    trigger_make_event(&form.items[0], 7, &event);
    CU_ASSERT_EQUAL(event.application_id, 7);
    CU_ASSERT_TRUE(slice_is(event.type, "order.created"));
    CU_ASSERT_TRUE(
        slice_is(event.payload, "{\"n\":12345678901234567890,\"d\":1.10}"));
    CU_ASSERT_TRUE(slice_is(event.metadata, "{\"a\":1}"));
    CU_ASSERT_TRUE(slice_is(event.external_id, "k\xc3\xa4"));
    CU_ASSERT_TRUE(event.has_dedupe);
    CU_ASSERT_EQUAL(event.channel_count, 2);
    CU_ASSERT_TRUE(slice_is(event.channels[1], "y"));
    CU_ASSERT_TRUE(slice_is(event.channels_json, "[\"x\",\"y\"]"));
    CU_ASSERT_EQUAL(event.deliver_at_us, 5000000);
    CU_ASSERT_EQUAL(event.route, ROUTE_MATCH);
    trigger_form_free(&form);
}

static void
test_an_array_without_the_optional(void)
{
    struct trigger_form form;
    struct problems problems;
    struct new_event event;

    problems.count = 0;
    CU_ASSERT_EQUAL_FATAL(
        trigger_form_read(&form,
                          SLICE("[{\"event_type\":\"a\",\"data\":{}},"
                                "{\"event\":\"b\",\"data\":{},\"id\":null,"
                                "\"metadata\":null,\"channels\":[]}]"),
                          &rules, &problems),
        TRIGGER_OK);
    CU_ASSERT_TRUE(form.array);
    CU_ASSERT_EQUAL_FATAL(form.count, 2);
    trigger_make_event(&form.items[1], 1, &event);
    CU_ASSERT_PTR_NULL(event.metadata.ptr);
    CU_ASSERT_PTR_NULL(event.external_id.ptr);
    CU_ASSERT_PTR_NULL(event.channels_json.ptr);
    CU_ASSERT_FALSE(event.has_dedupe);
    CU_ASSERT_EQUAL(event.channel_count, 0);
    CU_ASSERT_EQUAL(event.deliver_at_us, 0);
    trigger_form_free(&form);
}

static void
test_refusals(void)
{
    static const struct {
        const char *claim, *body, *want;
    } rows[] = {
        {"a pattern is no type", "{\"event\":\"a.*\",\"data\":{}}",
         "{\"detail\":[{\"loc\":[\"body\",\"event\"],\"msg\":\"invalid event "
         "type\",\"type\":\"value_error.event_type\"}]}"},
        {"data is an object", "{\"event\":\"a\",\"data\":[1]}",
         "{\"detail\":[{\"loc\":[\"body\",\"data\"],\"msg\":\"dict type "
         "expected\",\"type\":\"type_error.dict\"}]}"},
        {"nothing of the future",
         "{\"event\":\"a\",\"data\":{},"
         "\"partition_key\":\"x\"}",
         "{\"detail\":[{\"loc\":[\"body\",\"partition_key\"],\"msg\":\"extra "
         "fields not permitted\",\"type\":\"value_error.extra\"}]}"},
        {"not in two years",
         "{\"event\":\"a\",\"data\":{},"
         "\"deliver_at\":\"1972-01-01T00:00:00Z\"}",
         "{\"detail\":[{\"loc\":[\"body\",\"deliver_at\"],\"msg\":\"ensure "
         "this time is at most 366 days from now\","
         "\"type\":\"value_error.datetime\"}]}"},
        {"an ordering key without a letter",
         "{\"event\":\"a\",\"data\":{},\"ordering_key\":\"\"}",
         "{\"detail\":[{\"loc\":[\"body\",\"ordering_key\"],\"msg\":\"ensure "
         "this value has at least 1 characters\","
         "\"type\":\"value_error.any_str.min_length\"}]}"},
        {"an ordering key that is a number",
         "{\"event\":\"a\",\"data\":{},\"ordering_key\":7}",
         "{\"detail\":[{\"loc\":[\"body\",\"ordering_key\"],\"msg\":\"str type "
         "expected\",\"type\":\"type_error.str\"}]}"},
        {"no events", "[]",
         "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"ensure this value has at "
         "least 1 items\",\"type\":\"value_error.list.min_items\"}]}"},
        {"which one of the array",
         "[{\"event\":\"a\",\"data\":{}},{\"event\":\"\",\"data\":{}}]",
         "{\"detail\":[{\"loc\":[\"body\",1,\"event\"],\"msg\":\"ensure this "
         "value has at least 1 characters\","
         "\"type\":\"value_error.any_str.min_length\"}]}"},
        {"neither object nor array", "7",
         "{\"detail\":[{\"loc\":[\"body\"],\"msg\":\"value is not a valid "
         "dict\",\"type\":\"type_error.dict\"}]}"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf printed = BUF_INIT(4096);
        struct trigger_form form;
        struct problems problems;

        problems.count = 0;
        CU_ASSERT_EQUAL(
            trigger_form_read(&form, slice_of(rows[i].body), &rules, &problems),
            TRIGGER_INVALID);
        problem_print(&problems, &printed);
        if (strcmp(printed.data, rows[i].want) != 0)
            fprintf(stderr, "\n%s:\n got  %s\n want %s\n", rows[i].claim,
                    printed.data, rows[i].want);
        CU_ASSERT_STRING_EQUAL(printed.data, rows[i].want);
        trigger_form_free(&form);
        buf_free(&printed);
    }
}

static void
test_sizes(void)
{
    struct buf body = BUF_INIT(65536);
    struct trigger_form form;
    struct problems problems;
    size_t i;

    problems.count = 0;
    buf_add_text(&body, "[{\"event\":\"a\",\"data\":{\"x\":\"");
    for (i = 0; i < 200; i++)
        buf_add_char(&body, 'x');
    buf_add_text(&body, "\"}}]");
    CU_ASSERT_EQUAL(
        trigger_form_read(&form, buf_slice(&body), &rules, &problems),
        TRIGGER_TOO_LARGE);
    trigger_form_free(&form);

    buf_clear(&body);
    buf_add_char(&body, '[');
    for (i = 0; i <= TRIGGER_MAX; i++)
        buf_add_text(&body, i == 0 ? "{\"event\":\"a\",\"data\":{}}"
                                   : ",{\"event\":\"a\",\"data\":{}}");
    buf_add_char(&body, ']');
    CU_ASSERT_EQUAL(
        trigger_form_read(&form, buf_slice(&body), &rules, &problems),
        TRIGGER_INVALID);
    CU_ASSERT_STRING_EQUAL(problems.list[0].msg,
                           "ensure this value has at most 1000 items");
    trigger_form_free(&form);
    buf_free(&body);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"one event", test_one_event},
        {"an array without the optional", test_an_array_without_the_optional},
        {"refusals", test_refusals},
        {"sizes", test_sizes},
        CU_TEST_INFO_NULL,
    };

    return unit_run("trigger_form", tests);
}
