/*
 * settle.c - see settle.h.
 */
#include "settle.h"

#include "adopt.h"
#include "clock.h"
#include "id.h"
#include "log.h"
#include "notices.h"
#include "store_disable.h"

#include <stdio.h>

#define LOGGER "postern.worker"
#define UNPAUSED_US (10 * CLOCK_US_PER_S) /* a pause that could not be noted */

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

/* Every answer for so many days has been a failure, and there were some. */
static bool
has_failed_for_days(const struct flush_peers *peers, const struct task *task)
{
    int64_t limit_us = peers->settings->disable_after_days * CLOCK_US_PER_DAY;
    int64_t failing_us;

    if (task->job.kind != JOB_DELIVER || limit_us == 0 || task->job.test ||
        task->attempt.outcome.feedback != FEEDBACK_BAD)
        return false;
    failing_us = scheduler_failing_us(desk_lock(peers->desk), task->job.lane,
                                      clock_mono_us());
    desk_unlock(peers->desk);
    return failing_us >= limit_us;
}

static void
disable(const struct flush_peers *peers, const struct task *task,
        const char *reason)
{
    uint32_t id = lane_owner_id(task->job.lane);
    enum db_result result;

    result =
        notices_disable(peers->notices, peers->db, peers->follower->snapshot,
                        peers->doorbell, id, reason);
    if (result == DB_OK)
        log_warning(
            LOGGER,
            LOG_FIELDS(LOG_INT("subscription", id), LOG_TEXT("reason", reason)),
            "Subscription disabled");
    if (result == DB_OK)
        result = follower_refresh(peers->follower, peers->db, peers->desk,
                                  peers->payloads);
    if (result != DB_OK && result != DB_NONE)
        log_warning(
            LOGGER,
            LOG_FIELDS(LOG_INT("subscription", id), LOG_TEXT("reason", reason)),
            "Cannot disable a subscription; its next delivery tries "
            "again");
}

static void
disable_where_due(const struct flush_peers *peers, const struct task *task)
{
    char reason[64];

    if (task->attempt.echo)
        return; /* another one of the same request tells it */
    if (task->attempt.outcome.kind == OUTCOME_DISABLE) {
        disable(peers, task, "410 Gone");
    } else if (has_failed_for_days(peers, task)) {
        (void)snprintf(reason, sizeof(reason),
                       "every delivery has failed for %d days",
                       peers->settings->disable_after_days);
        disable(peers, task, reason);
    }
}

/* Its FIFO lane must not pass it over, and there is nothing more to try. */
static void
pause_subscription(const struct flush_peers *peers, const struct flush_row *row)
{
    uint32_t id = lane_owner_id(row->job.lane);
    char reason[256], delivery[ID_TEXT_MAX];
    enum db_result result;

    id_format(ID_DELIVERY, row->job.id, delivery);
    (void)snprintf(reason, sizeof(reason),
                   "%s has failed for good at attempt %u", delivery,
                   row->attempts);
    result = store_pause(peers->db, id, reason);
    if (result == DB_OK)
        log_warning(
            LOGGER,
            LOG_FIELDS(LOG_INT("subscription", id), LOG_TEXT("reason", reason)),
            "Subscription paused");
    if (result == DB_OK)
        result = follower_refresh(peers->follower, peers->db, peers->desk,
                                  peers->payloads);
    if (result != DB_OK && result != DB_NONE)
        log_warning(LOGGER, LOG_FIELDS(LOG_INT("subscription", id)),
                    "Cannot pause a subscription; the failed delivery is "
                    "tried again");
}

/* Before its task is forgotten and the lane read again. */
static void
pause_where_due(const struct flush_peers *peers, const struct batch *batch,
                struct task *const *tasks, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        const struct flush_row *row = batch_row(batch, i);

        if (row->pauses && row->live && !tasks[i]->attempt.echo &&
            tasks[i]->attempt.outcome.kind != OUTCOME_DISABLE)
            pause_subscription(peers, row);
    }
}

