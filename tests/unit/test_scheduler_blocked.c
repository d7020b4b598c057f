/*
 * test_scheduler_blocked.c - unit tests for worker/scheduler_blocked.c: FIFO
 * lanes that a person has told to go on.
 */
#include "scheduler_fixture.h"

static struct plan fifo = {.mode = LANE_REMOTE, .window = 5, .fifo = true};
static struct plan plain = {.mode = LANE_REMOTE, .window = 5};

/* The lane's head as the database has it, read and ready. */
static void
read_head(struct scheduler *s, const struct job_row *row)
{
    const struct lane_head head = {row->lane, row->shard, row->due_us};
    struct lane_read reads[2];
    struct task *task;

    scheduler_begin_heads(s);
    scheduler_head(s, &head, &now);
    scheduler_end_heads(s);
    CU_ASSERT_EQUAL_FATAL(scheduler_plan_reads(s, reads, 2), 1);
    task = scheduler_offer_read(s, row, &now);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    scheduler_end_read(s, &reads[0], &now, false);
    scheduler_ready(s, task);
}

/* Its first job has failed and is tried again in a second. */
static struct scheduler *
with_blocked_lane(void)
{
    const struct job_row row = job(1, 1);
    struct scheduler *s = make(&fifo, 100, 1000);

    read_head(s, &row);
    fail_at(s, next(s), NOW);
    return s;
}

static void
test_blocked_lanes_are_told(void)
{
    struct scheduler *s = with_blocked_lane();
    uint64_t lanes[2] = {0, 0};
    struct lane_read reads[2];

    CU_ASSERT_EQUAL(scheduler_blocked(s, lanes, 2), 1);
    CU_ASSERT_EQUAL(lanes[0], LANE(1));
    CU_ASSERT_EQUAL(scheduler_blocked(s, lanes, 0), 0);
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, reads, 2), 0);
    /* Its time has come. */
    scheduler_tick(s, NOW + 2 * SECOND);
    CU_ASSERT_EQUAL(scheduler_blocked(s, lanes, 2), 0);
    clear(s);
}

static void
test_unblocked_it_is_read_at_once(void)
{
    struct scheduler *s = with_blocked_lane();
    const struct job_row second = job(2, 1);
    struct lane_read reads[2];
    struct task *task;
    uint64_t lane;

    scheduler_unblock(s, LANE(1));
    CU_ASSERT_EQUAL(scheduler_blocked(s, &lane, 1), 0);
    /* The first was cancelled: the one behind it is the first now. */
    CU_ASSERT_EQUAL_FATAL(scheduler_plan_reads(s, reads, 2), 1);
    CU_ASSERT_EQUAL(reads[0].lane, LANE(1));
    task = scheduler_offer_read(s, &second, &now);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    scheduler_end_read(s, &reads[0], &now, false);
    scheduler_ready(s, task);
    CU_ASSERT_PTR_EQUAL(next(s), task);
    finish(s, task);
    clear(s);
}

static void
test_others_are_left_alone(void)
{
    struct scheduler *s = make(&plain, 100, 1000);
    uint64_t lane;

    CU_ASSERT_PTR_NOT_NULL(offer_ready(s, job(1, 1)));
    fail_at(s, next(s), NOW);
    CU_ASSERT_EQUAL(scheduler_blocked(s, &lane, 1), 0);
    scheduler_unblock(s, LANE(1));
    scheduler_unblock(s, LANE(999)); /* nobody knows it */
    CU_ASSERT_PTR_NULL(next(s));
    clear(s);
}

/* A call that has no room for all goes on with the others the next time. */
static void
test_many_are_told_in_turn(void)
{
    struct scheduler *s = with_blocked_lane();
    const struct job_row row = job(2, 2);
    const struct lane_head heads[] = {
        {LANE(1), lane_shard(LANE(1)), row.due_us},
        {LANE(2), lane_shard(LANE(2)), row.due_us},
    };
    struct lane_read read;
    struct task *task;
    uint64_t first = 0, second = 0;

    scheduler_begin_heads(s);
    scheduler_head(s, &heads[0], &now);
    scheduler_head(s, &heads[1], &now);
    scheduler_end_heads(s);
    CU_ASSERT_EQUAL_FATAL(scheduler_plan_reads(s, &read, 1), 1);
    task = scheduler_offer_read(s, &row, &now);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    scheduler_end_read(s, &read, &now, false);
    scheduler_ready(s, task);
    fail_at(s, next(s), NOW);
    CU_ASSERT_EQUAL(scheduler_blocked(s, &first, 1), 1);
    CU_ASSERT_EQUAL(scheduler_blocked(s, &second, 1), 1);
    CU_ASSERT_EQUAL(first + second, LANE(1) + LANE(2));
    CU_ASSERT_NOT_EQUAL(first, second);
    clear(s);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"blocked lanes are told", test_blocked_lanes_are_told},
        {"an unblocked lane is read at once",
         test_unblocked_it_is_read_at_once},
        {"many are told in turn", test_many_are_told_in_turn},
        {"other lanes are left alone", test_others_are_left_alone},
        CU_TEST_INFO_NULL,
    };

    return unit_run("scheduler_blocked", tests);
}
