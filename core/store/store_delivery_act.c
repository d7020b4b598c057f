/*
 * store_delivery_act.c - what a person may do to a delivery: again, or not.
 */
#include "store_delivery.h"

#include "delivery_row.h"
#include "lane.h"
#include "sql.h"
#include "transact.h"

#define SQL_MAX 65536 /* bytes of one statement */
#define CHUNK 500     /* jobs cancelled by one transaction */
#define ID_TRIES 3 /* two equal ids are an accident; three in a row are not */

struct act {
    uint32_t application_id;
    uint64_t id;
    struct id_source *ids;
    uint64_t new_id;
    enum delivery_action action;
};

/* A finished delivery as a repetition needs it. */
struct finished {
    uint32_t subscription_id;
    uint64_t event_id;
    bool test;
    bool has_target;
    bool has_event;
};

static enum db_result
run(struct db *db, struct buf *sql)
{
    enum db_result result = db_exec(db, buf_slice(sql), NULL);

    buf_clear(sql);
    return result;
}

static void
add_owner(struct buf *sql, const char *column, uint32_t application_id)
{
    if (application_id == 0)
        return;
    sql_raw(sql, " AND ");
    sql_raw(sql, column);
    sql_raw(sql, " = ");
    sql_u64(sql, application_id);
}

/* DB_NONE: it is not among the live ones. The lock keeps the worker from
   finishing it meanwhile. */
static enum db_result
lock_job(struct db *db, const struct act *act, struct buf *sql)
{
    struct db_rows *rows = NULL;
    enum db_result result;

    sql_raw(sql, "SELECT j.id FROM jobs j WHERE j.kind = 1 AND j.id = ");
    sql_u64(sql, act->id);
    /* A join would lock the subscription as well. */
    add_owner(sql,
              "(SELECT s.application_id FROM subscriptions s "
              "WHERE s.id = j.lane >> 32)",
              act->application_id);
    sql_raw(sql, " FOR UPDATE");
    result = db_query(db, buf_slice(sql), &rows);
    buf_clear(sql);
    if (result != DB_OK)
        return result;
    if (db_rows_count(rows) == 0)
        result = DB_NONE;
    db_rows_free(rows);
    return result;
}

static enum db_result
find_finished(struct db *db, const struct act *act, struct buf *sql,
              struct finished *finished)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(sql, "SELECT d.owner_id, d.event_id, d.test, "
                 "EXISTS (SELECT 1 FROM subscriptions s WHERE "
                 "s.id = d.owner_id AND s.deleted_at IS NULL), "
                 "EXISTS (SELECT 1 FROM events e WHERE e.id = d.event_id) OR "
                 "EXISTS (SELECT 1 FROM events_kept k WHERE "
                 "k.id = d.event_id) "
                 "FROM deliveries d WHERE d.kind = 1 AND d.id = ");
    sql_u64(sql, act->id);
    sql_raw(sql, " AND d.done_day >= ");
    delivery_row_day(sql, act->id);
    add_owner(sql, "d.application_id", act->application_id);
    result = db_query(db, buf_slice(sql), &rows);
    buf_clear(sql);
    if (result != DB_OK)
        return result;
    row = db_rows_next(rows);
    if (row == NULL) {
        result = DB_NONE;
    } else {
        finished->subscription_id = (uint32_t)db_u64(row[0], 0);
        finished->event_id = db_u64(row[1], 0);
        finished->test = db_u64(row[2], 0) != 0;
        finished->has_target = db_u64(row[3], 0) != 0;
        finished->has_event = db_u64(row[4], 0) != 0;
    }
    db_rows_free(rows);
    return result;
}

static enum db_result
make_job(struct db *db, struct act *act, const struct finished *finished,
         struct buf *sql)
{
    uint64_t lane = lane_number(LANE_SUBSCRIPTION, finished->subscription_id);
    enum db_result result = DB_DUPLICATE;
    unsigned tries;

    for (tries = 0; tries < ID_TRIES && result == DB_DUPLICATE; tries++) {
        act->new_id = id_next(act->ids);
        sql_raw(sql, "INSERT INTO jobs (id, kind, shard, lane, event_id, "
                     "retry_of, next_retry_at) VALUES (");
        sql_u64(sql, act->new_id);
        sql_raw(sql, ", ");
        sql_u64(sql, JOB_DELIVER);
        sql_raw(sql, ", ");
        sql_u64(sql, lane_shard(lane));
        sql_raw(sql, ", ");
        sql_u64(sql, lane);
        sql_raw(sql, ", ");
        sql_u64(sql, finished->event_id);
        sql_raw(sql, ", ");
        sql_u64(sql, act->id);
        sql_raw(sql, ", UTC_TIMESTAMP(6))");
        result = run(db, sql);
    }
    return result;
}

static enum db_result
repeat_finished(struct db *db, struct act *act, struct buf *sql)
{
    struct finished finished = {0};
    enum db_result result = find_finished(db, act, sql, &finished);

    if (result != DB_OK)
        return result;
    if (finished.test)
        act->action = DELIVERY_IS_TEST;
    else if (!finished.has_event)
        act->action = DELIVERY_NO_EVENT;
    else if (!finished.has_target)
        act->action = DELIVERY_NO_TARGET;
    else
        return make_job(db, act, &finished, sql);
    return DB_OK;
}

