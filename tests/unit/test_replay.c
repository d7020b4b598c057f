/*
 * test_replay.c - unit tests for worker/jobs/replay*.c: each event is delivered
 * once more, or for the first time, and none twice, whatever happens between
 * two steps and within one.
 */
#include "lane.h"
#include "replay_fixture.h"
#include "replay_look.h"
#include "unit.h"

#include <time.h>

#define MANY 1200 /* deliveries: more than two chunks */
#define TURNS_MAX 20000

/* Waits until there is something to do, a moment at most. */
static void
wait_for_turn(void)
{
    int64_t wait_us = replayer_due(replayer) - clock_mono_us();
    struct timespec pause = {0, 0};

    if (wait_us <= 0 || wait_us > 3 * CLOCK_US_PER_S)
        return;
    pause.tv_sec = wait_us / CLOCK_US_PER_S;
    pause.tv_nsec = (long)(wait_us % CLOCK_US_PER_S) * 1000;
    (void)nanosleep(&pause, NULL);
}

/* Steps, with deliveries that succeed at once, until no replay has a job; an
   error is tried again. */
static void
run_to_the_end(void)
{
    int turns;

    for (turns = 0; turns < TURNS_MAX; turns++) {
        take_replays();
        if (replayer_due(replayer) == INT64_MAX)
            break;
        wait_for_turn();
        if (replayer_run(replayer) == DB_OK)
            deliver_all();
    }
    CU_ASSERT_EQUAL(replayer_due(replayer), INT64_MAX);
    CU_ASSERT_EQUAL(count("jobs"), 0);
}

/* One step, when it is time for it. */
static void
step(void)
{
    wait_for_turn();
    CU_ASSERT_EQUAL(replayer_run(replayer), DB_OK);
}

/* Steps until it has made some. */
static void
step_until_made(uint64_t id, uint64_t least)
{
    int turns;

    for (turns = 0; turns < TURNS_MAX && replay_of(id).made < least; turns++)
        step();
    CU_ASSERT(replay_of(id).made >= least);
}

static void
assert_each_once(uint64_t n)
{
    CU_ASSERT_EQUAL(count("deliveries WHERE retry_of IS NOT NULL"), n);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(DISTINCT owner_id, event_id) "
                                   "FROM deliveries WHERE status = 'success'"),
                    n);
    CU_ASSERT_EQUAL(
        count("deliveries d JOIN deliveries o ON o.id = d.retry_of AND "
              "o.event_id = d.event_id AND o.owner_id = d.owner_id"),
        n);
}

static void
test_counted_and_planned(void)
{
    struct replay replay;
    uint64_t id;

    start_anew();
    add_events(MANY);
    add_deliveries(MANY, 1, "failed");
    id = make_replay(REPLAY_RECOVER, 1, 0, false);
    open_worker();
    take_replays();
    step();
    replay = replay_of(id);
    CU_ASSERT_EQUAL(replay.status, REPLAY_COUNTING);
    CU_ASSERT_EQUAL(replay.planned, REPLAY_CHUNK);
    run_to_the_end();
    replay = replay_of(id);
    CU_ASSERT_EQUAL(replay.status, REPLAY_PLANNED);
    CU_ASSERT_EQUAL(replay.planned, MANY);
    CU_ASSERT_EQUAL(replay.job_id, 0);
    CU_ASSERT_EQUAL(count("deliveries"), MANY);
    CU_ASSERT_EQUAL(scheduler_counts(w.desk.scheduler).tasks, 0);
    close_worker();
}

static void
test_run_to_the_end(void)
{
    struct replay replay;
    bool changed = false;
    uint64_t id;

    start_anew();
    add_events(MANY);
    add_deliveries(MANY, 1, "failed");
    id = make_replay(REPLAY_RECOVER, 1, 0, false);
    open_worker();
    run_to_the_end();
    CU_ASSERT_EQUAL(store_replay_confirm(db, &ids, 0, id, &changed), DB_OK);
    CU_ASSERT(changed);
    run_to_the_end();
    replay = replay_of(id);
    CU_ASSERT_EQUAL(replay.status, REPLAY_DONE);
    CU_ASSERT_EQUAL(replay.made, MANY);
    CU_ASSERT_EQUAL(replay.succeeded, MANY);
    CU_ASSERT_EQUAL(replay.skipped, 0);
    assert_each_once(MANY);
    close_worker();
}

