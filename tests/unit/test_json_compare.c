/*
 * test_json_compare.c - unit tests for base/json_compare.c
 */
#include "json_compare.h"

#include "buf.h"
#include "json.h"
#include "unit.h"

static int
sign(int order)
{
    return (order > 0) - (order < 0);
}

static void
test_numbers(void)
{
    static const struct {
        const char *a, *b;
        int want;
    } rows[] = {
        {"1", "1", 0},
        {"1", "2", -1},
        {"10", "9", 1},
        {"-1", "1", -1},
        {"-10", "-9", -1},
        {"0", "-0", 0},
        {"0.000", "0e99", 0},
        {"-0.0", "1e-99", -1},
        {"0", "-1e-99", 1},
        {"1", "1.0", 0},
        {"1", "10e-1", 0},
        {"1", "0.1e1", 0},
        {"100", "1e2", 0},
        {"100", "1E+2", 0},
        {"0.05", "5e-2", 0},
        {"0.05", "0.050001", -1},
        {"1.5", "1.49999999999999999999", 1},
        {"9007199254740993", "9007199254740992", 1},
        {"9007199254740993", "9007199254740993.0", 0},
        {"123456789012345678901234567890", "123456789012345678901234567891",
         -1},
        {"-123456789012345678901234567890", "-123456789012345678901234567891",
         1},
        {"1e400", "9e399", 1},
        {"1e-400", "9e-401", 1},
        {"1e400", "10e399", 0},
        {"1e123456789012345678", "1e123456789012345677", 1},
        {"1e1000000000000000000", "1e99999999999999999999999999", 0},
        {"1e-99999999999999999999999999", "0", 1},
        {"1e0000000000000000000000000002", "100", 0},
        {"12.30", "12.3", 0},
        {"12.3", "12.300000000000000000000000000000000000001", -1},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice a = slice_of(rows[i].a), b = slice_of(rows[i].b);
        int got = sign(json_compare_numbers(a, b));

        if (got != rows[i].want)
            fprintf(stderr, "\n%s and %s: got %d, want %d\n", rows[i].a,
                    rows[i].b, got, rows[i].want);
        CU_ASSERT_EQUAL(got, rows[i].want);
        CU_ASSERT_EQUAL(sign(json_compare_numbers(b, a)), -rows[i].want);
    }
}

static void
test_strings(void)
{
    static const struct {
        const char *quoted, *text;
        int want;
        bool starts, ends, contains;
    } rows[] = {
        {"\"abc\"", "abc", 0, true, true, true},
        {"\"abc\"", "ab", 1, true, false, true},
        {"\"abc\"", "bc", -1, false, true, true},
        {"\"abc\"", "b", -1, false, false, true},
        {"\"abc\"", "abcd", -1, false, false, false},
        {"\"abc\"", "", 1, true, true, true},
        {"\"\"", "", 0, true, true, true},
        {"\"\"", "a", -1, false, false, false},
        {"\"ABC\"", "abc", -1, false, false, false},
        {"\"\\u0061\\u0062c\"", "abc", 0, true, true, true},
        {"\"\\u0061\\u0062c\"", "ab", 1, true, false, true},
        {"\"a\\u0062c\"", "bc", -1, false, true, true},
        {"\"a\\u0062c\"", "b", -1, false, false, true},
        {"\"a\\u0062c\"", "u0062", -1, false, false, false},
        {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80", 0, true, true, true},
        {"\"\\ud83d\\ude00\"", "\xef\xbf\xbd", 1, false, false, false},
        {"\"\\ud83d\\ude00\"", "\x98\x80", 1, false, true, true},
        {"\"\\u00e4\"", "z", 1, false, false, false},
        {"\"\\\"\\\\\\/\"", "\"\\/", 0, true, true, true},
        {"\"\\n\\t\"", "\n", 1, true, false, true},
        {"\"aaab\\u0061aab\"", "aabaaab", -1, false, true, true},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice quoted = slice_of(rows[i].quoted);
        struct slice text = slice_of(rows[i].text);
        int got = sign(json_compare_text(quoted, text));

        if (got != rows[i].want)
            fprintf(stderr, "\n%s and %s: got %d, want %d\n", rows[i].quoted,
                    rows[i].text, got, rows[i].want);
        CU_ASSERT_EQUAL(got, rows[i].want);
        CU_ASSERT_EQUAL(json_text_starts(quoted, text), rows[i].starts);
        CU_ASSERT_EQUAL(json_text_ends(quoted, text), rows[i].ends);
        CU_ASSERT_EQUAL(json_text_contains(quoted, text), rows[i].contains);
    }
}

static void
test_nul_is_a_character(void)
{
    struct slice quoted = SLICE("\"a\\u0000b\"");

    CU_ASSERT_EQUAL(json_compare_text(quoted, SLICE("a\0b")), 0);
    CU_ASSERT(json_compare_text(quoted, SLICE("a")) > 0);
    CU_ASSERT(json_text_ends(quoted, SLICE("\0b")));
    CU_ASSERT(json_text_contains(quoted, SLICE("\0")));
}

/* Wherever it stands in a long string with escapes, on the borders between
   two pieces as well. */
static void
test_part_of_a_long_string(void)
{
    struct slice needle = SLICE("needle");
    size_t before;

    for (before = 4080; before < 4110; before++) {
        struct buf text = BUF_INIT(10000);
        size_t i;

        buf_add_text(&text, "\"\\u0020");
        for (i = 0; i < before; i++)
            buf_add_char(&text, 'n');
        buf_add_text(&text, "nee\\u0064le and more\"");
        CU_ASSERT(json_text_contains(buf_slice(&text), needle));
        CU_ASSERT(!json_text_contains(buf_slice(&text), SLICE("needles")));
        CU_ASSERT(json_text_ends(buf_slice(&text), SLICE("needle and more")));
        buf_free(&text);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"numbers", test_numbers},
        {"strings", test_strings},
        {"NUL is a character", test_nul_is_a_character},
        {"part of a long string", test_part_of_a_long_string},
        CU_TEST_INFO_NULL,
    };

    return unit_run("json_compare", tests);
}
