/*
 * test_scheduler_share.c - unit tests for worker/schedule/scheduler_share.c: receivers
 * that hang do not keep others from being served.
 */
#include "scheduler_fixture.h"

#define SLOTS 100
#define HANG_US (30 * SECOND)

static struct plan plan = {.mode = LANE_REMOTE, .window = 20};

static size_t
start_all(struct scheduler *s, struct task **running, size_t n, int64_t at_us)
{
    while (n < SLOTS && (running[n] = next_at(s, at_us)) != NULL)
        n++;
    return n;
}

/* One job for each of so many receivers. */
static void
offer_one_each(struct scheduler *s, uint32_t from, uint32_t count)
{
    uint32_t i;

    for (i = 0; i < count; i++)
        CU_ASSERT_PTR_NOT_NULL(offer_ready(s, job(from + i, from + i)));
}

static void
finish_all(struct scheduler *s, struct task **running, size_t n, int64_t at_us)
{
    size_t i;

    for (i = 0; i < n; i++)
        finish_at(s, running[i], at_us);
}

static void
test_new_ones_have_a_quarter(void)
{
    struct scheduler *s = make_new(&plan, SLOTS, 10000);
    struct task *running[SLOTS];
    size_t n;

    offer_one_each(s, 1000, 60);
    n = start_all(s, running, 0, NOW);
    CU_ASSERT_EQUAL(n, SLOTS / 4);
    CU_ASSERT_EQUAL(scheduler_counts(s).unproven, SLOTS / 4);
    finish_all(s, running, n, NOW);
    n = start_all(s, running, 0, NOW);
    finish_all(s, running, n, NOW);
    n = start_all(s, running, 0, NOW);
    CU_ASSERT_EQUAL(n, 10);
    finish_all(s, running, n, NOW);
    scheduler_free(s);
}

/* Nobody knows whether it takes more than one. */
static void
test_new_one_runs_one_at_a_time(void)
{
    struct scheduler *s = make_new(&plan, SLOTS, 10000);
    struct task *first;

    (void)offer_ready(s, job(1, 1000));
    (void)offer_ready(s, job(2, 1000));
    first = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_PTR_NULL(next(s));
    finish(s, first); /* it has answered: more are read now */
    CU_ASSERT_PTR_NOT_NULL(offer_ready(s, job(3, 1000)));
    CU_ASSERT_PTR_NOT_NULL(offer_ready(s, job(4, 1000)));
    CU_ASSERT_PTR_NOT_NULL_FATAL(first = next(s));
    finish(s, first);
    clear(s);
}

/* However many hang, 45 % of the slots are left for those who answer. */
static void
test_those_who_hang_have_a_bound(void)
{
    struct scheduler *s = make_new(&plan, SLOTS, 100000);
    struct task *running[SLOTS], *task;
    int64_t at_us;
    size_t n = 0;

    prove(s, 1);
    offer_one_each(s, 1000, 3000);
    for (at_us = NOW; at_us < NOW + 10 * SECOND; at_us += SECOND / 10)
        n = start_all(s, running, n, at_us);
    CU_ASSERT_EQUAL(n, 55);
    CU_ASSERT_EQUAL(scheduler_counts(s).aged, 55);
    /* A proven one goes on as if nothing were the matter. */
    (void)offer_ready(s, job(1, 1));
    task = next_at(s, at_us);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    CU_ASSERT_EQUAL(task->job.id, 1);
    finish_at(s, task, at_us);
    finish_all(s, running, n, at_us);
    clear(s);
}

/* It does not stand behind the thousands that came before. */
static void
test_newcomer_comes_soon(void)
{
    struct scheduler *s = make_new(&plan, SLOTS, 100000);
    struct task *running[SLOTS];
    size_t n = 0, i, ends = 0;
    int64_t at_us = NOW;

    offer_one_each(s, 1000, 3000);
    for (; at_us < NOW + 5 * SECOND; at_us += SECOND / 10)
        n = start_all(s, running, n, at_us);
    CU_ASSERT_EQUAL(n, 55);
    offer_one_each(s, 9000, 1);
    for (i = 0; i < n && ends < 10; i++) {
        fail_at(s, running[i], at_us); /* one slot at a time comes free */
        running[i] = next_at(s, at_us);
        CU_ASSERT_PTR_NOT_NULL_FATAL(running[i]);
        ends++;
        if (running[i]->job.id == 9000)
            break;
    }
    CU_ASSERT(ends <= 4);
    finish_all(s, running, n, at_us);
    clear(s);
}

