/*
 * scheduler_task.c - tasks: how they come, change and go; see scheduler.h.
 */
#include "scheduler_lane.h"

#include "alloc.h"
#include "lane.h"

#include <assert.h>

#define SIZE_MEMORY 8 /* events until a lane's usual size is forgotten */

static bool
has_room(const struct scheduler *s, const struct lane *lane)
{
    return scheduler_room(s, lane, 0) > 0 &&
           lane->queued < scheduler_lane_cap(s, lane) &&
           scheduler_has_memory(s, lane->site->class);
}

static struct task *
make_task(struct scheduler *s, struct lane *lane, const struct job_row *row)
{
    struct task *task = xcalloc(1, sizeof(*task));
    void *old;

    task->job = *row;
    task->state = TASK_LOADING;
    task->lane = lane;
    task->counted_bytes = lane->event_bytes + lane->answer_bytes;
    old = map_put(&s->tasks, row->id, task);
    assert(old == NULL);
    (void)old;
    if (lane->known++ == 0)
        s->active++;
    s->shard_tasks[lane->site->shard]++;
    if (row->test)
        return task;
    lane->queued++;
    if (lane->loading++ == 0 || row->due_us < lane->loading_us)
        lane->loading_us = row->due_us;
    scheduler_hold(s, lane->site, 1, task->counted_bytes);
    return task;
}

struct task *
scheduler_take(struct scheduler *s, struct lane *lane,
               const struct job_row *row)
{
    bool must =
        row->test ||
        (lane->site->config.fifo && scheduler_fifo_is_first(lane, row)) ||
        (scheduler_is_expired(s, lane, row) && scheduler_room(s, lane, 0) > 0);

    if (!must && (!has_room(s, lane) || scheduler_is_away(s, lane->site)))
        return NULL;
    return make_task(s, lane, row);
}

struct task *
scheduler_adopt(struct scheduler *s, const struct job_row *row)
{
    struct task *task = NULL;
    struct lane *lane;

    if (map_get(&s->tasks, row->id) != NULL)
        return NULL;
    lane = scheduler_lane(s, row->lane, row->shard);
    if (lane->site->config.mode != LANE_HELD && !lane->site->config.fifo &&
        !lane->more)
        task = scheduler_take(s, lane, row);
    if (task == NULL)
        scheduler_miss(lane, row->due_us);
    scheduler_refresh(s, lane);
    return task;
}

/* --- from one state to the next ---------------------------------------------- */

/* Grows at once and shrinks slowly. */
static void
learn_size(size_t *usual, size_t bytes)
{
    if (bytes > *usual)
        *usual = bytes;
    else
        *usual -= (*usual - bytes) / SIZE_MEMORY;
}

static void
count_as(struct scheduler *s, struct task *task, size_t bytes)
{
    if (!task->job.test) {
        scheduler_release(s, task->lane->site, 1, task->counted_bytes);
        scheduler_hold(s, task->lane->site, 1, bytes);
    }
    task->counted_bytes = bytes;
}

static void
learn(struct scheduler *s, struct task *task)
{
    learn_size(&task->lane->event_bytes, task->event_bytes);
    learn_size(&s->event_bytes, task->event_bytes);
    count_as(s, task, task->event_bytes + task->lane->answer_bytes);
}

void
scheduler_count_answer(struct scheduler *s, struct task *task)
{
    if (lane_kind_of(task->lane->number) != LANE_FETCH)
        return;
    learn_size(&task->lane->answer_bytes, task->attempt.body_len);
    count_as(s, task, task->event_bytes + task->attempt.body_len);
}

static struct task_list *
queue_of(struct lane *lane, const struct task *task)
{
    return &lane->queues[!lane->site->config.fifo && task->job.attempts > 0
                             ? RETRY
                             : FRESH];
}

/* Where a batch waits for others, the oldest stands first. */
static void
enqueue(struct lane *lane, struct task *task)
{
    struct task_list *queue = queue_of(lane, task);
    struct task_list alone = TASK_LIST_INIT;

    if (lane->site->config.fifo) {
        scheduler_fifo_add(lane, task);
        return;
    }
    if (!scheduler_has_batches(lane->site) || queue->head == NULL ||
        queue->head->job.due_us <= task->job.due_us) {
        task_list_add(queue, task);
        return;
    }
    task_list_add(&alone, task);
    task_list_append(&alone, queue);
    *queue = alone;
}

