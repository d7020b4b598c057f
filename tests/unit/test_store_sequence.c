/*
 * test_store_sequence.c - unit tests for core/store/store_sequence.c
 */
#include "clock.h"
#include "lane.h"
#include "store_sequence.h"
#include "testdb.h"
#include "unit.h"

#include "alloc.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define LANE(id) lane_number(LANE_SUBSCRIPTION, (id))
#define KEY(id, key) lane_of_key(LANE(id), SLICE(key))
#define MANY 2500 /* lanes: more than one statement has */
#define ROUNDS 150
#define SHARED 4 /* lanes that everybody wants */

static struct db *db;

static void
start_anew(void)
{
    testdb_exec(db, "DELETE FROM lane_state");
    testdb_exec(db, "DELETE FROM jobs");
}

/* One place, in a transaction of its own. */
static int64_t
take(uint64_t lane)
{
    struct sequence_want want = {.lane = lane};

    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    CU_ASSERT_EQUAL_FATAL(store_sequence_take(db, &want, 1), DB_OK);
    CU_ASSERT_EQUAL_FATAL(db_commit(db), DB_OK);
    return want.place_us;
}

static void
test_places_rise(void)
{
    int64_t before_us, first, second;

    start_anew();
    before_us = (int64_t)testdb_u64(
        db, "SELECT CAST(UNIX_TIMESTAMP(NOW(6))*1000000 AS UNSIGNED)");
    first = take(LANE(1));
    second = take(LANE(1));
    CU_ASSERT(first >= before_us);
    CU_ASSERT(first < before_us + 60 * CLOCK_US_PER_S);
    CU_ASSERT(second > first);
    CU_ASSERT_EQUAL(
        testdb_u64(db, "SELECT sequence FROM lane_state WHERE lane = 1 << 32"),
        second);
}

/* A clock that steps back, or a burst that has run ahead of it. */
static void
test_never_back(void)
{
    uint64_t ahead;

    start_anew();
    (void)take(LANE(1));
    testdb_exec(db, "UPDATE lane_state SET sequence = sequence + 3600000000");
    ahead = testdb_u64(db, "SELECT sequence FROM lane_state");
    CU_ASSERT_EQUAL(take(LANE(1)), ahead + 1);
    CU_ASSERT_EQUAL(take(LANE(1)), ahead + 2);
}

static void
test_many_wants(void)
{
    struct sequence_want wants[] = {
        {.lane = LANE(2), .at = 4}, {.lane = LANE(1), .at = 3},
        {.lane = LANE(2), .at = 0}, {.lane = KEY(1, "k"), .at = 2},
        {.lane = LANE(2), .at = 1},
    };
    size_t i;

    start_anew();
    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    CU_ASSERT_EQUAL_FATAL(store_sequence_take(db, wants, 5), DB_OK);
    CU_ASSERT_EQUAL_FATAL(db_commit(db), DB_OK);
    for (i = 1; i < 5; i++) {
        CU_ASSERT(wants[i - 1].lane <= wants[i].lane);
        if (wants[i - 1].lane != wants[i].lane)
            continue;
        CU_ASSERT(wants[i - 1].at < wants[i].at);
        CU_ASSERT_EQUAL(wants[i].place_us, wants[i - 1].place_us + 1);
    }
    CU_ASSERT_EQUAL(wants[4].lane, LANE(2));
    CU_ASSERT_EQUAL(
        testdb_u64(db, "SELECT sequence FROM lane_state WHERE lane = 2 << 32"),
        wants[4].place_us);
    CU_ASSERT(take(LANE(2)) > wants[4].place_us);
    CU_ASSERT_EQUAL(store_sequence_take(db, NULL, 0), DB_OK);
}

