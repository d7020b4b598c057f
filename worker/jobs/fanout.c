/*
 * fanout.c - see fanout.h.
 */
#include "fanout.h"

#include "adopt.h"
#include "alloc.h"
#include "clock.h"
#include "fanout_step.h"
#include "log.h"

#include <stdlib.h>

#define LOGGER "postern.worker"
#define ACTIVE 8 /* fan-outs whose lists are in memory */
#define PARK_US (30 * CLOCK_US_PER_S)
#define LAG_US (100 * CLOCK_US_PER_MS) /* between looks for a configuration, */
#define LAG_MAX_US (10 * CLOCK_US_PER_S) /* that comes within this time */

struct fanout {
    struct flush_peers peers;
    struct task_list waiting;
    struct task_list parked; /* the database refuses them; known all the same */
    int64_t parked_until_us;
    struct fanout_active active[ACTIVE];
    size_t count;            /* of active */
    size_t turn;             /* whose it is */
    struct fanout_step step; /* that is being made */
};

struct fanout *
fanout_new(const struct flush_peers *peers)
{
    struct fanout *fanout = xcalloc(1, sizeof(*fanout));

    fanout->peers = *peers;
    return fanout;
}

void
fanout_add(struct fanout *fanout, struct task *task)
{
    task_list_add(&fanout->waiting, task);
}

size_t
fanout_parked(const struct fanout *fanout)
{
    return fanout->parked.count;
}

int64_t
fanout_due(const struct fanout *fanout)
{
    int64_t due_us =
        fanout->parked.count > 0 ? fanout->parked_until_us : INT64_MAX;
    size_t i;

    if (fanout->waiting.count > 0 && fanout->count < ACTIVE)
        return 0;
    for (i = 0; i < fanout->count; i++) {
        if (fanout->active[i].wait_until_us < due_us)
            due_us = fanout->active[i].wait_until_us;
    }
    return due_us;
}

static bool
is_lost(const struct fanout *fanout, const struct task *task)
{
    return task->orphan || !lease_owns(fanout->peers.lease, task->job.shard);
}

/* It is read again, by whoever has its shard. */
static void
put_back(struct fanout *fanout, struct task *task)
{
    struct scheduler *scheduler = desk_lock(fanout->peers.desk);

    if (lease_owns(fanout->peers.lease, task->job.shard))
        scheduler_put_back(scheduler, task);
    else
        scheduler_forget(scheduler, task);
    desk_unlock(fanout->peers.desk);
    payloads_free_task(fanout->peers.payloads, task);
}

/* Takes it out of the list; its task is the caller's. */
static struct task *
leave(struct fanout *fanout, size_t at)
{
    struct task *task = fanout->active[at].task;

    fanout_rest_free(&fanout->active[at].rest);
    fanout->active[at] = fanout->active[--fanout->count];
    return task;
}

void
fanout_drop(struct fanout *fanout)
{
    struct task *task;

    while (fanout->count > 0)
        put_back(fanout, leave(fanout, fanout->count - 1));
    task_list_append(&fanout->waiting, &fanout->parked);
    while ((task = task_list_pop(&fanout->waiting)) != NULL)
        put_back(fanout, task);
}

void
fanout_free(struct fanout *fanout)
{
    if (fanout == NULL)
        return;
    fanout_drop(fanout);
    free(fanout);
}

static void
look_at_parked(struct fanout *fanout)
{
    bool over = clock_mono_us() >= fanout->parked_until_us;
    struct task_list parked = TASK_LIST_INIT;
    struct task *task;

    task_list_append(&parked, &fanout->parked);
    while ((task = task_list_pop(&parked)) != NULL) {
        if (is_lost(fanout, task))
            put_back(fanout, task);
        else
            task_list_add(over ? &fanout->waiting : &fanout->parked, task);
    }
}

/* Those of shards that we may not work in any more go, others come in. */
static void
choose(struct fanout *fanout)
{
    struct task *task;
    size_t i = 0;

    look_at_parked(fanout);
    while (i < fanout->count) {
        if (is_lost(fanout, fanout->active[i].task))
            put_back(fanout, leave(fanout, i));
        else
            i++;
    }
    while (fanout->count < ACTIVE &&
           (task = task_list_pop(&fanout->waiting)) != NULL)
        fanout->active[fanout->count++] = (struct fanout_active){.task = task};
}

/* Whose turn it is, in *at. False: nobody's. */
static bool
take_turn(struct fanout *fanout, size_t *at)
{
    int64_t now_us = clock_mono_us();
    size_t i;

    for (i = 0; i < fanout->count; i++) {
        *at = fanout->turn++ % fanout->count;
        if (fanout->active[*at].wait_until_us <= now_us)
            return true;
    }
    return false;
}

