/*
 * replay.c - see replay.h.
 */
#include "replay.h"

#include "alloc.h"
#include "clock.h"
#include "id.h"
#include "log.h"
#include "replay_step.h"

#include <stdio.h>
#include <stdlib.h>

#define LOGGER "postern.worker"
#define LOOK_FIRST_US (20 * CLOCK_US_PER_MS) /* at what it waits for; */
#define LOOK_LAST_US (2 * CLOCK_US_PER_S)    /* then ever later */
#define PARKED_US (500 * CLOCK_US_PER_MS)    /* waits that are long */
#define GATHER_US (200 * CLOCK_US_PER_MS)    /* of its rate, for one step */
#define BROKEN_US (30 * CLOCK_US_PER_S)
#define BROKEN_MAX 3 /* steps that the database refuses */

/* One replay that is counted or run. */
struct active {
    struct task *task;
    bool making;       /* it will make more, as far as we know */
    int64_t until_us;  /* no look before */
    int64_t wait_us;   /* until the next one, if nothing happens */
    int64_t tokens_us; /* when what it may make was counted last; 0 = never */
    double tokens;     /* deliveries it may make */
    bool known;        /* its rate is; in its first step it makes none */
    uint32_t rate;     /* per second; 0 = no limit */
    unsigned broken;   /* steps in a row */
};

struct replayer {
    struct flush_peers peers;
    struct active *active;
    size_t count, cap;
    size_t turn;             /* whose it is */
    struct replay_step step; /* that is being made */
};

struct replayer *
replayer_new(const struct flush_peers *peers)
{
    struct replayer *replayer = xcalloc(1, sizeof(*replayer));

    replayer->peers = *peers;
    return replayer;
}

void
replayer_add(struct replayer *replayer, struct task *task)
{
    if (replayer->count == replayer->cap) {
        replayer->cap = replayer->cap == 0 ? 8 : 2 * replayer->cap;
        replayer->active = xreallocarray(replayer->active, replayer->cap,
                                         sizeof(replayer->active[0]));
    }
    replayer->active[replayer->count++] =
        (struct active){.task = task, .wait_us = LOOK_FIRST_US};
}

int64_t
replayer_due(const struct replayer *replayer)
{
    int64_t due_us = INT64_MAX;
    size_t i;

    for (i = 0; i < replayer->count; i++)
        if (replayer->active[i].until_us < due_us)
            due_us = replayer->active[i].until_us;
    return due_us;
}

size_t
replayer_parked(const struct replayer *replayer)
{
    size_t i, n = 0;

    for (i = 0; i < replayer->count; i++)
        n += replayer->active[i].wait_us >= PARKED_US;
    return n;
}

/* Takes it out of the list; its task is the caller's. */
static struct task *
leave(struct replayer *replayer, size_t at)
{
    struct task *task = replayer->active[at].task;

    replayer->active[at] = replayer->active[--replayer->count];
    return task;
}

/* It is read again, by whoever has its shard. */
static void
put_back(struct replayer *replayer, size_t at)
{
    struct task *task = leave(replayer, at);
    struct scheduler *scheduler = desk_lock(replayer->peers.desk);

    if (lease_owns(replayer->peers.lease, task->job.shard))
        scheduler_put_back(scheduler, task);
    else
        scheduler_forget(scheduler, task);
    desk_unlock(replayer->peers.desk);
    payloads_free_task(replayer->peers.payloads, task);
}

static void
finish(struct replayer *replayer, size_t at)
{
    struct task *task = leave(replayer, at);

    scheduler_forget(desk_lock(replayer->peers.desk), task);
    desk_unlock(replayer->peers.desk);
    payloads_free_task(replayer->peers.payloads, task);
}

void
replayer_drop(struct replayer *replayer)
{
    while (replayer->count > 0)
        put_back(replayer, replayer->count - 1);
}

void
replayer_free(struct replayer *replayer)
{
    if (replayer == NULL)
        return;
    replayer_drop(replayer);
    free(replayer->active);
    free(replayer);
}

/* Those of shards that we may not work in any more go. */
static void
drop_lost(struct replayer *replayer)
{
    size_t i = 0;

    while (i < replayer->count) {
        const struct task *task = replayer->active[i].task;

        if (task->orphan || !lease_owns(replayer->peers.lease, task->job.shard))
            put_back(replayer, i);
        else
            i++;
    }
}

/* Whose turn it is, in *at. False: nobody's. */
static bool
take_turn(struct replayer *replayer, int64_t now_us, size_t *at)
{
    size_t i;

    for (i = 0; i < replayer->count; i++) {
        *at = replayer->turn++ % replayer->count;
        if (replayer->active[*at].until_us <= now_us)
            return true;
    }
    return false;
}

/* Another one of its lane makes deliveries at present. */
static bool
stands_behind(const struct replayer *replayer, size_t at)
{
    const struct active *active = replayer->active;
    size_t i;

    for (i = 0; i < replayer->count; i++)
        if (i != at && active[i].making && !active[at].making &&
            active[i].task->job.lane == active[at].task->job.lane)
            return true;
    return false;
}

/* --- how much of it -------------------------------------------------------------- */

