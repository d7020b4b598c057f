/*
 * test_kept.c - unit tests for core/db/kept.c: an event stays as long as a job
 * needs it, whenever that job was made.
 */
#include "testdb.h"
#include "unit.h"

#include "clock.h"
#include "id.h"
#include "kept.h"
#include "partitions.h"
#include "store_delivery.h"

#include <stdarg.h>
#include <string.h>

#define DAY CLOCK_US_PER_DAY
#define EVENTS 0 /* table of partitions.h */

static struct db *db, *other;
static struct id_source ids;
static unsigned long long old_id; /* an event whose day is to be dropped */
static struct settings settings;

static void run_sql(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

static void
run_sql(const char *format, ...)
{
    char sql[512];
    va_list args;

    va_start(args, format);
    vsnprintf(sql, sizeof(sql), format, args);
    va_end(args);
    testdb_exec(db, sql);
}

static uint64_t
kept(const char *where)
{
    char sql[256];

    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM events_kept WHERE %s",
             where);
    return testdb_u64(db, sql);
}

static void
copy_all(uint64_t end)
{
    struct kept_copy copy = {.end = 0};
    bool done = false;

    kept_copy_begin(&copy, end);
    while (!done)
        CU_ASSERT_EQUAL_FATAL(kept_copy_step(&copy, db, &done), DB_OK);
    kept_copy_end(&copy);
}

static void
sweep_all(void)
{
    struct kept_sweep sweep = {.next = 0};
    bool done = false;

    kept_sweep_begin(&sweep);
    while (!done)
        CU_ASSERT_EQUAL_FATAL(kept_sweep_step(&sweep, db, &done), DB_OK);
    kept_sweep_end(&sweep);
}

static void
start_anew(void)
{
    testdb_exec(db, "DELETE FROM jobs");
    testdb_exec(db, "DELETE FROM events_kept");
    testdb_exec(db, "DELETE FROM events");
    testdb_exec(db, "DELETE FROM deliveries");
    old_id = id_floor(clock_wall_us() - 40 * DAY) + 1;
    run_sql("INSERT INTO events (id, application_id, type, verified, "
            "ordering_key, payload) VALUES (%llu, 1, 'a.b', 1, 'k', "
            "'{\"n\":1}')",
            old_id);
}

/* What its day's end does: copy, then drop. */
static void
drop_old_days(void)
{
    struct partitions_old old;

    CU_ASSERT_EQUAL_FATAL(
        partitions_find_old(db, EVENTS, clock_wall_us(), &settings, &old),
        DB_OK);
    if (old.count > 0)
        CU_ASSERT_EQUAL_FATAL(partitions_drop(db, EVENTS, &old), DB_OK);
    /* The first partition also holds what is older than its day. */
    run_sql("DELETE FROM events WHERE id = %llu", old_id);
}

static void
test_jobs_are_looked_through_in_pages(void)
{
    start_anew();
    run_sql("INSERT INTO events (id, application_id, type, verified, "
            "payload) SELECT %llu + seq, 1, 'a.b', 1, seq "
            "FROM seq_1_to_300",
            old_id);
    /* Several pages of jobs, several of them for each event. */
    run_sql("INSERT INTO jobs (id, kind, shard, lane, event_id) "
            "SELECT seq, 1, 0, 1 << 32, %llu + 1 + seq MOD 150 "
            "FROM seq_1_to_12000",
            old_id);
    copy_all(old_id + 101);
    CU_ASSERT_EQUAL(kept("1"), 100);
    CU_ASSERT_EQUAL(kept("type = 'a.b' AND verified = 1 AND payload BETWEEN 1 "
                         "AND 100"),
                    100);
    copy_all(old_id + 301);
    CU_ASSERT_EQUAL(kept("1"), 150);
}

/* However long it is until then. */
static void
test_an_event_for_next_year_is_kept(void)
{
    start_anew();
    run_sql("INSERT INTO jobs (id, kind, shard, lane, event_id, next_retry_at) "
            "VALUES (1, 1, 0, 1 << 32, %llu, NOW(6) + INTERVAL 365 DAY)",
            old_id);
    copy_all(old_id + 100);
    drop_old_days();
    CU_ASSERT_EQUAL(kept("payload = '{\"n\":1}'"), 1);
    sweep_all();
    CU_ASSERT_EQUAL(kept("1"), 1);
}

static void
add_finished_delivery(uint64_t id)
{
    char sql[512];

    testdb_exec(db, "INSERT IGNORE INTO subscriptions (id, application_id, "
                    "url, secret, config_version) "
                    "VALUES (7, 1, 'https://e.org', '', 1)");
    snprintf(sql, sizeof(sql),
             "INSERT INTO deliveries (id, done_day, kind, application_id, "
             "owner_id, event_id, event_type, status, attempts, duration_ms, "
             "completed_at) VALUES (%llu, UTC_DATE(), 1, 1, 7, %llu, 'a.b', "
             "'failed', 4, 1, UTC_TIMESTAMP(6))",
             (unsigned long long)id, (unsigned long long)old_id);
    testdb_exec(db, sql);
}

