/*
 * store_end.c - when and how the store thread ends; see store_loop.h.
 */
#include "log.h"
#include "notify.h"
#include "store_state.h"

#define LOGGER "postern.worker"
#define LAST_CUT_US (300 * CLOCK_US_PER_MS) /* before the deadline */
#define CUT_WAIT_US (2 * CLOCK_US_PER_S)    /* for the loop to obey */

void
store_free_dropped(struct store_loop *loop)
{
    struct task_list dropped = TASK_LIST_INIT;

    scheduler_take_dropped(desk_lock(loop->setup.desk), &dropped);
    desk_unlock(loop->setup.desk);
    payloads_free_tasks(loop->setup.payloads, &dropped);
}

void
store_drop_waiting(struct store_loop *loop)
{
    struct task_list dropped = TASK_LIST_INIT;
    struct scheduler *scheduler;
    uint32_t shard;

    fanout_drop(loop->fanout);
    replayer_drop(loop->replayer);
    scheduler = desk_lock(loop->setup.desk);
    for (shard = 0; shard < LANE_SHARDS; shard++)
        scheduler_leave_shard(scheduler, shard, false, &dropped);
    desk_unlock(loop->setup.desk);
    payloads_free_tasks(loop->setup.payloads, &dropped);
}

static void
finish(struct store_loop *loop, int64_t now_us)
{
    loop->phase = PHASE_FINISH;
    loop->phase_until_us =
        now_us + loop->setup.settings->grace_s * CLOCK_US_PER_S;
    if (loop->setup.deadline_us > 0)
        loop->phase_until_us = store_earlier(
            loop->phase_until_us, loop->setup.deadline_us - LAST_CUT_US);
    lease_end_taking(&loop->lease);
    desk_give_order(loop->setup.desk, DESK_FINISH);
    store_drop_waiting(loop);
    notify_send("STOPPING=1");
    log_info(LOGGER,
             LOG_FIELDS(LOG_INT("in_flight", store_counts(loop).running)),
             "Worker is stopping");
}

/* Nothing is due, and the database has confirmed it after the last job. Shards
   that a worker has just given up may hold work that nobody has looked at. */
static bool
nothing_left(struct store_loop *loop, int64_t now_us)
{
    struct scheduler_counts counts = store_counts(loop);
    size_t known = counts.tasks - store_parked(loop);
    int64_t until_us =
        loop->setup.deadline_us > 0 ? loop->setup.deadline_us : now_us;
    int64_t due_us;

    due_us = scheduler_next_due(desk_lock(loop->setup.desk));
    desk_unlock(loop->setup.desk);
    if (known > 0 || counts.hungry > 0 || loop->rang ||
        lease_sees_free(&loop->lease) || due_us <= until_us ||
        !outbox_is_empty(loop->outbox) || !indexer_is_idle(loop->indexer)) {
        loop->fresh_us = 0;
        return false;
    }
    if (loop->fresh_us == 0)
        heads_hurry(loop->heads);
    return loop->fresh_us != 0;
}

static bool
should_stop(struct store_loop *loop, int64_t now_us)
{
    if (atomic_load(&loop->asked) > 0)
        return true;
    if (loop->setup.deadline_us > 0 &&
        now_us >= loop->setup.deadline_us - STORE_LAST_START_US)
        return true;
    if (!loop->setup.once || !loop->ready)
        return false;
    if (loop->shards == 0)
        return now_us - loop->no_shards_since_us >
               (loop->setup.settings->lease_s + NODE_WORKER_LEASE_S) *
                   CLOCK_US_PER_S;
    return nothing_left(loop, now_us);
}

/* Moves from one phase to the next: run, finish, cut, over. */
void
store_advance(struct store_loop *loop)
{
    int64_t now_us = clock_mono_us();
    size_t parked;
    bool idle;

    if (loop->phase == PHASE_RUN && should_stop(loop, now_us))
        finish(loop, now_us);
    if (loop->phase == PHASE_RUN)
        return;
    /* What the database refuses is not waited for. */
    parked = flush_parked(loop->flush);
    idle = store_counts(loop).running == 0 &&
           flush_waiting(loop->flush) == parked &&
           store_counts(loop).tasks == parked;
    if (loop->phase == PHASE_FINISH &&
        (now_us >= loop->phase_until_us || atomic_load(&loop->asked) > 1)) {
        loop->phase = PHASE_CUT;
        loop->phase_until_us = now_us + CUT_WAIT_US;
        if (loop->setup.deadline_us > 0)
            loop->phase_until_us =
                store_earlier(loop->phase_until_us, loop->setup.deadline_us);
        desk_give_order(loop->setup.desk, DESK_ABORT);
    }
    if (idle || (loop->phase == PHASE_CUT && now_us >= loop->phase_until_us))
        loop->phase = PHASE_OVER;
}
