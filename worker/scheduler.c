/*
 * scheduler.c - tasks and lanes: how they come, change and go; see
 * scheduler.h. Whose turn it is stands in scheduler_turn.c, reading in
 * scheduler_read.c.
 */
#include "scheduler.h"

#include "alloc.h"
#include "scheduler_lane.h"

#include <assert.h>
#include <stdlib.h>

#define LANE_TASKS_MAX 1024 /* waiting in one lane, however quiet the others */
#define LANE_BYTES_SHARE 8  /* one lane's events take an eighth of the memory */
#define SIZE_MEMORY 8       /* events until a lane's usual size is forgotten */

struct scheduler *
scheduler_new(const struct scheduler_limits *limits,
              void (*setup)(void *arg, uint64_t lane, struct lane_config *out),
              void *arg)
{
    struct scheduler *s = xcalloc(1, sizeof(*s));

    assert(limits->slots > 0 && limits->lane_window > 0);
    s->limits = *limits;
    s->setup = setup;
    s->setup_arg = arg;
    return s;
}

void
scheduler_free(struct scheduler *s)
{
    size_t at = 0;
    uint64_t number;
    void *lane;

    if (s == NULL)
        return;
    assert(s->tasks.used == 0);
    while (map_next(&s->lanes, &at, &number, &lane))
        free(lane);
    map_free(&s->lanes);
    map_free(&s->tasks);
    due_heap_free(&s->due);
    free(s);
}

static void
ask_setup(struct scheduler *s, struct lane *lane)
{
    uint32_t share = s->limits.slots / 5;

    s->setup(s->setup_arg, lane->number, &lane->config);
    assert(lane->config.window > 0);
    /* However wide its own window, a lane takes no more than a fifth of the
       slots, unless the usual window is wider than that. */
    if (share < s->limits.lane_window)
        share = s->limits.lane_window;
    if (lane->config.window > share)
        lane->config.window = share;
}

struct lane *
scheduler_lane(struct scheduler *s, uint64_t number, uint32_t shard)
{
    struct lane *lane = map_get(&s->lanes, number);

    assert(shard < LANE_SHARDS);
    if (lane != NULL)
        return lane;
    lane = xcalloc(1, sizeof(*lane));
    lane->number = number;
    lane->shard = shard;
    lane->oldest_us = NEVER;
    lane->event_bytes = s->limits.event_bytes;
    ask_setup(s, lane);
    (void)map_put(&s->lanes, number, lane);
    return lane;
}

size_t
scheduler_lane_cap(const struct scheduler *s, const struct lane *lane)
{
    size_t cap = s->limits.tasks / (s->active + 1);

    if (cap > LANE_TASKS_MAX)
        cap = LANE_TASKS_MAX;
    /* A lane that does not get on must not fill the memory with its events. */
    if (s->limits.bytes > 0 && lane->event_bytes > 0) {
        size_t fit = s->limits.bytes / LANE_BYTES_SHARE / lane->event_bytes;

        if (cap > fit)
            cap = fit;
    }
    if (cap < 2 * (size_t)lane->config.window)
        cap = 2 * (size_t)lane->config.window;
    return cap;
}

static struct task *
make_task(struct scheduler *s, struct lane *lane, const struct job_row *row)
{
    struct task *task = xcalloc(1, sizeof(*task));
    void *old;

    task->job = *row;
    task->state = TASK_LOADING;
    task->lane = lane;
    old = map_put(&s->tasks, row->id, task);
    assert(old == NULL);
    (void)old;
    if (lane->known++ == 0)
        s->active++;
    s->shard_tasks[lane->shard]++;
    if (!row->test)
        lane->queued++;
    return task;
}

/* A lane that has nothing gets one in even when memory is full, so that no
   backlog of others can shut it out. */
size_t
scheduler_room(const struct scheduler *s, const struct lane *lane,
               size_t planned)
{
    size_t used = s->tasks.used + planned;

    if (used < s->limits.tasks)
        return s->limits.tasks - used;
    return lane->known == 0 && used < s->limits.tasks + s->limits.tasks / 4;
}

static bool
has_room(const struct scheduler *s, const struct lane *lane)
{
    return scheduler_room(s, lane, 0) > 0 &&
           lane->queued < scheduler_lane_cap(s, lane);
}

struct task *
scheduler_take(struct scheduler *s, struct lane *lane,
               const struct job_row *row)
{
    if (!row->test && !has_room(s, lane))
        return NULL;
    return make_task(s, lane, row);
}

struct task *
scheduler_adopt(struct scheduler *s, const struct job_row *row)
{
    struct lane *lane;

    if (map_get(&s->tasks, row->id) != NULL)
        return NULL;
    lane = scheduler_lane(s, row->lane, row->shard);
    if (lane->config.mode == LANE_HELD || lane->more || !has_room(s, lane)) {
        scheduler_miss(s, lane, row->due_us);
        return NULL;
    }
    return make_task(s, lane, row);
}

