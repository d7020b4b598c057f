/*
 * test_backlog.c - tests for fcgi/receive/backlog.c and what it counts with,
 * core/store/counts/store_backlog.c, against a real database.
 */
#include "backlog.h"

#include "clock.h"
#include "lane.h"
#include "store_backlog.h"
#include "testdb.h"
#include "unit.h"

#define SOURCE 7

static struct db *db;
static struct db_pool *pool;

static void
add_jobs(uint64_t lane, uint64_t first_id, unsigned count)
{
    char sql[256];
    unsigned i;

    for (i = 0; i < count; i++) {
        snprintf(sql, sizeof(sql),
                 "INSERT INTO jobs (id, kind, shard, lane, event_id) VALUES "
                 "(%llu, %d, %lu, %llu, 1)",
                 (unsigned long long)first_id + i, JOB_PROCESS,
                 (unsigned long)lane_shard(lane), (unsigned long long)lane);
        testdb_exec(db, sql);
    }
}

static enum backlog_answer
enter(struct backlog *backlog, uint32_t most, bool insist)
{
    struct backlog_queue *queue = NULL;
    enum backlog_answer answer =
        backlog_enter(backlog, SOURCE, most, insist, clock_mono_us(), &queue);

    if (answer == BACKLOG_FITS)
        backlog_leave(backlog, queue, true);
    return answer;
}

static void
test_what_is_counted(void)
{
    static const struct {
        const char *claim;
        uint32_t source_id, most, want;
    } rows[] = {
        {"jobs to be processed and those that wait for the API", SOURCE, 100,
         5},
        {"no more than is asked for", SOURCE, 4, 4},
        {"another source's are its own", SOURCE + 1, 100, 1},
        {"a source without any", SOURCE + 2, 100, 0},
    };
    uint32_t count;
    size_t i;

    testdb_exec(db, "DELETE FROM jobs");
    add_jobs(lane_number(LANE_SOURCE, SOURCE), 10, 3);
    add_jobs(lane_number(LANE_FETCH, SOURCE), 20, 2);
    add_jobs(lane_number(LANE_SOURCE, SOURCE + 1), 30, 1);
    add_jobs(lane_number(LANE_SUBSCRIPTION, SOURCE), 40, 9);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        count = 999;
        CU_ASSERT_EQUAL(
            store_backlog_count(db, rows[i].source_id, rows[i].most, &count),
            DB_OK);
        if (count != rows[i].want)
            fprintf(stderr, "\n%s: got %lu\n", rows[i].claim,
                    (unsigned long)count);
        CU_ASSERT_EQUAL(count, rows[i].want);
    }
}

static void
test_the_first_one_asks(void)
{
    struct backlog *backlog = backlog_new();
    unsigned i;

    testdb_exec(db, "DELETE FROM jobs");
    add_jobs(lane_number(LANE_SOURCE, SOURCE), 1, 6);
    CU_ASSERT_EQUAL(enter(backlog, 10, false), BACKLOG_UNKNOWN);
    CU_ASSERT_EQUAL(backlog_count(backlog, db, SOURCE), DB_OK);
    for (i = 0; i < 4; i++)
        CU_ASSERT_EQUAL(enter(backlog, 10, false), BACKLOG_FITS);
    CU_ASSERT_EQUAL(enter(backlog, 10, false), BACKLOG_FULL);
    /* A higher limit takes more. */
    CU_ASSERT_EQUAL(enter(backlog, 11, false), BACKLOG_FITS);
    CU_ASSERT_EQUAL(enter(backlog, 11, false), BACKLOG_FULL);
    backlog_free(backlog);
}

static void
test_who_insists(void)
{
    struct backlog *backlog = backlog_new();

    testdb_exec(db, "DELETE FROM jobs");
    CU_ASSERT_EQUAL(enter(backlog, 1, true), BACKLOG_FITS);
    CU_ASSERT_EQUAL(enter(backlog, 1, true), BACKLOG_FULL);
    backlog_free(backlog);
}

static void
test_what_was_not_stored(void)
{
    struct backlog *backlog = backlog_new();
    struct backlog_queue *queue = NULL;

    testdb_exec(db, "DELETE FROM jobs");
    CU_ASSERT_EQUAL(enter(backlog, 1, false), BACKLOG_UNKNOWN);
    CU_ASSERT_EQUAL(backlog_count(backlog, db, SOURCE), DB_OK);
    CU_ASSERT_EQUAL_FATAL(
        backlog_enter(backlog, SOURCE, 1, false, clock_mono_us(), &queue),
        BACKLOG_FITS);
    /* On its way it takes a place, a repeat or a failure gives it back. */
    CU_ASSERT_EQUAL(enter(backlog, 1, false), BACKLOG_FULL);
    backlog_leave(backlog, queue, false);
    CU_ASSERT_EQUAL(enter(backlog, 1, false), BACKLOG_FITS);
    CU_ASSERT_EQUAL(enter(backlog, 1, false), BACKLOG_FULL);
    backlog_free(backlog);
}

