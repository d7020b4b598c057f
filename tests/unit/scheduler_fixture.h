/*
 * scheduler_fixture.h - what the tests of the scheduler have in common: two
 * clocks, jobs, lanes that are all set up alike, and receivers that have or
 * have not answered before.
 */
#ifndef SCHEDULER_FIXTURE_H
#define SCHEDULER_FIXTURE_H

#include "lane.h"
#include "scheduler.h"
#include "unit.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define LANE(id) lane_number(LANE_SUBSCRIPTION, (id))
#define NOW_DB INT64_C(1000000000000) /* what both clocks say in most tests */
#define NOW INT64_C(5000000000)
#define SECOND INT64_C(1000000)
#define KNOWN 300 /* subscriptions that have proven themselves */

static const struct scheduler_now now = {NOW_DB, NOW};

/* What every lane is told by its setup. */
struct plan {
    enum lane_mode mode;
    uint32_t window;
    uint32_t rate;
    bool fifo;
    uint64_t receiver;
    uint32_t batch_max;
    int64_t batch_wait_us;
    size_t batch_bytes;
    int64_t ttl_us;
};

static inline void
setup(void *arg, uint64_t lane, struct lane_config *out)
{
    const struct plan *plan = arg;

    (void)lane;
    *out = (struct lane_config){
        .mode = plan->mode,
        .window = plan->window,
        .rate = plan->rate,
        .fifo = plan->fifo,
        .receiver = plan->receiver,
        .batch_max = plan->batch_max,
        .batch_wait_us = plan->batch_wait_us,
        .batch_bytes = plan->batch_bytes,
        .ttl_us = plan->ttl_us,
    };
}

static inline struct scheduler_limits
limits_of(uint32_t slots, size_t tasks)
{
    return (struct scheduler_limits){
        .slots = slots,
        .lane_window = 5,
        .tasks = tasks,
        .breaker_failures = 5,
        .breaker_open_us = 30 * SECOND,
        .breaker_max_us = 3600 * SECOND,
    };
}

/* A scheduler of whose receivers nothing is known. */
static inline struct scheduler *
make_new(struct plan *plan, uint32_t slots, size_t tasks)
{
    const struct scheduler_limits limits = limits_of(slots, tasks);
    struct scheduler *s = scheduler_new(&limits, setup, plan);

    scheduler_tick(s, NOW - 10 * SECOND);
    return s;
}

/* A good answer of long ago makes it proven, with a window as wide as it may
   be. */
static inline void
prove(struct scheduler *s, uint32_t subscription)
{
    const struct endpoint_state state = {
        .window = 100000,
        .last_good_wall_us = NOW_DB - SECOND,
    };

    scheduler_load(s, LANE(subscription), &state, &now);
}

/* The same, and the first subscriptions are proven. */
static inline struct scheduler *
make(struct plan *plan, uint32_t slots, size_t tasks)
{
    struct scheduler *s = make_new(plan, slots, tasks);
    uint32_t i;

    for (i = 1; i <= KNOWN; i++)
        prove(s, i);
    return s;
}

static inline struct job_row
job(uint64_t id, uint32_t subscription)
{
    return (struct job_row){
        .id = id,
        .lane = LANE(subscription),
        .shard = (uint8_t)lane_shard(LANE(subscription)),
        .event_id = id,
        .due_us = NOW_DB - 1000 + (int64_t)(id % 1000),
        .kind = JOB_DELIVER,
    };
}

static inline struct lane_head
head_of(uint32_t subscription, int64_t due_us)
{
    return (struct lane_head){
        .lane = LANE(subscription),
        .shard = lane_shard(LANE(subscription)),
        .due_us = due_us,
    };
}

static inline const bool *
every_shard(void)
{
    static bool shards[LANE_SHARDS];

    memset(shards, true, sizeof(shards));
    return shards;
}

