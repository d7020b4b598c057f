/*
 * test_utf8.c - unit tests for base/utf8.c
 */
#include "utf8.h"

#include "unit.h"

#include <stdbool.h>
#include <string.h>

static void
test_length(void)
{
    static const struct {
        const char *claim, *bytes;
        size_t len, want;
    } rows[] = {
        {"ASCII", "a", 1, 1},
        {"NUL is a character", "\0", 1, 1},
        {"DEL", "\x7f", 1, 1},
        {"first of two bytes", "\xc2\x80", 2, 2},
        {"last of two bytes", "\xdf\xbf", 2, 2},
        {"first of three bytes", "\xe0\xa0\x80", 3, 3},
        {"last before the surrogates", "\xed\x9f\xbf", 3, 3},
        {"first after the surrogates", "\xee\x80\x80", 3, 3},
        {"last of three bytes", "\xef\xbf\xbf", 3, 3},
        {"first of four bytes", "\xf0\x90\x80\x80", 4, 4},
        {"the last code point", "\xf4\x8f\xbf\xbf", 4, 4},
        {"more may follow", "\xc3\xa4xyz", 5, 2},
        {"lone continuation byte", "\x80", 1, 0},
        {"overlong slash", "\xc0\xaf", 2, 0},
        {"overlong DEL", "\xc1\xbf", 2, 0},
        {"overlong in three bytes", "\xe0\x9f\xbf", 3, 0},
        {"overlong in four bytes", "\xf0\x8f\xbf\xbf", 4, 0},
        {"high surrogate", "\xed\xa0\x80", 3, 0},
        {"low surrogate", "\xed\xbf\xbf", 3, 0},
        {"past the last code point", "\xf4\x90\x80\x80", 4, 0},
        {"f5", "\xf5\x80\x80\x80", 4, 0},
        {"fe", "\xfe\x80\x80\x80", 4, 0},
        {"ff", "\xff", 1, 0},
        {"two bytes cut after one", "\xc3", 1, 0},
        {"three bytes cut after two", "\xe2\x82", 2, 0},
        {"four bytes cut after three", "\xf0\x9f\x98", 3, 0},
        {"second byte wrong", "\xc3(", 2, 0},
        {"third byte wrong", "\xe2\x82(", 3, 0},
        {"fourth byte wrong", "\xf0\x9f\x98(", 4, 0},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        /* A copy of exact size lets a sanitizer see a byte too many. */
        unsigned char *copy = malloc(rows[i].len);
        size_t got;

        CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
        memcpy(copy, rows[i].bytes, rows[i].len);
        got = utf8_length(copy, rows[i].len);
        if (got != rows[i].want)
            fprintf(stderr, "\n%s: got %zu, want %zu\n", rows[i].claim, got,
                    rows[i].want);
        CU_ASSERT_EQUAL(got, rows[i].want);
        free(copy);
    }
}

static void
test_every_code_point_and_back(void)
{
    uint32_t c;

    for (c = 0; c <= 0x10ffff; c++) {
        char out[UTF8_MAX];
        size_t len = utf8_encode(c, out);
        size_t read = utf8_length((const unsigned char *)out, len);
        bool surrogate = c >= 0xd800 && c <= 0xdfff;

        CU_ASSERT_EQUAL_FATAL(read, surrogate ? 0 : len);
    }
}

/* All sequences of three bytes: exactly the code points of that length. */
static void
test_nothing_else_is_valid(void)
{
    size_t three = 0;
    unsigned a, b, c;

    for (a = 0; a < 256; a++)
        for (b = 0; b < 256; b++)
            for (c = 0; c < 256; c++) {
                unsigned char bytes[3] = {(unsigned char)a, (unsigned char)b,
                                          (unsigned char)c};

                three += utf8_length(bytes, 3) == 3;
            }
    CU_ASSERT_EQUAL(three, 0x10000 - 0x800 - 0x800);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"length", test_length},
        {"every code point and back", test_every_code_point_and_back},
        {"nothing else is valid", test_nothing_else_is_valid},
        CU_TEST_INFO_NULL,
    };

    return unit_run("utf8", tests);
}
