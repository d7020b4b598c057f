/*
 * test_filter.c - unit tests for core/filter/filter.c, filter_parse.c,
 * filter_operator.c and filter_value.c
 */
#include "filter.h"

#include "alloc.h"
#include "unit.h"

#include <stdlib.h>

static struct filter *
compiled(const char *text)
{
    struct buf why = BUF_INIT(FILTER_WHY_MAX);
    struct filter *filter = filter_compile(slice_of(text), &why);

    if (filter == NULL)
        fprintf(stderr, "\n%s: %s\n", text, why.data);
    CU_ASSERT_PTR_NOT_NULL_FATAL(filter);
    CU_ASSERT_EQUAL(why.len, 0);
    buf_free(&why);
    return filter;
}

static bool
matches(const struct filter *filter, const char *text)
{
    struct json_value value = {JSON_NULL, SLICE_NONE};

    CU_ASSERT_FATAL(json_read(slice_of(text), &value, NULL));
    return filter_matches_text(filter, value);
}

struct row {
    const char *filter, *event;
    bool want;
};

static void
check_rows(const struct row *rows, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        struct filter *filter = compiled(rows[i].filter);
        bool got = matches(filter, rows[i].event);

        if (got != rows[i].want)
            fprintf(stderr, "\n%s on %s: got %d\n", rows[i].filter,
                    rows[i].event, got);
        CU_ASSERT_EQUAL(got, rows[i].want);
        filter_free(filter);
    }
}

#define CHECK(rows) check_rows((rows), sizeof(rows) / sizeof((rows)[0]))

static void
test_equality(void)
{
    static const struct row rows[] = {
        {"{}", "{}", true},
        {"{}", "{\"a\":1}", true},
        {"{\"a\":1}", "{\"a\":1,\"b\":2}", true},
        {"{\"a\":1}", "{\"b\":1}", false},
        {"{\"a\":1}", "{}", false},
        {"{\"a\":1}", "[]", false},
        {"{\"a\":1}", "1", false},
        {"{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}", true},
        {"{\"a\":1,\"b\":2}", "{\"b\":3,\"a\":1}", false},
        {"{\"a\":1}", "{\"a\":\"1\"}", false},
        {"{\"a\":\"1\"}", "{\"a\":1}", false},
        {"{\"a\":true}", "{\"a\":true}", true},
        {"{\"a\":true}", "{\"a\":false}", false},
        {"{\"a\":true}", "{\"a\":1}", false},
        {"{\"a\":null}", "{\"a\":null}", true},
        {"{\"a\":null}", "{\"a\":0}", false},
        {"{\"a\":null}", "{}", false},
        {"{\"a\":\"\"}", "{\"a\":\"\"}", true},
        {"{\"a\":\"x\"}", "{\"a\":{\"x\":1}}", false},
        {"{\"a\":{\"b\":{\"c\":1}}}", "{\"a\":{\"b\":{\"c\":1}}}", true},
        {"{\"a\":{\"b\":{\"c\":1}}}", "{\"a\":{\"b\":{\"d\":1}}}", false},
        {"{\"a\":{\"b\":1}}", "{\"a\":5}", false},
        {"{\"a\":{}}", "{\"a\":5}", true},
        {"{\"a\":{\"$eq\":1}}", "{\"a\":1}", true},
        {"{\"a\":{\"$eq\":1}}", "{\"a\":2}", false},
        {"{\"a\":{\"$neq\":1}}", "{\"a\":2}", true},
        {"{\"a\":{\"$neq\":1}}", "{\"a\":1}", false},
        {"{\"a\":{\"$neq\":1}}", "{\"a\":\"1\"}", true},
        {"{\"a\":{\"$neq\":1}}", "{\"a\":{}}", true},
        {"{\"a\":{\"$neq\":1}}", "{}", false},
        {"{\"a\":{\"$neq\":null}}", "{\"a\":null}", false},
    };

    CHECK(rows);
}

