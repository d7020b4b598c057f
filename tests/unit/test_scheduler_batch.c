/*
 * test_scheduler_batch.c - unit tests for worker/schedule/scheduler_batch.c and
 * scheduler_expiry.c: jobs that go together, and jobs that are too old.
 */
#include "id.h"
#include "scheduler_fixture.h"

#define MS INT64_C(1000)
#define WAIT (5 * SECOND)

static struct plan tens = {
    .mode = LANE_REMOTE, .window = 3, .batch_max = 10, .batch_wait_us = WAIT};
static struct plan ordered_tens = {.mode = LANE_REMOTE,
                                   .window = 3,
                                   .fifo = true,
                                   .batch_max = 10,
                                   .batch_wait_us = WAIT};

/* The n-th of its lane, due at that time before now. */
static struct job_row
nth(uint32_t subscription, uint64_t n, int64_t before_us)
{
    struct job_row row = job(1000 + n, subscription);

    row.due_us = NOW_DB - before_us;
    return row;
}

static void
offer_many(struct scheduler *s, uint64_t from, uint64_t count)
{
    uint64_t n;

    for (n = from; n < from + count; n++)
        CU_ASSERT_PTR_NOT_NULL_FATAL(offer_ready(s, nth(1, n, 0)));
}

static struct task_list
all_of(struct task *first)
{
    struct task_list list = TASK_LIST_INIT;

    task_list_add_all(&list, first);
    return list;
}

/* All of them succeed, are forgotten and freed; returns how many. */
static size_t
finish_all(struct scheduler *s, struct task *first)
{
    struct task_list list = all_of(first);
    size_t count = list.count;
    struct task *task;

    end_all_at(s, &list, OUTCOME_SUCCESS, FEEDBACK_GOOD, NOW);
    while ((task = task_list_pop(&list)) != NULL)
        forget(s, task);
    return count;
}

static void
test_waits_until_there_are_enough(void)
{
    struct scheduler *s = make(&tens, 100, 1000);
    struct task *first;

    offer_many(s, 0, 9);
    CU_ASSERT_PTR_NULL(next(s));
    offer_many(s, 9, 1);
    first = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_EQUAL(first->mates, 9);
    CU_ASSERT_PTR_NULL(next(s));
    CU_ASSERT_EQUAL(finish_all(s, first), 10);
    scheduler_free(s);
}

static void
test_the_oldest_waits_no_longer_than_it_may(void)
{
    struct scheduler *s = make(&tens, 100, 1000);
    struct task *first;
    struct job_row older = nth(1, 7, 2 * SECOND);

    offer_many(s, 0, 3);
    CU_ASSERT_PTR_NULL(next(s));
    CU_ASSERT_EQUAL(scheduler_next_start(s), NOW + WAIT);
    CU_ASSERT_PTR_NOT_NULL(offer_ready(s, older));
    CU_ASSERT_EQUAL(scheduler_next_start(s), NOW + WAIT - 2 * SECOND);
    CU_ASSERT_PTR_NULL(next_at(s, NOW + WAIT - 2 * SECOND - 1));
    first = next_at(s, NOW + WAIT - 2 * SECOND);
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_EQUAL(first->mates, 3);
    CU_ASSERT_EQUAL(scheduler_next_start(s), INT64_MAX);
    CU_ASSERT_EQUAL(finish_all(s, first), 4);
    scheduler_free(s);
}

static void
test_a_batch_is_one_to_everybody_else(void)
{
    struct scheduler *s = make(&tens, 100, 1000);
    struct task_list list;
    struct task *first, *task;

    offer_many(s, 0, 10);
    first = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_EQUAL(scheduler_counts(s).running, 1);
    CU_ASSERT_EQUAL(scheduler_counts(s).tasks, 10);
    list = all_of(first);
    /* One failure, not ten: the breaker stays closed. */
    end_all_at(s, &list, OUTCOME_RETRY, FEEDBACK_BAD, NOW);
    CU_ASSERT_FALSE(scheduler_is_open(s, LANE(1)));
    CU_ASSERT_EQUAL(scheduler_counts(s).running, 0);
    while ((task = task_list_pop(&list)) != NULL)
        forget(s, task);
    scheduler_free(s);
}

