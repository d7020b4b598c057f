/*
 * test_store_record_index.c - tests for core/store/records/store_record_index.c, _search,
 * _list and _file against a real database.
 */
#include "store_record_index.h"

#include "clock.h"
#include "record_text.h"
#include "store_record.h"
#include "store_record_file.h"
#include "store_record_list.h"
#include "testdb.h"
#include "unit.h"

#include <string.h>

static struct db *db;
static struct mirror *mirror;
static int64_t version;

static void
clean(void)
{
    static const char *const tables[] = {"records", "record_search",
                                         "record_tables"};
    char sql[64];
    size_t i;

    for (i = 0; i < 3; i++) {
        snprintf(sql, sizeof(sql), "DELETE FROM %s", tables[i]);
        testdb_exec(db, sql);
    }
    testdb_exec(db, "INSERT IGNORE INTO applications (id,name) VALUES (2,'b')");
    testdb_exec(db, "DELETE FROM sources");
    testdb_exec(db, "INSERT INTO sources (id,application_id,name,provider,"
                    "config_version) VALUES (1,1,'crm','hmac',1),"
                    "(2,2,'shop','hmac',1)");
}

/* data NULL: deleted */
static void
put(uint32_t source_id, const char *table, const char *id, const char *data)
{
    struct record_change change = {
        .source_id = source_id,
        .table = slice_of(table),
        .record_id = slice_of(id),
        .version_us = ++version,
        .event_id = 1,
        .deleted = data == NULL,
        .data = slice_of(data),
    };

    CU_ASSERT_EQUAL_FATAL(
        store_record_apply(mirror, db, &change, 1, db_now_us(db)), DB_OK);
}

static struct record_indexed
carry(uint64_t after)
{
    struct record_indexed done = {.count = 0};

    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    CU_ASSERT_EQUAL_FATAL(store_record_index(db, after, &done), DB_OK);
    CU_ASSERT_EQUAL_FATAL(db_commit(db), DB_OK);
    return done;
}

/* "source/table/id ..." of what is found. */
static void
expect_found(const char *claim, uint32_t application_id, const char *words,
             const char *source, const char *table, const char *want)
{
    struct buf query = BUF_INIT(4096), got = BUF_INIT(4096);
    struct record_search search = {
        .application_id = application_id,
        .source = slice_of(source),
        .table = slice_of(table),
        .limit = 50,
    };
    struct record_list found = {NULL, 0};
    size_t i;

    CU_ASSERT_TRUE_FATAL(record_text_query(slice_of(words), &query));
    search.query = buf_slice(&query);
    CU_ASSERT_EQUAL(store_record_search(db, &search, &found), DB_OK);
    for (i = 0; i < found.count; i++)
        buf_addf(&got, "%s%s/%s/%s", i == 0 ? "" : " ", found.rows[i].source,
                 found.rows[i].table, found.rows[i].record_id);
    if (!slice_is(buf_slice(&got), want))
        fprintf(stderr, "\n%s: got %s\n", claim, buf_slice(&got).ptr);
    CU_ASSERT(slice_is(buf_slice(&got), want));
    record_list_free(&found);
    buf_free(&query);
    buf_free(&got);
}

static void
test_what_is_carried_is_found(void)
{
    clean();
    put(1, "users", "1", "{\"name\":\"Ann Example\",\"city\":\"K\\u00f6ln\"}");
    put(1, "users", "2", "{\"name\":\"Bob Example\"}");
    put(1, "orders", "3", "{\"text\":\"for Ann\"}");
    put(2, "users", "4", "{\"name\":\"Ann of another\"}");
    CU_ASSERT_EQUAL(carry(0).count, 4);
    CU_ASSERT_EQUAL(carry(0).count, 0);
    expect_found("in one source", 0, "ann", "crm", NULL,
                 "crm/orders/3 crm/users/1");
    expect_found("in one table", 0, "ann", "crm", "users", "crm/users/1");
    expect_found("of one application", 2, "ann", NULL, NULL, "shop/users/4");
    expect_found("another one's source", 2, "ann", "crm", NULL, "");
    expect_found("all words", 0, "example bob", NULL, NULL, "crm/users/2");
    expect_found("a beginning, any case", 0, "EXAM* a*bob", NULL, NULL,
                 "crm/users/2");
    expect_found("letters beyond ASCII", 0, "k\xc3\xb6ln", NULL, NULL,
                 "crm/users/1");
    expect_found("what is not there", 0, "carol", NULL, NULL, "");
    expect_found("quotes do no harm", 0, "ann\" ') bob'", NULL, NULL, "");
}

