/*
 * test_json_walk.c - unit tests for base/json_walk.c: members, strings,
 * integers, white space
 */
#include "json.h"

#include "unit.h"

#include <string.h>

static struct slice
accepted(const char *text)
{
    struct json_value value = {JSON_NULL, SLICE_NONE};

    CU_ASSERT_FATAL(json_read(slice_of(text), &value, NULL));
    return value.text;
}

static void
test_members_of_an_object(void)
{
    static const struct {
        const char *name, *value;
        enum json_kind type;
    } rows[] = {
        {"a", "1", JSON_NUMBER},
        {"b,}", "\"x,]}\\\"\"", JSON_STRING},
        {"c", "[ [1], {\"]\":2} ]", JSON_ARRAY},
        {"d", "{\"}\" : \"\\\\\"}", JSON_OBJECT},
        {"", "null", JSON_NULL},
        {"f\\u0041\\\"", "true", JSON_BOOL},
        {"g", "-1.5e+3", JSON_NUMBER},
    };
    struct slice text =
        accepted(" {\"a\":1,\"b,}\" :\"x,]}\\\"\", \"c\": [ [1], {\"]\":2} ] ,"
                 "\"d\":{\"}\" : \"\\\\\"},\"\":null\n,\n"
                 "\"f\\u0041\\\"\"\t:\ttrue,\"g\":-1.5e+3 }");
    struct json_member member;
    size_t at = 0, i = 0;

    for (; json_next(text, &at, &member); i++) {
        CU_ASSERT_FATAL(i < sizeof(rows) / sizeof(rows[0]));
        CU_ASSERT(slice_is(member.name, rows[i].name));
        CU_ASSERT(slice_is(member.value.text, rows[i].value));
        CU_ASSERT_EQUAL(member.value.type, rows[i].type);
    }
    CU_ASSERT_EQUAL(i, sizeof(rows) / sizeof(rows[0]));
    CU_ASSERT(!json_next(text, &at, &member));
}

static void
test_items_of_an_array(void)
{
    static const char *const want[] = {"1",  "\"a,b\"", "[]",
                                       "{}", "false",   "[2,3]"};
    struct slice text = accepted("[1,\"a,b\" , [],{}\t,false,[2,3]]");
    struct json_member member;
    size_t at = 0, i = 0;

    for (; json_next(text, &at, &member); i++) {
        CU_ASSERT_FATAL(i < sizeof(want) / sizeof(want[0]));
        CU_ASSERT(slice_is(member.value.text, want[i]));
        CU_ASSERT_EQUAL(member.name.len, 0);
    }
    CU_ASSERT_EQUAL(i, sizeof(want) / sizeof(want[0]));
}

static void
test_nothing_to_walk(void)
{
    static const char *const rows[] = {"{}", "[]",      " { } ", "[\n]",
                                       "1",  "\"[1]\"", "null"};
    struct json_member member;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t at = 0;

        CU_ASSERT(!json_next(slice_of(rows[i]), &at, &member));
        CU_ASSERT(!json_next(accepted(rows[i]), &at, &member));
    }
    CU_ASSERT(!json_next(SLICE_NONE, &(size_t){0}, &member));
}

static void
test_find(void)
{
    struct slice text =
        accepted("{\"ab\":1,\"abc\":{\"x\":2},\"\\u0078\":3,\"y\\\"\":4,"
                 "\"n\\u0000\":5,\"\xc3\xa4\":6,\"z\":null}");
    struct json_value value = {JSON_ARRAY, SLICE("untouched")};

    CU_ASSERT(!json_find(text, "a", &value));
    CU_ASSERT(!json_find(text, "", &value));
    CU_ASSERT(!json_find(text, "n", &value));
    CU_ASSERT(!json_find(text, "xx", &value));
    CU_ASSERT(slice_is(value.text, "untouched"));
    CU_ASSERT(json_find(text, "ab", &value));
    CU_ASSERT(slice_is(value.text, "1"));
    CU_ASSERT(json_find(text, "abc", &value));
    CU_ASSERT(slice_is(value.text, "{\"x\":2}"));
    CU_ASSERT(json_find(text, "x", &value));
    CU_ASSERT(slice_is(value.text, "3"));
    CU_ASSERT(json_find(text, "y\"", &value));
    CU_ASSERT(slice_is(value.text, "4"));
    CU_ASSERT(json_find(text, "z", &value));
    CU_ASSERT_EQUAL(value.type, JSON_NULL);
    CU_ASSERT(json_find(SLICE(" {\"a\":1} "), "a", &value));
}

