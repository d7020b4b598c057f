/*
 * test_store_record_state.c - tests for core/store/records/store_record_state.c against
 * a real database.
 */
#include "store_record_state.h"

#include "testdb.h"
#include "unit.h"

#include <string.h>

static struct db *db;

static void
clean(void)
{
    testdb_exec(db, "DELETE FROM records");
}

static void
put(const char *id, uint64_t event_id, const char *data)
{
    char sql[4096];

    snprintf(sql, sizeof(sql),
             "INSERT INTO records (source_id,table_name,record_id,version_us,"
             "event_id,deleted,data) VALUES (5,'users','%s',1,%llu,%d,%s%s%s)",
             id, (unsigned long long)event_id, data == NULL,
             data == NULL ? "" : "'", data == NULL ? "NULL" : data,
             data == NULL ? "" : "'");
    testdb_exec(db, sql);
}

static struct record_state
state(const char *id, const char *content)
{
    return (struct record_state){
        .source_id = 5,
        .table = SLICE("users"),
        .record_id = slice_of(id),
        .content = slice_of(content),
    };
}

static void
test_the_same_bytes_do_not_come_over(void)
{
    struct record_state one = state("1", "{\"a\":1}");

    clean();
    put("1", 77, "{\"a\":1}");
    CU_ASSERT_EQUAL_FATAL(store_record_state(db, &one, 1), DB_OK);
    CU_ASSERT_TRUE(one.found);
    CU_ASSERT_TRUE(one.same);
    CU_ASSERT_FALSE(one.deleted);
    CU_ASSERT_EQUAL(one.event_id, 77);
    CU_ASSERT_PTR_NULL(one.data.ptr);
}

static void
test_other_words_of_a_like_size_do(void)
{
    struct record_state one = state("1", "{\"b\":2,\"a\":1}");

    clean();
    put("1", 77, "{\"a\":1,\"b\":2}");
    CU_ASSERT_EQUAL_FATAL(store_record_state(db, &one, 1), DB_OK);
    CU_ASSERT_FALSE(one.same);
    CU_ASSERT(slice_is(one.data, "{\"a\":1,\"b\":2}"));
    slice_free(&one.data);
}

static void
test_what_is_much_larger_or_smaller_stays_where_it_is(void)
{
    char large[2048];
    struct record_state list[2];

    memset(large, 'x', sizeof(large));
    memcpy(large, "{\"a\":\"", 6);
    memcpy(large + sizeof(large) - 3, "\"}", 3);
    list[0] = state("1", "{\"a\":1}");
    list[1] = state("2", large);
    clean();
    put("1", 1, large);
    put("2", 2, "{\"a\":1}");
    CU_ASSERT_EQUAL_FATAL(store_record_state(db, list, 2), DB_OK);
    CU_ASSERT_TRUE(list[0].found && list[1].found);
    CU_ASSERT_FALSE(list[0].same || list[1].same);
    CU_ASSERT_PTR_NULL(list[0].data.ptr);
    CU_ASSERT_PTR_NULL(list[1].data.ptr);
}

static void
test_deleted_and_unknown_records_have_nothing(void)
{
    struct record_state list[] = {state("1", "{}"), state("2", "{}")};

    clean();
    put("1", 9, NULL);
    CU_ASSERT_EQUAL_FATAL(store_record_state(db, list, 2), DB_OK);
    CU_ASSERT_TRUE(list[0].found);
    CU_ASSERT_TRUE(list[0].deleted);
    CU_ASSERT_FALSE(list[0].same);
    CU_ASSERT_EQUAL(list[0].event_id, 9);
    CU_ASSERT_PTR_NULL(list[0].data.ptr);
    CU_ASSERT_FALSE(list[1].found);
    CU_ASSERT_FALSE(list[1].same);
    CU_ASSERT_EQUAL(store_record_state(db, list, 0), DB_OK);
}

static void
test_a_record_may_be_asked_for_twice(void)
{
    struct record_state list[] = {state("1", "{\"a\": 1}"),
                                  state("2", "{\"c\":3}"),
                                  state("1", "{\"a\":1}")};

    clean();
    put("1", 4, "{\"a\":1}");
    put("2", 5, "{\"c\":4}");
    CU_ASSERT_EQUAL_FATAL(store_record_state(db, list, 3), DB_OK);
    CU_ASSERT_FALSE(list[0].same);
    CU_ASSERT(slice_is(list[0].data, "{\"a\":1}"));
    CU_ASSERT(slice_is(list[1].data, "{\"c\":4}"));
    CU_ASSERT_TRUE(list[2].same);
    CU_ASSERT_PTR_NULL(list[2].data.ptr);
    slice_free(&list[0].data);
    slice_free(&list[1].data);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"the same bytes do not come over",
         test_the_same_bytes_do_not_come_over},
        {"other words of a like size do", test_other_words_of_a_like_size_do},
        {"what is much larger or smaller stays where it is",
         test_what_is_much_larger_or_smaller_stays_where_it_is},
        {"deleted and unknown records have nothing",
         test_deleted_and_unknown_records_have_nothing},
        {"a record may be asked for twice",
         test_a_record_may_be_asked_for_twice},
        CU_TEST_INFO_NULL,
    };
    int code = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate()) {
        db = db_new(&testdb_settings);
        code = unit_run("store_record_state", tests);
        db_free(db);
    }
    testdb_stop();
    return code;
}
