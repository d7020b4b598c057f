/*
 * test_tokens.c - unit tests for worker/send/tokens.c
 */
#include "tokens.h"

#include "clock.h"
#include "unit.h"

#include <string.h>

#define S CLOCK_US_PER_S
#define NOW_US (1000 * S)

static void
keep(struct tokens *tokens, uint32_t id, uint64_t version, const char *text,
     int64_t renew_after_s)
{
    const struct subscription subscription = {.id = id, .version = version};
    struct oauth2_token token = {.renew_after_s = renew_after_s};

    memcpy(token.text, text, strlen(text) + 1);
    tokens_keep(tokens, &subscription, &token, NOW_US);
    memset(token.text, 'x', strlen(text)); /* the text was copied */
}

static const char *
find(struct tokens *tokens, uint32_t id, uint64_t version, int64_t now_us)
{
    const struct subscription subscription = {.id = id, .version = version};

    return tokens_find(tokens, &subscription, now_us);
}

static void
test_a_token_is_good_until_it_is_to_be_renewed(void)
{
    struct tokens *tokens = tokens_new();

    CU_ASSERT_PTR_NULL(find(tokens, 7, 1, NOW_US));
    keep(tokens, 7, 1, "first", 60);
    CU_ASSERT_STRING_EQUAL(find(tokens, 7, 1, NOW_US), "first");
    CU_ASSERT_STRING_EQUAL(find(tokens, 7, 1, NOW_US + 60 * S - 1), "first");
    CU_ASSERT_PTR_NULL(find(tokens, 7, 1, NOW_US + 60 * S));
    /* It has gone, whatever the clock says. */
    CU_ASSERT_PTR_NULL(find(tokens, 7, 1, NOW_US));
    tokens_free(tokens);
}

static void
test_a_token_that_ends_at_once(void)
{
    struct tokens *tokens = tokens_new();

    keep(tokens, 7, 1, "short", 0);
    CU_ASSERT_PTR_NULL(find(tokens, 7, 1, NOW_US));
    tokens_free(tokens);
}

static void
test_other_credentials_never_use_it(void)
{
    struct tokens *tokens = tokens_new();

    keep(tokens, 7, 1, "of seven", 60);
    keep(tokens, 8, 1, "of eight", 60);
    CU_ASSERT_STRING_EQUAL(find(tokens, 7, 1, NOW_US), "of seven");
    CU_ASSERT_STRING_EQUAL(find(tokens, 8, 1, NOW_US), "of eight");
    CU_ASSERT_PTR_NULL(find(tokens, 9, 1, NOW_US));
    CU_ASSERT_PTR_NULL(find(tokens, 7, 2, NOW_US));
    CU_ASSERT_PTR_NULL(find(tokens, 7, 1, NOW_US));
    CU_ASSERT_STRING_EQUAL(find(tokens, 8, 1, NOW_US), "of eight");
    tokens_free(tokens);
}

static void
test_the_newer_one_replaces_it(void)
{
    struct tokens *tokens = tokens_new();

    keep(tokens, 7, 1, "first", 60);
    keep(tokens, 7, 1, "second", 120);
    CU_ASSERT_STRING_EQUAL(find(tokens, 7, 1, NOW_US + 90 * S), "second");
    tokens_free(tokens);
}

static void
test_a_token_that_was_refused(void)
{
    const struct subscription seven = {.id = 7}, nine = {.id = 9};
    struct tokens *tokens = tokens_new();

    keep(tokens, 7, 1, "of seven", 60);
    keep(tokens, 8, 1, "of eight", 60);
    tokens_forget(tokens, &seven);
    tokens_forget(tokens, &nine);
    CU_ASSERT_PTR_NULL(find(tokens, 7, 1, NOW_US));
    CU_ASSERT_STRING_EQUAL(find(tokens, 8, 1, NOW_US), "of eight");
    tokens_free(tokens);
}

static void
test_there_are_never_too_many(void)
{
    struct tokens *tokens = tokens_new();
    uint32_t id;

    for (id = 1; id <= TOKENS_MAX; id++)
        keep(tokens, id, 1, "one of many", 60);
    CU_ASSERT_PTR_NOT_NULL(find(tokens, 1, 1, NOW_US));
    CU_ASSERT_PTR_NOT_NULL(find(tokens, TOKENS_MAX, 1, NOW_US));
    keep(tokens, id, 1, "the last", 60);
    CU_ASSERT_STRING_EQUAL(find(tokens, id, 1, NOW_US), "the last");
    CU_ASSERT_PTR_NULL(find(tokens, 1, 1, NOW_US));
    CU_ASSERT_PTR_NULL(find(tokens, TOKENS_MAX, 1, NOW_US));
    tokens_free(tokens);
    tokens_free(NULL);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a token is good until it is to be renewed",
         test_a_token_is_good_until_it_is_to_be_renewed},
        {"a token that ends at once", test_a_token_that_ends_at_once},
        {"other credentials never use it", test_other_credentials_never_use_it},
        {"the newer one replaces it", test_the_newer_one_replaces_it},
        {"a token that was refused", test_a_token_that_was_refused},
        {"there are never too many", test_there_are_never_too_many},
        CU_TEST_INFO_NULL,
    };

    return unit_run("tokens", tests);
}
