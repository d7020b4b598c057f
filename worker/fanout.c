/*
 * fanout.c - see fanout.h.
 */
#include "fanout.h"

#include "adopt.h"
#include "alloc.h"
#include "clock.h"
#include "log.h"
#include "store_fanout.h"
#include "store_sequence.h"

#include <stdlib.h>

#define LOGGER "postern.worker"
#define ACTIVE 8 /* fan-outs whose lists are in memory */
#define TRIES 4  /* of a transaction that the database rolls back */
#define PARK_US (30 * CLOCK_US_PER_S)

/* One fan-out that is being worked off. */
struct active {
    struct task *task;
    struct fanout_rest rest;
    size_t next; /* of rest.ids */
    bool read;   /* rest is what the database has */
};

struct fanout {
    struct flush_peers peers;
    struct task_list waiting;
    struct active active[ACTIVE];
    size_t count; /* of active */
    size_t turn;  /* whose it is */
    /* The step that is being made. */
    struct relayed jobs[FANOUT_STEP];
    struct new_job rows[FANOUT_STEP];
    struct sequence_want wants[FANOUT_STEP];
    size_t job_count;
    size_t want_count;
    size_t end; /* behind its last subscription */
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

bool
fanout_waits(const struct fanout *fanout)
{
    return fanout->count > 0 || fanout->waiting.count > 0;
}

/* wait_us: not before that time has passed; 0 = its lane is read again now. */
static void
put_back(struct fanout *fanout, struct task *task, int64_t wait_us)
{
    struct scheduler *scheduler = desk_lock(fanout->peers.desk);

    if (wait_us > 0)
        scheduler_expect(scheduler, task, clock_mono_us() + wait_us);
    if (wait_us > 0 || !lease_owns(fanout->peers.lease, task->job.shard))
        scheduler_forget(scheduler, task);
    else
        scheduler_put_back(scheduler, task);
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
        put_back(fanout, leave(fanout, fanout->count - 1), 0);
    while ((task = task_list_pop(&fanout->waiting)) != NULL)
        put_back(fanout, task, 0);
}

void
fanout_free(struct fanout *fanout)
{
    if (fanout == NULL)
        return;
    fanout_drop(fanout);
    free(fanout);
}

/* Those of shards that we may not work in any more go, others come in. */
static void
choose(struct fanout *fanout)
{
    struct task *task;
    size_t i = 0;

    while (i < fanout->count) {
        task = fanout->active[i].task;
        if (task->orphan || !lease_owns(fanout->peers.lease, task->job.shard))
            put_back(fanout, leave(fanout, i), 0);
        else
            i++;
    }
    while (fanout->count < ACTIVE &&
           (task = task_list_pop(&fanout->waiting)) != NULL)
        fanout->active[fanout->count++] = (struct active){.task = task};
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
    put_back(fanout, leave(fanout, at), 0);
    return DB_OK;
}

/* DB_NONE: there is no such fan-out any more. */
static enum db_result
prepare(struct fanout *fanout, struct active *active)
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
    /* Who is not in an older catalog may not be deleted but new. */
    if (result == DB_OK && catalog_version(peers->follower->snapshot) <
                               active->rest.config_version)
        result = follower_refresh(peers->follower, peers->db, peers->desk,
                                  peers->payloads);
    if (result == DB_OK && catalog_version(peers->follower->snapshot) <
                               active->rest.config_version)
        result = DB_AGAIN; /* a node of a cluster that lags behind */
    return result;
}

static void
add_job(struct fanout *fanout, const struct active *active,
        const struct subscription *subscription, int64_t due_us)
{
    struct relayed *relayed = &fanout->jobs[fanout->job_count];
    uint64_t lane = lane_number(LANE_SUBSCRIPTION, subscription->id);

    if (subscription->fifo)
        lane = lane_of_key(lane, active->rest.ordering_key);
    *relayed = (struct relayed){
        .job = {.id = id_next(&fanout->peers.lease->ids),
                .event_id = active->task->job.event_id,
                .lane = lane,
                .kind = JOB_DELIVER,
                .due_us = due_us},
        .origin = active->task,
    };
    if (subscription->fifo && due_us == 0)
        fanout->wants[fanout->want_count++] = (struct sequence_want){
            .lane = lane,
            .at = fanout->job_count,
        };
    fanout->job_count++;
}

static void
compose(struct fanout *fanout, const struct active *active, int64_t now_us)
{
    int64_t due_us = active->rest.deliver_at_us;
    size_t left = active->rest.count - active->next, i;

    if (due_us <= now_us)
        due_us = 0;
    fanout->job_count = 0;
    fanout->want_count = 0;
    fanout->end = active->next + (left < FANOUT_STEP ? left : FANOUT_STEP);
    for (i = active->next; i < fanout->end; i++) {
        const struct subscription *subscription = catalog_subscription(
            fanout->peers.follower->snapshot, active->rest.ids[i]);

        if (subscription != NULL) /* else it is deleted */
            add_job(fanout, active, subscription, due_us);
    }
}

