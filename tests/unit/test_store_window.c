/*
 * test_store_window.c - unit tests for core/store/history/store_window.c and
 * svix_page_turn(): pages of a made-up history, one row for each id.
 */
#include "unit.h"

#include "clock.h"
#include "id.h"
#include "store_svix_page.h"
#include "store_window.h"

#include <string.h>

/* Ids below `rows` are there; every `match`-th of them matches. */
struct history {
    uint64_t rows, match;
    size_t found, windows;
    uint64_t widest; /* rows that a window had */
    uint64_t lowest; /* id that was read */
    enum db_result trouble;
};

static enum db_result
find_floor(void *arg, const struct store_window *window, uint64_t rows,
           uint64_t *floor)
{
    const struct history *history = arg;
    uint64_t top = window->top < history->rows ? window->top : history->rows;

    if (history->trouble != DB_OK)
        return history->trouble;
    if (top > rows && top - rows - 1 > *floor)
        *floor = top - rows - 1;
    return DB_OK;
}

static enum db_result
read_rows(void *arg, const struct store_window *window, size_t *count)
{
    struct history *history = arg;
    uint64_t id = window->top < history->rows ? window->top : history->rows;

    if (id - window->low > history->widest)
        history->widest = id - window->low;
    history->windows++;
    history->lowest = window->low;
    while (id-- > window->low)
        if (id % history->match == 0)
            history->found++;
    *count = history->found;
    return DB_OK;
}

static uint64_t
walk(struct history *history, size_t limit, struct store_window window)
{
    const struct store_window_plan plan = {.limit = limit,
                                           .first = 10,
                                           .growth = 4,
                                           .budget = 1000,
                                           .find_floor = find_floor,
                                           .read = read_rows};
    uint64_t next = 4711;

    CU_ASSERT_EQUAL(store_window_walk(&plan, history, window, &next), DB_OK);
    return next;
}

static void
test_walk(void)
{
    const struct store_window all = {0, 100000};
    struct history many = {.rows = 50000, .match = 1};
    struct history some = {.rows = 50000, .match = 20};
    struct history few = {.rows = 50000, .match = 5000};
    struct history small = {.rows = 100, .match = 1000};
    struct history none = {.rows = 0, .match = 1};

    /* Full at once: the next page goes on behind the last row shown. */
    CU_ASSERT_EQUAL(walk(&many, 5, all), 0);
    CU_ASSERT_EQUAL(many.windows, 1);
    CU_ASSERT_EQUAL(many.found, 11);

    /* 10, 40, 160 rows: more than five matches among them. */
    CU_ASSERT_EQUAL(walk(&some, 5, all), 0);
    CU_ASSERT_EQUAL(some.windows, 3);

    /* A seldom match: the budget ends the page, and the next one goes on just
       there. */
    CU_ASSERT_EQUAL(walk(&few, 5, all), few.lowest);
    CU_ASSERT(few.lowest <= 50000 - 1000);
    CU_ASSERT(few.lowest > 50000 - 1100);
    CU_ASSERT(few.widest <= 1000);
    CU_ASSERT_EQUAL(few.found, 0);

    /* The end of history. */
    CU_ASSERT_EQUAL(walk(&small, 5, all), 0);
    CU_ASSERT_EQUAL(small.lowest, 0);
    CU_ASSERT_EQUAL(walk(&none, 5, all), 0);
    CU_ASSERT_EQUAL(none.windows, 1);
}

static void
test_bounds(void)
{
    struct history history = {.rows = 50000, .match = 100000};
    struct history empty = {.rows = 50000, .match = 1};
    struct history gone = {.rows = 50000, .match = 1, .trouble = DB_NONE};
    uint64_t next = 0;
    const struct store_window_plan plan = {.limit = 5,
                                           .first = 10,
                                           .growth = 4,
                                           .budget = 1000,
                                           .find_floor = find_floor,
                                           .read = read_rows};

    CU_ASSERT_EQUAL(walk(&history, 5, (struct store_window){30000, 30100}), 0);
    CU_ASSERT_EQUAL(history.lowest, 30000);
    CU_ASSERT_EQUAL(walk(&empty, 5, (struct store_window){7, 7}), 0);
    CU_ASSERT_EQUAL(empty.windows, 0);

    /* Nothing can be there: the page ends. An error is one. */
    CU_ASSERT_EQUAL(walk(&gone, 5, (struct store_window){0, 9}), 0);
    gone.trouble = DB_AWAY;
    CU_ASSERT_EQUAL(
        store_window_walk(&plan, &gone, (struct store_window){0, 9}, &next),
        DB_AWAY);
}

static void
test_between(void)
{
    int64_t noon = id_time_us(id_floor(clock_wall_us()));
    struct store_window window = store_window_between(0, 0, 0);

    CU_ASSERT_EQUAL(window.low, 0);
    CU_ASSERT(window.top >= (uint64_t)INT64_MAX);
    window = store_window_between(4711, 0, 0);
    CU_ASSERT_EQUAL(window.top, 4711);
    window = store_window_between(0, noon, noon + 1000000);
    CU_ASSERT_EQUAL(window.low, id_floor(noon));
    CU_ASSERT_EQUAL(window.top, id_floor(noon + 1000000));
    /* Whichever is nearer. */
    window = store_window_between(id_floor(noon) + 5, 0, noon + 1000000);
    CU_ASSERT_EQUAL(window.top, id_floor(noon) + 5);
    window = store_window_between(id_floor(noon + 2000000), 0, noon + 1000000);
    CU_ASSERT_EQUAL(window.top, id_floor(noon + 1000000));
}

static void
test_turn(void)
{
    static const char *const want[] = {"", "a", "ba", "cba", "dcba"};
    size_t count;

    for (count = 0; count < 5; count++) {
        char rows[] = "abcd";
        int numbers[] = {1, 2, 3};

        svix_page_turn(rows, count, 1);
        CU_ASSERT(memcmp(rows, want[count], count) == 0);
        svix_page_turn(numbers, 3, sizeof(numbers[0]));
        CU_ASSERT_EQUAL(numbers[0], 3);
        CU_ASSERT_EQUAL(numbers[1], 2);
        CU_ASSERT_EQUAL(numbers[2], 1);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a page is read in windows", test_walk},
        {"within its bounds", test_bounds},
        {"ids between two moments", test_between},
        {"a page that was read backwards is turned", test_turn},
        CU_TEST_INFO_NULL,
    };

    return unit_run("store_window", tests);
}