static void
test_whole_objects_and_arrays(void)
{
    static const struct row rows[] = {
        {"{\"a\":{\"$eq\":{\"x\":1,\"y\":[1,2]}}}",
         "{\"a\":{\"y\":[1,2.0],\"x\":1}}", true},
        {"{\"a\":{\"$eq\":{\"x\":1,\"y\":[1,2]}}}",
         "{\"a\":{\"y\":[2,1],\"x\":1}}", false},
        {"{\"a\":{\"$eq\":{\"x\":1}}}", "{\"a\":{\"x\":1,\"y\":2}}", false},
        {"{\"a\":{\"$eq\":{\"x\":1,\"y\":2}}}", "{\"a\":{\"x\":1}}", false},
        {"{\"a\":{\"$eq\":{}}}", "{\"a\":{}}", true},
        {"{\"a\":{\"$eq\":{}}}", "{\"a\":[]}", false},
        {"{\"a\":{\"$eq\":[]}}", "{\"a\":[]}", true},
        {"{\"a\":{\"$eq\":[1,2]}}", "{\"a\":[1,2]}", true},
        {"{\"a\":{\"$eq\":[1,2]}}", "{\"a\":[1]}", false},
        {"{\"a\":{\"$eq\":[1,2]}}", "{\"a\":[1,2,3]}", false},
        {"{\"a\":{\"$eq\":[1,2]}}", "{\"a\":[[1,2],3]}", true},
        {"{\"a\":{\"$eq\":{\"x\":1}}}", "{\"a\":[{\"x\":2},{\"x\":1}]}", true},
        {"{\"a\":{\"$neq\":[1,2]}}", "{\"a\":[1,2]}", false},
        {"{\"a\":{\"$neq\":[1,2]}}", "{\"a\":[2,1]}", true},
        {"{\"a\":{\"$eq\":{\"x\":null}}}", "{\"a\":{\"x\":1,\"x\":null}}",
         true},
        {"{\"a\":{\"$eq\":{\"x\":null}}}", "{\"a\":{\"x\":null,\"x\":1}}",
         false},
        {"{\"a\":{\"$eq\":{\"\\u0078\":1}}}", "{\"a\":{\"\\u0078\":1}}", true},
    };

    CHECK(rows);
}

static void
test_order(void)
{
    static const struct row rows[] = {
        {"{\"a\":{\"$gt\":1}}", "{\"a\":2}", true},
        {"{\"a\":{\"$gt\":1}}", "{\"a\":1}", false},
        {"{\"a\":{\"$gte\":1}}", "{\"a\":1}", true},
        {"{\"a\":{\"$gte\":1}}", "{\"a\":0.9}", false},
        {"{\"a\":{\"$lt\":1}}", "{\"a\":0.9}", true},
        {"{\"a\":{\"$lt\":1}}", "{\"a\":1}", false},
        {"{\"a\":{\"$lte\":1}}", "{\"a\":1.0}", true},
        {"{\"a\":{\"$lte\":1}}", "{\"a\":1.01}", false},
        {"{\"a\":{\"$gte\":100,\"$lt\":500}}", "{\"a\":499.99}", true},
        {"{\"a\":{\"$gte\":100,\"$lt\":500}}", "{\"a\":500}", false},
        {"{\"a\":{\"$gt\":1}}", "{\"a\":\"2\"}", false},
        {"{\"a\":{\"$gt\":1}}", "{\"a\":null}", false},
        {"{\"a\":{\"$gt\":1}}", "{\"a\":true}", false},
        {"{\"a\":{\"$gt\":1}}", "{\"a\":{}}", false},
        {"{\"a\":{\"$lt\":1}}", "{}", false},
        {"{\"a\":{\"$gt\":\"b\"}}", "{\"a\":\"c\"}", true},
        {"{\"a\":{\"$gt\":\"b\"}}", "{\"a\":\"a\"}", false},
        {"{\"a\":{\"$lt\":\"b\"}}", "{\"a\":\"aaaa\"}", true},
        {"{\"a\":{\"$lt\":\"b\"}}", "{\"a\":1}", false},
        {"{\"a\":{\"$gte\":\"2026-01-01T00:00:00Z\"}}",
         "{\"a\":\"2026-02-01T00:00:00Z\"}", true},
        {"{\"a\":{\"$gt\":9007199254740992}}", "{\"a\":9007199254740993}",
         true},
        {"{\"a\":{\"$eq\":123456789012345678901234567890}}",
         "{\"a\":123456789012345678901234567891}", false},
        {"{\"a\":{\"$eq\":123456789012345678901234567890}}",
         "{\"a\":1.23456789012345678901234567890e29}", true},
        {"{\"a\":{\"$lt\":1e400}}", "{\"a\":9e399}", true},
        {"{\"a\":0}", "{\"a\":-0.0e9}", true},
    };

    CHECK(rows);
}

