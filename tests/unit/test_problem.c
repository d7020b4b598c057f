/*
 * test_problem.c - unit tests for core/form/problem.c
 */
#include "problem.h"

#include "golden.h"
#include "unit.h"

#define MAX 65536

static void
expect(const struct problems *problems, const char *want)
{
    struct buf out = BUF_INIT(MAX);
    bool same;

    problem_print(problems, &out);
    same = slice_is(buf_slice(&out), want);
    if (!same)
        fprintf(stderr, "\ngot  %s\nwant %s\n", out.data, want);
    CU_ASSERT(same);
    buf_free(&out);
}

#define DETAIL(text) "{\"detail\":[" text "]}"

static void
test_wording(void)
{
    struct problems problems = {.count = 0};

    expect(&problems, DETAIL(""));
    problem_missing(&problems, "record_id", NULL);
    expect(&problems,
           DETAIL("{\"loc\":[\"body\",\"record_id\"],\"msg\":\"field "
                  "required\",\"type\":\"value_error.missing\"}"));
    problems.count = 0;
    problem_null(&problems, "record", "id");
    expect(&problems,
           DETAIL("{\"loc\":[\"body\",\"record\",\"id\"],\"msg\":\"none is not "
                  "an allowed value\",\"type\":\"type_error.none.not_"
                  "allowed\"}"));
    problems.count = 0;
    problem_type(&problems, "a", NULL, "str");
    problem_type(&problems, "b", NULL, "bool");
    expect(&problems,
           DETAIL("{\"loc\":[\"body\",\"a\"],\"msg\":\"str type expected\","
                  "\"type\":\"type_error.str\"},"
                  "{\"loc\":[\"body\",\"b\"],\"msg\":\"bool type expected\","
                  "\"type\":\"type_error.bool\"}"));
    problems.count = 0;
    problem_enum(&problems, "event_type", NULL, "'insert', 'update'");
    expect(&problems,
           DETAIL("{\"loc\":[\"body\",\"event_type\"],\"msg\":\"value is not a "
                  "valid enumeration member; permitted: 'insert', 'update'\","
                  "\"type\":\"type_error.enum\"}"));
    problems.count = 0;
    problem_extra(&problems, "colour");
    expect(&problems,
           DETAIL("{\"loc\":[\"body\",\"colour\"],\"msg\":\"extra fields not "
                  "permitted\",\"type\":\"value_error.extra\"}"));
    problems.count = 0;
    problem_length(&problems, "a", NULL, 0, 8);
    problem_length(&problems, "a", NULL, 9, 8);
    expect(&problems,
           DETAIL("{\"loc\":[\"body\",\"a\"],\"msg\":\"ensure this value has "
                  "at least 1 characters\",\"type\":\"value_error.any_str."
                  "min_length\"},"
                  "{\"loc\":[\"body\",\"a\"],\"msg\":\"ensure this value has "
                  "at most 8 characters\",\"type\":\"value_error.any_str."
                  "max_length\"}"));
}

static void
test_body_as_a_whole(void)
{
    struct problems problems = {.count = 0};
    struct buf out = BUF_INIT(MAX);
    const struct json_error error = {23, 2, 13, "Expecting value"};

    problem_not_object(&problems);
    problem_print(&problems, &out);
    golden_compare("problems_not_object.json", buf_slice(&out));
    buf_clear(&out);
    problems.count = 0;
    problem_json(&problems, &error);
    problem_print(&problems, &out);
    golden_compare("problems_json.json", buf_slice(&out));
    buf_free(&out);
}

static void
test_items_of_arrays(void)
{
    struct problems problems = {.count = 0};
    const struct json_error error = {3, 1, 4, "Expecting value"};

    problem_missing(&problems, "event", NULL);
    problem_missing(&problems, "data", "x");
    problem_not_object(&problems);
    problem_put_index(&problems, 1, 3);
    expect(&problems,
           DETAIL("{\"loc\":[\"body\",\"event\"],\"msg\":\"field required\","
                  "\"type\":\"value_error.missing\"},"
                  "{\"loc\":[\"body\",3,\"data\",\"x\"],\"msg\":\"field "
                  "required\",\"type\":\"value_error.missing\"},"
                  "{\"loc\":[\"body\",3],\"msg\":\"value is not a valid dict\","
                  "\"type\":\"type_error.dict\"}"));

    problems.count = 0;
    problem_json(&problems, &error);
    problem_put_index(&problems, 0, 12);
    expect(&problems,
           DETAIL("{\"loc\":[\"body\",12,3],\"msg\":\"Expecting value: line 1 "
                  "column 4 (char 3)\",\"type\":\"value_error.jsondecode\"}"));
}

