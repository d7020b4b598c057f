/*
 * test_ingest_requeue.c - unit tests for core/ingest/ingest_requeue.c: repeats
 * of events whose processing has failed for good.
 */
#include "dedupe.h"
#include "ingest.h"
#include "lane.h"
#include "testdb.h"
#include "unit.h"

#include "clock.h"

#include <pthread.h>
#include <string.h>

#define DAY CLOCK_US_PER_DAY
#define SOURCE 7

static struct db *db;
static struct id_source ids;

static struct new_event
event_with(const char *key, enum event_route route)
{
    struct new_event event = {
        .application_id = 1,
        .source_id = SOURCE,
        .type = SLICE("a.b"),
        .payload = SLICE("{}"),
        .route = route,
        .subscription_id = 1,
    };

    event_dedupe_hash(&event, "test", SOURCE, slice_of(key));
    return event;
}

static struct new_event
write_at(const char *key, int64_t now_us)
{
    struct new_event event = event_with(key, ROUTE_PROCESS);
    struct ingest *batch = ingest_new();

    ingest_add(batch, &event, &ids, NULL);
    CU_ASSERT_EQUAL_FATAL(ingest_write(batch, db, now_us), DB_OK);
    ingest_answer(batch);
    ingest_free(batch);
    return event;
}

static struct new_event
write_now(const char *key)
{
    return write_at(key, db_now_us(db));
}

/* The worker's: the job is done. */
static void
end_job(uint64_t id, const char *status, unsigned kind)
{
    char sql[512];

    snprintf(sql, sizeof(sql),
             "INSERT INTO deliveries (id, done_day, kind, application_id, "
             "owner_id, event_id, event_type, status, attempts, retry_of, "
             "duration_ms, completed_at) SELECT id, UTC_DATE(), %u, 1, %u, "
             "event_id, 'a.b', '%s', 3, retry_of, 1, UTC_TIMESTAMP(6) "
             "FROM jobs WHERE id = %llu",
             kind, SOURCE, status, (unsigned long long)id);
    testdb_exec(db, sql);
    snprintf(sql, sizeof(sql), "DELETE FROM jobs WHERE id = %llu",
             (unsigned long long)id);
    testdb_exec(db, sql);
}

static uint64_t
number(const char *expression, uint64_t id)
{
    char sql[256];

    snprintf(sql, sizeof(sql), "SELECT %s FROM jobs WHERE id = %llu",
             expression, (unsigned long long)id);
    return testdb_u64(db, sql);
}

static void
expect_jobs(uint64_t want)
{
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs"), want);
}

static void
start_anew(void)
{
    testdb_exec(db, "DELETE FROM events");
    testdb_exec(db, "DELETE FROM events_kept");
    testdb_exec(db, "DELETE FROM jobs");
    testdb_exec(db, "DELETE FROM deliveries");
    testdb_exec(db, "DELETE FROM dedupe");
}

static void
expect_plain_duplicate(const struct new_event *event, uint64_t first_id)
{
    CU_ASSERT_TRUE(event->duplicate);
    CU_ASSERT_FALSE(event->requeued);
    CU_ASSERT_EQUAL(event->id, first_id);
    CU_ASSERT_EQUAL(event->job_id, 0);
}