static void
test_housekeeping_counts_anew(void)
{
    struct backlog *backlog = backlog_new();
    struct backlog_queue *queue = NULL;

    testdb_exec(db, "DELETE FROM jobs");
    add_jobs(lane_number(LANE_SOURCE, SOURCE), 1, 2);
    CU_ASSERT_EQUAL(enter(backlog, 2, false), BACKLOG_UNKNOWN);
    backlog_keep(backlog, pool);
    CU_ASSERT_EQUAL(enter(backlog, 2, false), BACKLOG_FULL);

    /* One was processed; one that is on its way is still reckoned. */
    testdb_exec(db, "DELETE FROM jobs WHERE id = 1");
    backlog_keep(backlog, pool);
    CU_ASSERT_EQUAL_FATAL(
        backlog_enter(backlog, SOURCE, 2, false, clock_mono_us(), &queue),
        BACKLOG_FITS);
    CU_ASSERT_EQUAL(enter(backlog, 2, false), BACKLOG_FULL);
    backlog_keep(backlog, pool);
    CU_ASSERT_EQUAL(enter(backlog, 2, false), BACKLOG_FULL);

    /* Stored: it is counted once, not twice. */
    add_jobs(lane_number(LANE_FETCH, SOURCE), 50, 1);
    backlog_leave(backlog, queue, true);
    backlog_keep(backlog, pool);
    CU_ASSERT_EQUAL(enter(backlog, 3, false), BACKLOG_FITS);
    CU_ASSERT_EQUAL(enter(backlog, 3, false), BACKLOG_FULL);
    backlog_free(backlog);
}

static void
test_quiet_sources_are_left_alone(void)
{
    struct backlog *backlog = backlog_new();

    testdb_exec(db, "DELETE FROM jobs");
    CU_ASSERT_EQUAL(enter(backlog, 5, false), BACKLOG_UNKNOWN);
    backlog_keep(backlog, pool);
    testdb_exec(db, "RENAME TABLE jobs TO jobs_hidden");
    backlog_keep(backlog, pool); /* nobody came: nothing is asked */
    testdb_exec(db, "RENAME TABLE jobs_hidden TO jobs");
    CU_ASSERT_EQUAL(enter(backlog, 5, false), BACKLOG_FITS);
    backlog_free(backlog);
}

static void
test_an_old_count_is_unknown(void)
{
    struct backlog *backlog = backlog_new();
    struct backlog_queue *queue = NULL;
    int64_t later_us;

    testdb_exec(db, "DELETE FROM jobs");
    CU_ASSERT_EQUAL(enter(backlog, 5, false), BACKLOG_UNKNOWN);
    CU_ASSERT_EQUAL(backlog_count(backlog, db, SOURCE), DB_OK);
    later_us = clock_mono_us() + 10 * CLOCK_US_PER_S;
    CU_ASSERT_EQUAL(backlog_enter(backlog, SOURCE, 5, false, later_us, &queue),
                    BACKLOG_UNKNOWN);
    CU_ASSERT_PTR_NULL(queue);
    backlog_free(backlog);
}

static void
test_without_a_database(void)
{
    struct backlog *backlog = backlog_new();
    struct settings away = testdb_settings;
    struct db_pool *nowhere;
    struct db *none;

    away.db_socket = "/nonexistent/socket";
    nowhere = db_pool_new(&away, 1);
    none = db_new(&away);
    CU_ASSERT_EQUAL(enter(backlog, 1, false), BACKLOG_UNKNOWN);
    CU_ASSERT_EQUAL(backlog_count(backlog, none, SOURCE), DB_AWAY);
    backlog_keep(backlog, nowhere);
    CU_ASSERT_EQUAL(enter(backlog, 1, false), BACKLOG_UNKNOWN);
    /* It is asked again once it is back. */
    CU_ASSERT_EQUAL(backlog_count(backlog, db, SOURCE), DB_OK);
    CU_ASSERT_EQUAL(enter(backlog, 1, false), BACKLOG_FITS);
    db_free(none);
    db_pool_free(nowhere);
    backlog_free(backlog);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"what is counted", test_what_is_counted},
        {"the first one asks", test_the_first_one_asks},
        {"who insists", test_who_insists},
        {"what was not stored", test_what_was_not_stored},
        {"housekeeping counts anew", test_housekeeping_counts_anew},
        {"quiet sources are left alone", test_quiet_sources_are_left_alone},
        {"an old count is unknown", test_an_old_count_is_unknown},
        {"without a database", test_without_a_database},
        CU_TEST_INFO_NULL,
    };
    int code = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate()) {
        db = db_new(&testdb_settings);
        pool = db_pool_new(&testdb_settings, 2);
        code = unit_run("backlog", tests);
        db_pool_free(pool);
        db_free(db);
    }
    testdb_stop();
    return code;
}
