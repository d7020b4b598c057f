/*
 * test_body.c - unit tests for core/form/body.c and core/form/body_value.c
 */
#include "unit.h"

#include "body.h"

#include <string.h>

enum {
    NAME,
    COUNT,
    LIVE,
    KIND,
    WHEN,
    EXTRA,
    LABELS,
    TAGS,
    WAITS,
    SECRET,
    FIELDS
};

static void
check_name(const struct body_value *value, void *context,
           struct problems *problems)
{
    if (strcmp(value->text, (const char *)context) == 0)
        problem_add(problems, value->name, NULL, "value_error.taken",
                    "name is taken");
}

static const char *const kinds[] = {"red", "green", NULL};

static const struct body_field table[FIELDS] = {
    [NAME] = {.name = "name",
              .alias = "title",
              .type = BODY_STR,
              .rules = BODY_REQUIRED,
              .min = 2,
              .max = 5,
              .check = check_name},
    [COUNT] = {.name = "count",
               .type = BODY_INT,
               .rules = BODY_NULLABLE,
               .min = -3,
               .max = 10},
    [LIVE] = {.name = "live", .type = BODY_BOOL},
    [KIND] = {.name = "kind", .type = BODY_WORD, .words = kinds},
    [WHEN] = {.name = "when", .type = BODY_TIME},
    [EXTRA] = {.name = "extra", .type = BODY_DICT},
    [LABELS] = {.name = "labels",
                .type = BODY_DICT_STR,
                .max = 2,
                .item_min = 1,
                .item_max = 3},
    [TAGS] = {.name = "tags",
              .type = BODY_LIST_STR,
              .min = 1,
              .max = 2,
              .item_min = 1,
              .item_max = 3},
    [WAITS] = {.name = "waits",
               .type = BODY_LIST_INT,
               .max = 3,
               .item_min = 1,
               .item_max = 60},
    [SECRET] = {.name = "secret",
                .type = BODY_STR,
                .rules = BODY_NULL_AT_NEW | BODY_ONLY_AT_NEW,
                .max = 9},
};

static char taken[] = "taken";

/* Reads, frees, and gives the 422 body as text ("" when all is well). */
static const char *
problems_of(const char *text, bool part)
{
    static char out[16384];
    const struct body_options options = {part, taken};
    struct body_value value[FIELDS];
    struct problems problems;
    struct buf printed = BUF_INIT(sizeof(out) - 1);
    bool good;

    problems.count = 0;
    good = body_read(slice_of(text), table, FIELDS, &options, value, &problems);
    CU_ASSERT_EQUAL(good, problems.count == 0);
    out[0] = '\0';
    if (!good) {
        problem_print(&problems, &printed);
        memcpy(out, printed.data, printed.len + 1);
    }
    buf_free(&printed);
    body_free(value, FIELDS);
    return out;
}

#define ONE(loc, msg, type)                                                    \
    "{\"detail\":[{\"loc\":[\"body\"" loc "],\"msg\":\"" msg                   \
    "\",\"type\":\"" type "\"}]}"

