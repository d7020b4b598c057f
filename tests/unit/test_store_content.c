/*
 * test_store_content.c - unit tests for core/store/history/store_content.c: nothing of
 * the content is left, and nothing is delivered without it.
 */
#include "unit.h"

#include "clock.h"
#include "kept.h"
#include "store_content.h"
#include "store_delivery.h"
#include "store_history.h"
#include "testdb.h"

#define MANY 10000 /* deliveries of one event: twenty pages */
/* For each: in the index of its event, by its id, and past its attempts. */
#define STEPS_EACH 3

static struct db *db;
static unsigned long long event; /* of today; the ids of its jobs follow */

static void
start_anew(void)
{
    static const char *const tables[] = {"events",     "events_kept",
                                         "jobs",       "attempts",
                                         "deliveries", "subscriptions"};
    size_t i;

    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        testdb_execf(db, "DELETE FROM %s", tables[i]);
    testdb_execf(db,
                 "INSERT INTO subscriptions (id, application_id, url, secret, "
                 "config_version) VALUES (1, 1, 'u', '', 1)");
    event = id_floor(clock_wall_us() - 3600 * CLOCK_US_PER_S);
    testdb_execf(
        db,
        "INSERT INTO events (id, application_id, type, verified, external_id, "
        "metadata, payload) VALUES (%llu, 1, 'a.b', 1, 'order-7', "
        "'{\"m\":\"Bourbaki\"}', '{\"name\":\"Bourbaki\"}'), "
        "(%llu, 1, 'a.b', 1, NULL, NULL, '{\"name\":\"another\"}')",
        event, event + 1);
}

/* A finished delivery of the event, with a failed attempt before. */
static void
add_done(unsigned long long n)
{
    testdb_execf(
        db,
        "INSERT INTO deliveries (id, done_day, kind, application_id, "
        "owner_id, event_id, event_type, status, attempts, response_code, "
        "response_body, duration_ms, completed_at) VALUES (%llu, UTC_DATE(), "
        "1, 1, 1, %llu, 'a.b', 'success', 2, 200, 'thanks, Bourbaki', 1, "
        "UTC_TIMESTAMP(6))",
        event + n, event);
    testdb_execf(
        db,
        "INSERT INTO attempts (delivery_id, attempt, day, owner_id, event_id, "
        "kind, response_code, response_body, duration_ms, attempted_at) "
        "VALUES (%llu, 1, UTC_DATE(), 1, %llu, 1, 500, 'who is Bourbaki?', 1, "
        "UTC_TIMESTAMP(6))",
        event + n, event);
}

static void
add_job(unsigned long long n, unsigned kind)
{
    testdb_execf(db,
                 "INSERT INTO jobs (id, kind, shard, lane, event_id) "
                 "VALUES (%llu, %u, 0, 1 << 32, %llu)",
                 event + n, kind, event);
}

/* Rows that have the name somewhere. */
static uint64_t
traces(void)
{
    return testdb_u64(
        db, "SELECT (SELECT COUNT(*) FROM events WHERE CONCAT(payload, "
            "COALESCE(metadata, '')) LIKE '%Bourbaki%') + (SELECT COUNT(*) "
            "FROM events_kept WHERE CONCAT(payload, COALESCE(metadata, '')) "
            "LIKE '%Bourbaki%') + (SELECT COUNT(*) FROM deliveries WHERE "
            "response_body LIKE '%Bourbaki%') + (SELECT COUNT(*) FROM "
            "attempts WHERE response_body LIKE '%Bourbaki%')");
}

static enum content_state
removed(uint32_t application_id, bool cancel)
{
    enum content_state state = CONTENT_UNKNOWN;

    CU_ASSERT_EQUAL_FATAL(
        store_content_remove(db, application_id, event, cancel, &state), DB_OK);
    return state;
}

static void
test_nothing_is_left(void)
{
    struct event_row row;

    start_anew();
    testdb_execf(
        db, "INSERT INTO events_kept SELECT *, UTC_TIMESTAMP(6) FROM events");
    add_done(10);
    add_done(11);
    CU_ASSERT_EQUAL(traces(), 6);
    CU_ASSERT_EQUAL(removed(1, false), CONTENT_REMOVED);
    CU_ASSERT_EQUAL(traces(), 0);
    CU_ASSERT_EQUAL(removed(0, false), CONTENT_REMOVED); /* again is no harm */

    CU_ASSERT_EQUAL_FATAL(store_event_get(db, 1, event, &row), DB_OK);
    CU_ASSERT(row.expunged);
    CU_ASSERT_PTR_NULL(row.data.ptr);
    CU_ASSERT_STRING_EQUAL(row.type, "a.b");
    event_row_free(&row);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM events WHERE "
                                   "external_id = 'order-7' AND expunged = 1"),
                    1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM deliveries WHERE "
                                   "status = 'success' AND attempts = 2 AND "
                                   "response_code = 200"),
                    2);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM events WHERE "
                                   "payload LIKE '%another%'"),
                    1);
}

