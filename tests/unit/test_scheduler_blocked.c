/*
 * test_scheduler_blocked.c - unit tests for worker/schedule/scheduler_blocked.c: FIFO
 * lanes that a person has told to go on.
 */
#include "scheduler_fixture.h"

static struct plan fifo = {.mode = LANE_REMOTE, .window = 5, .fifo = true};
static struct plan plain = {.mode = LANE_REMOTE, .window = 5};

/* The lane's head as the database has it, read and ready. */
static void
read_head(struct scheduler *s, const struct job_row *row)
{
    struct lane_read read;

    tell_head(s, row);
    read = plan_one(s);
    (void)answer_one(s, &read, row);
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
    struct lane_read read;
    struct task *task;
    uint64_t lane;

    scheduler_unblock(s, LANE(1));
    CU_ASSERT_EQUAL(scheduler_blocked(s, &lane, 1), 0);
    /* The first was cancelled: the one behind it is the first now. */
    read = plan_one(s);
    CU_ASSERT_EQUAL(read.lane, LANE(1));
    task = answer_one(s, &read, &second);
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
        head_of(1, row.due_us),
        head_of(2, row.due_us),
    };
    struct lane_read read;
    uint64_t first = 0, second = 0;

    tell_heads(s, heads, 2, &now);
    read = plan_one(s);
    (void)answer_one(s, &read, &row);
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