static void
test_the_same_jobs_are_the_same_batch(void)
{
    struct scheduler *s = make(&tens, 100, 1000);
    static const uint64_t orders[][3] = {{4, 2, 9}, {9, 4, 2}};
    size_t i;

    for (i = 0; i < 2; i++) {
        struct task *first;
        size_t k;

        for (k = 0; k < 3; k++)
            CU_ASSERT_PTR_NOT_NULL(offer_ready(s, nth(1, orders[i][k], WAIT)));
        first = next(s);
        CU_ASSERT_PTR_NOT_NULL_FATAL(first);
        CU_ASSERT_EQUAL_FATAL(first->mates, 2);
        CU_ASSERT_EQUAL(first->job.id, 1002);
        CU_ASSERT_EQUAL(first->mate->job.id, 1004);
        CU_ASSERT_EQUAL(first->mate->mate->job.id, 1009);
        CU_ASSERT_PTR_NULL(first->mate->mate->mate);
        (void)finish_all(s, first);
    }
    scheduler_free(s);
}

static void
test_only_what_was_tried_as_often_goes_together(void)
{
    struct scheduler *s = make(&tens, 100, 1000);
    struct job_row row;
    size_t sizes[3] = {0}, i;

    offer_many(s, 0, 10);
    for (i = 20; i < 24; i++) {
        row = nth(1, i, SECOND);
        row.attempts = 1;
        CU_ASSERT_PTR_NOT_NULL(offer_ready(s, row));
    }
    /* Of another batch, which failed later. */
    row = nth(1, 30, SECOND - 100 * MS);
    row.attempts = 1;
    CU_ASSERT_PTR_NOT_NULL(offer_ready(s, row));
    for (i = 0; i < 3; i++) {
        struct task *first = next(s);

        CU_ASSERT_PTR_NOT_NULL_FATAL(first);
        sizes[i] = finish_all(s, first);
    }
    CU_ASSERT_EQUAL(sizes[0], 10);
    CU_ASSERT_EQUAL(sizes[1], 4);
    CU_ASSERT_EQUAL(sizes[2], 1);
    scheduler_free(s);
}

static void
test_bytes_make_it_full_as_well(void)
{
    struct plan plan = tens;
    struct scheduler *s;
    struct task *first, *task;
    uint64_t n;

    plan.batch_bytes = 1000;
    s = make(&plan, 100, 1000);
    for (n = 0; n < 5; n++) {
        const struct job_row row = nth(1, n, 0);

        task = scheduler_offer(s, &row, &now);
        CU_ASSERT_PTR_NOT_NULL_FATAL(task);
        task->event_bytes = 300;
        scheduler_ready(s, task);
    }
    first = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_EQUAL(first->mates, 2); /* 900 of 1000 */
    CU_ASSERT_EQUAL(first->flight_bytes, 900);
    CU_ASSERT_EQUAL(scheduler_counts(s).bytes, 900);
    (void)finish_all(s, first);
    CU_ASSERT_EQUAL(scheduler_counts(s).bytes, 0);
    first = next_at(s, NOW + WAIT);
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_EQUAL(finish_all(s, first), 2);
    scheduler_free(s);
}

static void
test_a_test_goes_alone_and_at_once(void)
{
    struct scheduler *s = make(&tens, 100, 1000);
    struct job_row row = nth(1, 50, 0);
    struct task *task;

    row.test = true;
    offer_many(s, 0, 3);
    CU_ASSERT_PTR_NOT_NULL(offer_ready(s, row));
    task = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    CU_ASSERT_TRUE(task->job.test);
    CU_ASSERT_EQUAL(task->mates, 0);
    finish(s, task);
    clear(s);
}

/* Jobs of a FIFO lane from the n-th on, brought by a read. */
static void
read_ordered(struct scheduler *s, uint64_t from, uint64_t count)
{
    struct lane_read read = plan_one(s);
    struct task *tasks[32];
    size_t n = 0, i;

    for (i = 0; i < count; i++) {
        const struct job_row row =
            nth(1, from + i, 100 * SECOND - (int64_t)(from + i));

        tasks[n] = scheduler_offer_read(s, &row, &now);
        n += tasks[n] != NULL;
    }
    scheduler_end_read(s, &read, &now, false);
    for (i = 0; i < n; i++)
        scheduler_ready(s, tasks[i]);
}

static struct scheduler *
with_ordered(uint64_t count)
{
    struct scheduler *s = make(&ordered_tens, 100, 1000);
    const struct job_row first = nth(1, 0, 100 * SECOND);

    tell_head(s, &first);
    read_ordered(s, 0, count);
    return s;
}

