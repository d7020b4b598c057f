/*
 * store_backlog.c - see store_backlog.h.
 */
#include "store_backlog.h"

#include "lane.h"
#include "sql.h"

#define SQL_MAX 1024 /* bytes */

/* Within the limit, so that each part walks no further along its index. */
static void
add_lane(struct buf *sql, enum lane_kind kind, uint32_t source_id,
         uint32_t most)
{
    uint64_t lane = lane_number(kind, source_id);

    sql_raw(sql, "(SELECT 1 FROM jobs WHERE shard = ");
    sql_u64(sql, lane_shard(lane));
    sql_raw(sql, " AND lane = ");
    sql_u64(sql, lane);
    sql_raw(sql, " LIMIT ");
    sql_u64(sql, most);
    sql_raw(sql, ")");
}

enum db_result
store_backlog_count(struct db *db, uint32_t source_id, uint32_t most,
                    uint32_t *count)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(&sql, "SELECT COUNT(*) FROM (");
    add_lane(&sql, LANE_SOURCE, source_id, most);
    sql_raw(&sql, " UNION ALL ");
    add_lane(&sql, LANE_FETCH, source_id, most);
    sql_raw(&sql, " LIMIT ");
    sql_u64(&sql, most);
    sql_raw(&sql, ") j");
    result = db_query_row(db, buf_slice(&sql), &rows, &row);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    *count = (uint32_t)db_u64(row[0], 0);
    db_rows_free(rows);
    return DB_OK;
}