static enum db_result
retry_work(struct db *db, void *arg)
{
    struct act *act = arg;
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result = lock_job(db, act, &sql);

    act->action = DELIVERY_DONE;
    act->new_id = act->id;
    if (result == DB_OK) {
        sql_raw(&sql, "UPDATE jobs SET next_retry_at = UTC_TIMESTAMP(6) "
                      "WHERE id = ");
        sql_u64(&sql, act->id);
        result = run(db, &sql);
    } else if (result == DB_NONE) {
        result = repeat_finished(db, act, &sql);
    }
    buf_free(&sql);
    return result;
}

enum db_result
store_delivery_retry(struct db *db, uint32_t application_id, uint64_t id,
                     struct id_source *ids, uint64_t *new_id,
                     enum delivery_action *action)
{
    struct act act = {.application_id = application_id, .id = id, .ids = ids};
    enum db_result result = transact(db, retry_work, &act);

    if (result == DB_OK) {
        *action = act.action;
        if (act.action == DELIVERY_DONE)
            *new_id = act.new_id;
    }
    return result;
}

/* What is known of the last attempts goes along. */
static enum db_result
archive_cancelled(struct db *db, const uint64_t *ids, size_t count,
                  struct buf *sql)
{
    enum db_result result;

    sql_raw(sql, "INSERT INTO deliveries (id, done_day, kind, test, "
                 "application_id, owner_id, event_id, event_type, status, "
                 "attempts, retry_of, response_code, error_class, "
                 "error_message, response_body, duration_ms, completed_at) "
                 "SELECT j.id, UTC_DATE(), j.kind, j.test, s.application_id, "
                 "s.id, j.event_id, COALESCE(e.type, k.type, ''), 'cancelled', "
                 "j.attempts, j.retry_of, a.response_code, a.error_class, "
                 "a.error_message, a.response_body, "
                 "COALESCE(a.duration_ms, 0), UTC_TIMESTAMP(6) FROM ");
    sql_id_table(sql, ids, count);
    sql_raw(sql, " x STRAIGHT_JOIN jobs j ON j.id = x.id "
                 "JOIN subscriptions s ON s.id = j.lane >> 32 "
                 "LEFT JOIN events e ON e.id = j.event_id "
                 "LEFT JOIN events_kept k ON k.id = j.event_id "
                 "LEFT JOIN attempts a ON a.delivery_id = j.id "
                 "AND a.attempt = NULLIF(j.attempts, 0)");
    result = run(db, sql);
    if (result != DB_OK)
        return result;
    sql_raw(sql, "DELETE j FROM ");
    sql_id_table(sql, ids, count);
    sql_raw(sql, " x STRAIGHT_JOIN jobs j ON j.id = x.id");
    return run(db, sql);
}

static enum db_result
cancel_work(struct db *db, void *arg)
{
    struct act *act = arg;
    struct finished finished;
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result = lock_job(db, act, &sql);

    act->action = DELIVERY_DONE;
    if (result == DB_OK) {
        result = archive_cancelled(db, &act->id, 1, &sql);
    } else if (result == DB_NONE) {
        act->action = DELIVERY_FINISHED;
        result = find_finished(db, act, &sql, &finished);
    }
    buf_free(&sql);
    return result;
}

enum db_result
store_delivery_cancel(struct db *db, uint32_t application_id, uint64_t id,
                      enum delivery_action *action)
{
    struct act act = {.application_id = application_id, .id = id};
    enum db_result result = transact(db, cancel_work, &act);

    if (result == DB_OK)
        *action = act.action;
    return result;
}

/* One transaction's share of a lane. */
struct chunk {
    uint64_t lane;
    size_t count;
};

static enum db_result
chunk_work(struct db *db, void *arg)
{
    struct chunk *chunk = arg;
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    uint64_t ids[CHUNK];
    enum db_result result;

    chunk->count = 0;
    sql_raw(&sql, "SELECT id FROM jobs FORCE INDEX (due) WHERE shard = ");
    sql_u64(&sql, lane_shard(chunk->lane));
    sql_raw(&sql, " AND lane = ");
    sql_u64(&sql, chunk->lane);
    sql_raw(&sql, " LIMIT ");
    sql_u64(&sql, CHUNK);
    sql_raw(&sql, " FOR UPDATE");
    result = db_query(db, buf_slice(&sql), &rows);
    buf_clear(&sql);
    if (result == DB_OK) {
        while ((row = db_rows_next(rows)) != NULL)
            ids[chunk->count++] = db_u64(row[0], 0);
        db_rows_free(rows);
    }
    if (result == DB_OK && chunk->count > 0)
        result = archive_cancelled(db, ids, chunk->count, &sql);
    buf_free(&sql);
    return result;
}

enum db_result
store_delivery_cancel_all(struct db *db, uint32_t subscription_id, size_t most)
{
    struct chunk chunk = {lane_number(LANE_SUBSCRIPTION, subscription_id),
                          CHUNK};
    enum db_result result = DB_OK;
    size_t done = 0;

    while (result == DB_OK && chunk.count == CHUNK && done < most) {
        result = transact(db, chunk_work, &chunk);
        done += chunk.count;
    }
    return result;
}
