/*
 * test_transfer_batch.c - unit tests for worker/send/transfer_batch.c: what one
 * answer means for several jobs.
 */
#include "alloc.h"
#include "transfer_impl.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define SECOND INT64_C(1000000)

static const struct retry_policy policy = {.retries = 3, .delay_s = 2};

/* The first of three, which was answered with 503. */
static void
make_answered(struct task tasks[3])
{
    size_t i;

    memset(tasks, 0, 3 * sizeof(tasks[0]));
    for (i = 0; i < 3; i++) {
        tasks[i].job.id = i + 1;
        tasks[i].attempt.started_us = SECOND;
        tasks[i].mate = i < 2 ? &tasks[i + 1] : NULL;
    }
    tasks[0].mates = 2;
    tasks[0].attempt = (struct attempt){
        .outcome = {.kind = OUTCOME_RETRY,
                    .error_class = "http",
                    .wait_us = 2 * SECOND,
                    .feedback = FEEDBACK_BUSY,
                    .asked_us = 7 * SECOND},
        .status = 503,
        .started_us = SECOND,
        .ended_us = 2 * SECOND,
        .error = "HTTP 503",
        .body = xmemdup("later", 5),
        .body_len = 5,
    };
}

static void
free_bodies(struct task tasks[3])
{
    size_t i;

    for (i = 0; i < 3; i++)
        attempt_free_body(&tasks[i].attempt);
}

static void
check_shared(const struct task *task, bool echo)
{
    const struct attempt *attempt = &task->attempt;

    CU_ASSERT_EQUAL(attempt->outcome.kind, OUTCOME_RETRY);
    CU_ASSERT_EQUAL(attempt->outcome.wait_us, 2 * SECOND);
    CU_ASSERT_EQUAL(attempt->status, 503);
    CU_ASSERT_EQUAL(attempt->started_us, SECOND);
    CU_ASSERT_EQUAL(attempt->ended_us, 2 * SECOND);
    CU_ASSERT_STRING_EQUAL(attempt->error, "HTTP 503");
    CU_ASSERT_EQUAL_FATAL(attempt->body_len, 5);
    CU_ASSERT_EQUAL(memcmp(attempt->body, "later", 5), 0);
    CU_ASSERT_EQUAL(attempt->echo, echo);
}

static void
test_the_answer_is_that_of_all(void)
{
    struct task tasks[3];

    make_answered(tasks);
    transfer_spread(&tasks[0], OBSTACLE_NONE, &policy);
    check_shared(&tasks[0], false);
    check_shared(&tasks[1], true);
    check_shared(&tasks[2], true);
    free_bodies(tasks);
}

/* They are committed and freed one by one, in any order. */
static void
test_one_copy_of_the_answer_until_the_last_is_freed(void)
{
    struct task tasks[3];

    make_answered(tasks);
    transfer_spread(&tasks[0], OBSTACLE_NONE, &policy);
    CU_ASSERT_PTR_EQUAL(tasks[0].attempt.body, tasks[1].attempt.body);
    CU_ASSERT_PTR_EQUAL(tasks[1].attempt.body, tasks[2].attempt.body);
    CU_ASSERT_EQUAL(*tasks[2].attempt.body_owners, 3);
    attempt_free_body(&tasks[0].attempt);
    attempt_free_body(&tasks[2].attempt);
    CU_ASSERT_PTR_NULL(tasks[0].attempt.body);
    CU_ASSERT_EQUAL(*tasks[1].attempt.body_owners, 1);
    check_shared(&tasks[1], true);
    attempt_free_body(&tasks[1].attempt);
    CU_ASSERT_PTR_NULL(tasks[1].attempt.body);
}

static void
test_no_answer_is_nobodys(void)
{
    struct task tasks[3];
    size_t i;

    make_answered(tasks);
    attempt_free_body(&tasks[0].attempt);
    transfer_spread(&tasks[0], OBSTACLE_NONE, &policy);
    for (i = 0; i < 3; i++) {
        CU_ASSERT_PTR_NULL(tasks[i].attempt.body);
        CU_ASSERT_PTR_NULL(tasks[i].attempt.body_owners);
    }
}