static void
test_more_lanes_than_a_statement(void)
{
    struct sequence_want *wants = xcalloc(MANY, sizeof(*wants));
    struct script script = SCRIPT_INIT;
    size_t i;

    start_anew();
    for (i = 0; i < MANY; i++)
        wants[i].lane = LANE((uint32_t)(MANY - i));
    script_begin(&script, db);
    CU_ASSERT_EQUAL_FATAL(store_sequence_take_in(&script, wants, MANY), DB_OK);
    CU_ASSERT_EQUAL_FATAL(script_commit(&script), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM lane_state"), MANY);
    for (i = 0; i < MANY; i++) {
        CU_ASSERT_EQUAL_FATAL(wants[i].lane, LANE((uint32_t)(i + 1)));
        CU_ASSERT_FATAL(wants[i].place_us > 0);
    }
    CU_ASSERT_EQUAL(
        testdb_u64(db, "SELECT sequence FROM lane_state WHERE lane = 9 << 32"),
        wants[8].place_us);
    script_free(&script);
    free(wants);
}

/* --- several connections --------------------------------------------------- */

struct taker_thread {
    pthread_t thread;
    struct db *db;
    int64_t place_us;
    bool rolls_back;
    enum db_result result;
};

static void *
take_elsewhere(void *arg)
{
    struct taker_thread *mine = arg;
    struct sequence_want want = {.lane = LANE(1)};

    mine->result = db_begin(mine->db);
    if (mine->result == DB_OK)
        mine->result = store_sequence_take(mine->db, &want, 1);
    mine->place_us = want.place_us;
    if (mine->result == DB_OK)
        mine->result = db_commit(mine->db);
    return NULL;
}

/* Waits until another connection is about to take a place and does not get
   on. */
static void
wait_for_the_other(void)
{
    const struct timespec pause = {.tv_nsec = 2000000};
    int64_t until_us = clock_mono_us() + 30 * CLOCK_US_PER_S;

    while (testdb_u64(db, "SELECT COUNT(*) FROM information_schema.PROCESSLIST "
                          "WHERE DB = DATABASE() AND TIME_MS > 20 AND "
                          "INFO LIKE 'INSERT INTO lane_state%'") == 0) {
        CU_ASSERT_FATAL(clock_mono_us() < until_us);
        nanosleep(&pause, NULL);
    }
}

/* Who comes second waits for the first one's COMMIT and stands behind it; so a
   reader that sees the second sees the first. */
static void
test_late_commit(bool commits)
{
    struct taker_thread other = {.db = db_new(&testdb_settings)};
    struct db *first = db_new(&testdb_settings);
    struct sequence_want want = {.lane = LANE(1)};

    start_anew();
    (void)take(LANE(1));
    CU_ASSERT_EQUAL_FATAL(db_begin(first), DB_OK);
    CU_ASSERT_EQUAL_FATAL(store_sequence_take(first, &want, 1), DB_OK);
    pthread_create(&other.thread, NULL, take_elsewhere, &other);
    wait_for_the_other();
    CU_ASSERT_EQUAL(other.place_us, 0);
    if (commits)
        CU_ASSERT_EQUAL(db_commit(first), DB_OK)
    else
        db_rollback(first);
    pthread_join(other.thread, NULL);
    CU_ASSERT_EQUAL(other.result, DB_OK);
    CU_ASSERT(!commits || other.place_us > want.place_us);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT sequence FROM lane_state"),
                    other.place_us);
    db_free(first);
    db_free(other.db);
}

static void
test_second_waits(void)
{
    test_late_commit(true);
}

static void
test_rollback_leaves_nothing(void)
{
    test_late_commit(false);
}

struct crowd_thread {
    pthread_t thread;
    struct db *db;
    unsigned number;
    int64_t places[ROUNDS][SHARED];
    unsigned failures;
};

static void
take_all(struct crowd_thread *mine, unsigned round)
{
    struct sequence_want wants[SHARED];
    enum db_result result = db_begin(mine->db);
    size_t i;

    /* Everybody names them in another order; some are new each round. */
    for (i = 0; i < SHARED; i++) {
        uint32_t lane = (uint32_t)((i + mine->number) % SHARED);

        wants[i] = (struct sequence_want){
            .lane = lane == 0 ? LANE(100 + round) : LANE(lane),
            .at = i,
        };
    }
    if (result == DB_OK)
        result = store_sequence_take(mine->db, wants, SHARED);
    if (result == DB_OK)
        result = db_commit(mine->db);
    if (result != DB_OK)
        mine->failures++;
    for (i = 0; i < SHARED; i++)
        mine->places[round]
                    [wants[i].lane >= LANE(100) ? 0 : wants[i].lane >> 32] =
            wants[i].place_us;
}

static void *
take_many_times(void *arg)
{
    struct crowd_thread *mine = arg;
    unsigned round;

    for (round = 0; round < ROUNDS; round++)
        take_all(mine, round);
    return NULL;
}

static int
compare_places(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

static void
test_no_deadlock(void)
{
    enum { THREADS = 4 };
    struct crowd_thread *threads = xcalloc(THREADS, sizeof(*threads));
    static int64_t places[THREADS * ROUNDS];
    size_t i, k, lane;

    start_anew();
    for (i = 0; i < THREADS; i++) {
        threads[i].db = db_new(&testdb_settings);
        threads[i].number = (unsigned)i;
        pthread_create(&threads[i].thread, NULL, take_many_times, &threads[i]);
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i].thread, NULL);
        CU_ASSERT_EQUAL(threads[i].failures, 0);
        db_free(threads[i].db);
    }
    /* No two of a lane have the same place. */
    for (lane = 1; lane < SHARED; lane++) {
        for (i = 0; i < THREADS; i++)
            for (k = 0; k < ROUNDS; k++)
                places[i * ROUNDS + k] = threads[i].places[k][lane];
        qsort(places, THREADS * ROUNDS, sizeof(places[0]), compare_places);
        for (i = 1; i < THREADS * ROUNDS; i++)
            CU_ASSERT_FATAL(places[i - 1] < places[i]);
    }
    free(threads);
}