static void
test_find_looks_at_objects_only(void)
{
    struct json_value value;

    CU_ASSERT(!json_find(accepted("[\"a\",1]"), "", &value));
    CU_ASSERT(!json_find(accepted("\"a\""), "a", &value));
    CU_ASSERT(!json_find(accepted("1"), "a", &value));
    CU_ASSERT(!json_find(SLICE_NONE, "a", &value));
    CU_ASSERT(!json_find(SLICE(""), "a", &value));
}

static void
test_decode(void)
{
    static const struct {
        const char *quoted, *want;
        size_t len;
    } rows[] = {
        {"\"\"", "", 0},
        {"\"plain\"", "plain", 5},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8},
        {"\"a\\u0000b\"", "a\0b", 3},
        {"\"\\u0041\\u00e4\\u20AC\"", "A\xc3\xa4\xe2\x82\xac", 6},
        {"\"\\ud83d\\ude00!\"", "\xf0\x9f\x98\x80!", 5},
        {"\"\\ud800\\udc00\"", "\xf0\x90\x80\x80", 4},
        {"\"\\udbff\\udfff\"", "\xf4\x8f\xbf\xbf", 4},
        {"\"\\uffff\"", "\xef\xbf\xbf", 3},
        {"\"\xc3\xa4\\n\xc3\xa4\"", "\xc3\xa4\n\xc3\xa4", 5},
        {"\"\\\\u0041\"", "\\u0041", 6},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out = BUF_INIT(100);

        json_decode_string(accepted(rows[i].quoted), &out);
        CU_ASSERT(slice_equal(buf_slice(&out),
                              slice_make(rows[i].want, rows[i].len)));
        buf_free(&out);
    }
}

static void
test_plain_string(void)
{
    CU_ASSERT(slice_is(json_plain_string(SLICE("\"abc\"")), "abc"));
    CU_ASSERT(slice_is(json_plain_string(SLICE("\"\"")), ""));
    CU_ASSERT_PTR_NULL(json_plain_string(SLICE("\"a\\nc\"")).ptr);
}

static void
test_integer(void)
{
    int64_t got = 4711;

    CU_ASSERT(json_integer(SLICE("-9223372036854775808"), INT64_MIN, INT64_MAX,
                           &got));
    CU_ASSERT_EQUAL(got, INT64_MIN);
    CU_ASSERT(json_integer(SLICE("-0"), 0, 10, &got));
    CU_ASSERT_EQUAL(got, 0);
    got = 4711;
    CU_ASSERT(!json_integer(SLICE("11"), 0, 10, &got));
    CU_ASSERT(!json_integer(SLICE("1.0"), 0, 10, &got));
    CU_ASSERT(!json_integer(SLICE("1e1"), 0, 10, &got));
    CU_ASSERT(!json_integer(SLICE("18446744073709551616"), 0, INT64_MAX, &got));
    CU_ASSERT_EQUAL(got, 4711);
}

static void
test_minify(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"1", "1"},
        {" \n1\t", "1"},
        {"{ \"a b\" : [ 1 , 2.50 ,\n\t\" \\\" \" ] }\r\n",
         "{\"a b\":[1,2.50,\" \\\" \"]}"},
        {"{\"a\":12345678901234567890.1234567890}",
         "{\"a\":12345678901234567890.1234567890}"},
        {"[ ]", "[]"},
        {"\" \xc3\xa4 \\\\\"", "\" \xc3\xa4 \\\\\""},
        {"[true , null]", "[true,null]"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out = BUF_INIT(strlen(rows[i].want));
        struct json_value value;

        CU_ASSERT(json_read(slice_of(rows[i].text), &value, NULL));
        json_minify(slice_of(rows[i].text), &out);
        CU_ASSERT(buf_ok(&out));
        CU_ASSERT(slice_is(buf_slice(&out), rows[i].want));
        CU_ASSERT(json_read(buf_slice(&out), &value, NULL));
        buf_free(&out);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"members of an object", test_members_of_an_object},
        {"items of an array", test_items_of_an_array},
        {"nothing to walk", test_nothing_to_walk},
        {"find", test_find},
        {"find looks at objects only", test_find_looks_at_objects_only},
        {"decode a string", test_decode},
        {"plain string", test_plain_string},
        {"integer", test_integer},
        {"minify", test_minify},
        CU_TEST_INFO_NULL,
    };

    return unit_run("json_walk", tests);
}
