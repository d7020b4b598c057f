/*
 * test_scheduler_site.c - unit tests for worker/schedule/scheduler_site.c and
 * scheduler_state.c: breakers, and what is known of a receiver from one worker
 * to the next.
 */
#include "scheduler_fixture.h"

static struct plan plan = {.mode = LANE_REMOTE, .window = 5};

/* Five failures in a row, one after the other. */
static struct scheduler *
with_open_breaker(void)
{
    struct scheduler *s = make_new(&plan, 100, 1000);
    uint64_t i;

    for (i = 0; i < 5; i++) {
        struct task *task;

        (void)offer_ready(s, job(1 + i, 1));
        task = next(s);
        CU_ASSERT_PTR_NOT_NULL_FATAL(task);
        fail_at(s, task, NOW);
    }
    CU_ASSERT_EQUAL(scheduler_counts(s).away, 1);
    return s;
}

static void
test_open_breaker_holds_nothing(void)
{
    struct scheduler *s = make(&plan, 100, 1000);
    struct task *running[5];
    struct lane_read reads[2];
    size_t i;

    for (i = 0; i < 20; i++)
        (void)offer_ready(s, job(1 + i, 1));
    for (i = 0; i < 5; i++)
        CU_ASSERT_PTR_NOT_NULL_FATAL(running[i] = next(s));
    for (i = 0; i < 5; i++)
        fail_at(s, running[i], NOW);
    CU_ASSERT(free_dropped(s) > 0);
    CU_ASSERT_EQUAL(scheduler_counts(s).tasks, 0);
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, reads, 2), 0);
    CU_ASSERT_PTR_NULL(offer_ready(s, job(100, 1)));
    CU_ASSERT_PTR_NULL(next(s));
    /* What is due again waits as well, for 24 s at least. */
    scheduler_tick(s, NOW + 20 * SECOND);
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, reads, 2), 0);
    scheduler_free(s);
}

static struct task *
probe(struct scheduler *s, int64_t at_us)
{
    struct lane_read reads[2];
    struct job_row row = job(50, 1);
    struct task *task;

    scheduler_tick(s, at_us);
    CU_ASSERT_EQUAL_FATAL(scheduler_plan_reads(s, reads, 2), 1);
    CU_ASSERT(reads[0].limit <= 2);
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, reads + 1, 1), 0);
    task = scheduler_offer_read(s, &row, &now);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    row = job(51, 1);
    CU_ASSERT_PTR_NULL(scheduler_offer_read(s, &row, &now));
    scheduler_end_read(s, &reads[0], &now, false);
    scheduler_ready(s, task);
    CU_ASSERT_PTR_EQUAL(next_at(s, at_us), task);
    CU_ASSERT_PTR_NULL(next_at(s, at_us));
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, reads, 2), 0);
    return task;
}

static void
test_one_probe_closes_it(void)
{
    struct scheduler *s = with_open_breaker();
    struct lane_read reads[2];

    finish_at(s, probe(s, NOW + 40 * SECOND), NOW + 40 * SECOND);
    CU_ASSERT_EQUAL(scheduler_counts(s).away, 0);
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, reads, 2), 1);
    scheduler_end_read(s, &reads[0], &now, false);
    scheduler_free(s);
}

static void
test_failed_probe_opens_it_for_longer(void)
{
    struct scheduler *s = with_open_breaker();
    int64_t at_us = NOW + 40 * SECOND, due_us;
    struct task *task = probe(s, at_us);

    end_at(s, task, OUTCOME_RETRY, FEEDBACK_BAD, at_us);
    scheduler_expect(s, task, at_us + 3600 * SECOND);
    forget(s, task);
    CU_ASSERT_EQUAL(scheduler_counts(s).away, 1);
    due_us = scheduler_next_due(s);
    /* What was given up on meanwhile is due again sooner, but not read. */
    scheduler_tick(s, at_us + 40 * SECOND);
    CU_ASSERT_EQUAL(scheduler_counts(s).hungry, 0);
    CU_ASSERT(due_us <= at_us + 72 * SECOND);
    scheduler_tick(s, at_us + 73 * SECOND);
    CU_ASSERT_EQUAL(scheduler_counts(s).hungry, 1);
    scheduler_free(s);
}

