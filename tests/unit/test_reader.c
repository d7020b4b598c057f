/*
 * test_reader.c - unit tests for worker/store/reader.c and heads.c: what the tail,
 * the lanes and the heads bring into memory.
 */
#include "heads.h"
#include "reader.h"
#include "unit.h"
#include "waits.h"
#include "worker_fixture.h"

#include "id.h"
#include "lane.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

static struct reader *reader;
static struct heads *heads;

static void
begin(void)
{
    struct reader_peers peers;

    set_up(&testdb_settings);
    peers = (struct reader_peers){
        .db = t.db,
        .desk = &t.desk,
        .payloads = t.payloads,
        .follower = &t.follower,
        .lease = &t.lease,
    };
    reader = reader_new(&peers);
    heads = heads_new(&peers);
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
    heads_free(heads);
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

static size_t
lanes_known(void)
{
    size_t lanes = scheduler_counts(desk_lock(&t.desk)).lanes;

    desk_unlock(&t.desk);
    return lanes;
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

static void
read_lanes(void)
{
    size_t read = 1;

    while (read > 0)
        CU_ASSERT_EQUAL_FATAL(reader_lanes(reader, &read), DB_OK);
}

/* What the tail has missed for good is found by the heads of the lanes. */
static void
test_the_heads_find_what_the_tail_has_missed(void)
{
    uint64_t now_id = id_floor(clock_wall_us());
    bool whole;

    begin();
    CU_ASSERT_EQUAL_FATAL(db_begin(t.late), DB_OK);
    add_job(t.late, id_floor(clock_wall_us() - 30 * CLOCK_US_PER_S), 1);
    add_job(t.db, now_id, 2);
    look_at_tail();
    CU_ASSERT_EQUAL_FATAL(db_commit(t.late), DB_OK);
    look_at_tail();
    CU_ASSERT_EQUAL(in_memory(), 1);
    CU_ASSERT_EQUAL_FATAL(heads_look(heads, &whole), DB_OK);
    CU_ASSERT_TRUE(whole);
    read_lanes();
    CU_ASSERT_EQUAL(in_memory(), 2);
    end();
}

static _Atomic bool held_up;

static void *
hold_up(void *arg)
{
    const struct timespec long_enough = {.tv_nsec = 10000000};

    (void)desk_lock(&t.desk);
    held_up = true;
    (void)nanosleep(&long_enough, NULL);
    desk_unlock(&t.desk);
    return arg;
}

/* A look that takes about 10 ms, however fast the machine is. *whole: it was all
   shards. */
static void
look_slowly(bool *whole)
{
    pthread_t thread;

    held_up = false;
    CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, hold_up, NULL), 0);
    while (!held_up)
        (void)sched_yield();
    CU_ASSERT_EQUAL_FATAL(heads_look(heads, whole), DB_OK);
    CU_ASSERT_EQUAL_FATAL(pthread_join(thread, NULL), 0);
}

enum { LANES = 3000, LOOKS = 64 };

static void
add_lanes(uint64_t past_id)
{
    int i;

    testdb_exec(t.db, "INSERT INTO subscriptions (id, application_id, url, "
                      "secret, config_version, disabled_at) SELECT 2 + seq, 1, "
                      "'https://e.org', '', 1, UTC_TIMESTAMP(6) "
                      "FROM seq_1_to_3000");
    CU_ASSERT_EQUAL_FATAL(db_begin(t.db), DB_OK);
    for (i = 0; i < LANES; i++)
        add_job(t.db, past_id + (uint64_t)i, 3 + (uint32_t)i);
    CU_ASSERT_EQUAL_FATAL(db_commit(t.db), DB_OK);
}

/* Where a look is long for so many lanes it is done in parts, until they are few
   again. */