static void
test_no_more_than_so_many_at_once(void)
{
    uint64_t id;
    int i;

    start_anew();
    add_events(MANY);
    add_deliveries(MANY, 1, "failed");
    id = make_replay(REPLAY_RECOVER, 1, 0, true);
    open_worker();
    take_replays();
    step_until_made(id, REPLAY_LIVE_MAX);
    for (i = 0; i < 3; i++)
        step();
    CU_ASSERT_EQUAL(replay_of(id).made, REPLAY_LIVE_MAX);
    CU_ASSERT_EQUAL(count("jobs WHERE kind = 1"), REPLAY_LIVE_MAX);
    CU_ASSERT_EQUAL(replay_of(id).live_count, REPLAY_LIVE_MAX);
    CU_ASSERT_EQUAL(replayer_parked(replayer), 0);
    /* It looks ever more seldom, and is not waited for then. */
    for (i = 0; i < 5; i++)
        step();
    CU_ASSERT_EQUAL(replayer_parked(replayer), 1);
    deliver_all();
    step_until_made(id, 2 * REPLAY_LIVE_MAX);
    CU_ASSERT_EQUAL(replay_of(id).made, 2 * REPLAY_LIVE_MAX);
    close_worker();
}

static void
test_a_rate(void)
{
    int64_t due_us;
    uint64_t id, made;

    start_anew();
    add_events(100);
    add_deliveries(100, 1, "failed");
    id = make_replay(REPLAY_RECOVER, 1, 20, true);
    open_worker();
    take_replays();
    step_until_made(id, 1);
    made = replay_of(id).made;
    CU_ASSERT(made <= 4); /* a fifth of a second's worth */
    due_us = replayer_due(replayer);
    CU_ASSERT(due_us > clock_mono_us());
    CU_ASSERT_EQUAL(replayer_run(replayer), DB_OK); /* not yet */
    CU_ASSERT_EQUAL(replay_of(id).made, made);
    close_worker();
}

static void
test_connection_lost(void)
{
    static const struct {
        const char *claim, *text;
        enum dbproxy_when when;
    } rows[] = {
        {"before the row is locked", "FROM replays WHERE job_id",
         DBPROXY_BEFORE},
        {"before the deliveries are read", "FROM deliveries d FORCE",
         DBPROXY_BEFORE},
        {"before the jobs are made", "INSERT INTO jobs", DBPROXY_BEFORE},
        {"after the jobs were made", "INSERT INTO jobs", DBPROXY_AFTER},
        {"after the cursor was moved", "UPDATE replays", DBPROXY_AFTER},
        {"after the job was removed", "DELETE FROM jobs", DBPROXY_AFTER},
        {"a deadlock at the jobs", "INSERT INTO jobs", DBPROXY_DEADLOCK},
        {"before COMMIT arrives", "COMMIT", DBPROXY_BEFORE},
        {"after COMMIT, unheard", "COMMIT", DBPROXY_AFTER},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct replay replay;
        uint64_t id;

        start_anew();
        add_events(300);
        add_deliveries(300, 1, "failed");
        id = make_replay(REPLAY_RECOVER, 1, 0, true);
        open_worker();
        take_replays();
        dbproxy_fail(rows[i].text, rows[i].when, 2);
        run_to_the_end();
        CU_ASSERT_EQUAL(atomic_load(&dbproxy.failures), 0);
        dbproxy_fail(NULL, DBPROXY_BEFORE, 0);
        replay = replay_of(id);
        if (replay.made != 300 || replay.status != REPLAY_DONE)
            fprintf(stderr, "\n%s: %llu made\n", rows[i].claim,
                    (unsigned long long)replay.made);
        CU_ASSERT_EQUAL(replay.status, REPLAY_DONE);
        CU_ASSERT_EQUAL(replay.succeeded, 300);
        assert_each_once(300);
        close_worker();
    }
}

