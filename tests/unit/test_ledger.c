/*
 * test_ledger.c - unit tests for worker/schedule/ledger.c: what is known of receivers
 * outlives the worker.
 */
#include "ledger.h"
#include "log.h"
#include "store_lane.h"
#include "unit.h"
#include "worker_fixture.h"

#define LANE lane_number(LANE_SUBSCRIPTION, 1)

static void
begin(void)
{
    set_up(&testdb_settings);
    testdb_exec(t.late, "DELETE FROM lane_state");
    testdb_exec(t.late, "INSERT INTO subscriptions (id, application_id, url, "
                        "secret, config_version) VALUES "
                        "(1, 1, 'https://e.org', '', 1)");
    CU_ASSERT_EQUAL_FATAL(
        follower_refresh(&t.follower, t.db, &t.desk, t.payloads), DB_OK);
}

/* Its receiver has answered so; the result itself is not written. */
static void
answer(enum feedback feedback, int64_t asked_us)
{
    const struct scheduler_now now = {db_now_us(t.db), clock_mono_us()};
    const struct job_row row = {
        .id = 1,
        .lane = LANE,
        .shard = (uint8_t)lane_shard(LANE),
        .event_id = 1,
        .due_us = now.database_us - 1,
        .kind = JOB_DELIVER,
    };
    struct scheduler *s = desk_lock(&t.desk);
    struct task *task = scheduler_offer(s, &row, &now);

    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    scheduler_ready(s, task);
    /* After the second that counts as full. */
    CU_ASSERT_PTR_EQUAL_FATAL(
        scheduler_next(s, now.now_us + 2 * CLOCK_US_PER_S), task);
    task->attempt.outcome = (struct outcome){
        .kind = OUTCOME_RETRY,
        .feedback = feedback,
        .asked_us = asked_us,
    };
    scheduler_end(s, task, now.now_us + 2 * CLOCK_US_PER_S, 0);
    scheduler_forget(s, task);
    desk_unlock(&t.desk);
    payloads_free_task(t.payloads, task);
}

static void
test_what_is_not_written_yet_is_at_the_end(void)
{
    struct lane_rows found = {.rows = NULL};

    begin();
    answer(FEEDBACK_BUSY, 600 * CLOCK_US_PER_S);
    CU_ASSERT_EQUAL(testdb_u64(t.late, "SELECT COUNT(*) FROM lane_state"), 0);
    CU_ASSERT_EQUAL(ledger_close(&t.desk, t.db, &t.lease), DB_OK);
    CU_ASSERT_EQUAL_FATAL(store_lane_load(t.late, 0, 10, &found), DB_OK);
    CU_ASSERT_EQUAL_FATAL(found.count, 1);
    CU_ASSERT_EQUAL(found.rows[0].lane, LANE);
    CU_ASSERT(found.rows[0].blocked_until_us >
              found.now_us + 590 * CLOCK_US_PER_S);
    lane_rows_free(&found);
    tear_down();
}

/* Whoever has the shard now knows better. */
static void
test_of_lost_shards_nothing_is_written(void)
{
    begin();
    answer(FEEDBACK_BUSY, 600 * CLOCK_US_PER_S);
    testdb_exec(t.late, "UPDATE shards SET token = 77, node = 1000, "
                        "lease_until = NOW(6) + INTERVAL 1 HOUR");
    CU_ASSERT_EQUAL(ledger_close(&t.desk, t.db, &t.lease), DB_NONE);
    CU_ASSERT_EQUAL(testdb_u64(t.late, "SELECT COUNT(*) FROM lane_state"), 0);
    testdb_exec(t.late, "UPDATE shards SET token = 0, node = 0, "
                        "lease_until = '1971-01-01 00:00:00'");
    tear_down();
}

/* What was told before a worker took over is known to it: nothing is told twice,
   and the end is told once. */
static void
test_the_end_of_a_failing_run_is_news_once(void)
{
    struct scheduler_now now;
    struct endpoint_state failing = {.window = 1, .trips = 2};
    struct task done = {.job = {.lane = LANE}}, *tasks[] = {&done};
    struct ledger *ledger;
    struct ledger_news news;
    size_t at = 0;

    begin();
    now = (struct scheduler_now){db_now_us(t.db), clock_mono_us()};
    failing.failing_since_wall_us = db_now_us(t.db) - CLOCK_US_PER_S;
    scheduler_load(desk_lock(&t.desk), LANE, &failing, &now);
    desk_unlock(&t.desk);
    ledger = ledger_new(&t.desk, 4);
    answer(FEEDBACK_BUSY, 600 * CLOCK_US_PER_S);
    ledger_note(ledger, tasks, 1);
    CU_ASSERT_FALSE(ledger_news(ledger, &at, &news));

    scheduler_load(desk_lock(&t.desk), LANE, &failing, &now);
    desk_unlock(&t.desk);
    answer(FEEDBACK_GOOD, 0);
    ledger_note(ledger, tasks, 1);
    at = 0;
    CU_ASSERT_TRUE_FATAL(ledger_news(ledger, &at, &news));
    CU_ASSERT_EQUAL(news.lane, LANE);
    CU_ASSERT_FALSE(news.failing);
    CU_ASSERT_EQUAL(news.failing_since_us, failing.failing_since_wall_us);
    CU_ASSERT_FALSE(ledger_news(ledger, &at, &news));

    CU_ASSERT_EQUAL_FATAL(db_begin(t.db), DB_OK);
    CU_ASSERT_EQUAL(ledger_write(ledger, t.db), DB_OK);
    CU_ASSERT_EQUAL_FATAL(db_commit(t.db), DB_OK);
    ledger_settle(ledger);
    answer(FEEDBACK_BUSY, 600 * CLOCK_US_PER_S);
    ledger_note(ledger, tasks, 1);
    at = 0;
    CU_ASSERT_FALSE(ledger_news(ledger, &at, &news));
    ledger_free(ledger);
    tear_down();
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"the end of a failing run is news once",
         test_the_end_of_a_failing_run_is_news_once},
        {"what is not written yet is written at the end",
         test_what_is_not_written_yet_is_at_the_end},
        {"of lost shards nothing is written",
         test_of_lost_shards_nothing_is_written},
        CU_TEST_INFO_NULL,
    };
    int rc = EXIT_FAILURE;

    if (!testdb_start() || !log_open(LOG_FORMAT_TEXT, LOG_ERROR, "/dev/null"))
        return EXIT_FAILURE;
    if (testdb_migrate())
        rc = unit_run("ledger", tests);
    testdb_stop();
    return rc;
}