static void
test_test_runs_all_the_same(void)
{
    struct scheduler *s = with_open_breaker();
    struct job_row row = job(70, 1);
    struct task *task;

    row.test = true;
    (void)offer_ready(s, row);
    task = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    CU_ASSERT_EQUAL(task->job.id, 70);
    end_at(s, task, OUTCOME_FAILED, FEEDBACK_BAD, NOW);
    forget(s, task);
    CU_ASSERT_EQUAL(scheduler_counts(s).away, 1); /* and changes nothing */
    scheduler_free(s);
}

static void
test_answered_test_brings_the_probe(void)
{
    struct scheduler *s = with_open_breaker();
    struct job_row row = job(70, 1);
    struct lane_save save;
    struct task *task;

    row.test = true;
    (void)offer_ready(s, row);
    task = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    end_at(s, task, OUTCOME_SUCCESS, FEEDBACK_GOOD, NOW);
    CU_ASSERT(scheduler_save(s, LANE(1), NOW, &save));
    CU_ASSERT_EQUAL(save.state.breaker, BREAKER_OPEN);
    CU_ASSERT_EQUAL(save.state.open_until_wall_us, NOW_DB);
    forget(s, task);
    CU_ASSERT_EQUAL(scheduler_counts(s).away, 0);
    /* It decides: what answers tests alone is left alone again. */
    task = probe(s, NOW + 2 * SECOND);
    fail_at(s, task, NOW + 2 * SECOND);
    CU_ASSERT_EQUAL(scheduler_counts(s).away, 1);
    scheduler_free(s);
}

static void
test_retry_after_is_kept(void)
{
    struct scheduler *s = make(&plan, 100, 1000);
    struct lane_read reads[2];
    struct task *task;

    (void)offer_ready(s, job(1, 1));
    (void)offer_ready(s, job(2, 1));
    task = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    task->attempt.outcome = (struct outcome){
        .kind = OUTCOME_RETRY,
        .feedback = FEEDBACK_BUSY,
        .asked_us = 10 * SECOND,
    };
    scheduler_end(s, task, NOW, 0);
    scheduler_expect(s, task, NOW + 10 * SECOND);
    forget(s, task);
    CU_ASSERT_EQUAL(free_dropped(s), 1);
    CU_ASSERT_PTR_NULL(next_at(s, NOW + 9 * SECOND));
    scheduler_tick(s, NOW + 9 * SECOND);
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, reads, 2), 0);
    scheduler_tick(s, NOW + 10 * SECOND);
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, reads, 2), 1);
    scheduler_end_read(s, &reads[0], &now, false);
    scheduler_free(s);
}

static void
test_state_goes_from_owner_to_owner(void)
{
    struct scheduler *s = with_open_breaker(), *after;
    /* Another machine's monotonic clock. */
    const struct scheduler_now later = {NOW_DB + 20 * SECOND, NOW + 5 * SECOND};
    struct lane_save save;
    struct lane_read reads[2];

    CU_ASSERT_TRUE_FATAL(scheduler_save(s, LANE(1) | 8, NOW, &save));
    CU_ASSERT_EQUAL(save.lane, LANE(1));
    CU_ASSERT_EQUAL(save.state.breaker, BREAKER_OPEN);
    CU_ASSERT_EQUAL(save.state.trips, 1);
    CU_ASSERT(save.state.failing_since_wall_us > 0);
    CU_ASSERT(save.state.open_until_wall_us >= NOW_DB + 24 * SECOND &&
              save.state.open_until_wall_us <= NOW_DB + 36 * SECOND);
    after = make_new(&plan, 100, 1000);
    scheduler_take_shard(after, lane_shard(LANE(1)), later.now_us);
    scheduler_load(after, LANE(1), &save.state, &later);
    CU_ASSERT_EQUAL(scheduler_counts(after).away, 1);
    CU_ASSERT_PTR_NULL(offer_ready(after, job(1, 1)));
    scheduler_tick(after, NOW + 21 * SECOND);
    CU_ASSERT_EQUAL(scheduler_plan_reads(after, reads, 2), 1);
    scheduler_end_read(after, &reads[0], &later, false);
    scheduler_free(after);
    scheduler_free(s);
}