static enum db_result
write_jobs(struct fanout *fanout)
{
    enum db_result result = store_sequence_take(fanout->peers.db, fanout->wants,
                                                fanout->want_count);
    size_t i;

    for (i = 0; i < fanout->want_count && result == DB_OK; i++)
        fanout->jobs[fanout->wants[i].at].job.due_us =
            fanout->wants[i].place_us;
    for (i = 0; i < fanout->job_count; i++)
        fanout->rows[i] = fanout->jobs[i].job;
    if (result == DB_OK && fanout->job_count > 0)
        result = store_flush_new_jobs(fanout->peers.db, fanout->rows,
                                      fanout->job_count);
    return result;
}

enum step {
    STEP_DONE,
    STEP_STALE, /* nothing was written: the list has to be read again */
    STEP_LOST   /* nor here: the shard is not ours any more */
};

/* Everything between BEGIN and COMMIT. Only STEP_DONE is to be committed. */
static enum db_result
write_step(struct fanout *fanout, const struct active *active, enum step *step)
{
    struct db *db = fanout->peers.db;
    const struct job_row *job = &active->task->job;
    uint32_t expected = active->rest.done + (uint32_t)active->next, done = 0;
    bool chosen[LANE_SHARDS] = {false}, removed = false;
    enum db_result result;

    chosen[job->shard] = true;
    *step = STEP_LOST;
    result = lease_fence(fanout->peers.lease, db, chosen);
    if (result != DB_OK)
        return result;
    *step = STEP_STALE;
    result = store_fanout_lock(db, job->id, &done);
    if (result != DB_OK || done != expected)
        return result == DB_OK ? DB_NONE : result;
    *step = STEP_DONE;
    result = write_jobs(fanout);
    if (result != DB_OK)
        return result;
    if (fanout->end < active->rest.count)
        return store_fanout_advance(db, job->id,
                                    active->rest.done + (uint32_t)fanout->end);
    result = store_fanout_remove(db, job->id, &removed);
    return result == DB_OK && !removed ? DB_AGAIN : result;
}

static enum db_result
try_step(struct fanout *fanout, const struct active *active, int64_t now_us,
         enum step *step)
{
    struct db *db = fanout->peers.db;
    enum db_result result = DB_AGAIN;
    int tries;

    for (tries = 0; tries < TRIES; tries++) {
        compose(fanout, active, now_us);
        result = db_begin(db);
        if (result == DB_OK)
            result = write_step(fanout, active, step);
        if (result == DB_OK)
            result = db_commit(db);
        if (result != DB_OK)
            db_rollback(db);
        /* A duplicate: an id that was made twice; the next ones differ. */
        if (result != DB_AGAIN && result != DB_DUPLICATE)
            break;
    }
    return result == DB_DUPLICATE ? DB_BROKEN : result;
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
    struct active *active = &fanout->active[at];

    if (active->task->event != NULL)
        adopt_jobs(&fanout->peers, fanout->jobs, fanout->job_count, now_us);
    else
        doorbell_ring(fanout->peers.doorbell);
    active->next = fanout->end;
    if (active->next == active->rest.count)
        finish(fanout, at);
}

static enum db_result
refused(struct fanout *fanout, size_t at)
{
    char id[ID_TEXT_MAX];

    id_format(ID_EVENT, fanout->active[at].task->job.event_id, id);
    log_error(LOGGER,
              LOG_FIELDS(LOG_TEXT("event", id),
                         LOG_TEXT("error", db_error_text(fanout->peers.db))),
              "The deliveries of an event cannot be stored; trying again");
    put_back(fanout, leave(fanout, at), PARK_US);
    return DB_OK;
}

enum db_result
fanout_run(struct fanout *fanout)
{
    int64_t now_us = clock_wall_us() + fanout->peers.lease->offset_us;
    enum step step = STEP_DONE;
    enum db_result result;
    size_t at;

    choose(fanout);
    if (fanout->count == 0)
        return DB_OK;
    at = fanout->turn++ % fanout->count;
    result = prepare(fanout, &fanout->active[at]);
    if (result == DB_NONE)
        return give_up(fanout, at);
    if (result != DB_OK)
        return result;
    result = try_step(fanout, &fanout->active[at], now_us, &step);
    if (result == DB_OK) {
        settle(fanout, at, now_us);
        return DB_OK;
    }
    /* What is there now the database knows. */
    fanout->active[at].read = false;
    if (result == DB_UNKNOWN)
        doorbell_ring(fanout->peers.doorbell); /* jobs nobody has heard of */
    if (result == DB_NONE)
        return step == STEP_LOST
                   ? lease_tick(fanout->peers.lease, fanout->peers.db)
                   : DB_OK;
    if (result == DB_BROKEN && db_connected(fanout->peers.db))
        return refused(fanout, at);
    return result;
}