static void
test_crash_between_steps(void)
{
    struct replay replay;
    uint64_t id;
    int crash;

    start_anew();
    add_events(MANY);
    add_deliveries(MANY, 1, "failed");
    id = make_replay(REPLAY_RECOVER, 1, 0, true);
    for (crash = 1; crash <= 8; crash++) {
        open_worker();
        take_replays();
        step();
        step();
        deliver_all();
        close_worker();
    }
    CU_ASSERT(replay_of(id).made > 0);
    CU_ASSERT(replay_of(id).made < MANY);
    open_worker();
    run_to_the_end();
    replay = replay_of(id);
    CU_ASSERT_EQUAL(replay.made, MANY);
    CU_ASSERT_EQUAL(replay.succeeded, MANY);
    assert_each_once(MANY);
    close_worker();
}

/* Another worker has the shard: nothing is written any more. */
static void
test_lost_lease(void)
{
    uint64_t id;
    int i;

    start_anew();
    add_events(MANY);
    add_deliveries(MANY, 1, "failed");
    id = make_replay(REPLAY_RECOVER, 1, 0, true);
    open_worker();
    take_replays();
    step_until_made(id, 1);
    deliver_all();
    testdb_exec(db, "UPDATE shards SET token = 77, node = 1000, "
                    "lease_until = NOW(6) + INTERVAL 1 HOUR");
    for (i = 0; i < 5; i++) {
        wait_for_turn();
        (void)!replayer_run(replayer);
    }
    CU_ASSERT_EQUAL(replay_of(id).made, REPLAY_LIVE_MAX);
    CU_ASSERT_EQUAL(replayer_due(replayer), INT64_MAX);
    close_worker();
}

static void
test_cancelled_between_steps(void)
{
    bool changed = false;
    struct replay replay;
    uint64_t id;

    start_anew();
    add_events(MANY);
    add_deliveries(MANY, 1, "failed");
    id = make_replay(REPLAY_RECOVER, 1, 0, true);
    open_worker();
    take_replays();
    step_until_made(id, 1);
    CU_ASSERT_EQUAL(store_replay_cancel(db, 0, id, &changed), DB_OK);
    CU_ASSERT(changed);
    deliver_all();
    run_to_the_end();
    replay = replay_of(id);
    CU_ASSERT_EQUAL(replay.status, REPLAY_CANCELLED);
    CU_ASSERT_EQUAL(replay.made, REPLAY_LIVE_MAX);
    /* They are counted all the same. */
    CU_ASSERT_EQUAL(replay.succeeded, REPLAY_LIVE_MAX);
    CU_ASSERT_EQUAL(scheduler_counts(w.desk.scheduler).tasks, 0);
    close_worker();
}

/* In the order of the deliveries that they repeat, each with a place. */
static void
test_a_subscription_in_order(void)
{
    uint64_t id;

    start_anew();
    testdb_exec(db, "UPDATE subscriptions SET ordering = 'fifo' WHERE id = 1");
    add_events(80);
    add_deliveries(80, 1, "failed");
    testdb_exec(db, "UPDATE events SET ordering_key = 'k' WHERE id % 2 = 0");
    id = make_replay(REPLAY_RECOVER, 1, 0, true);
    open_worker();
    take_replays();
    step_until_made(id, 80);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(DISTINCT lane) FROM jobs "
                                   "WHERE kind = 1"),
                    2);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(DISTINCT lane, next_retry_at) "
                                   "FROM jobs WHERE kind = 1"),
                    80);
    CU_ASSERT_EQUAL(count("jobs a JOIN jobs b ON a.lane = b.lane AND "
                          "a.event_id < b.event_id AND "
                          "a.next_retry_at >= b.next_retry_at"),
                    0);
    CU_ASSERT_EQUAL(count("jobs WHERE kind = 1 AND lane & 0xffffffff <> 0 AND "
                          "event_id % 2 = 1"),
                    0);
    close_worker();
}

