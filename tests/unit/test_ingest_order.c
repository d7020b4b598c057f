/*
 * test_ingest_order.c - unit tests for core/ingest/ingest_order.c and what core/ingest/ingest.c
 * does with it: FIFO lanes, and events for very many subscriptions.
 */
#include "catalog.h"
#include "clock.h"
#include "ingest.h"
#include "log.h"
#include "testdb.h"
#include "unit.h"

#include <string.h>

#define LANE(id) lane_number(LANE_SUBSCRIPTION, (id))

static struct db *db;
static struct id_source ids;
static struct catalog *catalog;
static struct sealer *sealer;

static void
start_anew(void)
{
    static const uint8_t key[32] = {1};
    static const char *const statements[] = {
        "DELETE FROM events",
        "DELETE FROM jobs",
        "DELETE FROM dedupe",
        "DELETE FROM fanouts",
        "DELETE FROM lane_state",
        "DELETE FROM subscriptions",
        "DELETE FROM subscription_patterns",
        "UPDATE config_version SET version = 2",
    };
    size_t i;

    for (i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
        testdb_exec(db, statements[i]);
    catalog_free(catalog);
    seal_close(sealer);
    sealer = seal_from_key(key);
    catalog = catalog_new(sealer);
}

static void
subscribe(uint32_t id, const char *ordering, const char *pattern)
{
    char sql[384];

    snprintf(sql, sizeof(sql),
             "INSERT INTO subscriptions SET id = %u, application_id = 1, "
             "url = 'https://e.org', secret = '', ordering = '%s', "
             "config_version = 2",
             id, ordering);
    testdb_exec(db, sql);
    snprintf(sql, sizeof(sql),
             "INSERT INTO subscription_patterns VALUES (%u, 0, '%s')", id,
             pattern);
    testdb_exec(db, sql);
}

static struct new_event
make_event(const char *type, const char *ordering_key)
{
    return (struct new_event){
        .application_id = 1,
        .type = slice_of(type),
        .payload = SLICE("{}"),
        .ordering_key = slice_of(ordering_key),
        .route = ROUTE_MATCH,
    };
}

/* A batch of these events, not written yet. */
static struct ingest *
batch_of(struct new_event *events, size_t count)
{
    struct ingest *batch = ingest_new();
    const struct catalog_snapshot *snapshot;
    size_t i;

    CU_ASSERT_EQUAL_FATAL(catalog_refresh(catalog, db), DB_OK);
    snapshot = catalog_take(catalog);
    for (i = 0; i < count; i++)
        ingest_add(batch, &events[i], &ids, snapshot);
    catalog_release(snapshot);
    return batch;
}

static void
write_all(struct new_event *events, size_t count)
{
    struct ingest *batch = batch_of(events, count);

    CU_ASSERT_EQUAL_FATAL(ingest_write(batch, db, db_now_us(db)), DB_OK);
    ingest_answer(batch);
    ingest_free(batch);
}

/* When the event's job in that lane is due, as microseconds; 0 = no such job. */
static uint64_t
due_of(const struct new_event *event, uint64_t lane)
{
    char sql[256];

    snprintf(sql, sizeof(sql),
             "SELECT COALESCE(MAX(CAST(UNIX_TIMESTAMP(next_retry_at) * 1000000 "
             "AS UNSIGNED)), 0) FROM jobs WHERE event_id = %llu AND "
             "lane = %llu",
             (unsigned long long)event->id, (unsigned long long)lane);
    return testdb_u64(db, sql);
}

static uint64_t
count(const char *what)
{
    return testdb_count(db, what);
}

static void
test_order_of_a_batch(void)
{
    struct new_event events[20];
    size_t i;

    start_anew();
    subscribe(1, "fifo", "a");
    subscribe(2, "fifo", "*");
    subscribe(3, "none", "a");
    for (i = 0; i < 20; i++)
        events[i] = make_event("a", NULL);
    write_all(events, 10);
    write_all(events + 10, 10);
    for (i = 0; i < 20; i++) {
        CU_ASSERT_EQUAL(events[i].matched, 3);
        CU_ASSERT(due_of(&events[i], LANE(3)) > 0);
        CU_ASSERT_FATAL(due_of(&events[i], LANE(1)) > 0);
        CU_ASSERT_FATAL(due_of(&events[i], LANE(2)) > 0);
        if (i == 0)
            continue;
        CU_ASSERT(due_of(&events[i], LANE(1)) >
                  due_of(&events[i - 1], LANE(1)));
        CU_ASSERT(due_of(&events[i], LANE(2)) >
                  due_of(&events[i - 1], LANE(2)));
    }
    CU_ASSERT_EQUAL(count("lane_state"), 2);
}

static void
test_keys_have_their_lanes(void)
{
    struct new_event events[] = {
        make_event("a", "one"),
        make_event("a", "two"),
        make_event("a", NULL),
        make_event("a", "one"),
    };
    uint64_t one = lane_of_key(LANE(1), SLICE("one"));
    uint64_t two = lane_of_key(LANE(1), SLICE("two"));

    start_anew();
    subscribe(1, "fifo", "a");
    subscribe(2, "none", "a");
    write_all(events, 4);
    CU_ASSERT(due_of(&events[0], one) > 0);
    CU_ASSERT(due_of(&events[1], two) > 0);
    CU_ASSERT(due_of(&events[2], LANE(1)) > 0);
    CU_ASSERT(due_of(&events[3], one) > due_of(&events[0], one));
    /* Who does not want the order has one lane for all. */
    CU_ASSERT_EQUAL(count("jobs WHERE lane = 2 << 32"), 4);
    CU_ASSERT_EQUAL(count("events WHERE ordering_key = 'one'"), 2);
    CU_ASSERT_EQUAL(count("events WHERE ordering_key IS NULL"), 1);
}

/* Nobody pays for what nobody has asked for. */
static void
test_without_fifo_it_costs_nothing(void)
{
    struct new_event plain = make_event("a", "key");
    uint64_t before;
    struct ingest *batch;

    start_anew();
    subscribe(1, "none", "a");
    batch = batch_of(&plain, 1);
    before = db_statements(db);
    CU_ASSERT_EQUAL_FATAL(ingest_write(batch, db, db_now_us(db)), DB_OK);
    /* BEGIN, events, jobs, COMMIT; several statements may be allowed first. */
    CU_ASSERT(db_statements(db) - before <= 5);
    CU_ASSERT_EQUAL(count("lane_state"), 0);
    ingest_free(batch);
}

static void
test_waiting_for_a_time(void)
{
    struct new_event events[] = {make_event("a", NULL), make_event("a", NULL)};
    int64_t later_us;

    start_anew();
    subscribe(1, "fifo", "a");
    later_us = clock_wall_us() + 3600 * CLOCK_US_PER_S;
    events[0].deliver_at_us = later_us;
    events[1].deliver_at_us = 1; /* past: now */
    write_all(events, 2);
    CU_ASSERT_EQUAL(due_of(&events[0], LANE(1)), later_us);
    CU_ASSERT(due_of(&events[1], LANE(1)) < (uint64_t)later_us);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT sequence FROM lane_state"),
                    due_of(&events[1], LANE(1)));
}