/* --- old ordering keys ------------------------------------------------------ */

static void
put_row(uint64_t lane, int age_s, const char *blocked)
{
    char sql[256];

    snprintf(sql, sizeof(sql),
             "INSERT INTO lane_state (lane, sequence, blocked_until) VALUES "
             "(%llu, (UNIX_TIMESTAMP() - %d) * 1000000, %s)",
             (unsigned long long)lane, age_s, blocked);
    testdb_exec(db, sql);
}

static bool
is_there(uint64_t lane)
{
    char sql[128];

    snprintf(sql, sizeof(sql),
             "SELECT COUNT(*) FROM lane_state WHERE lane = %llu",
             (unsigned long long)lane);
    return testdb_u64(db, sql) == 1;
}

static void
put_job(uint64_t lane)
{
    char sql[256];

    snprintf(sql, sizeof(sql),
             "INSERT INTO jobs (id, kind, shard, lane, event_id) VALUES "
             "(7, 1, %u, %llu, 1)",
             (unsigned)lane_shard(lane), (unsigned long long)lane);
    testdb_exec(db, sql);
}

static void
test_sweep(void)
{
    const struct {
        const char *claim;
        uint64_t lane;
        int age_s;
        const char *blocked;
        bool has_job;
        bool want;
    } rows[] = {
        {"a key quiet for two days goes", KEY(1, "a"), 172800, "NULL", false,
         false},
        {"one that was blocked long ago as well", KEY(1, "b"), 172800,
         "NOW(6) - INTERVAL 2 DAY", false, false},
        {"one used an hour ago stays", KEY(1, "c"), 3600, "NULL", false, true},
        {"one with a job stays", KEY(2, "d"), 172800, "NULL", true, true},
        {"one that is blocked stays", KEY(2, "e"), 172800,
         "NOW(6) + INTERVAL 1 HOUR", false, true},
        {"a subscription's own lane stays", LANE(3), 172800, "NULL", false,
         true},
        {"so does a source's", lane_number(LANE_SOURCE, 3), 172800, "NULL",
         false, true},
    };
    uint64_t after = 0;
    size_t i;

    start_anew();
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        put_row(rows[i].lane, rows[i].age_s, rows[i].blocked);
        if (rows[i].has_job)
            put_job(rows[i].lane);
    }
    CU_ASSERT_EQUAL_FATAL(store_sequence_sweep(db, &after), DB_OK);
    CU_ASSERT_EQUAL(after, 0);
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool got = is_there(rows[i].lane);

        if (got != rows[i].want)
            fprintf(stderr, "\n%s: got %d\n", rows[i].claim, got);
        CU_ASSERT_EQUAL(got, rows[i].want);
    }
    /* What was given out before is earlier than what comes now. */
    CU_ASSERT(take(KEY(1, "a")) / CLOCK_US_PER_S >
              (int64_t)testdb_u64(db, "SELECT UNIX_TIMESTAMP() - 172800"));
}

/* It goes on where it stopped. */
static void
test_sweep_in_pieces(void)
{
    struct sequence_want *wants = xcalloc(MANY, sizeof(*wants));
    uint64_t after = 0;
    int calls = 0;
    size_t i;

    start_anew();
    for (i = 0; i < MANY; i++)
        wants[i].lane = KEY((uint32_t)(i + 1), "k");
    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    CU_ASSERT_EQUAL_FATAL(store_sequence_take(db, wants, MANY), DB_OK);
    CU_ASSERT_EQUAL_FATAL(db_commit(db), DB_OK);
    testdb_exec(db, "UPDATE lane_state SET sequence = 1");
    do
        CU_ASSERT_EQUAL_FATAL(store_sequence_sweep(db, &after), DB_OK)
    while (++calls < 10 && after != 0);
    CU_ASSERT(calls > 1);
    CU_ASSERT_EQUAL(after, 0);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM lane_state"), 0);
    free(wants);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"places rise from the present on", test_places_rise},
        {"places never go back", test_never_back},
        {"several places at once, in the order asked for", test_many_wants},
        {"more lanes than one statement has", test_more_lanes_than_a_statement},
        {"who comes second waits, and stands behind", test_second_waits},
        {"a transaction that is rolled back leaves nothing",
         test_rollback_leaves_nothing},
        {"concurrent takers never deadlock nor share a place",
         test_no_deadlock},
        {"old ordering keys are forgotten", test_sweep},
        {"they are forgotten in pieces", test_sweep_in_pieces},
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
    rc = unit_run("store_sequence", tests);
    db_free(db);
    testdb_stop();
    return rc;
}