/* However many: all of them are in memory at once. */
static void
test_what_is_found_is_bounded_in_bytes(void)
{
    const size_t large = RECORD_INDEX_BYTES - 1000;
    const size_t fit = RECORD_FOUND_BYTES / (large + 30);
    const struct record_search search = {.query = SLICE("+\"needle\""),
                                         .limit = 50};
    struct buf data = BUF_INIT(RECORD_INDEX_BYTES);
    struct record_list found = {NULL, 0};
    char id[16];
    size_t i;

    clean();
    buf_add_text(&data, "{\"a\":\"needle\",\"b\":\"");
    while (data.len < large)
        buf_add_char(&data, 'x');
    buf_add_text(&data, "\"}");
    for (i = 0; i < fit + 3; i++) {
        (void)snprintf(id, sizeof(id), "%03zu", i);
        put(1, "large", id, data.data);
    }
    CU_ASSERT_EQUAL(carry(0).count, fit + 3);
    CU_ASSERT_EQUAL_FATAL(store_record_search(db, &search, &found), DB_OK);
    CU_ASSERT_EQUAL(found.count, fit);
    CU_ASSERT_STRING_EQUAL(found.rows[0].record_id, "000");
    record_list_free(&found);
    buf_free(&data);
}

static void
test_changes_and_deletions_are_carried(void)
{
    clean();
    put(1, "users", "1", "{\"name\":\"Dora\"}");
    put(1, "users", "2", "{\"name\":\"Dora\"}");
    (void)carry(0);
    put(1, "users", "1", "{\"name\":\"Emil\"}");
    put(1, "users", "2", NULL);
    expect_found("a deleted record is not shown even before", 0, "dora", NULL,
                 NULL, "crm/users/1");
    (void)carry(0);
    expect_found("its old words", 0, "dora", NULL, NULL, "");
    expect_found("its new words", 0, "emil", NULL, NULL, "crm/users/1");
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM record_search"), 1);
    put(1, "users", "2", "{\"name\":\"Dora again\"}");
    (void)carry(0);
    expect_found("made anew", 0, "dora", NULL, NULL, "crm/users/2");
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(dirty) FROM records"), 0);
}

static void
test_pieces_are_bounded(void)
{
    struct record_indexed done;
    char id[16];
    int i;

    clean();
    for (i = 0; i < RECORD_INDEX_PIECE + 10; i++) {
        snprintf(id, sizeof(id), "%d", i);
        put(1, "users", id, "{\"a\":\"word\"}");
    }
    done = carry(0);
    CU_ASSERT_EQUAL(done.count, RECORD_INDEX_PIECE);
    CU_ASSERT_EQUAL(carry(done.last).count, 10);
    CU_ASSERT_EQUAL(carry(0).count, 0);
}

