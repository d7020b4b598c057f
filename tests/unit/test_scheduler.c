/*
 * test_scheduler.c - unit tests for worker/schedule/scheduler.c and scheduler_turn.c:
 * lanes and tasks, and whose turn it is.
 */
#include "scheduler_fixture.h"

/* Runs everything that may run, and everything it lets in, to the end. */
static size_t
drain(struct scheduler *s)
{
    struct task *task;
    size_t n = 0;

    while ((task = next(s)) != NULL) {
        finish(s, task);
        n++;
    }
    return n;
}

static void
test_lanes_take_turns(void)
{
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct scheduler *s = make(&plan, 100, 1000);
    uint64_t order[6];
    size_t i;

    /* Three jobs of one lane come before three of others. */
    for (i = 0; i < 3; i++)
        (void)offer_ready(s, job(10 + i, 1));
    (void)offer_ready(s, job(20, 2));
    (void)offer_ready(s, job(30, 3));
    (void)offer_ready(s, job(31, 3));
    for (i = 0; i < 6; i++) {
        struct task *task = next(s);

        CU_ASSERT_PTR_NOT_NULL_FATAL(task);
        order[i] = task->job.id;
        finish(s, task);
    }
    CU_ASSERT_EQUAL(order[0], 10);
    CU_ASSERT_EQUAL(order[1], 20);
    CU_ASSERT_EQUAL(order[2], 30);
    CU_ASSERT_EQUAL(order[3], 11);
    CU_ASSERT_EQUAL(order[4], 31);
    CU_ASSERT_EQUAL(order[5], 12);
    CU_ASSERT_PTR_NULL(next(s));
    scheduler_free(s);
}

static void
test_window(void)
{
    struct plan plan = {.mode = LANE_REMOTE, .window = 3};
    struct scheduler *s = make(&plan, 100, 1000);
    struct task *running[3];
    size_t i;

    for (i = 0; i < 10; i++)
        (void)offer_ready(s, job(i + 1, 1));
    for (i = 0; i < 3; i++) {
        running[i] = next(s);
        CU_ASSERT_PTR_NOT_NULL_FATAL(running[i]);
    }
    CU_ASSERT_PTR_NULL(next(s)); /* the lane is full */
    (void)offer_ready(s, job(50, 2));
    CU_ASSERT_EQUAL(drain(s), 1); /* another one is not */
    finish(s, running[0]);
    running[0] = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(running[0]); /* one out, one in */
    CU_ASSERT_PTR_NULL(next(s));
    for (i = 0; i < 3; i++)
        finish(s, running[i]);
    CU_ASSERT_EQUAL(drain(s), 6);
    scheduler_free(s);
}

static void
test_slots_and_share(void)
{
    struct plan plan = {.mode = LANE_REMOTE,
                        .window = 1000}; /* wants everything */
    struct scheduler *s = make(&plan, 50, 1000);
    struct task *running[50];
    size_t i, n = 0;

    for (i = 0; i < 100; i++)
        (void)offer_ready(s, job(i + 1, 1));
    while (n < 50 && (running[n] = next(s)) != NULL)
        n++;
    CU_ASSERT_EQUAL(n, 10); /* a fifth of the slots */
    for (i = 0; i < 400; i++)
        (void)offer_ready(s, job(i + 1000, 2 + (uint32_t)i % 8));
    while (n < 50 && (running[n] = next(s)) != NULL)
        n++;
    CU_ASSERT_EQUAL(n, 50);
    CU_ASSERT_PTR_NULL(next(s)); /* no slot is left */
    CU_ASSERT_EQUAL(scheduler_counts(s).running, 50);
    for (i = 0; i < n; i++)
        finish(s, running[i]);
    (void)drain(s);
    CU_ASSERT_EQUAL(scheduler_counts(s).running, 0);
    scheduler_free(s);
}

static void
test_fresh_before_retries(void)
{
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct scheduler *s = make(&plan, 100, 1000);
    size_t i, retries = 0;

    for (i = 0; i < 50; i++) {
        struct job_row row = job(i + 1, 1);

        (void)offer_ready(s, row);
        row = job(i + 101, 2);
        row.attempts = 1;
        (void)offer_ready(s, row);
    }
    for (i = 0; i < 50; i++) {
        struct task *task = next(s);

        CU_ASSERT_PTR_NOT_NULL_FATAL(task);
        retries += task->job.attempts > 0;
        finish(s, task);
    }
    CU_ASSERT_EQUAL(retries, 5); /* a tenth of the turns */
    CU_ASSERT_EQUAL(drain(s), 50);
    scheduler_free(s);
}

