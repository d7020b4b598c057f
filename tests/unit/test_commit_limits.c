/*
 * test_commit_limits.c - unit tests for core/ingest/commit_write.c: a server that
 * has no place left for one more connection of this account.
 */
#include "commit_fixture.h"
#include "unit.h"

#include <time.h>

#define USER_LIMIT 1226 /* ER_USER_LIMIT_REACHED */

static struct {
    struct settings settings; /* an account with one place */
    struct db *holder;        /* who has it */
    bool leaves;              /* at the first pause */
    unsigned pauses;
} place;

static int64_t
limit_mono_us(void)
{
    return clock_mono_us() + unit_slow() * 20 * CLOCK_US_PER_S;
}

/* Not by nanosleep(), whose calls are counted below. */
static void
pause_1_ms(void)
{
    const struct timespec time = {.tv_nsec = 1000000};

    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &time, NULL);
}

/* Connections of the account that the server has not ended yet. */
static uint64_t
connections(void)
{
    char sql[160];

    snprintf(sql, sizeof(sql),
             "SELECT COUNT(*) FROM information_schema.PROCESSLIST "
             "WHERE USER = '%s'",
             place.settings.db_user);
    return testdb_u64(t.db, sql);
}

static void
leave_place(void)
{
    int64_t limit_us = limit_mono_us();

    db_disconnect(place.holder);
    while (connections() > 0) {
        if (clock_mono_us() > limit_us) {
            CU_FAIL("the server does not end the connection");
            return;
        }
        pause_1_ms();
    }
}

/* In front of the library's: what happens while the committer pauses between
   two tries; the test waits for its answer meanwhile. */
int
nanosleep(const struct timespec *time, struct timespec *left)
{
    place.pauses++;
    if (place.leaves && db_connected(place.holder))
        leave_place();
    return clock_nanosleep(CLOCK_REALTIME, 0, time, left);
}

/* From now on somebody has the only place. */
static void
take_place(void)
{
    struct db *second = db_new(&place.settings);

    CU_ASSERT_EQUAL_FATAL(db_connect(place.holder), DB_OK);
    CU_ASSERT_EQUAL(db_connect(second), DB_AWAY);
    CU_ASSERT_EQUAL(db_error_number(second), USER_LIMIT);
    db_free(second);
}

static void
begin(void)
{
    set_up();
    place.settings = testdb_settings;
    place.settings.db_user = testdb_name;
    place.settings.db_password = "";
    testdb_execf(t.db,
                 "CREATE OR REPLACE USER %s@localhost "
                 "WITH MAX_USER_CONNECTIONS 1",
                 testdb_name);
    /* In the name of a database a bare _ stands for any character. */
    testdb_execf(t.db,
                 "EXECUTE IMMEDIATE CONCAT('GRANT ALL ON `', "
                 "REPLACE(DATABASE(), '_', '\\_'), '`.* TO %s@localhost')",
                 testdb_name);
    place.holder = db_new(&place.settings);
    place.leaves = false;
    commit_free(t.committer);
    t.committer = commit_new(&place.settings, t.catalog, &t.ids, NULL);
}

static void
end(void)
{
    db_free(place.holder);
    commit_free(t.committer);
    t.committer = NULL;
    testdb_execf(t.db, "DROP USER %s@localhost", testdb_name);
    tear_down();
}

static enum db_result
send_one(const char *external)
{
    struct new_event event = make_event("a.b", ROUTE_MATCH);

    event.external_id = slice_of(external);
    return commit_events(t.committer, &event, 1);
}

/* Once more if this machine was so slow that the time for retries was over
   before the first of them. */
static void
test_a_place_that_becomes_free_is_taken(void)
{
    int tries = 0;

    do {
        begin();
        take_place();
        place.leaves = true;
        place.pauses = 0;
        if (send_one("patient") == DB_AWAY && place.pauses == 0) {
            end();
            continue;
        }
        CU_ASSERT_EQUAL(place.pauses, 1);
        CU_ASSERT_EQUAL(count("events", "external_id = 'patient'"), 1);
        end();
        return;
    } while (++tries < 20);
    CU_FAIL("there was no retry");
}

/* Nothing is there that was refused, and who comes again later is served. */
static void
test_no_place_becomes_free(void)
{
    enum db_result result;
    int64_t limit_us;

    begin();
    take_place();
    CU_ASSERT_EQUAL(send_one("refused"), DB_AWAY);
    CU_ASSERT_EQUAL(send_one("refused"), DB_AWAY);
    CU_ASSERT_EQUAL(count("events", "1"), 0);
    leave_place();
    limit_us = limit_mono_us();
    while ((result = send_one("later")) == DB_AWAY &&
           clock_mono_us() < limit_us)
        pause_1_ms();
    CU_ASSERT_EQUAL(result, DB_OK);
    CU_ASSERT_EQUAL(count("events", "external_id = 'later'"), 1);
    CU_ASSERT_EQUAL(count("events", "1"), 1);
    end();
}

/* For a test that did not reach its end: the server is not ours alone. */
static void
drop_account(void)
{
    struct db *db = db_new(&testdb_settings);
    char sql[128];

    snprintf(sql, sizeof(sql), "DROP USER IF EXISTS %s@localhost", testdb_name);
    if (db_exec(db, slice_of(sql), NULL) != DB_OK)
        fprintf(stderr, "%s: %s\n", sql, db_error_text(db));
    db_free(db);
}

static int
run(void)
{
    CU_TestInfo tests[] = {
        {"a place that becomes free is taken",
         test_a_place_that_becomes_free_is_taken},
        {"no place becomes free", test_no_place_becomes_free},
        CU_TEST_INFO_NULL,
    };
    int code = unit_run("commit_limits", tests);

    drop_account();
    return code;
}

int
main(void)
{
    return commit_fixture_run(run);
}
