/*
 * test_commit_batch.c - unit tests for core/ingest/commit.c: how much goes into
 * one transaction, and when the subscriptions are looked at.
 *
 * A transaction that has to wait for somebody shows what is in it: all of that
 * is not stored yet.
 */
#include "commit_fixture.h"
#include "unit.h"
#include "waits.h"

#include "dedupe.h"

#include <errno.h>
#include <semaphore.h>

#define LARGE 700000 /* bytes: one fits into a batch, two do not */
#define MOST 300     /* events of a request here */

/* A request that somebody waits for. */
struct handed {
    struct commit_request request;
    struct new_event events[MOST];
    sem_t done;
};

static void
tell_done(struct commit_request *request)
{
    sem_post(request->arg);
}

static void
hand_in(struct handed *handed, size_t events)
{
    CU_ASSERT_EQUAL_FATAL(sem_init(&handed->done, 0, 0), 0);
    handed->request = (struct commit_request){
        .events = handed->events,
        .count = events,
        .done = tell_done,
        .arg = &handed->done,
    };
    commit_start(t.committer, &handed->request);
}

static enum db_result
result_of(struct handed *handed)
{
    while (sem_wait(&handed->done) != 0)
        CU_ASSERT_EQUAL_FATAL(errno, EINTR);
    sem_destroy(&handed->done);
    return handed->request.result;
}

/* Who writes that key waits until the connection is freed. */
static struct db *
hold_key(const char *key)
{
    struct new_event event = make_keyed(key);
    struct db *db = db_new(&testdb_settings);
    struct buf sql = BUF_INIT(4096);
    unsigned slot;

    sql_raw(&sql, "INSERT INTO dedupe (slot,hash,event_id,matched) VALUES ");
    for (slot = 0; slot < DEDUPE_SLOTS; slot++) { /* whatever day it is */
        sql_raw(&sql, slot == 0 ? "(" : ",(");
        sql_u64(&sql, slot);
        sql_raw(&sql, ",");
        sql_bytes(&sql, slice_make(event.dedupe_hash, 32));
        sql_raw(&sql, ",1,0)");
    }
    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    testdb_exec(db, sql.data);
    buf_free(&sql);
    return db;
}

static void
release(struct db *db)
{
    db_rollback(db);
    db_free(db);
}

static void
await_waiting_for_key(void)
{
    CU_ASSERT_TRUE_FATAL(waits_for(t.db, "INSERT INTO dedupe"));
}

static struct new_event
make_large(char *payload, size_t bytes)
{
    struct new_event event = make_event("a.b", ROUTE_MATCH);

    memset(payload, 'x', bytes);
    payload[0] = payload[bytes - 1] = '"';
    event.payload = slice_make(payload, bytes);
    return event;
}

static void
make_events(struct handed *handed, size_t events, struct new_event one)
{
    size_t i;

    for (i = 0; i < events; i++)
        handed->events[i] = one;
}

/* The second request's last event waits for its key. */
static void
add_key(struct handed *second, size_t events)
{
    const struct new_event keyed = make_keyed("second");
    struct new_event *last = &second->events[events - 1];

    memcpy(last->dedupe_hash, keyed.dedupe_hash, sizeof(last->dedupe_hash));
    last->has_dedupe = keyed.has_dedupe;
}

/* Two requests that wait at the same time, behind a transaction of one event:
   how many events are stored when the second one is under way? */
static uint64_t
stored_before_second(struct handed *first, size_t first_events,
                     struct handed *second, size_t second_events)
{
    struct handed *leader = xcalloc(1, sizeof(*leader));
    struct db *of_leader = hold_key("leader");
    struct db *of_second = hold_key("second");
    uint64_t stored;

    leader->events[0] = make_keyed("leader");
    hand_in(leader, 1);
    await_waiting_for_key();
    add_key(second, second_events);
    hand_in(first, first_events);
    hand_in(second, second_events);
    release(of_leader);
    CU_ASSERT_EQUAL(result_of(leader), DB_OK);
    await_waiting_for_key();
    stored = count("events", "1");
    release(of_second);
    CU_ASSERT_EQUAL(result_of(first), DB_OK);
    CU_ASSERT_EQUAL(result_of(second), DB_OK);
    CU_ASSERT_EQUAL(count("events", "1"), 1 + first_events + second_events);
    free(leader);
    return stored;
}

static void
test_a_batch_is_bounded(void)
{
    static const struct {
        const char *claim;
        uint32_t subscriptions; /* that want each event */
        size_t first, second;   /* events of the two requests */
        size_t bytes;           /* of each payload, 0 = few */
        bool together;
    } rows[] = {
        {"what fits goes together", 1, 20, 20, 0, true},
        {"more events than fit", 1, MOST, MOST, 0, false},
        {"more bytes than fit", 1, 1, 1, LARGE, false},
        {"more jobs than fit", 90, 120, 1, 0, false},
    };
    struct handed *first = xcalloc(1, sizeof(*first));
    struct handed *second = xcalloc(1, sizeof(*second));
    char *payload = xmalloc(LARGE);
    uint32_t id;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct new_event event = make_event("a.b", ROUTE_MATCH);
        uint64_t want = 1 + (rows[i].together ? 0 : rows[i].first), got;

        set_up();
        for (id = 1; id <= rows[i].subscriptions; id++)
            subscribe(10 + id, "a.b");
        if (rows[i].bytes > 0)
            event = make_large(payload, rows[i].bytes);
        make_events(first, rows[i].first, event);
        make_events(second, rows[i].second, event);
        got =
            stored_before_second(first, rows[i].first, second, rows[i].second);
        if (got != want)
            fprintf(stderr, "\n%s: got %llu events, want %llu\n", rows[i].claim,
                    (unsigned long long)got, (unsigned long long)want);
        CU_ASSERT_EQUAL(got, want);
        CU_ASSERT_EQUAL(count("jobs", "1"),
                        count("events", "1") * rows[i].subscriptions);
        tear_down();
    }
    free(payload);
    free(second);
    free(first);
}

/* The leader is held up while it reads the subscriptions for the batch it has
   taken. Who is created then, and an event after that: they meet. */
static void
test_subscriptions_are_read_after_the_batch_is_taken(void)
{
    struct handed *first = xcalloc(1, sizeof(*first));
    struct handed *second = xcalloc(1, sizeof(*second));
    struct db *holder = db_new(&testdb_settings);

    set_up();
    subscribe(11, "a.b");
    first->events[0] = second->events[0] = make_event("a.b", ROUTE_MATCH);
    testdb_exec(holder, "LOCK TABLES event_types WRITE"); /* they come last */
    hand_in(first, 1);
    CU_ASSERT_TRUE_FATAL(waits_for(t.db, "SELECT id, name, json_schema"));
    subscribe(12, "a.b");
    hand_in(second, 1);
    testdb_exec(holder, "UNLOCK TABLES");
    CU_ASSERT_EQUAL(result_of(first), DB_OK);
    CU_ASSERT_EQUAL(result_of(second), DB_OK);
    CU_ASSERT_EQUAL(first->events[0].matched, 1); /* 12 was not there */
    CU_ASSERT_EQUAL(second->events[0].matched, 2);
    db_free(holder);
    free(second);
    free(first);
    tear_down();
}

static int
run(void)
{
    CU_TestInfo tests[] = {
        {"a batch is bounded", test_a_batch_is_bounded},
        {"subscriptions are read after the batch is taken",
         test_subscriptions_are_read_after_the_batch_is_taken},
        CU_TEST_INFO_NULL,
    };

    return unit_run("commit, batches", tests);
}

int
main(void)
{
    return commit_fixture_run(run);
}
