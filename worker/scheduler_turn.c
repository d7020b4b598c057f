/*
 * scheduler_turn.c - whose turn it is: the rings of lanes; see scheduler.h.
 */
#include "scheduler_lane.h"

#include <assert.h>

#define RETRY_TURN 10 /* every tenth job may be a retry while fresh ones wait */

static void
ring_add(struct scheduler *s, enum lane_ring ring, struct lane *lane)
{
    struct lane_chain *chain = &s->rings[ring];
    struct lane_link *link = &lane->links[ring];

    if (link->in)
        return;
    *link = (struct lane_link){.prev = chain->tail, .in = true};
    if (chain->tail == NULL)
        chain->head = lane;
    else
        chain->tail->links[ring].next = lane;
    chain->tail = lane;
    chain->count++;
}

static void
ring_remove(struct scheduler *s, enum lane_ring ring, struct lane *lane)
{
    struct lane_chain *chain = &s->rings[ring];
    struct lane_link *link = &lane->links[ring];

    if (!link->in)
        return;
    if (link->prev == NULL)
        chain->head = link->next;
    else
        link->prev->links[ring].next = link->next;
    if (link->next == NULL)
        chain->tail = link->prev;
    else
        link->next->links[ring].prev = link->prev;
    *link = (struct lane_link){.in = false};
    chain->count--;
}

struct lane *
scheduler_ring_pop(struct scheduler *s, enum lane_ring ring)
{
    struct lane *lane = s->rings[ring].head;

    if (lane != NULL)
        ring_remove(s, ring, lane);
    return lane;
}

static void
ring_set(struct scheduler *s, enum lane_ring ring, struct lane *lane,
         bool belongs)
{
    if (belongs)
        ring_add(s, ring, lane);
    else
        ring_remove(s, ring, lane);
}

void
scheduler_refresh(struct scheduler *s, struct lane *lane)
{
    bool may_run =
        lane->config.mode == LANE_REMOTE && lane->running < lane->config.window;
    bool local = lane->config.mode == LANE_LOCAL;
    bool hungry = lane->more && !lane->reading &&
                  lane->config.mode != LANE_HELD &&
                  lane->queued <= scheduler_lane_cap(s, lane) / 2;

    ring_set(s, RING_FRESH, lane, may_run && lane->fresh.count > 0);
    ring_set(s, RING_RETRY, lane, may_run && lane->retries.count > 0);
    ring_set(s, RING_LOCAL, lane,
             local && lane->fresh.count + lane->retries.count > 0);
    ring_set(s, RING_HUNGRY, lane, hungry);
}

static struct task *
take_from(struct scheduler *s, enum lane_ring ring)
{
    struct lane *lane = scheduler_ring_pop(s, ring);
    struct task *task;

    if (lane == NULL)
        return NULL;
    task = task_list_pop(ring == RING_FRESH ? &lane->fresh : &lane->retries);
    assert(task != NULL);
    lane->queued--;
    lane->running++;
    /* Popped, so this appends the lane: the others come first now. */
    scheduler_refresh(s, lane);
    return task;
}

struct task *
scheduler_next(struct scheduler *s)
{
    bool retries_first = s->turn % RETRY_TURN == RETRY_TURN - 1;
    struct task *task;

    if (s->running >= s->limits.slots)
        return NULL;
    task = task_list_pop(&s->tests);
    if (task == NULL)
        task = take_from(s, retries_first ? RING_RETRY : RING_FRESH);
    if (task == NULL)
        task = take_from(s, retries_first ? RING_FRESH : RING_RETRY);
    if (task == NULL)
        return NULL;
    s->turn++;
    s->running++;
    task->state = TASK_RUNNING;
    task->slot = true;
    return task;
}

struct task *
scheduler_next_local(struct scheduler *s)
{
    struct lane *lane = scheduler_ring_pop(s, RING_LOCAL);
    struct task *task;

    if (lane == NULL)
        return NULL;
    task =
        task_list_pop(lane->retries.count > 0 ? &lane->retries : &lane->fresh);
    assert(task != NULL);
    lane->queued--;
    task->state = TASK_RUNNING;
    scheduler_refresh(s, lane);
    return task;
}

void
scheduler_end(struct scheduler *s, struct task *task)
{
    struct lane *lane = task->lane;

    assert(task->state == TASK_RUNNING);
    task->state = TASK_DONE;
    if (!task->slot)
        return;
    task->slot = false;
    s->running--;
    if (!task->job.test)
        lane->running--;
    scheduler_refresh(s, lane);
}
