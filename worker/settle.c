/*
 * settle.c - see settle.h.
 */
#include "settle.h"

#include "clock.h"
#include "id.h"
#include "log.h"
#include "store_disable.h"

#define LOGGER "postern.worker"

static void
adopt(const struct flush_peers *peers, struct scheduler *scheduler,
      const struct relayed *relayed, int64_t now_us, bool *others)
{
    uint32_t shard = lane_shard(relayed->job.lane);
    const struct job_row row = {
        .id = relayed->job.id,
        .lane = relayed->job.lane,
        .event_id = relayed->job.event_id,
        .due_us = now_us,
        .kind = JOB_DELIVER,
        .shard = (uint8_t)shard,
    };
    struct task *task;

    if (!lease_owns(peers->lease, shard)) {
        *others = true;
        return;
    }
    task = scheduler_adopt(scheduler, &row);
    if (task == NULL)
        return;
    task->event = relayed->origin->event;
    task->event_bytes = task->event->bytes;
    payloads_pin(peers->payloads, task->event);
    scheduler_ready(scheduler, task);
}

/* Jobs made by processing start at once: their events are here. */
static void
adopt_all(const struct flush_peers *peers, struct process *process,
          int64_t now_us)
{
    const struct relayed *relayed;
    struct scheduler *scheduler;
    bool others = false;
    size_t i, n;

    relayed = process_tell(process, &n);
    /* A worker that is stopping takes nothing on. */
    if (n == 0 || atomic_load(&peers->desk->order) != DESK_RUN)
        return;
    scheduler = desk_lock(peers->desk);
    for (i = 0; i < n; i++)
        adopt(peers, scheduler, &relayed[i], now_us, &others);
    desk_unlock(peers->desk);
    desk_wake_loop(peers->desk);
    if (others)
        doorbell_ring(peers->doorbell);
}

static void
tell_delivery(const struct flush_row *row)
{
    enum log_level level = row->status == FLUSH_RETRY ? LOG_DEBUG : LOG_INFO;
    char id[ID_TEXT_MAX];

    if (row->job.kind != JOB_DELIVER || row->status == FLUSH_SUCCESS ||
        !log_enabled(level))
        return;
    id_format(ID_DELIVERY, row->job.id, id);
    log_line(level, LOGGER,
             LOG_FIELDS(LOG_TEXT("delivery", id),
                        LOG_INT("subscription", lane_owner_id(row->job.lane)),
                        LOG_INT("attempt", row->attempts),
                        LOG_TEXT("error_class", row->error_class),
                        LOG_SLICE("error", row->error_message)),
             "%s",
             row->status == FLUSH_RETRY       ? "Delivery will be retried"
             : row->status == FLUSH_CANCELLED ? "Delivery cancelled"
                                              : "Delivery failed");
}

static void
disable(const struct flush_peers *peers, const struct task *task)
{
    uint32_t id = lane_owner_id(task->job.lane);
    enum db_result result;

    result = store_disable(peers->db, id, "410 Gone");
    if (result == DB_OK)
        log_warning(LOGGER, LOG_FIELDS(LOG_INT("subscription", id)),
                    "Subscription disabled: its endpoint answered 410 Gone");
    if (result == DB_OK)
        result = follower_refresh(peers->follower, peers->db, peers->desk,
                                  peers->payloads);
    if (result != DB_OK && result != DB_NONE)
        log_warning(LOGGER, LOG_FIELDS(LOG_INT("subscription", id)),
                    "Cannot disable a subscription that answered 410 Gone; "
                    "its next delivery tries again");
}

/* Says what happened, before the rows' slices go with the tasks. */
static void
tell(const struct batch *batch, size_t count)
{
    size_t i;

    log_batch_begin();
    for (i = 0; i < count; i++)
        tell_delivery(batch_row(batch, i));
    log_batch_end();
}

static void
forget(const struct flush_peers *peers, const struct batch *batch,
       struct task **tasks, size_t count)
{
    struct scheduler *scheduler = desk_lock(peers->desk);
    size_t i;

    for (i = 0; i < count; i++) {
        const struct attempt *attempt = &tasks[i]->attempt;

        if (batch_row(batch, i)->status == FLUSH_RETRY)
            scheduler_expect(scheduler, tasks[i],
                             attempt->ended_us + attempt->outcome.wait_us);
        scheduler_forget(scheduler, tasks[i]);
    }
    desk_unlock(peers->desk);
}

void
settle_batch(const struct flush_peers *peers, const struct batch *batch,
             struct process *process, struct task **tasks, size_t count,
             enum batch_manner manner)
{
    size_t i;

    if (manner == BATCH_FULL)
        adopt_all(peers, process, batch_row(batch, 0)->ended_us);
    tell(batch, count);
    forget(peers, batch, tasks, count);
    for (i = 0; i < count; i++) {
        /* Also if its job was cancelled, or an earlier COMMIT had it: the
           endpoint has said so. */
        if (manner == BATCH_FULL &&
            tasks[i]->attempt.outcome.kind == OUTCOME_DISABLE)
            disable(peers, tasks[i]);
        payloads_free_task(peers->payloads, tasks[i]);
        tasks[i] = NULL;
    }
}
