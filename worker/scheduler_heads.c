/*
 * scheduler_heads.c - the lanes as the database has them, compared with what
 * is known; see scheduler.h.
 */
#include "scheduler_lane.h"

void
scheduler_begin_heads(struct scheduler *s)
{
    size_t at = 0;
    uint64_t key;
    void *value;

    while (map_next(&s->lanes, &at, &key, &value)) {
        struct lane *lane = value;

        lane->headed = false;
        lane->oldest_us = NEVER;
    }
    for (at = 0; map_next(&s->tasks, &at, &key, &value);) {
        struct task *task = value;

        /* A test may wait for its turn while the lane gets on. */
        if (!task->job.test && task->job.due_us < task->lane->oldest_us)
            task->lane->oldest_us = task->job.due_us;
    }
}

void
scheduler_head(struct scheduler *s, const struct lane_head *head,
               const struct scheduler_now *now)
{
    struct lane *lane = scheduler_lane(s, head->lane, head->shard);

    scheduler_hear_both(s, now);
    lane->headed = true;
    if (lane->blocked_us > s->now_us)
        return; /* it is known to wait, and until when */
    if (head->due_us > now->database_us) {
        due_set(&s->due, &lane->due, scheduler_to_mono(now, head->due_us));
        return;
    }
    if (head->due_us > lane->mark_us) {
        lane->mark_us = head->due_us; /* there is nothing before it */
        lane->ties = lane->known;
    }
    /* The oldest is in memory: nothing was missed before it. */
    if (head->due_us >= lane->oldest_us)
        return;
    lane->mark_us = head->due_us;
    lane->ties = lane->known;
    lane->gap_us = head->due_us;
    lane->more = true;
    scheduler_refresh(s, lane);
}

static void
is_empty(struct scheduler *s, struct lane *lane)
{
    lane->more = false;
    lane->blocked_us = 0;
    lane->gap_us = NEVER;
    due_remove(&s->due, &lane->due);
    scheduler_refresh(s, lane);
    if (lane->known == 0)
        scheduler_free_lane(s, lane);
}

void
scheduler_end_heads(struct scheduler *s)
{
    size_t at = 0;
    uint64_t key;
    void *value;

    while (map_next(&s->lanes, &at, &key, &value)) {
        struct lane *lane = value;

        if (!lane->headed)
            is_empty(s, lane);
    }
    for (at = 0; map_next(&s->sites, &at, &key, &value);)
        scheduler_let_go(s, value);
}