static void
test_what_changes_meanwhile_stays_marked(void)
{
    struct record_indexed done;

    clean();
    put(1, "users", "1", "{\"name\":\"before\"}");
    /* It was read with one mark, and has another when that is taken away. */
    testdb_exec(db, "CREATE TRIGGER t AFTER INSERT ON record_search FOR EACH "
                    "ROW UPDATE records SET dirty = dirty + 1");
    done = carry(0);
    testdb_exec(db, "DROP TRIGGER t");
    CU_ASSERT_EQUAL(done.count, 1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(dirty) FROM records"), 1);
    CU_ASSERT_EQUAL(carry(0).count, 1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(dirty) FROM records"), 0);
}

static void
test_a_mark_of_before_there_were_marks(void)
{
    clean();
    testdb_exec(db, "INSERT INTO records (source_id,table_name,record_id,"
                    "version_us,event_id,data) VALUES"
                    " (1,'users','old',1,1,'{\"a\":\"ancient\"}')");
    CU_ASSERT_EQUAL(carry(0).count, 1);
    expect_found("old ones", 0, "ancient", NULL, NULL, "crm/users/old");
}

static void
expect_count(const char *claim, const char *source, const char *table,
             uint64_t want)
{
    struct record_tables found;

    CU_ASSERT_EQUAL_FATAL(store_record_tables(db, 0, slice_of(source),
                                              slice_of(table), 10, &found),
                          DB_OK);
    CU_ASSERT_EQUAL_FATAL(found.count, 1);
    if (found.rows[0].records != want)
        fprintf(stderr, "\n%s: got %llu\n", claim,
                (unsigned long long)found.rows[0].records);
    CU_ASSERT_EQUAL(found.rows[0].records, want);
    record_tables_free(&found);
}

static void
test_tables_are_counted(void)
{
    struct record_tables found;

    clean();
    put(1, "users", "1", "{}");
    expect_count("a new table", "crm", "users", 0);
    put(1, "users", "2", "{}");
    put(1, "users", "3", NULL); /* never seen alive */
    put(1, "orders", "1", "{}");
    put(2, "users", "1", "{}");
    (void)carry(0);
    expect_count("inserted", "crm", "users", 2);
    expect_count("another table", "crm", "orders", 1);
    put(1, "users", "1", "{\"a\":1}");
    put(1, "users", "2", NULL);
    (void)carry(0);
    expect_count("changed and deleted", "crm", "users", 1);
    put(1, "users", "2", "{}");
    put(1, "users", "3", "{}");
    (void)carry(0);
    expect_count("made anew", "crm", "users", 3);
    CU_ASSERT_EQUAL_FATAL(
        store_record_tables(db, 2, SLICE_NONE, SLICE_NONE, 10, &found), DB_OK);
    CU_ASSERT_EQUAL(found.count, 1); /* of that application */
    record_tables_free(&found);
    CU_ASSERT_EQUAL_FATAL(
        store_record_tables(db, 0, SLICE_NONE, SLICE_NONE, 2, &found), DB_OK);
    CU_ASSERT_EQUAL(found.count, 2);
    CU_ASSERT_TRUE(found.more);
    record_tables_free(&found);
}

/* -- pages -------------------------------------------------------------------------- */

static void
expect_page(const char *claim, const struct record_filter *filter,
            const char *want, const char *next)
{
    struct buf got = BUF_INIT(4096);
    struct record_page page;
    size_t i;

    CU_ASSERT_EQUAL_FATAL(store_record_list(db, filter, &page), DB_OK);
    for (i = 0; i < page.list.count; i++)
        buf_addf(&got, "%s%s", i == 0 ? "" : " ", page.list.rows[i].record_id);
    if (!slice_is(buf_slice(&got), want))
        fprintf(stderr, "\n%s: got %s\n", claim, buf_slice(&got).ptr);
    CU_ASSERT(slice_is(buf_slice(&got), want));
    CU_ASSERT(next == NULL ? page.next == NULL
                           : page.next != NULL && strcmp(page.next, next) == 0);
    record_page_free(&page);
    buf_free(&got);
}

static void
test_pages(void)
{
    struct record_filter filter = {
        .source = SLICE("crm"), .table = SLICE("users"), .limit = 2};
    struct record_page page;

    clean();
    put(1, "users", "a", "{\"v\":1}");
    put(1, "users", "b", "{\"v\":2}");
    put(1, "users", "c", NULL);
    put(1, "users", "d", "{\"v\":4}");
    put(1, "users2", "x", "{}");
    expect_page("the first", &filter, "a b", "b");
    filter.after = SLICE("b");
    expect_page("the last", &filter, "d", NULL);
    filter.after = SLICE_NONE;
    filter.limit = 3;
    expect_page("a page that just fits", &filter, "a b d", NULL);
    filter.which = RECORDS_DELETED;
    expect_page("tombstones", &filter, "c", NULL);
    filter.which = RECORDS_ALL;
    filter.limit = 10;
    expect_page("all", &filter, "a b c d", NULL);
    filter.record_id = SLICE("b");
    expect_page("one", &filter, "b", NULL);
    filter.record_id = SLICE_NONE;
    filter.updated_since_us = db_now_us(db) + 60 * CLOCK_US_PER_S;
    expect_page("none so new", &filter, "", NULL);
    filter.updated_since_us -= 120 * CLOCK_US_PER_S;
    expect_page("all so new", &filter, "a b c d", NULL);
    filter.table = SLICE("nothing");
    expect_page("an unknown table", &filter, "", NULL);
    filter.source = SLICE("nobody");
    CU_ASSERT_EQUAL(store_record_list(db, &filter, &page), DB_NONE);
    filter.source = SLICE("crm");
    filter.application_id = 2;
    CU_ASSERT_EQUAL(store_record_list(db, &filter, &page), DB_NONE);
    filter.application_id = 1;
    expect_page("one's own", &filter, "", NULL);
}

/* A filter that nothing matches walks on in windows. */
static void
test_pages_are_of_bounded_work(void)
{
    struct record_filter filter = {.source = SLICE("crm"),
                                   .table = SLICE("users"),
                                   .which = RECORDS_DELETED,
                                   .limit = 10};
    struct record_page page;
    uint64_t before;

    clean();
    testdb_exec(db, "INSERT INTO records (source_id,table_name,record_id,"
                    "version_us,event_id,data,dirty)"
                    " SELECT 1,'users',LPAD(seq,8,'0'),1,1,'{}',NULL"
                    " FROM seq_1_to_12000");
    testdb_exec(db, "UPDATE records SET deleted = 1"
                    " WHERE record_id = '00011000'");
    testdb_exec(db, "ANALYZE TABLE records");
    before = testdb_u64(db, "SELECT SUM(VARIABLE_VALUE) FROM "
                            "information_schema.SESSION_STATUS WHERE "
                            "VARIABLE_NAME LIKE 'Handler_read%'");
    CU_ASSERT_EQUAL_FATAL(store_record_list(db, &filter, &page), DB_OK);
    CU_ASSERT_EQUAL(page.list.count, 0);
    CU_ASSERT_STRING_EQUAL_FATAL(page.next, "00005001");
    CU_ASSERT(testdb_u64(db, "SELECT SUM(VARIABLE_VALUE) FROM "
                             "information_schema.SESSION_STATUS WHERE "
                             "VARIABLE_NAME LIKE 'Handler_read%'") -
                  before <
              12000);
    record_page_free(&page);
    filter.after = SLICE("00005001");
    expect_page("the second window", &filter, "", "00010002");
    filter.after = SLICE("00010002");
    expect_page("the third window", &filter, "00011000", NULL);
}

static void
test_pages_are_bounded_in_bytes(void)
{
    struct record_filter filter = {
        .source = SLICE("crm"), .table = SLICE("users"), .limit = 10};
    struct record_page page;

    clean();
    testdb_exec(db,
                "INSERT INTO records (source_id,table_name,record_id,"
                "version_us,event_id,data) SELECT 1,'users',seq,1,1,"
                "CONCAT('\"',REPEAT('x',3*1024*1024),'\"') FROM seq_1_to_4");
    CU_ASSERT_EQUAL_FATAL(store_record_list(db, &filter, &page), DB_OK);
    CU_ASSERT_EQUAL(page.list.count, 2);
    CU_ASSERT_STRING_EQUAL(page.next, "2");
    record_page_free(&page);
    clean();
}

static void
test_one_record(void)
{
    struct record_filter filter = {.source = SLICE("crm"),
                                   .table = SLICE("users"),
                                   .record_id = SLICE("a")};
    struct record_list found;
    struct buf out = BUF_INIT(4096);

    clean();
    put(1, "users", "a", "{\"v\":1}");
    CU_ASSERT_EQUAL_FATAL(store_record_get(db, &filter, &found), DB_OK);
    record_row_print(&found.rows[0], &out);
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "{\"source\":\"crm\",\"table\":"
                                            "\"users\",\"record_id\":\"a\","));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "\"revision\":1,\"verified\":"
                                            "\"no\",\"stale\":false,"
                                            "\"deleted\":false,"));
    CU_ASSERT_PTR_NOT_NULL(strstr(out.data, "\"data\":{\"v\":1},\"fields\":"
                                            "{\"v\":{\"changed_at\":"));
    record_list_free(&found);
    filter.record_id = SLICE("A");
    CU_ASSERT_EQUAL(store_record_get(db, &filter, &found), DB_NONE);
    filter.record_id = SLICE("a");
    filter.application_id = 2;
    CU_ASSERT_EQUAL(store_record_get(db, &filter, &found), DB_NONE);
    buf_free(&out);
}

