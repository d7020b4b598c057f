/*
 * test_compare.c - unit tests for worker/process/compare.c
 */
#include "compare.h"
#include "unit.h"

static struct json_value
value_of(const char *text)
{
    struct json_value value = {.type = JSON_NULL};

    CU_ASSERT_TRUE_FATAL(json_read(slice_of(text), &value, NULL));
    return value;
}

static void
test_equal(void)
{
    static const struct {
        const char *claim;
        const char *a;
        const char *b;
        bool want;
    } rows[] = {
        {"the same text", "{\"a\":1}", "{\"a\":1}", true},
        {"numbers by value", "1.0", "1", true},
        {"with all their digits", "9007199254740993", "9007199254740992",
         false},
        {"strings whatever their escapes", "\"\\u0041\"", "\"A\"", true},
        {"both escaped", "\"\\u0041\\n\"", "\"A\\u000a\"", true},
        {"other strings", "\"A\"", "\"a\"", false},
        {"a number is no string", "1", "\"1\"", false},
        {"null is not false", "null", "false", false},
        {"true is not false", "true", "false", false},
        {"members in any order", "{\"a\":1,\"b\":[2,{}]}",
         "{\"b\":[2,{}],\"a\":1.0}", true},
        {"names whatever their escapes", "{\"\\u0061\":1}", "{\"a\":1}", true},
        {"a member more", "{\"a\":1}", "{\"a\":1,\"b\":2}", false},
        {"another name", "{\"a\":1}", "{\"b\":1}", false},
        {"items in their order", "[1,2]", "[2,1]", false},
        {"an item less", "[1,2]", "[1]", false},
        {"an item more", "[1]", "[1,2]", false},
        {"deep inside", "{\"a\":{\"b\":[{\"c\":1}]}}",
         "{\"a\":{\"b\":[{\"c\":2}]}}", false},
        {"empty ones", "{}", "{}", true},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct json_value a = value_of(rows[i].a), b = value_of(rows[i].b);

        if (compare_equal(&a, &b) != rows[i].want)
            fprintf(stderr, "\n%s: %s and %s\n", rows[i].claim, rows[i].a,
                    rows[i].b);
        CU_ASSERT_EQUAL(compare_equal(&a, &b), rows[i].want);
        CU_ASSERT_EQUAL(compare_equal(&b, &a), rows[i].want);
    }
}

static void
test_share(void)
{
    static const struct {
        const char *claim;
        const char *event; /* NULL = absent */
        const char *record;
        int want;
    } rows[] = {
        {"all of them", "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2}", 100},
        {"a half", "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":3}", 50},
        {"rounded down", "{\"a\":1,\"b\":2,\"c\":3}",
         "{\"a\":1,\"b\":2,\"c\":4}", 66},
        {"none", "{\"a\":1}", "{\"a\":2}", 0},
        {"what the event does not name is not asked for", "{\"a\":1}",
         "{\"a\":1,\"b\":2}", 100},
        {"what the record has not is different", "{\"a\":1,\"b\":2}",
         "{\"a\":1}", 50},
        {"an event without a record", NULL, "{\"a\":1}", -1},
        {"an event without members", "{}", "{\"a\":1}", -1},
        {"an event that is no object", "[1]", "{\"a\":1}", -1},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int got =
            compare_share(slice_of(rows[i].event), slice_of(rows[i].record));

        if (got != rows[i].want)
            fprintf(stderr, "\n%s: got %d, want %d\n", rows[i].claim, got,
                    rows[i].want);
        CU_ASSERT_EQUAL(got, rows[i].want);
    }
}

static void
test_version(void)
{
    static const struct {
        const char *claim;
        const char *event;
        const char *record;
        const char *field;
        enum verdict_version want;
    } rows[] = {
        {"equal text", "{\"v\":\"2026-01-01T00:00:00Z\"}",
         "{\"v\":\"2026-01-01T00:00:00Z\"}", "v", VERSION_SAME},
        {"the same moment, written differently",
         "{\"v\":\"2026-01-01T01:00:00+01:00\"}",
         "{\"v\":\"2026-01-01 00:00:00+00\"}", "v", VERSION_SAME},
        {"later", "{\"v\":\"2026-01-01T00:00:00Z\"}",
         "{\"v\":\"2026-01-01T00:00:00.000001Z\"}", "v", VERSION_NEWER},
        {"earlier", "{\"v\":\"2026-01-01T00:00:01Z\"}",
         "{\"v\":\"2026-01-01T00:00:00Z\"}", "v", VERSION_OLDER},
        {"a greater number", "{\"v\":9}", "{\"v\":10}", "v", VERSION_NEWER},
        {"a smaller number", "{\"v\":10}", "{\"v\":9}", "v", VERSION_OLDER},
        {"equal words", "{\"v\":\"x\"}", "{\"v\":\"x\"}", "v", VERSION_SAME},
        {"words have no order", "{\"v\":\"x\"}", "{\"v\":\"y\"}", "v",
         VERSION_UNKNOWN},
        {"missing in the event", "{}", "{\"v\":1}", "v", VERSION_UNKNOWN},
        {"missing in the record", "{\"v\":1}", "{}", "v", VERSION_UNKNOWN},
        {"null", "{\"v\":null}", "{\"v\":null}", "v", VERSION_UNKNOWN},
        {"no such field", "{\"v\":1}", "{\"v\":1}", NULL, VERSION_UNKNOWN},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum verdict_version got = compare_version(
            slice_of(rows[i].event), slice_of(rows[i].record), rows[i].field);

        if (got != rows[i].want)
            fprintf(stderr, "\n%s: got %d, want %d\n", rows[i].claim, (int)got,
                    (int)rows[i].want);
        CU_ASSERT_EQUAL(got, rows[i].want);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"values are equal if they mean the same", test_equal},
        {"the share of equal members", test_share},
        {"which version is the newer one", test_version},
        CU_TEST_INFO_NULL,
    };

    return unit_run("compare", tests);
}