/* Those who failed come after those who have not been tried. */
static void
test_new_before_failing(void)
{
    struct scheduler *s = make_new(&plan, 4, 10000); /* a quarter: one slot */
    size_t i, failing = 0;
    struct task *task;

    offer_one_each(s, 1000, 20);
    for (i = 0; i < 20; i++) {
        task = next(s);
        CU_ASSERT_PTR_NOT_NULL_FATAL(task);
        fail_at(s, task, NOW);
    }
    CU_ASSERT_PTR_NULL(next(s));
    for (i = 0; i < 20; i++)
        (void)offer_ready(s, job(2000 + i, 1000 + (uint32_t)i));
    offer_one_each(s, 3000, 40);
    for (i = 0; i < 40; i++) {
        task = next(s);
        CU_ASSERT_PTR_NOT_NULL_FATAL(task);
        failing += task->job.id < 3000;
        fail_at(s, task, NOW);
    }
    CU_ASSERT_EQUAL(failing, 10); /* every fourth */
    clear(s);
}

static void
test_slow_ones_have_a_bound(void)
{
    struct scheduler *s = make(&plan, SLOTS, 100000);
    struct task *running[SLOTS], *quick;
    size_t n = 0, i;

    /* Proven, but their answers take 5 s. */
    offer_one_each(s, 1, 60);
    n = start_all(s, running, 0, NOW);
    CU_ASSERT_EQUAL(n, 60);
    CU_ASSERT_PTR_NULL(next_at(s, NOW + SECOND));
    CU_ASSERT_EQUAL(scheduler_counts(s).slow, 60);
    finish_all(s, running, n, NOW + 5 * SECOND);
    for (i = 0; i < 60; i++)
        (void)offer_ready(s, job(1000 + i, 1 + (uint32_t)i));
    n = start_all(s, running, 0, NOW + 5 * SECOND);
    CU_ASSERT_EQUAL(n, 30);
    (void)offer_ready(s, job(100, 100));
    quick = next_at(s, NOW + 5 * SECOND);
    CU_ASSERT_PTR_NOT_NULL_FATAL(quick);
    finish_at(s, quick, NOW + 5 * SECOND);
    /* Who is quick again is not slow any more. */
    finish_all(s, running, n, NOW + 5 * SECOND + 1000);
    n = start_all(s, running, 0, NOW + 5 * SECOND + 1000);
    finish_all(s, running, n, NOW + 5 * SECOND + 2000);
    CU_ASSERT_EQUAL(n, 30);
    for (i = 0; i < 60; i++)
        (void)offer_ready(s, job(3000 + i, 1 + (uint32_t)i));
    n = start_all(s, running, 0, NOW + 5 * SECOND + 3000);
    CU_ASSERT_EQUAL(n, 60);
    finish_all(s, running, n, NOW + 5 * SECOND + 3000);
    scheduler_free(s);
}

/* Hanging new ones leave half of the slow ones' share to the proven. */
static void
test_slow_ones_are_not_shut_out(void)
{
    struct scheduler *s = make_new(&plan, SLOTS, 100000);
    struct task *running[SLOTS], *slow;
    int64_t at_us = NOW;
    size_t n = 0;

    prove(s, 1);
    (void)offer_ready(s, job(1, 1));
    slow = next(s);
    CU_ASSERT_PTR_NOT_NULL_FATAL(slow);
    finish_at(s, slow, NOW + 2 * SECOND);
    offer_one_each(s, 1000, 3000);
    for (at_us = NOW; at_us < NOW + 8 * SECOND; at_us += SECOND / 10)
        n = start_all(s, running, n, at_us);
    CU_ASSERT_EQUAL(n, 55);
    (void)offer_ready(s, job(2, 1));
    slow = next_at(s, at_us);
    CU_ASSERT_PTR_NOT_NULL_FATAL(slow);
    CU_ASSERT_EQUAL(slow->job.id, 2);
    finish_at(s, slow, at_us + 2 * SECOND);
    finish_all(s, running, n, at_us + 2 * SECOND);
    clear(s);
}

/* The same shares for bytes: hanging ones with large bodies. */
static void
test_bytes_have_shares_too(void)
{
    struct scheduler_limits limits = limits_of(SLOTS, 100000);
    struct task *running[SLOTS];
    struct scheduler *s;
    size_t i, n;

    limits.inflight_bytes = 100000;
    s = scheduler_new(&limits, setup, &plan);
    for (i = 0; i < 100; i++) {
        struct job_row row = job(1000 + i, 1000 + (uint32_t)i);
        struct task *task = scheduler_offer(s, &row, &now);

        CU_ASSERT_PTR_NOT_NULL_FATAL(task);
        task->event_bytes = 5000;
        scheduler_ready(s, task);
    }
    n = start_all(s, running, 0, NOW);
    CU_ASSERT_EQUAL(n, 5); /* a quarter of the bytes */
    finish_all(s, running, n, NOW);
    clear(s);
}

