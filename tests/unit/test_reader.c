/*
 * test_reader.c - unit tests for worker/store/reader.c: what the tail, the lanes and
 * the heads bring into memory.
 */
#include "reader.h"
#include "unit.h"
#include "worker_fixture.h"

#include "id.h"
#include "lane.h"

static struct reader *reader;

static void
begin(void)
{
    set_up(&testdb_settings);
    reader = reader_new(&(struct reader_peers){
        .db = t.db,
        .desk = &t.desk,
        .payloads = t.payloads,
        .follower = &t.follower,
        .lease = &t.lease,
    });
    testdb_exec(t.db, "INSERT INTO subscriptions (id, application_id, url, "
                      "secret, config_version) VALUES "
                      "(1, 1, 'https://e.org', '', 1), "
                      "(2, 1, 'https://e.org', '', 1)");
    testdb_exec(t.db, "INSERT INTO events (id, application_id, type, verified, "
                      "payload) VALUES (1, 1, 'a.b', 1, '{}')");
}

static void
end(void)
{
    reader_free(reader);
    tear_down();
}

static void
add_job(struct db *db, uint64_t id, uint32_t subscription)
{
    uint64_t lane = lane_number(LANE_SUBSCRIPTION, subscription);
    char sql[256];

    snprintf(sql, sizeof(sql),
             "INSERT INTO jobs (id, kind, shard, lane, event_id) VALUES "
             "(%llu, 1, %u, %llu, 1)",
             (unsigned long long)id, (unsigned)lane_shard(lane),
             (unsigned long long)lane);
    testdb_exec(db, sql);
}

static size_t
in_memory(void)
{
    size_t tasks = scheduler_counts(desk_lock(&t.desk)).tasks;

    desk_unlock(&t.desk);
    return tasks;
}

static void
look_at_tail(void)
{
    bool more = true;

    while (more)
        CU_ASSERT_EQUAL_FATAL(reader_tail(reader, &more), DB_OK);
}

/* Ids are drawn in the order of time and committed in any order: the tail
   begins a little before the greatest id that it has seen. */
static void
test_the_tail_finds_what_was_committed_late(void)
{
    uint64_t now_id = id_floor(clock_wall_us());

    begin();
    CU_ASSERT_EQUAL_FATAL(db_begin(t.late), DB_OK);
    add_job(t.late, now_id - 1, 1);
    add_job(t.db, now_id, 2);
    look_at_tail();
    CU_ASSERT_EQUAL(in_memory(), 1);
    CU_ASSERT_EQUAL_FATAL(db_commit(t.late), DB_OK);
    look_at_tail();
    CU_ASSERT_EQUAL(in_memory(), 2);
    look_at_tail(); /* nothing is taken twice */
    CU_ASSERT_EQUAL(in_memory(), 2);
    end();
}

/* What the tail has missed for good is found by the heads of the lanes. */
static void
test_the_heads_find_what_the_tail_has_missed(void)
{
    uint64_t now_id = id_floor(clock_wall_us());
    size_t read = 1;

    begin();
    CU_ASSERT_EQUAL_FATAL(db_begin(t.late), DB_OK);
    add_job(t.late, id_floor(clock_wall_us() - 30 * CLOCK_US_PER_S), 1);
    add_job(t.db, now_id, 2);
    look_at_tail();
    CU_ASSERT_EQUAL_FATAL(db_commit(t.late), DB_OK);
    look_at_tail();
    CU_ASSERT_EQUAL(in_memory(), 1);
    CU_ASSERT_EQUAL_FATAL(reader_heads(reader), DB_OK);
    while (read > 0)
        CU_ASSERT_EQUAL_FATAL(reader_lanes(reader, &read), DB_OK);
    CU_ASSERT_EQUAL(in_memory(), 2);
    end();
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"the tail finds what was committed late",
         test_the_tail_finds_what_was_committed_late},
        {"the heads find what the tail has missed",
         test_the_heads_find_what_the_tail_has_missed},
        CU_TEST_INFO_NULL,
    };
    int rc = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate())
        rc = unit_run("reader", tests);
    testdb_stop();
    return rc;
}