static void
test_the_heads_of_many_lanes_are_all_looked_at(void)
{
    uint64_t past_id = id_floor(clock_wall_us() - 30 * CLOCK_US_PER_S);
    bool whole;
    int i;

    begin();
    add_lanes(past_id);
    look_slowly(&whole);
    CU_ASSERT_TRUE(whole);
    look_slowly(&whole);
    CU_ASSERT_FALSE(whole);
    for (i = 0; i < LOOKS; i++)
        CU_ASSERT_EQUAL_FATAL(heads_look(heads, &whole), DB_OK);
    CU_ASSERT_EQUAL(lanes_known(), LANES);
    testdb_exec(t.db, "DELETE FROM jobs");
    add_job(t.db, past_id, 1);
    for (i = 0; i < LOOKS; i++)
        CU_ASSERT_EQUAL_FATAL(heads_look(heads, &whole), DB_OK);
    CU_ASSERT_EQUAL(lanes_known(), 1);
    CU_ASSERT_TRUE(whole);
    end();
}

static void
test_after_a_hurry_all_heads_are_looked_at(void)
{
    uint64_t past_id = id_floor(clock_wall_us() - 30 * CLOCK_US_PER_S);
    bool whole;

    begin();
    add_lanes(past_id);
    look_slowly(&whole);
    look_slowly(&whole);
    CU_ASSERT_FALSE(whole);
    CU_ASSERT(heads_due(heads) > 0);
    heads_hurry(heads);
    CU_ASSERT_EQUAL(heads_due(heads), 0);
    CU_ASSERT_EQUAL_FATAL(heads_look(heads, &whole), DB_OK);
    CU_ASSERT_TRUE(whole);
    end();
}

/* More statements would be slow as well. */
static void
test_a_slow_look_at_few_lanes_is_not_parted(void)
{
    bool whole;
    int i;

    begin();
    add_job(t.db, id_floor(clock_wall_us()), 1);
    for (i = 0; i < 4; i++) {
        look_slowly(&whole);
        CU_ASSERT_TRUE(whole);
    }
    end();
}

#define ROUND_US CLOCK_US_PER_S /* from one look to the next, */
#define SHARE 20                /* or so many times what it took */
#define LOOK "SELECT shard,lane,MIN"

/* A look that is over at once: the due time lies between what its clock can have
   said at the least and at the most. */
static void
test_the_heads_are_looked_at_once_a_second(void)
{
    int64_t before_us, took_us;
    bool whole;

    begin();
    before_us = clock_mono_us();
    CU_ASSERT_EQUAL_FATAL(heads_look(heads, &whole), DB_OK);
    took_us = clock_mono_us() - before_us;
    CU_ASSERT(heads_due(heads) >= before_us + ROUND_US);
    CU_ASSERT(heads_due(heads) <=
              before_us + took_us +
                  (took_us * SHARE > ROUND_US ? took_us * SHARE : ROUND_US));
    end();
}

static enum db_result
look_at_heads(struct db *unused)
{
    bool whole;

    (void)unused;
    return heads_look(heads, &whole);
}

/* One that waits for somebody: the server says for how long it has, and after
   that it is still not over. Its own clock must have seen more. */
static void
test_looks_that_take_long_become_rare(void)
{
    static const char waited[] =
        "SELECT FLOOR(MAX(TIME_MS)) * 1000 FROM information_schema.PROCESSLIST "
        "WHERE DB = DATABASE() AND INFO LIKE '" LOOK "%'";
    struct waits_thread look;
    int64_t waited_us, then_us;

    begin();
    testdb_exec(t.late, "LOCK TABLES jobs WRITE");
    waits_start(&look, look_at_heads);
    CU_ASSERT_TRUE(waits_for(t.late, LOOK));
    waited_us = (int64_t)testdb_u64(t.late, waited);
    then_us = clock_mono_us();
    testdb_exec(t.late, "UNLOCK TABLES");
    CU_ASSERT_EQUAL_FATAL(waits_end(&look), DB_OK);
    CU_ASSERT(heads_due(heads) >= then_us + waited_us * SHARE);
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
        {"the heads of many lanes are all looked at",
         test_the_heads_of_many_lanes_are_all_looked_at},
        {"after a hurry all heads are looked at",
         test_after_a_hurry_all_heads_are_looked_at},
        {"a slow look at few lanes is not parted",
         test_a_slow_look_at_few_lanes_is_not_parted},
        {"the heads are looked at once a second",
         test_the_heads_are_looked_at_once_a_second},
        {"looks that take long become rare",
         test_looks_that_take_long_become_rare},
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
