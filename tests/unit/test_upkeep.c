/*
 * test_upkeep.c - unit tests for core/db/upkeep.c, partitions.c and
 * retention.c
 */
#include "testdb.h"
#include "unit.h"

#include "clock.h"
#include "id.h"
#include "partitions.h"
#include "upkeep.h"

#define DAY CLOCK_US_PER_DAY
#define EVENTS 0 /* tables of partitions.h */
#define DELIVERIES 1

static uint64_t
count_partitions(struct db *db, const char *table, const char *name)
{
    char sql[256];

    snprintf(sql, sizeof(sql),
             "SELECT COUNT(*) FROM information_schema.PARTITIONS WHERE "
             "TABLE_SCHEMA = DATABASE() AND TABLE_NAME = '%s' AND "
             "PARTITION_NAME LIKE '%s'",
             table, name);
    return testdb_u64(db, sql);
}

static void
test_days(void)
{
    /* Days far enough from today, so that the partitions made by the
       migration are not in the way. */
    int64_t now_us = clock_wall_us() + 100 * DAY;
    struct db *db = db_new(&testdb_settings);
    struct db *other = db_new(&testdb_settings);
    struct settings settings = testdb_settings;
    struct partitions_old old;

    /* A hundred days of pause: one partition takes what lies between. */
    CU_ASSERT_EQUAL_FATAL(partitions_make(db, now_us), DB_OK);
    CU_ASSERT_EQUAL(count_partitions(db, "events", "p2%"),
                    2 * (PARTITIONS_DAYS_AHEAD + 1));
    CU_ASSERT_EQUAL(count_partitions(db, "attempts", "p2%"),
                    2 * (PARTITIONS_DAYS_AHEAD + 1));
    CU_ASSERT_EQUAL(count_partitions(db, "events", "pmax"), 1);
    CU_ASSERT_EQUAL_FATAL(partitions_make(db, now_us), DB_OK);
    CU_ASSERT_EQUAL(count_partitions(db, "deliveries", "p2%"),
                    2 * (PARTITIONS_DAYS_AHEAD + 1));
    CU_ASSERT_EQUAL_FATAL(partitions_make(db, now_us + DAY), DB_OK);
    CU_ASSERT_EQUAL(count_partitions(db, "rejections", "p2%"),
                    2 * (PARTITIONS_DAYS_AHEAD + 1) + 1);

    /* Days that are past their time, of `events` only. */
    settings.events_days = 30;
    settings.deliveries_days = 200;
    CU_ASSERT_EQUAL_FATAL(
        partitions_find_old(db, DELIVERIES, now_us, &settings, &old), DB_OK);
    CU_ASSERT_EQUAL(old.count, 0);
    CU_ASSERT_EQUAL_FATAL(
        partitions_find_old(db, EVENTS, now_us, &settings, &old), DB_OK);
    CU_ASSERT_EQUAL(old.count, PARTITIONS_DAYS_AHEAD + 1);
    CU_ASSERT(old.pressing);
    CU_ASSERT_EQUAL(old.events_end,
                    id_floor((old.days[old.count - 1] + 1) * DAY));

    /* Somebody reads: nothing is dropped, nobody waits, no error. */
    CU_ASSERT_EQUAL_FATAL(db_begin(other), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(other, "SELECT COUNT(*) FROM events"), 0);
    CU_ASSERT_EQUAL(partitions_drop(db, EVENTS, &old), DB_OK);
    CU_ASSERT_EQUAL(count_partitions(db, "events", "p2%"),
                    2 * (PARTITIONS_DAYS_AHEAD + 1) + 1);
    db_rollback(other);

    CU_ASSERT_EQUAL(partitions_drop(db, EVENTS, &old), DB_OK);
    CU_ASSERT_EQUAL(count_partitions(db, "events", "p2%"),
                    PARTITIONS_DAYS_AHEAD + 2);
    CU_ASSERT_EQUAL(count_partitions(db, "deliveries", "p2%"),
                    2 * (PARTITIONS_DAYS_AHEAD + 1) + 1);
    CU_ASSERT_EQUAL_FATAL(
        partitions_find_old(db, EVENTS, now_us, &settings, &old), DB_OK);
    CU_ASSERT_EQUAL(old.count, 0);
    db_free(other);
    db_free(db);
}

