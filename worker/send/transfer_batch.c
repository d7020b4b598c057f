/*
 * transfer_batch.c - one request for the events of several jobs; see
 * transfer.h.
 *
 * The first task and its mates have had the same number of attempts, so the
 * answer means the same for all. A job that cannot be part of the request - its
 * event is gone - has a result of its own and does not hold up the others.
 */
#include "transfer_impl.h"

#include "alloc.h"

#include <stdio.h>
#include <stdlib.h>

bool
transfer_is_batch(const struct transfer *transfer)
{
    return transfer->subscription->batch_size > 1 ||
           transfer->task->mate != NULL;
}

/* The batches have ended since these were put together: the first goes alone,
   the others another time. */
static void
part(struct task *first)
{
    struct task *mate;

    for (mate = first->mate; mate != NULL; mate = mate->mate)
        mate->attempt.left_out = OBSTACLE_CUT;
}

static size_t
find_events(struct task *first, const struct event **events)
{
    struct task *task;
    size_t n = 0;

    for (task = first; task != NULL; task = task->mate) {
        task->attempt.started_us = first->attempt.started_us;
        task->attempt.echo = false;
        task->attempt.left_out =
            task->event == NULL ? OBSTACLE_EVENT_MISSING : OBSTACLE_NONE;
        if (task->event != NULL)
            events[n++] = task->event;
    }
    return n;
}

enum obstacle
transfer_build_batch(struct transfer *transfer, const struct deliver_time *time)
{
    const struct subscription *subscription = transfer->subscription;
    struct task *first = transfer->task;
    const struct event **events =
        xreallocarray(NULL, first->mates + 1, sizeof(*events));
    enum obstacle obstacle = OBSTACLE_EVENT_MISSING;
    size_t count = find_events(first, events);

    if (subscription->batch_size <= 1) {
        part(first);
        obstacle = deliver_build(subscription, first->event, &first->job, time,
                                 &transfer->request);
    } else if (count > 0) {
        obstacle =
            deliver_build_batch(subscription, events, count,
                                first->job.attempts, time, &transfer->request);
    }
    free(events);
    return obstacle;
}

static bool
is_left_out(const struct task *task, enum obstacle obstacle)
{
    return task->attempt.left_out == OBSTACLE_CUT ||
           (task->attempt.left_out != OBSTACLE_NONE &&
            obstacle == OBSTACLE_NONE);
}

static void
give_own_result(struct task *task, const struct retry_policy *policy,
                int64_t ended_us)
{
    struct attempt *attempt = &task->attempt;
    const struct outcome_facts facts = {
        .obstacle = attempt->left_out,
        .attempt = task->job.attempts + 1,
        .policy = *policy,
    };

    *attempt = (struct attempt){
        .outcome = outcome_decide(&facts),
        .started_us = attempt->started_us,
        .ended_us = ended_us,
    };
    (void)snprintf(attempt->error, sizeof(attempt->error), "%s",
                   transfer_obstacle_text(facts.obstacle));
}

static void
give_result(struct task *task, const struct attempt *result, bool echo)
{
    task->attempt = *result;
    task->attempt.echo = echo;
    if (result->body_owners != NULL)
        ++*result->body_owners;
}

void
transfer_spread(struct task *first, enum obstacle obstacle,
                const struct retry_policy *policy)
{
    struct attempt result = first->attempt;
    bool told = false;
    struct task *task;

    /* A thousand jobs may have the same answer, and wait long for the
       database: there is one copy of it. */
    if (result.body != NULL) {
        result.body_owners = xcalloc(1, sizeof(*result.body_owners));
        *result.body_owners = 1;
    }
    for (task = first; task != NULL; task = task->mate) {
        if (is_left_out(task, obstacle)) {
            give_own_result(task, policy, result.ended_us);
        } else {
            give_result(task, &result, told);
            told = true;
        }
    }
    /* The first has the slot: whatever became of its own job, the endpoint has
       answered. */
    first->attempt.outcome.feedback = result.outcome.feedback;
    first->attempt.outcome.asked_us = result.outcome.asked_us;
    attempt_free_body(&result);
}