static void
test_each_problem_has_its_wording(void)
{
    static const struct {
        const char *claim, *text, *want;
    } rows[] = {
        {"a field is missing", "{}",
         ONE(",\"name\"", "field required", "value_error.missing")},
        {"an unknown field", "{\"name\":\"ab\",\"x\":1}",
         ONE(",\"x\"", "extra fields not permitted", "value_error.extra")},
        {"null where nothing stands for it", "{\"name\":null}",
         ONE(",\"name\"", "none is not an allowed value",
             "type_error.none.not_allowed")},
        {"a number for a text", "{\"name\":12}",
         ONE(",\"name\"", "str type expected", "type_error.str")},
        {"the alias is named when it was used", "{\"title\":12}",
         ONE(",\"title\"", "str type expected", "type_error.str")},
        {"too short", "{\"name\":\"a\"}",
         ONE(",\"name\"", "ensure this value has at least 2 characters",
             "value_error.any_str.min_length")},
        {"too long, counted in characters",
         "{\"name\":\"\xc3\xa4\xc3\xb6\xc3"
         "\xbc\xc3\x9f\xc3\xa9\xc3\xa8\"}",
         ONE(",\"name\"", "ensure this value has at most 5 characters",
             "value_error.any_str.max_length")},
        {"NUL hidden in an escape", "{\"name\":\"a\\u0000b\"}",
         ONE(",\"name\"", "null characters are not allowed",
             "value_error.any_str.nul")},
        {"the check of the table's owner", "{\"name\":\"taken\"}",
         ONE(",\"name\"", "name is taken", "value_error.taken")},
        {"two names, two values", "{\"name\":\"ab\",\"title\":\"cd\"}",
         ONE(",\"title\"", "value differs from that of name",
             "value_error.alias")},
        {"below the bound", "{\"name\":\"ab\",\"count\":-4}",
         ONE(",\"count\"", "ensure this value is greater than or equal to -3",
             "value_error.number.not_ge")},
        {"above the bound", "{\"name\":\"ab\",\"count\":11}",
         ONE(",\"count\"", "ensure this value is less than or equal to 10",
             "value_error.number.not_le")},
        {"beyond 64 bits", "{\"name\":\"ab\",\"count\":99999999999999999999}",
         ONE(",\"count\"", "ensure this value is less than or equal to 10",
             "value_error.number.not_le")},
        {"far below 64 bits",
         "{\"name\":\"ab\",\"count\":-99999999999999999999}",
         ONE(",\"count\"", "ensure this value is greater than or equal to -3",
             "value_error.number.not_ge")},
        {"a fraction is no int", "{\"name\":\"ab\",\"count\":3.0}",
         ONE(",\"count\"", "int type expected", "type_error.int")},
        {"a text is no int", "{\"name\":\"ab\",\"count\":\"3\"}",
         ONE(",\"count\"", "int type expected", "type_error.int")},
        {"1 is not true", "{\"name\":\"ab\",\"live\":1}",
         ONE(",\"live\"", "bool type expected", "type_error.bool")},
        {"not one of the words", "{\"name\":\"ab\",\"kind\":\"blue\"}",
         ONE(",\"kind\"",
             "value is not a valid enumeration member; permitted: 'red', "
             "'green'",
             "type_error.enum")},
        {"no such day", "{\"name\":\"ab\",\"when\":\"2026-02-30T00:00:00Z\"}",
         ONE(",\"when\"", "invalid datetime format", "value_error.datetime")},
        {"a list for an object", "{\"name\":\"ab\",\"extra\":[]}",
         ONE(",\"extra\"", "dict type expected", "type_error.dict")},
        {"an object for a list", "{\"name\":\"ab\",\"tags\":{}}",
         ONE(",\"tags\"", "list type expected", "type_error.list")},
        {"no items", "{\"name\":\"ab\",\"tags\":[]}",
         ONE(",\"tags\"", "ensure this value has at least 1 items",
             "value_error.list.min_items")},
        {"too many items", "{\"name\":\"ab\",\"tags\":[\"a\",\"b\",\"c\"]}",
         ONE(",\"tags\"", "ensure this value has at most 2 items",
             "value_error.list.max_items")},
        {"an item is named by its number",
         "{\"name\":\"ab\",\"tags\":[\"a\",7]}",
         ONE(",\"tags\",1", "str type expected", "type_error.str")},
        {"an item out of bounds", "{\"name\":\"ab\",\"waits\":[1,61]}",
         ONE(",\"waits\",1", "ensure this value is less than or equal to 60",
             "value_error.number.not_le")},
        {"a member is named by its name",
         "{\"name\":\"ab\",\"labels\":{\"k\":\"\"}}",
         ONE(",\"labels\",\"k\"", "ensure this value has at least 1 characters",
             "value_error.any_str.min_length")},
        {"too many members",
         "{\"name\":\"ab\",\"labels\":{\"a\":\"1\",\"b\":\"2\",\"c\":\"3\"}}",
         ONE(",\"labels\"", "ensure this value has at most 2 items",
             "value_error.dict.max_items")},
        {"not an object", "[1]",
         ONE("", "value is not a valid dict", "type_error.dict")},
        {"no JSON at all", "{\"name\":",
         ONE(",8", "Expecting value: line 1 column 9 (char 8)",
             "value_error.jsondecode")},
        {"nothing at all", "",
         ONE(",0", "Expecting value: line 1 column 1 (char 0)",
             "value_error.jsondecode")},
        {"a name with NUL is unknown", "{\"name\":\"ab\",\"count\\u0000\":1}",
         ONE(",\"count\"", "extra fields not permitted", "value_error.extra")},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *got = problems_of(rows[i].text, false);

        if (strcmp(got, rows[i].want) != 0)
            fprintf(stderr, "\n%s:\n got  %s\n want %s\n", rows[i].claim, got,
                    rows[i].want);
        CU_ASSERT_STRING_EQUAL(got, rows[i].want);
    }
}

