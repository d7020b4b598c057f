/*
 * test_fanout.c - unit tests for worker/jobs/fanout.c: everybody gets the event
 * exactly once, whatever happens between two steps and within one.
 */
#include "alloc.h"
#include "clock.h"
#include "fanout.h"
#include "fanout_step.h"
#include "ingest.h"
#include "store_thread_fixture.h"
#include "unit.h"

#include <string.h>

#define MANY 1200 /* subscriptions: three steps */
#define STEPS 3
#define TURNS_MAX 50

static struct fanout *fanout;
static struct id_source ids;

static void
open_worker(void)
{
    struct flush_peers peers;

    open_store_thread();
    peers = store_thread_peers();
    fanout = fanout_new(&peers);
}

static void
close_worker(void)
{
    fanout_free(fanout);
    close_store_thread();
}

static void
start_anew(unsigned subscriptions)
{
    static const char *const statements[] = {
        "DELETE FROM events",
        "DELETE FROM jobs",
        "DELETE FROM fanouts",
        "DELETE FROM lane_state",
        "DELETE FROM subscriptions",
        "DELETE FROM subscription_patterns",
        "UPDATE config_version SET version = 2",
    };
    char sql[384];
    size_t i;

    for (i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
        testdb_exec(db, statements[i]);
    snprintf(sql, sizeof(sql),
             "INSERT INTO subscriptions (id, application_id, url, secret, "
             "config_version) SELECT seq, 1, 'https://e.org', '', 2 "
             "FROM seq_1_to_%u",
             subscriptions);
    testdb_exec(db, sql);
    snprintf(sql, sizeof(sql),
             "INSERT INTO subscription_patterns SELECT seq, 0, 'a' "
             "FROM seq_1_to_%u",
             subscriptions);
    testdb_exec(db, sql);
    dbproxy_fail(NULL, DBPROXY_BEFORE, 0);
}

static struct new_event
make_event(void)
{
    return (struct new_event){
        .application_id = 1,
        .type = SLICE("a"),
        .payload = SLICE("{}"),
        .ordering_key = SLICE("key"),
        .route = ROUTE_MATCH,
    };
}

/* Accepts an event, as a responder does. */
static void
accept_event(struct new_event *event)
{
    static const uint8_t key[32] = {1};
    struct sealer *sealer = seal_from_key(key);
    struct catalog *catalog = catalog_new(sealer);
    struct ingest *batch = ingest_new();
    const struct catalog_snapshot *snapshot;

    CU_ASSERT_EQUAL_FATAL(catalog_refresh(catalog, db), DB_OK);
    snapshot = catalog_take(catalog);
    ingest_add(batch, event, &ids, snapshot);
    CU_ASSERT_EQUAL_FATAL(ingest_write(batch, db, db_now_us(db)), DB_OK);
    ingest_answer(batch);
    catalog_release(snapshot);
    ingest_free(batch);
    catalog_free(catalog);
    seal_close(sealer);
}

/* Reads the fan-out jobs there are and hands them over. */
static void
take_fanouts(void)
{
    struct job_page page = {NULL, 0, 0, 0};
    struct scheduler_now now = {.now_us = clock_mono_us()};
    struct scheduler *s = w.desk.scheduler;
    struct task *task;
    size_t i, served;

    CU_ASSERT_EQUAL_FATAL(store_job_tail(db, 0, 100000, &page), DB_OK);
    now.database_us = page.now_us;
    for (i = 0; i < page.count; i++) {
        if (page.rows[i].kind != JOB_FANOUT)
            continue;
        task = scheduler_offer(s, &page.rows[i], &now);
        CU_ASSERT_PTR_NOT_NULL_FATAL(task);
        CU_ASSERT_EQUAL_FATAL(
            payloads_serve(w.payloads, w.db, &task, 1, &served), DB_OK);
        scheduler_ready(s, task);
    }
    job_page_free(&page);
    while ((task = scheduler_next_local(s)) != NULL) {
        CU_ASSERT_EQUAL(task->job.kind, JOB_FANOUT);
        task->attempt = (struct attempt){.body = NULL};
        scheduler_end(s, task, clock_mono_us(), 0);
        fanout_add(fanout, task);
    }
}

static uint64_t
count(const char *what)
{
    return testdb_count(db, what);
}

static bool
is_due(void)
{
    return fanout_due(fanout) <= clock_mono_us();
}

/* Steps until nothing is left to do; an error is tried again. */
static void
run_to_the_end(void)
{
    int turns;

    for (turns = 0; turns < TURNS_MAX && is_due(); turns++)
        (void)!fanout_run(fanout);
    CU_ASSERT_FALSE(is_due());
}

static void
assert_each_once(uint64_t events, uint64_t subscriptions)
{
    CU_ASSERT_EQUAL(count("jobs WHERE kind <> 1"), 0);
    CU_ASSERT_EQUAL(count("fanouts"), 0);
    CU_ASSERT_EQUAL(count("jobs"), events * subscriptions);
    CU_ASSERT_EQUAL(
        testdb_u64(db, "SELECT COUNT(DISTINCT lane, event_id) FROM jobs"),
        events * subscriptions);
}

static void
test_steps(void)
{
    struct new_event event = make_event();
    struct scheduler_counts counts;
    int step;

    start_anew(MANY);
    accept_event(&event);
    CU_ASSERT_EQUAL(event.matched, MANY);
    open_worker();
    take_fanouts();
    for (step = 1; step <= STEPS; step++) {
        CU_ASSERT(is_due());
        CU_ASSERT_EQUAL(fanout_run(fanout), DB_OK);
        CU_ASSERT_EQUAL(count("jobs WHERE kind = 1"),
                        step < STEPS ? (uint64_t)step * FANOUT_STEP : MANY);
        if (step < STEPS)
            CU_ASSERT_EQUAL(testdb_u64(db, "SELECT done FROM fanouts"),
                            (uint64_t)step * FANOUT_STEP);
    }
    CU_ASSERT_EQUAL(fanout_due(fanout), INT64_MAX);
    assert_each_once(1, MANY);
    /* They begin without being read, and the job itself is forgotten. */
    counts = scheduler_counts(w.desk.scheduler);
    CU_ASSERT_EQUAL(counts.tasks, MANY);
    CU_ASSERT_EQUAL(fanout_run(fanout), DB_OK);
    close_worker();
}

static void
test_connection_lost(void)
{
    static const struct {
        const char *claim, *text;
        enum dbproxy_when when;
    } rows[] = {
        {"before the list is read", "SELECT f.config_version", DBPROXY_BEFORE},
        {"before the row is locked", "SELECT done", DBPROXY_BEFORE},
        {"before the jobs are made", "INSERT INTO jobs", DBPROXY_BEFORE},
        {"after the jobs were made", "INSERT INTO jobs", DBPROXY_AFTER},
        {"after the cursor was moved", "UPDATE fanouts", DBPROXY_AFTER},
        {"after the job was removed", "DELETE FROM jobs", DBPROXY_AFTER},
        {"before COMMIT arrives", "COMMIT", DBPROXY_BEFORE},
        {"after COMMIT, unheard", "COMMIT", DBPROXY_AFTER},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct new_event event = make_event();
        uint64_t jobs;

        start_anew(MANY);
        accept_event(&event);
        open_worker();
        take_fanouts();
        dbproxy_fail(rows[i].text, rows[i].when, 2);
        run_to_the_end();
        CU_ASSERT_EQUAL(atomic_load(&dbproxy.failures), 0);
        dbproxy_fail(NULL, DBPROXY_BEFORE, 0);
        jobs = count("jobs WHERE kind = 1");
        if (jobs != MANY)
            fprintf(stderr, "\n%s: %llu jobs\n", rows[i].claim,
                    (unsigned long long)jobs);
        assert_each_once(1, MANY);
        close_worker();
    }
}

static void
test_crash_between_steps(void)
{
    struct new_event event = make_event();
    int crash;

    start_anew(MANY);
    accept_event(&event);
    for (crash = 1; crash <= STEPS; crash++) {
        open_worker();
        take_fanouts();
        CU_ASSERT_EQUAL(fanout_run(fanout), DB_OK);
        close_worker();
    }
    assert_each_once(1, MANY);
}

static void
test_turns(void)
{
    struct new_event first = make_event(), second = make_event();

    start_anew(MANY);
    accept_event(&first);
    accept_event(&second);
    open_worker();
    take_fanouts();
    CU_ASSERT_EQUAL(fanout_run(fanout), DB_OK);
    CU_ASSERT_EQUAL(fanout_run(fanout), DB_OK);
    CU_ASSERT_EQUAL(count("fanouts WHERE done = 500"), 2);
    run_to_the_end();
    assert_each_once(2, MANY);
    close_worker();
}

/* More of them than lists are held in memory. */
static void
test_many_fanouts(void)
{
    struct new_event events[20];
    size_t i;

    start_anew(120);
    for (i = 0; i < 20; i++) {
        events[i] = make_event();
        accept_event(&events[i]);
    }
    open_worker();
    take_fanouts();
    run_to_the_end();
    assert_each_once(20, 120);
    close_worker();
}

static void
test_changes_meanwhile(void)
{
    struct new_event event = make_event();
    char sql[256];

    start_anew(MANY);
    accept_event(&event);
    testdb_exec(db, "UPDATE config_version SET version = 3");
    testdb_exec(db, "UPDATE subscriptions SET deleted_at = NOW(), "
                    "config_version = 3 WHERE id BETWEEN 10 AND 19");
    testdb_exec(db, "UPDATE subscriptions SET active = 0, config_version = 3 "
                    "WHERE id = 30");
    testdb_exec(db, "UPDATE subscriptions SET ordering = 'fifo', "
                    "config_version = 3 WHERE id = 40");
    testdb_exec(db, "INSERT INTO subscriptions (id, application_id, url, "
                    "secret, config_version) VALUES "
                    "(5000, 1, 'https://e.org', '', 3)");
    testdb_exec(db, "INSERT INTO subscription_patterns VALUES (5000, 0, 'a')");
    open_worker();
    take_fanouts();
    run_to_the_end();
    assert_each_once(1, MANY - 10);
    CU_ASSERT_EQUAL(count("jobs WHERE lane >> 32 BETWEEN 10 AND 19"), 0);
    CU_ASSERT_EQUAL(count("jobs WHERE lane >> 32 = 30"), 1);
    CU_ASSERT_EQUAL(count("jobs WHERE lane >> 32 = 5000"), 0);
    snprintf(sql, sizeof(sql),
             "jobs j JOIN lane_state l ON l.lane = j.lane AND l.sequence = "
             "UNIX_TIMESTAMP(j.next_retry_at) * 1000000 WHERE j.lane = %llu",
             (unsigned long long)lane_of_key(lane_number(LANE_SUBSCRIPTION, 40),
                                             SLICE("key")));
    CU_ASSERT_EQUAL(count(sql), 1);
    close_worker();
}

static void
test_waiting_for_a_time(void)
{
    struct new_event event = make_event();

    start_anew(150);
    event.deliver_at_us = clock_wall_us() + 3600 * CLOCK_US_PER_S;
    accept_event(&event);
    open_worker();
    take_fanouts();
    run_to_the_end();
    assert_each_once(1, 150);
    CU_ASSERT_EQUAL(
        count("jobs WHERE next_retry_at > NOW() + INTERVAL 3000 SECOND"), 150);
    CU_ASSERT_EQUAL(scheduler_counts(w.desk.scheduler).tasks, 0);
    close_worker();
}

/* Another worker has the shard: nothing is written any more. */
static void
test_lost_lease(void)
{
    struct new_event event = make_event();

    start_anew(MANY);
    accept_event(&event);
    open_worker();
    take_fanouts();
    CU_ASSERT_EQUAL(fanout_run(fanout), DB_OK);
    testdb_exec(db, "UPDATE shards SET token = 77, node = 1000, "
                    "lease_until = NOW(6) + INTERVAL 1 HOUR");
    run_to_the_end();
    CU_ASSERT_EQUAL(count("jobs WHERE kind = 1"), FANOUT_STEP);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT done FROM fanouts"), FANOUT_STEP);
    close_worker();
}

/* Somebody has removed the list: the job cannot stay for ever. */
static void
test_lost_list(void)
{
    struct new_event event = make_event();

    start_anew(150);
    accept_event(&event);
    open_worker();
    take_fanouts();
    testdb_exec(db, "DELETE FROM fanouts");
    run_to_the_end();
    CU_ASSERT_EQUAL(count("jobs"), 0);
    close_worker();
}

/* The database has every fan-out job as the head of its lane. */
static void
look_at_heads(void)
{
    const struct scheduler_now now = {db_now_us(db), clock_mono_us()};
    struct job_page page = {NULL, 0, 0, 0};
    struct scheduler *s = w.desk.scheduler;
    bool shards[LANE_SHARDS];
    size_t i;

    memset(shards, true, sizeof(shards));
    CU_ASSERT_EQUAL_FATAL(store_job_tail(db, 0, 100000, &page), DB_OK);
    while (scheduler_begin_heads(s))
        continue;
    for (i = 0; i < page.count; i++) {
        const struct job_row *row = &page.rows[i];
        const struct lane_head head = {row->lane, row->shard, row->due_us};

        scheduler_head(s, &head, &now);
    }
    while (scheduler_end_heads(s, shards))
        continue;
    job_page_free(&page);
}

/* Whatever is in the way stays there: it must not be tried without a pause. */
static void
test_what_the_database_refuses_is_set_aside(void)
{
    struct new_event event = make_event();
    uint64_t statements;

    start_anew(150);
    accept_event(&event);
    testdb_exec(db, "CREATE TRIGGER refuse BEFORE INSERT ON jobs FOR EACH ROW "
                    "SIGNAL SQLSTATE '45000'");
    open_worker();
    take_fanouts();
    CU_ASSERT_EQUAL(fanout_run(fanout), DB_OK);
    CU_ASSERT_EQUAL(fanout_parked(fanout), 1);
    CU_ASSERT(fanout_due(fanout) > clock_mono_us() + 20 * CLOCK_US_PER_S);
    statements = db_statements(w.db);
    CU_ASSERT_EQUAL(fanout_run(fanout), DB_OK);
    CU_ASSERT_EQUAL(db_statements(w.db), statements);
    /* It is known still, and nobody reads it again. */
    look_at_heads();
    CU_ASSERT_EQUAL(scheduler_counts(w.desk.scheduler).tasks, 1);
    CU_ASSERT_EQUAL(scheduler_counts(w.desk.scheduler).hungry, 0);
    testdb_exec(db, "DROP TRIGGER refuse");
    close_worker();
    open_worker();
    take_fanouts();
    run_to_the_end();
    assert_each_once(1, 150);
    close_worker();
}

/* A list that cannot be read is no reason to do nothing else. */
static void
test_a_list_that_cannot_be_read_is_set_aside(void)
{
    struct new_event event = make_event();

    start_anew(150);
    accept_event(&event);
    open_worker();
    take_fanouts();
    testdb_exec(db, "ALTER TABLE fanouts RENAME TO away");
    CU_ASSERT_EQUAL(fanout_run(fanout), DB_OK);
    CU_ASSERT_EQUAL(fanout_parked(fanout), 1);
    testdb_exec(db, "ALTER TABLE away RENAME TO fanouts");
    close_worker();
}

/* Those set aside go with their shards. */
static void
test_set_aside_in_a_lost_shard(void)
{
    struct new_event event = make_event();

    start_anew(150);
    accept_event(&event);
    testdb_exec(db, "CREATE TRIGGER refuse BEFORE INSERT ON jobs FOR EACH ROW "
                    "SIGNAL SQLSTATE '45000'");
    open_worker();
    take_fanouts();
    CU_ASSERT_EQUAL(fanout_run(fanout), DB_OK);
    CU_ASSERT_EQUAL(fanout_parked(fanout), 1);
    testdb_exec(db, "DROP TRIGGER refuse");
    testdb_exec(db, "UPDATE shards SET token = 77, node = 1000, "
                    "lease_until = NOW(6) + INTERVAL 1 HOUR");
    CU_ASSERT_EQUAL(lease_tick(&w.lease, w.db), DB_OK);
    CU_ASSERT_EQUAL(fanout_run(fanout), DB_OK);
    CU_ASSERT_EQUAL(fanout_parked(fanout), 0);
    CU_ASSERT_EQUAL(scheduler_counts(w.desk.scheduler).tasks, 0);
    close_worker();
}

/* A configuration that is not there yet holds up its own events only. */
static void
test_a_late_configuration(void)
{
    struct new_event first = make_event(), second = make_event();
    int64_t began_us;

    start_anew(150);
    accept_event(&first);
    testdb_exec(db, "UPDATE fanouts SET config_version = 99");
    accept_event(&second);
    open_worker();
    take_fanouts();
    began_us = clock_mono_us();
    CU_ASSERT_EQUAL(fanout_run(fanout), DB_OK);
    CU_ASSERT_EQUAL(fanout_run(fanout), DB_OK);
    CU_ASSERT_EQUAL(count("jobs WHERE kind = 1"), 150);
    CU_ASSERT_EQUAL(count("fanouts"), 1);
    CU_ASSERT_EQUAL(fanout_parked(fanout), 0);
    CU_ASSERT(fanout_due(fanout) > began_us);
    CU_ASSERT(fanout_due(fanout) < clock_mono_us() + CLOCK_US_PER_S);
    testdb_exec(db, "UPDATE config_version SET version = 99");
    while (fanout_due(fanout) < INT64_MAX)
        CU_ASSERT_EQUAL_FATAL(fanout_run(fanout), DB_OK);
    assert_each_once(2, 150);
    close_worker();
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"steps", test_steps},
        {"a connection lost within a step", test_connection_lost},
        {"a crash between two steps", test_crash_between_steps},
        {"two fan-outs take turns", test_turns},
        {"more fan-outs than fit in memory", test_many_fanouts},
        {"subscriptions that change meanwhile", test_changes_meanwhile},
        {"an event that waits for a time", test_waiting_for_a_time},
        {"a lost lease", test_lost_lease},
        {"a lost list", test_lost_list},
        {"what the database refuses is set aside",
         test_what_the_database_refuses_is_set_aside},
        {"a list that cannot be read is set aside",
         test_a_list_that_cannot_be_read_is_set_aside},
        {"set aside in a lost shard", test_set_aside_in_a_lost_shard},
        {"a late configuration", test_a_late_configuration},
        CU_TEST_INFO_NULL,
    };

    id_source_init(&ids, 1023);
    return store_thread_run("fanout", tests);
}
