/*
 * test_scheduler_fifo.c - unit tests for worker/schedule/scheduler_fifo.c: lanes that
 * keep an order.
 */
#include "scheduler_fixture.h"

static struct plan fifo = {.mode = LANE_REMOTE, .window = 5, .fifo = true};

/* The n-th of its lane. */
static struct job_row
nth(uint32_t subscription, uint64_t n)
{
    struct job_row row = job(1000 - n, subscription); /* ids say nothing */

    row.due_us = NOW_DB - 100000 + (int64_t)n;
    return row;
}

/* The answer to a read: the first so many of the lane from the n-th on. */
static void
answer(struct scheduler *s, const struct lane_read *read, uint32_t subscription,
       uint64_t from, uint64_t to)
{
    struct task *tasks[16];
    size_t count = 0, i;
    uint64_t n;

    CU_ASSERT_TRUE(read->fifo);
    for (n = from; n < to && n - from < read->limit; n++) {
        const struct job_row row = nth(subscription, n);

        if (row.due_us < read->from_us)
            continue;
        tasks[count] = scheduler_offer_read(s, &row, &now);
        count += tasks[count] != NULL;
    }
    scheduler_end_read(s, read, &now, false);
    for (i = 0; i < count; i++)
        scheduler_ready(s, tasks[i]);
}

/* A lane with some jobs in memory, found by its head. */
static struct scheduler *
with_jobs(uint64_t count)
{
    struct scheduler *s = make(&fifo, 100, 1000);
    const struct job_row first = nth(1, 0);
    struct lane_read read;

    tell_head(s, &first);
    read = plan_one(s);
    answer(s, &read, 1, 0, count);
    return s;
}

static struct task *
expect_next(struct scheduler *s, uint64_t n)
{
    struct task *task = next(s);

    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    CU_ASSERT_EQUAL(task->job.id, nth(1, n).id);
    return task;
}

static void
test_one_at_a_time_in_order(void)
{
    struct scheduler *s = with_jobs(4);
    struct task *task;
    uint64_t n;

    for (n = 0; n < 4; n++) {
        task = expect_next(s, n);
        CU_ASSERT_PTR_NULL(next(s));
        finish(s, task);
    }
    CU_ASSERT_PTR_NULL(next(s));
    scheduler_free(s);
}

static void
test_goes_on_before_the_commit(void)
{
    struct scheduler *s = with_jobs(2);
    struct task *first = expect_next(s, 0), *second;

    end_at(s, first, OUTCOME_SUCCESS, FEEDBACK_GOOD, NOW);
    second = expect_next(s, 1);
    /* What failed for good is waited for. */
    forget(s, first);
    end_at(s, second, OUTCOME_FAILED, FEEDBACK_GOOD, NOW);
    CU_ASSERT_PTR_NULL(next(s));
    forget(s, second);
    scheduler_free(s);
}

static void
test_failed_for_good_is_waited_for(void)
{
    struct scheduler *s = with_jobs(2);
    struct task *task = expect_next(s, 0);

    end_at(s, task, OUTCOME_FAILED, FEEDBACK_GOOD, NOW);
    CU_ASSERT_PTR_NULL(next(s));
    forget(s, task); /* committed */
    finish(s, expect_next(s, 1));
    scheduler_free(s);
}

/* The delivery loop hears of nothing else when a job is committed. */
static void
test_loop_is_told_of_those_behind(void)
{
    struct scheduler *s = with_jobs(3);
    struct task *task = expect_next(s, 0);

    end_at(s, task, OUTCOME_FAILED, FEEDBACK_GOOD, NOW);
    CU_ASSERT_TRUE(scheduler_is_waited_for(task));
    forget(s, task);
    task = expect_next(s, 1);
    end_at(s, task, OUTCOME_SUCCESS, FEEDBACK_GOOD, NOW);
    CU_ASSERT_FALSE(scheduler_is_waited_for(task)); /* they went on already */
    forget(s, task);
    task = expect_next(s, 2);
    end_at(s, task, OUTCOME_FAILED, FEEDBACK_GOOD, NOW);
    CU_ASSERT_FALSE(scheduler_is_waited_for(task)); /* there are none */
    forget(s, task);
    scheduler_free(s);
}

/* Those behind a job that is tried again are read anew, and told of then. */
static void
test_loop_is_not_told_of_a_wait(void)
{
    struct scheduler *s = with_jobs(2);
    struct task *task = expect_next(s, 0);

    end_at(s, task, OUTCOME_RETRY, FEEDBACK_GOOD, NOW);
    scheduler_expect(s, task, NOW + 5 * SECOND);
    CU_ASSERT_FALSE(scheduler_is_waited_for(task));
    forget(s, task);
    CU_ASSERT_EQUAL(free_dropped(s), 1);
    scheduler_free(s);
}