static void
test_tests_have_no_place(void)
{
    struct new_event event = make_event("webhook.test", NULL);

    start_anew();
    subscribe(1, "fifo", "*");
    event.route = ROUTE_ONE;
    event.subscription_id = 1;
    event.test = true;
    write_all(&event, 1);
    CU_ASSERT_EQUAL(count("jobs WHERE test = 1 AND lane = 1 << 32"), 1);
    CU_ASSERT_EQUAL(count("lane_state"), 0);
}

static void
test_repeated_events_take_no_place(void)
{
    struct new_event events[2];
    uint64_t sequence;
    size_t i;

    start_anew();
    subscribe(1, "fifo", "a");
    for (i = 0; i < 2; i++) {
        events[i] = make_event("a", NULL);
        event_dedupe_hash(&events[i], "test", 1, SLICE("same"));
    }
    write_all(events, 1);
    sequence = testdb_u64(db, "SELECT sequence FROM lane_state");
    write_all(events + 1, 1);
    CU_ASSERT(events[1].duplicate);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT sequence FROM lane_state"),
                    sequence);
    CU_ASSERT_EQUAL(count("jobs"), 1);
}

/* A batch that has to be written again stands behind what came meanwhile. */
static void
test_written_again(void)
{
    struct new_event first = make_event("a", NULL),
                     second = make_event("a", NULL);
    struct ingest *batch;

    start_anew();
    subscribe(1, "fifo", "a");
    batch = batch_of(&first, 1);
    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    CU_ASSERT_EQUAL_FATAL(ingest_insert(batch, db, db_now_us(db)), DB_OK);
    db_rollback(db);
    write_all(&second, 1);
    CU_ASSERT_EQUAL_FATAL(ingest_write(batch, db, db_now_us(db)), DB_OK);
    ingest_answer(batch);
    ingest_free(batch);
    CU_ASSERT(due_of(&first, LANE(1)) > due_of(&second, LANE(1)));
}

/* --- very many subscriptions ------------------------------------------------ */

static void
subscribe_many(uint32_t from, uint32_t to)
{
    uint32_t id;

    testdb_exec(db, "BEGIN");
    for (id = from; id <= to; id++)
        subscribe(id, "none", "a");
    testdb_exec(db, "COMMIT");
}

static void
test_a_hundred_at_once(void)
{
    struct new_event event = make_event("a", NULL);

    start_anew();
    subscribe_many(1, FANOUT_AT_ONCE);
    write_all(&event, 1);
    CU_ASSERT_EQUAL(event.matched, FANOUT_AT_ONCE);
    CU_ASSERT_EQUAL(count("jobs WHERE kind = 1"), FANOUT_AT_ONCE);
    CU_ASSERT_EQUAL(count("fanouts"), 0);
}

