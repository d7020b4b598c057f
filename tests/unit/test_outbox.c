/*
 * test_outbox.c - unit tests for worker/jobs/outbox.c: each row becomes one event,
 * by whoever owns shard 0, whatever happens to the database.
 */
#include "outbox.h"
#include "proxied.h"
#include "unit.h"
#include "worker_fixture.h"

static struct outbox *outbox;

static void
begin(void)
{
    set_up(&proxied);
    outbox = outbox_new(&(struct outbox_peers){
        .settings = &proxied,
        .db = t.db,
        .desk = &t.desk,
        .payloads = t.payloads,
        .follower = &t.follower,
        .lease = &t.lease,
        .doorbell = t.doorbell,
    });
}

static void
end(void)
{
    outbox_free(outbox);
    tear_down();
}

static uint64_t
count(const char *table)
{
    return testdb_count(t.late, table);
}

/* Looks until a look at all of them has found none. */
static void
move_all(void)
{
    bool moved;
    int looks;

    for (looks = 0; looks < 1000 && !outbox_is_empty(outbox); looks++)
        CU_ASSERT_EQUAL_FATAL(outbox_run(outbox, &moved), DB_OK);
    CU_ASSERT_TRUE(outbox_is_empty(outbox));
}

static void
add(struct db *db, const char *values)
{
    char sql[256];

    snprintf(sql, sizeof(sql),
             "INSERT INTO outbox (id, event_type, payload) VALUES %s", values);
    testdb_exec(db, sql);
}

static void
test_rows_become_events_and_jobs(void)
{
    bool moved = false;

    begin();
    testdb_exec(t.late, "INSERT INTO subscriptions (id, application_id, url, "
                        "secret, config_version) VALUES "
                        "(1, 1, 'https://e.org', '', 1)");
    testdb_exec(t.late, "INSERT INTO subscription_patterns VALUES "
                        "(1, 0, 'a.*')");
    CU_ASSERT_FALSE(outbox_is_empty(outbox)); /* nobody has looked */
    testdb_exec(t.late, "INSERT INTO outbox (event_type, payload) "
                        "SELECT IF(seq MOD 100 = 0, 'a b', 'a.b'), "
                        "CONCAT('{\"n\":', seq, '}') FROM seq_1_to_1200");
    CU_ASSERT_EQUAL_FATAL(outbox_run(outbox, &moved), DB_OK);
    CU_ASSERT_TRUE(moved);
    CU_ASSERT_FALSE(outbox_is_empty(outbox));
    CU_ASSERT(count("outbox") >= 700); /* a batch is bounded */
    move_all();
    CU_ASSERT_EQUAL(count("outbox"), 0);
    CU_ASSERT_EQUAL(count("events"), 1188);
    CU_ASSERT_EQUAL(count("jobs"), 1188);
    CU_ASSERT_EQUAL(count("rejections"), 12);
    CU_ASSERT_EQUAL(testdb_u64(t.late, "SELECT COUNT(*) FROM events e JOIN "
                                       "jobs j ON j.event_id = e.id"),
                    1188);
    end();
}

/* Ids are given out in one order and committed in another. */
static void
test_a_late_row_is_found_before_what_follows_it(void)
{
    bool moved;

    begin();
    CU_ASSERT_EQUAL_FATAL(db_begin(t.late), DB_OK);
    add(t.late, "(1, 'late.one', '{}')");
    add(t.db, "(2, 'early.one', '{}')");
    move_all();
    CU_ASSERT_EQUAL(count("events"), 1);
    CU_ASSERT_EQUAL_FATAL(db_commit(t.late), DB_OK);
    add(t.db, "(3, 'after.it', '{}')");
    CU_ASSERT_EQUAL_FATAL(outbox_run(outbox, &moved), DB_OK);
    CU_ASSERT_EQUAL(count("outbox"), 0);
    CU_ASSERT_EQUAL(testdb_u64(t.late, "SELECT (SELECT id FROM events WHERE "
                                       "type = 'late.one') < (SELECT id FROM "
                                       "events WHERE type = 'after.it')"),
                    1);
    end();
}

