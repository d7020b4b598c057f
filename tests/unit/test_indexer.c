/*
 * test_indexer.c - tests for worker/jobs/indexer.c and record_files.c against a
 * real database.
 */
#include "indexer.h"

#include "file.h"
#include "json_dir.h"
#include "store_record.h"
#include "unit.h"
#include "worker_fixture.h"

#include <string.h>
#include <time.h>

static struct indexer *indexer;
static struct mirror *mirror;
static int64_t version;

static void
begin(void)
{
    set_up(&json_settings);
    testdb_exec(t.late, "DELETE FROM records");
    testdb_exec(t.late, "DELETE FROM record_search");
    testdb_exec(t.late, "DELETE FROM record_tables");
    testdb_exec(t.late, "DELETE FROM sources");
    testdb_exec(t.late, "INSERT INTO sources (id,application_id,name,provider,"
                        "config_version) VALUES (1,1,'crm','hmac',1)");
    indexer = indexer_new(&json_settings, t.db, &t.lease);
    mirror = mirror_new();
}

static void
end(void)
{
    mirror_free(mirror);
    indexer_free(indexer);
    tear_down();
}

static void
put(const char *table, const char *id, const char *data)
{
    struct record_change change = {
        .source_id = 1,
        .table = slice_of(table),
        .record_id = slice_of(id),
        .version_us = ++version,
        .event_id = 1,
        .deleted = data == NULL,
        .data = slice_of(data),
    };

    CU_ASSERT_EQUAL_FATAL(
        store_record_apply(mirror, t.late, &change, 1, db_now_us(t.late)),
        DB_OK);
}

static void
sleep_us(int64_t us)
{
    const struct timespec time = {us / CLOCK_US_PER_S,
                                  us % CLOCK_US_PER_S * 1000};

    (void)nanosleep(&time, NULL);
}

/* Piece after piece, each at its time, until nothing is left to do. */
static void
run_all(void)
{
    int64_t limit_us = clock_mono_us() + unit_slow() * 20 * CLOCK_US_PER_S;

    indexer_wake(indexer);
    do {
        int64_t wait_us = indexer_due(indexer) - clock_mono_us();

        if (wait_us > 0)
            sleep_us(wait_us);
        CU_ASSERT_EQUAL_FATAL(indexer_run(indexer, false), DB_OK);
    } while (!indexer_is_idle(indexer) && clock_mono_us() < limit_us);
    CU_ASSERT_TRUE(indexer_is_idle(indexer));
}

static void
expect_file(const char *claim, const char *name, const char *want)
{
    struct buf path = BUF_INIT(512), got = BUF_INIT(1 << 20);

    buf_addf(&path, "%s/%s", json_dir, name);
    if (!file_read(path.data, &got))
        buf_add_text(&got, "none");
    if (strcmp(buf_slice(&got).ptr, want) != 0)
        fprintf(stderr, "\n%s: got %s\n", claim, buf_slice(&got).ptr);
    CU_ASSERT_STRING_EQUAL(buf_slice(&got).ptr, want);
    buf_free(&path);
    buf_free(&got);
}

static void
test_files_follow_the_records(void)
{
    begin();
    put("users", "2", "{\"id\":2}");
    put("users", "1", "{\"id\":1}");
    put("other table", "1", "{\"x\":1}");
    run_all();
    expect_file("by id", "crm/users.json", "[\n{\"id\":1},\n{\"id\":2}\n]\n");
    expect_file("another", "crm/other%20table.json", "[\n{\"x\":1}\n]\n");
    put("users", "1", NULL);
    put("users", "3", "{\"id\":3}");
    run_all();
    expect_file("deleted and new", "crm/users.json",
                "[\n{\"id\":2},\n{\"id\":3}\n]\n");
    put("users", "2", NULL);
    put("users", "3", NULL);
    run_all();
    expect_file("none is left", "crm/users.json", "[]\n");
    CU_ASSERT_EQUAL(testdb_u64(t.late, "SELECT COUNT(dirty) FROM records"), 0);
    end();
}

