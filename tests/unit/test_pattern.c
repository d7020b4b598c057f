/*
 * test_pattern.c - unit tests for core/catalog/pattern.c
 */
#include "pattern.h"

#include "unit.h"

static void
test_matching(void)
{
    static const struct {
        const char *claim;
        const char *pattern, *type;
        bool want;
    } rows[] = {
        {"a type matches itself", "order.created", "order.created", true},
        {"not another one", "order.created", "order.creates", false},
        {"not a longer one", "order.created", "order.created.eu", false},
        {"not a shorter one", "order.created", "order", false},
        {"letter case matters", "Order.created", "order.created", false},
        {"* matches a single word", "*", "ping", true},
        {"* matches any depth", "*", "a.b.c.d", true},
        {"order.* matches one part", "order.*", "order.created", true},
        {"order.* matches any depth", "order.*", "order.line.added", true},
        {"order.* does not match order", "order.*", "order", false},
        {"order.* does not match orders", "order.*", "orders.created", false},
        {"order.* does not match order_x", "order.*", "order_x.created", false},
        {"a.b.* wants both parts", "a.b.*", "a.b.c", true},
        {"a.b.* does not match a.c", "a.b.*", "a.c.b", false},
        {"bytes above ASCII", "best\xc3\xa4nd.*", "best\xc3\xa4nd.neu", true},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool got =
            pattern_matches(slice_of(rows[i].pattern), slice_of(rows[i].type));

        if (got != rows[i].want)
            fprintf(stderr, "\n%s\n", rows[i].claim);
        CU_ASSERT_EQUAL(got, rows[i].want);
    }
}

static void
test_validity(void)
{
    static const struct {
        const char *claim;
        struct slice text;
        bool pattern, type;
    } rows[] = {
        {"a plain type", {"order.created", 13}, true, true},
        {"one part", {"ping", 4}, true, true},
        {"any printable ASCII", {"a-b_c:d/e@f", 11}, true, true},
        {"UTF-8", {"bestellung.ge\xc3\xa4ndert", 20}, true, true},
        {"nothing at all", {"", 0}, false, false},
        {"absent", {NULL, 0}, false, false},
        {"everything", {"*", 1}, true, false},
        {"a prefix", {"order.*", 7}, true, false},
        {"a deep prefix", {"a.b.c.*", 7}, true, false},
        {"* inside a part", {"order*", 6}, false, false},
        {"* inside the last part", {"order.c*", 8}, false, false},
        {"* as the first part", {"*.created", 9}, false, false},
        {"* in the middle", {"a.*.b", 5}, false, false},
        {"two stars", {"a.*.*", 5}, false, false},
        {"only .*", {".*", 2}, false, false},
        {"an empty first part", {".a", 2}, false, false},
        {"an empty last part", {"a.", 2}, false, false},
        {"an empty part inside", {"a..b", 4}, false, false},
        {"an empty part before *", {"a..*", 4}, false, false},
        {"a lone dot", {".", 1}, false, false},
        {"a space", {"a b", 3}, false, false},
        {"a tab", {"a\tb", 3}, false, false},
        {"a newline at the end", {"ab\n", 3}, false, false},
        {"a NUL", {"a\0b", 3}, false, false},
        {"DEL", {"a\x7f", 2}, false, false},
        {"a C1 control", {"a\xc2\x85", 3}, false, false},
        {"a no-break space", {"a\xc2\xa0", 3}, false, false},
        {"the first letter behind it", {"a\xc2\xa1", 3}, true, true},
        {"an ideographic space", {"a\xe3\x80\x80", 4}, false, false},
        {"a line separator", {"a\xe2\x80\xa8", 4}, false, false},
        {"an emoji", {"a\xf0\x9f\x98\x80", 5}, true, true},
        {"broken UTF-8", {"a\xc3", 2}, false, false},
        {"an overlong dot", {"a\xc0\xae", 3}, false, false},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool pattern = pattern_is_valid(rows[i].text);
        bool type = pattern_is_type(rows[i].text);

        if (pattern != rows[i].pattern || type != rows[i].type)
            fprintf(stderr, "\n%s: got %d %d\n", rows[i].claim, pattern, type);
        CU_ASSERT_EQUAL(pattern, rows[i].pattern);
        CU_ASSERT_EQUAL(type, rows[i].type);
    }
}

static void
test_length(void)
{
    char text[PATTERN_MAX + 1];

    memset(text, 'a', sizeof(text));
    CU_ASSERT_TRUE(pattern_is_type(slice_make(text, PATTERN_MAX)));
    CU_ASSERT_FALSE(pattern_is_type(slice_make(text, PATTERN_MAX + 1)));
    memcpy(text + PATTERN_MAX - 2, ".*", 2);
    CU_ASSERT_TRUE(pattern_is_valid(slice_make(text, PATTERN_MAX)));
    memcpy(text + PATTERN_MAX - 2, "a.*", 3);
    CU_ASSERT_FALSE(pattern_is_valid(slice_make(text, PATTERN_MAX + 1)));
}

/* Whatever a table is called, what comes out are parts of a type. */
static void
test_cleaning(void)
{
    static const struct {
        const char *claim;
        struct slice text;
        const char *want;
    } rows[] = {
        {"a good name stays", {"auth.users", 10}, "auth.users"},
        {"UTF-8 stays", {"\xc3\xa4.b", 4}, "\xc3\xa4.b"},
        {"a space", {"my table", 8}, "my_table"},
        {"a star", {"*", 1}, "_"},
        {"a newline", {"a\nb", 3}, "a_b"},
        {"a character of three bytes", {"a\xe3\x80\x80", 4}, "a_"},
        {"an empty part", {"a..b", 4}, "a._.b"},
        {"an empty first part", {".a", 2}, "_.a"},
        {"an empty last part", {"a.", 2}, "a._"},
        {"nothing but dots", {"..", 2}, "_._._"},
        {"nothing", {"", 0}, "_"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out = BUF_INIT(64);

        pattern_add_clean(&out, rows[i].text);
        if (!slice_is(buf_slice(&out), rows[i].want))
            fprintf(stderr, "\n%s: got %s\n", rows[i].claim, out.data);
        CU_ASSERT(slice_is(buf_slice(&out), rows[i].want));
        CU_ASSERT(pattern_is_type(buf_slice(&out)));
        buf_free(&out);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"matching", test_matching}, {"validity", test_validity},
        {"length", test_length},     {"cleaning", test_cleaning},
        CU_TEST_INFO_NULL,
    };

    return unit_run("pattern", tests);
}