void
scheduler_ready(struct scheduler *s, struct task *task)
{
    struct lane *lane = task->lane;

    assert(task->state == TASK_LOADING);
    learn(s, task);
    task->state = TASK_READY;
    if (task->job.test) {
        task_list_add(&s->tests, task);
        return;
    }
    lane->loading--;
    if (scheduler_is_expired(s, lane, &task->job))
        scheduler_expire(s, task);
    else
        enqueue(lane, task);
    scheduler_refresh(s, lane);
    /* It was being read when the breaker opened. */
    if (scheduler_is_away(s, lane->site))
        scheduler_drop_site(s, lane->site);
}

static void
remove_from(struct task_list *list, const struct task *task)
{
    struct task_list kept = TASK_LIST_INIT;
    struct task *each;

    while ((each = task_list_pop(list)) != NULL) {
        if (each != task)
            task_list_add(&kept, each);
    }
    *list = kept;
}

/* Takes a task that waits out of its queue. */
static void
unqueue(struct scheduler *s, struct task *task)
{
    struct lane *lane = task->lane;

    if (task->state == TASK_READY)
        remove_from(task->job.test ? &s->tests : queue_of(lane, task), task);
    if (task->job.test)
        return;
    if (task->state == TASK_LOADING)
        lane->loading--;
    if (task->state == TASK_READY || task->state == TASK_LOADING)
        lane->queued--;
}

/* Everything but the rings of its lane. */
static void
forget(struct scheduler *s, struct task *task)
{
    struct lane *lane = task->lane;

    assert(task->state != TASK_RUNNING);
    unqueue(s, task);
    (void)map_remove(&s->tasks, task->job.id);
    if (!task->job.test)
        scheduler_release(s, lane->site, 1, task->counted_bytes);
    s->shard_tasks[lane->site->shard]--;
    if (--lane->known == 0)
        s->active--;
    if (task->front)
        lane->front--;
}

void
scheduler_forget(struct scheduler *s, struct task *task)
{
    forget(s, task);
    scheduler_refresh(s, task->lane);
}

void
scheduler_put_back(struct scheduler *s, struct task *task)
{
    forget(s, task);
    scheduler_miss(task->lane, task->job.due_us);
    scheduler_refresh(s, task->lane);
}

struct task *
scheduler_withdraw(struct scheduler *s, uint64_t id, bool *busy)
{
    struct task *task = map_get(&s->tasks, id);

    *busy = task != NULL && task->state != TASK_READY;
    if (task == NULL || *busy)
        return NULL;
    scheduler_put_back(s, task);
    return task;
}

void
scheduler_expect(struct scheduler *s, struct task *task, int64_t at_us)
{
    struct lane *lane = task->lane;

    if (!lane->site->config.fifo || task->job.test) {
        scheduler_due_no_later(s, lane, at_us);
        return;
    }
    /* What waits behind it would only take memory. */
    scheduler_drop_waiting(s, lane, &s->dropped);
    scheduler_miss(lane, task->job.due_us);
    lane->blocked_us = at_us;
    lane->more = false;
    due_set(&s->due, &lane->due, at_us);
    scheduler_refresh(s, lane);
}

/* --- dropping ------------------------------------------------------------------ */

void
scheduler_drop_waiting(struct scheduler *s, struct lane *lane,
                       struct task_list *dropped)
{
    struct task *task;
    size_t i;

    for (i = 0; i < FRESHNESS_COUNT; i++) {
        while ((task = task_list_pop(&lane->queues[i])) != NULL) {
            /* Out of its queue already, as far as forgetting is concerned. */
            task->state = TASK_DONE;
            lane->queued--;
            forget(s, task);
            scheduler_miss(lane, task->job.due_us);
            task_list_add(dropped, task);
        }
    }
    scheduler_place(s, lane);
}

void
scheduler_take_dropped(struct scheduler *s, struct task_list *dropped)
{
    task_list_append(dropped, &s->dropped);
}
