/*
 * test_commit_faults.c - unit tests for core/ingest/commit.c when the database goes
 * away, dies in the middle of something, or answers nobody.
 */
#include "commit_fixture.h"
#include "ingest.h"
#include "unit.h"

/* The answer to COMMIT never comes, or COMMIT never arrives: both ways the
   event is there once, and acknowledged. */
static void
test_lost_commit(void)
{
    static const struct {
        const char *claim;
        const char *text;
        enum dbproxy_when when;
        int failures;
        enum db_result want;
    } rows[] = {
        {"the answer is lost", ";COMMIT", DBPROXY_AFTER, 1, DB_OK},
        {"the packet is lost", ";COMMIT", DBPROXY_BEFORE, 1, DB_OK},
        {"the packet is lost three times", ";COMMIT", DBPROXY_BEFORE, 3, DB_OK},
        {"the answer is lost, and that to the question what happened",
         " events ", DBPROXY_AFTER, 2, DB_OK},
        {"the packet is lost again and again", ";COMMIT", DBPROXY_BEFORE, 100,
         DB_AWAY},
        {"the version cannot be read at first", "config_version",
         DBPROXY_BEFORE, 1, DB_OK},
    };
    size_t i;

    set_up();
    subscribe(11, "a.b");
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int keyed;

        for (keyed = 0; keyed < 2; keyed++) {
            struct new_event event = make_event("a.b", ROUTE_MATCH);
            struct new_event after = make_event("a.c", ROUTE_MATCH);
            enum db_result got;
            char where[64];
            bool ok;

            if (keyed == 1)
                event = make_keyed(rows[i].claim);
            dbproxy_fail(rows[i].text, rows[i].when, rows[i].failures);
            got = commit_events(t.committer, &event, 1);
            dbproxy_fail(NULL, DBPROXY_BEFORE, 0);
            if (got == DB_OK)
                snprintf(where, sizeof(where), "id = %llu",
                         (unsigned long long)event.id);
            else
                snprintf(where, sizeof(where), "1");
            ok = got == rows[i].want && !event.duplicate &&
                 count("events", where) == (got == DB_OK ? 1 : 0) &&
                 count("jobs", "1") == (got == DB_OK ? 1 : 0);
            if (!ok)
                fprintf(stderr, "\n%s: got %s, %llu events\n", rows[i].claim,
                        db_result_name(got),
                        (unsigned long long)count("events", "1"));
            CU_ASSERT(ok);
            testdb_exec(t.db, "DELETE FROM events");
            testdb_exec(t.db, "DELETE FROM jobs");
            /* Life goes on, at the latest after the short time for which
               nobody asks. */
            while ((got = commit_events(t.committer, &after, 1)) == DB_AWAY)
                ;
            CU_ASSERT_EQUAL(got, DB_OK);
            testdb_exec(t.db, "DELETE FROM events");
        }
    }
    tear_down();
}

/* The same for a repeat that has its event processed again: one job, whatever
   became of the answer. */
static void
test_lost_commit_of_a_repeat(void)
{
    static const struct {
        const char *claim;
        enum dbproxy_when when;
        int failures;
    } rows[] = {
        {"the answer is lost", DBPROXY_AFTER, 1},
        {"the packet is lost", DBPROXY_BEFORE, 1},
        {"the answer is lost twice", DBPROXY_AFTER, 2},
        {"the packet is lost three times", DBPROXY_BEFORE, 3},
    };
    size_t i;

    set_up();
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct new_event first = make_event("a.b", ROUTE_PROCESS), again;

        event_dedupe_hash(&first, "test", 1, slice_of(rows[i].claim));
        again = first;
        CU_ASSERT_EQUAL_FATAL(commit_events(t.committer, &first, 1), DB_OK);
        testdb_exec(t.db, "INSERT INTO deliveries (id, done_day, kind, "
                          "application_id, owner_id, event_id, event_type, "
                          "status, attempts, duration_ms, completed_at) "
                          "SELECT id, UTC_DATE(), 2, 1, 1, event_id, 'a.b', "
                          "'failed', 3, 1, UTC_TIMESTAMP(6) FROM jobs");
        testdb_exec(t.db, "DELETE FROM jobs");
        dbproxy_fail(";COMMIT", rows[i].when, rows[i].failures);
        CU_ASSERT_EQUAL(commit_events(t.committer, &again, 1), DB_OK);
        dbproxy_fail(NULL, DBPROXY_BEFORE, 0);
        CU_ASSERT_TRUE(again.duplicate);
        CU_ASSERT_EQUAL(again.id, first.id);
        if (count("jobs", "kind = 2") != 1)
            fprintf(stderr, "\n%s: got %llu jobs\n", rows[i].claim,
                    (unsigned long long)count("jobs", "1"));
        CU_ASSERT_EQUAL(count("jobs", "kind = 2"), 1);
        CU_ASSERT_EQUAL(
            count("jobs j JOIN deliveries d ON d.id = j.retry_of", "1"), 1);
        testdb_exec(t.db, "DELETE FROM deliveries");
        testdb_exec(t.db, "DELETE FROM jobs");
        testdb_exec(t.db, "DELETE FROM events");
    }
    tear_down();
}