static void
test_proven_stays_proven(void)
{
    struct scheduler *s = make(&plan, 100, 1000);
    struct task *running[2];
    size_t i;

    scheduler_take_shard(s, lane_shard(LANE(1)), NOW);
    prove(s, 1);
    (void)offer_ready(s, job(1, 1));
    (void)offer_ready(s, job(2, 1));
    for (i = 0; i < 2; i++) /* at once, not one after the other */
        CU_ASSERT_PTR_NOT_NULL_FATAL(running[i] = next(s));
    CU_ASSERT_EQUAL(scheduler_counts(s).unproven, 0);
    for (i = 0; i < 2; i++)
        finish(s, running[i]);
    scheduler_free(s);
}

/* Its one lane has a job, and the database knows of a success at that time. */
static struct scheduler *
loaded(int64_t last_good_wall_us)
{
    const struct endpoint_state known = {
        .window = 5,
        .last_good_wall_us = last_good_wall_us,
    };
    struct scheduler *s = make_new(&plan, 100, 1000);

    scheduler_take_shard(s, lane_shard(LANE(1)), NOW);
    scheduler_load(s, LANE(1), &known, &now);
    (void)offer_ready(s, job(1, 1));
    return s;
}

/* A restart does not write again what was written just before. */
static void
test_what_was_loaded_is_not_saved_again_at_once(void)
{
    struct scheduler *s = loaded(NOW_DB - 10 * SECOND);
    struct lane_save save;

    finish(s, next(s));
    CU_ASSERT_FALSE(scheduler_save(s, LANE(1), NOW, &save));
    CU_ASSERT_FALSE(scheduler_save(s, LANE(1), NOW + 19 * SECOND, &save));
    CU_ASSERT_TRUE(scheduler_save(s, LANE(1), NOW + 20 * SECOND, &save));
    scheduler_free(s);
}

/* Of a success long ago, of one by a clock that is ahead, and of none. */
static void
test_a_success_that_says_nothing_does_not_hold_a_save_back(void)
{
    static const int64_t last_good[] = {NOW_DB - 31 * SECOND, NOW_DB + SECOND,
                                        0};
    size_t i;

    for (i = 0; i < sizeof(last_good) / sizeof(last_good[0]); i++) {
        struct scheduler *s = loaded(last_good[i]);
        struct lane_save save;

        finish(s, next(s));
        CU_ASSERT_TRUE(scheduler_save(s, LANE(1), NOW, &save));
        scheduler_free(s);
    }
}

/* Whoever fails is not made to wait: the next owner is to know. */
static void
test_a_failure_after_a_load_is_saved_at_once(void)
{
    struct scheduler *s = loaded(NOW_DB - 10 * SECOND);
    struct lane_save save;

    CU_ASSERT_FALSE(scheduler_save(s, LANE(1), NOW, &save));
    fail_at(s, next(s), NOW);
    CU_ASSERT_TRUE(scheduler_save(s, LANE(1), NOW, &save));
    scheduler_free(s);
}

/* One owner's state must not be taken for the next one's. */
static void
test_new_owner_begins_anew(void)
{
    struct scheduler *s = with_open_breaker();
    uint32_t shard = lane_shard(LANE(1));
    struct task_list dropped = TASK_LIST_INIT;

    scheduler_leave_shard(s, shard, true, &dropped);
    CU_ASSERT_EQUAL(free_list(&dropped), 0);
    scheduler_take_shard(s, shard, NOW);
    CU_ASSERT_EQUAL(scheduler_counts(s).away, 0);
    CU_ASSERT_PTR_NOT_NULL(offer_ready(s, job(9, 1)));
    clear(s);
}