static void
test_a_repeat_of_a_failed_event(void)
{
    const uint64_t lane = lane_number(LANE_SOURCE, SOURCE);
    struct new_event first, again, more;

    start_anew();
    first = write_now("k");
    CU_ASSERT_FALSE(first.duplicate);
    CU_ASSERT_FALSE(first.requeued);
    end_job(first.job_id, "failed", JOB_PROCESS);
    expect_jobs(0);

    again = write_now("k");
    CU_ASSERT_TRUE(again.duplicate);
    CU_ASSERT_TRUE(again.requeued);
    CU_ASSERT_EQUAL(again.id, first.id);
    CU_ASSERT(again.job_id > first.job_id);
    expect_jobs(1);
    CU_ASSERT_EQUAL(number("event_id", again.job_id), first.id);
    CU_ASSERT_EQUAL(number("retry_of", again.job_id), first.job_id);
    CU_ASSERT_EQUAL(number("kind", again.job_id), JOB_PROCESS);
    CU_ASSERT_EQUAL(number("lane", again.job_id), lane);
    CU_ASSERT_EQUAL(number("shard", again.job_id), lane_shard(lane));
    CU_ASSERT_EQUAL(number("attempts", again.job_id), 0);
    CU_ASSERT_EQUAL(number("next_retry_at <= NOW(6)", again.job_id), 1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM events"), 1);

    /* It is on its way now. */
    more = write_now("k");
    expect_plain_duplicate(&more, first.id);
    expect_jobs(1);

    /* And may fail again. */
    end_job(again.job_id, "failed", JOB_PROCESS);
    more = write_now("k");
    CU_ASSERT_TRUE(more.requeued);
    CU_ASSERT_EQUAL(number("retry_of", more.job_id), again.job_id);
    end_job(more.job_id, "success", JOB_PROCESS);
    more = write_now("k");
    expect_plain_duplicate(&more, first.id);
    expect_jobs(0);
}

static void
test_what_has_not_failed(void)
{
    static const struct {
        const char *claim, *status; /* NULL: its job is live */
        unsigned kind;
    } rows[] = {
        {"still waiting", NULL, 0},
        {"done", "success", JOB_PROCESS},
        {"cancelled by a person", "cancelled", JOB_PROCESS},
        {"skipped", "skipped", JOB_PROCESS},
        {"a delivery of it failed", "failed", JOB_DELIVER},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct new_event first, again;

        start_anew();
        first = write_now("k");
        if (rows[i].status != NULL)
            end_job(first.job_id, rows[i].status, rows[i].kind);
        again = write_now("k");
        if (again.requeued)
            fprintf(stderr, "\n%s: got a job\n", rows[i].claim);
        expect_plain_duplicate(&again, first.id);
    }
}

/* A person's retry that has succeeded counts more than the failure before. */
static void
test_the_newest_counts(void)
{
    struct new_event first, again;

    start_anew();
    first = write_now("k");
    end_job(first.job_id, "failed", JOB_PROCESS);
    again = write_now("k");
    end_job(again.job_id, "success", JOB_PROCESS);
    testdb_exec(db, "UPDATE dedupe SET job_id = NULL");
    again = write_now("k");
    expect_plain_duplicate(&again, first.id);
}

/* Triggered events have no processing that could have failed. */
static void
test_other_routes(void)
{
    struct new_event first, again = event_with("k", ROUTE_ONE);
    struct ingest *batch = ingest_new();

    start_anew();
    first = write_now("k");
    end_job(first.job_id, "failed", JOB_PROCESS);
    ingest_add(batch, &again, &ids, NULL);
    CU_ASSERT_EQUAL_FATAL(ingest_write(batch, db, db_now_us(db)), DB_OK);
    ingest_answer(batch);
    ingest_free(batch);
    expect_plain_duplicate(&again, first.id);
    expect_jobs(0);
}

/* Days later the key is in another slot, and in two of them close to midnight;
   one job is enough all the same. */
static void
test_days_later(void)
{
    static const struct {
        const char *claim;
        int64_t first_us, later_us; /* of the day */
        int64_t days;
    } rows[] = {
        {"the same day", DAY / 2, DAY / 2, 0},
        {"a week later", DAY / 2, DAY / 2, 7},
        {"across midnight", DAY - CLOCK_US_PER_S, CLOCK_US_PER_S, 1},
        {"close to midnight", DAY - 2 * CLOCK_US_PER_S, DAY - CLOCK_US_PER_S,
         0},
        {"a day later, close to midnight", DAY - 2 * CLOCK_US_PER_S,
         DAY - CLOCK_US_PER_S, 1},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const int64_t day_us = INT64_C(21000) * DAY;
        int64_t later_us = day_us + rows[i].days * DAY + rows[i].later_us;
        struct new_event first, again;

        start_anew();
        first = write_at("k", day_us + rows[i].first_us);
        end_job(first.job_id, "failed", JOB_PROCESS);
        again = write_at("k", later_us);
        if (!again.requeued)
            fprintf(stderr, "\n%s: got no job\n", rows[i].claim);
        CU_ASSERT_TRUE(again.requeued);
        again = write_at("k", later_us + 1);
        expect_plain_duplicate(&again, first.id);
        expect_jobs(1);
        end_job(testdb_u64(db, "SELECT id FROM jobs"), "failed", JOB_PROCESS);
        CU_ASSERT_TRUE(write_at("k", later_us + 2).requeued);
    }
}

/* Repeats, new events and repeats of failed ones in one transaction. */
static void
test_mixed_batch(void)
{
    static const char *const keys[] = {"failed", "new", "failed",
                                       "done",   "new", "other"};
    struct new_event failed, other, events[6];
    struct ingest *batch = ingest_new();
    size_t i;

    start_anew();
    failed = write_now("failed");
    end_job(failed.job_id, "failed", JOB_PROCESS);
    other = write_now("other");
    end_job(other.job_id, "failed", JOB_PROCESS);
    end_job(write_now("done").job_id, "success", JOB_PROCESS);
    for (i = 0; i < 6; i++) {
        events[i] = event_with(keys[i], ROUTE_PROCESS);
        ingest_add(batch, &events[i], &ids, NULL);
    }
    CU_ASSERT_EQUAL_FATAL(ingest_write(batch, db, db_now_us(db)), DB_OK);
    ingest_answer(batch);
    ingest_free(batch);
    CU_ASSERT_TRUE(events[0].requeued);
    CU_ASSERT_FALSE(events[1].duplicate);
    expect_plain_duplicate(&events[2], failed.id);
    CU_ASSERT_TRUE(events[3].duplicate);
    CU_ASSERT_FALSE(events[3].requeued);
    expect_plain_duplicate(&events[4], events[1].id);
    CU_ASSERT_TRUE(events[5].requeued);
    CU_ASSERT_EQUAL(number("retry_of", events[5].job_id), other.job_id);
    expect_jobs(3);
}

/* What has been cleared away cannot be processed. */
static void
test_an_event_that_is_gone(void)
{
    const uint64_t old_id = id_floor(db_now_us(db) - 3 * DAY);
    struct new_event first, again;
    char sql[256];
    int there;

    for (there = 0; there < 2; there++) {
        start_anew();
        first = write_now("k");
        end_job(first.job_id, "failed", JOB_PROCESS);
        /* It came three days ago. */
        snprintf(sql, sizeof(sql), "UPDATE dedupe SET event_id = %llu",
                 (unsigned long long)old_id);
        testdb_exec(db, sql);
        snprintf(sql, sizeof(sql), "UPDATE deliveries SET event_id = %llu",
                 (unsigned long long)old_id);
        testdb_exec(db, sql);
        if (there) {
            snprintf(sql, sizeof(sql), "UPDATE events SET id = %llu",
                     (unsigned long long)old_id);
            testdb_exec(db, sql);
        }
        again = write_now("k");
        CU_ASSERT_TRUE(again.duplicate);
        CU_ASSERT_EQUAL(again.requeued, there == 1);
        expect_jobs((uint64_t)there);
        /* Its day may be dropped now. */
        CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM events_kept"),
                        (uint64_t)there);
    }
}

