/*
 * test_store_record.c - tests for core/store/records/store_record.c against a real
 * database.
 */
#include "store_record.h"

#include "clock.h"
#include "testdb.h"
#include "unit.h"

#include <string.h>

static struct db *db;
static struct mirror *mirror;

static struct record_change
change(const char *id, int64_t version_us, uint64_t event_id, const char *data)
{
    return (struct record_change){
        .source_id = 1,
        .table = SLICE("users"),
        .record_id = slice_of(id),
        .version_us = version_us,
        .event_id = event_id,
        .deleted = data == NULL,
        .data = slice_of(data),
    };
}

static void
apply(struct record_change *changes, size_t count)
{
    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    CU_ASSERT_EQUAL_FATAL(
        store_record_apply(mirror, db, changes, count, db_now_us(db)), DB_OK);
    CU_ASSERT_EQUAL_FATAL(db_commit(db), DB_OK);
}

static void
apply_one(const char *id, int64_t version_us, uint64_t event_id,
          const char *data)
{
    struct record_change one = change(id, version_us, event_id, data);

    apply(&one, 1);
}

/* A cell of the one row of `records` with that id. */
static void
expect_cell(const char *claim, const char *id, const char *column,
            const char *want)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    char sql[256];

    snprintf(sql, sizeof(sql), "SELECT %s FROM records WHERE record_id = '%s'",
             column, id);
    CU_ASSERT_EQUAL_FATAL(db_query_row(db, slice_of(sql), &rows, &row), DB_OK);
    if (want == NULL ? row[0].ptr != NULL : !slice_is(row[0], want))
        fprintf(stderr, "\n%s: %s is %.*s\n", claim, column, (int)row[0].len,
                row[0].ptr == NULL ? "" : row[0].ptr);
    CU_ASSERT(want == NULL ? row[0].ptr == NULL : slice_is(row[0], want));
    db_rows_free(rows);
}

static bool
is_text(struct slice got, const char *want)
{
    return want == NULL ? got.ptr == NULL : slice_is(got, want);
}

static void
clean(void)
{
    testdb_exec(db, "DELETE FROM records");
}

static void
test_newer_state_wins(void)
{
    struct record_change one;

    clean();
    apply_one("a", 100, 1, "{\"v\":1}");
    one = change("a", 90, 9, "{\"v\":0}");
    apply(&one, 1);
    CU_ASSERT_TRUE(one.stale);
    CU_ASSERT(is_text(one.old, NULL));
    expect_cell("older", "a", "data", "{\"v\":1}");
    expect_cell("older", "a", "revision", "1");
    one = change("a", 100, 1, "{\"v\":9}");
    apply(&one, 1);
    CU_ASSERT_TRUE(one.stale); /* the same event once more */
    one = change("a", 100, 2, "{\"v\":2}");
    apply(&one, 1);
    CU_ASSERT_FALSE(one.stale);
    CU_ASSERT(is_text(one.old, "{\"v\":1}"));
    expect_cell("same time, later event", "a", "data", "{\"v\":2}");
    expect_cell("same time, later event", "a", "revision", "2");
    expect_cell("same time, later event", "a", "event_id", "2");
}

static void
test_deleted_stays_deleted(void)
{
    struct record_change one;

    clean();
    apply_one("a", 100, 1, "{\"v\":1}");
    one = change("a", 200, 2, NULL);
    apply(&one, 1);
    CU_ASSERT(is_text(one.old, "{\"v\":1}"));
    expect_cell("deleted", "a", "deleted", "1");
    expect_cell("deleted", "a", "data", NULL);
    expect_cell("deleted", "a", "fields", NULL);
    one = change("a", 150, 3, "{\"v\":2}");
    apply(&one, 1);
    CU_ASSERT_TRUE(one.stale);
    expect_cell("a late update", "a", "deleted", "1");
    one = change("a", 300, 4, "{\"v\":3}");
    apply(&one, 1);
    CU_ASSERT_FALSE(one.stale);
    CU_ASSERT(is_text(one.old, NULL));
    expect_cell("made anew", "a", "deleted", "0");
    expect_cell("made anew", "a", "revision", "3");
}

