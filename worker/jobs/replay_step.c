/*
 * replay_step.c - see replay_step.h.
 */
#include "replay_step.h"

#include "alloc.h"
#include "clock.h"
#include "kept.h"
#include "lane.h"
#include "store_content.h"
#include "store_replay_step.h"

#include <stdlib.h>

#define TRIES 4 /* of a transaction that the database rolls back */
#define ROWS_LEAST 50
#define ROWS_PER_PICK 4 /* looked at for each delivery that may be made */
#define PAYLOADS_BYTES ((int64_t)4 << 20) /* of bodies at the same time */
#define PAYLOADS_MAX 64

/* Everything one step works with. */
struct work {
    struct replay_step *step;
    const struct flush_peers *peers;
    const struct job_row *job;
    struct replay replay;
    enum replay_end end;
};

static size_t
payloads_of(const struct settings *settings)
{
    int64_t n = PAYLOADS_BYTES / (settings->max_body + 1);

    return n < 1 ? 1 : n > PAYLOADS_MAX ? PAYLOADS_MAX : (size_t)n;
}

static enum db_result
choose(struct work *work, size_t rows, size_t most)
{
    const struct flush_peers *peers = work->peers;
    int64_t days = peers->settings->deliveries_days;
    const struct replay_ask ask = {
        .snapshot = peers->follower->snapshot,
        .replay = &work->replay,
        .rows = rows,
        .most = most,
        .oldest_us = db_now_us(peers->db) - days * CLOCK_US_PER_DAY,
        .payloads = payloads_of(peers->settings),
    };

    return replay_choose(peers->db, &ask, &work->step->choice);
}

static enum db_result
leave(struct work *work, enum replay_status status, const char *error)
{
    work->replay.status = status;
    if (error != NULL)
        work->replay.error = xstrdup(error);
    work->end = REPLAY_OVER;
    work->step->making = false;
    return store_replay_leave(work->peers->db, &work->replay);
}

static void
take_cursor(struct work *work)
{
    work->replay.cursor_owner = work->step->choice.cursor_owner;
    work->replay.cursor_id = work->step->choice.cursor_id;
    work->replay.skipped += work->step->choice.skipped;
}

/* --- counting ------------------------------------------------------------------ */

static enum db_result
count(struct work *work)
{
    struct replay *replay = &work->replay;
    enum db_result result = choose(work, REPLAY_CHUNK, REPLAY_CHUNK);

    if (result != DB_OK)
        return result;
    take_cursor(work);
    replay->planned += work->step->choice.count;
    work->end = REPLAY_GOES_ON;
    if (!work->step->choice.end)
        return store_replay_save(work->peers->db, replay);
    if (replay->confirmed_at_us == 0)
        return leave(work, REPLAY_PLANNED, NULL);
    replay->status = REPLAY_RUNNING;
    replay->cursor_owner = 0;
    replay->cursor_id = 0;
    replay->skipped = 0;
    return store_replay_save(work->peers->db, replay);
}

/* --- running ------------------------------------------------------------------- */

/* The one that is looked at; 0 = none yet. */
static uint32_t
subscription_of(const struct replay *replay)
{
    return replay->subscription_id != 0 ? replay->subscription_id
                                        : replay->cursor_owner;
}

static bool
is_deleted(const struct work *work)
{
    return work->replay.subscription_id != 0 &&
           catalog_subscription(work->peers->follower->snapshot,
                                work->replay.subscription_id) == NULL;
}

/* What is made now would only wait. */
static bool
is_held(const struct work *work)
{
    const struct flush_peers *peers = work->peers;
    uint32_t id = subscription_of(&work->replay);
    uint64_t lane = lane_number(LANE_SUBSCRIPTION, id);
    const struct subscription *subscription =
        catalog_subscription(peers->follower->snapshot, id);
    bool open;

    if (subscription == NULL)
        return false;
    if (subscription->paused || !subscription->active)
        return true;
    if (!lease_owns(peers->lease, lane_shard(lane)))
        return false; /* another worker knows */
    open = scheduler_is_open(desk_lock(peers->desk), lane);
    desk_unlock(peers->desk);
    return open;
}

/* Events whose day is dropped, or whose content goes, at this very moment. */
static enum db_result
hold(struct work *work)
{
    struct replay_choice *choice = &work->step->choice;
    uint64_t event_ids[REPLAY_CHUNK];
    bool there[REPLAY_CHUNK];
    enum db_result result;
    size_t i, kept = 0;

    for (i = 0; i < choice->count; i++)
        event_ids[i] = choice->picks[i].event_id;
    result = store_content_hold_all(work->peers->db, event_ids, choice->count,
                                    there);
    if (result != DB_OK)
        return result;
    for (i = 0; i < choice->count; i++) {
        result = there[i] ? kept_hold(work->peers->db, event_ids[i]) : DB_NONE;
        if (result != DB_OK && result != DB_NONE)
            return result;
        if (result == DB_OK)
            choice->picks[kept++] = choice->picks[i];
        else
            choice->skipped++;
    }
    choice->count = kept;
    return DB_OK;
}

static enum db_result
take_places(struct work *work)
{
    struct replay_step *step = work->step;
    enum db_result result;
    size_t i, n = 0;

    for (i = 0; i < step->choice.count; i++)
        if (step->choice.picks[i].fifo)
            step->wants[n++] = (struct sequence_want){
                .lane = step->choice.picks[i].lane, .at = i};
    result = store_sequence_take(work->peers->db, step->wants, n);
    for (i = 0; i < n && result == DB_OK; i++)
        step->jobs[step->wants[i].at].due_us = step->wants[i].place_us;
    return result;
}

