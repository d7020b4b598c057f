/*
 * test_redact.c - unit tests for core/outgoing/redact.c
 */
#include "unit.h"

#include "redact.h"

#include <stdlib.h>
#include <string.h>

#define SECRET "whsec_a/b+c="

static void
check(const char *claim, const char *text, const char *secret, bool cut,
      const char *want)
{
    char *got = strdup(text);

    CU_ASSERT_PTR_NOT_NULL_FATAL(got);
    redact(got, strlen(got), cut, slice_of(secret));
    if (strcmp(got, want) != 0)
        fprintf(stderr, "\n%s: got \"%s\", want \"%s\"\n", claim, got, want);
    CU_ASSERT_STRING_EQUAL(got, want);
    free(got);
}

static void
test_places(void)
{
    static const struct {
        const char *claim, *text, *want;
    } rows[] = {
        {"alone", SECRET, "************"},
        {"in the middle", "key " SECRET ".", "key ************."},
        {"several times", SECRET SECRET " " SECRET,
         "************************ ************"},
        {"not at all", "whsec_a/b+c", "whsec_a/b+c"},
        {"another one", "whsec_a/b+d=", "whsec_a/b+d="},
        {"in other letters", "WHSEC_A/B+C=", "WHSEC_A/B+C="},
        {"as PHP writes JSON", "\"whsec_a\\/b+c=\"", "\"*************\""},
        {"as JSON with numbers",
         "whsec_a\\u002fb\\u002Bc=", "**********************"},
        {"as a URL", "k=whsec_a%2Fb%2bc%3D&x", "k=******************&x"},
        {"as HTML", "<p>whsec_a&#x2F;b+c&#x3D;</p>",
         "<p>**********************</p>"},
        {"the first character too", "%77hsec_a/b+c=", "**************"},
        {"after a false start", "whsec_whsec_a/b+c=", "whsec_************"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(rows[i].claim, rows[i].text, SECRET, false, rows[i].want);
}

static void
test_ends(void)
{
    check("a whole text that ends like a secret", "x whsec_a", SECRET, false,
          "x whsec_a");
    check("cut within the secret", "x whsec_a", SECRET, true, "x *******");
    check("cut within a written character", "x whsec_a%2", SECRET, true,
          "x *********");
    check("cut after so little that it tells nothing", "x whse", SECRET, true,
          "x whse");
    check("not at the end", "whsec_a x", SECRET, true, "whsec_a x");
}

static void
test_what_is_a_secret(void)
{
    check("shorter ones are everywhere", "abcde abcde", "abcde", false,
          "abcde abcde");
    check("six characters", "abcdef abcde", "abcdef", false, "****** abcde");
    check("backslashes as they are", "x\\\\y\\\\z-", "x\\\\y\\\\z", false,
          "*******-");
    check("backslashes in JSON", "x\\\\\\\\yzz", "x\\\\yzz", false, "********");
    check("none", "abcdef", NULL, false, "abcdef");
    check("an empty text", "", SECRET, true, "");
}

/* A receiver that knows the secret writes what is almost it, all over. */
static void
test_cost(void)
{
    char *text = malloc(65536), *secret = malloc(8193);

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    CU_ASSERT_PTR_NOT_NULL_FATAL(secret);
    memset(text, 'a', 65536);
    memset(secret, 'a', 8191);
    memcpy(secret + 8191, "b", 2);
    redact(text, 65536, false, slice_of(secret));
    /* The first 8191 characters of it stand there, so they go. */
    CU_ASSERT_EQUAL(text[0], '*');
    CU_ASSERT_EQUAL(text[65000], '*');
    free(secret);
    free(text);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a secret is found however it is written", test_places},
        {"the end of a text that was cut", test_ends},
        {"what is a secret", test_what_is_a_secret},
        {"almost a secret, all over", test_cost},
        CU_TEST_INFO_NULL,
    };

    return unit_run("redact", tests);
}