static void
test_whose(void)
{
    enum content_state state = CONTENT_UNKNOWN;

    start_anew();
    CU_ASSERT_EQUAL(store_content_remove(db, 2, event, true, &state), DB_NONE);
    CU_ASSERT_EQUAL(store_content_remove(db, 1, event + 2, true, &state),
                    DB_NONE);
    CU_ASSERT_EQUAL(state, CONTENT_UNKNOWN);
    CU_ASSERT_EQUAL(traces(), 1);
}

static void
test_what_is_still_to_be_delivered(void)
{
    start_anew();
    add_done(10);
    add_job(11, 1);
    testdb_execf(db,
                 "INSERT INTO jobs (id, kind, shard, lane, event_id) "
                 "SELECT %llu + seq, 1, 0, 1 << 32, %llu FROM seq_1_to_2000",
                 event + 100, event + 1);
    CU_ASSERT_EQUAL(removed(1, false), CONTENT_WANTED);
    CU_ASSERT_EQUAL(traces(), 3);
    CU_ASSERT_EQUAL(removed(1, true), CONTENT_REMOVED);
    CU_ASSERT_EQUAL(traces(), 0);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM deliveries WHERE "
                                   "status = 'cancelled'"),
                    1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs"), 2000);
}

/* An inbound event is needed by its processing, and that is not cancelled. */
static void
test_what_is_still_processed(void)
{
    start_anew();
    add_job(11, 2);
    CU_ASSERT_EQUAL(removed(1, true), CONTENT_WANTED);
    CU_ASSERT_EQUAL(traces(), 1);
    testdb_execf(db, "DELETE FROM jobs");
    CU_ASSERT_EQUAL(removed(1, true), CONTENT_REMOVED);
}

/* More jobs than one statement looks at: the last of them needs it. */
static void
test_far_away(void)
{
    start_anew();
    testdb_execf(db,
                 "INSERT INTO jobs (id, kind, shard, lane, event_id) "
                 "SELECT %llu + seq, 1, 0, 1 << 32, %llu FROM seq_1_to_110000",
                 event + 100, event + 1);
    testdb_execf(db, "UPDATE jobs SET event_id = %llu WHERE id = %llu", event,
                 event + 100 + 110000);
    CU_ASSERT_EQUAL(removed(1, false), CONTENT_WANTED);
    testdb_execf(db, "DELETE FROM jobs WHERE event_id = %llu", event);
    CU_ASSERT_EQUAL(removed(1, false), CONTENT_REMOVED);
}

static void
test_retry(void)
{
    enum delivery_action action = DELIVERY_DONE;
    struct id_source ids;
    uint64_t new_id = 0;
    bool there = false;

    start_anew();
    id_source_init(&ids, 1);
    add_done(10);
    CU_ASSERT_EQUAL_FATAL(
        store_delivery_retry(db, 1, event + 10, &ids, &new_id, &action), DB_OK);
    CU_ASSERT_EQUAL(action, DELIVERY_DONE);
    testdb_execf(db, "DELETE FROM jobs");

    CU_ASSERT_EQUAL(store_content_hold(db, event, &there), DB_OK);
    CU_ASSERT(there);
    CU_ASSERT_EQUAL(removed(1, false), CONTENT_REMOVED);
    CU_ASSERT_EQUAL(store_content_hold(db, event, &there), DB_OK);
    CU_ASSERT_FALSE(there);
    CU_ASSERT_EQUAL(store_content_hold(db, event + 2, &there), DB_NONE);
    CU_ASSERT_EQUAL_FATAL(
        store_delivery_retry(db, 1, event + 10, &ids, &new_id, &action), DB_OK);
    CU_ASSERT_EQUAL(action, DELIVERY_NO_CONTENT);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs"), 0);
}

/* Of the last days, kept, without content, and gone; one of them twice. */
static void
test_several_at_once(void)
{
    const unsigned long long kept =
        id_floor(clock_wall_us() - 2 * CLOCK_US_PER_DAY);
    uint64_t ids[5];
    bool there[5];

    start_anew();
    ids[0] = ids[4] = event + 1;
    ids[1] = kept;
    ids[2] = event;
    ids[3] = event + 2;
    testdb_execf(db,
                 "INSERT INTO events_kept SELECT *, UTC_TIMESTAMP(6) "
                 "FROM events WHERE id = %llu",
                 event);
    testdb_execf(db, "UPDATE events_kept SET id = %llu", kept);
    CU_ASSERT_EQUAL(removed(1, false), CONTENT_REMOVED);
    testdb_exec(db, "FLUSH STATUS");
    CU_ASSERT_EQUAL_FATAL(store_content_hold_all(db, ids, 5, there), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT VARIABLE_VALUE FROM "
                                   "information_schema.SESSION_STATUS WHERE "
                                   "VARIABLE_NAME = 'Com_select'"),
                    3); /* this one among them */
    CU_ASSERT(there[0]);
    CU_ASSERT(there[1]);
    CU_ASSERT_FALSE(there[2]);
    CU_ASSERT_FALSE(there[3]);
    CU_ASSERT(there[4]);
    CU_ASSERT_EQUAL(store_content_hold_all(db, ids, 0, there), DB_OK);
}

