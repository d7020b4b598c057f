/*
 * delivery_job.c - the job of a delivery that a person wants to act upon.
 */
#include "delivery_job.h"

#include "delivery_row.h"
#include "lane.h"
#include "sql.h"

#define SQL_MAX 2048

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

/* Places in a FIFO lane may lie a little ahead of the clock. */
enum db_result
delivery_job_lock(struct db *db, uint32_t application_id, uint64_t id,
                  struct delivery_job *job)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    /* A join would lock the subscription as well. */
    sql_raw(&sql, "SELECT j.lane, j.attempts, "
                  "(SELECT s.ordering = 'fifo' FROM subscriptions s "
                  "WHERE s.id = j.lane >> 32), "
                  "j.next_retry_at > UTC_TIMESTAMP(6) + INTERVAL 1 SECOND "
                  "FROM jobs j WHERE j.kind = 1 AND j.id = ");
    sql_u64(&sql, id);
    add_owner(&sql,
              "(SELECT s.application_id FROM subscriptions s "
              "WHERE s.id = j.lane >> 32)",
              application_id);
    sql_raw(&sql, " FOR UPDATE");
    result = db_query_row(db, buf_slice(&sql), &rows, &row);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    *job = (struct delivery_job){
        .lane = db_u64(row[0], 0),
        .attempts = (uint32_t)db_u64(row[1], 0),
        .fifo = db_u64(row[2], 0) != 0,
        .early = db_u64(row[3], 0) != 0,
    };
    db_rows_free(rows);
    return DB_OK;
}

static void
read_finished(const struct slice *row, struct delivery_finished *finished)
{
    uint32_t subscription_id = (uint32_t)db_u64(row[0], 0);

    *finished = (struct delivery_finished){
        .event_id = db_u64(row[1], 0),
        .lane = lane_number(LANE_SUBSCRIPTION, subscription_id),
        .fifo = db_u64(row[3], 0) != 0,
        .test = db_u64(row[2], 0) != 0,
        .has_target = row[3].ptr != NULL,
        .has_event = db_u64(row[4], 0) != 0,
    };
    if (finished->fifo)
        finished->lane = lane_of_key(finished->lane, row[5]);
}

enum db_result
delivery_job_find_finished(struct db *db, uint32_t application_id, uint64_t id,
                           struct delivery_finished *finished)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(&sql,
            "SELECT d.owner_id, d.event_id, d.test, "
            "(SELECT s.ordering = 'fifo' FROM subscriptions s WHERE "
            "s.id = d.owner_id AND s.deleted_at IS NULL), "
            "EXISTS (SELECT 1 FROM events e WHERE e.id = d.event_id) OR "
            "EXISTS (SELECT 1 FROM events_kept k WHERE k.id = d.event_id), "
            "COALESCE("
            "(SELECT e.ordering_key FROM events e WHERE e.id = d.event_id), "
            "(SELECT k.ordering_key FROM events_kept k "
            "WHERE k.id = d.event_id)) "
            "FROM deliveries d WHERE d.kind = 1 AND d.id = ");
    sql_u64(&sql, id);
    sql_raw(&sql, " AND d.done_day >= ");
    delivery_row_day(&sql, id);
    add_owner(&sql, "d.application_id", application_id);
    result = db_query_row(db, buf_slice(&sql), &rows, &row);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    read_finished(row, finished);
    db_rows_free(rows);
    return DB_OK;
}