static void
test_what_happens_to_the_database(void)
{
    static const struct {
        const char *claim;
        const char *text;
        enum dbproxy_when when;
    } rows[] = {
        {"the answer to COMMIT is lost", "COMMIT", DBPROXY_AFTER},
        {"COMMIT is lost", "COMMIT", DBPROXY_BEFORE},
        {"a deadlock at COMMIT", "COMMIT", DBPROXY_DEADLOCK},
        {"a deadlock at the fence", "UPDATE shards", DBPROXY_DEADLOCK},
        {"a deadlock at the end of the rows", "DELETE o FROM",
         DBPROXY_DEADLOCK},
        {"the connection ends with the rows", "DELETE o FROM", DBPROXY_AFTER},
        {"the connection ends with the events", "INSERT INTO events",
         DBPROXY_BEFORE},
        {"the connection ends while they are read", "FOR UPDATE SKIP LOCKED",
         DBPROXY_AFTER},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool moved;
        bool ok;

        begin();
        testdb_exec(t.late, "INSERT INTO outbox (event_type, payload) "
                            "SELECT 'a.b', CONCAT('{\"n\":', seq, '}') "
                            "FROM seq_1_to_100");
        dbproxy_fail(rows[i].text, rows[i].when, 2);
        /* The worker's loop takes an error as a reason to come again. */
        while (!outbox_is_empty(outbox))
            (void)!outbox_run(outbox, &moved);
        dbproxy_fail(NULL, DBPROXY_BEFORE, 0);
        ok = count("outbox") == 0 && count("events") == 100 &&
             testdb_u64(t.late, "SELECT COUNT(DISTINCT payload) FROM "
                                "events") == 100;
        if (!ok)
            fprintf(stderr, "\n%s: %llu rows are left, there are %llu events\n",
                    rows[i].claim, (unsigned long long)count("outbox"),
                    (unsigned long long)count("events"));
        CU_ASSERT_TRUE(ok);
        end();
    }
}

/* A worker that was stopped for longer than its lease wakes up. */
static void
test_who_has_lost_the_shard_moves_nothing(void)
{
    bool moved = true;

    begin();
    add(t.late, "(1, 'a.b', '{}')");
    testdb_exec(t.late, "UPDATE shards SET token = 12345, lease_until = "
                        "UTC_TIMESTAMP(6) + INTERVAL 1 MINUTE "
                        "WHERE shard = 0");
    (void)!outbox_run(outbox, &moved);
    CU_ASSERT_FALSE(moved);
    CU_ASSERT_EQUAL(count("outbox"), 1);
    CU_ASSERT_EQUAL(count("events"), 0);
    CU_ASSERT_EQUAL(outbox_due(outbox), INT64_MAX);
    CU_ASSERT_TRUE(outbox_is_empty(outbox)); /* for this worker */
    testdb_exec(t.late, "UPDATE shards SET token = 0, lease_until = "
                        "'1971-01-01 00:00:00' WHERE shard = 0");
    end();
}

/* The column of events is too short for it. */
static void
test_a_row_that_cannot_be_stored_fails_alone(void)
{
    begin();
    testdb_exec(t.late, "ALTER TABLE events MODIFY COLUMN type VARCHAR(10) "
                        "CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin "
                        "NOT NULL");
    testdb_exec(t.late, "INSERT INTO outbox (id, event_type, payload) SELECT "
                        "seq, IF(seq = 7, 'far.too.long', 'a.b'), "
                        "CONCAT('{\"n\":', seq, '}') FROM seq_1_to_20");
    move_all();
    CU_ASSERT_EQUAL(count("outbox"), 0);
    CU_ASSERT_EQUAL(count("events"), 19);
    CU_ASSERT_EQUAL(testdb_u64(t.late, "SELECT COUNT(*) FROM rejections WHERE "
                                       "reason = 'not_storable' AND status = "
                                       "422 AND detail LIKE 'outbox row 7,%' "
                                       "AND detail LIKE '%{%n%:7}%'"),
                    1);
    testdb_exec(t.late, "ALTER TABLE events MODIFY COLUMN type VARCHAR(255) "
                        "CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin "
                        "NOT NULL");
    end();
}