/* Within somebody else's transaction, and undone with it. */
static void
test_rollback(void)
{
    struct new_event first, again = event_with("k", ROUTE_PROCESS);
    struct ingest *batch = ingest_new();

    start_anew();
    first = write_now("k");
    end_job(first.job_id, "failed", JOB_PROCESS);
    ingest_add(batch, &again, &ids, NULL);
    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    CU_ASSERT_EQUAL_FATAL(ingest_insert(batch, db, db_now_us(db)), DB_OK);
    ingest_answer(batch);
    CU_ASSERT_TRUE(again.requeued);
    expect_jobs(1);
    db_rollback(db);
    expect_jobs(0);
    CU_ASSERT_EQUAL_FATAL(ingest_write(batch, db, db_now_us(db)), DB_OK);
    ingest_answer(batch);
    CU_ASSERT_TRUE(again.requeued);
    expect_jobs(1);
    ingest_free(batch);
}

#define THREADS 4
#define ROUNDS 10

struct sender {
    pthread_t thread;
    pthread_barrier_t *start;
    struct new_event event;
    uint16_t node;
};

static void *
send_repeat(void *arg)
{
    struct sender *sender = arg;
    struct ingest *batch = ingest_new();
    struct db *own = db_new(&testdb_settings);
    enum db_result result = db_connect(own);
    struct id_source own_ids;

    id_source_init(&own_ids, sender->node);
    ingest_add(batch, &sender->event, &own_ids, NULL);
    pthread_barrier_wait(sender->start);
    while (result == DB_OK || result == DB_AGAIN) {
        result = ingest_write(batch, own, db_now_us(own));
        if (result == DB_OK)
            break;
    }
    if (result == DB_OK)
        ingest_answer(batch);
    db_free(own);
    ingest_free(batch);
    return NULL;
}

