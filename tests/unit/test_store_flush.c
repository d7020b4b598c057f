/*
 * test_store_flush.c - tests for core/store/store_flush.c against a real database.
 */
#include "store_flush.h"

#include "clock.h"
#include "lane.h"
#include "testdb.h"
#include "unit.h"

#define FIRST UINT64_C(1000) /* the ids of two jobs are this and the next */
#define RETRY_US (30 * CLOCK_US_PER_S)

static struct db *db;

static struct flush_row
row_of(uint64_t id, enum flush_status status, int64_t now_us)
{
    uint64_t lane = lane_number(LANE_SUBSCRIPTION, 7);

    return (struct flush_row){
        .job = {.id = id,
                .lane = lane,
                .event_id = 1,
                .kind = JOB_DELIVER,
                .shard = (uint8_t)lane_shard(lane)},
        .status = status,
        .attempts = 1,
        .application_id = 1,
        .event_type = SLICE("a.b"),
        .ended_us = now_us,
        .retry_at_us = now_us + RETRY_US,
    };
}

/* One that succeeded and one that is to be tried again. */
static void
set_up(struct flush_row rows[2])
{
    const struct new_job jobs[] = {
        {FIRST, 1, lane_number(LANE_SUBSCRIPTION, 7), JOB_DELIVER, 0, 0},
        {FIRST + 1, 1, lane_number(LANE_SUBSCRIPTION, 7), JOB_DELIVER,
         INT64_C(1767279600000001), 0},
    };
    int64_t now_us = db_now_us(db);

    testdb_exec(db, "DELETE FROM jobs");
    testdb_exec(db, "DELETE FROM deliveries");
    testdb_exec(db, "DELETE FROM attempts");
    CU_ASSERT_EQUAL_FATAL(store_flush_new_jobs(db, jobs, 2), DB_OK);
    rows[0] = row_of(FIRST, FLUSH_SUCCESS, now_us);
    rows[1] = row_of(FIRST + 1, FLUSH_RETRY, now_us);
}

static enum db_result
flush(struct flush_row rows[2])
{
    int64_t now_us = 0;
    enum db_result result = db_begin(db);

    if (result == DB_OK)
        result = store_flush_lock(db, rows, 2, &now_us);
    if (result == DB_OK)
        result = store_flush_write(db, rows, 2);
    if (result == DB_OK)
        return db_commit(db);
    db_rollback(db);
    return result;
}

static void
test_results_are_written_once(void)
{
    struct flush_row rows[2];
    int i;

    set_up(rows);
    for (i = 0; i < 2; i++) {
        /* The second time as if the COMMIT's answer had been lost. */
        CU_ASSERT_EQUAL(flush(rows), DB_OK);
        CU_ASSERT_EQUAL(rows[0].live, i == 0);
        CU_ASSERT_EQUAL(rows[1].live, i == 0);
        CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM deliveries"), 1);
        CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM attempts"), 1);
        CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs"), 1);
        CU_ASSERT_EQUAL(testdb_u64(db, "SELECT attempts FROM jobs"), 1);
        CU_ASSERT_EQUAL(testdb_u64(db, "SELECT next_retry_at > "
                                       "UTC_TIMESTAMP(6) FROM jobs"),
                        1);
    }
}

static uint64_t
fills_its_column(const char *table)
{
    char sql[256];

    snprintf(sql, sizeof(sql),
             "SELECT LENGTH(t.error_class) = c.CHARACTER_MAXIMUM_LENGTH FROM "
             "%s t JOIN information_schema.COLUMNS c ON c.TABLE_SCHEMA = "
             "DATABASE() AND c.TABLE_NAME = '%s' "
             "AND c.COLUMN_NAME = 'error_class'",
             table, table);
    return testdb_u64(db, sql);
}

static void
test_as_much_of_a_class_as_its_column_takes(void)
{
    struct flush_row rows[2];

    set_up(rows);
    rows[0].error_class = "a_class_of_forty_characters_in_all_words";
    rows[1].error_class = rows[0].error_class;
    CU_ASSERT_EQUAL_FATAL(flush(rows), DB_OK);
    CU_ASSERT_EQUAL(fills_its_column("deliveries"), 1);
    CU_ASSERT_EQUAL(fills_its_column("attempts"), 1);
}

static void
test_cancelled_meanwhile(void)
{
    struct flush_row rows[2];

    set_up(rows);
    testdb_exec(db, "DELETE FROM jobs WHERE id=1000");
    CU_ASSERT_EQUAL(flush(rows), DB_OK);
    CU_ASSERT_FALSE(rows[0].live);
    CU_ASSERT_TRUE(rows[1].live);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM deliveries"), 0);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM attempts"), 1);
}

/* Nothing can take it from under the lock, but a cluster that has it otherwise,
   or a mistake: what was to be done with it must not count as done. */