static void
test_save_is_asked_for_in_time(void)
{
    struct scheduler *s = make_new(&plan, 100, 1000);
    struct lane_save save;
    uint64_t i;

    CU_ASSERT_FALSE(scheduler_save(s, LANE(1), NOW, &save));
    for (i = 0; i < 3; i++) {
        (void)offer_ready(s, job(1 + i, 1));
        finish(s, next(s));
    }
    /* The first answer makes it proven: worth knowing. */
    CU_ASSERT_TRUE(scheduler_save(s, LANE(1), NOW, &save));
    CU_ASSERT_TRUE(scheduler_save(s, LANE(1), NOW, &save)); /* not committed */
    scheduler_saved(s, &save, NOW);
    CU_ASSERT_FALSE(scheduler_save(s, LANE(1), NOW, &save));
    (void)offer_ready(s, job(10, 1));
    finish(s, next(s));
    CU_ASSERT_FALSE(scheduler_save(s, LANE(1), NOW + 29 * SECOND, &save));
    CU_ASSERT_TRUE(scheduler_save(s, LANE(1), NOW + 30 * SECOND, &save));
    scheduler_saved(s, &save, NOW + 30 * SECOND);
    /* A failure is written at once. */
    (void)offer_ready(s, job(11, 1));
    fail_at(s, next_at(s, NOW + 31 * SECOND), NOW + 31 * SECOND);
    CU_ASSERT_TRUE(scheduler_save(s, LANE(1), NOW + 31 * SECOND, &save));
    CU_ASSERT_EQUAL(save.state.failing_since_wall_us, NOW_DB + 31 * SECOND);
    scheduler_free(s);
}

static void
test_failing_for_long(void)
{
    struct scheduler *s = make_new(&plan, 100, 1000);
    struct task *task;
    uint64_t i;

    for (i = 0; i < 5; i++) {
        CU_ASSERT_EQUAL(scheduler_failing_us(s, LANE(1), NOW + SECOND), 0);
        (void)offer_ready(s, job(1 + i, 1));
        fail_at(s, next(s), NOW);
    }
    CU_ASSERT_EQUAL(scheduler_failing_us(s, LANE(1), NOW + SECOND), SECOND);
    task = probe(s, NOW + 40 * SECOND);
    finish_at(s, task, NOW + 40 * SECOND);
    CU_ASSERT_EQUAL(scheduler_failing_us(s, LANE(1), NOW + 50 * SECOND), 0);
    (void)free_dropped(s);
    scheduler_free(s);
}

/* Who has changed the address wants it to be tried. */
static void
test_other_address_is_another_receiver(void)
{
    struct scheduler *s = with_open_breaker();
    struct task_list dropped = TASK_LIST_INIT;
    struct lane_read reads[2];

    plan.receiver = 1;
    scheduler_reconfigure(s, &dropped);
    plan.receiver = 0;
    CU_ASSERT_EQUAL(scheduler_counts(s).away, 0);
    scheduler_tick(s, NOW + SECOND);
    CU_ASSERT_EQUAL(scheduler_plan_reads(s, reads, 2), 1);
    scheduler_end_read(s, &reads[0], &now, false);
    scheduler_free(s);
}

/* While a receiver waits nothing ends that could bring its state along. */
static void
test_retry_after_is_saved_at_once(void)
{
    struct scheduler *s = make_new(&plan, 100, 1000);
    struct lane_save save;
    struct task *task;

    (void)offer_ready(s, job(1, 1));
    finish(s, next(s));
    CU_ASSERT_TRUE(scheduler_save(s, LANE(1), NOW, &save));
    scheduler_saved(s, &save, NOW);
    (void)offer_ready(s, job(2, 1));
    task = next_at(s, NOW + SECOND);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    task->attempt.outcome = (struct outcome){
        .kind = OUTCOME_RETRY,
        .feedback = FEEDBACK_BUSY,
        .asked_us = 600 * SECOND,
    };
    scheduler_end(s, task, NOW + SECOND, 0);
    CU_ASSERT_TRUE(scheduler_save(s, LANE(1), NOW + SECOND, &save));
    CU_ASSERT_EQUAL(save.state.blocked_until_wall_us, NOW_DB + 601 * SECOND);
    forget(s, task);
    clear(s);
}

