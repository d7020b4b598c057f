/*
 * test_schema.c - unit tests for core/db/schema.c, the partitions and what the
 * regular sweep removes.
 */
#include "testdb.h"
#include "unit.h"

#include "clock.h"
#include "dedupe.h"
#include "id.h"
#include "partitions.h"
#include "retention.h"

#include <pthread.h>
#include <string.h>

#define DAY CLOCK_US_PER_DAY

static void
test_statements(void)
{
    static const struct {
        const char *claim;
        const char *sql;
        const char *want[4];
    } rows[] = {
        {"nothing", "", {NULL}},
        {"only comments", "-- a;b\n# c;\n/* d; */ ;;\n", {NULL}},
        {"one without semicolon", " SELECT 1 ", {"SELECT 1", NULL}},
        {"two", "SELECT 1;\nSELECT 2;\n", {"SELECT 1", "SELECT 2", NULL}},
        {"a semicolon in a string",
         "SELECT ';';SELECT \";\";SELECT `;`",
         {"SELECT ';'", "SELECT \";\"", "SELECT `;`", NULL}},
        {"doubled and escaped quotes",
         "SELECT 'it''s;', 'a\\';b';SELECT 2",
         {"SELECT 'it''s;', 'a\\';b'", "SELECT 2", NULL}},
        {"a backslash in a name is no escape",
         "SELECT `a\\`;SELECT 2",
         {"SELECT `a\\`", "SELECT 2", NULL}},
        {"comments before, within and after",
         "-- first\nSELECT 1 -- one;\n + 1 /* ; */;-- it's\nSELECT 2 -- end",
         {"SELECT 1 -- one;\n + 1", "SELECT 2", NULL}},
        {"two hyphens are not always a comment",
         "SELECT 1--1;SELECT 2",
         {"SELECT 1--1", "SELECT 2", NULL}},
        {"an unclosed string ends with the text",
         "SELECT 'a;b",
         {"SELECT 'a;b", NULL}},
        {"an unclosed comment too", "SELECT 1; /* a;b", {"SELECT 1", NULL}},
    };
    size_t i, j;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct migration migration = {1, "test", rows[i].sql,
                                      strlen(rows[i].sql)};
        struct slice got;
        size_t at = 0;

        for (j = 0; rows[i].want[j] != NULL; j++) {
            bool ok = schema_next_statement(&migration, &at, &got);

            if (!ok || !slice_is(got, rows[i].want[j]))
                fprintf(stderr, "\n%s: got \"%.*s\", want \"%s\"\n",
                        rows[i].claim, ok ? (int)got.len : 0, ok ? got.ptr : "",
                        rows[i].want[j]);
            CU_ASSERT(ok && slice_is(got, rows[i].want[j]));
        }
        CU_ASSERT_FALSE(schema_next_statement(&migration, &at, &got));
    }
}

static void
count_step(void *arg, const struct migration *step)
{
    (void)step;
    ++*(size_t *)arg;
}

static void
test_migrate(void)
{
    struct db *db = db_new(&testdb_settings);
    struct buf why = BUF_INIT(4096);
    struct schema_status status;
    size_t i, steps = 0, partitions;

    CU_ASSERT_EQUAL(schema_read_status(db, &status), DB_OK);
    CU_ASSERT_EQUAL(status.applied, 0);
    CU_ASSERT_EQUAL(schema_check(db, &why), DB_BROKEN);
    CU_ASSERT_PTR_NOT_NULL(strstr(buf_slice(&why).ptr, "postern migrate up"));
    buf_clear(&why);

    CU_ASSERT_EQUAL_FATAL(schema_migrate(db, count_step, &steps, &why), DB_OK);
    CU_ASSERT_EQUAL(steps, schema_migration_count);
    CU_ASSERT_EQUAL(schema_check(db, &why), DB_OK);
    CU_ASSERT_EQUAL(schema_read_status(db, &status), DB_OK);
    CU_ASSERT_EQUAL(status.applied, status.known);
    CU_ASSERT_EQUAL(status.changed, 0);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM nodes"), ID_NODES);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM shards"), 64);
    partitions = (size_t)testdb_u64(
        db, "SELECT COUNT(*) FROM information_schema.PARTITIONS WHERE "
            "TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'events'");
    CU_ASSERT_EQUAL(partitions, PARTITIONS_DAYS_AHEAD + 2);

    /* A second time there is nothing to do. */
    steps = 0;
    CU_ASSERT_EQUAL(schema_migrate(db, count_step, &steps, &why), DB_OK);
    CU_ASSERT_EQUAL(steps, 0);

    /* Interrupted before it was written down: it is applied again. */
    testdb_exec(db, "DELETE FROM schema_migrations");
    CU_ASSERT_EQUAL(schema_migrate(db, count_step, &steps, &why), DB_OK);
    if (why.len > 0)
        fprintf(stderr, "\n%s\n", why.data);
    CU_ASSERT_EQUAL(steps, schema_migration_count);
    for (i = 0; i < schema_migration_count; i++)
        CU_ASSERT(schema_migrations[i].version == i + 1); /* without gaps */
    buf_free(&why);
    db_free(db);
}