/* -- files ---------------------------------------------------------------------------- */

static void
test_files_that_are_due(void)
{
    struct record_file_due due;
    int64_t start_us;

    clean();
    CU_ASSERT_EQUAL(store_record_file_next(db, 0, NULL, 0, &due), DB_NONE);
    put(1, "users", "1", "{}");
    (void)carry(0);
    CU_ASSERT_EQUAL_FATAL(store_record_file_next(db, 0, NULL, 0, &due), DB_OK);
    CU_ASSERT_STRING_EQUAL(due.source, "crm");
    CU_ASSERT_STRING_EQUAL(due.table, "users");
    CU_ASSERT_EQUAL(due.written_us, 0);
    put(1, "users", "2", "{}"); /* while it is being written */
    (void)carry(0);
    CU_ASSERT_EQUAL(store_record_file_done(db, &due), DB_OK);
    record_file_due_free(&due);
    CU_ASSERT_EQUAL_FATAL(store_record_file_next(db, 0, NULL, 0, &due), DB_OK);
    CU_ASSERT(due.written_us > 0);
    CU_ASSERT_EQUAL(store_record_file_done(db, &due), DB_OK);
    start_us = due.written_us + 3600 * CLOCK_US_PER_S;
    record_file_due_free(&due);
    CU_ASSERT_EQUAL(store_record_file_next(db, 0, NULL, 0, &due), DB_NONE);
    /* Somebody else's files, written before. */
    CU_ASSERT_EQUAL_FATAL(store_record_file_next(db, start_us, NULL, 0, &due),
                          DB_OK);
    record_file_due_free(&due);
}