/* It stays known meanwhile: nobody reads it again before. */
static void
park(struct fanout *fanout, size_t at, const char *why)
{
    struct task *task = leave(fanout, at);
    char id[ID_TEXT_MAX];

    id_format(ID_EVENT, task->job.event_id, id);
    log_error(LOGGER, LOG_FIELDS(LOG_TEXT("event", id), LOG_TEXT("error", why)),
              "The deliveries of an event cannot be stored; trying again");
    if (fanout->parked.count == 0)
        fanout->parked_until_us = clock_mono_us() + PARK_US;
    task_list_add(&fanout->parked, task);
}

/* There is nothing more to do for that job: it was done, or its list is not
   there. */
static enum db_result
give_up(struct fanout *fanout, size_t at)
{
    bool removed = false;
    enum db_result result = store_fanout_remove(
        fanout->peers.db, fanout->active[at].task->job.id, &removed);
    char id[ID_TEXT_MAX];

    if (result != DB_OK)
        return result;
    if (removed) {
        id_format(ID_EVENT, fanout->active[at].task->job.event_id, id);
        log_error(LOGGER, LOG_FIELDS(LOG_TEXT("event", id)),
                  "An event has lost the list of its subscriptions");
    }
    put_back(fanout, leave(fanout, at));
    return DB_OK;
}

/* Who is not in an older catalog may not be deleted but new. */
static bool
lags(const struct fanout *fanout, const struct fanout_active *active)
{
    return catalog_version(fanout->peers.follower->snapshot) <
           active->rest.config_version;
}

/* DB_NONE: there is no such fan-out any more. */
static enum db_result
prepare(struct fanout *fanout, struct fanout_active *active)
{
    const struct flush_peers *peers = &fanout->peers;
    enum db_result result = DB_OK;

    if (!active->read) {
        fanout_rest_free(&active->rest);
        active->next = 0;
        result =
            store_fanout_read(peers->db, active->task->job.id, &active->rest);
        active->read = result == DB_OK;
    }
    if (result == DB_OK && lags(fanout, active))
        result = follower_refresh(peers->follower, peers->db, peers->desk,
                                  peers->payloads);
    return result;
}

/* A node of a cluster lags behind; the others go on meanwhile. */
static void
wait_for_catalog(struct fanout *fanout, size_t at)
{
    struct fanout_active *active = &fanout->active[at];
    int64_t now_us = clock_mono_us();

    if (active->lags_since_us == 0)
        active->lags_since_us = now_us;
    active->wait_until_us = now_us + LAG_US;
    if (now_us - active->lags_since_us >= LAG_MAX_US)
        park(fanout, at, "its configuration is not there");
}

static void
finish(struct fanout *fanout, size_t at)
{
    struct task *task = leave(fanout, at);

    scheduler_forget(desk_lock(fanout->peers.desk), task);
    desk_unlock(fanout->peers.desk);
    payloads_free_task(fanout->peers.payloads, task);
}

/* The jobs are committed. */
static void
settle(struct fanout *fanout, size_t at, int64_t now_us)
{
    struct fanout_active *active = &fanout->active[at];

    if (active->task->event != NULL)
        adopt_jobs(&fanout->peers, fanout->step.jobs, fanout->step.job_count,
                   now_us);
    else
        doorbell_ring(fanout->peers.doorbell);
    active->next = fanout->step.end;
    if (active->next == active->rest.count)
        finish(fanout, at);
}

static enum db_result
fail(struct fanout *fanout, size_t at, enum db_result result,
     enum fanout_end end)
{
    struct db *db = fanout->peers.db;

    /* What is there now the database knows. */
    fanout->active[at].read = false;
    if (result == DB_UNKNOWN)
        doorbell_ring(fanout->peers.doorbell); /* jobs nobody has heard of */
    if (result == DB_NONE)
        return end == FANOUT_LOST ? lease_tick(fanout->peers.lease, db) : DB_OK;
    if (result != DB_BROKEN || !db_connected(db))
        return result;
    park(fanout, at, db_error_text(db));
    return DB_OK;
}

enum db_result
fanout_run(struct fanout *fanout)
{
    int64_t now_us = clock_wall_us() + fanout->peers.lease->offset_us;
    enum fanout_end end = FANOUT_DONE;
    enum db_result result;
    size_t at;

    choose(fanout);
    if (!take_turn(fanout, &at))
        return DB_OK;
    result = prepare(fanout, &fanout->active[at]);
    if (result == DB_NONE)
        return give_up(fanout, at);
    if (result == DB_OK && lags(fanout, &fanout->active[at])) {
        wait_for_catalog(fanout, at);
        return DB_OK;
    }
    if (result == DB_OK)
        result = fanout_step_make(&fanout->step, &fanout->peers,
                                  &fanout->active[at], now_us, &end);
    if (result != DB_OK)
        return fail(fanout, at, result, end);
    fanout->active[at].lags_since_us = 0;
    settle(fanout, at, now_us);
    return DB_OK;
}
