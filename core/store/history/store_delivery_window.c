/*
 * store_delivery_window.c - how far down in the ids the next window of a page goes.
 */
#include "store_delivery_window.h"

#include "lane.h"
#include "sql.h"

#define SMALL_LANE 2000   /* jobs that are sorted rather than searched for */
#define OWNERS_AFTER 2000 /* rows looked at before an application's own are */

bool
store_delivery_window_wants_live(const struct delivery_paging *paging)
{
    return (paging->statuses & DELIVERY_LIVE) != 0;
}

bool
store_delivery_window_wants_done(const struct delivery_paging *paging)
{
    return (paging->statuses & ~DELIVERY_LIVE) != 0;
}

/* The number that the statement in paging->sql gives; 0 for no row. */
static enum db_result
query_number(struct delivery_paging *paging, uint64_t *number)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result =
        db_query(paging->db, buf_slice(&paging->sql), &rows);

    buf_clear(&paging->sql);
    if (result != DB_OK)
        return result;
    row = db_rows_next(rows);
    *number = row == NULL ? 0 : db_u64(row[0], 0);
    db_rows_free(rows);
    return DB_OK;
}

void
store_delivery_window_add_lane(struct buf *sql, const char *lane_column,
                               const char *shard_column,
                               uint32_t subscription_id)
{
    uint64_t lane = lane_number(LANE_SUBSCRIPTION, subscription_id);

    sql_raw(sql, " AND ");
    sql_raw(sql, shard_column);
    sql_raw(sql, " = ");
    sql_u64(sql, lane_shard(lane));
    sql_raw(sql, " AND ");
    sql_raw(sql, lane_column);
    sql_raw(sql, " BETWEEN ");
    sql_u64(sql, lane);
    sql_raw(sql, " AND ");
    sql_u64(sql, lane_last(lane));
    sql_raw(sql, " AND ");
    sql_raw(sql, lane_column);
    sql_raw(sql, " & ");
    sql_u64(sql, LANE_KIND_BITS);
    sql_raw(sql, " = 0");
}

enum db_result
store_delivery_window_find_oldest(struct delivery_paging *paging,
                                  const struct store_window *window,
                                  uint64_t *oldest_id)
{
    enum db_result result = DB_OK;

    *oldest_id = window->low;
    if (window->low == 0) {
        sql_raw(&paging->sql, "SELECT MIN(id) FROM jobs");
        result = query_number(paging, oldest_id);
    }
    return result;
}

enum db_result
store_delivery_window_find_lane(struct delivery_paging *paging)
{
    uint64_t count = 0;
    enum db_result result;

    if (paging->filter->subscription_id == 0 ||
        !store_delivery_window_wants_live(paging))
        return DB_OK;
    sql_raw(&paging->sql, "SELECT COUNT(*) FROM (SELECT 1 FROM jobs "
                          "FORCE INDEX (due) WHERE 1");
    store_delivery_window_add_lane(&paging->sql, "lane", "shard",
                                   paging->filter->subscription_id);
    sql_raw(&paging->sql, " LIMIT ");
    sql_u64(&paging->sql, SMALL_LANE + 1);
    sql_raw(&paging->sql, ") x");
    result = query_number(paging, &count);
    paging->small_lane = count <= SMALL_LANE;
    return result;
}

/* An application with few subscriptions among very many others would have to
   look far for its own rows; the index of each subscription has nothing else.
   DB_NONE: it has no subscriptions, and so no deliveries. */
static enum db_result
find_owners(struct delivery_paging *paging)
{
    struct buf *sql = &paging->sql;
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(sql, "SELECT id FROM subscriptions WHERE adhoc = 0 "
                 "AND application_id = ");
    sql_u64(sql, paging->filter->application_id);
    sql_raw(sql, " LIMIT ");
    sql_u64(sql, DELIVERY_OWNERS_MAX + 1);
    result = db_query(paging->db, buf_slice(sql), &rows);
    buf_clear(sql);
    if (result != DB_OK)
        return result;
    if (db_rows_count(rows) == 0)
        result = DB_NONE;
    if (db_rows_count(rows) <= DELIVERY_OWNERS_MAX) {
        while ((row = db_rows_next(rows)) != NULL)
            paging->owner[paging->owner_count++] = db_u64(row[0], 0);
    }
    db_rows_free(rows);
    return result;
}

static enum db_result
raise_floor_done(struct delivery_paging *paging,
                 const struct store_window *window, uint64_t rows,
                 uint64_t *floor)
{
    struct buf *sql = &paging->sql;
    size_t i;

    if (paging->owner_count == 0) {
        store_window_select_floor(sql, "deliveries", "PRIMARY", 0, window,
                                  rows);
        return store_window_query_floor(paging->db, sql, floor);
    }
    sql_raw(sql, "SELECT MAX(id) FROM (");
    for (i = 0; i < paging->owner_count; i++) {
        sql_raw(sql, i == 0 ? "(" : " UNION ALL (");
        store_window_select_floor(sql, "deliveries", "owner", paging->owner[i],
                                  window, rows / paging->owner_count + 1);
        sql_raw(sql, ")");
    }
    sql_raw(sql, ") x");
    return store_window_query_floor(paging->db, sql, floor);
}

enum db_result
store_delivery_window_find_floor(void *arg, const struct store_window *window,
                                 uint64_t rows, uint64_t *floor)
{
    struct delivery_paging *paging = arg;
    enum db_result result = DB_OK;

    if (paging->looked_at > OWNERS_AFTER && paging->owner_count == 0 &&
        paging->filter->application_id != 0)
        result = find_owners(paging);
    paging->looked_at += rows;
    if (result == DB_OK && store_delivery_window_wants_live(paging) &&
        !paging->small_lane) {
        store_window_select_floor(&paging->sql, "jobs", "PRIMARY", 0, window,
                                  rows);
        result = store_window_query_floor(paging->db, &paging->sql, floor);
    }
    if (result == DB_OK && store_delivery_window_wants_done(paging))
        result = raise_floor_done(paging, window, rows, floor);
    return result;
}