static void
test_lists_and_parts(void)
{
    static const struct row rows[] = {
        {"{\"a\":{\"$in\":[1,\"x\",null,true]}}", "{\"a\":\"x\"}", true},
        {"{\"a\":{\"$in\":[1,\"x\",null,true]}}", "{\"a\":1.0}", true},
        {"{\"a\":{\"$in\":[1,\"x\",null,true]}}", "{\"a\":null}", true},
        {"{\"a\":{\"$in\":[1,\"x\",null,true]}}", "{\"a\":false}", false},
        {"{\"a\":{\"$in\":[1,\"x\",null,true]}}", "{}", false},
        {"{\"a\":{\"$in\":[]}}", "{\"a\":1}", false},
        {"{\"a\":{\"$nin\":[]}}", "{\"a\":1}", true},
        {"{\"a\":{\"$nin\":[1,2]}}", "{\"a\":3}", true},
        {"{\"a\":{\"$nin\":[1,2]}}", "{\"a\":2}", false},
        {"{\"a\":{\"$nin\":[1,2]}}", "{}", false},
        {"{\"a\":{\"$in\":\"ext\"}}", "{\"a\":\"some-text\"}", true},
        {"{\"a\":{\"$in\":\"ext\"}}", "{\"a\":\"some\"}", false},
        {"{\"a\":{\"$in\":\"1\"}}", "{\"a\":1}", false},
        {"{\"a\":{\"$nin\":\"ext\"}}", "{\"a\":\"some-text\"}", false},
        {"{\"a\":{\"$in\":\"gift\"}}", "{\"a\":[\"gift\",\"x\"]}", true},
        {"{\"a\":{\"$in\":\"gift\"}}", "{\"a\":[\"gift-card\"]}", false},
        {"{\"a\":{\"$nin\":\"gift\"}}", "{\"a\":[\"gift\",\"x\"]}", false},
        {"{\"a\":{\"$startsWith\":\"so\"}}", "{\"a\":\"some\"}", true},
        {"{\"a\":{\"$startsWith\":\"me\"}}", "{\"a\":\"some\"}", false},
        {"{\"a\":{\"$startsWith\":\"so\"}}", "{\"a\":5}", false},
        {"{\"a\":{\"$startsWith\":[\"x\",\"so\"]}}", "{\"a\":\"some\"}", true},
        {"{\"a\":{\"$startsWith\":[]}}", "{\"a\":\"some\"}", false},
        {"{\"a\":{\"$endsWith\":\"me\"}}", "{\"a\":\"some\"}", true},
        {"{\"a\":{\"$endsWith\":\"so\"}}", "{\"a\":\"some\"}", false},
        {"{\"a\":{\"$endsWith\":\"@example.com\"}}",
         "{\"a\":\"a@example.com\"}", true},
        {"{\"a\":{\"$endsWith\":[\"x\",\"me\"]}}", "{\"a\":\"some\"}", true},
        {"{\"a\":{\"$endsWith\":\"x\"}}", "{\"a\":{\"x\":\"x\"}}", false},
    };

    CHECK(rows);
}

static void
test_existence(void)
{
    static const struct row rows[] = {
        {"{\"a\":{\"$exist\":true}}", "{\"a\":null}", true},
        {"{\"a\":{\"$exist\":true}}", "{\"a\":[]}", true},
        {"{\"a\":{\"$exist\":true}}", "{\"b\":1}", false},
        {"{\"a\":{\"$exist\":false}}", "{\"b\":1}", true},
        {"{\"a\":{\"$exist\":false}}", "{\"a\":null}", false},
        {"{\"a\":{\"b\":{\"$exist\":false}}}", "{}", true},
        {"{\"a\":{\"b\":{\"$exist\":false}}}", "{\"a\":5}", true},
        {"{\"a\":{\"b\":{\"$exist\":false}}}", "{\"a\":{\"b\":5}}", false},
        {"{\"a\":{\"b\":{\"$exist\":false}}}", "{\"a\":[{\"b\":1},{}]}", true},
        {"{\"a\":{\"b\":{\"$exist\":false}}}", "{\"a\":[{\"b\":1}]}", false},
        {"{\"a\":{\"b\":{\"$exist\":false}}}", "{\"a\":[]}", false},
        {"{\"a\":{\"$or\":[{\"$exist\":false},1]}}", "{}", true},
        {"{\"a\":{\"$or\":[{\"$exist\":false},1]}}", "{\"a\":1}", true},
        {"{\"a\":{\"$or\":[{\"$exist\":false},1]}}", "{\"a\":2}", false},
        {"{\"a\":{\"$exist\":true,\"b\":1}}", "{\"a\":{\"b\":1}}", true},
    };

    CHECK(rows);
}

