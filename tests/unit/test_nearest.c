/*
 * test_nearest.c - unit tests for base/nearest.c
 */
#include "nearest.h"
#include "unit.h"

#include <stdbool.h>
#include <string.h>

static const char *const words[] = {"format", "filter", "secret-stdin", "url",
                                    "id"};

static const char *
likest(const char *word)
{
    struct nearest nearest;
    size_t i;

    nearest_begin(&nearest, word);
    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        nearest_offer(&nearest, words[i]);
    return nearest.found;
}

static void
test_what_may_be_meant(void)
{
    static const struct {
        const char *claim;
        const char *word;
        const char *want; /* NULL: nothing */
    } rows[] = {
        {"a letter too few", "forma", "format"},
        {"two letters that changed places", "fliter", "filter"},
        {"another letter case", "FORMAT", "format"},
        {"an underscore for a dash", "secret_stdin", "secret-stdin"},
        {"three letters of a long word", "secrets-sdtni", "secret-stdin"},
        {"nothing like it", "frobnicate", NULL},
        {"short words with nothing in common", "xyz", NULL},
        {"one letter of two", "ix", "id"},
        {"nothing", "", NULL},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *got = likest(rows[i].word);
        bool right = rows[i].want == NULL
                         ? got == NULL
                         : got != NULL && strcmp(got, rows[i].want) == 0;

        if (!right)
            fprintf(stderr, "\n%s: got %s\n", rows[i].claim,
                    got == NULL ? "nothing" : got);
        CU_ASSERT_TRUE(right);
    }
}

static void
test_words_that_are_too_long_are_like_nothing(void)
{
    char longest[NEAREST_MAX + 1], longer[NEAREST_MAX + 2];
    struct nearest nearest;

    memset(longest, 'a', sizeof(longest));
    longest[NEAREST_MAX] = '\0';
    memset(longer, 'a', sizeof(longer));
    longer[NEAREST_MAX + 1] = '\0';
    nearest_begin(&nearest, longest);
    nearest_offer(&nearest, longer);
    CU_ASSERT_PTR_NULL(nearest.found);
    nearest_offer(&nearest, longest);
    CU_ASSERT_PTR_EQUAL(nearest.found, longest);
    nearest_begin(&nearest, longer);
    nearest_offer(&nearest, longest);
    nearest_offer(&nearest, longer);
    CU_ASSERT_PTR_NULL(nearest.found);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"what may be meant", test_what_may_be_meant},
        {"words that are too long are like nothing",
         test_words_that_are_too_long_are_like_nothing},
        CU_TEST_INFO_NULL,
    };

    return unit_run("nearest", tests);
}