/* What may be made by now; a step's worth is gathered at most. */
static size_t
allowance(struct active *active, int64_t now_us)
{
    double rate = active->rate;
    double most = rate * (double)GATHER_US / CLOCK_US_PER_S;

    if (!active->known)
        return 0;
    if (active->rate == 0)
        return REPLAY_LIVE_MAX;
    if (most < 1)
        most = 1;
    if (active->tokens_us == 0)
        active->tokens = most;
    else
        active->tokens +=
            (double)(now_us - active->tokens_us) * rate / CLOCK_US_PER_S;
    if (active->tokens > most)
        active->tokens = most;
    active->tokens_us = now_us;
    return active->tokens < REPLAY_LIVE_MAX ? (size_t)active->tokens
                                            : REPLAY_LIVE_MAX;
}

/* When the next step is worth it. */
static int64_t
next_start(const struct active *active, int64_t now_us)
{
    int64_t least_us;

    if (active->rate == 0 || active->tokens >= 1)
        return now_us;
    least_us = (int64_t)((1 - active->tokens) * CLOCK_US_PER_S / active->rate);
    return now_us + (least_us > GATHER_US ? least_us : GATHER_US);
}

/* --- what came of a step ------------------------------------------------------- */

/* Something has happened, and more may happen soon; or nothing has. */
static void
look_later(struct replayer *replayer, struct active *active, int64_t now_us)
{
    if (replayer->step.changed || active->wait_us == 0)
        active->wait_us = LOOK_FIRST_US;
    active->until_us = now_us + active->wait_us;
    active->wait_us *= 2;
    if (active->wait_us > LOOK_LAST_US)
        active->wait_us = LOOK_LAST_US;
}

static void
settle(struct replayer *replayer, size_t at, enum replay_end end)
{
    const struct replay_step *step = &replayer->step;
    struct active *active = &replayer->active[at];
    int64_t now_us = clock_mono_us();

    if (!active->known)
        end = end == REPLAY_WAITS ? REPLAY_GOES_ON : end;
    active->known = true;
    active->rate = step->rate;
    active->broken = 0;
    active->making = step->making && step->may_make;
    if (step->made > 0)
        doorbell_ring(replayer->peers.doorbell);
    if (end == REPLAY_OVER) {
        finish(replayer, at);
        return;
    }
    if (end == REPLAY_WAITS) {
        look_later(replayer, active, now_us);
        return;
    }
    active->wait_us = LOOK_FIRST_US;
    active->tokens -= (double)step->made;
    active->until_us = step->made > 0 ? next_start(active, now_us) : 0;
}

static void
tell(const struct task *task, const char *error, const char *what)
{
    char id[ID_TEXT_MAX];

    id_format(ID_JOB, task->job.id, id);
    log_error(LOGGER, LOG_FIELDS(LOG_TEXT("job", id), LOG_TEXT("error", error)),
              "%s", what);
}

static enum db_result
give_up(struct replayer *replayer, size_t at)
{
    struct db *db = replayer->peers.db;
    const struct task *task = replayer->active[at].task;
    char why[200];
    enum db_result result;

    (void)snprintf(why, sizeof(why), "refused by the database (error %u)",
                   db_error_number(db));
    tell(task, db_error_text(db), "A replay has failed");
    result = replay_step_fail(&replayer->peers, &task->job, why);
    if (result == DB_OK)
        finish(replayer, at);
    return result == DB_NONE ? DB_OK : result;
}

static enum db_result
fail(struct replayer *replayer, size_t at, enum db_result result)
{
    struct active *active = &replayer->active[at];
    struct db *db = replayer->peers.db;

    if (result == DB_UNKNOWN)
        doorbell_ring(replayer->peers.doorbell); /* jobs nobody has heard of */
    if (result == DB_NONE)
        return lease_tick(replayer->peers.lease, db);
    if (result != DB_BROKEN || !db_connected(db))
        return result;
    active->until_us = clock_mono_us() + BROKEN_US;
    active->wait_us = PARKED_US;
    if (++active->broken >= BROKEN_MAX)
        return give_up(replayer, at);
    tell(active->task, db_error_text(db),
         "A replay cannot go on; trying again");
    return DB_OK;
}

enum db_result
replayer_run(struct replayer *replayer)
{
    const struct flush_peers *peers = &replayer->peers;
    int64_t now_us = clock_mono_us();
    enum replay_end end = REPLAY_LOST;
    enum db_result result;
    struct active *active;
    size_t at;

    drop_lost(replayer);
    if (!take_turn(replayer, now_us, &at))
        return DB_OK;
    /* What a person has changed counts from here on. */
    result = follower_refresh(peers->follower, peers->db, peers->desk,
                              peers->payloads);
    if (result != DB_OK)
        return result;
    active = &replayer->active[at];
    replayer->step.may_make = !stands_behind(replayer, at);
    replayer->step.most = allowance(active, now_us);
    result = replay_step_make(&replayer->step, peers, &active->task->job, &end);
    if (result != DB_OK)
        return fail(replayer, at, result);
    settle(replayer, at, end);
    return DB_OK;
}