/* A transaction of whose COMMIT nobody heard is found missing, is written again,
   and is there after all when that fails: its events are not written a third
   time, with other ids, and the repeat among them is still one. */
static void
test_lost_commit_that_comes_late(void)
{
    struct new_event bare = make_event("a.b", ROUTE_PROCESS);
    struct new_event first = bare, keyed = bare, again;
    struct ingest *batch = ingest_new();
    enum ingest_fate fate = BATCH_COLLIDED;
    struct db *db;

    event_dedupe_hash(&first, "test", 1, SLICE("known"));
    event_dedupe_hash(&keyed, "test", 1, SLICE("new"));
    again = first;
    set_up();
    db = db_new(&t.settings);
    CU_ASSERT_EQUAL_FATAL(commit_events(t.committer, &first, 1), DB_OK);
    ingest_add(batch, &again, &t.ids, NULL);
    ingest_add(batch, &keyed, &t.ids, NULL);
    ingest_add(batch, &bare, &t.ids, NULL);
    CU_ASSERT_EQUAL_FATAL(db_connect(db), DB_OK);
    dbproxy_fail(";COMMIT", DBPROXY_AFTER, 1);
    CU_ASSERT_EQUAL(ingest_write(batch, db, db_now_us(db)), DB_UNKNOWN);
    CU_ASSERT_EQUAL_FATAL(db_connect(db), DB_OK);
    dbproxy_fail(" dedupe ", DBPROXY_BEFORE, 1);
    CU_ASSERT_EQUAL(ingest_write(batch, db, db_now_us(db)), DB_AGAIN);
    dbproxy_fail(NULL, DBPROXY_BEFORE, 0);
    CU_ASSERT_EQUAL(ingest_find_out(batch, db, &fate), DB_OK);
    CU_ASSERT_EQUAL(fate, BATCH_WRITTEN);
    ingest_answer(batch);
    CU_ASSERT_TRUE(again.duplicate);
    CU_ASSERT_EQUAL(again.id, first.id);
    CU_ASSERT_FALSE(keyed.duplicate);
    CU_ASSERT_FALSE(bare.duplicate);
    CU_ASSERT_EQUAL(count("events", "1"), 3);
    ingest_free(batch);
    db_free(db);
    tear_down();
}

static void *
break_things(void *arg)
{
    atomic_bool *stop = arg;
    unsigned round = 0;

    while (!atomic_load(stop)) {
        struct timespec pause = {.tv_nsec = 7000000};

        dbproxy_fail(round % 3 == 0 ? "INSERT INTO jobs" : ";COMMIT",
                     round % 2 == 0 ? DBPROXY_AFTER : DBPROXY_BEFORE, 1);
        round++;
        nanosleep(&pause, NULL);
    }
    return NULL;
}

/* Connections die in mid-run: nothing acknowledged is missing, nothing is
   there twice. */
