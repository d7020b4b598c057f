/*
 * test_regexp.c - regular expressions: what matches, what is refused, and that
 * no text makes one slow.
 */
#include "regexp.h"
#include "unit.h"

#include "buf.h"

#include <string.h>

static void
matching(void)
{
    static const struct {
        const char *expression, *text;
        bool matches;
    } rows[] = {
        {"", "", true},
        {"b", "abc", true},
        {"^b", "abc", false},
        {"c$", "abc", true},
        {"c$", "abc\n", false},
        {"^$", "", true},
        {"a.c", "abc", true},
        {"a.c", "a\nc", false},
        {"^.$", "\xf0\x9f\x98\x80", true},
        {"^..$", "\xf0\x9f\x98\x80", false},
        {"[a-c]+x", "zzabcx", true},
        {"[^a-c]", "abc", false},
        {"[]", "a", false},
        {"[^]", "\n", true},
        {"^[\\d\\-x]+$", "3-x", true},
        {"\\D", "123", false},
        {"^\\w+\\s\\S$", "ab_9 !", true},
        {"\\s", "\xc2\xa0", true},
        {"[\\S]", " ", false},
        {"^(ab|cd)*$", "abcdab", true},
        {"^(ab|cd)*$", "abc", false},
        {"^(?:a|)b$", "b", true},
        {"^(?<year>\\d{4})-\\d{1,2}$", "2026-1", true},
        {"^a{2}$", "aaa", false},
        {"^a{2,}$", "aaa", true},
        {"^a{0,2}b$", "aaab", false},
        {"^a{0}b$", "b", true},
        {"^(a|b{2}){2,3}$", "abba", true},
        {"^a+?b*?c??$", "aab", true},
        {"\\bfoo\\b", "a foo.", true},
        {"\\bfoo\\b", "afoo", false},
        {"\\Boo", "foo", true},
        {"^\\u00e9\\xe9\\u{e9}$", "\xc3\xa9\xc3\xa9\xc3\xa9", true},
        {"^\\ud83d\\ude00$", "\xf0\x9f\x98\x80", true},
        {"^[\\ud83d\\ude00-\\u{1f602}]$", "\xf0\x9f\x98\x81", true},
        {"^\\t\\n\\/\\.\\cA\\0$", "\t\n/.\x01", false},
        {"^\\t\\n\\/\\.\\cA$", "\t\n/.\x01", true},
        {"^[\\b]$", "\b", true},
        {"a|b|c|d", "xd", true},
        {"(((((a)))))", "a", true},
        {"^(a*)*$", "aaa", true},
        {"^(a?){50}a{50}$",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *why = NULL;
        struct regexp *regexp =
            regexp_compile(slice_of(rows[i].expression), &why);

        CU_ASSERT_PTR_NOT_NULL(regexp);
        if (regexp == NULL ||
            regexp_matches(regexp, slice_of(rows[i].text)) != rows[i].matches) {
            fprintf(stderr, "\n%s for \"%s\": %s\n", rows[i].expression,
                    rows[i].text, why == NULL ? "the other answer" : why);
            CU_FAIL("another answer");
        }
        regexp_free(regexp);
    }
}

static void
refused(void)
{
    static const struct {
        const char *expression, *why;
    } rows[] = {
        {"(", "( without )"},
        {")", ") without ("},
        {"[a", "[ without ]"},
        {"a]", "} or ] without its beginning"},
        {"*a", "nothing to repeat"},
        {"a**", "nothing to repeat"},
        {"^*", "nothing to repeat"},
        {"\\b+", "nothing to repeat"},
        {"a{", "{ without a number"},
        {"a{1", "{ without }"},
        {"a{2,1}", "a repetition whose end is before its start"},
        {"a{1001}", "a repetition of more than 1000"},
        {"(a{100}){100}", "the expression is too large"},
        {"((a{50}){50}){50}", "the expression is too large"},
        {"[z-a]", "a range of characters whose end is before its start"},
        {"[\\d-z]", "a range of characters with a set as its end"},
        {"(?=a)", "look-ahead and look-behind are not supported"},
        {"(?<!a)", "look-ahead and look-behind are not supported"},
        {"(a)\\1", "references to groups are not supported"},
        {"\\p{L}", "an escape that is not supported"},
        {"\\01", "octal escapes are not supported"},
        {"\\u12", "an escape that is no character"},
        {"\\u{110000}", "an escape that is no character"},
        {"\\ud83d\\u0041", "an escape that is no character"},
        {"\\", "\\ at the end"},
        {"[\\", "\\ at the end"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *why = "taken";
        struct regexp *regexp =
            regexp_compile(slice_of(rows[i].expression), &why);

        CU_ASSERT_PTR_NULL(regexp);
        if (strcmp(why, rows[i].why) != 0)
            fprintf(stderr, "\n%s: %s\n", rows[i].expression, why);
        CU_ASSERT_STRING_EQUAL(why, rows[i].why);
        regexp_free(regexp);
    }
}

static void
nesting_and_length_are_bounded(void)
{
    struct buf text = BUF_INIT(8192);
    const char *why = NULL;
    int i;

    for (i = 0; i < 600; i++)
        buf_add_char(&text, '(');
    CU_ASSERT_PTR_NULL(regexp_compile(buf_slice(&text), &why));
    CU_ASSERT_STRING_EQUAL(why, "too many groups or alternatives");
    while (text.len <= REGEXP_TEXT_MAX)
        buf_add_char(&text, 'a');
    CU_ASSERT_PTR_NULL(regexp_compile(buf_slice(&text), &why));
    CU_ASSERT_STRING_EQUAL(why, "the expression is too long");
    buf_free(&text);
}

/* What takes machines that try one way after the other for ever. */
static void
no_text_makes_it_slow(void)
{
    static const char *const expressions[] = {
        "^(a+)+$", "^(a|aa)+$", "^(a|a?)+$", "(x+x+)+y", "^(.*a){12}$"};
    struct buf text = BUF_INIT(65536);
    size_t i;

    for (i = 0; i < 20000; i++)
        buf_add_char(&text, 'a');
    buf_add_char(&text, '!');
    for (i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++) {
        const char *why = NULL;
        struct regexp *regexp = regexp_compile(slice_of(expressions[i]), &why);

        CU_ASSERT_PTR_NOT_NULL_FATAL(regexp);
        CU_ASSERT_FALSE(regexp_matches(regexp, buf_slice(&text)));
        regexp_free(regexp);
    }
    buf_free(&text);
}

/* A class is looked through range by range, wherever it is repeated. */
static void
work_counts_the_ranges_of_classes(void)
{
    static const struct {
        const char *expression;
        size_t for_empty, for_nine; /* bytes */
    } rows[] = {
        {"", 1, 10},    {"ab", 3, 30}, {"[ace]", 5, 50}, {"[ace]{10}", 41, 410},
        {"\\w", 6, 60},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *why = NULL;
        struct regexp *regexp =
            regexp_compile(slice_of(rows[i].expression), &why);

        CU_ASSERT_PTR_NOT_NULL_FATAL(regexp);
        CU_ASSERT_EQUAL(regexp_work(regexp, 0), rows[i].for_empty);
        CU_ASSERT_EQUAL(regexp_work(regexp, 9), rows[i].for_nine);
        regexp_free(regexp);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"what matches and what does not", matching},
        {"what is refused, and why", refused},
        {"nesting and length are bounded", nesting_and_length_are_bounded},
        {"no text makes it slow", no_text_makes_it_slow},
        {"work counts the ranges of classes",
         work_counts_the_ranges_of_classes},
        CU_TEST_INFO_NULL,
    };

    return unit_run("regexp", tests);
}
