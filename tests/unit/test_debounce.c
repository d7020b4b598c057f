/*
 * test_debounce.c - worker/process/debounce.c against a real database: which
 * event stands for its entity, and when it is due.
 */
#include "debounce.h"
#include "unit.h"
#include "worker_fixture.h"

#include "alloc.h"
#include "lane.h"

#include <stdlib.h>

#define SOURCE 7
#define SECOND CLOCK_US_PER_S
#define EVENTS 8

static struct debounce *debounce;
static struct source source = {.id = SOURCE, .application_id = 1};
static int64_t start_us;

/* Events 1, 2, ... about one page, each with a job of the same number. */
static struct inbound in[EVENTS];
static struct flush_row rows[EVENTS];
static struct debounce_want wants[EVENTS];
static size_t count;

static void
begin(uint32_t quiet_ms, uint32_t longest_ms)
{
    set_up(&testdb_settings);
    debounce = debounce_new(&t.desk, t.payloads);
    source.options.debounce_ms = quiet_ms;
    source.options.debounce_max_ms = longest_ms;
    source.retry_delay_s = 0;
    start_us = INT64_C(1767279600000000);
    count = 0;
}

static void
end(void)
{
    debounce_free(debounce);
    testdb_exec(t.late, "DELETE FROM debounce");
    tear_down();
}

/* A job in one of the source's lanes, as it is read from there. */
static struct flush_row *
add_row(uint64_t id, enum lane_kind kind)
{
    uint64_t lane = lane_number(kind, SOURCE);
    struct flush_row *row = &rows[count];
    char sql[256];

    (void)snprintf(sql, sizeof(sql),
                   "INSERT IGNORE INTO jobs (id,kind,shard,lane,event_id)"
                   " VALUES (%llu,2,%u,%llu,%llu)",
                   (unsigned long long)id, (unsigned)lane_shard(lane),
                   (unsigned long long)lane, (unsigned long long)id);
    testdb_exec(t.db, sql);
    *row = (struct flush_row){
        .job = {.id = id,
                .lane = lane,
                .event_id = id,
                .kind = JOB_PROCESS,
                .shard = (uint8_t)lane_shard(lane)},
        .status = FLUSH_MOVE,
        .event_type = SLICE("notion.page.content_updated"),
        .live = true,
    };
    return row;
}

static struct debounce_want *
add(uint64_t id, enum lane_kind kind, const char *page)
{
    struct flush_row *row = add_row(id, kind);
    struct debounce_want *want = &wants[count];

    in[count] = (struct inbound){
        .action = INBOUND_UPDATE,
        .version_us = (int64_t)id,
        .type = "notion.page.content_updated",
    };
    *want = (struct debounce_want){
        .source = &source,
        .in = &in[count],
        .row = row,
        .moves = kind == LANE_SOURCE,
    };
    debounce_key_make(&want->key, SOURCE, "db", page);
    count++;
    return want;
}

/* The batch's transaction at that second; what moves is moved. */
static void
apply(int64_t second)
{
    int64_t now_us = start_us + second * SECOND;
    size_t i;

    for (i = 0; i < count; i++)
        rows[i].ended_us = now_us;
    CU_ASSERT_EQUAL_FATAL(db_begin(t.db), DB_OK);
    CU_ASSERT_EQUAL_FATAL(debounce_apply(debounce, t.db, wants, count, now_us),
                          DB_OK);
    for (i = 0; i < count; i++) {
        const struct debounce_want *want = &wants[i];

        if (want->coalesced)
            want->row->status = FLUSH_SUCCESS;
        else if (want->ends)
            want->row->status = FLUSH_SUCCESS;
    }
    CU_ASSERT_EQUAL_FATAL(store_flush_write(t.db, rows, count), DB_OK);
    CU_ASSERT_EQUAL_FATAL(db_commit(t.db), DB_OK);
    count = 0;
}

static int64_t
due_s(uint64_t job)
{
    struct db_rows *found = NULL;
    const struct slice *row;
    char sql[128];
    int64_t us;

    (void)snprintf(sql, sizeof(sql),
                   "SELECT next_retry_at FROM jobs WHERE id=%llu",
                   (unsigned long long)job);
    CU_ASSERT_EQUAL_FATAL(db_query_row(t.db, slice_of(sql), &found, &row),
                          DB_OK);
    us = db_time_us(row[0]);
    db_rows_free(found);
    return (us - start_us) / SECOND;
}