/* Between the look at the jobs and the end of the day a person asks for a
   delivery once more. */
static void
test_a_retry_beside_the_drop_keeps_its_event(void)
{
    enum delivery_action action = DELIVERY_FINISHED;
    uint64_t new_id = 0;

    start_anew();
    add_finished_delivery(old_id + 5);
    copy_all(old_id + 100);
    CU_ASSERT_EQUAL(kept("1"), 0); /* nobody needs it */
    CU_ASSERT_EQUAL(
        store_delivery_retry(other, 0, old_id + 5, &ids, &new_id, &action),
        DB_OK);
    CU_ASSERT_EQUAL(action, DELIVERY_DONE);
    drop_old_days();
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs"), 1);
    CU_ASSERT_EQUAL(kept("payload = '{\"n\":1}' AND ordering_key = 'k'"), 1);
    sweep_all();
    CU_ASSERT_EQUAL(kept("1"), 1);

    /* One that comes after the end is told so. */
    testdb_exec(db, "DELETE FROM jobs");
    testdb_exec(db, "DELETE FROM events_kept");
    CU_ASSERT_EQUAL(
        store_delivery_retry(other, 0, old_id + 5, &ids, &new_id, &action),
        DB_OK);
    CU_ASSERT_EQUAL(action, DELIVERY_NO_EVENT);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs"), 0);
}

/* Found quiet and unneeded; then somebody needs it after all. */
static void
test_a_retry_beside_the_sweep_keeps_its_event(void)
{
    enum delivery_action action = DELIVERY_FINISHED;
    struct kept_sweep sweep = {.next = 0};
    uint64_t new_id = 0;
    bool done = false;

    start_anew();
    add_finished_delivery(old_id + 5);
    CU_ASSERT_EQUAL(db_begin(db), DB_OK);
    CU_ASSERT_EQUAL(kept_hold(db, old_id), DB_OK);
    CU_ASSERT_EQUAL(db_commit(db), DB_OK);
    CU_ASSERT_EQUAL(kept("1"), 1);
    drop_old_days();
    sweep_all();
    CU_ASSERT_EQUAL(kept("1"), 1); /* not yet quiet for an hour */
    testdb_exec(db, "UPDATE events_kept SET "
                    "kept_at = UTC_TIMESTAMP(6) - INTERVAL 61 MINUTE");

    kept_sweep_begin(&sweep);
    while (!sweep.looked)
        CU_ASSERT_EQUAL_FATAL(kept_sweep_step(&sweep, db, &done), DB_OK);
    CU_ASSERT_EQUAL(sweep.count, 1);
    CU_ASSERT_EQUAL(
        store_delivery_retry(other, 0, old_id + 5, &ids, &new_id, &action),
        DB_OK);
    CU_ASSERT_EQUAL(action, DELIVERY_DONE);
    while (!done)
        CU_ASSERT_EQUAL_FATAL(kept_sweep_step(&sweep, db, &done), DB_OK);
    kept_sweep_end(&sweep);
    CU_ASSERT_EQUAL(kept("1"), 1);

    /* Quiet again, and its job is done. */
    testdb_exec(db, "UPDATE events_kept SET "
                    "kept_at = UTC_TIMESTAMP(6) - INTERVAL 61 MINUTE");
    sweep_all();
    CU_ASSERT_EQUAL(kept("1"), 1);
    testdb_exec(db, "DELETE FROM jobs");
    sweep_all();
    CU_ASSERT_EQUAL(kept("1"), 0);
}

static void
test_what_is_new_is_not_copied(void)
{
    start_anew();
    CU_ASSERT_EQUAL(kept_hold(db, id_floor(clock_wall_us() - DAY / 4)), DB_OK);
    CU_ASSERT_EQUAL(kept("1"), 0);
    CU_ASSERT_EQUAL(kept_hold(db, old_id - 1), DB_NONE); /* never was */
    CU_ASSERT_EQUAL(kept_hold(db, old_id), DB_OK);
    CU_ASSERT_EQUAL(kept_hold(db, old_id), DB_OK); /* again is no harm */
    CU_ASSERT_EQUAL(kept("1"), 1);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"jobs are looked through in pages",
         test_jobs_are_looked_through_in_pages},
        {"an event for next year is kept", test_an_event_for_next_year_is_kept},
        {"a retry beside the drop keeps its event",
         test_a_retry_beside_the_drop_keeps_its_event},
        {"a retry beside the sweep keeps its event",
         test_a_retry_beside_the_sweep_keeps_its_event},
        {"what is new is not copied", test_what_is_new_is_not_copied},
        CU_TEST_INFO_NULL,
    };
    int rc = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    db = db_new(&testdb_settings);
    other = db_new(&testdb_settings);
    settings = testdb_settings;
    settings.events_days = 30;
    id_source_init(&ids, 3);
    if (testdb_migrate())
        rc = unit_run("kept", tests);
    db_free(other);
    db_free(db);
    testdb_stop();
    return rc;
}