/* So many questions to one source at a time, of ten that wait; each is answered
   by so many bytes. */
static size_t
ask(struct scheduler *s, uint64_t id, size_t answer_bytes)
{
    const uint64_t lane = lane_number(LANE_FETCH, 7);
    struct task *running[SLOTS];
    size_t i, n, most = 0;

    for (i = 0; i < 10; i++) {
        struct job_row row = job(id + i, 7);
        struct task *task;

        row.lane = lane;
        row.shard = (uint8_t)lane_shard(lane);
        row.kind = JOB_PROCESS;
        task = scheduler_offer(s, &row, &now);
        if (task == NULL)
            continue;
        task->event_bytes = 100;
        scheduler_ready(s, task);
    }
    while ((n = start_all(s, running, 0, NOW)) > 0) {
        most = n > most ? n : most;
        for (i = 0; i < n; i++) {
            running[i]->attempt.body_len = answer_bytes;
            finish_at(s, running[i], NOW);
        }
    }
    return most;
}

/* A record is larger than the event that it is asked for by. */
static void
test_answers_of_sources_are_counted(void)
{
    const struct endpoint_state state = {
        .window = 100000,
        .last_good_wall_us = NOW_DB - SECOND,
    };
    struct scheduler_limits limits = limits_of(SLOTS, 100000);
    struct scheduler *s;

    limits.inflight_bytes = 100000;
    s = scheduler_new(&limits, setup, &plan);
    scheduler_load(s, lane_number(LANE_FETCH, 7), &state, &now);
    CU_ASSERT_EQUAL(ask(s, 100, 100), 10);
    (void)ask(s, 200, 30000); /* nobody could know that */
    /* A fifth of the bytes is what one receiver may have. */
    CU_ASSERT_EQUAL(ask(s, 300, 30000), 1);
    clear(s);
}

/* Under full load everybody gets on. */
static void
test_classes_take_turns(void)
{
    struct scheduler *s = make(&plan, 8, 100000);
    size_t i, fresh = 0;

    for (i = 0; i < 200; i++)
        (void)offer_ready(s, job(1 + i, 1 + (uint32_t)i));
    offer_one_each(s, 1000, 50);
    for (i = 0; i < 80; i++) {
        struct task *task = next(s);

        CU_ASSERT_PTR_NOT_NULL_FATAL(task);
        fresh += task->job.id >= 1000;
        finish(s, task);
    }
    CU_ASSERT(fresh >= 15 && fresh <= 40);
    clear(s);
}

/* Whoever asks for many tests takes a tenth of the slots. */
static void
test_tests_have_a_tenth(void)
{
    struct scheduler *s = make(&plan, SLOTS, 10000);
    struct task *running[SLOTS];
    size_t i, n;

    for (i = 0; i < 50; i++) {
        struct job_row row = job(5000 + i, 7);

        row.test = true;
        CU_ASSERT_PTR_NOT_NULL(offer_ready(s, row));
    }
    offer_one_each(s, 1, 3);
    n = start_all(s, running, 0, NOW);
    CU_ASSERT_EQUAL(n, SLOTS / 10 + 3);
    for (i = 0; i < n; i++)
        CU_ASSERT_EQUAL(running[i]->job.test, i < SLOTS / 10);
    finish_all(s, running, n, NOW);
    n = start_all(s, running, 0, NOW);
    CU_ASSERT_EQUAL(n, SLOTS / 10); /* the next ones */
    finish_all(s, running, n, NOW);
    clear(s);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"new ones have a quarter of the slots", test_new_ones_have_a_quarter},
        {"a new one runs one at a time", test_new_one_runs_one_at_a_time},
        {"those who hang leave 45 % to others",
         test_those_who_hang_have_a_bound},
        {"a newcomer comes soon", test_newcomer_comes_soon},
        {"new ones before failing ones", test_new_before_failing},
        {"slow ones have 30 %", test_slow_ones_have_a_bound},
        {"slow ones are not shut out", test_slow_ones_are_not_shut_out},
        {"bytes have shares, too", test_bytes_have_shares_too},
        {"answers of sources are counted", test_answers_of_sources_are_counted},
        {"classes take turns", test_classes_take_turns},
        {"tests have a tenth of the slots", test_tests_have_a_tenth},
        CU_TEST_INFO_NULL,
    };

    return unit_run("scheduler_share", tests);
}