static uint64_t
jobs(void)
{
    return testdb_u64(t.db, "SELECT COUNT(*) FROM jobs");
}

static uint64_t
number(const char *sql)
{
    return testdb_u64(t.db, sql);
}

static void
test_due(void)
{
    struct source_options options = {.debounce_ms = 5000,
                                     .debounce_max_ms = 60000};

    CU_ASSERT_EQUAL(debounce_due(&options, false, 0, 0), 5 * SECOND);
    CU_ASSERT_EQUAL(debounce_due(&options, false, 0, 30 * SECOND), 35 * SECOND);
    CU_ASSERT_EQUAL(debounce_due(&options, false, 0, 58 * SECOND), 60 * SECOND);
    CU_ASSERT_EQUAL(debounce_due(&options, false, 0, 99 * SECOND), 60 * SECOND);
    CU_ASSERT_EQUAL(debounce_due(&options, true, 0, 30 * SECOND), 30 * SECOND);
    /* A longest time below the quiet time is none. */
    options.debounce_max_ms = 1000;
    CU_ASSERT_EQUAL(debounce_due(&options, false, 0, 0), 5 * SECOND);
    /* Without a quiet time what waits for something else keeps its place. */
    options.debounce_ms = 0;
    CU_ASSERT_EQUAL(debounce_due(&options, false, 3, 99 * SECOND), 3);
}

static void
test_the_newest_stands_for_all(void)
{
    begin(5000, 60000);
    add(1, LANE_SOURCE, "p");
    add(2, LANE_SOURCE, "p");
    add(3, LANE_SOURCE, "other");
    apply(0);
    CU_ASSERT_EQUAL(jobs(), 2);
    CU_ASSERT_EQUAL(due_s(2), 5);
    add(4, LANE_SOURCE, "p");
    apply(3);
    CU_ASSERT_EQUAL(jobs(), 2);
    CU_ASSERT_EQUAL(due_s(4), 8);
    CU_ASSERT_EQUAL(number("SELECT COUNT(*) FROM debounce"), 2);
    CU_ASSERT_EQUAL(number("SELECT COUNT(*) FROM jobs WHERE lane=(7<<32|4)"),
                    2);
    /* The one outside the batch points to the one that came. */
    CU_ASSERT_EQUAL(number("SELECT COUNT(*) FROM deliveries WHERE id=2 AND "
                           "status='success' AND error_class='coalesced' AND "
                           "error_message LIKE 'superseded by evt_%'"),
                    1);
    end();
}

static void
test_a_round_has_an_end(void)
{
    begin(5000, 7000);
    add(1, LANE_SOURCE, "p");
    apply(0);
    add(2, LANE_SOURCE, "p");
    apply(4);
    CU_ASSERT_EQUAL(due_s(2), 7);
    add(3, LANE_SOURCE, "p");
    apply(6);
    CU_ASSERT_EQUAL(due_s(3), 7);
    end();
}

static void
test_an_older_event_that_comes_late_is_coalesced(void)
{
    struct debounce_want *late;

    begin(5000, 60000);
    add(2, LANE_SOURCE, "p");
    apply(0);
    late = add(1, LANE_SOURCE, "p");
    apply(1);
    CU_ASSERT_TRUE(late->coalesced);
    CU_ASSERT_EQUAL(late->by_event, 2);
    CU_ASSERT_EQUAL(due_s(2), 5);
    CU_ASSERT_EQUAL(jobs(), 1);
    end();
}

static void
test_a_round_ends_with_its_job(void)
{
    begin(5000, 60000);
    add(1, LANE_SOURCE, "p");
    apply(0);
    add(1, LANE_FETCH, "p")->ends = true;
    apply(6);
    CU_ASSERT_EQUAL(jobs(), 0);
    CU_ASSERT_EQUAL(number("SELECT COUNT(*) FROM debounce"), 0);
    /* The next one begins anew. */
    add(2, LANE_SOURCE, "p");
    apply(10);
    CU_ASSERT_EQUAL(due_s(2), 15);
    end();
}

