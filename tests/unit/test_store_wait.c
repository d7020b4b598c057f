/*
 * test_store_wait.c - tests for core/store/store_wait.c against a real
 * database.
 */
#include "store_wait.h"

#include "clock.h"
#include "id.h"
#include "testdb.h"
#include "unit.h"

static struct db *db;

static void
clean(void)
{
    testdb_exec(db, "DELETE FROM jobs");
    testdb_exec(db, "DELETE FROM deliveries");
    testdb_exec(db, "DELETE FROM process_waits");
}

/* ago: how many days. */
static void
archive_old(uint64_t id, const char *status, unsigned ago)
{
    char sql[400];

    snprintf(sql, sizeof(sql),
             "INSERT INTO deliveries (id,done_day,kind,application_id,owner_id,"
             "event_id,event_type,status,attempts,duration_ms,completed_at)"
             " VALUES (%llu,UTC_DATE() - INTERVAL %u DAY,1,1,1,1,'t','%s',1,1,"
             "UTC_TIMESTAMP(6))",
             (unsigned long long)id, ago, status);
    testdb_exec(db, sql);
}

static void
archive(uint64_t id, const char *status)
{
    archive_old(id, status, 0);
}

static void
test_states(void)
{
    static const struct wait_for list[] = {{1, 11}, {1, 12}, {2, 21}, {2, 22},
                                           {3, 31}, {3, 32}, {4, 41}, {5, 51}};
    struct process_wait waits[] = {{.job_id = 1}, {.job_id = 2}, {.job_id = 3},
                                   {.job_id = 4}, {.job_id = 5}, {.job_id = 6}};

    clean();
    CU_ASSERT_EQUAL(store_wait_add(db, list, 8), DB_OK);
    testdb_exec(db, "INSERT INTO jobs (id,kind,shard,lane,event_id) VALUES"
                    " (12,1,0,0,1),(21,1,0,0,1)");
    archive(11, "success");
    archive(22, "failed");
    archive(31, "success");
    archive(32, "failed");
    archive(41, "cancelled");
    CU_ASSERT_EQUAL(store_wait_look(db, waits, 6), DB_OK);
    CU_ASSERT_EQUAL(waits[0].state, WAIT_PENDING);
    CU_ASSERT_EQUAL(waits[1].state, WAIT_PENDING); /* though one has failed */
    CU_ASSERT_EQUAL(waits[2].state, WAIT_FAILED);
    CU_ASSERT_EQUAL(waits[3].state, WAIT_DONE);
    CU_ASSERT_EQUAL(waits[4].state, WAIT_DONE); /* forgotten since */
    CU_ASSERT_EQUAL(waits[5].state, WAIT_NONE);
    CU_ASSERT_EQUAL(store_wait_look(db, waits, 0), DB_OK);
}

static void
test_days_before_the_job_are_not_looked_into(void)
{
    uint64_t now = id_floor(clock_wall_us());
    const struct wait_for list[] = {{now, 71}, {now + 1, 72}};
    struct process_wait waits[] = {{.job_id = now}, {.job_id = now + 1}};

    clean();
    CU_ASSERT_EQUAL(store_wait_add(db, list, 2), DB_OK);
    archive_old(71, "failed", 3);
    archive_old(72, "failed", 0);
    CU_ASSERT_EQUAL(store_wait_look(db, waits, 2), DB_OK);
    CU_ASSERT_EQUAL(waits[0].state, WAIT_DONE);
    CU_ASSERT_EQUAL(waits[1].state, WAIT_FAILED);
}

static void
test_the_end_takes_all_rows(void)
{
    static const struct wait_for list[] = {{1, 11}, {1, 12}, {2, 21}, {3, 31}};
    static const uint64_t ended[] = {1, 3, 7};

    clean();
    CU_ASSERT_EQUAL(store_wait_add(db, list, 4), DB_OK);
    CU_ASSERT_EQUAL(store_wait_end(db, ended, 3), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM process_waits"), 1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT job_id FROM process_waits"), 2);
    CU_ASSERT_EQUAL(store_wait_end(db, ended, 0), DB_OK);
}

static void
test_rows_of_jobs_that_are_gone_are_swept(void)
{
    static const struct wait_for list[] = {{1, 11}, {2, 21}, {2, 22}, {3, 31}};
    bool more = true;

    clean();
    CU_ASSERT_EQUAL(store_wait_add(db, list, 4), DB_OK);
    testdb_exec(db, "INSERT INTO jobs (id,kind,shard,lane,event_id) VALUES"
                    " (2,2,0,5,1),(31,1,0,0,1)");
    CU_ASSERT_EQUAL(store_wait_sweep(db, &more), DB_OK);
    CU_ASSERT_FALSE(more);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM process_waits"), 2);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT MIN(job_id) FROM process_waits"), 2);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT MAX(job_id) FROM process_waits"), 2);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"states", test_states},
        {"days before the job are not looked into",
         test_days_before_the_job_are_not_looked_into},
        {"the end takes all rows", test_the_end_takes_all_rows},
        {"rows of jobs that are gone are swept",
         test_rows_of_jobs_that_are_gone_are_swept},
        CU_TEST_INFO_NULL,
    };
    int code = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate()) {
        db = db_new(&testdb_settings);
        code = unit_run("store_wait", tests);
        db_free(db);
    }
    testdb_stop();
    return code;
}