static void
test_several_changes_of_one_record(void)
{
    struct record_change changes[] = {
        change("a", 300, 3, "{\"v\":3}"), change("b", 100, 9, "{\"w\":1}"),
        change("a", 100, 1, "{\"v\":1}"), change("a", 200, 2, "{\"v\":2}"),
        change("a", 50, 8, "{\"v\":0}"),
    };
    int args[5];
    size_t i;

    clean();
    apply_one("a", 60, 0, "{\"v\":-1}");
    for (i = 0; i < 5; i++)
        changes[i].arg = &args[i];
    apply(changes, 5);
    /* Sorted: a at 50, 100, 200, 300, then b; each knows whose it is. */
    CU_ASSERT_PTR_EQUAL(changes[0].arg, &args[4]);
    CU_ASSERT_PTR_EQUAL(changes[3].arg, &args[0]);
    CU_ASSERT_TRUE(changes[0].stale);
    CU_ASSERT(is_text(changes[1].old, "{\"v\":-1}"));
    CU_ASSERT(is_text(changes[2].old, "{\"v\":1}"));
    CU_ASSERT(is_text(changes[3].old, "{\"v\":2}"));
    CU_ASSERT(is_text(changes[4].old, NULL));
    expect_cell("the last one is written", "a", "data", "{\"v\":3}");
    expect_cell("the last one is written", "a", "revision", "2");
    expect_cell("of another record", "b", "data", "{\"w\":1}");
}

static void
test_fields_tell_what_changed(void)
{
    struct record_change changes[] = {
        change("a", INT64_C(1767279600000000), 1,
               "{\"id\":1,\"s\":\"x\",\"p\":1}"),
        change("a", INT64_C(1767279660000000), 2,
               "{\"id\":1,\"s\":\"y\",\"p\":1}"),
    };
    struct record_change one;

    clean();
    changes[1].verified = RECORD_VERIFIED;
    apply(changes, 2);
    expect_cell("two in one batch", "a", "JSON_VALUE(fields,'$.id.changed_at')",
                "2026-01-01T15:00:00Z");
    expect_cell("two in one batch", "a", "JSON_VALUE(fields,'$.s.changed_at')",
                "2026-01-01T15:01:00Z");
    expect_cell("two in one batch", "a", "JSON_VALUE(fields,'$.id.status')",
                "applied");
    one = change("a", INT64_C(1767279720000000), 3,
                 "{\"id\":1,\"s\":\"y\",\"p\":2}");
    apply(&one, 1);
    expect_cell("the next", "a", "JSON_VALUE(fields,'$.s.changed_at')",
                "2026-01-01T15:01:00Z");
    expect_cell("the next", "a", "JSON_VALUE(fields,'$.p.changed_at')",
                "2026-01-01T15:02:00Z");
    expect_cell("the next", "a", "JSON_VALUE(fields,'$.p.status')",
                "unverified");
    expect_cell("the next", "a", "verified", "no");
}

static void
test_verified_is_written(void)
{
    struct record_change one = change("a", 1, 1, "{}");

    clean();
    one.verified = RECORD_DIFFERS;
    apply(&one, 1);
    expect_cell("differs", "a", "verified", "differs");
    one = change("a", 2, 2, "{}");
    one.verified = RECORD_VERIFIED;
    apply(&one, 1);
    expect_cell("agrees", "a", "verified", "yes");
}

static void
test_marks_grow_with_every_change(void)
{
    uint64_t first, second;

    clean();
    apply_one("a", 1, 1, "{}");
    first = testdb_u64(db, "SELECT dirty FROM records");
    CU_ASSERT(first > 1000000);
    testdb_exec(db, "UPDATE records SET dirty = dirty + 3600000000");
    apply_one("a", 2, 2, "{}");
    second = testdb_u64(db, "SELECT dirty FROM records");
    CU_ASSERT_EQUAL(second, first + UINT64_C(3600000001)); /* clocks step */
    testdb_exec(db, "UPDATE records SET dirty = NULL");
    apply_one("a", 1, 1, "{}");
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(dirty) FROM records"), 0);
    apply_one("a", 3, 3, NULL);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(dirty) FROM records"), 1);
}

static void
test_doubt_lasts_until_the_next_change(void)
{
    struct record_change doubts[] = {
        change("b", 0, 0, NULL), change("a", 0, 0, NULL),
        change("nobody", 0, 0, NULL), change("gone", 0, 0, NULL),
        change("a", 0, 0, NULL)};

    clean();
    apply_one("a", 1, 1, "{}");
    apply_one("b", 1, 1, "{}");
    apply_one("c", 1, 1, "{}");
    apply_one("gone", 1, 1, NULL);
    CU_ASSERT_EQUAL(store_record_doubt(db, doubts, 5), DB_OK);
    expect_cell("doubted", "a", "stale", "1");
    expect_cell("doubted", "b", "stale", "1");
    expect_cell("another", "c", "stale", "0");
    expect_cell("deleted", "gone", "stale", "0");
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM records"), 4);
    apply_one("a", 0, 0, "{}");
    expect_cell("an old state tells nothing", "a", "stale", "1");
    apply_one("a", 2, 2, "{}");
    expect_cell("a new one does", "a", "stale", "0");
    CU_ASSERT_EQUAL(store_record_doubt(db, doubts, 0), DB_OK);
}