static void
test_what_is_left_out(void)
{
    struct replay replay;
    uint64_t id;
    char sql[384];

    start_anew();
    add_events(10);
    add_deliveries(10, 1, "failed");
    add_deliveries(10, 2, "failed"); /* another subscription's */
    snprintf(sql, sizeof(sql), "UPDATE events SET expunged = 1 WHERE id = %llu",
             (unsigned long long)(events_from + 1));
    testdb_exec(db, sql);
    snprintf(sql, sizeof(sql), "DELETE FROM events WHERE id = %llu",
             (unsigned long long)(events_from + 2));
    testdb_exec(db, sql);
    /* Delivered by hand since, under way, and failed twice. */
    snprintf(sql, sizeof(sql),
             "INSERT INTO deliveries SELECT id + 500, done_day, kind, test, "
             "application_id, owner_id, event_id, event_type, "
             "IF(event_id = %llu, 'success', 'failed'), attempts, id, "
             "response_code, error_class, error_message, response_body, "
             "duration_ms, completed_at FROM deliveries WHERE owner_id = 1 "
             "AND event_id IN (%llu, %llu)",
             (unsigned long long)(events_from + 3),
             (unsigned long long)(events_from + 3),
             (unsigned long long)(events_from + 4));
    testdb_exec(db, sql);
    snprintf(sql, sizeof(sql),
             "INSERT INTO jobs (id, kind, shard, lane, event_id) VALUES "
             "(77, 1, %u, 1 << 32, %llu)",
             lane_shard(lane_number(LANE_SUBSCRIPTION, 1)),
             (unsigned long long)(events_from + 5));
    testdb_exec(db, sql);
    id = make_replay(REPLAY_RECOVER, 1, 0, true);
    open_worker();
    take_replays();
    step_until_made(id, 6);
    replay = replay_of(id);
    /* 4 (its second delivery) and 6 to 10. */
    CU_ASSERT_EQUAL(replay.made, 6);
    CU_ASSERT_EQUAL(replay.planned, 6);
    CU_ASSERT_EQUAL(replay.skipped, 5);
    snprintf(sql, sizeof(sql),
             "jobs WHERE kind = 1 AND event_id > %llu AND retry_of IS NOT NULL "
             "AND lane = 1 << 32 AND event_id <> %llu",
             (unsigned long long)(events_from + 3),
             (unsigned long long)(events_from + 5));
    CU_ASSERT_EQUAL(count(sql), 6);
    close_worker();
}

static void
test_missing_events(void)
{
    struct replay replay;
    uint64_t id;
    char sql[512];

    start_anew();
    add_events(MANY);
    add_deliveries(100, 1, "success"); /* the first hundred it has got */
    add_deliveries(MANY, 2, "success");
    snprintf(sql, sizeof(sql),
             "UPDATE events SET application_id = IF(id - %llu = 101, 2, 1), "
             "test = id - %llu = 102, type = IF(id - %llu = 103, 'b.c', type), "
             "expunged = id - %llu = 104",
             (unsigned long long)events_from, (unsigned long long)events_from,
             (unsigned long long)events_from, (unsigned long long)events_from);
    testdb_exec(db, sql);
    /* One waits for it, one is being expanded to its jobs. */
    snprintf(sql, sizeof(sql),
             "INSERT INTO jobs (id, kind, shard, lane, event_id) VALUES "
             "(77, 1, %u, 1 << 32, %llu), (78, 3, %u, %llu, %llu)",
             lane_shard(lane_number(LANE_SUBSCRIPTION, 1)),
             (unsigned long long)(events_from + 105),
             lane_shard(lane_number(LANE_FANOUT, 1)),
             (unsigned long long)lane_number(LANE_FANOUT, 1),
             (unsigned long long)(events_from + 106));
    testdb_exec(db, sql);
    id = make_replay(REPLAY_MISSING, 1, 0, false);
    open_worker();
    take_replays();
    while (replayer_due(replayer) != INT64_MAX)
        step();
    replay = replay_of(id);
    CU_ASSERT_EQUAL(replay.status, REPLAY_PLANNED);
    CU_ASSERT_EQUAL(replay.planned, MANY - 106);
    CU_ASSERT_EQUAL(replay.skipped, 1);
    close_worker();
}

static void
test_all_subscriptions_of_an_application(void)
{
    struct replay replay;
    uint64_t id;

    start_anew();
    add_events(150);
    add_deliveries(150, 1, "failed");
    add_deliveries(150, 2, "failed");
    id = make_replay(REPLAY_RETRY, 0, 0, true);
    open_worker();
    run_to_the_end();
    replay = replay_of(id);
    CU_ASSERT_EQUAL(replay.status, REPLAY_DONE);
    CU_ASSERT_EQUAL(replay.planned, 300);
    CU_ASSERT_EQUAL(replay.succeeded, 300);
    assert_each_once(300);
    close_worker();
}