static void
test_sweep(void)
{
    struct db *db = db_new(&testdb_settings);
    uint64_t version;

    testdb_exec(db,
                "INSERT INTO idempotency (application_id, key_hash, body_hash, "
                "status, created_at) SELECT 1, LPAD(seq, 32, '0'), '', 200, "
                "UTC_TIMESTAMP(6) - INTERVAL IF(seq <= 1200, 25, 1) HOUR "
                "FROM seq_1_to_1210");
    testdb_exec(
        db,
        "INSERT INTO subscriptions (id, application_id, url, secret, adhoc, "
        "created_at, deleted_at, config_version) VALUES "
        "(101, 1, 'u', '', 1, UTC_TIMESTAMP(6) - INTERVAL 2 HOUR, NULL, 1),"
        "(102, 1, 'u', '', 1, UTC_TIMESTAMP(6), NULL, 1),"
        "(103, 1, 'u', '', 0, UTC_TIMESTAMP(6) - INTERVAL 2 HOUR, NULL, 1),"
        "(104, 1, 'u', '', 1, UTC_TIMESTAMP(6) - INTERVAL 2 DAY, "
        "UTC_TIMESTAMP(6) - INTERVAL 25 HOUR, 1)");
    testdb_exec(db, "INSERT INTO subscription_patterns (subscription_id, "
                    "position, pattern) VALUES (101, 0, '*'), (102, 0, '*'), "
                    "(103, 0, '*'), (104, 0, '*'), (104, 1, 'a.*')");
    version = testdb_u64(db, "SELECT version FROM config_version");

    CU_ASSERT_EQUAL(schema_keep_partitions(db, &testdb_settings), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM idempotency"), 10);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM subscriptions"), 3);
    CU_ASSERT_EQUAL(
        testdb_u64(db, "SELECT COUNT(*) FROM subscription_patterns"), 3);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM subscription_patterns "
                                   "WHERE subscription_id = 104"),
                    0);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT id FROM subscriptions "
                                   "WHERE deleted_at IS NOT NULL"),
                    101);
    CU_ASSERT_EQUAL(
        testdb_u64(db,
                   "SELECT config_version FROM subscriptions WHERE id = 101"),
        version + 1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT version FROM config_version"),
                    version + 1);

    /* Nothing to do: the version stays, so nobody reloads. */
    CU_ASSERT_EQUAL(schema_keep_partitions(db, &testdb_settings), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT version FROM config_version"),
                    version + 1);
    db_free(db);
}

static void
test_replays(void)
{
    struct db *db = db_new(&testdb_settings);

    testdb_exec(
        db,
        "INSERT INTO replays (id, application_id, kind, status, until_at, "
        "created_at, finished_at) VALUES "
        "(1, 1, 'recover', 'planned', NOW(6), NOW(6) - INTERVAL 8 DAY, NULL),"
        "(2, 1, 'recover', 'planned', NOW(6), NOW(6) - INTERVAL 6 DAY, NULL),"
        "(3, 1, 'recover', 'running', NOW(6), NOW(6) - INTERVAL 8 DAY, NULL),"
        "(4, 1, 'recover', 'done', NOW(6), NOW(6) - INTERVAL 99 DAY, "
        "NOW(6) - INTERVAL 91 DAY),"
        "(5, 1, 'recover', 'done', NOW(6), NOW(6) - INTERVAL 99 DAY, "
        "NOW(6) - INTERVAL 89 DAY)");
    CU_ASSERT_EQUAL(schema_keep_partitions(db, &testdb_settings), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM replays"), 4);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM replays WHERE id = 4"),
                    0);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT id FROM replays "
                                   "WHERE status = 'cancelled' AND error IS "
                                   "NOT NULL AND finished_at IS NOT NULL"),
                    1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM replays "
                                   "WHERE status IN ('planned', 'running')"),
                    2);
    testdb_exec(db, "DELETE FROM replays");
    db_free(db);
}

/* A worker takes other turns between the steps: none of them reads much. */
static void
test_steps_are_short(void)
{
    struct db *db = db_new(&testdb_settings);
    struct upkeep upkeep = {.settings = NULL};
    unsigned steps = 0;
    bool done = false;

    testdb_exec(db, "INSERT INTO events_kept (id, application_id, source_id, "
                    "type, verified, test, relayed, payload, kept_at) "
                    "SELECT seq, 1, 0, 'a.b', 1, 0, 0, '{}', '2026-01-01' "
                    "FROM seq_1_to_3000");
    testdb_exec(db, "INSERT INTO jobs (id, kind, shard, lane, event_id) "
                    "SELECT seq, 1, 0, 1 << 32, seq MOD 1000 "
                    "FROM seq_1_to_20000");
    upkeep_begin(&upkeep, &testdb_settings, UPKEEP_CLEANUP_NOW);
    for (; !done; steps++) {
        testdb_exec(db, "FLUSH STATUS");
        CU_ASSERT_EQUAL_FATAL(upkeep_step(&upkeep, db, &done), DB_OK);
        CU_ASSERT(testdb_u64(db, "SELECT SUM(VARIABLE_VALUE) FROM "
                                 "information_schema.SESSION_STATUS WHERE "
                                 "VARIABLE_NAME IN ('Handler_read_next', "
                                 "'Handler_read_rnd_next', "
                                 "'Handler_read_key', 'Handler_read_first')") <
                  6000);
        CU_ASSERT_FATAL(steps < 1000);
    }
    CU_ASSERT(steps > 10);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM events_kept"), 999);
    testdb_exec(db, "DELETE FROM events_kept");
    testdb_exec(db, "DELETE FROM jobs");
    db_free(db);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"days are made and dropped", test_days},
        {"rows of no more use go", test_sweep},
        {"replays end, and go", test_replays},
        {"steps are short", test_steps_are_short},
        CU_TEST_INFO_NULL,
    };
    int rc;

    if (!testdb_start())
        return EXIT_FAILURE;
    rc = testdb_migrate() ? unit_run("upkeep", tests) : EXIT_FAILURE;
    testdb_stop();
    return rc;
}