static void
test_head_is_tried_again_first(void)
{
    struct scheduler *s = with_jobs(3);
    struct task *task = expect_next(s, 0);
    struct lane_read read;
    struct job_row row;

    end_at(s, task, OUTCOME_RETRY, FEEDBACK_GOOD, NOW);
    scheduler_expect(s, task, NOW + 5 * SECOND);
    forget(s, task);
    /* The others wait with it, and take no memory meanwhile. */
    CU_ASSERT_EQUAL(free_dropped(s), 2);
    CU_ASSERT_PTR_NULL(next(s));
    CU_ASSERT_EQUAL(scheduler_counts(s).hungry, 0);
    row = nth(1, 3);
    CU_ASSERT_PTR_NULL(offer_ready(s, row));
    CU_ASSERT_EQUAL(scheduler_counts(s).hungry, 0);
    CU_ASSERT_EQUAL(scheduler_next_due(s), NOW + 5 * SECOND);
    scheduler_tick(s, NOW + 5 * SECOND);
    /* It is read from the first one on. */
    read = plan_one(s);
    CU_ASSERT(read.from_us <= nth(1, 0).due_us);
    answer(s, &read, 1, 0, 4);
    finish(s, expect_next(s, 0));
    finish(s, expect_next(s, 1));
    finish(s, expect_next(s, 2));
    finish(s, expect_next(s, 3));
    scheduler_free(s);
}

/* After a restart the database says until when. */
static void
test_wait_is_read_with_the_head(void)
{
    struct scheduler *s = make(&fifo, 100, 1000);
    struct job_row row = nth(1, 0);
    struct lane_read read;

    tell_head(s, &row);
    read = plan_one(s);
    row.attempts = 2;
    row.blocked_us = NOW_DB + 3 * SECOND;
    CU_ASSERT_PTR_NULL(scheduler_offer_read(s, &row, &now));
    row = nth(1, 1);
    row.blocked_us = NOW_DB + 3 * SECOND;
    CU_ASSERT_PTR_NULL(scheduler_offer_read(s, &row, &now));
    scheduler_end_read(s, &read, &now, false);
    CU_ASSERT_EQUAL(scheduler_next_due(s), NOW + 3 * SECOND);
    CU_ASSERT_EQUAL(scheduler_counts(s).hungry, 0);
    scheduler_tick(s, NOW + 3 * SECOND);
    read = plan_one(s);
    row = nth(1, 0);
    row.attempts = 2;
    row.blocked_us = NOW_DB; /* over */
    (void)answer_one(s, &read, &row);
    finish(s, expect_next(s, 0));
    scheduler_free(s);
}

/* Its wait is over for a lane whose first job was never tried: it belonged to
   another one, which is gone. */
static void
test_wait_of_another_job_does_not_count(void)
{
    struct scheduler *s = make(&fifo, 100, 1000);
    struct job_row row = nth(1, 0);
    struct lane_read read;

    tell_head(s, &row);
    read = plan_one(s);
    row.blocked_us = NOW_DB + 3 * SECOND;
    (void)answer_one(s, &read, &row);
    finish(s, expect_next(s, 0));
    scheduler_free(s);
}

static void
test_tail_only_says_that_there_is_more(void)
{
    struct scheduler *s = make(&fifo, 100, 1000);
    struct lane_read read;

    CU_ASSERT_PTR_NULL(offer_ready(s, nth(1, 1)));
    CU_ASSERT_PTR_NULL(next(s));
    read = plan_one(s);
    CU_ASSERT_EQUAL(read.from_us, 0);
    answer(s, &read, 1, 0, 2);
    finish(s, expect_next(s, 0));
    finish(s, expect_next(s, 1));
    scheduler_free(s);
}

static void
test_given_back_comes_before_those_that_wait(void)
{
    struct scheduler *s = with_jobs(3);
    struct task *task = expect_next(s, 0);
    struct lane_read read;

    end_at(s, task, OUTCOME_DROPPED, FEEDBACK_NONE, NOW);
    CU_ASSERT_PTR_NULL(next(s));
    scheduler_put_back(s, task);
    free(task);
    CU_ASSERT_PTR_NULL(next(s));
    (void)free_dropped(s);
    read = plan_one(s);
    answer(s, &read, 1, 0, 3);
    finish(s, expect_next(s, 0));
    finish(s, expect_next(s, 1));
    finish(s, expect_next(s, 2));
    scheduler_free(s);
}

/* A deliver_at whose transaction was late. */
static void
test_late_one_takes_its_place(void)
{
    struct scheduler *s = with_jobs(3);
    struct task *task = expect_next(s, 0);
    struct job_row late = nth(1, 0);
    struct lane_read read;

    finish(s, task);
    late.id = 7;
    late.due_us -= 5;
    tell_head(s, &late);
    CU_ASSERT_PTR_NULL(next(s));
    (void)free_dropped(s);
    read = plan_one(s);
    CU_ASSERT(read.from_us <= late.due_us);
    task = scheduler_offer_read(s, &late, &now);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    answer(s, &read, 1, 1, 3);
    CU_ASSERT_PTR_NULL(next(s)); /* it is still being loaded */
    scheduler_ready(s, task);
    task = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    CU_ASSERT_EQUAL(task->job.id, 7);
    finish(s, task);
    finish(s, expect_next(s, 1));
    finish(s, expect_next(s, 2));
    scheduler_free(s);
}

