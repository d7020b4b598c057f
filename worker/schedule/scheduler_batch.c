/*
 * scheduler_batch.c - several jobs of one lane as one request; see scheduler.h.
 *
 * A batch has jobs with the same number of attempts, so what its answer means
 * is the same for all of them, and a batch that has failed comes again as it
 * was: its jobs become due at the same time. In a lane without order they stand
 * by their ids, for the same jobs are to make the same body.
 */
#include "scheduler_lane.h"

#include <stdlib.h>

#define BATCH_MAX 1000
/* The jobs of a batch that failed become due at the same time, as far as two
   transactions can say so; so long after it the rest is there as well. */
#define TOGETHER_US INT64_C(20000)

static size_t
most(const struct lane *lane)
{
    size_t max = lane->site->config.batch_max;

    return max < BATCH_MAX ? max : BATCH_MAX;
}

/* No more can join it, or nobody need wait: a probe goes alone. */
static bool
is_full(const struct scheduler *s, const struct lane *lane,
        const struct task_list *queue)
{
    size_t bytes = lane->site->config.batch_bytes;

    return queue->count >= most(lane) ||
           lane->queued >= scheduler_lane_cap(s, lane) ||
           (bytes > 0 && queue->count * lane->event_bytes >= bytes) ||
           lane->site->endpoint.breaker != BREAKER_CLOSED;
}

/* When a queue that is not empty may send; not after now: it may. */
static int64_t
ripe_at(const struct scheduler *s, const struct lane *lane,
        const struct task_list *queue)
{
    int64_t wait_us = lane->site->config.batch_wait_us;
    const struct task *first = queue->head;

    if (is_full(s, lane, queue))
        return s->now_us;
    if (first->job.attempts > 0 && wait_us > TOGETHER_US)
        wait_us = TOGETHER_US;
    return first->job.due_us - s->offset_us + wait_us;
}

static int64_t
hold_back(const struct scheduler *s, const struct lane *lane,
          const struct task_list *queue, bool *may)
{
    int64_t at_us;

    if (!*may)
        return NEVER;
    at_us = ripe_at(s, lane, queue);
    *may = at_us <= s->now_us;
    return *may ? NEVER : at_us;
}

void
scheduler_batch_ripen(struct scheduler *s, struct lane *lane, bool *fresh,
                      bool *retry)
{
    struct task_list *queues = lane->queues;
    struct due *due = &lane->ripening.due;
    int64_t fresh_us, retry_us;

    fresh_us = hold_back(s, lane, &queues[FRESH], fresh);
    retry_us = hold_back(
        s, lane, &queues[lane->site->config.fifo ? FRESH : RETRY], retry);
    if (retry_us < fresh_us)
        fresh_us = retry_us;
    if (fresh_us == NEVER)
        due_remove(&s->ripening, due);
    else
        due_set(&s->ripening, due, fresh_us);
}

void
scheduler_batch_wake(struct scheduler *s)
{
    struct due *due;

    while ((due = due_top(&s->ripening)) != NULL && due->at_us <= s->now_us) {
        struct ripening *ripening = (struct ripening *)due; /* first member */

        due_remove(&s->ripening, due);
        scheduler_refresh(s, ripening->lane);
    }
}

/* Nothing that comes before it is missing. */
static bool
follows_in_order(const struct lane *lane, const struct task *task)
{
    return task->job.due_us < lane->gap_us &&
           (lane->loading == 0 || task->job.due_us < lane->loading_us);
}

static bool
belongs_to(const struct lane *lane, const struct task *first,
           const struct task *task, size_t bytes)
{
    size_t bytes_max = lane->site->config.batch_bytes;

    if (task->job.attempts != first->job.attempts ||
        (bytes_max > 0 && bytes + task->event_bytes > bytes_max))
        return false;
    if (lane->site->config.fifo)
        return follows_in_order(lane, task);
    return first->job.attempts == 0 ||
           task->job.due_us - first->job.due_us <= TOGETHER_US;
}

static int
compare_ids(const void *a, const void *b)
{
    const struct task *const *left = a, *const *right = b;

    return ((*left)->job.id > (*right)->job.id) -
           ((*left)->job.id < (*right)->job.id);
}

static struct task *
tie(struct task **tasks, size_t count)
{
    size_t i;

    for (i = 0; i + 1 < count; i++)
        tasks[i]->mate = tasks[i + 1];
    tasks[0]->mates = (uint32_t)(count - 1);
    return tasks[0];
}

/* The next one of the queue, if it belongs to the batch. */
static struct task *
take_next(struct scheduler *s, struct lane *lane, struct task_list *queue,
          const struct task *first, size_t bytes)
{
    struct task *task;

    if (lane->site->config.ttl_us > 0)
        (void)scheduler_expire_first(s, lane, queue);
    task = queue->head;
    if (task == NULL || !belongs_to(lane, first, task, bytes))
        return NULL;
    (void)task_list_pop(queue);
    lane->queued--;
    if (lane->site->config.fifo) {
        task->front = true;
        lane->front++;
    }
    return task;
}

struct task *
scheduler_batch_gather(struct scheduler *s, struct lane *lane,
                       struct task_list *queue, struct task *task)
{
    struct task *tasks[BATCH_MAX], *next;
    size_t bytes = task->event_bytes, count = 0, max = most(lane);

    tasks[count++] = task;
    if (lane->site->endpoint.breaker != BREAKER_CLOSED)
        return task;
    while (count < max &&
           (next = take_next(s, lane, queue, task, bytes)) != NULL) {
        bytes += next->event_bytes;
        tasks[count++] = next;
    }
    if (!lane->site->config.fifo)
        qsort(tasks, count, sizeof(tasks[0]), compare_ids);
    return tie(tasks, count);
}
