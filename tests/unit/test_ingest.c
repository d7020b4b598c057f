/*
 * test_ingest.c - unit tests for core/ingest/ingest.c: keys around midnight. What a
 * batch does otherwise is tested with core/ingest/commit.c.
 */
#include "dedupe.h"
#include "ingest.h"
#include "testdb.h"
#include "unit.h"

#include "clock.h"

#include <string.h>

#define DAY CLOCK_US_PER_DAY
#define NOON (INT64_C(21000) * DAY + DAY / 2)
#define BEFORE_MIDNIGHT (INT64_C(21001) * DAY - 20 * CLOCK_US_PER_S)
#define AFTER_MIDNIGHT (INT64_C(21001) * DAY + 10 * CLOCK_US_PER_S)

static struct db *db;
static struct id_source ids;

/* Writes one event with that key at that time; returns what it was told. */
static struct new_event
write_at(const char *key, int64_t now_us)
{
    struct ingest *batch = ingest_new();
    struct new_event event = {
        .application_id = 1,
        .source_id = 1,
        .type = SLICE("a.b"),
        .payload = SLICE("{}"),
        .route = ROUTE_PROCESS,
    };

    event_dedupe_hash(&event, "test", 1, slice_of(key));
    ingest_add(batch, &event, &ids, NULL);
    CU_ASSERT_EQUAL(ingest_jobs(batch), 1);
    CU_ASSERT_EQUAL_FATAL(ingest_write(batch, db, now_us), DB_OK);
    ingest_answer(batch);
    ingest_free(batch);
    return event;
}

static void
start_anew(void)
{
    testdb_exec(db, "DELETE FROM events");
    testdb_exec(db, "DELETE FROM jobs");
    testdb_exec(db, "DELETE FROM dedupe");
    testdb_exec(db, "DELETE FROM housekeeping");
}

static void
test_a_key_is_known_for_eight_days(void)
{
    static const struct {
        const char *claim;
        int64_t later_us;
        bool want;
    } rows[] = {
        {"a moment later", CLOCK_US_PER_S, true},
        {"twelve hours later, the next day", DAY / 2, true},
        {"a day later", DAY, true},
        {"seven and a half days later, on the eighth day", 7 * DAY + DAY / 2,
         true},
        {"eight days later", 8 * DAY, true},
        {"nine days later no longer", 9 * DAY, false},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct new_event first, again;

        start_anew();
        first = write_at("k", NOON);
        CU_ASSERT_FALSE(first.duplicate);
        again = write_at("k", NOON + rows[i].later_us);
        if (again.duplicate != rows[i].want)
            fprintf(stderr, "\n%s: got %d\n", rows[i].claim, again.duplicate);
        CU_ASSERT_EQUAL(again.duplicate, rows[i].want);
        CU_ASSERT_EQUAL(again.id == first.id, rows[i].want);
    }
}

/* Ten days round the slots: what is emptied in time does not come back. */
static void
test_slots_come_round(void)
{
    struct new_event first, again;
    int day;

    start_anew();
    first = write_at("k", NOON);
    for (day = 0; day < DEDUPE_SLOTS; day++)
        CU_ASSERT_EQUAL(dedupe_rotate(db, NOON + day * DAY), DB_OK);
    again = write_at("k", NOON + DEDUPE_SLOTS * DAY);
    CU_ASSERT_FALSE(again.duplicate);
    CU_ASSERT_NOT_EQUAL(again.id, first.id);
}

static void
test_midnight(void)
{
    struct new_event before, after, late;

    /* Before midnight both days learn the key. */
    start_anew();
    before = write_at("k", BEFORE_MIDNIGHT);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM dedupe"), 2);
    after = write_at("k", AFTER_MIDNIGHT);
    CU_ASSERT(after.duplicate);
    CU_ASSERT_EQUAL(after.id, before.id);
    after = write_at("k", AFTER_MIDNIGHT + 8 * DAY);
    CU_ASSERT(after.duplicate);
    CU_ASSERT_EQUAL(after.id, before.id);

    /* One that read the clock after midnight was quicker than one that read
       it before: the later one is the duplicate, and leaves no key behind
       that would name an event that was never written. */
    start_anew();
    after = write_at("k", AFTER_MIDNIGHT);
    CU_ASSERT_FALSE(after.duplicate);
    late = write_at("k", BEFORE_MIDNIGHT);
    CU_ASSERT(late.duplicate);
    CU_ASSERT_EQUAL(late.id, after.id);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM dedupe"), 1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT event_id FROM dedupe"), after.id);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM events"), 1);
}

