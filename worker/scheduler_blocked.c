/*
 * scheduler_blocked.c - FIFO lanes that wait for the next attempt of their first
 * job, and need not any longer; see scheduler.h.
 */
#include "scheduler_lane.h"

size_t
scheduler_blocked(struct scheduler *s, uint64_t *lanes, size_t max)
{
    size_t n = 0;
    uint64_t key;
    void *value;

    while (n < max && map_next(&s->lanes, &s->blocked_at, &key, &value)) {
        const struct lane *lane = value;

        if (lane->site->config.fifo && lane->blocked_us > s->now_us)
            lanes[n++] = key;
    }
    if (n < max) /* that was the last: the next call begins anew */
        s->blocked_at = 0;
    return n;
}

void
scheduler_unblock(struct scheduler *s, uint64_t number)
{
    struct lane *lane = map_get(&s->lanes, number);

    if (lane == NULL || lane->blocked_us <= s->now_us)
        return;
    lane->blocked_us = 0;
    lane->more = true;
    scheduler_refresh(s, lane);
}