static void
test_large_tables_come_in_pieces(void)
{
    struct buf want = BUF_INIT(1 << 20);
    int i;

    begin();
    testdb_exec(t.late,
                "INSERT INTO records (source_id,table_name,record_id,"
                "version_us,event_id,data) SELECT 1,'big',LPAD(seq,8,'0'),1,1,"
                "CONCAT('{\"n\":',seq,'}') FROM seq_1_to_1700");
    run_all();
    for (i = 1; i <= 1700; i++)
        buf_addf(&want, "%s{\"n\":%d}", i == 1 ? "[\n" : ",\n", i);
    buf_add_text(&want, "\n]\n");
    expect_file("all of them", "crm/big.json", want.data);
    CU_ASSERT_EQUAL(testdb_u64(t.late, "SELECT records FROM record_tables"),
                    1700);
    buf_free(&want);
    end();
}

static void
test_a_new_owner_writes_everything(void)
{
    char path[128];

    begin();
    put("users", "1", "{\"id\":1}");
    run_all();
    expect_file("written", "crm/users.json", "[\n{\"id\":1}\n]\n");
    indexer_free(indexer);
    snprintf(path, sizeof(path), "%s/crm/users.json", json_dir);
    CU_ASSERT_TRUE_FATAL(file_replace(path, SLICE("old"), 0644));
    testdb_exec(t.late, "UPDATE record_tables SET written_at ="
                        " written_at - INTERVAL 5 SECOND");
    indexer = indexer_new(&json_settings, t.db, &t.lease);
    run_all();
    expect_file("written anew", "crm/users.json", "[\n{\"id\":1}\n]\n");
    end();
}

static void
test_what_the_directory_refuses_waits(void)
{
    char away[64];

    begin();
    snprintf(away, sizeof(away), "%s.away", json_dir);
    put("users", "1", "{\"id\":1}");
    CU_ASSERT_EQUAL_FATAL(rename(json_dir, away), 0);
    indexer_wake(indexer);
    while (indexer_due(indexer) < clock_mono_us() + 5 * CLOCK_US_PER_S &&
           testdb_u64(t.late, "SELECT COUNT(*) FROM record_search") == 0)
        CU_ASSERT_EQUAL_FATAL(indexer_run(indexer, false), DB_OK);
    CU_ASSERT_EQUAL(indexer_run(indexer, false), DB_OK);
    CU_ASSERT_EQUAL_FATAL(rename(away, json_dir), 0);
    CU_ASSERT_EQUAL(testdb_u64(t.late, "SELECT COUNT(dirty) FROM records"), 0);
    CU_ASSERT_EQUAL(testdb_u64(t.late, "SELECT written FROM record_tables"), 0);
    end();
}

static void
test_only_the_owner_of_shard_0_does_it(void)
{
    begin();
    put("users", "1", "{\"id\":1}");
    CU_ASSERT(indexer_due(indexer) <= clock_mono_us());
    testdb_exec(t.late, "UPDATE shards SET token = 99 WHERE shard = 0");
    /* It finds out when it writes. */
    CU_ASSERT_EQUAL(indexer_run(indexer, false), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(t.late, "SELECT COUNT(*) FROM record_search"),
                    0);
    CU_ASSERT_EQUAL(testdb_u64(t.late, "SELECT COUNT(dirty) FROM records"), 1);
    CU_ASSERT_EQUAL(indexer_due(indexer), INT64_MAX);
    CU_ASSERT_TRUE(indexer_is_idle(indexer));
    testdb_exec(t.late, "UPDATE shards SET token = 0, lease_until ="
                        " '1971-01-01 00:00:00' WHERE shard = 0");
    end();
}

static void
test_nothing_to_do_costs_little(void)
{
    uint64_t before;
    int64_t end_us, due_us;

    begin();
    run_all();
    before = db_statements(t.db);
    end_us = clock_mono_us() + CLOCK_US_PER_S;
    while ((due_us = indexer_due(indexer)) < end_us) {
        if (due_us > clock_mono_us())
            sleep_us(due_us - clock_mono_us());
        CU_ASSERT_EQUAL_FATAL(indexer_run(indexer, false), DB_OK);
    }
    CU_ASSERT(db_statements(t.db) - before <= 4); /* ever fewer */
    end();
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"files follow the records", test_files_follow_the_records},
        {"large tables come in pieces", test_large_tables_come_in_pieces},
        {"a new owner writes everything", test_a_new_owner_writes_everything},
        {"what the directory refuses waits",
         test_what_the_directory_refuses_waits},
        {"only the owner of shard 0 does it",
         test_only_the_owner_of_shard_0_does_it},
        {"nothing to do costs little", test_nothing_to_do_costs_little},
        CU_TEST_INFO_NULL,
    };

    return json_dir_run("indexer", tests);
}