/* What waits there already would be ahead of all it makes. */
static void
test_too_much_waits_already(void)
{
    char sql[256];
    uint64_t id;
    int i;

    start_anew();
    add_events(10);
    add_deliveries(10, 1, "failed");
    snprintf(sql, sizeof(sql),
             "INSERT INTO jobs (id, kind, shard, lane, event_id) "
             "SELECT seq, 1, %u, 1 << 32, seq FROM seq_1_to_5001",
             lane_shard(lane_number(LANE_SUBSCRIPTION, 1)));
    testdb_exec(db, sql);
    id = make_replay(REPLAY_RECOVER, 1, 0, true);
    open_worker();
    take_replays();
    for (i = 0; i < 6; i++)
        step();
    CU_ASSERT_EQUAL(replay_of(id).status, REPLAY_RUNNING);
    CU_ASSERT_EQUAL(replay_of(id).made, 0);
    testdb_exec(db, "DELETE FROM jobs WHERE id <= 5001");
    step_until_made(id, 10);
    close_worker();
}

static void
test_held_and_deleted(void)
{
    uint64_t id;
    int i;

    start_anew();
    add_events(10);
    add_deliveries(10, 1, "failed");
    testdb_exec(db, "UPDATE subscriptions SET paused = 1 WHERE id = 1");
    id = make_replay(REPLAY_RECOVER, 1, 0, true);
    open_worker();
    take_replays();
    for (i = 0; i < 6; i++)
        step();
    CU_ASSERT_EQUAL(replay_of(id).status, REPLAY_RUNNING);
    CU_ASSERT_EQUAL(replay_of(id).planned, 10);
    CU_ASSERT_EQUAL(replay_of(id).made, 0);
    testdb_exec(db, "UPDATE config_version SET version = 3");
    testdb_exec(db, "UPDATE subscriptions SET deleted_at = NOW(), "
                    "config_version = 3 WHERE id = 1");
    run_to_the_end();
    CU_ASSERT_EQUAL(replay_of(id).status, REPLAY_CANCELLED);
    close_worker();
}

/* Whatever is in the way stays there: it must not be tried without a pause. */
static void
test_what_the_database_refuses(void)
{
    uint64_t id, statements;
    int turns;

    start_anew();
    add_events(10);
    add_deliveries(10, 1, "failed");
    id = make_replay(REPLAY_RECOVER, 1, 0, true);
    testdb_exec(db, "CREATE TRIGGER refuse BEFORE INSERT ON jobs FOR EACH ROW "
                    "SIGNAL SQLSTATE '45000'");
    open_worker();
    take_replays();
    for (turns = 0; turns < 20 && replayer_parked(replayer) == 0; turns++)
        step();
    CU_ASSERT_EQUAL(replayer_parked(replayer), 1);
    CU_ASSERT(replayer_due(replayer) > clock_mono_us() + 20 * CLOCK_US_PER_S);
    statements = db_statements(w.db);
    CU_ASSERT_EQUAL(replayer_run(replayer), DB_OK);
    CU_ASSERT_EQUAL(db_statements(w.db), statements);
    CU_ASSERT_EQUAL(replay_of(id).made, 0);
    testdb_exec(db, "DROP TRIGGER refuse");
    close_worker();
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"counted in steps and planned", test_counted_and_planned},
        {"run to the end", test_run_to_the_end},
        {"no more than so many at once", test_no_more_than_so_many_at_once},
        {"a rate", test_a_rate},
        {"a connection lost in the midst of it", test_connection_lost},
        {"a crash between steps", test_crash_between_steps},
        {"a lost lease", test_lost_lease},
        {"cancelled between steps", test_cancelled_between_steps},
        {"a subscription in order", test_a_subscription_in_order},
        {"what is left out", test_what_is_left_out},
        {"missing events", test_missing_events},
        {"all subscriptions of an application",
         test_all_subscriptions_of_an_application},
        {"too much waits already", test_too_much_waits_already},
        {"held and deleted", test_held_and_deleted},
        {"what the database refuses", test_what_the_database_refuses},
        CU_TEST_INFO_NULL,
    };

    id_source_init(&ids, 1023);
    return store_thread_run("replay", tests);
}