/* When what failed is tried again, if not a person says so before. */
static int64_t
wait_of(const struct flush_peers *peers, const struct flush_row *row,
        const struct task *task)
{
    const struct subscription *subscription;

    if (!row->pauses)
        return task->attempt.outcome.wait_us;
    subscription = catalog_subscription(peers->follower->snapshot,
                                        lane_owner_id(row->job.lane));
    return subscription != NULL && subscription->paused ? 0 : UNPAUSED_US;
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

/* The job goes on in another lane. It keeps its event, if there is room for it
   there; after its task was forgotten. A worker that is stopping would wait for
   what nobody starts any more. */
static void
move(const struct flush_peers *peers, struct scheduler *scheduler,
     const struct scheduler_now *now, const struct flush_row *row,
     const struct task *task)
{
    struct job_row moved = row->job;
    struct task *next;

    if (atomic_load(&peers->desk->order) != DESK_RUN)
        return;
    moved.lane = row->to_lane;
    moved.due_us = row->retry_at_us;
    next = scheduler_offer(scheduler, &moved, now);
    if (next == NULL)
        return;
    next->event = task->event;
    next->event_bytes = task->event_bytes;
    payloads_pin(peers->payloads, next->event);
    scheduler_ready(scheduler, next);
}

/* True: the delivery loop may have something to do now. */
static bool
forget_one(const struct flush_peers *peers, struct scheduler *scheduler,
           const struct scheduler_now *now, const struct flush_row *row,
           struct task *task)
{
    bool stays = row->status == FLUSH_RETRY || row->status == FLUSH_MOVE;
    bool waited_for;

    if (stays && !row->live) {
        /* Cancelled, or an earlier COMMIT had it: the database knows. */
        scheduler_put_back(scheduler, task);
        return false;
    }
    if (row->status == FLUSH_RETRY)
        scheduler_expect(scheduler, task,
                         task->attempt.ended_us + wait_of(peers, row, task));
    else if (stays && row->to_lane == row->job.lane)
        scheduler_expect(scheduler, task,
                         now->now_us + row->retry_at_us - now->database_us);
    waited_for = scheduler_is_waited_for(task);
    scheduler_forget(scheduler, task);
    if (stays && row->to_lane != row->job.lane &&
        lease_owns(peers->lease, row->job.shard) && task->event != NULL)
        move(peers, scheduler, now, row, task);
    return waited_for || row->status == FLUSH_MOVE;
}

static void
forget(const struct flush_peers *peers, const struct batch *batch,
       struct task **tasks, size_t count)
{
    struct scheduler *scheduler = desk_lock(peers->desk);
    struct scheduler_now now = batch_now(batch);
    bool wake = false;
    size_t i;

    for (i = 0; i < count; i++)
        wake =
            forget_one(peers, scheduler, &now, batch_row(batch, i), tasks[i]) ||
            wake;
    desk_unlock(peers->desk);
    if (wake)
        desk_wake_loop(peers->desk);
}

void
settle_batch(const struct flush_peers *peers, const struct batch *batch,
             struct process *process, struct task **tasks, size_t count,
             enum batch_manner manner)
{
    size_t i, n;

    if (manner == BATCH_FULL) {
        const struct relayed *relayed =
            process_tell(process, peers->doorbell, &n);

        adopt_jobs(peers, relayed, n, batch_row(batch, 0)->ended_us);
    }
    tell(batch, count);
    if (manner == BATCH_FULL)
        pause_where_due(peers, batch, tasks, count);
    forget(peers, batch, tasks, count);
    for (i = 0; i < count; i++) {
        /* Also if its job was cancelled, or an earlier COMMIT had it: the
           endpoint has said so. */
        if (manner == BATCH_FULL)
            disable_where_due(peers, tasks[i]);
        payloads_free_task(peers->payloads, tasks[i]);
        tasks[i] = NULL;
    }
}