/* The losing half of a batch is taken back, the winning half is written. */
static void
test_mixed_batch(void)
{
    static const char *const keys[] = {"a", "b", "c", "a"};
    struct ingest *batch = ingest_new();
    struct new_event events[4], first;
    size_t i;

    start_anew();
    first = write_at("b", NOON - DAY);
    for (i = 0; i < 4; i++) {
        events[i] = (struct new_event){.application_id = 1,
                                       .source_id = 1,
                                       .type = SLICE("a.b"),
                                       .payload = SLICE("{}"),
                                       .route = ROUTE_PROCESS};
        event_dedupe_hash(&events[i], "test", 1, slice_of(keys[i]));
        ingest_add(batch, &events[i], &ids, NULL);
    }
    CU_ASSERT_EQUAL_FATAL(ingest_write(batch, db, NOON), DB_OK);
    ingest_answer(batch);
    CU_ASSERT_FALSE(events[0].duplicate);
    CU_ASSERT(events[1].duplicate);
    CU_ASSERT_EQUAL(events[1].id, first.id);
    CU_ASSERT_FALSE(events[2].duplicate);
    CU_ASSERT(events[3].duplicate);
    CU_ASSERT_EQUAL(events[3].id, events[0].id);
    CU_ASSERT_EQUAL(events[3].job_id, 0);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM dedupe"), 3);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM events"), 3);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs"), 3);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM dedupe d JOIN events "
                                   "e ON e.id = d.event_id"),
                    3);
    ingest_free(batch);
}

/* After a write that nobody heard of: there, not there, or somebody else's. */
static void
test_finding_out(void)
{
    struct new_event event = {.application_id = 1,
                              .type = SLICE("a.b"),
                              .payload = SLICE("{}"),
                              .route = ROUTE_PROCESS};
    struct new_event second = event;
    struct ingest *batch = ingest_new();
    enum ingest_fate fate = BATCH_COLLIDED;
    char sql[128];

    start_anew();
    ingest_add(batch, &event, &ids, NULL);
    ingest_add(batch, &second, &ids, NULL);
    CU_ASSERT_EQUAL(ingest_find_out(batch, db, &fate), DB_OK);
    CU_ASSERT_EQUAL(fate, BATCH_NOT_WRITTEN);
    CU_ASSERT_EQUAL_FATAL(ingest_write(batch, db, NOON), DB_OK);
    CU_ASSERT_EQUAL(ingest_find_out(batch, db, &fate), DB_OK);
    CU_ASSERT_EQUAL(fate, BATCH_WRITTEN);
    CU_ASSERT_EQUAL(ingest_write(batch, db, NOON), DB_DUPLICATE);
    ingest_answer(batch);
    snprintf(sql, sizeof(sql), "DELETE FROM events WHERE id = %llu",
             (unsigned long long)second.id);
    testdb_exec(db, sql);
    CU_ASSERT_EQUAL(ingest_find_out(batch, db, &fate), DB_OK);
    CU_ASSERT_EQUAL(fate, BATCH_COLLIDED);
    ingest_redraw(batch, &ids);
    CU_ASSERT_EQUAL(ingest_write(batch, db, NOON), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM events"), 3);
    ingest_free(batch);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a key is known for eight days", test_a_key_is_known_for_eight_days},
        {"slots come round", test_slots_come_round},
        {"midnight", test_midnight},
        {"a batch of new and repeated events", test_mixed_batch},
        {"finding out what has happened", test_finding_out},
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
    rc = unit_run("ingest", tests);
    db_free(db);
    testdb_stop();
    return rc;
}