static void
test_all_problems_at_once_in_field_order(void)
{
    CU_ASSERT_STRING_EQUAL(
        problems_of("{\"zz\":1,\"live\":\"no\",\"count\":99,\"aa\":2}", false),
        "{\"detail\":["
        "{\"loc\":[\"body\",\"name\"],\"msg\":\"field required\","
        "\"type\":\"value_error.missing\"},"
        "{\"loc\":[\"body\",\"count\"],\"msg\":\"ensure this value is less "
        "than or equal to 10\",\"type\":\"value_error.number.not_le\"},"
        "{\"loc\":[\"body\",\"live\"],\"msg\":\"bool type expected\","
        "\"type\":\"type_error.bool\"},"
        "{\"loc\":[\"body\",\"zz\"],\"msg\":\"extra fields not permitted\","
        "\"type\":\"value_error.extra\"},"
        "{\"loc\":[\"body\",\"aa\"],\"msg\":\"extra fields not permitted\","
        "\"type\":\"value_error.extra\"}]}");
}

static void
test_what_is_accepted(void)
{
    static const char *const rows[] = {
        "{\"name\":\"ab\"}",
        "{\"title\":\"ab\"}",
        "{\"name\":\"ab\",\"title\": \"ab\"}",
        "{\"name\":\"ab\",\"count\":null}",
        "{\"name\":\"ab\",\"count\":-3}",
        "{\"n\\u0061me\":\"ab\"}",
        "{\"name\":\"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa9\"}",
        "{\"name\":\"ab\",\"labels\":{},\"waits\":[],\"extra\":{\"x\":[1]}}",
        " {\"name\":\"ab\",\"secret\":null} ",
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *got = problems_of(rows[i], false);

        if (got[0] != '\0')
            fprintf(stderr, "\n%s: got %s\n", rows[i], got);
        CU_ASSERT_STRING_EQUAL(got, "");
    }
}

static void
test_part_of_an_object(void)
{
    CU_ASSERT_STRING_EQUAL(problems_of("{}", true), "");
    CU_ASSERT_STRING_EQUAL(problems_of("{\"count\":null}", true), "");
    CU_ASSERT_STRING_EQUAL(problems_of("{\"name\":null}", true),
                           ONE(",\"name\"", "none is not an allowed value",
                               "type_error.none.not_allowed"));
    CU_ASSERT_STRING_EQUAL(
        problems_of("{\"secret\":\"x\"}", true),
        ONE(",\"secret\"", "extra fields not permitted", "value_error.extra"));
}