/* These are the heads of all lanes, as the database has them. */
static inline void
tell_heads(struct scheduler *s, const struct lane_head *heads, size_t count,
           const struct scheduler_now *at)
{
    size_t i;

    while (scheduler_begin_heads(s))
        continue;
    for (i = 0; i < count; i++)
        scheduler_head(s, &heads[i], at);
    while (scheduler_end_heads(s, every_shard()))
        continue;
}

static inline void
tell_head(struct scheduler *s, const struct job_row *row)
{
    const struct lane_head head = {row->lane, row->shard, row->due_us};

    tell_heads(s, &head, 1, &now);
}

static inline struct lane_read
plan_one(struct scheduler *s)
{
    struct lane_read reads[2] = {{.lane = 0}};

    CU_ASSERT_EQUAL_FATAL(scheduler_plan_reads(s, reads, 2), 1);
    return reads[0];
}

/* The row is all that the read finds. */
static inline struct task *
answer_one(struct scheduler *s, const struct lane_read *read,
           const struct job_row *row)
{
    struct task *task = scheduler_offer_read(s, row, &now);

    CU_ASSERT_PTR_NOT_NULL_FATAL(task);
    scheduler_end_read(s, read, &now, false);
    scheduler_ready(s, task);
    return task;
}

static inline struct task *
offer_ready(struct scheduler *s, struct job_row row)
{
    struct task *task = scheduler_offer(s, &row, &now);

    if (task != NULL)
        scheduler_ready(s, task);
    return task;
}

static inline struct task *
next_at(struct scheduler *s, int64_t at_us)
{
    return scheduler_next(s, at_us);
}

static inline struct task *
next(struct scheduler *s)
{
    return scheduler_next(s, NOW);
}

/* It ends at that time with that answer; what follows is the caller's. */
static inline void
end_at(struct scheduler *s, struct task *task, enum outcome_kind kind,
       enum feedback feedback, int64_t at_us)
{
    task->attempt.outcome = (struct outcome){
        .kind = kind,
        .feedback = feedback,
    };
    scheduler_end(s, task, at_us, UINT32_MAX / 2);
}

static inline void
forget(struct scheduler *s, struct task *task)
{
    scheduler_forget(s, task);
    free(task);
}

/* Succeeds, is forgotten and freed. */
static inline void
finish_at(struct scheduler *s, struct task *task, int64_t at_us)
{
    end_at(s, task, OUTCOME_SUCCESS, FEEDBACK_GOOD, at_us);
    forget(s, task);
}

static inline void
finish(struct scheduler *s, struct task *task)
{
    finish_at(s, task, NOW);
}

/* A request for several jobs ends the same way for all of them. */
static inline void
end_all_at(struct scheduler *s, struct task_list *tasks, enum outcome_kind kind,
           enum feedback feedback, int64_t at_us)
{
    struct task *task;

    for (task = tasks->head; task != NULL; task = task->next)
        end_at(s, task, kind, feedback, at_us);
}

/* Fails and is to be tried again after a second. */
static inline void
fail_at(struct scheduler *s, struct task *task, int64_t at_us)
{
    end_at(s, task, OUTCOME_RETRY, FEEDBACK_BAD, at_us);
    scheduler_expect(s, task, at_us + SECOND);
    forget(s, task);
}

static inline size_t
free_list(struct task_list *list)
{
    struct task *task;
    size_t n = 0;

    while ((task = task_list_pop(list)) != NULL) {
        free(task);
        n++;
    }
    return n;
}

static inline size_t
free_dropped(struct scheduler *s)
{
    struct task_list dropped = TASK_LIST_INIT;

    scheduler_take_dropped(s, &dropped);
    return free_list(&dropped);
}

/* Nothing may be running. */
static inline void
clear(struct scheduler *s)
{
    struct task_list dropped = TASK_LIST_INIT;
    uint32_t shard;

    for (shard = 0; shard < LANE_SHARDS; shard++)
        scheduler_leave_shard(s, shard, false, &dropped);
    (void)free_list(&dropped);
    (void)free_dropped(s);
    CU_ASSERT_EQUAL(scheduler_counts(s).tasks, 0);
    scheduler_free(s);
}

#endif /* SCHEDULER_FIXTURE_H */