static void
test_wrong_schemas_are_refused(void)
{
    static const struct {
        const char *claim;
        const char *spoil;
        enum db_result want;
        const char *said;
    } rows[] = {
        {"a newer schema is fine",
         "INSERT INTO schema_migrations VALUES (9000, 'x', 'y', NOW(), 1)",
         DB_OK, ""},
        {"a changed migration is named",
         "UPDATE schema_migrations SET checksum = 'x' WHERE version = 2",
         DB_BROKEN, "0002_engine"},
        {"a missing one is named",
         "DELETE FROM schema_migrations "
         "WHERE version = 3",
         DB_BROKEN, "has schema 2"},
    };
    struct db *db = db_new(&testdb_settings);
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf why = BUF_INIT(4096);
        enum db_result got;

        CU_ASSERT_FATAL(testdb_migrate());
        testdb_exec(db, rows[i].spoil);
        got = schema_check(db, &why);
        if (got != rows[i].want ||
            strstr(buf_slice(&why).ptr, rows[i].said) == NULL)
            fprintf(stderr, "\n%s: got %s, \"%s\"\n", rows[i].claim,
                    db_result_name(got), buf_slice(&why).ptr);
        CU_ASSERT_EQUAL(got, rows[i].want);
        CU_ASSERT_PTR_NOT_NULL(strstr(buf_slice(&why).ptr, rows[i].said));
        testdb_exec(db, "DELETE FROM schema_migrations");
        buf_free(&why);
    }
    CU_ASSERT_FATAL(testdb_migrate());
    db_free(db);
}

static void *
migrate(void *arg)
{
    (void)arg;
    return testdb_migrate() ? NULL : &testdb_settings;
}

/* Two at once: one works, the other waits until it has finished. */
static void
test_migrate_is_locked(void)
{
    struct db *db = db_new(&testdb_settings);
    char sql[256];
    pthread_t thread;
    void *failed;

    testdb_exec(db, "DELETE FROM schema_migrations");
    snprintf(sql, sizeof(sql), "DO GET_LOCK(CONCAT('postern.', MD5('%s')), 0)",
             testdb_name);
    testdb_exec(db, sql);
    pthread_create(&thread, NULL, migrate, NULL);
    while (testdb_u64(db, "SELECT COUNT(*) FROM information_schema.PROCESSLIST "
                          "WHERE STATE = 'User lock' AND DB = DATABASE()") == 0)
        ;
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM schema_migrations"),
                    0);
    testdb_exec(db, "DO RELEASE_ALL_LOCKS()");
    pthread_join(thread, &failed);
    CU_ASSERT_PTR_NULL(failed);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM schema_migrations"),
                    schema_migration_count);

    /* It does not outlive the work. */
    snprintf(sql, sizeof(sql),
             "SELECT IS_FREE_LOCK(CONCAT('postern.', MD5('%s')))", testdb_name);
    CU_ASSERT_EQUAL(testdb_u64(db, sql), 1);
    db_free(db);
}

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
insert_event(struct db *db, uint64_t id)
{
    char sql[256];

    snprintf(sql, sizeof(sql),
             "INSERT INTO events (id, application_id, type, verified, payload) "
             "VALUES (%llu, 1, 'a.b', 1, '{}')",
             (unsigned long long)id);
    testdb_exec(db, sql);
}

