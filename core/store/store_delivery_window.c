/*
 * store_delivery_window.c - how far down in the ids the next window of a page goes.
 */
#include "store_delivery_window.h"

#include "lane.h"
#include "sql.h"

#define SMALL_LANE 2000 /* jobs that are sorted rather than searched for */

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

enum db_result
store_delivery_window_find_owners(struct delivery_paging *paging)
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

/* One number: the id that lies `offset` rows below the top. */
static void
add_offset_query(const struct delivery_paging *paging, const char *table,
                 const char *index, uint64_t owner, uint64_t offset,
                 struct buf *sql)
{
    sql_raw(sql, "(SELECT id FROM ");
    sql_raw(sql, table);
    sql_raw(sql, " FORCE INDEX (");
    sql_raw(sql, index);
    sql_raw(sql, ") WHERE id >= ");
    sql_u64(sql, paging->low);
    sql_raw(sql, " AND id < ");
    sql_u64(sql, paging->top);
    if (owner != 0) {
        sql_raw(sql, " AND owner_id = ");
        sql_u64(sql, owner);
    }
    sql_raw(sql, " ORDER BY id DESC LIMIT 1 OFFSET ");
    sql_u64(sql, offset);
    sql_raw(sql, ")");
}

/* Raises *floor to what the statement gives. */
static enum db_result
raise_floor(struct delivery_paging *paging, uint64_t *floor)
{
    uint64_t id = 0;
    enum db_result result = query_number(paging, &id);

    if (result == DB_OK && id > *floor)
        *floor = id;
    return result;
}

static enum db_result
raise_floor_done(struct delivery_paging *paging, uint64_t window,
                 uint64_t *floor)
{
    struct buf *sql = &paging->sql;
    size_t i;

    if (paging->owner_count == 0) {
        add_offset_query(paging, "deliveries", "PRIMARY", 0, window, sql);
        return raise_floor(paging, floor);
    }
    sql_raw(sql, "SELECT MAX(id) FROM (");
    for (i = 0; i < paging->owner_count; i++) {
        if (i > 0)
            sql_raw(sql, " UNION ALL ");
        add_offset_query(paging, "deliveries", "owner", paging->owner[i],
                         window / paging->owner_count + 1, sql);
    }
    sql_raw(sql, ") x");
    return raise_floor(paging, floor);
}

enum db_result
store_delivery_window_find_floor(struct delivery_paging *paging,
                                 uint64_t window, uint64_t *floor)
{
    enum db_result result = DB_OK;

    *floor = paging->low;
    if (store_delivery_window_wants_live(paging) && !paging->small_lane) {
        add_offset_query(paging, "jobs", "PRIMARY", 0, window, &paging->sql);
        result = raise_floor(paging, floor);
    }
    if (result == DB_OK && store_delivery_window_wants_done(paging))
        result = raise_floor_done(paging, window, floor);
    return result;
}