/* While events are read, only what comes before them may run. */
static void
test_waits_for_what_is_being_loaded(void)
{
    struct scheduler *s = make(&fifo, 100, 1000);
    struct job_row rows[2] = {nth(1, 0), nth(1, 1)};
    struct task *tasks[2];
    struct lane_read read;

    tell_head(s, &rows[0]);
    read = plan_one(s);
    tasks[0] = scheduler_offer_read(s, &rows[0], &now);
    tasks[1] = scheduler_offer_read(s, &rows[1], &now);
    CU_ASSERT_FATAL(tasks[0] != NULL && tasks[1] != NULL);
    scheduler_end_read(s, &read, &now, false);
    scheduler_ready(s, tasks[1]);
    CU_ASSERT_PTR_NULL(next(s));
    scheduler_ready(s, tasks[0]);
    finish(s, expect_next(s, 0));
    finish(s, expect_next(s, 1));
    scheduler_free(s);
}

/* The keys of one subscription have lanes of their own, and one receiver. */
static void
test_keys_share_the_receiver(void)
{
    struct plan plan = {.mode = LANE_REMOTE, .window = 2, .fifo = true};
    struct scheduler *s = make(&plan, 100, 1000);
    struct lane_head heads[3];
    struct lane_read reads[4];
    struct task *running[3];
    size_t i, count;

    for (i = 0; i < 3; i++) {
        heads[i] = head_of(1, NOW_DB - 10);
        heads[i].lane |= (i + 1) << 3;
    }
    tell_heads(s, heads, 3, &now);
    count = scheduler_plan_reads(s, reads, 4);
    CU_ASSERT_EQUAL(count, 3);
    for (i = 0; i < count; i++) {
        struct job_row row = job(10 + i, 1);

        row.lane = reads[i].lane;
        (void)answer_one(s, &reads[i], &row);
    }
    running[0] = next(s);
    running[1] = next(s);
    CU_ASSERT_FATAL(running[0] != NULL && running[1] != NULL);
    CU_ASSERT_PTR_NULL(next(s)); /* the receiver's window */
    finish(s, running[0]);
    running[2] = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(running[2]);
    finish(s, running[1]);
    finish(s, running[2]);
    scheduler_free(s);
}

static void
test_order_is_asked_for_later(void)
{
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct scheduler *s = make(&plan, 100, 1000);
    struct task_list dropped = TASK_LIST_INIT;
    struct lane_read read;

    (void)offer_ready(s, nth(1, 1));
    (void)offer_ready(s, nth(1, 0));
    plan.fifo = true;
    scheduler_reconfigure(s, &dropped);
    CU_ASSERT_EQUAL(free_list(&dropped), 2);
    read = plan_one(s);
    answer(s, &read, 1, 0, 2);
    finish(s, expect_next(s, 0));
    finish(s, expect_next(s, 1));
    scheduler_free(s);
}

/* What waits behind its first job need not any more. */
static void
test_order_is_given_up_later(void)
{
    struct scheduler *s = with_jobs(1);
    struct task_list dropped = TASK_LIST_INIT;
    struct lane_read read;

    fail_at(s, expect_next(s, 0), NOW);
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, &read, 1), 0);
    fifo.fifo = false;
    scheduler_reconfigure(s, &dropped);
    fifo.fifo = true;
    read = plan_one(s);
    CU_ASSERT_FALSE(read.fifo);
    scheduler_end_read(s, &read, &now, true);
    scheduler_free(s);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"one at a time, in order", test_one_at_a_time_in_order},
        {"a success is enough to go on", test_goes_on_before_the_commit},
        {"what failed for good is waited for",
         test_failed_for_good_is_waited_for},
        {"the loop is told of those behind one that failed",
         test_loop_is_told_of_those_behind},
        {"the loop is not told of a wait", test_loop_is_not_told_of_a_wait},
        {"the head is tried again first", test_head_is_tried_again_first},
        {"a wait is read with the head", test_wait_is_read_with_the_head},
        {"another job's wait does not count",
         test_wait_of_another_job_does_not_count},
        {"the tail only says that there is more",
         test_tail_only_says_that_there_is_more},
        {"what is given back comes first",
         test_given_back_comes_before_those_that_wait},
        {"a late one takes its place", test_late_one_takes_its_place},
        {"waits for what is being loaded", test_waits_for_what_is_being_loaded},
        {"keys share the receiver", test_keys_share_the_receiver},
        {"order is asked for later", test_order_is_asked_for_later},
        {"order is given up later", test_order_is_given_up_later},
        CU_TEST_INFO_NULL,
    };

    return unit_run("scheduler_fifo", tests);
}