static enum db_result
make_jobs(struct work *work)
{
    struct replay_step *step = work->step;
    struct replay *replay = &work->replay;
    enum db_result result;
    size_t i;

    step->made = step->choice.count;
    if (step->made == 0)
        return DB_OK;
    for (i = 0; i < step->made; i++) {
        const struct replay_pick *pick = &step->choice.picks[i];

        step->jobs[i] = (struct new_job){
            .id = id_next(&work->peers->lease->ids),
            .event_id = pick->event_id,
            .lane = pick->lane,
            .kind = JOB_DELIVER,
            .retry_of = pick->retry_of,
        };
        replay->live[replay->live_count++] = step->jobs[i].id;
    }
    replay->made += step->made;
    result = take_places(work);
    if (result == DB_OK)
        result = store_flush_new_jobs(work->peers->db, step->jobs, step->made);
    return result;
}

/* Nothing is made; what was learned of those made before is noted. */
static enum db_result
wait(struct work *work)
{
    work->end = REPLAY_WAITS;
    if (work->replay.all_made && work->replay.live_count == 0)
        return leave(work, REPLAY_DONE, NULL);
    if (!work->step->changed)
        return DB_OK;
    return store_replay_save(work->peers->db, &work->replay);
}

static enum db_result
go_on(struct work *work, size_t most)
{
    size_t rows = most * ROWS_PER_PICK;
    enum db_result result;

    if (rows < ROWS_LEAST)
        rows = ROWS_LEAST;
    result = choose(work, rows < REPLAY_CHUNK ? rows : REPLAY_CHUNK, most);
    if (result == DB_OK && work->step->choice.busy)
        return wait(work);
    if (result == DB_OK)
        result = hold(work);
    if (result == DB_OK)
        result = make_jobs(work);
    if (result != DB_OK)
        return result;
    take_cursor(work);
    work->end = REPLAY_GOES_ON;
    work->replay.all_made = work->step->choice.end;
    work->step->making = !work->replay.all_made;
    if (work->replay.all_made && work->replay.live_count == 0)
        return leave(work, REPLAY_DONE, NULL);
    return store_replay_save(work->peers->db, &work->replay);
}

static enum db_result
run(struct work *work)
{
    struct replay_step *step = work->step;
    enum db_result result =
        store_replay_settle(work->peers->db, &work->replay, &step->changed);
    size_t most = REPLAY_LIVE_MAX - work->replay.live_count;

    if (result != DB_OK)
        return result;
    step->making = !work->replay.all_made;
    if (step->most < most)
        most = step->most;
    if (work->replay.all_made || most == 0 || !step->may_make || is_held(work))
        return wait(work);
    return go_on(work, most);
}

/* --- the transaction ------------------------------------------------------------ */

/* Everything between BEGIN and COMMIT. */
static enum db_result
write_step(struct work *work)
{
    struct db *db = work->peers->db;
    bool chosen[LANE_SHARDS] = {false};
    enum db_result result;

    chosen[work->job->shard] = true;
    work->end = REPLAY_LOST;
    result = lease_fence(work->peers->lease, db, chosen);
    if (result != DB_OK)
        return result;
    result = store_replay_lock(db, work->job->id, &work->replay);
    if (result == DB_NONE) {
        work->end = REPLAY_OVER;
        return store_replay_remove_job(db, work->job->id);
    }
    if (result != DB_OK)
        return result;
    work->step->counting = work->replay.status == REPLAY_COUNTING;
    work->step->rate = work->replay.rate;
    if (is_deleted(work))
        return leave(work, REPLAY_CANCELLED, REPLAY_DELETED);
    return work->step->counting ? count(work) : run(work);
}

static enum db_result
attempt(struct work *work)
{
    struct db *db = work->peers->db;
    enum db_result result = db_begin(db);

    work->replay = (struct replay){.id = 0};
    work->step->made = 0;
    work->step->making = false;
    work->step->changed = false;
    if (result == DB_OK)
        result = write_step(work);
    if (result == DB_OK)
        result = db_commit(db);
    if (result != DB_OK)
        db_rollback(db);
    replay_free(&work->replay);
    return result;
}

enum db_result
replay_step_make(struct replay_step *step, const struct flush_peers *peers,
                 const struct job_row *job, enum replay_end *end)
{
    struct work work = {.step = step, .peers = peers, .job = job};
    enum db_result result = DB_AGAIN;
    int tries;

    for (tries = 0; tries < TRIES; tries++) {
        result = attempt(&work);
        /* A duplicate: an id that was made twice; the next ones differ. */
        if (result != DB_AGAIN && result != DB_DUPLICATE)
            break;
    }
    *end = work.end;
    return result == DB_DUPLICATE ? DB_BROKEN : result;
}

/* --- giving up ------------------------------------------------------------------ */

static enum db_result
write_failure(struct work *work, const char *why)
{
    struct db *db = work->peers->db;
    bool chosen[LANE_SHARDS] = {false};
    enum db_result result;

    chosen[work->job->shard] = true;
    result = lease_fence(work->peers->lease, db, chosen);
    if (result == DB_OK)
        result = store_replay_lock(db, work->job->id, &work->replay);
    return result == DB_OK ? leave(work, REPLAY_FAILED, why) : result;
}

enum db_result
replay_step_fail(const struct flush_peers *peers, const struct job_row *job,
                 const char *why)
{
    struct replay_step *step = xcalloc(1, sizeof(*step));
    struct work work = {.step = step, .peers = peers, .job = job};
    enum db_result result = db_begin(peers->db);

    if (result == DB_OK)
        result = write_failure(&work, why);
    if (result == DB_OK)
        result = db_commit(peers->db);
    if (result != DB_OK)
        db_rollback(peers->db);
    replay_free(&work.replay);
    free(step);
    return result;
}
