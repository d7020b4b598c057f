/*
 * store_delivery_retry.c - a delivery once more, because a person wants it.
 */
#include "store_delivery.h"

#include "delivery_job.h"
#include "kept.h"
#include "lane.h"
#include "sql.h"
#include "store_content.h"
#include "store_sequence.h"
#include "store_unblock.h"
#include "transact.h"

#define SQL_MAX 1024 /* bytes of one statement */
#define ID_TRIES 3   /* two equal ids are an accident; three in a row are not */

struct retry {
    uint32_t application_id;
    uint64_t id;
    struct id_source *ids;
    uint64_t new_id;
    enum delivery_action action;
};

static enum db_result
run(struct db *db, struct buf *sql)
{
    enum db_result result = db_exec(db, buf_slice(sql), NULL);

    buf_clear(sql);
    return result;
}

/* place_us 0: now. */
static void
add_due(struct buf *sql, int64_t place_us)
{
    if (place_us == 0)
        sql_raw(sql, "UTC_TIMESTAMP(6)");
    else
        sql_time(sql, place_us);
}

static enum db_result
take_place(struct db *db, uint64_t lane, int64_t *place_us)
{
    struct sequence_want want = {.lane = lane};
    enum db_result result = store_sequence_take(db, &want, 1);

    if (result == DB_OK)
        *place_us = want.place_us;
    return result;
}

static enum db_result
make_job(struct db *db, struct retry *retry,
         const struct delivery_finished *finished)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result = DB_OK;
    int64_t place_us = 0;
    unsigned tries;

    if (finished->fifo)
        result = take_place(db, finished->lane, &place_us);
    if (result == DB_OK)
        result = DB_DUPLICATE;
    for (tries = 0; tries < ID_TRIES && result == DB_DUPLICATE; tries++) {
        retry->new_id = id_next(retry->ids);
        sql_raw(&sql, "INSERT INTO jobs (id, kind, shard, lane, event_id, "
                      "retry_of, next_retry_at) VALUES (");
        sql_u64(&sql, retry->new_id);
        sql_raw(&sql, ", ");
        sql_u64(&sql, JOB_DELIVER);
        sql_raw(&sql, ", ");
        sql_u64(&sql, lane_shard(finished->lane));
        sql_raw(&sql, ", ");
        sql_u64(&sql, finished->lane);
        sql_raw(&sql, ", ");
        sql_u64(&sql, finished->event_id);
        sql_raw(&sql, ", ");
        sql_u64(&sql, retry->id);
        sql_raw(&sql, ", ");
        add_due(&sql, place_us);
        sql_raw(&sql, ")");
        result = run(db, &sql);
    }
    buf_free(&sql);
    return result;
}

/* The content stays until the new job is there. */
static enum db_result
hold_event(struct db *db, struct retry *retry, uint64_t event_id)
{
    bool there = false;
    enum db_result result = store_content_hold(db, event_id, &there);

    if (result == DB_OK && !there)
        retry->action = DELIVERY_NO_CONTENT;
    return result == DB_OK && there ? kept_hold(db, event_id) : result;
}

static enum db_result
repeat_finished(struct db *db, struct retry *retry)
{
    struct delivery_finished finished = {0};
    enum db_result result = delivery_job_find_finished(
        db, retry->application_id, retry->id, &finished);

    if (result != DB_OK)
        return result;
    if (finished.test)
        retry->action = DELIVERY_IS_TEST;
    else if (!finished.has_event)
        retry->action = DELIVERY_NO_EVENT;
    else if (!finished.has_target)
        retry->action = DELIVERY_NO_TARGET;
    else
        result = hold_event(db, retry, finished.event_id);
    if (result == DB_OK && retry->action == DELIVERY_DONE)
        return make_job(db, retry, &finished);
    if (result == DB_NONE) { /* its day was dropped a moment ago */
        retry->action = DELIVERY_NO_EVENT;
        result = DB_OK;
    }
    return result;
}

/* What has a place in a FIFO lane keeps it: its lane stops waiting. */
static enum db_result
hasten(struct db *db, const struct retry *retry, const struct delivery_job *job)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result = DB_OK;
    int64_t place_us = 0;

    if (job->fifo && job->early)
        result = take_place(db, job->lane, &place_us);
    if (result == DB_OK && (!job->fifo || job->early)) {
        sql_raw(&sql, "UPDATE jobs SET next_retry_at = ");
        add_due(&sql, place_us);
        sql_raw(&sql, " WHERE id = ");
        sql_u64(&sql, retry->id);
        result = run(db, &sql);
    }
    if (result == DB_OK && job->fifo)
        result = store_unblock_lane(db, job->lane);
    buf_free(&sql);
    return result;
}

static enum db_result
retry_work(struct db *db, void *arg)
{
    struct retry *retry = arg;
    struct delivery_job job;
    enum db_result result =
        delivery_job_lock(db, retry->application_id, retry->id, &job);

    retry->action = DELIVERY_DONE;
    retry->new_id = retry->id;
    if (result == DB_OK)
        return hasten(db, retry, &job);
    return result == DB_NONE ? repeat_finished(db, retry) : result;
}

enum db_result
store_delivery_retry(struct db *db, uint32_t application_id, uint64_t id,
                     struct id_source *ids, uint64_t *new_id,
                     enum delivery_action *action)
{
    struct retry retry = {
        .application_id = application_id, .id = id, .ids = ids};
    enum db_result result = transact(db, retry_work, &retry);

    if (result == DB_OK) {
        *action = retry.action;
        if (retry.action == DELIVERY_DONE)
            *new_id = retry.new_id;
    }
    return result;
}
