/*
 * test_replay_step.c - worker/jobs/replay_step.c against a real database: who
 * may give a replay up. The rest is in test_replay.c.
 */
#include "replay_step.h"

#include "replay_fixture.h"
#include "unit.h"

#define WHY "refused by the database"

/* The job of the only replay. */
static struct job_row
job_of_replay(void)
{
    struct job_page page = {NULL, 0, 0, 0};
    struct job_row job;

    CU_ASSERT_EQUAL_FATAL(store_job_tail(db, 0, 100, &page), DB_OK);
    CU_ASSERT_EQUAL_FATAL(page.count, 1);
    job = page.rows[0];
    CU_ASSERT_EQUAL_FATAL(job.kind, JOB_REPLAY);
    job_page_free(&page);
    return job;
}

static void
test_only_the_owner_gives_a_replay_up(void)
{
    struct flush_peers peers;
    struct job_row job;
    uint64_t id;

    start_anew();
    add_events(3);
    add_deliveries(3, 1, "failed");
    id = make_replay(REPLAY_RECOVER, 1, 0, true);
    open_store_thread();
    peers = store_thread_peers();
    job = job_of_replay();
    testdb_execf(db, "UPDATE shards SET token = 99 WHERE shard = %u",
                 (unsigned)job.shard);
    CU_ASSERT_EQUAL(replay_step_fail(&peers, &job, WHY), DB_NONE);
    CU_ASSERT_NOT_EQUAL(replay_of(id).status, REPLAY_FAILED);
    CU_ASSERT_EQUAL(count("replays WHERE error IS NOT NULL"), 0);
    CU_ASSERT_EQUAL(count("jobs"), 1);
    testdb_execf(db, "UPDATE shards SET token = %llu WHERE shard = %u",
                 (unsigned long long)w.lease.tokens[job.shard],
                 (unsigned)job.shard);
    CU_ASSERT_EQUAL(replay_step_fail(&peers, &job, WHY), DB_OK);
    CU_ASSERT_EQUAL(replay_of(id).status, REPLAY_FAILED);
    CU_ASSERT_EQUAL(count("replays WHERE error = '" WHY "'"), 1);
    CU_ASSERT_EQUAL(count("jobs"), 0);
    close_store_thread();
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"only the owner gives a replay up",
         test_only_the_owner_gives_a_replay_up},
        CU_TEST_INFO_NULL,
    };

    id_source_init(&ids, 1023);
    return store_thread_run("replay_step", tests);
}