static void
check_missing(const struct task *task)
{
    const struct attempt *attempt = &task->attempt;

    CU_ASSERT_EQUAL(attempt->outcome.kind, OUTCOME_FAILED);
    CU_ASSERT_STRING_EQUAL(attempt->outcome.error_class, "event_missing");
    CU_ASSERT_STRING_EQUAL(attempt->error, "the event is not stored any more");
    CU_ASSERT_EQUAL(attempt->status, 0);
    CU_ASSERT_EQUAL(attempt->body_len, 0);
    CU_ASSERT_FALSE(attempt->echo);
}

static void
test_who_was_left_out_has_a_result_of_its_own(void)
{
    struct task tasks[3];

    make_answered(tasks);
    tasks[1].attempt.left_out = OBSTACLE_EVENT_MISSING;
    transfer_spread(&tasks[0], OBSTACLE_NONE, &policy);
    check_shared(&tasks[0], false);
    check_missing(&tasks[1]);
    CU_ASSERT_EQUAL(tasks[1].attempt.outcome.feedback, FEEDBACK_NONE);
    check_shared(&tasks[2], true);
    free_bodies(tasks);
}

/* It has the slot, so it brings along what the endpoint has said; another one
   tells what follows from that. */
static void
test_the_first_may_be_left_out_as_well(void)
{
    struct task tasks[3];

    make_answered(tasks);
    tasks[0].attempt.left_out = OBSTACLE_EVENT_MISSING;
    transfer_spread(&tasks[0], OBSTACLE_NONE, &policy);
    check_missing(&tasks[0]);
    CU_ASSERT_EQUAL(tasks[0].attempt.outcome.feedback, FEEDBACK_BUSY);
    CU_ASSERT_EQUAL(tasks[0].attempt.outcome.asked_us, 7 * SECOND);
    check_shared(&tasks[1], false);
    check_shared(&tasks[2], true);
    free_bodies(tasks);
}

static void
test_batches_that_have_ended_are_parted(void)
{
    struct task tasks[3];

    make_answered(tasks);
    tasks[1].attempt.left_out = OBSTACLE_CUT;
    tasks[2].attempt.left_out = OBSTACLE_CUT;
    transfer_spread(&tasks[0], OBSTACLE_NONE, &policy);
    check_shared(&tasks[0], false);
    CU_ASSERT_EQUAL(tasks[1].attempt.outcome.kind, OUTCOME_DROPPED);
    CU_ASSERT_EQUAL(tasks[2].attempt.outcome.kind, OUTCOME_DROPPED);
    free_bodies(tasks);
}

/* What kept the request from being sent is everybody's. */
static void
test_an_obstacle_is_that_of_all(void)
{
    struct task tasks[3];
    size_t i;

    make_answered(tasks);
    free(tasks[0].attempt.body);
    tasks[0].attempt.body = NULL;
    tasks[0].attempt.body_len = 0;
    tasks[0].attempt.outcome = (struct outcome){.kind = OUTCOME_DROPPED};
    tasks[1].attempt.left_out = OBSTACLE_EVENT_MISSING;
    transfer_spread(&tasks[0], OBSTACLE_CUT, &policy);
    for (i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(tasks[i].attempt.outcome.kind, OUTCOME_DROPPED);
    free_bodies(tasks);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"the answer is that of all", test_the_answer_is_that_of_all},
        {"one copy of the answer until the last is freed",
         test_one_copy_of_the_answer_until_the_last_is_freed},
        {"no answer is nobody's", test_no_answer_is_nobodys},
        {"who was left out has a result of its own",
         test_who_was_left_out_has_a_result_of_its_own},
        {"the first may be left out as well",
         test_the_first_may_be_left_out_as_well},
        {"batches that have ended are parted",
         test_batches_that_have_ended_are_parted},
        {"an obstacle is that of all", test_an_obstacle_is_that_of_all},
        CU_TEST_INFO_NULL,
    };

    return unit_run("transfer_batch", tests);
}
