/*
 * test_slice.c - unit tests for base/slice.h and base/slice.c
 */
#include "slice.h"

#include "unit.h"

#include <stdlib.h>

static void
test_absent_is_not_empty(void)
{
    CU_ASSERT(!slice_is(SLICE_NONE, ""));
    CU_ASSERT(!slice_is_nocase(SLICE_NONE, ""));
    CU_ASSERT(slice_is(SLICE(""), ""));
    CU_ASSERT_PTR_NULL(slice_of(NULL).ptr);
}

static void
test_comparisons(void)
{
    CU_ASSERT(slice_is(SLICE("abc"), "abc"));
    CU_ASSERT(!slice_is(SLICE("abc"), "ab"));
    CU_ASSERT(!slice_is(SLICE("abc"), "abd"));
    CU_ASSERT(!slice_is(SLICE("abc\0"), "abc"));
    CU_ASSERT(slice_equal(SLICE("a\0b"), SLICE("a\0b")));
    CU_ASSERT(!slice_equal(SLICE("a\0b"), SLICE("a\0c")));
    CU_ASSERT(!slice_equal(SLICE("ab"), SLICE("abc")));
}

static void
test_letter_case_is_ascii_only(void)
{
    CU_ASSERT(slice_is_nocase(SLICE("Content-TYPE"), "content-type"));
    CU_ASSERT(!slice_is_nocase(SLICE("content_type"), "content-type"));
    CU_ASSERT(!slice_is_nocase(SLICE("content"), "content-type"));
    CU_ASSERT(slice_is_nocase(SLICE("[@`{"), "[@`{"));
    CU_ASSERT(!slice_is_nocase(SLICE("[@"), "{`"));
    CU_ASSERT(!slice_is_nocase(SLICE("\xc3\x84"), "\xc3\xa4"));
}

static void
test_trim(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"", ""},           {" \t\r\n", ""}, {"a", "a"},
        {"  a b\t", "a b"}, {"\n\r a", "a"}, {"\va\f", "\va\f"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        CU_ASSERT(slice_is(slice_trim(slice_of(rows[i].text)), rows[i].want));
    CU_ASSERT_PTR_NULL(slice_trim(SLICE_NONE).ptr);
}

static void
test_control_characters(void)
{
    static const char *const with[] = {"\x01", "a\n", "\tb",
                                       "a\x1f"
                                       "b",
                                       "\x7f"};
    static const char *const without[] = {"", " ", "~", "a b", "\xc2\x85\xff"};
    size_t i;

    for (i = 0; i < sizeof(with) / sizeof(with[0]); i++)
        CU_ASSERT(slice_has_control(slice_of(with[i])));
    for (i = 0; i < sizeof(without) / sizeof(without[0]); i++)
        CU_ASSERT_FALSE(slice_has_control(slice_of(without[i])));
    CU_ASSERT(slice_has_control(slice_make("a\0", 2)));
    CU_ASSERT_FALSE(slice_has_control(slice_make("a\n", 1)));
    CU_ASSERT_FALSE(slice_has_control(SLICE_NONE));
}

static void
test_copies(void)
{
    struct slice bytes = slice_copy(slice_make("a\0b", 3));
    struct slice empty = slice_copy(SLICE(""));
    char *text = slice_text(slice_make("abc", 2));

    CU_ASSERT(slice_equal(bytes, slice_make("a\0b", 3)));
    CU_ASSERT_PTR_NOT_NULL(empty.ptr);
    CU_ASSERT_EQUAL(empty.len, 0);
    CU_ASSERT_STRING_EQUAL(text, "ab");
    CU_ASSERT_PTR_NULL(slice_copy(SLICE_NONE).ptr);
    CU_ASSERT_PTR_NULL(slice_text(SLICE_NONE));
    slice_free(&bytes);
    CU_ASSERT_PTR_NULL(bytes.ptr);
    slice_free(&bytes);
    slice_free(&empty);
    free(text);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"absent is not empty", test_absent_is_not_empty},
        {"comparisons take every byte", test_comparisons},
        {"letter case is an ASCII matter", test_letter_case_is_ascii_only},
        {"trim", test_trim},
        {"control characters", test_control_characters},
        {"copies", test_copies},
        CU_TEST_INFO_NULL,
    };

    return unit_run("slice", tests);
}