static void
test_broken_connections(void)
{
    struct acknowledged *all;
    atomic_bool stop = false;
    pthread_t breaker;
    size_t i, away = 0, ok;

    set_up();
    subscribe(11, "a.b");
    pthread_create(&breaker, NULL, break_things, &stop);
    all = run_threads(true);
    atomic_store(&stop, true);
    pthread_join(breaker, NULL);
    ok = check_acknowledged(all);
    for (i = 0; i < THREADS; i++) {
        away += all[i].away;
        CU_ASSERT(all[i].broken <= EACH / 10);
    }
    CU_ASSERT(ok > 0);
    /* What was not acknowledged may be there only if nobody could say. */
    CU_ASSERT(count("events", "1") <= ok + away);
    free(all);
    tear_down();
}

static atomic_uint kills;

static void *
kill_connections(void *arg)
{
    atomic_bool *stop = arg;
    struct db *db = db_new(&testdb_settings);

    while (!atomic_load(stop)) {
        struct timespec pause = {.tv_nsec = 5000000};
        struct db_rows *rows = NULL;
        const struct slice *row;

        if (db_query(db,
                     SLICE("SELECT ID FROM information_schema.PROCESSLIST "
                           "WHERE DB = DATABASE() AND "
                           "(INFO LIKE '%INSERT INTO%' OR INFO = 'COMMIT') "
                           "AND ID <> CONNECTION_ID()"),
                     &rows) != DB_OK)
            continue;
        while ((row = db_rows_next(rows)) != NULL) {
            char sql[64];

            snprintf(sql, sizeof(sql), "KILL %.*s", (int)row[0].len,
                     row[0].ptr);
            if (db_exec(db, slice_of(sql), NULL) == DB_OK)
                atomic_fetch_add(&kills, 1);
        }
        db_rows_free(rows);
        nanosleep(&pause, NULL);
    }
    db_free(db);
    return NULL;
}

static void
test_killed_connections(void)
{
    struct acknowledged *all;
    atomic_bool stop = false;
    pthread_t killer;
    size_t i, away = 0, ok;

    set_up();
    subscribe(11, "a.b");
    pthread_create(&killer, NULL, kill_connections, &stop);
    all = run_threads(false);
    atomic_store(&stop, true);
    pthread_join(killer, NULL);
    CU_ASSERT(atomic_load(&kills) > 0);
    ok = check_acknowledged(all);
    for (i = 0; i < THREADS; i++) {
        away += all[i].away;
        CU_ASSERT_EQUAL(all[i].broken, 0);
    }
    CU_ASSERT(count("events", "1") <= ok + away);
    free(all);
    tear_down();
}

/* Ids that somebody else has had: others are drawn. */
static void
test_taken_ids(void)
{
    struct new_event event = make_event("a.b", ROUTE_PROCESS);
    uint64_t from;
    char sql[256];

    set_up();
    from = id_next(&t.ids) + ((uint64_t)1 << 22) * 200; /* 200 ms ahead */
    snprintf(sql, sizeof(sql),
             "INSERT INTO jobs (id, kind, shard, lane, event_id) "
             "SELECT %llu + seq, 1, 0, 8, 1 FROM seq_1_to_6",
             (unsigned long long)from);
    testdb_exec(t.db, sql);
    t.ids.last = from; /* the next ones are taken */
    CU_ASSERT_EQUAL_FATAL(commit_events(t.committer, &event, 1), DB_OK);
    CU_ASSERT(event.id > from + 6);
    CU_ASSERT_EQUAL(count("events", "1"), 1);
    CU_ASSERT_EQUAL(count("jobs", "kind = 2"), 1);
    tear_down();
}

