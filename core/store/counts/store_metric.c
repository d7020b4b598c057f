/*
 * store_metric.c - see store_metric.h.
 */
#include "store_metric.h"

#include "sql.h"

#define ATTEMPTS_LEAST 20 /* of which a share says something */

enum db_result
store_metric_pending(struct db *db, uint64_t most, uint64_t *count)
{
    struct buf sql = BUF_INIT(256);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    sql_raw(&sql, "SELECT COUNT(*) FROM (SELECT 1 FROM jobs LIMIT ");
    sql_u64(&sql, most);
    sql_raw(&sql, ") j");
    result = db_query_row(db, buf_slice(&sql), &rows, &cell);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    *count = db_u64(cell[0], 0);
    db_rows_free(rows);
    return DB_OK;
}

/* The heads of all lanes are found with one step of the index for each; then
   only lanes of webhooks that take deliveries, and of sources, count. */
enum db_result
store_metric_oldest_due(struct db *db, double *seconds)
{
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result = db_query_row(
        db,
        SLICE("SELECT GREATEST(0, TIMESTAMPDIFF(MICROSECOND, MIN(x.due), "
              "UTC_TIMESTAMP(6))) FROM (SELECT shard, lane, "
              "MIN(next_retry_at) due FROM jobs GROUP BY shard, lane) x "
              "LEFT JOIN subscriptions s ON s.id = x.lane >> 32 "
              "AND (x.lane & 7) = 0 "
              "LEFT JOIN lane_state l ON l.lane = "
              "((x.lane >> 32) << 32) | (x.lane & 7) "
              "WHERE ((x.lane & 7) = 1 OR ((x.lane & 7) = 0 AND s.active = 1 "
              "AND s.paused = 0 AND s.disabled_at IS NULL)) "
              "AND (l.lane IS NULL OR l.breaker = 'closed')"),
        &rows, &cell);

    if (result != DB_OK)
        return result;
    *seconds = (double)db_u64(cell[0], 0) / 1e6;
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_metric_failure_rate(struct db *db, double *share)
{
    struct db_rows *rows = NULL;
    const struct slice *cell;
    uint64_t attempts, failed;
    enum db_result result =
        db_query_row(db,
                     SLICE("SELECT SUM(attempts), SUM(attempts_failed) FROM "
                           "rollup_subscriptions WHERE hour >= "
                           "UTC_TIMESTAMP() - INTERVAL 2 HOUR"),
                     &rows, &cell);

    if (result != DB_OK)
        return result;
    attempts = db_u64(cell[0], 0);
    failed = db_u64(cell[1], 0);
    db_rows_free(rows);
    *share = attempts < ATTEMPTS_LEAST ? 0 : (double)failed / (double)attempts;
    return DB_OK;
}