static void
test_logic(void)
{
    static const struct row rows[] = {
        {"{\"$or\":[{\"a\":1},{\"b\":2}]}", "{\"b\":2}", true},
        {"{\"$or\":[{\"a\":1},{\"b\":2}]}", "{\"b\":1}", false},
        {"{\"$or\":[{\"a\":1},{\"a\":2}],\"b\":1}", "{\"a\":2,\"b\":1}", true},
        {"{\"$or\":[{\"a\":1},{\"a\":2}],\"b\":1}", "{\"a\":2}", false},
        {"{\"$and\":[{\"a\":1},{\"b\":2}]}", "{\"a\":1,\"b\":2}", true},
        {"{\"$and\":[{\"a\":1},{\"b\":2}]}", "{\"a\":1}", false},
        {"{\"$not\":{\"a\":1}}", "{\"a\":2}", true},
        {"{\"$not\":{\"a\":1}}", "{\"a\":1}", false},
        {"{\"$not\":{\"a\":1}}", "{}", true},
        {"{\"a\":{\"$not\":1}}", "{\"a\":2}", true},
        {"{\"a\":{\"$not\":1}}", "{\"a\":1}", false},
        {"{\"a\":{\"$not\":1}}", "{}", true},
        {"{\"a\":{\"$not\":{\"$in\":[1,2]}}}", "{\"a\":3}", true},
        {"{\"a\":{\"$not\":{\"$in\":[1,2]}}}", "{\"a\":2}", false},
        {"{\"a\":{\"$not\":{\"$not\":1}}}", "{\"a\":1}", true},
        {"{\"a\":{\"$or\":[1,5]}}", "{\"a\":5}", true},
        {"{\"a\":{\"$or\":[1,5]}}", "{\"a\":4}", false},
        {"{\"a\":{\"$and\":[{\"$gt\":1},{\"$lt\":5}]}}", "{\"a\":4}", true},
        {"{\"a\":{\"$and\":[{\"$gt\":1},{\"$lt\":5}]}}", "{\"a\":5}", false},
        {"{\"a\":{\"$or\":[{\"b\":1},{\"c\":{\"$in\":\"el\"}}]}}",
         "{\"a\":{\"b\":2,\"c\":\"else\"}}", true},
        {"{\"$or\":[{\"a\":{\"b\":1}},{\"a\":{\"b\":2}},{\"a\":{\"c\":3}}]}",
         "{\"a\":{\"b\":2}}", true},
        {"{\"$and\":[{\"$or\":[{\"a\":1},{\"a\":2}]},"
         "{\"$not\":{\"b\":{\"$exist\":true}}}]}",
         "{\"a\":2}", true},
        {"{\"$and\":[{\"$or\":[{\"a\":1},{\"a\":2}]},"
         "{\"$not\":{\"b\":{\"$exist\":true}}}]}",
         "{\"a\":2,\"b\":0}", false},
    };

    CHECK(rows);
}