static void
test_database_away(void)
{
    struct new_event event = make_event("a.b", ROUTE_PROCESS);
    int64_t start_us, took_us;
    struct acknowledged *all;
    size_t i;

    set_up();
    CU_ASSERT_EQUAL_FATAL(commit_events(t.committer, &event, 1), DB_OK);
    dbproxy_stop();
    start_us = clock_mono_us();
    all = run_threads(false);
    took_us = clock_mono_us() - start_us;
    for (i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL(all[i].away, EACH);
    if (took_us > 2 * unit_slow() * CLOCK_US_PER_S)
        fprintf(stderr, "\n%d refusals took %lld us\n", THREADS * EACH,
                (long long)took_us);
    CU_ASSERT(took_us < 2 * unit_slow() * CLOCK_US_PER_S);
    CU_ASSERT_EQUAL(count("events", "1"), 1);

    dbproxy_start();
    start_us = clock_mono_us();
    while (commit_events(t.committer, &event, 1) != DB_OK &&
           clock_mono_us() - start_us < 5 * CLOCK_US_PER_S)
        ;
    CU_ASSERT(clock_mono_us() - start_us < unit_slow() * CLOCK_US_PER_S);
    CU_ASSERT_EQUAL(count("events", "1"), 2);
    free(all);
    tear_down();
}

/* A wrong password is no fault of the events. */
static void
test_refused(void)
{
    struct new_event events[2] = {make_event("a.b", ROUTE_PROCESS),
                                  make_event("a.b", ROUTE_PROCESS)};
    char *extra[] = {(char[]){"db_user=nobody_here"},
                     (char[]){"db_password=wrong"}};
    struct committer *committer;
    struct settings settings;

    set_up();
    CU_ASSERT_FATAL(testdb_load(&settings, extra, 2));
    committer = commit_new(&settings, t.catalog, &t.ids, NULL);
    CU_ASSERT_EQUAL(commit_events(committer, events, 2), DB_AWAY);
    commit_free(committer);
    settings_free(&settings);
    tear_down();
}

/* Neither is a catalog that cannot be read. */
static void
test_no_catalog(void)
{
    struct new_event event = make_event("a.b", ROUTE_MATCH);
    enum db_result got;

    set_up();
    subscribe(11, "a.b");
    testdb_exec(t.db, "RENAME TABLE config_version TO config_gone");
    CU_ASSERT_EQUAL(commit_events(t.committer, &event, 1), DB_AWAY);
    testdb_exec(t.db, "RENAME TABLE config_gone TO config_version");
    while ((got = commit_events(t.committer, &event, 1)) == DB_AWAY)
        ; /* at the latest after the short time for which nobody asks */
    CU_ASSERT_EQUAL(got, DB_OK);
    CU_ASSERT_EQUAL(event.matched, 1);
    CU_ASSERT_EQUAL(count("events", "1"), 1);
    tear_down();
}

static void
test_reap(void)
{
    char *extra[] = {(char[]){"db_idle_s=1"}};
    struct timespec idle = {.tv_sec = 1, .tv_nsec = 100000000};
    struct new_event event = make_event("a.b", ROUTE_PROCESS);
    struct committer *committer;
    struct settings settings;
    const char connections[] = "information_schema.PROCESSLIST";
    const char ours[] = "DB = DATABASE() AND ID <> CONNECTION_ID()";

    set_up();
    CU_ASSERT_FATAL(testdb_load(&settings, extra, 1));
    committer = commit_new(&settings, t.catalog, &t.ids, NULL);
    CU_ASSERT_EQUAL_FATAL(commit_events(committer, &event, 1), DB_OK);
    commit_reap(committer);
    CU_ASSERT_EQUAL(count(connections, ours), 1);
    nanosleep(&idle, NULL); /* idleness is what is tested */
    commit_reap(committer);
    while (count(connections, ours) > 0) /* the server takes note */
        ;
    CU_ASSERT_EQUAL(commit_events(committer, &event, 1), DB_OK);
    commit_free(committer);
    settings_free(&settings);
    tear_down();
}

static int
run(void)
{
    CU_TestInfo tests[] = {
        {"a lost COMMIT", test_lost_commit},
        {"a lost COMMIT of a repeat", test_lost_commit_of_a_repeat},
        {"a lost COMMIT that comes late", test_lost_commit_that_comes_late},
        {"broken connections", test_broken_connections},
        {"killed connections", test_killed_connections},
        {"ids that are taken", test_taken_ids},
        {"the database is away", test_database_away},
        {"the database refuses us", test_refused},
        {"the catalog cannot be read", test_no_catalog},
        {"an idle connection is closed", test_reap},
        CU_TEST_INFO_NULL,
    };

    return unit_run("commit, faults", tests);
}

int
main(void)
{
    return commit_fixture_run(run);
}
