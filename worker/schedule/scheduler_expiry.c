/*
 * scheduler_expiry.c - jobs that are too old; see scheduler.h.
 *
 * A job is as old as the time since it first became due: when it was made, or
 * `deliver_at`. It is looked at when it comes into memory, and when its turn
 * comes; nobody searches for such jobs. It takes neither a slot nor a start, so
 * those that are too old never keep the others from being in time.
 */
#include "scheduler_lane.h"

#include "id.h"

#include <inttypes.h>
#include <stdio.h>

#define SAME_TIME_US INT64_C(1000000)
#define AFTER_US INT64_C(50000) /* when it is too old beyond doubt */

/* A job that was not made for later became due when it was made, which is told
   by its id; two clocks are not quite the same. */
static bool
was_made_for_later(const struct job_row *row)
{
    int64_t difference_us = row->due_us - id_time_us(row->id);

    return row->attempts == 0 &&
           (difference_us > SAME_TIME_US || difference_us < -SAME_TIME_US);
}

/* Database clock; NEVER if it cannot become too old. */
static int64_t
expires_at(const struct lane *lane, const struct job_row *row)
{
    const struct lane_config *config = &lane->site->config;
    int64_t first_us = row->due_us;

    if (config->ttl_us == 0 || config->mode != LANE_REMOTE || row->test)
        return NEVER;
    /* A FIFO lane keeps that time; others move it at every retry. */
    if (row->first_due_us > 0)
        first_us = row->first_due_us;
    else if (!config->fifo && !was_made_for_later(row))
        first_us = id_time_us(row->id);
    return first_us + config->ttl_us;
}

bool
scheduler_is_expired(const struct scheduler *s, const struct lane *lane,
                     const struct job_row *row)
{
    return expires_at(lane, row) <= s->now_us + s->offset_us;
}

void
scheduler_expire(struct scheduler *s, struct task *task)
{
    struct attempt *attempt = &task->attempt;

    task->state = TASK_DONE;
    task->lane->queued--;
    *attempt = (struct attempt){
        .outcome = {.kind = OUTCOME_FAILED, .error_class = OUTCOME_EXPIRED},
        .started_us = s->now_us,
        .ended_us = s->now_us,
    };
    (void)snprintf(attempt->error, sizeof(attempt->error),
                   "could not be delivered within %" PRId64
                   " s, which is the limit of the subscription",
                   task->lane->site->config.ttl_us / INT64_C(1000000));
    task_list_add(&s->expired, task);
}

bool
scheduler_expire_first(struct scheduler *s, struct lane *lane,
                       struct task_list *queue)
{
    bool any = false;

    while (queue->head != NULL &&
           scheduler_is_expired(s, lane, &queue->head->job)) {
        scheduler_expire(s, task_list_pop(queue));
        any = true;
    }
    return any;
}

void
scheduler_expire_in_time(const struct scheduler *s, struct task *task)
{
    int64_t at_us = expires_at(task->lane, &task->job);
    struct outcome *outcome = &task->attempt.outcome;
    int64_t left_us;

    if (at_us == NEVER)
        return;
    left_us = at_us + AFTER_US - (s->now_us + s->offset_us);
    if (left_us < 0)
        left_us = 0;
    if (outcome->wait_us > left_us)
        outcome->wait_us = left_us;
}

void
scheduler_take_expired(struct scheduler *s, struct task_list *done)
{
    task_list_append(done, &s->expired);
}