static void
test_known_is_not_taken_twice(void)
{
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct scheduler *s = make(&plan, 100, 1000);
    const struct job_row row = job(1, 1);
    struct task *task = scheduler_offer(s, &row, &now);

    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    CU_ASSERT_PTR_NULL(scheduler_offer(s, &row, &now)); /* loading */
    scheduler_ready(s, task);
    CU_ASSERT_PTR_NULL(scheduler_offer(s, &row, &now)); /* ready */
    CU_ASSERT_PTR_EQUAL(next(s), task);
    CU_ASSERT_PTR_NULL(scheduler_offer(s, &row, &now)); /* running */
    end_at(s, task, OUTCOME_SUCCESS, FEEDBACK_GOOD, NOW);
    CU_ASSERT_PTR_NULL(scheduler_offer(s, &row, &now)); /* not committed */
    CU_ASSERT_PTR_NULL(scheduler_adopt(s, &row));
    scheduler_forget(s, task);
    free(task);
    task = scheduler_offer(s, &row, &now); /* a new life */
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    scheduler_forget(s, task);
    free(task);
    scheduler_free(s);
}

static void
test_held_lane(void)
{
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct scheduler *s = make(&plan, 100, 1000);
    struct task_list dropped = TASK_LIST_INIT;
    struct lane_read reads[4];
    struct job_row test = job(9, 1);

    (void)offer_ready(s, job(1, 1));
    plan.mode = LANE_HELD;
    scheduler_reconfigure(s, &dropped);
    CU_ASSERT_EQUAL(free_list(&dropped), 1);
    CU_ASSERT_PTR_NULL(offer_ready(s, job(2, 1)));
    CU_ASSERT_PTR_NULL(next(s));
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, reads, 4), 0);
    /* A test runs all the same. */
    test.test = true;
    CU_ASSERT_PTR_NOT_NULL(offer_ready(s, test));
    CU_ASSERT_EQUAL(drain(s), 1);
    /* Resumed: what waits in the database is read. */
    plan.mode = LANE_REMOTE;
    scheduler_reconfigure(s, &dropped);
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, reads, 4), 1);
    CU_ASSERT_EQUAL(reads[0].lane, LANE(1));
    scheduler_end_read(s, &reads[0], &now, false);
    scheduler_free(s);
}

static void
test_local_lanes(void)
{
    struct plan plan = {.mode = LANE_LOCAL, .window = 5};
    struct scheduler *s = make(&plan, 1, 1000);
    struct task *tasks[20];
    size_t i, n = 0;

    for (i = 0; i < 20; i++)
        (void)offer_ready(s, job(i + 1, 1));
    CU_ASSERT_PTR_NULL(next(s)); /* not the loop's work */
    /* Neither slots nor windows bound it. */
    while (n < 20 && (tasks[n] = scheduler_next_local(s)) != NULL)
        n++;
    CU_ASSERT_EQUAL(n, 20);
    CU_ASSERT_EQUAL(scheduler_counts(s).running, 0);
    for (i = 0; i < n; i++)
        finish(s, tasks[i]);
    scheduler_free(s);
}

static void
test_lost_shard(void)
{
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct scheduler *s = make(&plan, 20, 100);
    struct task_list dropped = TASK_LIST_INIT;
    uint32_t shard = lane_shard(LANE(1));
    struct task *running;

    (void)offer_ready(s, job(1, 1));
    (void)offer_ready(s, job(2, 1));
    running = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(running);
    CU_ASSERT_EQUAL(scheduler_shard_tasks(s, shard), 2);
    scheduler_leave_shard(s, shard, true, &dropped);
    CU_ASSERT_EQUAL(free_list(&dropped), 1); /* the one that waited */
    CU_ASSERT_TRUE(running->orphan);
    CU_ASSERT_EQUAL(scheduler_shard_tasks(s, shard), 1);
    CU_ASSERT_PTR_NULL(next(s));
    finish(s, running);
    CU_ASSERT_EQUAL(scheduler_shard_tasks(s, shard), 0);
    scheduler_free(s);
}

/* Somebody waits for them. */
static void
test_tests_go_first(void)
{
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct scheduler *s = make(&plan, 100, 1000);
    struct job_row row = job(50, 2);
    struct task *task;
    size_t i;

    for (i = 0; i < 5; i++)
        (void)offer_ready(s, job(i + 1, 1));
    row.test = true;
    (void)offer_ready(s, row);
    task = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    CU_ASSERT_EQUAL(task->job.id, 50);
    finish(s, task);
    CU_ASSERT_EQUAL(drain(s), 5);
    scheduler_free(s);
}

