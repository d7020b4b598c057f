/*
 * test_json_schema.c - schemas and values: what satisfies them, what does not,
 * and where.
 */
#include "json_schema.h"
#include "unit.h"

#include "alloc.h"

#include <string.h>

/* "data.order.id: field required (value_error.missing); ..." */
static void
print_problems(const struct problems *problems, struct buf *out)
{
    size_t i;

    for (i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->list[i];

        buf_add_text(out, i == 0 ? "" : "; ");
        problem_add_where(problem, out);
        buf_addf(out, ": %s (%s)", problem->msg, problem->type);
    }
}

static void
check(const char *schema_text, const char *value_text, const char *want)
{
    struct problems problems = {.count = 0};
    struct buf got = BUF_INIT(65536);
    struct json_schema *schema =
        json_schema_compile(slice_of(schema_text), "schema", &problems);
    struct json_value value;

    if (schema != NULL) {
        bool good;

        CU_ASSERT_TRUE_FATAL(json_read(slice_of(value_text), &value, NULL));
        good = json_schema_check(schema, value, "data", &problems);
        CU_ASSERT_EQUAL(good, problems.count == 0);
    }
    print_problems(&problems, &got);
    if (strcmp(buf_slice(&got).ptr, want) != 0)
        fprintf(stderr, "\n%s\n  for  %s\n  got  %s\n  want %s\n", schema_text,
                value_text, buf_slice(&got).ptr, want);
    CU_ASSERT_STRING_EQUAL(buf_slice(&got).ptr, want);
    json_schema_free(schema);
    buf_free(&got);
}

