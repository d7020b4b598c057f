/*
 * test_poll_plan.c - worker/process/poll_plan.c against a real database: which
 * tables have pollers, and who may change that.
 */
#include "poll_plan.h"

#include "log.h"
#include "unit.h"
#include "worker_fixture.h"

static struct settings settings; /* with what a Supabase source is asked by */

static void
configure(const char *options)
{
    testdb_exec(t.late, "UPDATE config_version SET version = version + 1");
    testdb_execf(t.late,
                 "UPDATE sources SET settings = '%s', config_version ="
                 " (SELECT version FROM config_version) WHERE id = 1",
                 options);
    CU_ASSERT_EQUAL_FATAL(
        follower_refresh(&t.follower, t.db, &t.desk, t.payloads), DB_OK);
}

static void
begin(void)
{
    set_up(&testdb_settings);
    t.follower.settings = &settings;
    configure("{\"mirror\":true,\"poll_s\":60,"
              "\"poll_tables\":[\"orders\",\"users\"]}");
}

static void
end(void)
{
    testdb_exec(t.late, "DELETE FROM source_cursors");
    tear_down();
}

/* One that looks at everything. */
static void
run_plan(void)
{
    struct poll_plan plan = {.version = 0};

    CU_ASSERT_EQUAL(
        poll_plan_run(&plan, t.db, &t.lease, &t.follower, t.doorbell), DB_OK);
}

static void
expect_pollers(const char *claim, uint64_t want)
{
    uint64_t cursors = testdb_count(t.late, "source_cursors");
    uint64_t jobs =
        testdb_count(t.late, "jobs j JOIN source_cursors c ON c.job_id = j.id");

    if (cursors != want || jobs != want)
        fprintf(stderr, "\n%s: got %llu cursors, %llu jobs\n", claim,
                (unsigned long long)cursors, (unsigned long long)jobs);
    CU_ASSERT_EQUAL(cursors, want);
    CU_ASSERT_EQUAL(jobs, want);
    CU_ASSERT_EQUAL(testdb_count(t.late, "jobs"), want);
}

static void
test_pollers_follow_the_configuration(void)
{
    begin();
    run_plan();
    expect_pollers("one for each table", 2);
    run_plan();
    expect_pollers("and no more", 2);
    configure("{\"mirror\":true,\"poll_s\":60,\"poll_tables\":[\"users\"]}");
    run_plan();
    expect_pollers("a table less", 1);
    configure("{\"mirror\":true,\"poll_s\":0,\"poll_tables\":[\"users\"]}");
    run_plan();
    expect_pollers("none is wanted", 0);
    end();
}

static void
test_a_lost_job_is_made_again(void)
{
    begin();
    run_plan();
    testdb_exec(t.late,
                "UPDATE source_cursors SET position = '{\"high\":\"7\"}'"
                " WHERE table_name = 'users'");
    testdb_exec(t.late, "DELETE j FROM jobs j JOIN source_cursors c"
                        " ON c.job_id = j.id WHERE c.table_name = 'users'");
    run_plan();
    expect_pollers("both have a job", 2);
    CU_ASSERT_EQUAL(testdb_count(t.late, "source_cursors WHERE table_name ="
                                         " 'users' AND position LIKE '%7%'"),
                    1);
    end();
}

/* Somebody else has taken shard 0, and this worker does not know it yet. */
static void
lose_shard_0(void)
{
    testdb_exec(t.late, "UPDATE shards SET token = 99 WHERE shard = 0");
}

static void
get_shard_0_back(void)
{
    testdb_execf(t.late, "UPDATE shards SET token = %llu WHERE shard = 0",
                 (unsigned long long)t.lease.tokens[0]);
}

static void
test_who_has_lost_shard_0_starts_nothing(void)
{
    begin();
    lose_shard_0();
    run_plan();
    expect_pollers("it is the new owner's to start them", 0);
    get_shard_0_back();
    run_plan();
    expect_pollers("the owner does", 2);
    end();
}

static void
test_who_has_lost_shard_0_stops_nothing(void)
{
    begin();
    run_plan();
    configure("{\"mirror\":true,\"poll_s\":60,\"poll_tables\":[\"users\"]}");
    lose_shard_0();
    run_plan();
    expect_pollers("it is the new owner's to stop one", 2);
    get_shard_0_back();
    run_plan();
    expect_pollers("the owner does", 1);
    end();
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"pollers follow the configuration",
         test_pollers_follow_the_configuration},
        {"a lost job is made again", test_a_lost_job_is_made_again},
        {"who has lost shard 0 starts nothing",
         test_who_has_lost_shard_0_starts_nothing},
        {"who has lost shard 0 stops nothing",
         test_who_has_lost_shard_0_stops_nothing},
        CU_TEST_INFO_NULL,
    };
    char *extra[] = {(char[]){"supabase_url=https://x.supabase.co"},
                     (char[]){"supabase_key=k"}};
    int code = EXIT_FAILURE;

    if (!testdb_start() || !log_open(LOG_FORMAT_TEXT, LOG_ERROR, "/dev/null"))
        return EXIT_FAILURE;
    if (testdb_migrate() && testdb_load(&settings, extra, 2)) {
        code = unit_run("poll_plan", tests);
        settings_free(&settings);
    }
    testdb_stop();
    return code;
}
