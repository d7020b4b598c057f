/*
 * test_schema.c - unit tests for core/db/schema.c
 */
#include "testdb.h"
#include "unit.h"

#include "id.h"
#include "partitions.h"

#include <pthread.h>
#include <string.h>

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

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a file is cut into statements", test_statements},
        {"migrations are applied once", test_migrate},
        {"wrong schemas are refused", test_wrong_schemas_are_refused},
        {"two migrations do not run at once", test_migrate_is_locked},
        CU_TEST_INFO_NULL,
    };
    int rc;

    if (!testdb_start())
        return EXIT_FAILURE;
    rc = unit_run("schema", tests);
    testdb_stop();
    return rc;
}
