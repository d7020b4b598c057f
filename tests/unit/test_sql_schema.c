/*
 * test_sql_schema.c - what the tables must and must not have.
 */
#include "testdb.h"
#include "unit.h"

#include <string.h>

static struct db *db;

/* The first cells of all rows, with commas between them. */
static void
check_list(const char *claim, const char *sql, const char *want)
{
    struct buf got = BUF_INIT(65536);
    struct db_rows *rows = NULL;
    const struct slice *row;

    CU_ASSERT_EQUAL_FATAL(db_query(db, slice_of(sql), &rows), DB_OK);
    while ((row = db_rows_next(rows)) != NULL) {
        if (got.len > 0)
            buf_add_char(&got, ',');
        buf_add_slice(&got, row[0]);
    }
    db_rows_free(rows);
    if (strcmp(buf_slice(&got).ptr, want) != 0)
        fprintf(stderr, "\n%s: got \"%s\", want \"%s\"\n", claim,
                buf_slice(&got).ptr, want);
    CU_ASSERT_STRING_EQUAL(buf_slice(&got).ptr, want);
    buf_free(&got);
}

static void
test_tables(void)
{
    static const struct {
        const char *claim, *sql, *want;
    } rows[] = {
        {"every table is InnoDB and has a primary key: a cluster replicates by "
         "it",
         "SELECT t.TABLE_NAME FROM information_schema.TABLES t "
         "WHERE t.TABLE_SCHEMA = DATABASE() AND t.TABLE_TYPE = 'BASE TABLE' "
         "AND (t.ENGINE <> 'InnoDB' OR NOT EXISTS (SELECT 1 FROM "
         "information_schema.STATISTICS s WHERE s.TABLE_SCHEMA = "
         "t.TABLE_SCHEMA AND s.TABLE_NAME = t.TABLE_NAME AND "
         "s.INDEX_NAME = 'PRIMARY'))",
         ""},
        {"no foreign keys: they lock gaps, and partitions cannot have them",
         "SELECT TABLE_NAME FROM information_schema.REFERENTIAL_CONSTRAINTS "
         "WHERE CONSTRAINT_SCHEMA = DATABASE()",
         ""},
        {"full text is indexed beside the tables that are written to at once",
         "SELECT DISTINCT TABLE_NAME FROM information_schema.STATISTICS "
         "WHERE TABLE_SCHEMA = DATABASE() AND INDEX_TYPE = 'FULLTEXT'",
         "record_search"},
        {"jobs have one index beside the primary key: each costs every event "
         "twice",
         "SELECT DISTINCT INDEX_NAME FROM information_schema.STATISTICS "
         "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'jobs' "
         "ORDER BY INDEX_NAME = 'due'",
         "PRIMARY,due"},
        {"jobs are narrow: no texts or blobs",
         "SELECT COLUMN_NAME FROM information_schema.COLUMNS "
         "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = 'jobs' "
         "AND DATA_TYPE NOT IN ('bigint', 'smallint', 'tinyint', 'timestamp')",
         ""},
        {"payloads are bytes: a JSON column would parse each of them again",
         "SELECT CONCAT(TABLE_NAME, '.', COLUMN_NAME) FROM "
         "information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE() AND "
         "COLUMN_NAME = 'payload' AND DATA_TYPE <> 'longblob'",
         ""},
        {"no checks of JSON",
         "SELECT TABLE_NAME FROM information_schema.CHECK_CONSTRAINTS "
         "WHERE CONSTRAINT_SCHEMA = DATABASE()",
         ""},
        {"nothing runs in the database by itself",
         "SELECT TRIGGER_NAME FROM information_schema.TRIGGERS WHERE "
         "TRIGGER_SCHEMA = DATABASE() UNION ALL SELECT ROUTINE_NAME FROM "
         "information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE() "
         "UNION ALL SELECT EVENT_NAME FROM information_schema.EVENTS WHERE "
         "EVENT_SCHEMA = DATABASE()",
         ""},
        {"history goes by dropping days, keys by emptying slots",
         "SELECT TABLE_NAME FROM information_schema.PARTITIONS WHERE "
         "TABLE_SCHEMA = DATABASE() AND PARTITION_NAME IS NOT NULL "
         "GROUP BY TABLE_NAME ORDER BY TABLE_NAME",
         "attempts,dedupe,deliveries,events,rejections"},
        {"the last partition of days is empty",
         "SELECT 1 FROM events PARTITION (pmax) UNION ALL "
         "SELECT 1 FROM deliveries PARTITION (pmax) UNION ALL "
         "SELECT 1 FROM attempts PARTITION (pmax) UNION ALL "
         "SELECT 1 FROM rejections PARTITION (pmax)",
         ""},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_list(rows[i].claim, rows[i].sql, rows[i].want);
}

/* What senders and users name: 'A' is not 'a', and 'a ' is not 'a'. */
static void
test_names_are_compared_as_bytes(void)
{
    static const char *const columns[] = {
        "'applications', 'name'",
        "'event_types', 'name'",
        "'subscription_patterns', 'pattern'",
        "'events', 'type'",
        "'events', 'external_id'",
        "'events', 'ordering_key'",
        "'events_kept', 'type'",
        "'events_kept', 'external_id'",
        "'events_kept', 'ordering_key'",
        "'deliveries', 'event_type'",
        "'records', 'table_name'",
        "'records', 'record_id'",
        "'rollup_types', 'event_type'",
        "'outbox', 'application'",
        "'outbox', 'event_type'",
        "'outbox', 'external_id'",
        "'outbox', 'ordering_key'",
    };
    size_t i;

    for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        char sql[512];

        snprintf(sql, sizeof(sql),
                 "SELECT COLLATION_NAME FROM information_schema.COLUMNS "
                 "WHERE TABLE_SCHEMA = DATABASE() AND "
                 "(TABLE_NAME, COLUMN_NAME) = (%s)",
                 columns[i]);
        check_list(columns[i], sql, "utf8mb4_nopad_bin");
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"tables", test_tables},
        {"names are compared as bytes", test_names_are_compared_as_bytes},
        CU_TEST_INFO_NULL,
    };
    int rc = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    db = db_new(&testdb_settings);
    if (testdb_migrate())
        rc = unit_run("sql_schema", tests);
    db_free(db);
    testdb_stop();
    return rc;
}
