/*
 * fanout_step.c - see fanout_step.h.
 */
#include "fanout_step.h"

#include "catalog.h"
#include "lane.h"

#define TRIES 4 /* of a transaction that the database rolls back */

static void
add_job(struct fanout_step *step, const struct flush_peers *peers,
        const struct fanout_active *active,
        const struct subscription *subscription, int64_t due_us)
{
    struct relayed *relayed = &step->jobs[step->job_count];
    uint64_t lane = lane_number(LANE_SUBSCRIPTION, subscription->id);

    if (subscription->fifo)
        lane = lane_of_key(lane, active->rest.ordering_key);
    *relayed = (struct relayed){
        .job = {.id = id_next(&peers->lease->ids),
                .event_id = active->task->job.event_id,
                .lane = lane,
                .kind = JOB_DELIVER,
                .due_us = due_us},
        .origin = active->task,
    };
    if (subscription->fifo && due_us == 0)
        step->wants[step->want_count++] = (struct sequence_want){
            .lane = lane,
            .at = step->job_count,
        };
    step->job_count++;
}

static void
compose(struct fanout_step *step, const struct flush_peers *peers,
        const struct fanout_active *active, int64_t now_us)
{
    int64_t due_us = active->rest.deliver_at_us;
    size_t left = active->rest.count - active->next, i;

    if (due_us <= now_us)
        due_us = 0;
    step->job_count = 0;
    step->want_count = 0;
    step->end = active->next + (left < FANOUT_STEP ? left : FANOUT_STEP);
    for (i = active->next; i < step->end; i++) {
        const struct subscription *subscription = catalog_subscription(
            peers->follower->snapshot, active->rest.ids[i]);

        if (subscription != NULL) /* else it is deleted */
            add_job(step, peers, active, subscription, due_us);
    }
}

static enum db_result
write_jobs(struct fanout_step *step, struct db *db)
{
    enum db_result result =
        store_sequence_take(db, step->wants, step->want_count);
    size_t i;

    for (i = 0; i < step->want_count && result == DB_OK; i++)
        step->jobs[step->wants[i].at].job.due_us = step->wants[i].place_us;
    for (i = 0; i < step->job_count; i++)
        step->rows[i] = step->jobs[i].job;
    if (result == DB_OK && step->job_count > 0)
        result = store_flush_new_jobs(db, step->rows, step->job_count);
    return result;
}

/* Everything between BEGIN and COMMIT. Only FANOUT_DONE is to be committed. */
static enum db_result
write_step(struct fanout_step *step, const struct flush_peers *peers,
           const struct fanout_active *active, enum fanout_end *end)
{
    struct db *db = peers->db;
    const struct job_row *job = &active->task->job;
    uint32_t expected = active->rest.done + (uint32_t)active->next, done = 0;
    bool chosen[LANE_SHARDS] = {false}, removed = false;
    enum db_result result;

    chosen[job->shard] = true;
    *end = FANOUT_LOST;
    result = lease_fence(peers->lease, db, chosen);
    if (result != DB_OK)
        return result;
    *end = FANOUT_STALE;
    result = store_fanout_lock(db, job->id, &done);
    if (result != DB_OK || done != expected)
        return result == DB_OK ? DB_NONE : result;
    *end = FANOUT_DONE;
    result = write_jobs(step, db);
    if (result != DB_OK)
        return result;
    if (step->end < active->rest.count)
        return store_fanout_advance(db, job->id,
                                    active->rest.done + (uint32_t)step->end);
    result = store_fanout_remove(db, job->id, &removed);
    return result == DB_OK && !removed ? DB_AGAIN : result;
}

enum db_result
fanout_step_make(struct fanout_step *step, const struct flush_peers *peers,
                 const struct fanout_active *active, int64_t now_us,
                 enum fanout_end *end)
{
    struct db *db = peers->db;
    enum db_result result = DB_AGAIN;
    int tries;

    for (tries = 0; tries < TRIES; tries++) {
        compose(step, peers, active, now_us);
        result = db_begin(db);
        if (result == DB_OK)
            result = write_step(step, peers, active, end);
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
