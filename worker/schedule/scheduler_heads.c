/*
 * scheduler_heads.c - the lanes as the database has them, compared with what
 * is known; see scheduler.h.
 *
 * Between two pieces of it the delivery loop takes tasks, ends them and drops
 * some: what is dropped is noted as missed, so nothing that was in memory when
 * this began is taken for seen. Lanes and tasks come only from whoever looks
 * at the heads.
 */
#include "scheduler_lane.h"

/* The oldest in memory of every lane; lanes without tasks are not met. */
bool
scheduler_begin_heads(struct scheduler *s)
{
    size_t left = SCHEDULER_PIECE;
    uint64_t key;
    void *value;

    if (s->look_task_at == 0)
        s->look++;
    while (left > 0 && map_next(&s->tasks, &s->look_task_at, &key, &value)) {
        const struct task *task = value;
        struct lane *lane = task->lane;

        left--;
        /* A test may wait for its turn while the lane gets on. */
        if (task->job.test)
            continue;
        if (lane->oldest_look != s->look || task->job.due_us < lane->oldest_us)
            lane->oldest_us = task->job.due_us;
        lane->oldest_look = s->look;
    }
    if (left > 0)
        s->look_task_at = 0;
    return left == 0;
}

static int64_t
oldest_of(const struct scheduler *s, const struct lane *lane)
{
    return lane->oldest_look == s->look ? lane->oldest_us : NEVER;
}

void
scheduler_head(struct scheduler *s, const struct lane_head *head,
               const struct scheduler_now *now)
{
    struct lane *lane = scheduler_lane(s, head->lane, head->shard);

    scheduler_hear_both(s, now);
    lane->head_look = s->look;
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
    if (head->due_us >= oldest_of(s, lane))
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

bool
scheduler_end_heads(struct scheduler *s, const bool shards[LANE_SHARDS])
{
    size_t left = SCHEDULER_PIECE;
    uint64_t key;
    void *value;

    while (left > 0 && map_next(&s->lanes, &s->look_lane_at, &key, &value)) {
        struct lane *lane = value;

        left--;
        if (shards[lane->site->shard] && lane->head_look != s->look)
            is_empty(s, lane);
    }
    while (left > 0 && map_next(&s->sites, &s->look_site_at, &key, &value)) {
        left--;
        scheduler_let_go(s, value);
    }
    if (left > 0)
        s->look_lane_at = s->look_site_at = 0;
    return left == 0;
}