static void
test_vanished_under_the_lock(void)
{
    static const enum flush_status statuses[] = {
        FLUSH_SUCCESS, FLUSH_FAILED, FLUSH_CANCELLED,
        FLUSH_RETRY,   FLUSH_MOVE,   FLUSH_REMOVE,
    };
    struct flush_row rows[2];
    int64_t now_us = 0;
    size_t i;

    for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        set_up(rows);
        rows[0].status = rows[1].status = statuses[i];
        rows[0].to_lane = rows[1].to_lane = rows[0].job.lane | 8;
        CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
        CU_ASSERT_EQUAL(store_flush_lock(db, rows, 2, &now_us), DB_OK);
        CU_ASSERT_TRUE(rows[0].live && rows[1].live);
        testdb_exec(db, "DELETE FROM jobs WHERE id=1000");
        CU_ASSERT_EQUAL(store_flush_write(db, rows, 2), DB_AGAIN);
        db_rollback(db);
    }
}

/* It keeps its place in front of the others; the lane waits. */
static void
test_fifo_retry_keeps_its_place(void)
{
    struct flush_row rows[2];
    uint64_t again, until;

    testdb_exec(db, "DELETE FROM lane_state");
    set_up(rows);
    rows[1].job.due_us = INT64_C(1767279600000001); /* as it was read */
    rows[1].fifo = true;
    CU_ASSERT_EQUAL(flush(rows), DB_OK);
    again = testdb_u64(db, "SELECT attempts FROM jobs WHERE id=1001 AND"
                           " UNIX_TIMESTAMP(next_retry_at)=1767279600.000001");
    CU_ASSERT_EQUAL(again, 1);
    until = testdb_u64(db, "SELECT CAST(UNIX_TIMESTAMP(blocked_until)*1000000"
                           " AS UNSIGNED) FROM lane_state WHERE lane=7<<32");
    CU_ASSERT_EQUAL((int64_t)until, rows[1].retry_at_us);
    /* The second time as if the COMMIT's answer had been lost. */
    testdb_exec(db, "UPDATE lane_state SET blocked_until=NULL");
    CU_ASSERT_EQUAL(flush(rows), DB_OK);
    CU_ASSERT_FALSE(rows[1].live);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM lane_state"
                                   " WHERE blocked_until IS NULL"),
                    1);
}

/* No attempt was made, so none is counted or recorded. */
static void
test_moves(void)
{
    struct flush_row rows[2];
    int i;

    set_up(rows);
    rows[0].status = FLUSH_MOVE;
    rows[0].to_lane = rows[0].job.lane | 8; /* of another key, say */
    rows[1].status = FLUSH_REMOVE;
    for (i = 0; i < 2; i++) {
        CU_ASSERT_EQUAL(flush(rows), DB_OK);
        /* The second time as if the COMMIT's answer had been lost. */
        CU_ASSERT_EQUAL(rows[0].live, i == 0);
        CU_ASSERT_EQUAL(rows[1].live, i == 0);
        CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM deliveries"), 0);
        CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM attempts"), 0);
        CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs"), 1);
        CU_ASSERT_EQUAL(testdb_u64(db, "SELECT lane FROM jobs"),
                        rows[0].to_lane);
        CU_ASSERT_EQUAL(testdb_u64(db, "SELECT attempts=0 AND next_retry_at > "
                                       "UTC_TIMESTAMP(6) FROM jobs"),
                        1);
    }
}

/* However small the table, only rows that are named are touched: those that
   are being inserted are locked by somebody else. */
static void
test_does_not_wait_for_ingest(void)
{
    struct db *ingest = db_new(&testdb_settings);
    struct flush_row rows[2];

    testdb_exec(db, "DELETE FROM jobs");
    testdb_exec(db, "ANALYZE TABLE jobs"); /* an empty one */
    set_up(rows);
    CU_ASSERT_EQUAL_FATAL(db_begin(ingest), DB_OK);
    testdb_exec(ingest, "INSERT INTO jobs (id,kind,shard,lane,event_id)"
                        " VALUES (5,1,1,8,1)");
    CU_ASSERT_EQUAL(flush(rows), DB_OK);
    CU_ASSERT_TRUE(rows[0].live && rows[1].live);
    db_rollback(ingest);
    db_free(ingest);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"jobs that move, and jobs that vanish", test_moves},
        {"results are written once", test_results_are_written_once},
        {"as much of a class as its column takes",
         test_as_much_of_a_class_as_its_column_takes},
        {"cancelled meanwhile", test_cancelled_meanwhile},
        {"vanished under the lock", test_vanished_under_the_lock},
        {"a FIFO retry keeps its place", test_fifo_retry_keeps_its_place},
        {"does not wait for ingest", test_does_not_wait_for_ingest},
        CU_TEST_INFO_NULL,
    };
    int code = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate()) {
        db = db_new(&testdb_settings);
        code = unit_run("store_flush", tests);
        db_free(db);
    }
    testdb_stop();
    return code;
}
