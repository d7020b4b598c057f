/*
 * test_store_outbox.c - unit tests for core/store/store_outbox.c
 */
#include "testdb.h"
#include "unit.h"

#include "store_outbox.h"

static struct db *db, *other;
static struct outbox_list list;
static struct outbox_row rows[STORE_OUTBOX_MAX];

static void
fill(const char *select)
{
    char sql[512];

    testdb_exec(db, "DELETE FROM outbox");
    snprintf(sql, sizeof(sql),
             "INSERT INTO outbox (id, event_type, payload) %s", select);
    testdb_exec(db, sql);
}

static void
test_rows_come_in_pieces(void)
{
    fill("SELECT seq, 'a.b', REPEAT('x', 1000) FROM seq_1_to_5000");
    testdb_exec(db, "FLUSH STATUS");
    CU_ASSERT_EQUAL_FATAL(store_outbox_list(db, 1000, &list), DB_OK);
    CU_ASSERT(testdb_u64(db, "SELECT SUM(VARIABLE_VALUE) FROM "
                             "information_schema.SESSION_STATUS WHERE "
                             "VARIABLE_NAME LIKE 'Handler_read%'") < 600);
    CU_ASSERT_EQUAL(list.count, STORE_OUTBOX_MAX);
    CU_ASSERT_EQUAL(list.ids[0], 1001);
    CU_ASSERT_TRUE(list.more);

    /* What does not fit into memory is left for later, but for one. */
    CU_ASSERT_EQUAL_FATAL(store_outbox_fit(db, 10500, &list), DB_OK);
    CU_ASSERT_EQUAL(list.count, 10);
    CU_ASSERT_TRUE(list.more);
    CU_ASSERT_EQUAL_FATAL(store_outbox_fit(db, 1, &list), DB_OK);
    CU_ASSERT_EQUAL(list.count, 1);

    CU_ASSERT_EQUAL_FATAL(store_outbox_list(db, 4990, &list), DB_OK);
    CU_ASSERT_EQUAL_FATAL(store_outbox_fit(db, 1000000, &list), DB_OK);
    CU_ASSERT_EQUAL(list.count, 10);
    CU_ASSERT_FALSE(list.more);
    CU_ASSERT_EQUAL_FATAL(store_outbox_list(db, 5000, &list), DB_OK);
    CU_ASSERT_EQUAL(list.count, 0);
    CU_ASSERT_FALSE(list.more);
}

static void
test_a_row_is_read_up_to_its_limit(void)
{
    const uint64_t ids[] = {1, 2, 3};
    struct db_rows *found = NULL;
    size_t count = 0;

    fill("VALUES (1, 'a.b', REPEAT('x', 1000)), (2, 'a.b', "
         "REPEAT('x', 1001))");
    testdb_exec(db, "UPDATE outbox SET metadata = '{}' WHERE id = 2");
    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    CU_ASSERT_EQUAL_FATAL(
        store_outbox_read(db, ids, 3, 1000, rows, &count, &found), DB_OK);
    CU_ASSERT_EQUAL_FATAL(count, 2);
    CU_ASSERT_EQUAL(rows[0].id, 1);
    CU_ASSERT_EQUAL(rows[0].payload.len, 1000);
    CU_ASSERT_EQUAL(rows[0].application_id, 1);
    CU_ASSERT_EQUAL(rows[1].bytes, 1003);
    CU_ASSERT(rows[1].payload.len < 1000);
    CU_ASSERT_PTR_NULL(rows[1].metadata.ptr);
    db_rollback(db);
    db_rows_free(found);
}

/* Whoever was quicker has them: then nothing of the batch may be written. */
static void
test_what_is_moved_has_to_be_there(void)
{
    size_t count = 2;

    fill("VALUES (1, 'a.b', '{}'), (2, 'a.b', '{}')");
    rows[0].id = 1;
    rows[1].id = 2;
    testdb_exec(other, "DELETE FROM outbox WHERE id = 2");
    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    CU_ASSERT_EQUAL(store_outbox_delete(db, rows, count), DB_AGAIN);
    db_rollback(db);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM outbox"), 1);
}

/* A row that somebody changes is left alone, and the others are not. */
static void
test_what_is_locked_is_left(void)
{
    const uint64_t ids[] = {1, 2, 3};
    struct db_rows *found = NULL;
    size_t count = 0;

    fill("VALUES (1, 'a.b', '{}'), (2, 'a.b', '{}'), (3, 'a.b', '{}')");
    CU_ASSERT_EQUAL_FATAL(db_begin(other), DB_OK);
    testdb_exec(other, "DELETE FROM outbox WHERE id = 2");
    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    CU_ASSERT_EQUAL_FATAL(
        store_outbox_read(db, ids, 3, 1000, rows, &count, &found), DB_OK);
    CU_ASSERT_EQUAL_FATAL(count, 2);
    CU_ASSERT_EQUAL(rows[1].id, 3);
    CU_ASSERT_EQUAL(store_outbox_delete(db, rows, count), DB_OK);
    CU_ASSERT_EQUAL(db_commit(db), DB_OK);
    db_rows_free(found);
    db_rollback(other);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT SUM(id) FROM outbox"), 2);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"rows come in pieces", test_rows_come_in_pieces},
        {"a row is read up to its limit", test_a_row_is_read_up_to_its_limit},
        {"what is moved has to be there", test_what_is_moved_has_to_be_there},
        {"what is locked is left", test_what_is_locked_is_left},
        CU_TEST_INFO_NULL,
    };
    int rc = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    db = db_new(&testdb_settings);
    other = db_new(&testdb_settings);
    if (testdb_migrate())
        rc = unit_run("store_outbox", tests);
    db_free(other);
    db_free(db);
    testdb_stop();
    return rc;
}