static void
test_bytes_in_flight(void)
{
    struct scheduler_limits limits = limits_of(100, 1000);
    struct plan plan = {.mode = LANE_REMOTE, .window = 5};
    struct task *running[8];
    struct scheduler *s;
    size_t i, n = 0;

    limits.inflight_bytes = 1000;
    s = scheduler_new(&limits, setup, &plan);
    for (i = 0; i < 8; i++) {
        struct job_row row = job(i + 1, 1 + (uint32_t)i);
        struct task *task;

        prove(s, 1 + (uint32_t)i);
        task = scheduler_offer(s, &row, &now);
        CU_ASSERT_PTR_NOT_NULL_FATAL(task);
        task->event_bytes = i == 0 ? 5000 : 300;
        scheduler_ready(s, task);
    }
    /* However large, one always fits, and then nothing else does. */
    running[0] = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(running[0]);
    CU_ASSERT_PTR_NULL(next(s));
    CU_ASSERT_EQUAL(scheduler_counts(s).bytes, 5000);
    finish(s, running[0]);
    while (n < 8 && (running[n] = next(s)) != NULL)
        n++;
    CU_ASSERT_EQUAL(n, 4); /* the fourth begins while there are 900 */
    for (i = 0; i < n; i++)
        finish(s, running[i]);
    CU_ASSERT_EQUAL(drain(s), 3);
    CU_ASSERT_EQUAL(scheduler_counts(s).bytes, 0);
    scheduler_free(s);
}

/* Five in any second, whenever they are asked for; and the answers do not
   matter. */
static void
test_rate(void)
{
    struct plan plan = {.mode = LANE_REMOTE, .window = 20, .rate = 5};
    struct scheduler *s = make_new(&plan, 100, 1000);
    int64_t started[40], at_us, from_us = NOW + 5 * SECOND;
    size_t i, n = 0;

    prove(s, 1); /* what its owner before has started is not known */
    (void)offer_ready(s, job(1000, 1));
    CU_ASSERT_PTR_NULL(next(s));
    CU_ASSERT(scheduler_next_start(s) > NOW + SECOND);
    for (at_us = from_us; at_us < from_us + 4 * SECOND; at_us += 7000) {
        struct task *task;

        (void)offer_ready(s, job(1 + (uint64_t)(at_us - from_us), 1));
        task = next_at(s, at_us);
        if (task == NULL)
            continue;
        CU_ASSERT_FATAL(n < 40);
        started[n++] = at_us;
        finish_at(s, task, at_us);
    }
    CU_ASSERT(n >= 15 && n <= 20);
    for (i = 5; i < n; i++)
        CU_ASSERT(started[i] - started[i - 5] >= SECOND);
    clear(s);
}

/* For a job that another one stands for. */
static void
test_withdrawn_jobs(void)
{
    struct plan plan = {.mode = LANE_REMOTE, .window = 1};
    struct scheduler *s = make(&plan, 100, 1000);
    struct task *running, *waiting;
    struct lane_read read;
    bool busy;

    (void)offer_ready(s, job(1, 1));
    waiting = offer_ready(s, job(2, 1));
    running = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(running);
    CU_ASSERT_PTR_NULL(scheduler_withdraw(s, running->job.id, &busy));
    CU_ASSERT_TRUE(busy);
    CU_ASSERT_PTR_NULL(scheduler_withdraw(s, 3, &busy)); /* not known */
    CU_ASSERT_FALSE(busy);
    CU_ASSERT_PTR_EQUAL(scheduler_withdraw(s, 2, &busy), waiting);
    CU_ASSERT_FALSE(busy);
    free(waiting);
    CU_ASSERT_EQUAL(scheduler_counts(s).tasks, 1);
    /* Should it be a job still, it is found again. */
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, &read, 1), 1);
    CU_ASSERT(read.from_us <= job(2, 1).due_us);
    scheduler_end_read(s, &read, &now, false);
    finish(s, running);
    CU_ASSERT_PTR_NULL(next(s));
    scheduler_free(s);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"lanes take turns", test_lanes_take_turns},
        {"a lane runs at most its window", test_window},
        {"slots, and a lane's share of them", test_slots_and_share},
        {"fresh before retries", test_fresh_before_retries},
        {"a known job is not taken twice", test_known_is_not_taken_twice},
        {"a held lane waits", test_held_lane},
        {"local lanes", test_local_lanes},
        {"a lost shard", test_lost_shard},
        {"tests go first", test_tests_go_first},
        {"bytes in flight are bounded", test_bytes_in_flight},
        {"so many starts in any second", test_rate},
        {"jobs that are withdrawn", test_withdrawn_jobs},
        CU_TEST_INFO_NULL,
    };

    return unit_run("scheduler", tests);
}