static void
test_arrays(void)
{
    static const struct row rows[] = {
        {"{\"t\":\"x\"}", "{\"t\":[\"w\",\"x\"]}", true},
        {"{\"t\":\"x\"}", "{\"t\":[\"w\"]}", false},
        {"{\"t\":\"x\"}", "{\"t\":[]}", false},
        {"{\"t\":\"x\"}", "{\"t\":[[\"x\"]]}", false},
        {"{\"t\":{\"$neq\":\"x\"}}", "{\"t\":[\"w\",\"x\"]}", false},
        {"{\"t\":{\"$neq\":\"x\"}}", "{\"t\":[\"w\"]}", true},
        {"{\"t\":{\"$neq\":\"x\"}}", "{\"t\":[]}", true},
        {"{\"t\":{\"$nin\":[\"x\",\"y\"]}}", "{\"t\":[\"w\",\"y\"]}", false},
        {"{\"t\":{\"$gt\":5}}", "{\"t\":[1,9]}", true},
        {"{\"t\":{\"$gt\":5}}", "{\"t\":[1,2]}", false},
        {"{\"t\":{\"$gt\":1,\"$lt\":5}}", "{\"t\":[0,9]}", false},
        {"{\"t\":{\"$gt\":1,\"$lt\":5}}", "{\"t\":[0,3]}", true},
        {"{\"t\":{\"$and\":[{\"$gt\":8},{\"$lt\":1}]}}", "{\"t\":[0,9]}", true},
        {"{\"t\":{\"$not\":\"x\"}}", "{\"t\":[\"w\",\"x\"]}", false},
        {"{\"t\":[\"x\",\"y\"]}", "{\"t\":[\"y\",\"z\",\"x\"]}", true},
        {"{\"t\":[\"x\",\"y\"]}", "{\"t\":[\"y\",\"z\"]}", false},
        {"{\"t\":[\"x\"]}", "{\"t\":\"x\"}", false},
        {"{\"t\":[]}", "{\"t\":[]}", true},
        {"{\"t\":[]}", "{\"t\":1}", false},
        {"{\"t\":[]}", "{}", false},
        {"{\"t\":[{\"a\":1},{\"a\":2}]}", "{\"t\":[{\"a\":2},{\"a\":1}]}",
         true},
        {"{\"t\":[{\"a\":1},{\"a\":2}]}", "{\"t\":[{\"a\":2},{\"a\":3}]}",
         false},
        {"{\"t\":[{\"$gt\":5},{\"$lt\":2}]}", "{\"t\":[6,1]}", true},
        {"{\"t\":{\"a\":1}}", "{\"t\":[{\"a\":0},{\"a\":1}]}", true},
        {"{\"t\":{\"a\":1,\"b\":2}}", "{\"t\":[{\"a\":1},{\"b\":2}]}", false},
        {"{\"t\":{\"a\":1,\"b\":2}}", "{\"t\":[{},{\"b\":2,\"a\":1}]}", true},
        {"{\"t\":{\"a\":{\"$lte\":10}}}", "{\"t\":[{\"a\":11},{\"a\":9}]}",
         true},
        {"{\"t\":{\"a\":{\"b\":1}}}", "{\"t\":[{\"a\":[{\"b\":1}]}]}", true},
        {"{\"t\":{\"a\":{\"$neq\":5}}}", "{\"t\":[{\"a\":5},{\"a\":6}]}", true},
        {"{\"t\":{\"$not\":{\"a\":5}}}", "{\"t\":[{\"a\":5},{\"a\":6}]}",
         false},
        {"{\"t\":{\"a\":1}}", "{\"t\":[[{\"a\":1}]]}", false},
        {"{\"t\":[[\"x\"]]}", "{\"t\":[[\"x\"]]}", true},
    };

    CHECK(rows);
}

static void
test_names_and_strings_with_escapes(void)
{
    static const struct row rows[] = {
        {"{\"a\":\"\\u00e4\"}", "{\"a\":\"\xc3\xa4\"}", true},
        {"{\"a\":\"\xc3\xa4\"}", "{\"a\":\"\\u00E4\"}", true},
        {"{\"a\":\"\\ud83d\\ude00\"}", "{\"a\":\"\xf0\x9f\x98\x80\"}", true},
        {"{\"\\u0061\":1}", "{\"a\":1}", true},
        {"{\"a\":1}", "{\"\\u0061\":1}", true},
        {"{\"a/b\":1}", "{\"a\\/b\":1}", true},
        {"{\"\":1}", "{\"\":1}", true},
        {"{\"a\\u0000\":1}", "{\"a\":1}", false},
        {"{\"a\":{\"\\u0024gt\":1}}", "{\"a\":2}", true},
        {"{\"a\":{\"$startsWith\":\"\\u00e4\"}}", "{\"a\":\"\\u00e4x\"}", true},
        /* U+FFFD comes before U+1F600, unlike in UTF-16 */
        {"{\"a\":{\"$lt\":\"\\ud83d\\ude00\"}}", "{\"a\":\"\\ufffd\"}", true},
    };

    CHECK(rows);
}