static void
test_partitions(void)
{
    /* Days far enough from today, so that the partitions made by the
       migration are not in the way. */
    int64_t now_us = clock_wall_us() + 100 * DAY;
    struct db *db = db_new(&testdb_settings);
    struct db *other = db_new(&testdb_settings);
    uint64_t old_id, done_id, new_id;
    char sql[256];

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

    old_id = id_floor(now_us - 95 * DAY) + 1; /* a live job needs it */
    done_id = old_id + 1;                     /* nobody needs it */
    new_id = id_floor(now_us);
    insert_event(db, old_id);
    insert_event(db, done_id);
    insert_event(db, new_id);
    snprintf(sql, sizeof(sql),
             "INSERT INTO jobs (id, kind, shard, lane, event_id) "
             "VALUES (1, 1, 0, 8, %llu), (2, 1, 0, 16, %llu), "
             "(3, 1, 0, 16, %llu)",
             (unsigned long long)old_id, (unsigned long long)old_id,
             (unsigned long long)new_id);
    testdb_exec(db, sql);

    /* Somebody reads: nothing is dropped, nobody waits, no error. */
    CU_ASSERT_EQUAL_FATAL(db_begin(other), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(other, "SELECT COUNT(*) FROM events"), 3);
    CU_ASSERT_EQUAL(partitions_drop(db, now_us, 30, 200), DB_OK);
    CU_ASSERT_EQUAL(count_partitions(db, "events", "p2%"),
                    2 * (PARTITIONS_DAYS_AHEAD + 1) + 1);
    db_rollback(other);

    CU_ASSERT_EQUAL(partitions_drop(db, now_us, 30, 200), DB_OK);
    CU_ASSERT_EQUAL(count_partitions(db, "events", "p2%"),
                    PARTITIONS_DAYS_AHEAD + 2);
    CU_ASSERT_EQUAL(count_partitions(db, "deliveries", "p2%"),
                    2 * (PARTITIONS_DAYS_AHEAD + 1) + 1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM events"), 1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT MIN(id) FROM events"), new_id);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM events_kept"), 1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT MIN(id) FROM events_kept"), old_id);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT payload = '{}' FROM events_kept"),
                    1);

    /* Kept until its last job is done. */
    CU_ASSERT_EQUAL(retention_sweep(db), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM events_kept"), 1);
    testdb_exec(db, "DELETE FROM jobs WHERE id IN (1, 2)");
    CU_ASSERT_EQUAL(retention_sweep(db), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM events_kept"), 0);
    db_free(other);
    db_free(db);
}

static void
test_dedupe_slots(void)
{
    const int64_t minute_us = 60 * CLOCK_US_PER_S;
    static const struct {
        const char *claim;
        int64_t day, minute;
        size_t count;
        unsigned first, second, yesterday;
    } rows[] = {
        {"noon of a day 0", 30, 720, 1, 0, 0, 2},
        {"noon of a day 1", 31, 720, 1, 1, 0, 0},
        {"noon of a day 2", 32, 720, 1, 2, 0, 1},
        {"a minute before midnight tomorrow counts too", 31, 1439, 2, 1, 2, 0},
        {"slots are written in ascending order", 32, 1439, 2, 0, 2, 1},
        {"two minutes before midnight not yet", 32, 1438, 1, 2, 0, 1},
        {"after midnight no longer", 33, 0, 1, 0, 0, 2},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct dedupe_slots got =
            dedupe_slots_at(rows[i].day * DAY + rows[i].minute * minute_us);
        bool ok = got.write_count == rows[i].count &&
                  got.write[0] == rows[i].first &&
                  (got.write_count == 1 || got.write[1] == rows[i].second) &&
                  got.yesterday == rows[i].yesterday;

        if (!ok)
            fprintf(stderr, "\n%s: got %zu slots, %u, %u, yesterday %u\n",
                    rows[i].claim, got.write_count, got.write[0], got.write[1],
                    got.yesterday);
        CU_ASSERT(ok);
    }
}

static void
test_dedupe_rotation(void)
{
    const int64_t day = 21000; /* slots: today 0, tomorrow 1, yesterday 2 */
    const int64_t noon_us = day * DAY + DAY / 2;
    struct db *db = db_new(&testdb_settings);

    testdb_exec(db, "INSERT INTO dedupe (slot, hash, event_id) VALUES "
                    "(0, 'a', 1), (1, 'a', 2), (2, 'a', 3)");
    /* Not close to midnight. */
    CU_ASSERT_EQUAL(dedupe_rotate(db, day * DAY + CLOCK_US_PER_S), DB_OK);
    CU_ASSERT_EQUAL(dedupe_rotate(db, (day + 1) * DAY - CLOCK_US_PER_S), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM dedupe"), 3);

    CU_ASSERT_EQUAL(dedupe_rotate(db, noon_us), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM dedupe"), 2);
    CU_ASSERT_EQUAL(
        testdb_u64(db, "SELECT COUNT(*) FROM dedupe WHERE slot = 1"), 0);

    /* Once a day only: what is in there since belongs to tomorrow. */
    testdb_exec(db, "INSERT INTO dedupe (slot, hash, event_id) "
                    "VALUES (1, 'b', 4)");
    CU_ASSERT_EQUAL(dedupe_rotate(db, noon_us + CLOCK_US_PER_S), DB_OK);
    CU_ASSERT_EQUAL(
        testdb_u64(db, "SELECT COUNT(*) FROM dedupe WHERE slot = 1"), 1);

    CU_ASSERT_EQUAL(dedupe_rotate(db, noon_us + DAY), DB_OK);
    CU_ASSERT_EQUAL(
        testdb_u64(db, "SELECT COUNT(*) FROM dedupe WHERE slot = 2"), 0);
    testdb_exec(db, "DELETE FROM dedupe");
    testdb_exec(db, "DELETE FROM housekeeping");
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

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a file is cut into statements", test_statements},
        {"migrations are applied once", test_migrate},
        {"wrong schemas are refused", test_wrong_schemas_are_refused},
        {"two migrations do not run at once", test_migrate_is_locked},
        {"days are made and dropped", test_partitions},
        {"keys have slots by day", test_dedupe_slots},
        {"tomorrow's slot is emptied once", test_dedupe_rotation},
        {"the sweep", test_sweep},
        CU_TEST_INFO_NULL,
    };
    int rc;

    if (!testdb_start())
        return EXIT_FAILURE;
    rc = unit_run("schema", tests);
    testdb_stop();
    return rc;
}