static void
test_files_that_are_left_out(void)
{
    static const struct record_file_skip skip[] = {{1, "users"}, {1, "o'b"}};
    struct record_file_due due;

    clean();
    put(1, "users", "1", "{}");
    put(1, "users2", "1", "{}");
    (void)carry(0);
    CU_ASSERT_EQUAL_FATAL(store_record_file_next(db, 0, skip, 2, &due), DB_OK);
    CU_ASSERT_STRING_EQUAL(due.table, "users2");
    CU_ASSERT_EQUAL(store_record_file_done(db, &due), DB_OK);
    record_file_due_free(&due);
    CU_ASSERT_EQUAL(store_record_file_next(db, 0, skip, 2, &due), DB_NONE);
    CU_ASSERT_EQUAL_FATAL(store_record_file_next(db, 0, NULL, 0, &due), DB_OK);
    CU_ASSERT_STRING_EQUAL(due.table, "users");
    record_file_due_free(&due);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"what is carried is found", test_what_is_carried_is_found},
        {"what is found is bounded in bytes",
         test_what_is_found_is_bounded_in_bytes},
        {"changes and deletions are carried",
         test_changes_and_deletions_are_carried},
        {"pieces are bounded", test_pieces_are_bounded},
        {"what changes meanwhile stays marked",
         test_what_changes_meanwhile_stays_marked},
        {"a mark of before there were marks",
         test_a_mark_of_before_there_were_marks},
        {"tables are counted", test_tables_are_counted},
        {"pages", test_pages},
        {"pages are of bounded work", test_pages_are_of_bounded_work},
        {"pages are bounded in bytes", test_pages_are_bounded_in_bytes},
        {"one record", test_one_record},
        {"files that are due", test_files_that_are_due},
        {"files that are left out", test_files_that_are_left_out},
        CU_TEST_INFO_NULL,
    };
    int code = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate()) {
        db = db_new(&testdb_settings);
        mirror = mirror_new();
        code = unit_run("store_record_index", tests);
        mirror_free(mirror);
        db_free(db);
    }
    testdb_stop();
    return code;
}
