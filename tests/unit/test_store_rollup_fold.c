/*
 * test_store_rollup_fold.c - unit tests for core/store/counts/store_rollup_fold.c:
 * nothing that was counted is lost when old hours become one row.
 */
#include "store_rollup.h"

#include "clock.h"
#include "testdb.h"
#include "unit.h"

#include <string.h>

#define LIMIT_US INT64_C(1767279600000000) /* 2026-01-01 15:00 */
#define ALL_TIME "hour = '1971-01-01'"

static struct db *db;

static void
add(const char *hour, unsigned id, unsigned slot, unsigned successful,
    unsigned filtered)
{
    char sql[512];

    snprintf(sql, sizeof(sql),
             "INSERT INTO rollup_subscriptions SET hour = '%s', "
             "subscription_id = %u, slot = %u, successful = %u, failed = 1, "
             "attempts = %u, b3 = %u, filtered = %u",
             hour, id, slot, successful, successful + 1, successful, filtered);
    testdb_exec(db, sql);
}

static void
fold(void)
{
    bool more = true;
    unsigned steps = 0;

    while (more && steps++ < 100)
        CU_ASSERT_EQUAL_FATAL(rollup_fold(db, LIMIT_US, &more), DB_OK);
    CU_ASSERT_FALSE(more);
}

/* of: a column, where: of which rows. */
static uint64_t
sum(const char *of, const char *where)
{
    char sql[256];

    snprintf(sql, sizeof(sql),
             "SELECT COALESCE(SUM(%s), 0) FROM rollup_subscriptions WHERE %s",
             of, where);
    return testdb_u64(db, sql);
}

static void
test_old_hours_become_one_row(void)
{
    testdb_exec(db, "DELETE FROM rollup_subscriptions");
    add("2026-01-01 10:00:00", 7, 1, 10, 100);
    add("2026-01-01 10:00:00", 7, 2, 20, 200);
    add("2026-01-01 11:00:00", 7, 1, 40, 400);
    add("2026-01-01 11:00:00", 8, 1, 5, 50);
    add("2026-01-01 15:00:00", 7, 1, 80, 800);
    fold();
    CU_ASSERT_EQUAL(sum("1", ALL_TIME), 2);
    CU_ASSERT_EQUAL(sum("successful", ALL_TIME " AND subscription_id = 7"), 70);
    CU_ASSERT_EQUAL(sum("failed", ALL_TIME " AND subscription_id = 7"), 3);
    CU_ASSERT_EQUAL(sum("attempts", ALL_TIME " AND subscription_id = 7"), 73);
    CU_ASSERT_EQUAL(sum("b3", ALL_TIME " AND subscription_id = 7"), 70);
    CU_ASSERT_EQUAL(sum("filtered", ALL_TIME " AND subscription_id = 7"), 700);
    CU_ASSERT_EQUAL(sum("filtered", ALL_TIME " AND subscription_id = 8"), 50);
    /* The hour that is not old yet stays. */
    CU_ASSERT_EQUAL(sum("1", "hour > '1971-01-01'"), 1);
    CU_ASSERT_EQUAL(sum("filtered", "hour = '2026-01-01 15:00:00'"), 800);
    CU_ASSERT_EQUAL(sum("filtered", "1"), 1550);
}

static void
test_a_later_fold_adds_to_it(void)
{
    testdb_exec(db, "DELETE FROM rollup_subscriptions");
    add("2026-01-01 10:00:00", 7, 1, 10, 100);
    fold();
    add("2026-01-01 11:00:00", 7, 1, 1, 1);
    add("2026-01-01 11:00:00", 7, 9, 2, 2);
    fold();
    CU_ASSERT_EQUAL(sum("1", "1"), 1);
    CU_ASSERT_EQUAL(sum("filtered", ALL_TIME), 103);
    CU_ASSERT_EQUAL(sum("successful", ALL_TIME), 13);
    fold();
    CU_ASSERT_EQUAL(sum("filtered", ALL_TIME), 103);
}

/* A subscription whose filter kept everything back. */
static void
test_rows_that_count_nothing_else(void)
{
    testdb_exec(db, "DELETE FROM rollup_subscriptions");
    testdb_exec(db, "INSERT INTO rollup_subscriptions SET "
                    "hour = '2026-01-01 10:00:00', subscription_id = 7, "
                    "slot = 1, filtered = 5");
    fold();
    CU_ASSERT_EQUAL(sum("filtered", ALL_TIME), 5);
    CU_ASSERT_EQUAL(sum("successful + failed + attempts", ALL_TIME), 0);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"old hours become one row", test_old_hours_become_one_row},
        {"a later fold adds to it", test_a_later_fold_adds_to_it},
        {"rows that count nothing else", test_rows_that_count_nothing_else},
        CU_TEST_INFO_NULL,
    };
    int failed;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (!testdb_migrate())
        return EXIT_FAILURE;
    db = db_new(&testdb_settings);
    failed = unit_run("store_rollup_fold", tests);
    db_free(db);
    testdb_stop();
    return failed;
}
