/*
 * test_record_files.c - worker/jobs/record_files.c against a real database: who
 * may say that a file is complete. The rest is in test_indexer.c.
 */
#include "record_files.h"

#include "file.h"
#include "log.h"
#include "unit.h"
#include "worker_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char dir[] = "/tmp/postern_record_files_XXXXXX";
static struct settings settings;
static struct record_files *files;

/* One table with one record, whose file is to be written. */
static void
begin(void)
{
    set_up(&settings);
    testdb_exec(t.late, "INSERT INTO records (source_id,table_name,record_id,"
                        "version_us,event_id,data)"
                        " VALUES (1,'users','1',1,1,'{\"id\":1}')");
    testdb_exec(t.late, "INSERT INTO record_tables (source_id,table_name,"
                        "records,changes) VALUES (1,'users',1,3)");
    files = record_files_new(&settings, t.db, &t.lease);
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

    buf_addf(&path, "%s/supabase/users.json", dir);
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

static void
remove_files(void)
{
    struct buf path = BUF_INIT(512);

    buf_addf(&path, "%s/supabase/users.json", dir);
    (void)unlink(path.data);
    buf_clear(&path);
    buf_addf(&path, "%s/supabase", dir);
    (void)rmdir(path.data);
    (void)rmdir(dir);
    buf_free(&path);
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
    char option[96];
    char *extra[] = {option};
    int code = EXIT_FAILURE;

    if (mkdtemp(dir) == NULL || !testdb_start() ||
        !log_open(LOG_FORMAT_TEXT, LOG_ERROR, "/dev/null"))
        return EXIT_FAILURE;
    snprintf(option, sizeof(option), "json_cache_dir=%s", dir);
    if (testdb_migrate() && testdb_load(&settings, extra, 1)) {
        code = unit_run("record_files", tests);
        settings_free(&settings);
    }
    testdb_stop();
    remove_files();
    return code;
}