static void
test_in_order_the_next_batch_follows_the_success_of_the_one_before(void)
{
    struct scheduler *s = with_ordered(14);
    struct task_list list;
    struct task *first, *task;
    uint64_t n = 0;

    first = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_PTR_NULL(next(s));
    for (task = first; task != NULL; task = task->mate, n++)
        CU_ASSERT_EQUAL(task->job.id, 1000 + n);
    CU_ASSERT_EQUAL(n, 10);
    list = all_of(first);
    /* Not before the last of them has ended. */
    task = list.tail;
    end_at(s, list.head, OUTCOME_SUCCESS, FEEDBACK_GOOD, NOW);
    CU_ASSERT_PTR_NULL(next(s));
    for (first = list.head->next; first != NULL; first = first->next)
        end_at(s, first, OUTCOME_SUCCESS, FEEDBACK_GOOD, NOW);
    first = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_EQUAL(first->job.id, 1010);
    CU_ASSERT_EQUAL(finish_all(s, first), 4);
    while ((task = task_list_pop(&list)) != NULL)
        forget(s, task);
    scheduler_free(s);
}

static void
test_in_order_a_failed_batch_holds_the_lane_until_all_is_committed(void)
{
    struct scheduler *s = with_ordered(14);
    struct task_list list;
    struct task *first, *task;

    first = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    list = all_of(first);
    end_all_at(s, &list, OUTCOME_FAILED, FEEDBACK_GOOD, NOW);
    while (list.count > 1) {
        forget(s, task_list_pop(&list));
        CU_ASSERT_PTR_NULL(next(s));
    }
    forget(s, task_list_pop(&list));
    task = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    CU_ASSERT_EQUAL(task->job.id, 1010);
    (void)finish_all(s, task);
    scheduler_free(s);
}

static void
test_a_probe_goes_alone(void)
{
    struct scheduler *s = make_new(&tens, 100, 1000);
    const struct endpoint_state open = {
        .window = 5,
        .breaker = BREAKER_OPEN,
        .open_until_wall_us = NOW_DB - SECOND,
        .trips = 1,
        .failing_since_wall_us = NOW_DB - 100 * SECOND,
    };
    struct lane_read read;
    struct job_row row = nth(1, 0, 0);
    struct task *task;

    scheduler_load(s, LANE(1), &open, &now);
    tell_head(s, &row);
    read = plan_one(s);
    (void)answer_one(s, &read, &row);
    task = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    CU_ASSERT_EQUAL(task->mates, 0);
    finish(s, task);
    clear(s);
}

/* --- too old ------------------------------------------------------------------ */

static struct plan minute = {
    .mode = LANE_REMOTE, .window = 3, .rate = 1, .ttl_us = 60 * SECOND};

static struct task *
pop_expired(struct scheduler *s)
{
    struct task_list list = TASK_LIST_INIT;
    struct task *task;

    scheduler_take_expired(s, &list);
    CU_ASSERT_EQUAL_FATAL(list.count, 1);
    task = task_list_pop(&list);
    CU_ASSERT_EQUAL(task->state, TASK_DONE);
    CU_ASSERT_EQUAL(task->attempt.outcome.kind, OUTCOME_FAILED);
    CU_ASSERT_EQUAL(task->attempt.outcome.feedback, FEEDBACK_NONE);
    CU_ASSERT_STRING_EQUAL(task->attempt.outcome.error_class, "expired");
    CU_ASSERT_STRING_EQUAL(task->attempt.error,
                           "could not be delivered within 60 s, which is the "
                           "limit of the subscription");
    return task;
}

static void
test_what_is_too_old_is_not_begun(void)
{
    struct scheduler *s = make(&minute, 100, 1000);
    struct task *task;

    CU_ASSERT_PTR_NOT_NULL(offer_ready(s, nth(1, 0, 60 * SECOND)));
    CU_ASSERT_PTR_NOT_NULL(offer_ready(s, nth(1, 1, 50 * SECOND)));
    forget(s, pop_expired(s));
    /* And takes no start: the other one has the only one of this second. */
    task = next_at(s, NOW + 2 * SECOND);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    CU_ASSERT_EQUAL(task->job.id, 1001);
    finish(s, task);
    scheduler_free(s);
}

static void
test_what_becomes_too_old_while_it_waits_takes_no_turn(void)
{
    struct scheduler *s = make(&minute, 100, 1000);
    struct task *task;

    CU_ASSERT_PTR_NOT_NULL(offer_ready(s, nth(1, 0, 30 * SECOND)));
    CU_ASSERT_PTR_NOT_NULL(offer_ready(s, nth(1, 1, 0)));
    task = next_at(s, NOW + 30 * SECOND);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    CU_ASSERT_EQUAL(task->job.id, 1001);
    forget(s, pop_expired(s));
    finish(s, task);
    scheduler_free(s);
}