/* The job is in memory and runs. */
static struct task *
run_job(uint64_t id)
{
    uint64_t lane = lane_number(LANE_SUBSCRIPTION, 1); /* one that runs */
    const struct job_row row = {
        .id = id,
        .lane = lane,
        .event_id = id,
        .kind = JOB_PROCESS,
        .shard = (uint8_t)lane_shard(lane),
    };
    struct scheduler *scheduler = desk_lock(&t.desk);
    struct task *task = scheduler_adopt(scheduler, &row);

    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    scheduler_ready(scheduler, task);
    CU_ASSERT_PTR_EQUAL(scheduler_next(scheduler, clock_mono_us()), task);
    desk_unlock(&t.desk);
    return task;
}

static void
end_job(struct task *task)
{
    struct scheduler *scheduler = desk_lock(&t.desk);

    scheduler_end(scheduler, task, clock_mono_us(), 0);
    scheduler_forget(scheduler, task);
    desk_unlock(&t.desk);
    payloads_free_task(t.payloads, task);
}

static void
add_subscription(void)
{
    testdb_exec(t.db, "INSERT INTO subscriptions (id, application_id, url, "
                      "secret, config_version) VALUES "
                      "(1, 1, 'https://e.org', '', 1)");
    CU_ASSERT_EQUAL_FATAL(
        follower_refresh(&t.follower, t.db, &t.desk, t.payloads), DB_OK);
}

static void
test_what_runs_is_left_alone(void)
{
    struct scheduler *scheduler;
    struct task *task;
    bool busy;

    begin(0, 0);
    add_subscription();
    add(1, LANE_SOURCE, "p");
    apply(0);
    task = run_job(1);
    scheduler = desk_lock(&t.desk);
    CU_ASSERT_PTR_NULL(scheduler_withdraw(scheduler, 1, &busy));
    CU_ASSERT_TRUE(busy);
    desk_unlock(&t.desk);
    add(2, LANE_SOURCE, "p");
    apply(3);
    CU_ASSERT_EQUAL(jobs(), 2);
    CU_ASSERT_EQUAL(number("SELECT job_id FROM debounce"), 2);
    CU_ASSERT_EQUAL(due_s(2), 3);
    end_job(task);
    /* It succeeds: the new round goes on without it. */
    add(1, LANE_FETCH, "p")->ends = true;
    apply(4);
    CU_ASSERT_EQUAL(number("SELECT job_id FROM debounce"), 2);
    end();
}

static void
test_what_would_be_tried_again_gives_way(void)
{
    struct debounce_want *again;

    begin(0, 0);
    add(1, LANE_SOURCE, "p");
    apply(0);
    /* It has run meanwhile, and failed. */
    again = add(1, LANE_FETCH, "p");
    add(2, LANE_SOURCE, "p");
    apply(1);
    CU_ASSERT_TRUE(again->coalesced || wants[1].coalesced);
    CU_ASSERT_EQUAL(jobs(), 1);
    CU_ASSERT_EQUAL(number("SELECT job_id FROM debounce"), 2);
    /* Alone it is tried again. */
    again = add(2, LANE_FETCH, "p");
    rows[0].to_lane = rows[0].job.lane;
    rows[0].retry_at_us = start_us + 9 * SECOND;
    apply(2);
    CU_ASSERT_FALSE(again->coalesced);
    CU_ASSERT_EQUAL(due_s(2), 9);
    end();
}

/* Job 1 was tried twice, and waits for its third attempt. */
static void
fail_twice(int64_t again_s)
{
    char sql[200], at[CLOCK_TEXT_MAX];

    clock_format_sql(start_us + again_s * SECOND, at);
    (void)snprintf(sql, sizeof(sql),
                   "UPDATE jobs SET attempts=2, next_retry_at='%s' WHERE id=1",
                   at);
    testdb_exec(t.late, sql);
}

