/*
 * adopt.c - see adopt.h.
 */
#include "adopt.h"

#include "clock.h"

/* A place in a FIFO lane may lie a little ahead; such lanes are read anyway. */
#define AHEAD_US (100 * CLOCK_US_PER_MS)

/* False: somebody has to look for it. */
static bool
adopt(const struct flush_peers *peers, struct scheduler *scheduler,
      const struct relayed *relayed, int64_t now_us)
{
    uint32_t shard = lane_shard(relayed->job.lane);
    int64_t due_us = relayed->job.due_us;
    const struct job_row row = {
        .id = relayed->job.id,
        .lane = relayed->job.lane,
        .event_id = relayed->job.event_id,
        .due_us = due_us == 0 ? now_us : due_us,
        .kind = (uint8_t)relayed->job.kind,
        .shard = (uint8_t)shard,
    };
    struct task *task;

    if (!lease_owns(peers->lease, shard) || row.due_us > now_us + AHEAD_US)
        return false;
    task = scheduler_adopt(scheduler, &row);
    if (task == NULL)
        return true; /* known, or to be read */
    task->event = relayed->origin->event;
    task->event_bytes = task->event->bytes;
    payloads_pin(peers->payloads, task->event);
    scheduler_ready(scheduler, task);
    return true;
}

void
adopt_jobs(const struct flush_peers *peers, const struct relayed *jobs,
           size_t count, int64_t now_us)
{
    struct scheduler *scheduler;
    bool others = false;
    size_t i;

    /* A worker that is stopping takes nothing on. */
    if (count == 0 || atomic_load(&peers->desk->order) != DESK_RUN)
        return;
    scheduler = desk_lock(peers->desk);
    for (i = 0; i < count; i++)
        others = !adopt(peers, scheduler, &jobs[i], now_us) || others;
    desk_unlock(peers->desk);
    desk_wake_loop(peers->desk);
    if (others)
        doorbell_ring(peers->doorbell);
}