static void
test_large_records_have_no_past(void)
{
    struct buf data = BUF_INIT(RECORD_OLD_MAX + 1024);
    struct record_change one;

    clean();
    buf_add_text(&data, "{\"a\":\"");
    while (data.len <= RECORD_OLD_MAX)
        buf_add_text(&data, "0123456789");
    buf_add_text(&data, "\"}");
    apply_one("big", 1, 1, data.data);
    one = change("big", 2, 2, "{\"a\":1}");
    apply(&one, 1);
    CU_ASSERT_FALSE(one.stale);
    CU_ASSERT(is_text(one.old, NULL));
    expect_cell("written all the same", "big", "data", "{\"a\":1}");
    buf_free(&data);
}

static void
test_keys_are_compared_as_bytes(void)
{
    struct record_change changes[] = {
        change("a", 1, 1, "{\"v\":1}"), change("A", 1, 2, "{\"v\":2}"),
        change("a ", 1, 3, "{\"v\":3}"), change("\xc3\xa4", 1, 4, "{\"v\":4}"),
        change("it's \\", 1, 5, "{\"v\":5}")};
    size_t i;

    clean();
    apply(changes, 5);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM records"), 5);
    apply(changes, 5);
    for (i = 0; i < 5; i++)
        CU_ASSERT_TRUE(changes[i].stale);
}

static void
test_many_in_one_go(void)
{
    static struct record_change changes[1000];
    static char ids[1000][16];
    uint64_t before;
    size_t i;

    clean();
    for (i = 0; i < 1000; i++) {
        snprintf(ids[i], sizeof(ids[i]), "r%zu", i * 7 % 1000);
        changes[i] = change(ids[i], (int64_t)i, i, "{\"v\":1}");
    }
    apply(changes, 1000);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM records"), 1000);
    before = db_statements(db);
    for (i = 0; i < 1000; i++)
        changes[i].version_us += 5000;
    apply(changes, 1000);
    /* BEGIN, SELECT, INSERT, COMMIT: not one for each record */
    CU_ASSERT(db_statements(db) - before <= 5);
    for (i = 0; i < 1000; i++)
        CU_ASSERT(is_text(changes[i].old, "{\"v\":1}"));
    apply(changes, 0);
}

static void
test_a_deleted_source_leaves_nothing(void)
{
    bool more = false;

    clean();
    testdb_exec(db, "DELETE FROM sources");
    testdb_exec(db, "INSERT INTO sources (id,application_id,name,provider,"
                    "config_version,deleted_at) VALUES"
                    " (1,1,'gone','hmac',1,UTC_TIMESTAMP(6)),"
                    "(2,1,'here','hmac',1,NULL)");
    testdb_exec(db, "INSERT INTO records (source_id,table_name,record_id,"
                    "version_us,event_id,data) SELECT 1+seq%2,'t',seq,1,1,'{}'"
                    " FROM seq_1_to_3000");
    testdb_exec(db, "INSERT INTO record_search SELECT source_id,table_name,"
                    "record_id,'word' FROM records");
    testdb_exec(db, "INSERT INTO record_tables (source_id,table_name)"
                    " VALUES (1,'t'),(2,'t')");
    CU_ASSERT_EQUAL(store_record_forget(db, &more), DB_OK);
    CU_ASSERT_TRUE(more);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM records"), 2000);
    CU_ASSERT_EQUAL(store_record_forget(db, &more), DB_OK);
    CU_ASSERT_TRUE(more);
    CU_ASSERT_EQUAL(store_record_forget(db, &more), DB_OK);
    CU_ASSERT_FALSE(more);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT SUM(source_id=2)*10000+COUNT(*)"
                                   " FROM records"),
                    15001500);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM record_search"), 1500);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM record_tables"), 1);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"the newer state wins", test_newer_state_wins},
        {"deleted stays deleted", test_deleted_stays_deleted},
        {"several changes of one record", test_several_changes_of_one_record},
        {"fields tell what changed", test_fields_tell_what_changed},
        {"verified is written", test_verified_is_written},
        {"marks grow with every change", test_marks_grow_with_every_change},
        {"doubt lasts until the next change",
         test_doubt_lasts_until_the_next_change},
        {"large records have no past", test_large_records_have_no_past},
        {"keys are compared as bytes", test_keys_are_compared_as_bytes},
        {"many in one go", test_many_in_one_go},
        {"a deleted source leaves nothing",
         test_a_deleted_source_leaves_nothing},
        CU_TEST_INFO_NULL,
    };
    int code = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate()) {
        db = db_new(&testdb_settings);
        mirror = mirror_new();
        code = unit_run("store_record", tests);
        mirror_free(mirror);
        db_free(db);
    }
    testdb_stop();
    return code;
}