/* Whoever comes first makes the job; the others meet it. */
static void
test_many_at_once(void)
{
    pthread_barrier_t start;
    int round, i;

    pthread_barrier_init(&start, NULL, THREADS);
    for (round = 0; round < ROUNDS; round++) {
        struct sender senders[THREADS];
        unsigned requeued = 0, duplicates = 0;
        struct new_event first;

        start_anew();
        first = write_now("k");
        end_job(first.job_id, "failed", JOB_PROCESS);
        for (i = 0; i < THREADS; i++) {
            senders[i] =
                (struct sender){.start = &start, .node = (uint16_t)(100 + i)};
            senders[i].event = event_with("k", ROUTE_PROCESS);
            pthread_create(&senders[i].thread, NULL, send_repeat, &senders[i]);
        }
        for (i = 0; i < THREADS; i++) {
            pthread_join(senders[i].thread, NULL);
            requeued += senders[i].event.requeued ? 1 : 0;
            duplicates += senders[i].event.duplicate ? 1 : 0;
        }
        CU_ASSERT_EQUAL(requeued, 1);
        CU_ASSERT_EQUAL(duplicates, THREADS);
        expect_jobs(1);
    }
    pthread_barrier_destroy(&start);
}

/* Statements are counted: an event that is no repeat costs none. */
static void
test_cost(void)
{
    uint64_t before, plain, repeat;

    start_anew();
    before = db_statements(db);
    write_now("k");
    plain = db_statements(db) - before;
    before = db_statements(db);
    write_now("k");
    repeat = db_statements(db) - before;
    /* BEGIN, keys, SELECT; event, job, COMMIT. */
    CU_ASSERT_EQUAL(plain, 6);
    /* BEGIN, keys, SELECT; SELECT; ROLLBACK. */
    CU_ASSERT_EQUAL(repeat, 5);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a repeat of a failed event", test_a_repeat_of_a_failed_event},
        {"what has not failed", test_what_has_not_failed},
        {"the newest counts", test_the_newest_counts},
        {"other routes", test_other_routes},
        {"days later", test_days_later},
        {"a mixed batch", test_mixed_batch},
        {"an event that is gone", test_an_event_that_is_gone},
        {"rollback", test_rollback},
        {"many at once", test_many_at_once},
        {"cost", test_cost},
        CU_TEST_INFO_NULL,
    };
    int rc;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (!testdb_migrate()) {
        testdb_stop();
        return EXIT_FAILURE;
    }
    db = db_new(&testdb_settings);
    id_source_init(&ids, 5);
    rc = unit_run("ingest_requeue", tests);
    db_free(db);
    testdb_stop();
    return rc;
}
