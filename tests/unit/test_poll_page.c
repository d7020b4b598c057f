/*
 * test_poll_page.c - unit tests for worker/process/poll_page.c
 */
#include "poll_page.h"
#include "unit.h"

#define ASKED 100

/* Gives the pages of one look to an API that has `total` rows and gives at most
   `most` of them at once. Returns how many rows were read. */
static uint32_t
look(struct poll_page *page, uint32_t total, uint32_t most, unsigned *questions)
{
    uint32_t limit = most < ASKED ? most : ASKED, got = 0, rows;
    bool more = true;

    for (*questions = 0; more && *questions < 1000; ++*questions) {
        rows = total - got < limit ? total - got : limit;
        got += rows;
        more = poll_page_more(page, rows, ASKED);
    }
    return got;
}

static void
test_a_limit_of_the_api_loses_nothing(void)
{
    static const uint32_t limits[] = {1, 2, 7, 50, 99, 100, 1000};
    static const uint32_t totals[] = {0, 1, 2, 49, 50, 51, 100, 150, 333};
    unsigned questions;
    size_t i, k;

    for (i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        for (k = 0; k < sizeof(totals) / sizeof(totals[0]); k++) {
            struct poll_page page = {.rows = 0};

            CU_ASSERT_EQUAL(look(&page, totals[k], limits[i], &questions),
                            totals[k]);
        }
    }
}

static void
test_one_question_is_enough_once_pages_are_known(void)
{
    struct poll_page page = {.rows = 0};
    unsigned questions, i, doubts = 0;

    (void)look(&page, 150, 100, &questions);
    CU_ASSERT_EQUAL(questions, 2);
    for (i = 0; i < 100; i++) {
        CU_ASSERT_EQUAL(look(&page, 3, 100, &questions), 3);
        doubts += questions - 1;
    }
    CU_ASSERT(doubts > 0 && doubts <= 5);
    CU_ASSERT_EQUAL(look(&page, 0, 100, &questions), 0);
    CU_ASSERT_EQUAL(questions, 1);
}

static void
test_a_limit_that_is_lowered_is_noticed(void)
{
    struct poll_page page = {.rows = 0};
    unsigned questions, looks = 0;

    (void)look(&page, 500, 100, &questions);
    while (looks < 100 && look(&page, 500, 10, &questions) < 500)
        looks++;
    CU_ASSERT(looks <= 20);
    /* From then on it is known. */
    CU_ASSERT_EQUAL(look(&page, 500, 10, &questions), 500);
}

static void
test_a_limit_that_is_raised_is_noticed_at_once(void)
{
    struct poll_page page = {.rows = 0};
    unsigned questions;

    CU_ASSERT_EQUAL(look(&page, 55, 10, &questions), 55);
    CU_ASSERT_TRUE(page.full);
    CU_ASSERT_EQUAL(look(&page, 55, 40, &questions), 55);
    CU_ASSERT_EQUAL(questions, 2);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a limit of the API loses nothing",
         test_a_limit_of_the_api_loses_nothing},
        {"one question is enough once pages are known",
         test_one_question_is_enough_once_pages_are_known},
        {"a limit that is lowered is noticed",
         test_a_limit_that_is_lowered_is_noticed},
        {"a limit that is raised is noticed at once",
         test_a_limit_that_is_raised_is_noticed_at_once},
        CU_TEST_INFO_NULL,
    };

    return unit_run("poll_page", tests);
}