/* Not the fault of a row: no row is lost for it. */
static void
test_a_broken_table_refuses_no_row(void)
{
    bool moved = true;

    begin();
    add(t.late, "(1, 'a.b', '{}')");
    testdb_exec(t.late, "ALTER TABLE events RENAME TO away");
    CU_ASSERT_EQUAL(outbox_run(outbox, &moved), DB_OK);
    CU_ASSERT_FALSE(moved);
    CU_ASSERT(outbox_due(outbox) > clock_mono_us() + CLOCK_US_PER_S);
    CU_ASSERT_TRUE(outbox_is_empty(outbox)); /* nobody waits for it to end */
    CU_ASSERT_EQUAL(count("outbox"), 1);
    CU_ASSERT_EQUAL(count("rejections"), 0);
    testdb_exec(t.late, "ALTER TABLE away RENAME TO events");
    CU_ASSERT_EQUAL(outbox_run(outbox, &moved), DB_OK);
    move_all();
    CU_ASSERT_EQUAL(count("events"), 1);
    end();
}

/* An application holds locks on more rows than one look takes: those behind
   them come all the same, and there is a pause between the looks. */
static void
test_held_rows_do_not_hold_up_others(void)
{
    bool moved;
    int looks, pass;

    begin();
    testdb_exec(t.late, "INSERT INTO outbox (id, event_type, payload) "
                        "SELECT seq, 'a.b', '{}' FROM seq_1_to_1500");
    CU_ASSERT_EQUAL_FATAL(db_begin(t.late), DB_OK);
    testdb_exec(t.late, "UPDATE outbox SET metadata = '{}' WHERE id <= 1300");
    for (looks = 0; looks < 20 && count("outbox") > 1300; looks++)
        CU_ASSERT_EQUAL_FATAL(outbox_run(outbox, &moved), DB_OK);
    CU_ASSERT_EQUAL(count("outbox"), 1300);
    CU_ASSERT_EQUAL(testdb_u64(t.db, "SELECT COUNT(*) FROM events"), 200);
    /* Nothing is to be had now: looking goes on with growing pauses. */
    for (pass = 0, looks = 0; pass < 8 && looks < 100; pass++) {
        do {
            looks++;
            CU_ASSERT_EQUAL_FATAL(outbox_run(outbox, &moved), DB_OK);
        } while (outbox_due(outbox) <= clock_mono_us() && looks < 100);
    }
    CU_ASSERT(looks < 50);
    CU_ASSERT_FALSE(outbox_is_empty(outbox));
    CU_ASSERT(outbox_due(outbox) > clock_mono_us() + 500000);
    CU_ASSERT_EQUAL_FATAL(db_commit(t.late), DB_OK);
    move_all();
    CU_ASSERT_EQUAL(count("outbox"), 0);
    CU_ASSERT_EQUAL(count("events"), 1500);
    end();
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"rows become events and jobs", test_rows_become_events_and_jobs},
        {"a late row is found before what follows it",
         test_a_late_row_is_found_before_what_follows_it},
        {"what happens to the database", test_what_happens_to_the_database},
        {"who has lost the shard moves nothing",
         test_who_has_lost_the_shard_moves_nothing},
        {"a row that cannot be stored fails alone",
         test_a_row_that_cannot_be_stored_fails_alone},
        {"a broken table refuses no row", test_a_broken_table_refuses_no_row},
        {"held rows do not hold up others",
         test_held_rows_do_not_hold_up_others},
        CU_TEST_INFO_NULL,
    };

    return proxied_run("outbox", tests);
}
