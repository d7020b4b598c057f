/*
 * store_delivery_cancel.c - deliveries that nobody wants any more: one, or all
 * of a subscription.
 */
#include "store_delivery.h"

#include "delivery_job.h"
#include "delivery_row.h"
#include "lane.h"
#include "sql.h"
#include "store_delivery_window.h"
#include "store_unblock.h"
#include "transact.h"

#define SQL_MAX 65536 /* bytes of one statement */
#define CHUNK 500     /* jobs cancelled by one transaction */

/* By primary key, however few rows the table has: a scan would wait for those
   that are being inserted. */
#define JOIN_JOBS                                                              \
    " x STRAIGHT_JOIN jobs j FORCE INDEX (PRIMARY) ON j.id = x.id "

static enum db_result
run(struct db *db, struct buf *sql)
{
    enum db_result result = db_exec(db, buf_slice(sql), NULL);

    buf_clear(sql);
    return result;
}

static uint64_t
oldest(const uint64_t *ids, size_t count)
{
    uint64_t least = ids[0];
    size_t i;

    for (i = 1; i < count; i++)
        least = ids[i] < least ? ids[i] : least;
    return least;
}

/* What is known of the last attempts goes along. */
static enum db_result
archive(struct db *db, const uint64_t *ids, size_t count)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, "INSERT INTO deliveries (id, done_day, kind, test, "
                  "application_id, owner_id, event_id, event_type, status, "
                  "attempts, retry_of, response_code, error_class, "
                  "error_message, response_body, duration_ms, completed_at) "
                  "SELECT j.id, UTC_DATE(), j.kind, j.test, s.application_id, "
                  "s.id, j.event_id, COALESCE(e.type, k.type, ''), "
                  "'cancelled', j.attempts, j.retry_of, a.response_code, "
                  "a.error_class, a.error_message, a.response_body, "
                  "COALESCE(a.duration_ms, 0), UTC_TIMESTAMP(6) FROM ");
    sql_id_table(&sql, ids, count);
    sql_raw(&sql, JOIN_JOBS "JOIN subscriptions s ON s.id = j.lane >> 32 "
                            "LEFT JOIN events e ON e.id = j.event_id "
                            "LEFT JOIN events_kept k ON k.id = j.event_id "
                            "LEFT JOIN attempts a ON a.delivery_id = j.id "
                            "AND a.attempt = NULLIF(j.attempts, 0) "
                            "AND a.day >= ");
    delivery_row_day(&sql, oldest(ids, count));
    result = run(db, &sql);
    if (result == DB_OK) {
        sql_raw(&sql, "DELETE j FROM ");
        sql_id_table(&sql, ids, count);
        sql_raw(&sql, JOIN_JOBS);
        result = run(db, &sql);
    }
    buf_free(&sql);
    return result;
}

struct cancel {
    uint32_t application_id;
    uint64_t id;
    enum delivery_action action;
};

static enum db_result
cancel_work(struct db *db, void *arg)
{
    struct cancel *cancel = arg;
    struct delivery_finished finished;
    struct delivery_job job;
    enum db_result result =
        delivery_job_lock(db, cancel->application_id, cancel->id, &job);

    if (result == DB_NONE) {
        cancel->action = DELIVERY_FINISHED;
        return delivery_job_find_finished(db, cancel->application_id,
                                          cancel->id, &finished);
    }
    cancel->action = DELIVERY_DONE;
    if (result == DB_OK)
        result = archive(db, &cancel->id, 1);
    /* The lane was waiting for this one. */
    if (result == DB_OK && job.fifo && job.attempts > 0)
        result = store_unblock_lane(db, job.lane);
    return result;
}

enum db_result
store_delivery_cancel(struct db *db, uint32_t application_id, uint64_t id,
                      enum delivery_action *action)
{
    struct cancel cancel = {.application_id = application_id, .id = id};
    enum db_result result = transact(db, cancel_work, &cancel);

    if (result == DB_OK)
        *action = cancel.action;
    return result;
}

/* One transaction's share of a subscription's jobs. */
struct chunk {
    uint32_t subscription_id;
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
    sql_raw(&sql, "SELECT id FROM jobs FORCE INDEX (due) WHERE 1");
    store_delivery_window_add_lane(&sql, "lane", "shard",
                                   chunk->subscription_id);
    sql_raw(&sql, " LIMIT ");
    sql_u64(&sql, CHUNK);
    sql_raw(&sql, " FOR UPDATE");
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result == DB_OK) {
        while ((row = db_rows_next(rows)) != NULL)
            ids[chunk->count++] = db_u64(row[0], 0);
        db_rows_free(rows);
    }
    if (result == DB_OK && chunk->count > 0)
        result = archive(db, ids, chunk->count);
    return result;
}

enum db_result
store_delivery_cancel_all(struct db *db, uint32_t subscription_id, size_t most)
{
    struct chunk chunk = {subscription_id, CHUNK};
    enum db_result result = DB_OK;
    size_t done = 0;

    while (result == DB_OK && chunk.count == CHUNK && done < most) {
        result = transact(db, chunk_work, &chunk);
        done += chunk.count;
    }
    return result;
}