static void
test_of_a_name_twice_the_last_counts(void)
{
    static const struct row rows[] = {
        {"{\"d\":{\"a\":1}}", "{\"d\":{\"a\":2,\"a\":1}}", true},
        {"{\"d\":{\"a\":1}}", "{\"d\":{\"a\":1,\"a\":2}}", false},
        {"{\"d\":{\"a\":1}}", "{\"d\":{\"a\":1,\"\\u0061\":2}}", false},
        {"{\"d\":{\"a\":{\"b\":1}}}", "{\"d\":{\"a\":{\"b\":1},\"a\":5}}",
         false},
        {"{\"d\":{\"a\":{\"$exist\":true}}}", "{\"d\":{\"a\":1,\"a\":2}}",
         true},
    };

    CHECK(rows);
}

static void
test_an_event_by_its_members(void)
{
    const struct filter_member event[] = {
        {"type", {JSON_STRING, SLICE("\"order.paid\"")}},
        {"data", {JSON_OBJECT, SLICE("{\"amount\":120,\"tags\":[\"a\"]}")}},
        {"metadata", {JSON_OBJECT, SLICE("{}")}},
    };
    static const struct {
        const char *filter;
        bool want;
    } rows[] = {
        {"{}", true},
        {"{\"type\":{\"$startsWith\":\"order.\"}}", true},
        {"{\"type\":\"order.paid\",\"data\":{\"tags\":\"a\"}}", true},
        {"{\"data\":{\"amount\":{\"$gte\":100}}}", true},
        {"{\"data\":{\"amount\":{\"$gte\":200}}}", false},
        {"{\"metadata\":{\"source\":\"api\"}}", false},
        {"{\"metadata\":{\"source\":{\"$exist\":false}}}", true},
        {"{\"id\":{\"$exist\":false}}", true},
        {"{\"$not\":{\"type\":\"order.paid\"}}", false},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct filter *filter = compiled(rows[i].filter);

        CU_ASSERT_EQUAL(filter_matches(filter, event, 3), rows[i].want);
        filter_free(filter);
    }
}

static void
test_no_members_at_all(void)
{
    struct filter *filter = compiled("{\"a\":{\"$exist\":false}}");

    CU_ASSERT(filter_matches(filter, NULL, 0));
    filter_free(filter);
    filter = compiled("{\"a\":1}");
    CU_ASSERT(!filter_matches(filter, NULL, 0));
    filter_free(filter);
    filter_free(NULL);
}

