/*
 * test_flush.c - unit tests for worker/store/flush.c: what becomes of results
 * that the database does not take.
 */
#include "clock.h"
#include "desk.h"
#include "flush.h"
#include "store_thread_fixture.h"
#include "unit.h"

#include <string.h>

#define JOBS 5

static struct flush *flush;

static void
open_worker(void)
{
    struct flush_peers peers;

    open_store_thread();
    peers = store_thread_peers();
    flush = flush_new(&peers);
}

static void
close_worker(void)
{
    flush_free(flush);
    close_store_thread();
}

static void
start_anew(void)
{
    static const char *const statements[] = {
        "DELETE FROM deliveries",
        "DELETE FROM attempts",
        "DELETE FROM events",
        "DELETE FROM jobs",
        "DELETE FROM lane_state",
        "DELETE FROM subscriptions",
        "UPDATE config_version SET version = 2",
        "INSERT INTO subscriptions (id, application_id, url, secret, "
        "config_version) SELECT seq, 1, 'https://e.org', '', 2 "
        "FROM seq_1_to_5",
    };
    char sql[256];
    uint32_t id;
    size_t i;

    for (i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
        testdb_exec(db, statements[i]);
    for (id = 1; id <= JOBS; id++) {
        uint64_t lane = lane_number(LANE_SUBSCRIPTION, id);

        snprintf(sql, sizeof(sql),
                 "INSERT INTO jobs (id, kind, shard, lane, event_id) "
                 "VALUES (%u, 1, %u, %llu, 7)",
                 id, lane_shard(lane), (unsigned long long)lane);
        testdb_exec(db, sql);
    }
}

/* Reads all jobs; every attempt has ended that way, the third one's error is
   that long. */
static void
try_jobs(enum outcome_kind kind, size_t third_len)
{
    struct task_list done = TASK_LIST_INIT;
    struct job_page page = {NULL, 0, 0, 0};
    struct scheduler *s = w.desk.scheduler;
    struct scheduler_now now = {.now_us = clock_mono_us()};
    struct task *task;
    int64_t again_us;
    size_t i;

    CU_ASSERT_EQUAL_FATAL(store_job_tail(db, 0, 100, &page), DB_OK);
    now.database_us = page.now_us;
    for (i = 0; i < page.count; i++) {
        task = scheduler_offer(s, &page.rows[i], &now);
        if (task != NULL)
            scheduler_ready(s, task);
    }
    job_page_free(&page);
    while ((task = scheduler_next(s, clock_mono_us())) != NULL) {
        task->attempt = (struct attempt){
            .outcome = {.kind = kind,
                        .error_class = kind == OUTCOME_SUCCESS ? NULL : "http",
                        .wait_us = 60 * CLOCK_US_PER_S,
                        .feedback = FEEDBACK_GOOD},
            .started_us = clock_mono_us(),
            .ended_us = clock_mono_us() + 1,
        };
        memset(task->attempt.error, 'x', task->job.id == 3 ? third_len : 2);
        task_list_add(&done, task);
    }
    (void)desk_exchange(&w.desk, &done, NULL, 0, &again_us);
    flush_collect(flush);
}

static uint64_t
count(const char *what)
{
    return testdb_count(db, what);
}

/* Each of them holds something else of a result, and none is to blame. */
static void
test_a_broken_table_ends_no_job(void)
{
    static const struct {
        const char *table;
        enum outcome_kind kind;
    } rows[] = {
        {"attempts", OUTCOME_RETRY},
        {"lane_state", OUTCOME_RETRY},
        {"rollup_subscriptions", OUTCOME_RETRY},
        {"rollup_subscriptions", OUTCOME_SUCCESS},
        {"deliveries", OUTCOME_SUCCESS},
    };
    char sql[128];
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool success = rows[i].kind == OUTCOME_SUCCESS;

        start_anew();
        open_worker();
        try_jobs(rows[i].kind, 2);
        CU_ASSERT_EQUAL(flush_waiting(flush), JOBS);
        snprintf(sql, sizeof(sql), "RENAME TABLE %s TO away", rows[i].table);
        testdb_exec(db, sql);
        CU_ASSERT_EQUAL(flush_run(flush), DB_OK);
        snprintf(sql, sizeof(sql), "RENAME TABLE away TO %s", rows[i].table);
        testdb_exec(db, sql);
        CU_ASSERT_EQUAL(count("deliveries"), 0);
        CU_ASSERT_EQUAL(count("jobs WHERE attempts = 0"), JOBS);
        /* They wait, and are known: nobody reads them meanwhile. */
        CU_ASSERT_EQUAL(flush_parked(flush), JOBS);
        CU_ASSERT_EQUAL(scheduler_counts(w.desk.scheduler).tasks, JOBS);
        CU_ASSERT(flush_due(flush) > clock_mono_us() + CLOCK_US_PER_S);
        close_worker();

        open_worker();
        try_jobs(rows[i].kind, 2);
        CU_ASSERT_EQUAL(flush_run(flush), DB_OK);
        CU_ASSERT_EQUAL(flush_waiting(flush), 0);
        CU_ASSERT_EQUAL(count("deliveries WHERE status = 'success'"),
                        success ? JOBS : 0);
        CU_ASSERT_EQUAL(count("jobs WHERE attempts = 1"), success ? 0 : JOBS);
        close_worker();
    }
}

