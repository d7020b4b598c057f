/*
 * store_unblock.c - FIFO lanes that need not wait any longer.
 */
#include "store_unblock.h"

#include "lane.h"
#include "sql.h"

#include <assert.h>

#define SQL_MAX 512
#define LANE_SQL_BYTES 48 /* of one lane in a derived table */

static enum db_result
unblock(struct db *db, uint64_t first, uint64_t last)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, "UPDATE lane_state SET blocked_until=NULL WHERE lane "
                  "BETWEEN ");
    sql_u64(&sql, first);
    sql_raw(&sql, " AND ");
    sql_u64(&sql, last);
    sql_raw(&sql, " AND lane & ");
    sql_u64(&sql, LANE_KIND_BITS);
    sql_raw(&sql, "=0 AND blocked_until IS NOT NULL");
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}

enum db_result
store_unblock_lane(struct db *db, uint64_t lane)
{
    return unblock(db, lane, lane);
}

enum db_result
store_unblock_subscription(struct db *db, uint32_t id)
{
    uint64_t lane = lane_number(LANE_SUBSCRIPTION, id);

    return unblock(db, lane, lane_last(lane));
}

enum db_result
store_unblock_find(struct db *db, uint64_t *lanes, size_t count, size_t *found)
{
    struct buf sql = BUF_INIT(SQL_MAX + count * LANE_SQL_BYTES);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;
    size_t n = 0;

    assert(count > 0 && count <= UNBLOCK_LANES);
    sql_raw(&sql, "SELECT l.lane FROM ");
    sql_id_table(&sql, lanes, count);
    sql_raw(&sql, " x STRAIGHT_JOIN lane_state l FORCE INDEX (PRIMARY) "
                  "ON l.lane=x.id WHERE l.blocked_until IS NULL");
    assert(buf_ok(&sql));
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    while (n < count && (row = db_rows_next(rows)) != NULL)
        lanes[n++] = db_u64(row[0], 0);
    *found = n;
    db_rows_free(rows);
    return DB_OK;
}
