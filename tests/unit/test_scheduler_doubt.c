/*
 * test_scheduler_doubt.c - unit tests for worker/schedule/scheduler_share.c and
 * scheduler_site.c: many that were proven begin to hang at once.
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

/* All have answered lately, and then hang: that costs one time-out. */
static void
test_those_who_begin_to_hang_at_once(void)
{
    struct scheduler *s = make(&plan, SLOTS, 10000);
    struct task *running[SLOTS], *task;
    int64_t at_us = NOW + 5 * SECOND;
    size_t n;

    scheduler_tick(s, at_us);
    offer_one_each(s, 1, KNOWN - 1);
    n = start_all(s, running, 0, at_us);
    CU_ASSERT_EQUAL(n, SLOTS);
    CU_ASSERT_PTR_NULL(next_at(s, at_us + SECOND)); /* they grow slow */
    while (n > 1)
        fail_at(s, running[--n], at_us + HANG_US);
    finish_at(s, running[0], at_us + HANG_US); /* this one answers, though */
    CU_ASSERT_EQUAL(scheduler_counts(s).running, 0);
    n = start_all(s, running, 0, at_us + HANG_US);
    CU_ASSERT_EQUAL(n, SLOTS / 4); /* the others are not believed any more */
    CU_ASSERT_EQUAL(scheduler_counts(s).unproven, SLOTS / 4);
    (void)offer_ready(s, job(1000, 1));
    task = next_at(s, at_us + HANG_US);
    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    CU_ASSERT_EQUAL(task->job.id, 1000);
    finish_at(s, task, at_us + HANG_US);
    finish_all(s, running, n, at_us + HANG_US);
    clear(s);
}

/* The slots are full for one time-out, and for another: nobody could answer
   meanwhile, so those who wait have as many slots as before. */
static void
test_who_waits_for_a_slot_is_believed(void)
{
    struct scheduler *s = make(&plan, SLOTS, 10000);
    struct task *running[SLOTS];
    int64_t at_us = NOW;
    size_t n;
    int i;

    offer_one_each(s, 1, KNOWN - 1);
    for (i = 0; i < 2; i++) {
        n = start_all(s, running, 0, at_us);
        CU_ASSERT_EQUAL_FATAL(n, SLOTS);
        CU_ASSERT_PTR_NULL(next_at(s, at_us + SECOND)); /* they grow slow */
        at_us += HANG_US;
        while (n > 0)
            fail_at(s, running[--n], at_us);
    }
    n = start_all(s, running, 0, at_us);
    CU_ASSERT_EQUAL(n, KNOWN - 1 - 2 * SLOTS);
    CU_ASSERT_EQUAL(scheduler_counts(s).unproven, 0);
    finish_all(s, running, n, at_us);
    clear(s);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"those who begin to hang at once cost one time-out",
         test_those_who_begin_to_hang_at_once},
        {"who waits for a slot is believed",
         test_who_waits_for_a_slot_is_believed},
        CU_TEST_INFO_NULL,
    };

    return unit_run("scheduler_doubt", tests);
}