static void
test_what_is_wrong_is_said_with_its_path(void)
{
    static const struct {
        const char *filter, *want;
    } rows[] = {
        {"", "line 1, column 1: Expecting value"},
        {"{\"a\":\n}", "line 2, column 1: Expecting value"},
        {"5", "$: must be an object"},
        {"[]", "$: must be an object"},
        {"null", "$: must be an object"},
        {"{\"data\":{\"amount\":{\"$gte\":true}}}",
         "$.data.amount.$gte: must be a number or a string"},
        {"{\"a\":{\"$lt\":[1]}}", "$.a.$lt: must be a number or a string"},
        {"{\"a\":{\"$foo\":1}}", "$.a.$foo: is not an operator"},
        {"{\"a\":{\"$\":1}}", "$.a.$: is not an operator"},
        {"{\"a\":{\"$GT\":1}}", "$.a.$GT: is not an operator"},
        {"{\"a\":{\"$in\":5}}", "$.a.$in: must be a list or a string"},
        {"{\"a\":{\"$nin\":[1,{}]}}",
         "$.a.$nin[1]: must be a string, a number, true, false or null"},
        {"{\"a\":{\"$startsWith\":5}}",
         "$.a.$startsWith: must be a string or a list of strings"},
        {"{\"a\":{\"$endsWith\":[\"a\",5]}}",
         "$.a.$endsWith[1]: must be a string"},
        {"{\"a\":{\"$exist\":1}}", "$.a.$exist: must be true or false"},
        {"{\"$or\":[]}", "$.$or: must be a list of at least one condition"},
        {"{\"$and\":{}}", "$.$and: must be a list of at least one condition"},
        {"{\"$or\":[{\"a\":1},5]}", "$.$or[1]: must be an object"},
        {"{\"$not\":5}", "$.$not: must be an object"},
        {"{\"$eq\":5}", "$.$eq: needs the name of a member in front"},
        {"{\"$or\":[{\"$exist\":true}]}",
         "$.$or[0].$exist: needs the name of a member in front"},
        {"{\"a\":{\"b\":1,\"b\":2}}", "$.a.b: stands there twice"},
        {"{\"a\":{\"b\":1,\"\\u0062\":2}}", "$.a.b: stands there twice"},
        {"{\"a\":{\"$eq\":{\"b\":1,\"b\":2}}}",
         "$.a.$eq.b: stands there twice"},
        {"{\"a b\":{\"$x\":1}}", "$[\"a b\"].$x: is not an operator"},
        {"{\"a\\u0000\\n\":{\"$x\":1}}",
         "$[\"a\\u0000\\n\"].$x: is not an operator"},
        {"{\"012345678901234567890123456789\\u00e4\\u00e4\":{\"$x\":1}}",
         "$[\"012345678901234567890123456789\xc3\xa4\"].$x: is not an "
         "operator"},
        {"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":"
         "{\"a\":{\"a\":1}}}}}}}}}}}",
         "$.a.a.a.a.a.a.a.a.a.a: is nested too deeply; a filter has at most "
         "10 levels"},
        {"{\"a\":[[[[[[[[[[1]]]]]]]]]]}",
         "$.a[0][0][0][0][0][0][0][0][0]: is nested too deeply; a filter has "
         "at most 10 levels"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf why = BUF_INIT(FILTER_WHY_MAX);
        struct filter *filter = filter_compile(slice_of(rows[i].filter), &why);

        CU_ASSERT_PTR_NULL(filter);
        CU_ASSERT_PTR_NOT_NULL_FATAL(why.data);
        if (strcmp(why.data, rows[i].want) != 0)
            fprintf(stderr, "\n%s: got %s, want %s\n", rows[i].filter, why.data,
                    rows[i].want);
        CU_ASSERT_STRING_EQUAL(why.data, rows[i].want);
        filter_free(filter);
        buf_free(&why);
    }
}

static void
test_ten_levels_are_fine(void)
{
    struct filter *filter = compiled(
        "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":"
        "{\"a\":1}}}}}}}}}}");

    CU_ASSERT(matches(filter,
                      "{\"a\":{\"a\":{\"a\":[{\"a\":{\"a\":{\"a\":[{\"a\":"
                      "{\"a\":{\"a\":{\"a\":[0,1]}}}}]}}}]}}}"));
    filter_free(filter);
}

/* A list of `count` numbers; every part is one. */
static void
write_list(struct buf *out, const char *open, unsigned count, const char *close)
{
    unsigned i;

    buf_add_text(out, open);
    for (i = 0; i < count; i++)
        buf_addf(out, "%s%u", i == 0 ? "" : ",", i);
    buf_add_text(out, close);
}

static void
test_the_number_of_parts_is_bounded(void)
{
    struct buf text = BUF_INIT(FILTER_TEXT_MAX), why = BUF_INIT(FILTER_WHY_MAX);
    struct filter *filter;

    write_list(&text, "{\"a\":{\"$in\":[", FILTER_PARTS - 2, "]}}");
    filter = filter_compile(buf_slice(&text), &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(filter);
    CU_ASSERT(matches(filter, "{\"a\":253}"));
    CU_ASSERT(!matches(filter, "{\"a\":254}"));
    filter_free(filter);

    buf_clear(&text);
    write_list(&text, "{\"a\":{\"$in\":[", FILTER_PARTS - 1, "]}}");
    CU_ASSERT_PTR_NULL(filter_compile(buf_slice(&text), &why));
    CU_ASSERT_STRING_EQUAL(why.data,
                           "$.a.$in: is too long; a filter has at most 256 "
                           "names, operators and items of lists");
    buf_free(&text);
    buf_free(&why);
}

/* What needs the most memory for each part: $or of conditions on members, and
   $neq, as many as there may be. */
static void
test_the_largest_filters(void)
{
    struct buf text = BUF_INIT(FILTER_TEXT_MAX), why = BUF_INIT(FILTER_WHY_MAX);
    struct filter *filter;
    unsigned i;

    buf_add_text(&text, "{\"$or\":[");
    for (i = 0; i < (FILTER_PARTS - 1) / 2; i++)
        buf_addf(&text, "%s{\"m%u\":%u}", i == 0 ? "" : ",", i, i);
    buf_add_text(&text, "]}");
    filter = filter_compile(buf_slice(&text), &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(filter);
    CU_ASSERT(matches(filter, "{\"m0\":1,\"m126\":126}"));
    CU_ASSERT(!matches(filter, "{\"m0\":1,\"m126\":125}"));
    filter_free(filter);

    buf_clear(&text);
    buf_add_char(&text, '{');
    for (i = 0; i < FILTER_PARTS / 2; i++)
        buf_addf(&text, "%s\"m%u\":{\"$neq\":1}", i == 0 ? "" : ",", i);
    buf_add_char(&text, '}');
    filter = filter_compile(buf_slice(&text), &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(filter);
    CU_ASSERT(!matches(filter, "{\"m0\":2,\"m127\":2}"));
    filter_free(filter);
    buf_free(&text);
    buf_free(&why);
}

static void
test_a_long_filter_is_refused(void)
{
    struct buf text = BUF_INIT(FILTER_TEXT_MAX + 10),
               why = BUF_INIT(FILTER_WHY_MAX);
    struct filter *filter;
    size_t i;

    buf_add_text(&text, "{\"a\":\"");
    for (i = text.len; i < FILTER_TEXT_MAX - 2; i++)
        buf_add_char(&text, 'x');
    buf_add_text(&text, "\"}");
    filter = filter_compile(buf_slice(&text), &why);
    CU_ASSERT_PTR_NOT_NULL(filter);
    CU_ASSERT(matches(filter, buf_slice(&text).ptr));
    filter_free(filter);
    buf_add_char(&text, ' ');
    CU_ASSERT_PTR_NULL(filter_compile(buf_slice(&text), &why));
    CU_ASSERT_STRING_EQUAL(why.data, "$: is longer than 16384 bytes");
    buf_free(&text);
    buf_free(&why);
}

/* As deep and as long as JSON may be; the walk stays as shallow as the
   filter. */
static void
test_a_huge_event(void)
{
    struct buf text = BUF_INIT(4000000);
    struct filter *filter = compiled("{\"a\":{\"b\":{\"$gt\":199998}}}");
    unsigned i;

    buf_add_text(&text, "{\"deep\":");
    for (i = 0; i < JSON_DEPTH - 1; i++)
        buf_add_char(&text, '[');
    for (i = 0; i < JSON_DEPTH - 1; i++)
        buf_add_char(&text, ']');
    buf_add_text(&text, ",\"a\":[");
    for (i = 0; i < 200000; i++)
        buf_addf(&text, "%s{\"b\":%u}", i == 0 ? "" : ",", i);
    buf_add_text(&text, "]}");
    CU_ASSERT_FATAL(buf_ok(&text));
    CU_ASSERT(matches(filter, text.data));
    filter_free(filter);
    filter = compiled("{\"a\":{\"b\":{\"$gt\":199999}},\"deep\":[]}");
    CU_ASSERT(!matches(filter, text.data));
    filter_free(filter);
    buf_free(&text);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"equality", test_equality},
        {"whole objects and arrays", test_whole_objects_and_arrays},
        {"order", test_order},
        {"lists and parts", test_lists_and_parts},
        {"existence", test_existence},
        {"logic", test_logic},
        {"arrays", test_arrays},
        {"names and strings with escapes", test_names_and_strings_with_escapes},
        {"of a name twice the last counts",
         test_of_a_name_twice_the_last_counts},
        {"an event by its members", test_an_event_by_its_members},
        {"no members at all", test_no_members_at_all},
        {"what is wrong is said with its path",
         test_what_is_wrong_is_said_with_its_path},
        {"ten levels are fine", test_ten_levels_are_fine},
        {"the number of parts is bounded", test_the_number_of_parts_is_bounded},
        {"the largest filters", test_the_largest_filters},
        {"a long filter is refused", test_a_long_filter_is_refused},
        {"a huge event", test_a_huge_event},
        CU_TEST_INFO_NULL,
    };

    return unit_run("filter", tests);
}
