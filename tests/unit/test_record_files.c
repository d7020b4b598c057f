/*
 * test_record_files.c - worker/jobs/record_files.c against a real database: who
 * may say that a file is complete. The rest is in test_indexer.c.
 */
#include "record_files.h"

#include "file.h"
#include "json_dir.h"
#include "unit.h"
#include "worker_fixture.h"

static struct record_files *files;

/* One table with one record, whose file is to be written. */
static void
begin(void)
{
    set_up(&json_settings);
    testdb_exec(t.late, "INSERT INTO records (source_id,table_name,record_id,"
                        "version_us,event_id,data)"
                        " VALUES (1,'users','1',1,1,'{\"id\":1}')");
    testdb_exec(t.late, "INSERT INTO record_tables (source_id,table_name,"
                        "records,changes) VALUES (1,'users',1,3)");
    files = record_files_new(&json_settings, t.db, &t.lease);
    record_files_restart(files);
}

static void
end(void)
{
    record_files_free(files);
    testdb_exec(t.late, "DELETE FROM records");
    testdb_exec(t.late, "DELETE FROM record_tables");
    tear_down();
}

static void
expect_file(void)
{
    struct buf path = BUF_INIT(512), got = BUF_INIT(4096);

    buf_addf(&path, "%s/supabase/users.json", json_dir);
    CU_ASSERT_TRUE(file_read(path.data, &got));
    CU_ASSERT_STRING_EQUAL(buf_slice(&got).ptr, "[\n{\"id\":1}\n]\n");
    buf_free(&path);
    buf_free(&got);
}

/* So the table is known to be shown by its file. */
static uint64_t
written(void)
{
    return testdb_u64(t.late, "SELECT IF(written_at IS NULL, 0, written)"
                              " FROM record_tables");
}

static void
test_the_owner_says_that_a_file_is_complete(void)
{
    begin();
    CU_ASSERT_EQUAL(record_files_run(files), DB_OK); /* begins */
    CU_ASSERT_EQUAL(written(), 0);
    CU_ASSERT_EQUAL(record_files_run(files), DB_OK);
    expect_file();
    CU_ASSERT_EQUAL(written(), 3);
    end();
}

/* What it has begun as the owner it does not end as one. */
static void
test_who_has_lost_shard_0_says_nothing(void)
{
    begin();
    CU_ASSERT_EQUAL(record_files_run(files), DB_OK);
    testdb_exec(t.late, "UPDATE shards SET token = 99 WHERE shard = 0");
    CU_ASSERT_EQUAL(record_files_run(files), DB_NONE);
    CU_ASSERT_EQUAL(written(), 0);
    testdb_execf(t.late, "UPDATE shards SET token = %llu WHERE shard = 0",
                 (unsigned long long)t.lease.tokens[0]);
    record_files_restart(files); /* it is the owner again */
    CU_ASSERT_EQUAL(record_files_run(files), DB_OK);
    CU_ASSERT_EQUAL(record_files_run(files), DB_OK);
    expect_file();
    CU_ASSERT_EQUAL(written(), 3);
    end();
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"the owner says that a file is complete",
         test_the_owner_says_that_a_file_is_complete},
        {"who has lost shard 0 says nothing",
         test_who_has_lost_shard_0_says_nothing},
        CU_TEST_INFO_NULL,
    };

    return json_dir_run("record_files", tests);
}