static void
test_a_retry_comes_no_later_than_the_end(void)
{
    struct scheduler *s = make(&minute, 100, 1000);
    struct task *task;

    CU_ASSERT_PTR_NOT_NULL(offer_ready(s, nth(1, 0, 40 * SECOND)));
    task = next_at(s, NOW + 10 * SECOND);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    task->attempt.outcome = (struct outcome){
        .kind = OUTCOME_RETRY,
        .wait_us = 3600 * SECOND,
        .feedback = FEEDBACK_GOOD,
    };
    scheduler_end(s, task, NOW + 10 * SECOND, 0);
    CU_ASSERT(task->attempt.outcome.wait_us >= 10 * SECOND);
    CU_ASSERT(task->attempt.outcome.wait_us <= 10 * SECOND + 100 * MS);
    forget(s, task);
    scheduler_free(s);
}

/* A retry is as old as its first time: when it was made, or what is noted. */
static void
test_a_retry_is_as_old_as_its_first_time(void)
{
    static const struct {
        const char *what;
        int64_t made_us;  /* before now */
        int64_t noted_us; /* before now; 0 = not */
        bool expired;
    } cases[] = {
        {"made long ago", 61 * SECOND, 0, true},
        {"made not so long ago", 59 * SECOND, 0, false},
        {"made long ago for a time that was not", 900 * SECOND, 59 * SECOND,
         false},
        {"made long ago for a time that was, too", 900 * SECOND, 61 * SECOND,
         true},
    };
    const struct scheduler_now later = {(ID_EPOCH_MS + INT64_C(100000000)) * MS,
                                        NOW};
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct scheduler *s = make(&minute, 100, 1000);
        struct job_row row = job(1, 1);
        struct task_list expired = TASK_LIST_INIT;
        struct task *task;

        row.id = id_floor(later.database_us - cases[i].made_us);
        row.due_us = later.database_us;
        row.attempts = 2;
        if (cases[i].noted_us > 0)
            row.first_due_us = later.database_us - cases[i].noted_us;
        task = scheduler_offer(s, &row, &later);
        CU_ASSERT_PTR_NOT_NULL_FATAL(task);
        scheduler_ready(s, task);
        scheduler_take_expired(s, &expired);
        if ((expired.count == 1) != cases[i].expired)
            fprintf(stderr, "\n%s\n", cases[i].what);
        CU_ASSERT_EQUAL(expired.count == 1, cases[i].expired);
        scheduler_forget(s, task);
        free(task);
        scheduler_free(s);
    }
}

static void
test_in_order_the_next_one_follows_what_is_too_old(void)
{
    struct plan plan = ordered_tens;
    struct scheduler *s;
    struct task *task;
    const struct job_row first = nth(1, 0, 100 * SECOND);

    plan.batch_max = 0;
    plan.ttl_us = 100 * SECOND;
    s = make(&plan, 100, 1000);
    tell_head(s, &first);
    read_ordered(s, 0, 2);
    task = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    CU_ASSERT_EQUAL(task->job.id, 1001);
    finish(s, task);
    {
        struct task_list list = TASK_LIST_INIT;

        scheduler_take_expired(s, &list);
        CU_ASSERT_EQUAL_FATAL(list.count, 1);
        forget(s, task_list_pop(&list));
    }
    scheduler_free(s);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"waits until there are enough", test_waits_until_there_are_enough},
        {"the oldest waits no longer than it may",
         test_the_oldest_waits_no_longer_than_it_may},
        {"a batch is one to everybody else",
         test_a_batch_is_one_to_everybody_else},
        {"the same jobs are the same batch",
         test_the_same_jobs_are_the_same_batch},
        {"only what was tried as often goes together",
         test_only_what_was_tried_as_often_goes_together},
        {"bytes make it full as well", test_bytes_make_it_full_as_well},
        {"a test goes alone and at once", test_a_test_goes_alone_and_at_once},
        {"in order, the next batch follows the success of the one before",
         test_in_order_the_next_batch_follows_the_success_of_the_one_before},
        {"in order, a failed batch holds the lane until all is committed",
         test_in_order_a_failed_batch_holds_the_lane_until_all_is_committed},
        {"a probe goes alone", test_a_probe_goes_alone},
        {"what is too old is not begun", test_what_is_too_old_is_not_begun},
        {"what becomes too old while it waits takes no turn",
         test_what_becomes_too_old_while_it_waits_takes_no_turn},
        {"a retry comes no later than the end",
         test_a_retry_comes_no_later_than_the_end},
        {"a retry is as old as its first time",
         test_a_retry_is_as_old_as_its_first_time},
        {"in order, the next one follows what is too old",
         test_in_order_the_next_one_follows_what_is_too_old},
        CU_TEST_INFO_NULL,
    };

    return unit_run("scheduler_batch", tests);
}