static void
test_values(void)
{
    static const char text[] =
        "{\"title\":\"a\\u00e4\",\"count\":7,\"live\":true,\"kind\":\"green\","
        "\"when\":\"1970-01-01T00:00:01Z\",\"extra\": {\"n\":1.50},"
        "\"labels\":{\"k\\n\":\"v\"},\"tags\":[\"x\",\"y\"],\"waits\":[5,60]}";
    const struct body_options options = {false, taken};
    struct body_value value[FIELDS];
    struct problems problems;

    problems.count = 0;
    CU_ASSERT_TRUE_FATAL(
        body_read(slice_of(text), table, FIELDS, &options, value, &problems));
    CU_ASSERT_TRUE(value[NAME].given);
    CU_ASSERT_STRING_EQUAL(value[NAME].name, "title");
    CU_ASSERT_STRING_EQUAL(value[NAME].text, "a\xc3\xa4");
    CU_ASSERT_EQUAL(value[NAME].text_len, 3);
    CU_ASSERT_EQUAL(value[COUNT].number, 7);
    CU_ASSERT_EQUAL(value[LIVE].number, 1);
    CU_ASSERT_EQUAL(value[KIND].number, 1);
    CU_ASSERT_EQUAL(value[WHEN].number, 1000000);
    CU_ASSERT_TRUE(slice_is(value[EXTRA].raw, "{\"n\":1.50}"));
    CU_ASSERT_EQUAL_FATAL(value[LABELS].item_count, 1);
    CU_ASSERT_STRING_EQUAL(value[LABELS].items[0].name, "k\n");
    CU_ASSERT_STRING_EQUAL(value[LABELS].items[0].text, "v");
    CU_ASSERT_EQUAL_FATAL(value[TAGS].item_count, 2);
    CU_ASSERT_STRING_EQUAL(value[TAGS].items[1].text, "y");
    CU_ASSERT_EQUAL_FATAL(value[WAITS].item_count, 2);
    CU_ASSERT_EQUAL(value[WAITS].items[1].number, 60);
    CU_ASSERT_FALSE(value[SECRET].given);
    CU_ASSERT_FALSE(value[SECRET].null);
    body_free(value, FIELDS);
    CU_ASSERT_PTR_NULL(value[NAME].text);
}

static void
test_elements_of_an_array(void)
{
    static const char text[] =
        "[{\"name\":\"ab\"},{\"name\":\"ab\",\"name\":\"cd\"},7,{\"count\":1}]";
    static const char *const want =
        "{\"detail\":["
        "{\"loc\":[\"body\",1,\"name\"],\"msg\":\"field given twice\","
        "\"type\":\"value_error.duplicate\"},"
        "{\"loc\":[\"body\",2],\"msg\":\"value is not a valid dict\","
        "\"type\":\"type_error.dict\"},"
        "{\"loc\":[\"body\",3,\"name\"],\"msg\":\"field required\","
        "\"type\":\"value_error.missing\"}]}";
    const struct body_options options = {false, taken};
    struct buf printed = BUF_INIT(8192);
    struct body_value value[FIELDS];
    struct problems problems;
    struct json_value array;
    struct json_member item;
    size_t at = 0, index = 0;

    problems.count = 0;
    CU_ASSERT_TRUE_FATAL(json_read(slice_of(text), &array, NULL));
    while (json_next(array.text, &at, &item)) {
        bool good = body_read_element(item.value, index, table, FIELDS,
                                      &options, value, &problems);

        CU_ASSERT_EQUAL(good, index == 0);
        body_free(value, FIELDS);
        index++;
    }
    problem_print(&problems, &printed);
    CU_ASSERT_STRING_EQUAL(printed.data, want);
    buf_free(&printed);
}

/* The report is bounded; what is beyond it must not pass for good. */
static void
test_a_full_report_is_still_a_refusal(void)
{
    const struct body_options options = {false, taken};
    struct body_value value[FIELDS];
    struct problems problems;
    struct json_value object;
    size_t i;

    problems.count = 0;
    CU_ASSERT_TRUE_FATAL(json_read(SLICE("{}"), &object, NULL));
    for (i = 0; i < PROBLEM_MAX + 3; i++) {
        CU_ASSERT_FALSE(body_read_element(object, i, table, FIELDS, &options,
                                          value, &problems));
        body_free(value, FIELDS);
    }
    CU_ASSERT_EQUAL(problems.count, PROBLEM_MAX);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"each problem has its wording", test_each_problem_has_its_wording},
        {"all problems at once, in field order",
         test_all_problems_at_once_in_field_order},
        {"what is accepted", test_what_is_accepted},
        {"part of an object", test_part_of_an_object},
        {"values", test_values},
        {"elements of an array", test_elements_of_an_array},
        {"a full report is still a refusal",
         test_a_full_report_is_still_a_refusal},
        CU_TEST_INFO_NULL,
    };

    return unit_run("body", tests);
}