static void
test_what_takes_a_failed_ones_place_keeps_its_pace(void)
{
    begin(0, 0);
    source.retry_delay_s = 10;
    add(1, LANE_SOURCE, "p");
    apply(0);
    fail_twice(100);
    add(2, LANE_SOURCE, "p");
    apply(5);
    /* A delay as before a first retry, with all attempts ahead. */
    CU_ASSERT_EQUAL(due_s(2), 15);
    CU_ASSERT_EQUAL(number("SELECT attempts FROM jobs WHERE id=2"), 0);
    CU_ASSERT_EQUAL(number("SELECT attempts FROM deliveries WHERE id=1"), 2);
    /* Nor is one that takes the place of that asked for any sooner. */
    add(3, LANE_SOURCE, "p");
    apply(6);
    CU_ASSERT_EQUAL(due_s(3), 15);
    end();
}

static void
test_nobody_waits_longer_than_the_one_before(void)
{
    begin(0, 0);
    source.retry_delay_s = 300;
    add(1, LANE_SOURCE, "p");
    apply(0);
    fail_twice(20);
    add(2, LANE_SOURCE, "p");
    apply(5);
    CU_ASSERT_EQUAL(due_s(2), 20);
    end();
}

static void
test_one_that_fails_as_the_next_comes_sets_its_pace(void)
{
    begin(0, 0);
    source.retry_delay_s = 10;
    add(1, LANE_SOURCE, "p");
    apply(0);
    add(1, LANE_FETCH, "p")->wait_us = 30 * SECOND;
    add(2, LANE_SOURCE, "p");
    apply(1);
    CU_ASSERT_EQUAL(jobs(), 1);
    CU_ASSERT_EQUAL(due_s(2), 11);
    end();
}

static void
test_a_cancelled_job_is_nobodys_predecessor(void)
{
    begin(5000, 60000);
    add(1, LANE_SOURCE, "p");
    apply(0);
    testdb_exec(t.late, "DELETE FROM jobs WHERE id=1");
    add(2, LANE_SOURCE, "p");
    apply(3);
    CU_ASSERT_EQUAL(due_s(2), 8);
    CU_ASSERT_EQUAL(number("SELECT COUNT(*) FROM deliveries"), 0);
    end();
}

static void
test_a_delete_is_due_at_once(void)
{
    begin(5000, 60000);
    add(1, LANE_SOURCE, "p");
    apply(0);
    add(2, LANE_SOURCE, "p");
    in[0].action = INBOUND_DELETE;
    apply(1);
    CU_ASSERT_EQUAL(due_s(2), 1);
    CU_ASSERT_EQUAL(number("SELECT action FROM debounce"), INBOUND_DELETE);
    end();
}

static void
test_lost_rounds_are_swept(void)
{
    bool more = true;

    begin(5000, 60000);
    add(1, LANE_SOURCE, "p");
    add(2, LANE_SOURCE, "q");
    apply(0);
    testdb_exec(t.late, "DELETE FROM jobs WHERE id=1");
    CU_ASSERT_EQUAL(store_debounce_sweep(t.db, &more), DB_OK);
    CU_ASSERT_FALSE(more);
    CU_ASSERT_EQUAL(number("SELECT COUNT(*) FROM debounce"), 1);
    CU_ASSERT_EQUAL(number("SELECT job_id FROM debounce"), 2);
    end();
}

int
main(void)
{
    int rc = EXIT_FAILURE;
    CU_TestInfo tests[] = {
        {"when a round is due", test_due},
        {"the newest stands for all", test_the_newest_stands_for_all},
        {"a round has an end", test_a_round_has_an_end},
        {"an older event that comes late is coalesced",
         test_an_older_event_that_comes_late_is_coalesced},
        {"a round ends with its job", test_a_round_ends_with_its_job},
        {"what runs is left alone", test_what_runs_is_left_alone},
        {"what would be tried again gives way",
         test_what_would_be_tried_again_gives_way},
        {"what takes a failed one's place keeps its pace",
         test_what_takes_a_failed_ones_place_keeps_its_pace},
        {"nobody waits longer than the one before",
         test_nobody_waits_longer_than_the_one_before},
        {"one that fails as the next comes sets its pace",
         test_one_that_fails_as_the_next_comes_sets_its_pace},
        {"a cancelled job is nobody's predecessor",
         test_a_cancelled_job_is_nobodys_predecessor},
        {"a delete is due at once", test_a_delete_is_due_at_once},
        {"lost rounds are swept", test_lost_rounds_are_swept},
        CU_TEST_INFO_NULL,
    };

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate())
        rc = unit_run("debounce", tests);
    testdb_stop();
    return rc;
}
