/*
 * scheduler_blocked.c - FIFO lanes that wait for the next attempt of their first
 * job, and need not any longer; see scheduler.h.
 */
#include "scheduler_lane.h"

/* Those that are told go behind the others. Who has waited long enough by now
   leaves the ring: it stood there because nothing has happened to it since. */
size_t
scheduler_blocked(struct scheduler *s, uint64_t *lanes, size_t max)
{
    size_t looks = s->blocked.count, n = 0;

    while (n < max && looks-- > 0) {
        struct lane *lane = ring_first(&s->blocked);

        ring_remove(&lane->blocked_link);
        if (lane->blocked_us <= s->now_us)
            continue;
        ring_add(&s->blocked, &lane->blocked_link, lane);
        lanes[n++] = lane->number;
    }
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
