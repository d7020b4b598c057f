/*
 * store_job.c - the statements that find work; see store_job.h.
 */
#include "store_job.h"

#include "alloc.h"
#include "buf.h"
#include "clock.h"
#include "sql.h"

#include <assert.h>
#include <stdlib.h>

#define JOB_COLUMNS                                                            \
    "id,kind,test,shard,lane,event_id,attempts,retry_of,next_retry_at,"        \
    "UTC_TIMESTAMP(6),first_due_at"

enum job_cell {
    CELL_ID,
    CELL_KIND,
    CELL_TEST,
    CELL_SHARD,
    CELL_LANE,
    CELL_EVENT,
    CELL_ATTEMPTS,
    CELL_RETRY_OF,
    CELL_DUE,
    CELL_NOW,
    CELL_FIRST_DUE,
    CELL_BLOCKED /* NULL if it was not asked for */
};

#define LANE_SQL_MAX 400 /* bytes that one lane adds to a statement */

void
job_page_free(struct job_page *page)
{
    free(page->rows);
    *page = (struct job_page){NULL, 0, 0, 0};
}

void
lane_heads_free(struct lane_heads *heads)
{
    free(heads->rows);
    *heads = (struct lane_heads){NULL, 0, 0, 0};
}

static void
fill_page(struct db_rows *rows, struct job_page *page)
{
    const struct slice *cell;

    if (db_rows_count(rows) > page->cap) {
        page->cap = db_rows_count(rows);
        page->rows = xreallocarray(page->rows, page->cap, sizeof(*page->rows));
    }
    while ((cell = db_rows_next(rows)) != NULL) {
        if (page->count == 0)
            page->now_us = db_time_us(cell[CELL_NOW]);
        page->rows[page->count++] = (struct job_row){
            .id = db_u64(cell[CELL_ID], 0),
            .lane = db_u64(cell[CELL_LANE], 0),
            .event_id = db_u64(cell[CELL_EVENT], 0),
            .retry_of = db_u64(cell[CELL_RETRY_OF], 0),
            .due_us = db_time_us(cell[CELL_DUE]),
            .first_due_us = db_time_us(cell[CELL_FIRST_DUE]),
            .blocked_us = db_time_us(cell[CELL_BLOCKED]),
            .attempts = (uint32_t)db_u64(cell[CELL_ATTEMPTS], 0),
            .kind = (uint8_t)db_u64(cell[CELL_KIND], 0),
            .shard = (uint8_t)db_u64(cell[CELL_SHARD], 0),
            .test = db_u64(cell[CELL_TEST], 0) != 0,
        };
    }
}

static enum db_result
query_page(struct db *db, const struct buf *sql, struct job_page *page)
{
    struct db_rows *rows = NULL;
    enum db_result result;

    assert(buf_ok(sql));
    page->count = 0;
    page->now_us = 0;
    result = db_query(db, buf_slice(sql), &rows);
    if (result != DB_OK)
        return result;
    fill_page(rows, page);
    db_rows_free(rows);
    return DB_OK;
}

static enum db_result
read_by_id(struct db *db, const char *condition, uint64_t after_id,
           size_t limit, struct job_page *page)
{
    struct buf sql = BUF_INIT(LANE_SQL_MAX);
    enum db_result result;

    sql_raw(&sql, "SELECT " JOB_COLUMNS ",NULL FROM jobs"
                  " FORCE INDEX (PRIMARY) WHERE id > ");
    sql_u64(&sql, after_id);
    sql_raw(&sql, condition);
    sql_raw(&sql, " ORDER BY id LIMIT ");
    sql_u64(&sql, limit);
    result = query_page(db, &sql, page);
    buf_free(&sql);
    return result;
}

enum db_result
store_job_tail(struct db *db, uint64_t after_id, size_t limit,
               struct job_page *page)
{
    return read_by_id(db, "", after_id, limit, page);
}

enum db_result
store_job_tests(struct db *db, uint64_t after_id, size_t limit,
                struct job_page *page)
{
    return read_by_id(db, " AND test=1", after_id, limit, page);
}

/* A scalar of its own: found once for the lane, not for each row. */
static void
add_blocked(struct buf *sql, const struct lane_read *read)
{
    if (!read->fifo) {
        sql_raw(sql, ",NULL");
        return;
    }
    sql_raw(sql, ",(SELECT blocked_until FROM lane_state WHERE lane=");
    sql_u64(sql, read->lane);
    sql_raw(sql, ")");
}

enum db_result
store_job_lanes(struct db *db, const struct lane_read *reads, size_t count,
                struct job_page *page)
{
    struct buf sql = BUF_INIT((size_t)STORE_LANES_MAX * LANE_SQL_MAX);
    enum db_result result;
    size_t i;

    assert(count > 0 && count <= STORE_LANES_MAX);
    for (i = 0; i < count; i++) {
        if (i > 0)
            sql_raw(&sql, " UNION ALL ");
        sql_raw(&sql, "(SELECT " JOB_COLUMNS);
        add_blocked(&sql, &reads[i]);
        sql_raw(&sql, " FROM jobs FORCE INDEX (due) WHERE shard=");
        sql_u64(&sql, reads[i].shard);
        sql_raw(&sql, " AND lane=");
        sql_u64(&sql, reads[i].lane);
        if (reads[i].from_us > 0) {
            sql_raw(&sql, " AND next_retry_at>=");
            sql_time(&sql, reads[i].from_us);
        }
        sql_raw(&sql, " ORDER BY next_retry_at,id LIMIT ");
        sql_u64(&sql, reads[i].limit);
        sql_raw(&sql, ")");
    }
    result = query_page(db, &sql, page);
    buf_free(&sql);
    return result;
}

static void
fill_heads(struct db_rows *rows, struct lane_heads *heads)
{
    const struct slice *cell;

    if (db_rows_count(rows) > heads->cap) {
        heads->cap = db_rows_count(rows);
        heads->rows =
            xreallocarray(heads->rows, heads->cap, sizeof(*heads->rows));
    }
    while ((cell = db_rows_next(rows)) != NULL) {
        if (heads->count == 0)
            heads->now_us = db_time_us(cell[3]);
        heads->rows[heads->count++] = (struct lane_head){
            .shard = (uint32_t)db_u64(cell[0], 0),
            .lane = db_u64(cell[1], 0),
            .due_us = db_time_us(cell[2]),
        };
    }
}

enum db_result
store_job_heads(struct db *db, const bool *shards, struct lane_heads *heads)
{
    struct buf sql = BUF_INIT(1024);
    uint64_t list[LANE_SHARDS];
    struct db_rows *rows = NULL;
    enum db_result result;
    size_t n = 0, i;

    heads->count = 0;
    heads->now_us = 0;
    for (i = 0; i < LANE_SHARDS; i++) {
        if (shards[i])
            list[n++] = i;
    }
    if (n == 0)
        return DB_OK;
    sql_raw(&sql, "SELECT shard,lane,MIN(next_retry_at),UTC_TIMESTAMP(6)"
                  " FROM jobs WHERE shard IN (");
    sql_u64_list(&sql, list, n);
    sql_raw(&sql, ") GROUP BY shard,lane");
    assert(buf_ok(&sql));
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    fill_heads(rows, heads);
    db_rows_free(rows);
    return DB_OK;
}