static void
test_one_more_is_a_fanout(void)
{
    struct new_event event = make_event("a", "key");
    char sql[256];

    start_anew();
    subscribe_many(1, FANOUT_AT_ONCE + 1);
    subscribe(500, "fifo", "*");
    event.deliver_at_us = clock_wall_us() + 3600 * CLOCK_US_PER_S;
    write_all(&event, 1);
    CU_ASSERT_EQUAL(event.matched, FANOUT_AT_ONCE + 2);
    CU_ASSERT_EQUAL(count("jobs"), 2);
    /* Who wants the order has its job; the others' is due at once, to make
       theirs for the time they wait for. */
    snprintf(sql, sizeof(sql), "jobs WHERE kind = 1 AND lane = %llu",
             (unsigned long long)lane_of_key(LANE(500), SLICE("key")));
    CU_ASSERT_EQUAL(count(sql), 1);
    snprintf(sql, sizeof(sql),
             "jobs j JOIN fanouts f ON f.job_id = j.id WHERE j.kind = 3 AND "
             "j.lane = %llu AND j.shard = %u AND "
             "j.next_retry_at < NOW() + INTERVAL 60 SECOND AND "
             "f.deliver_at > NOW() + INTERVAL 3000 SECOND AND f.done = 0",
             (unsigned long long)lane_number(LANE_FANOUT, 1),
             (unsigned)lane_shard(lane_number(LANE_FANOUT, 1)));
    CU_ASSERT_EQUAL(count(sql), 1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT total FROM fanouts"),
                    FANOUT_AT_ONCE + 1);
    CU_ASSERT_EQUAL(
        count("fanouts f JOIN subscriptions s ON "
              "FIND_IN_SET(s.id, f.subscriptions) > 0 WHERE s.id <= 101"),
        FANOUT_AT_ONCE + 1);
    CU_ASSERT_EQUAL(count("fanouts WHERE FIND_IN_SET(500, subscriptions)"), 0);
}

/* Several of them, with others between, in one batch; and drawn anew. */
static void
test_fanouts_in_a_batch(void)
{
    struct new_event events[] = {
        make_event("a", NULL),
        make_event("b", NULL),
        make_event("a", NULL),
    };
    struct ingest *batch;

    start_anew();
    subscribe_many(1, 150);
    subscribe(200, "none", "b");
    events[2].route = ROUTE_PROCESS_MATCH;
    events[2].source_id = 1;
    batch = batch_of(events, 3);
    CU_ASSERT_EQUAL(ingest_jobs(batch), 4);
    ingest_redraw(batch, &ids);
    CU_ASSERT_EQUAL_FATAL(ingest_write(batch, db, db_now_us(db)), DB_OK);
    ingest_answer(batch);
    ingest_free(batch);
    CU_ASSERT_EQUAL(events[0].matched, 150);
    CU_ASSERT_EQUAL(events[1].matched, 1);
    CU_ASSERT_EQUAL(events[2].matched, 150);
    CU_ASSERT_EQUAL(count("jobs WHERE kind = 3"), 2);
    CU_ASSERT_EQUAL(count("jobs WHERE kind = 2"), 1);
    CU_ASSERT_EQUAL(count("jobs WHERE kind = 1"), 1);
    CU_ASSERT_EQUAL(count("fanouts f JOIN jobs j ON j.id = f.job_id JOIN "
                          "events e ON e.id = j.event_id WHERE "
                          "f.total = 150 AND f.config_version = 2"),
                    2);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"jobs of FIFO lanes have the order of their events",
         test_order_of_a_batch},
        {"ordering keys have lanes of their own", test_keys_have_their_lanes},
        {"without FIFO subscriptions it costs nothing",
         test_without_fifo_it_costs_nothing},
        {"what waits for a time takes its place then", test_waiting_for_a_time},
        {"tests have no place", test_tests_have_no_place},
        {"repeated events take no place", test_repeated_events_take_no_place},
        {"a batch written again takes its places anew", test_written_again},
        {"a hundred subscriptions are served at once", test_a_hundred_at_once},
        {"one more makes a fan-out job", test_one_more_is_a_fanout},
        {"several fan-outs in one batch", test_fanouts_in_a_batch},
        CU_TEST_INFO_NULL,
    };
    int rc;

    if (!testdb_start() || !log_open(LOG_FORMAT_TEXT, LOG_ERROR, "/dev/null"))
        return EXIT_FAILURE;
    if (!testdb_migrate()) {
        testdb_stop();
        return EXIT_FAILURE;
    }
    db = db_new(&testdb_settings);
    id_source_init(&ids, 5);
    rc = unit_run("ingest_order", tests);
    catalog_free(catalog);
    seal_close(sealer);
    db_free(db);
    testdb_stop();
    return rc;
}