/* What was saved for the order of its first job is no Retry-After. */
static void
test_a_given_up_order_is_saved_at_once(void)
{
    struct plan changing = {.mode = LANE_REMOTE, .window = 5, .fifo = true};
    struct scheduler *s = make(&changing, 100, 1000);
    struct task_list dropped = TASK_LIST_INIT;
    const struct job_row row = job(1, 1);
    struct lane_save save;
    struct lane_read read;

    tell_head(s, &row);
    read = plan_one(s);
    (void)answer_one(s, &read, &row);
    CU_ASSERT_FALSE(scheduler_save(s, LANE(1), NOW, &save));
    changing.fifo = false;
    scheduler_reconfigure(s, &dropped);
    CU_ASSERT_EQUAL(free_list(&dropped), 1);
    CU_ASSERT_TRUE_FATAL(scheduler_save(s, LANE(1), NOW, &save));
    CU_ASSERT_FALSE(save.fifo);
    CU_ASSERT_EQUAL(save.state.blocked_until_wall_us, 0);
    clear(s);
}

static void
test_at_the_end_the_rest_is_saved(void)
{
    struct scheduler *s = make_new(&plan, 100, 1000);
    struct lane_save saves[2];
    size_t at = 0;
    uint64_t i;

    for (i = 1; i <= 3; i++) {
        (void)offer_ready(s, job(i, (uint32_t)i));
        finish(s, next(s));
    }
    CU_ASSERT_TRUE(scheduler_save(s, LANE(1), NOW, &saves[0]));
    scheduler_saved(s, &saves[0], NOW);
    CU_ASSERT_EQUAL(scheduler_save_rest(s, &at, NOW, saves, 1), 1);
    CU_ASSERT_EQUAL(scheduler_save_rest(s, &at, NOW, saves + 1, 1), 1);
    CU_ASSERT_EQUAL(saves[0].lane + saves[1].lane, LANE(2) + LANE(3));
    CU_ASSERT_EQUAL(scheduler_save_rest(s, &at, NOW, saves, 2), 0);
    clear(s);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"an open breaker holds nothing", test_open_breaker_holds_nothing},
        {"one probe closes it", test_one_probe_closes_it},
        {"a failed probe opens it for longer",
         test_failed_probe_opens_it_for_longer},
        {"a test runs all the same", test_test_runs_all_the_same},
        {"a test that is answered brings the probe",
         test_answered_test_brings_the_probe},
        {"Retry-After is kept", test_retry_after_is_kept},
        {"what was loaded is not saved again at once",
         test_what_was_loaded_is_not_saved_again_at_once},
        {"a success that says nothing does not hold a save back",
         test_a_success_that_says_nothing_does_not_hold_a_save_back},
        {"a failure after a load is saved at once",
         test_a_failure_after_a_load_is_saved_at_once},
        {"state goes from owner to owner", test_state_goes_from_owner_to_owner},
        {"proven stays proven", test_proven_stays_proven},
        {"a new owner begins anew", test_new_owner_begins_anew},
        {"saves are asked for in time", test_save_is_asked_for_in_time},
        {"failing for long", test_failing_for_long},
        {"another address is another receiver",
         test_other_address_is_another_receiver},
        {"a Retry-After is saved at once", test_retry_after_is_saved_at_once},
        {"a given up order is saved at once",
         test_a_given_up_order_is_saved_at_once},
        {"at the end the rest is saved", test_at_the_end_the_rest_is_saved},
        CU_TEST_INFO_NULL,
    };

    return unit_run("scheduler_site", tests);
}