/* What cannot be written must not keep a shard from going to another worker:
   nobody works in it meanwhile. */
static void
test_what_waits_holds_no_shard_back(void)
{
    uint32_t shard = lane_shard(lane_number(LANE_SUBSCRIPTION, 1));

    start_anew();
    open_worker();
    try_jobs(OUTCOME_SUCCESS, 2);
    testdb_exec(db, "RENAME TABLE deliveries TO away");
    CU_ASSERT_EQUAL(flush_run(flush), DB_OK);
    testdb_exec(db, "RENAME TABLE away TO deliveries");
    CU_ASSERT_EQUAL(flush_parked(flush), JOBS);
    flush_collect(flush);
    CU_ASSERT_EQUAL(flush_parked(flush), JOBS);

    w.lease.leaving[shard] = true;
    flush_collect(flush);
    CU_ASSERT_EQUAL(flush_parked(flush), JOBS - 1);
    CU_ASSERT_EQUAL(scheduler_shard_tasks(w.desk.scheduler, shard), 0);
    CU_ASSERT_EQUAL(lease_tick(&w.lease, w.db), DB_OK);
    CU_ASSERT_EQUAL(count("shards WHERE token = 0"), 1);
    CU_ASSERT_EQUAL(count("jobs WHERE attempts = 0"), JOBS);
    close_worker();
}

/* All shards that there is something for, or one of them: the batch is not
   written, and what it holds for the others comes with the next. */
static void
test_who_has_lost_a_shard_writes_nothing_there(void)
{
    uint32_t shard = lane_shard(lane_number(LANE_SUBSCRIPTION, 1));
    size_t lost;

    for (lost = 1; lost <= LANE_SHARDS; lost += LANE_SHARDS - 1) {
        size_t left = lost == 1 ? JOBS - 1 : 0;

        start_anew();
        open_worker();
        try_jobs(OUTCOME_SUCCESS, 2);
        testdb_execf(db,
                     "UPDATE shards SET token = 77, lease_until = "
                     "UTC_TIMESTAMP(6) + INTERVAL 1 HOUR "
                     "ORDER BY shard <> %u LIMIT %zu",
                     shard, lost);
        CU_ASSERT_EQUAL(flush_run(flush), DB_OK);
        CU_ASSERT_EQUAL(count("deliveries"), 0);
        CU_ASSERT_EQUAL(count("jobs WHERE attempts = 0"), JOBS);
        CU_ASSERT_EQUAL(lease_count(&w.lease), LANE_SHARDS - lost);
        CU_ASSERT_EQUAL(flush_run(flush), DB_OK);
        CU_ASSERT_EQUAL(flush_waiting(flush), 0);
        CU_ASSERT_EQUAL(count("deliveries"), left);
        CU_ASSERT_EQUAL(count("jobs WHERE attempts = 0"), JOBS - left);
        close_worker();
    }
}

/* However that comes: a cluster, a hand, a trigger. It is archived by whoever
   has taken it. */
static void
test_a_job_that_vanishes_is_not_archived(void)
{
    start_anew();
    open_worker();
    try_jobs(OUTCOME_SUCCESS, 2);
    testdb_exec(db, "CREATE TRIGGER taker AFTER INSERT ON deliveries "
                    "FOR EACH ROW DELETE FROM jobs WHERE id = 3");
    CU_ASSERT_EQUAL(flush_run(flush), DB_AGAIN);
    testdb_exec(db, "DROP TRIGGER taker");
    CU_ASSERT_EQUAL(count("deliveries"), 0);
    CU_ASSERT_EQUAL(count("jobs WHERE attempts = 0"), JOBS);
    CU_ASSERT_EQUAL(flush_waiting(flush), JOBS);
    CU_ASSERT_EQUAL(flush_parked(flush), 0);
    CU_ASSERT_EQUAL(flush_run(flush), DB_OK);
    CU_ASSERT_EQUAL(count("deliveries"), JOBS);
    CU_ASSERT_EQUAL(count("jobs"), 0);
    close_worker();
}

/* A password that was changed, say: no result is to blame. */
static void
test_who_is_not_let_in_sets_nothing_aside(void)
{
    const char *name;

    start_anew();
    open_worker();
    name = w.settings.db_name;
    try_jobs(OUTCOME_SUCCESS, 2);
    db_disconnect(w.db);
    w.settings.db_name = "nowhere";
    CU_ASSERT_EQUAL(flush_run(flush), DB_BROKEN);
    CU_ASSERT_EQUAL(flush_parked(flush), 0);
    CU_ASSERT_EQUAL(flush_waiting(flush), JOBS);
    w.settings.db_name = name;
    CU_ASSERT_EQUAL(flush_run(flush), DB_OK);
    CU_ASSERT_EQUAL(flush_waiting(flush), 0);
    CU_ASSERT_EQUAL(count("deliveries WHERE status = 'success'"), JOBS);
    close_worker();
}