/* Names come from outside: they are cut and escaped, never more. */
static void
test_hostile_names(void)
{
    struct problems problems = {.count = 0};
    struct buf out = BUF_INIT(MAX);
    struct json_value value;
    char name[1000];

    memset(name, 'x', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    problem_extra(&problems, name);
    CU_ASSERT_EQUAL(strlen(problems.list[0].loc[0]),
                    sizeof(problems.list[0].loc[0]) - 1);
    problem_extra(&problems, "a\"],\n%s%n");
    problem_add(&problems, "b", NULL, "t", "%s", name);
    CU_ASSERT_EQUAL(strlen(problems.list[2].msg),
                    sizeof(problems.list[2].msg) - 1);

    /* 126 letters and a character of two bytes, of which one fits. */
    name[126] = '\xc3';
    name[127] = '\xa4';
    name[128] = '\0';
    problem_extra(&problems, name);
    problem_print(&problems, &out);
    CU_ASSERT_TRUE(json_read(buf_slice(&out), &value, NULL));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "\"a\\\"],\\n%s%n\""));
    buf_free(&out);
}

static void
test_no_more_than_the_list_holds(void)
{
    const struct json_error error = {0, 1, 1, "Expecting value"};
    struct problems problems = {.count = 0};
    unsigned i;

    for (i = 0; i < PROBLEM_MAX + 5; i++)
        problem_missing(&problems, "a", NULL);
    problem_json(&problems, &error);
    CU_ASSERT_EQUAL(problems.count, PROBLEM_MAX);
    CU_ASSERT_FALSE(problems.list[PROBLEM_MAX - 1].loc_is_index[0]);
}

/* An item of a list in an object in a list has four parts. */
static void
test_deep_places(void)
{
    struct problems problems = {.count = 0};

    problem_missing(&problems, "secrets", "1");
    problems.list[0].loc_is_index[1] = true;
    problem_put_index(&problems, 0, 7);
    problem_put_name(&problems, 0, "verifiers");
    expect(&problems, DETAIL("{\"loc\":[\"body\",\"verifiers\",7,"
                             "\"secrets\",1],\"msg\":\"field required\","
                             "\"type\":\"value_error.missing\"}"));
    problem_put_name(&problems, 0, "outer");
    expect(&problems, DETAIL("{\"loc\":[\"body\",\"outer\",\"verifiers\",7,"
                             "\"secrets\"],\"msg\":\"field required\","
                             "\"type\":\"value_error.missing\"}"));
}

static void
test_joined_lists(void)
{
    struct problems first = {.count = 0}, others = {.count = 0};
    unsigned i;

    problem_missing(&first, "a", NULL);
    problem_extra(&others, "b");
    problem_join(&first, &others);
    expect(&first,
           DETAIL("{\"loc\":[\"body\",\"a\"],\"msg\":\"field required\","
                  "\"type\":\"value_error.missing\"},"
                  "{\"loc\":[\"body\",\"b\"],\"msg\":\"extra fields not "
                  "permitted\",\"type\":\"value_error.extra\"}"));
    for (i = 0; i < PROBLEM_MAX; i++)
        problem_join(&first, &others);
    CU_ASSERT_EQUAL(first.count, PROBLEM_MAX);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"wording", test_wording},
        {"the body as a whole", test_body_as_a_whole},
        {"items of arrays", test_items_of_arrays},
        {"hostile names", test_hostile_names},
        {"no more than the list holds", test_no_more_than_the_list_holds},
        {"deep places", test_deep_places},
        {"joined lists", test_joined_lists},
        CU_TEST_INFO_NULL,
    };

    return unit_run("problem", tests);
}