/* Grows at once and shrinks slowly. */
static void
learn_size(struct lane *lane, size_t bytes)
{
    if (bytes > lane->event_bytes)
        lane->event_bytes = bytes;
    else
        lane->event_bytes -= (lane->event_bytes - bytes) / SIZE_MEMORY;
}

void
scheduler_ready(struct scheduler *s, struct task *task)
{
    struct lane *lane = task->lane;

    assert(task->state == TASK_LOADING);
    learn_size(lane, task->event_bytes);
    task->state = TASK_READY;
    if (task->job.test)
        task_list_add(&s->tests, task);
    else
        task_list_add(task->job.attempts == 0 ? &lane->fresh : &lane->retries,
                      task);
    scheduler_refresh(s, lane);
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

    if (task->state == TASK_READY && task->job.test)
        remove_from(&s->tests, task);
    else if (task->state == TASK_READY)
        remove_from(task->job.attempts == 0 ? &lane->fresh : &lane->retries,
                    task);
    if (!task->job.test &&
        (task->state == TASK_READY || task->state == TASK_LOADING))
        lane->queued--;
}

void
scheduler_forget(struct scheduler *s, struct task *task)
{
    struct lane *lane = task->lane;

    assert(task->state != TASK_RUNNING);
    unqueue(s, task);
    (void)map_remove(&s->tasks, task->job.id);
    s->shard_tasks[lane->shard]--;
    if (--lane->known == 0)
        s->active--;
    scheduler_refresh(s, lane);
}

void
scheduler_put_back(struct scheduler *s, struct task *task)
{
    struct lane *lane = task->lane;

    scheduler_forget(s, task);
    scheduler_miss(s, lane, task->job.due_us);
}

void
scheduler_expect(struct scheduler *s, struct task *task, int64_t at_us)
{
    struct lane *lane = task->lane;

    if (lane->due.place == 0 || lane->due.at_us > at_us)
        due_set(&s->due, &lane->due, at_us);
}

/* Forgets all tasks of the lane that wait. */
static void
drop_waiting(struct scheduler *s, struct lane *lane, struct task_list *dropped)
{
    struct task_list *const queues[] = {&lane->fresh, &lane->retries};
    struct task *task;
    size_t i;

    for (i = 0; i < 2; i++) {
        while ((task = task_list_pop(queues[i])) != NULL) {
            /* Out of its queue already, as far as forgetting is concerned. */
            task->state = TASK_DONE;
            lane->queued--;
            scheduler_forget(s, task);
            scheduler_miss(s, lane, task->job.due_us);
            task_list_add(dropped, task);
        }
    }
}

void
scheduler_reconfigure(struct scheduler *s, struct task_list *dropped)
{
    size_t at = 0;
    uint64_t number;
    void *value;

    while (map_next(&s->lanes, &at, &number, &value)) {
        struct lane *lane = value;
        enum lane_mode before = lane->config.mode;

        ask_setup(s, lane);
        if (lane->config.mode == LANE_HELD)
            drop_waiting(s, lane, dropped);
        else if (before == LANE_HELD)
            lane->more = true; /* whatever came meanwhile was not read */
        scheduler_refresh(s, lane);
    }
}

static void
drop_tests(struct scheduler *s, uint32_t shard, struct task_list *dropped)
{
    struct task_list kept = TASK_LIST_INIT;
    struct task *task;

    while ((task = task_list_pop(&s->tests)) != NULL) {
        if (task->lane->shard != shard) {
            task_list_add(&kept, task);
            continue;
        }
        task->state = TASK_DONE;
        scheduler_forget(s, task);
        task_list_add(dropped, task);
    }
    s->tests = kept;
}

void
scheduler_leave_shard(struct scheduler *s, uint32_t shard, bool lost,
                      struct task_list *dropped)
{
    size_t at = 0;
    uint64_t key;
    void *value;

    drop_tests(s, shard, dropped);
    while (map_next(&s->lanes, &at, &key, &value)) {
        struct lane *lane = value;

        if (lane->shard != shard)
            continue;
        drop_waiting(s, lane, dropped);
        lane->more = false;
        lane->mark_us = 0;
        due_remove(&s->due, &lane->due);
        scheduler_refresh(s, lane);
    }
    for (at = 0; lost && map_next(&s->tasks, &at, &key, &value);) {
        struct task *task = value;

        if (task->lane->shard == shard)
            task->orphan = true;
    }
}

size_t
scheduler_shard_tasks(const struct scheduler *s, uint32_t shard)
{
    return s->shard_tasks[shard];
}

struct scheduler_counts
scheduler_counts(const struct scheduler *s)
{
    return (struct scheduler_counts){
        .tasks = s->tasks.used,
        .running = s->running,
        .lanes = s->lanes.used,
        .hungry = s->rings[RING_HUNGRY].count,
        .local = s->rings[RING_LOCAL].count,
    };
}