/* An inbound event whose source is to be asked, read by the worker. */
static void
read_inbound(void)
{
    uint64_t lane = lane_number(LANE_SOURCE, 1);
    struct scheduler_now now = {.now_us = clock_mono_us()};
    struct job_page page = {NULL, 0, 0, 0};
    struct task *task;
    size_t served = 0;
    char sql[256];

    testdb_exec(db, "DELETE FROM jobs");
    testdb_exec(db, "INSERT INTO events (id, application_id, source_id, type, "
                    "verified, payload, metadata) VALUES (7, 1, 1, "
                    "'supabase.users.update', 1, '{\"type\":\"UPDATE\","
                    "\"table\":\"users\",\"record\":{\"id\":1}}', "
                    "'{\"table\":\"users\",\"record_id\":\"1\","
                    "\"action\":\"update\"}')");
    snprintf(sql, sizeof(sql),
             "INSERT INTO jobs (id, kind, shard, lane, event_id) "
             "VALUES (1, 2, %u, %llu, 7)",
             lane_shard(lane), (unsigned long long)lane);
    testdb_exec(db, sql);
    CU_ASSERT_EQUAL_FATAL(store_job_tail(db, 0, 10, &page), DB_OK);
    CU_ASSERT_EQUAL_FATAL(page.count, 1);
    now.database_us = page.now_us;
    task = scheduler_offer(w.desk.scheduler, &page.rows[0], &now);
    job_page_free(&page);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    CU_ASSERT_EQUAL_FATAL(payloads_serve(w.payloads, w.db, &task, 1, &served),
                          DB_OK);
    scheduler_ready(w.desk.scheduler, task);
}

/* Nobody would start its request, and the end would wait for it. */
static void
test_what_moves_at_the_end_is_left_to_the_next_worker(void)
{
    const char *url, *key;
    bool ends;
    int i;

    for (i = 0; i < 2; i++) {
        ends = i == 1;
        start_anew();
        open_worker();
        url = w.settings.supabase_url;
        key = w.settings.supabase_key;
        w.settings.supabase_url = "https://e.org";
        w.settings.supabase_key = "key";
        w.follower.settings = &w.settings;
        read_inbound();
        if (ends)
            desk_give_order(&w.desk, DESK_FINISH);
        CU_ASSERT_EQUAL(flush_run(flush), DB_OK);
        CU_ASSERT_EQUAL(count("jobs WHERE lane & 7 <> 1"), 1);
        CU_ASSERT_EQUAL(scheduler_counts(w.desk.scheduler).tasks, ends ? 0 : 1);
        w.settings.supabase_url = url;
        w.settings.supabase_key = key;
        close_worker();
    }
}

static void
test_a_row_that_cannot_be_stored_fails_alone(void)
{
    start_anew();
    testdb_exec(db, "ALTER TABLE attempts MODIFY COLUMN error_message "
                    "VARCHAR(10) CHARACTER SET utf8mb4 NULL");
    open_worker();
    try_jobs(OUTCOME_RETRY, 11);
    CU_ASSERT_EQUAL(flush_run(flush), DB_OK);
    CU_ASSERT_EQUAL(flush_waiting(flush), 0);
    CU_ASSERT_EQUAL(count("deliveries"), 1);
    CU_ASSERT_EQUAL(count("deliveries WHERE id = 3 AND status = 'failed' AND "
                          "error_class = 'internal'"),
                    1);
    CU_ASSERT_EQUAL(count("jobs WHERE attempts = 1"), JOBS - 1);
    close_worker();
    testdb_exec(db, "ALTER TABLE attempts MODIFY COLUMN error_message "
                    "VARCHAR(500) CHARACTER SET utf8mb4 NULL");
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a broken table ends no job", test_a_broken_table_ends_no_job},
        {"what waits holds no shard back", test_what_waits_holds_no_shard_back},
        {"who has lost a shard writes nothing there",
         test_who_has_lost_a_shard_writes_nothing_there},
        {"a job that vanishes is not archived",
         test_a_job_that_vanishes_is_not_archived},
        {"who is not let in sets nothing aside",
         test_who_is_not_let_in_sets_nothing_aside},
        {"what moves at the end is left to the next worker",
         test_what_moves_at_the_end_is_left_to_the_next_worker},
        {"a row that cannot be stored fails alone",
         test_a_row_that_cannot_be_stored_fails_alone},
        CU_TEST_INFO_NULL,
    };

    return store_thread_run("flush", tests);
}