/* Steps along an index that the statements since FLUSH STATUS have made. */
static uint64_t
steps_made(void)
{
    return testdb_u64(db, "SELECT VARIABLE_VALUE FROM "
                          "information_schema.SESSION_STATUS WHERE "
                          "VARIABLE_NAME = 'Handler_read_next'");
}

static void
check_steps(uint64_t most)
{
    uint64_t got = steps_made();

    if (got > most)
        fprintf(stderr, "\n%llu steps, at most %llu are needed\n",
                (unsigned long long)got, (unsigned long long)most);
    CU_ASSERT(got <= most);
}

/* Of many subscriptions, of which one has had more than a page of deliveries:
   whichever page they are in, none is left. */
static void
test_answers_of_very_many(void)
{
    start_anew();
    testdb_execf(
        db,
        "INSERT INTO deliveries (id, done_day, kind, application_id, "
        "owner_id, event_id, event_type, status, attempts, response_code, "
        "response_body, duration_ms, completed_at) SELECT %llu + seq, "
        "UTC_DATE(), 1, 1, IF(seq <= 1200, 8000, seq), %llu, 'a.b', 'success', "
        "1, 200, 'thanks, Bourbaki', 1, UTC_TIMESTAMP(6) FROM seq_1_to_%d",
        event + 10, event, MANY);
    CU_ASSERT_EQUAL(traces(), 1 + MANY);
    testdb_exec(db, "FLUSH STATUS");
    CU_ASSERT_EQUAL(removed(1, false), CONTENT_REMOVED);
    check_steps(STEPS_EACH * MANY);
    CU_ASSERT_EQUAL(traces(), 0);
}

/* Who makes a job has looked already, and has not committed: the removal waits
   for it and then sees its job. */
static void
test_beside_a_retry(void)
{
    struct db *other = db_new(&testdb_settings);
    enum content_state state = CONTENT_UNKNOWN;
    bool there = false;

    start_anew();
    testdb_exec(db, "SET SESSION innodb_lock_wait_timeout = 1");
    CU_ASSERT_EQUAL_FATAL(db_begin(other), DB_OK);
    CU_ASSERT_EQUAL_FATAL(store_content_hold(other, event, &there), DB_OK);
    CU_ASSERT_NOT_EQUAL(store_content_remove(db, 1, event, false, &state),
                        DB_OK);
    CU_ASSERT_EQUAL(traces(), 1);
    db_rollback(other);
    CU_ASSERT_EQUAL(removed(1, false), CONTENT_REMOVED);
    db_free(other);
}

static void
test_several_beside_a_removal(void)
{
    struct db *other = db_new(&testdb_settings);
    enum content_state state = CONTENT_UNKNOWN;
    bool there[2];

    start_anew();
    testdb_exec(db, "SET SESSION innodb_lock_wait_timeout = 1");
    CU_ASSERT_EQUAL_FATAL(db_begin(other), DB_OK);
    CU_ASSERT_EQUAL_FATAL(
        store_content_hold_all(other, (const uint64_t[]){event + 1, event}, 2,
                               there),
        DB_OK);
    CU_ASSERT(there[0]);
    CU_ASSERT(there[1]);
    CU_ASSERT_NOT_EQUAL(store_content_remove(db, 1, event, false, &state),
                        DB_OK);
    CU_ASSERT_EQUAL(traces(), 1);
    db_rollback(other);
    CU_ASSERT_EQUAL(removed(1, false), CONTENT_REMOVED);
    db_free(other);
}

/* The event's day is dropped, and a job keeps it: without content still. */
static void
test_a_kept_event_has_none_either(void)
{
    unsigned long long old = id_floor(clock_wall_us() - 2 * CLOCK_US_PER_DAY);

    start_anew();
    CU_ASSERT_EQUAL(removed(1, false), CONTENT_REMOVED);
    testdb_execf(db, "UPDATE events SET id = %llu WHERE id = %llu", old, event);
    CU_ASSERT_EQUAL(kept_hold(db, old), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT expunged FROM events_kept"), 1);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"nothing of the content is left", test_nothing_is_left},
        {"another application's event is not there", test_whose},
        {"what is still to be delivered", test_what_is_still_to_be_delivered},
        {"what is still processed", test_what_is_still_processed},
        {"a job far away needs it", test_far_away},
        {"nothing is delivered again without content", test_retry},
        {"several events at once", test_several_at_once},
        {"several beside a removal", test_several_beside_a_removal},
        {"the answers of very many", test_answers_of_very_many},
        {"beside a retry", test_beside_a_retry},
        {"a kept event has none either", test_a_kept_event_has_none_either},
        CU_TEST_INFO_NULL,
    };
    int rc = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    db = db_new(&testdb_settings);
    if (testdb_migrate())
        rc = unit_run("store_content", tests);
    db_free(db);
    testdb_stop();
    return rc;
}
