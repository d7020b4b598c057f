/*
 * scheduler_fifo.c - the order of a FIFO lane; see scheduler.h.
 *
 * What waits in memory is sorted by (due, id). Jobs that are missing in front
 * of it - given back, dropped, being loaded - are known by their times: the
 * first that waits may only run if it comes before all of those.
 */
#include "scheduler_lane.h"

static bool
comes_before(const struct job_row *a, const struct job_row *b)
{
    if (a->due_us != b->due_us)
        return a->due_us < b->due_us;
    return a->id < b->id;
}

bool
scheduler_fifo_has_gap(const struct lane *lane)
{
    const struct task *first = lane->queues[FRESH].head;

    return lane->site->config.fifo && first != NULL &&
           first->job.due_us >= lane->gap_us;
}

bool
scheduler_fifo_may_run(const struct scheduler *s, const struct lane *lane)
{
    const struct task *first = lane->queues[FRESH].head;

    return first != NULL && lane->front == 0 && lane->blocked_us <= s->now_us &&
           !scheduler_fifo_has_gap(lane) &&
           (lane->loading == 0 || first->job.due_us < lane->loading_us);
}

bool
scheduler_fifo_is_first(const struct lane *lane, const struct job_row *row)
{
    const struct task *first = lane->queues[FRESH].head;

    return first != NULL && comes_before(row, &first->job);
}

bool
scheduler_is_waited_for(const struct task *task)
{
    return task->front && task->lane->queues[FRESH].count > 0;
}

void
scheduler_fifo_add(struct lane *lane, struct task *task)
{
    struct task_list *queue = &lane->queues[FRESH];
    struct task_list before = TASK_LIST_INIT;

    if (queue->tail != NULL && comes_before(&task->job, &queue->tail->job)) {
        while (comes_before(&queue->head->job, &task->job))
            task_list_add(&before, task_list_pop(queue));
    } else {
        task_list_append(&before, queue);
    }
    task_list_add(&before, task);
    task_list_append(&before, queue);
    *queue = before;
}

bool
scheduler_fifo_is_blocked(struct lane *lane, const struct job_row *row,
                          const struct scheduler_now *now)
{
    /* Only the first of a lane can have been tried; a wait that an earlier
       one has left behind is over. */
    if (row->attempts == 0 || row->blocked_us <= now->database_us)
        return false;
    lane->blocked_us = scheduler_to_mono(now, row->blocked_us);
    return true;
}
