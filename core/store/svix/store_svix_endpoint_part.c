/*
 * store_svix_endpoint_part.c - parts of an endpoint by themselves: its secret and
 * headers, and how its deliveries stand.
 */
#include "store_svix_endpoint.h"

#include "delivery_row.h"
#include "sql.h"
#include "store_delivery_window.h"

#include <string.h>

#define SQL_MAX 8192
#define NO_BOUND ((uint64_t)INT64_MAX)

static const char *const sealed_columns[] = {
    [SVIX_SECRET] = "secret", [SVIX_HEADERS] = "headers"};

enum db_result
store_svix_endpoint_reveal(struct db *db, const struct sealer *sealer,
                           uint32_t application_id, uint32_t id,
                           enum svix_sealed which, struct buf *out)
{
    struct seal_place place = {"subscriptions", sealed_columns[which],
                               application_id, id};
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(&sql, "SELECT ");
    sql_raw(&sql, sealed_columns[which]);
    sql_raw(&sql, " FROM subscriptions WHERE deleted_at IS NULL AND id = ");
    sql_u64(&sql, id);
    sql_raw(&sql, " AND application_id = ");
    sql_u64(&sql, application_id);
    result = db_query_row(db, buf_slice(&sql), &rows, &row);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    if (row[0].ptr == NULL)
        buf_add_text(out, which == SVIX_HEADERS ? "{}" : "");
    else if (seal_reveal(sealer, place, row[0], out) != SEAL_OK)
        result = DB_BROKEN;
    db_rows_free(rows);
    return result;
}

struct bounds {
    uint64_t low, top; /* ids from low on, below top */
};

static void
add_bounds(struct buf *sql, const char *id, const struct bounds *bounds)
{
    sql_raw(sql, " AND ");
    sql_raw(sql, id);
    sql_raw(sql, " >= ");
    sql_u64(sql, bounds->low);
    sql_raw(sql, " AND ");
    sql_raw(sql, id);
    sql_raw(sql, " < ");
    sql_u64(sql, bounds->top);
}

/* Rows of status and number; frees the statement. */
static enum db_result
count_rows(struct db *db, struct buf *sql, uint64_t counts[DELIVERY_STATUSES])
{
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result = db_query(db, buf_slice(sql), &rows);
    enum delivery_status status;

    buf_free(sql);
    if (result != DB_OK)
        return result;
    while ((cell = db_rows_next(rows)) != NULL) {
        if (delivery_status_from_name(cell[0], &status))
            counts[status] += db_u64(cell[1], 0);
    }
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_svix_endpoint_count(struct db *db, uint32_t id, int64_t since_us,
                          int64_t until_us, uint64_t counts[DELIVERY_STATUSES])
{
    const struct bounds bounds = {since_us == 0 ? 0 : id_floor(since_us),
                                  until_us == 0 ? NO_BOUND
                                                : id_floor(until_us)};
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    memset(counts, 0, DELIVERY_STATUSES * sizeof(counts[0]));
    sql_raw(&sql, "SELECT x.status, COUNT(*) FROM (SELECT IF(j.attempts = 0, "
                  "'pending', 'retrying') status FROM jobs j WHERE j.kind = 1 "
                  "AND j.test = 0");
    store_delivery_window_add_lane(&sql, "j.lane", "j.shard", id);
    add_bounds(&sql, "j.id", &bounds);
    sql_raw(&sql, " LIMIT ");
    sql_u64(&sql, STORE_DELIVERY_BUDGET);
    sql_raw(&sql, ") x GROUP BY x.status");
    result = count_rows(db, &sql, counts);
    if (result != DB_OK)
        return result;
    sql_raw(&sql, "SELECT x.status, COUNT(*) FROM (SELECT d.status "
                  "FROM deliveries d FORCE INDEX (owner) WHERE d.kind = 1 "
                  "AND d.test = 0 AND d.owner_id = ");
    sql_u64(&sql, id);
    add_bounds(&sql, "d.id", &bounds);
    sql_raw(&sql, " AND d.done_day >= ");
    delivery_row_day(&sql, bounds.low);
    sql_raw(&sql, " ORDER BY d.id DESC LIMIT ");
    sql_u64(&sql, STORE_DELIVERY_BUDGET);
    sql_raw(&sql, ") x GROUP BY x.status");
    return count_rows(db, &sql, counts);
}
