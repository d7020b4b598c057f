/*
 * test_script.c - unit tests for core/db/script.c and insert.c: many rows, few
 * packets, none larger than the server takes.
 */
#include "testdb.h"
#include "unit.h"

#include "insert.h"
#include "script.h"
#include "sql.h"

#include <string.h>

static struct db *db;

static void
start_anew(void)
{
    testdb_exec(db, "CREATE OR REPLACE TABLE t (id INT PRIMARY KEY, "
                    "b LONGBLOB)");
}

/* A value of that many bytes; the caller frees it. */
static struct slice
bytes_of(size_t len, char c)
{
    char *text = malloc(len);

    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    memset(text, c, len);
    return slice_make(text, len);
}

static void
add_row(struct script *script, unsigned id, struct slice value)
{
    struct buf *sql =
        script_row(script, "INSERT INTO t VALUES ", "", value.len);

    sql_raw(sql, "(");
    sql_u64(sql, id);
    sql_raw(sql, ",");
    sql_bytes(sql, value);
    sql_raw(sql, ")");
}

/* Three rows that are more than one packet holds. */
static void
test_rows_are_spread_over_packets(void)
{
    struct slice value = bytes_of(db_max_packet(db) * 2 / 5, 'x');
    struct script script = SCRIPT_INIT;
    unsigned i;

    start_anew();
    script_begin(&script, db);
    for (i = 0; i < 3; i++)
        add_row(&script, i, value);
    CU_ASSERT_EQUAL(script_commit(&script), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT SUM(LENGTH(b)) FROM t"),
                    3 * value.len);
    script_free(&script);
    slice_free(&value);
}

/* Small rows share statements, and statements packets. */
static void
test_small_rows_share_a_packet(void)
{
    struct script script = SCRIPT_INIT;
    uint64_t before;
    unsigned i;

    start_anew();
    testdb_exec(db, "FLUSH STATUS");
    before = db_statements(db);
    script_begin(&script, db);
    for (i = 0; i < 1000; i++)
        add_row(&script, i, SLICE("abc"));
    CU_ASSERT_EQUAL(script_commit(&script), DB_OK);
    CU_ASSERT(db_statements(db) - before <= 4); /* BEGIN, INSERT, COMMIT */
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM t"), 1000);
    script_free(&script);
}

/* A row that needs a larger packet than there is: nothing is left of it. */
static void
test_a_row_too_large_is_refused(void)
{
    struct slice value = bytes_of(db_max_packet(db) * 2 / 3, '\'');
    struct script script = SCRIPT_INIT;

    start_anew();
    /* Writing so much takes long under TSan or valgrind. */
    testdb_exec(db, "SET SESSION idle_transaction_timeout = 600");
    script_begin(&script, db);
    add_row(&script, 1, SLICE("small"));
    add_row(&script, 2, value);
    CU_ASSERT_EQUAL(script_commit(&script), DB_BROKEN);
    CU_ASSERT_TRUE(db_connected(db));
    CU_ASSERT_TRUE(db_error_is_of_value(db));
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM t"), 0);
    script_free(&script);
    slice_free(&value);
}

/* In a transaction of the caller's. */
static void
test_a_script_may_join_a_transaction(void)
{
    struct script script = SCRIPT_INIT;
    int commits;

    for (commits = 0; commits < 2; commits++) {
        start_anew();
        CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
        testdb_exec(db, "INSERT INTO t VALUES (1, 'mine')");
        script_join(&script, db);
        add_row(&script, 2, SLICE("its"));
        CU_ASSERT_EQUAL(script_end(&script), DB_OK);
        if (commits == 1)
            CU_ASSERT_EQUAL(db_commit(db), DB_OK);
        db_rollback(db);
        CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM t"),
                        commits == 1 ? 2 : 0);
    }

    /* What fails is reported; the transaction is still the caller's. */
    start_anew();
    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    script_join(&script, db);
    add_row(&script, 1, SLICE("a"));
    add_row(&script, 1, SLICE("b"));
    CU_ASSERT_EQUAL(script_end(&script), DB_DUPLICATE);
    testdb_exec(db, "INSERT INTO t VALUES (9, 'mine')");
    CU_ASSERT_EQUAL(db_commit(db), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT SUM(id) FROM t"), 9);
    script_free(&script);
}

static void
test_an_insert_is_sent_in_pieces(void)
{
    struct slice value = bytes_of(db_max_packet(db) * 2 / 5, 'x');
    struct insert insert;
    unsigned i;

    start_anew();
    insert_begin(&insert, db, "INSERT INTO t VALUES ", "");
    for (i = 0; i < 3; i++) {
        insert_row(&insert, value.len);
        sql_u64(&insert.sql, i);
        sql_raw(&insert.sql, ",");
        sql_bytes(&insert.sql, value);
        insert_row_end(&insert);
    }
    CU_ASSERT_EQUAL(insert_finish(&insert), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM t"), 3);
    slice_free(&value);

    /* Escaped, a row is larger than any packet: it is not even sent. */
    value = bytes_of(db_max_packet(db) * 2 / 3, '\'');
    insert_begin(&insert, db, "INSERT INTO t VALUES ", "");
    insert_row(&insert, value.len);
    sql_raw(&insert.sql, "9,");
    sql_bytes(&insert.sql, value);
    insert_row_end(&insert);
    CU_ASSERT_EQUAL(insert_finish(&insert), DB_BROKEN);
    CU_ASSERT_TRUE(db_connected(db));
    slice_free(&value);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"rows are spread over packets", test_rows_are_spread_over_packets},
        {"small rows share a packet", test_small_rows_share_a_packet},
        {"a row too large is refused", test_a_row_too_large_is_refused},
        {"a script may join a transaction",
         test_a_script_may_join_a_transaction},
        {"an insert is sent in pieces", test_an_insert_is_sent_in_pieces},
        CU_TEST_INFO_NULL,
    };
    int rc = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    db = db_new(&testdb_settings);
    if (db_connect(db) == DB_OK)
        rc = unit_run("script", tests);
    db_free(db);
    testdb_stop();
    return rc;
}