static void
problems_say_where_and_what(void)
{
    static const struct {
        const char *schema, *value, *want;
    } rows[] = {
        {"{\"type\":\"object\",\"properties\":{\"order\":{\"type\":\"object\","
         "\"required\":[\"id\"]}}}",
         "{\"order\":{}}",
         "data.order.id: field required (value_error.missing)"},
        {"{\"properties\":{\"a\":{\"type\":\"string\"},\"b\":{\"type\":"
         "\"integer\"}}}",
         "{\"a\":1,\"b\":\"x\"}",
         "data.a: str type expected (type_error.str); "
         "data.b: int type expected (type_error.int)"},
        {"{\"properties\":{\"list\":{\"items\":{\"type\":[\"null\","
         "\"boolean\"]}}}}",
         "{\"list\":[null,true,3]}",
         "data.list.2: bool or none type expected (type_error.bool_or_none)"},
        {"{\"additionalProperties\":false,\"properties\":{\"a\":{}}}",
         "{\"a\":1,\"b\":2}",
         "data.b: extra fields not permitted (value_error.extra)"},
        {"{\"properties\":{\"s\":{\"enum\":[\"on\",\"off\",1.0]}}}",
         "{\"s\":\"no\"}",
         "data.s: value is not a valid enumeration member; permitted: "
         "\"on\",\"off\",1.0 (type_error.enum)"},
        {"{\"properties\":{\"n\":{\"minimum\":5,\"multipleOf\":0.01}}}",
         "{\"n\":1.005}",
         "data.n: ensure this value is greater than or equal to 5 "
         "(value_error.number.not_ge); data.n: ensure this value is a multiple "
         "of 0.01 (value_error.number.not_multiple)"},
        {"{\"properties\":{\"s\":{\"pattern\":\"^[a-z]+$\",\"minLength\":3}}}",
         "{\"s\":\"A1\"}",
         "data.s: ensure this value has at least 3 characters "
         "(value_error.any_str.min_length); data.s: string does not match "
         "regex \"^[a-z]+$\" (value_error.str.regex)"},
        {"{\"anyOf\":[{\"required\":[\"a\"]},{\"required\":[\"b\"]}]}", "{}",
         "data: value is not valid against any of the 2 schemas that are "
         "allowed here (value_error.any_of)"},
        {"{\"properties\":{\"a \\\" b\":{\"type\":\"null\"}}}",
         "{\"a \\u0022 b\":0}",
         "data.a \" b: none type expected (type_error.none)"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(rows[i].schema, rows[i].value, rows[i].want);
}

static void
numbers_keep_their_digits(void)
{
    check("{\"maximum\":9007199254740992}", "9007199254740993",
          "data: ensure this value is less than or equal to 9007199254740992 "
          "(value_error.number.not_le)");
    check("{\"const\":9007199254740993}", "9007199254740992",
          "data: unexpected value; permitted: 9007199254740993 "
          "(value_error.const)");
    check("{\"const\":1}", "1.0", "");
    check("{\"const\":1}", "10e-1", "");
    check("{\"enum\":[0]}", "-0.0", "");
    check("{\"type\":\"integer\"}", "1e400", "");
    check("{\"type\":\"integer\"}", "100.0", "");
    check("{\"type\":\"integer\"}", "1e-1",
          "data: int type expected (type_error.int)");
    check("{\"multipleOf\":0.01}", "19.99", "");
    check("{\"multipleOf\":3}", "1e100000",
          "data: ensure this value is a multiple of 3 "
          "(value_error.number.not_multiple)");
    check("{\"multipleOf\":7}", "123456789012345678901234567890123456789",
          "data: ensure this value is a multiple of 7 "
          "(value_error.number.not_multiple)");
    check("{\"multipleOf\":1e3}", "123456789012345678901234567890000", "");
}

static void
what_is_not_known_is_refused_with_its_place(void)
{
    static const struct {
        const char *schema, *want;
    } rows[] = {
        {"{\"properties\":{\"a\":{\"contains\":{}}}}",
         "schema.properties.a.contains: this keyword is not supported "
         "(value_error.json_schema)"},
        {"{\"typo\":1,\"unevaluatedProperties\":false}",
         "schema.typo: this keyword is not supported "
         "(value_error.json_schema); schema.unevaluatedProperties: this "
         "keyword is not supported (value_error.json_schema)"},
        {"{\"items\":[{}]}", "schema.items: must be an object, true or false "
                             "(value_error.json_schema)"},
        {"{\"minimum\":\"1\"}",
         "schema.minimum: must be a number (value_error.json_schema)"},
        {"{\"exclusiveMinimum\":true}",
         "schema.exclusiveMinimum: must be a number "
         "(value_error.json_schema)"},
        {"{\"maxLength\":-1}",
         "schema.maxLength: must be a whole number, 0 or more "
         "(value_error.json_schema)"},
        {"{\"multipleOf\":0}",
         "schema.multipleOf: must be a number above 0 of at most 9 digits "
         "(value_error.json_schema)"},
        {"{\"pattern\":\"(?=a)\"}",
         "schema.pattern: look-ahead and look-behind are not supported "
         "(value_error.json_schema)"},
        {"{\"$ref\":\"#/$defs/no\"}",
         "schema.$ref: there is no such place in this schema "
         "(value_error.json_schema)"},
        {"{\"$ref\":\"https://example.com/x\"}",
         "schema.$ref: must lead to a place in the same schema, such as "
         "\"#/$defs/name\" (value_error.json_schema)"},
        {"{\"$defs\":{\"a\":{\"allOf\":[{\"$ref\":\"#/$defs/b\"}]},\"b\":{"
         "\"$ref\":\"#/$defs/a\"}}}",
         "schema: a $ref leads back to itself (value_error.json_schema)"},
        {"{\"anyOf\":[]}",
         "schema.anyOf: must not be empty (value_error.json_schema)"},
        {"{\"type\":\"text\"}",
         "schema.type: must be null, boolean, number, integer, string, array "
         "or object, or a list of these (value_error.json_schema)"},
        {"{\"a\\u0062\":1,\"x-mine\":2,\"title\":\"T\",\"format\":\"email\"}",
         "schema.ab: this keyword is not supported "
         "(value_error.json_schema)"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(rows[i].schema, "{}", rows[i].want);
}

static void
references_may_lead_around_through_the_value(void)
{
    static const char tree[] =
        "{\"$ref\":\"#/$defs/node\",\"$defs\":{\"node\":{\"type\":\"object\","
        "\"required\":[\"name\"],\"properties\":{\"kids\":{\"type\":\"array\","
        "\"items\":{\"$ref\":\"#/$defs/node\"}}}}}}";

    check(tree, "{\"name\":1,\"kids\":[{\"name\":2,\"kids\":[]}]}", "");
    check(tree, "{\"name\":1,\"kids\":[{\"name\":2,\"kids\":[{}]}]}",
          "data.kids.0.kids.0.name: field required (value_error.missing)");
    check("{\"properties\":{\"a/b~\":{\"type\":\"null\"},\"c\":{\"$ref\":"
          "\"#/properties/a~1b~0\"}}}",
          "{\"c\":1}", "data.c: none type expected (type_error.none)");
}

/* Each level doubles what the next one costs. */
static void
a_schema_that_explodes_is_stopped(void)
{
    struct buf schema = BUF_INIT(65536);
    int i;

    buf_add_text(&schema, "{\"$ref\":\"#/$defs/d0\",\"$defs\":{");
    for (i = 0; i < 60; i++)
        buf_addf(&schema,
                 "\"d%d\":{\"allOf\":[{\"$ref\":\"#/$defs/d%d\"},{\"$ref\":"
                 "\"#/$defs/d%d\"}]},",
                 i, i + 1, i + 1);
    buf_add_text(&schema, "\"d60\":{\"type\":\"object\"}}}");
    check(buf_slice(&schema).ptr, "{}",
          "data: the schema of this event type is too much work for this value "
          "(value_error.json_schema)");
    buf_free(&schema);
}

/* Of as many of these items as fill 200 KB. */
static void
check_long_list(const char *schema, const char *item, const char *want)
{
    struct buf value = BUF_INIT(262144);

    buf_add_text(&value, "[");
    while (value.len < 200000)
        buf_addf(&value, "%s%s", value.len == 1 ? "" : ",", item);
    buf_add_text(&value, "]");
    check(schema, buf_slice(&value).ptr, want);
    buf_free(&value);
}

static void
many_small_values_are_no_way_around_the_budget(void)
{
    static const char stopped[] = "data: the schema of this event type is too "
                                  "much work for this value "
                                  "(value_error.json_schema)";
    struct buf schema = BUF_INIT(JSON_SCHEMA_TEXT_MAX);
    int i;

    check_long_list(
        "{\"items\":{\"pattern\":\"^[acegikmoqsuwy02468BDFHJ]{1000}$\"}}",
        "\"aa\"", stopped);
    check_long_list("{\"items\":{\"pattern\":\"^[a-z]{2}$\"}}", "\"aa\"", "");
    buf_add_text(&schema, "{\"items\":{\"enum\":[");
    for (i = 29999; i > 0; i -= 3)
        buf_addf(&schema, "%d,", i);
    buf_add_text(&schema, "\"x\",{},3]}}");
    check_long_list(buf_slice(&schema).ptr, "3,29999,2,\"x\",{}", "");
    check("{\"enum\":[9,\"b\",10,\"a\",{}]}", "\"aa\"",
          "data: value is not a valid enumeration member; permitted: "
          "9,\"b\",10,\"a\",{} (type_error.enum)");
    buf_free(&schema);
}

static void
a_schema_has_bounds(void)
{
    struct problems problems = {.count = 0};
    struct buf schema = BUF_INIT(200000);
    int i;

    buf_add_text(&schema, "{\"allOf\":[{}");
    for (i = 0; i < JSON_SCHEMA_NODES_MAX; i++)
        buf_add_text(&schema, ",{}");
    buf_add_text(&schema, "]}");
    CU_ASSERT_PTR_NULL(
        json_schema_compile(buf_slice(&schema), "schema", &problems));
    CU_ASSERT_STRING_EQUAL(problems.list[0].msg,
                           "more than 2000 schemas in one");
    buf_clear(&schema);
    problems.count = 0;
    buf_add_text(&schema, "{\"title\":\"");
    for (i = 0; i < JSON_SCHEMA_TEXT_MAX; i++)
        buf_add_char(&schema, 'x');
    buf_add_text(&schema, "\"}");
    CU_ASSERT_PTR_NULL(
        json_schema_compile(buf_slice(&schema), "schema", &problems));
    CU_ASSERT_STRING_EQUAL(problems.list[0].msg,
                           "the schema has more than 65536 bytes");
    buf_clear(&schema);
    problems.count = 0;
    buf_add_text(&schema, "{\"patternProperties\":{\"x\":true");
    for (i = 0; i < 600; i++)
        buf_addf(&schema, ",\"%d(a{99}){10}\":true", i);
    buf_add_text(&schema, "}}");
    CU_ASSERT_PTR_NULL(
        json_schema_compile(buf_slice(&schema), "schema", &problems));
    CU_ASSERT_STRING_EQUAL(problems.list[0].msg,
                           "the expressions of this schema are too large");
    buf_free(&schema);
}

static void
not_more_problems_are_told_than_have_room(void)
{
    struct problems problems = {.count = 0};
    struct json_schema *schema = json_schema_compile(
        SLICE("{\"items\":{\"type\":\"string\"}}"), "schema", &problems);
    struct buf text = BUF_INIT(4096);
    struct json_value value;
    int i;

    buf_add_char(&text, '[');
    for (i = 0; i < 500; i++)
        buf_add_text(&text, i == 0 ? "1" : ",1");
    buf_add_char(&text, ']');
    CU_ASSERT_TRUE_FATAL(json_read(buf_slice(&text), &value, NULL));
    CU_ASSERT_FALSE(json_schema_check(schema, value, "data", &problems));
    CU_ASSERT_EQUAL(problems.count, PROBLEM_MAX);
    json_schema_free(schema);
    buf_free(&text);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"problems say where and what", problems_say_where_and_what},
        {"numbers keep their digits", numbers_keep_their_digits},
        {"what is not known is refused with its place",
         what_is_not_known_is_refused_with_its_place},
        {"references may lead around through the value",
         references_may_lead_around_through_the_value},
        {"a schema that explodes is stopped",
         a_schema_that_explodes_is_stopped},
        {"many small values are no way around the budget",
         many_small_values_are_no_way_around_the_budget},
        {"a schema has bounds", a_schema_has_bounds},
        {"not more problems are told than have room",
         not_more_problems_are_told_than_have_room},
        CU_TEST_INFO_NULL,
    };

    return unit_run("json_schema", tests);
}
