/*
 * store_flush.c - the statements of a completion batch; see store_flush.h.
 */
#include "store_flush_impl.h"

#include "alloc.h"
#include "buf.h"
#include "insert.h"
#include "lane.h"
#include "sql.h"
#include "store_lane.h"

#include <assert.h>
#include <stdlib.h>

#define ROW_SQL_MAX 128 /* bytes a row adds to the statements on jobs */

/*
 * Rows of `jobs` by their ids. The table is nearly empty most of the time, and
 * for such a table the optimizer prefers to scan it: that would lock every row
 * there is, and wait for those that are being inserted.
 */
#define JOIN_JOBS " x STRAIGHT_JOIN jobs j FORCE INDEX (PRIMARY) ON j.id=x.id"

static struct flush_row *
find_row(struct flush_row *rows, size_t count, uint64_t id)
{
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (rows[middle].job.id == id)
            return &rows[middle];
        if (rows[middle].job.id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void
add_id_table(struct buf *sql, const struct flush_row *rows, size_t count)
{
    uint64_t *ids = xreallocarray(NULL, count, sizeof(*ids));
    size_t i;

    for (i = 0; i < count; i++)
        ids[i] = rows[i].job.id;
    sql_id_table(sql, ids, count);
    free(ids);
}

enum db_result
store_flush_lock(struct db *db, struct flush_row *rows, size_t count,
                 int64_t *now_us)
{
    struct buf sql = BUF_INIT(512 + count * ROW_SQL_MAX);
    struct db_rows *found = NULL;
    const struct slice *cell;
    enum db_result result;
    int64_t now = 0;
    size_t i;

    for (i = 0; i < count; i++)
        rows[i].live = false;
    sql_raw(&sql, "SELECT j.id,j.attempts,UTC_TIMESTAMP(6),j.lane FROM ");
    add_id_table(&sql, rows, count);
    sql_raw(&sql, JOIN_JOBS " FOR UPDATE");
    assert(buf_ok(&sql));
    result = db_query(db, buf_slice(&sql), &found);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    while ((cell = db_rows_next(found)) != NULL) {
        struct flush_row *row = find_row(rows, count, db_u64(cell[0], 0));

        now = db_time_us(cell[2]);
        if (row != NULL && db_u64(cell[1], 0) == row->job.attempts &&
            db_u64(cell[3], 0) == row->job.lane)
            row->live = true;
    }
    db_rows_free(found);
    *now_us = now;
    return DB_OK;
}

static enum db_result
exec_expecting(struct db *db, struct buf *sql, uint64_t want)
{
    uint64_t affected = 0;
    enum db_result result;

    assert(buf_ok(sql));
    result = db_exec(db, buf_slice(sql), &affected);
    if (result == DB_OK && affected != want)
        result = DB_AGAIN;
    return result;
}

static enum db_result
move_retries(struct db *db, const struct flush_row *rows, size_t count)
{
    struct buf sql = BUF_INIT(512 + count * ROW_SQL_MAX);
    enum db_result result = DB_OK;
    uint64_t n = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        if (!rows[i].live || rows[i].status != FLUSH_RETRY)
            continue;
        sql_raw(&sql, n == 0 ? "UPDATE (SELECT " : " UNION ALL SELECT ");
        sql_u64(&sql, rows[i].job.id);
        sql_raw(&sql, n == 0 ? " id," : ",");
        sql_u64(&sql, rows[i].attempts < FLUSH_SMALLINT_MAX
                          ? rows[i].attempts
                          : FLUSH_SMALLINT_MAX);
        sql_raw(&sql, n == 0 ? " attempts," : ",");
        sql_time(&sql, rows[i].fifo ? rows[i].job.due_us : rows[i].retry_at_us);
        if (n++ == 0)
            sql_raw(&sql, " due");
    }
    if (n > 0) {
        sql_raw(&sql, ")" JOIN_JOBS
                      " SET j.attempts=x.attempts,j.next_retry_at=x.due");
        result = exec_expecting(db, &sql, n);
    }
    buf_free(&sql);
    return result;
}

/* Inside its shard; attempts stay as they are. */
static enum db_result
move_lanes(struct db *db, const struct flush_row *rows, size_t count)
{
    struct buf sql = BUF_INIT(512 + count * ROW_SQL_MAX);
    enum db_result result = DB_OK;
    uint64_t n = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        if (!rows[i].live || rows[i].status != FLUSH_MOVE)
            continue;
        assert(lane_shard(rows[i].to_lane) == rows[i].job.shard);
        sql_raw(&sql, n == 0 ? "UPDATE (SELECT " : " UNION ALL SELECT ");
        sql_u64(&sql, rows[i].job.id);
        sql_raw(&sql, n == 0 ? " id," : ",");
        sql_u64(&sql, rows[i].to_lane);
        sql_raw(&sql, n == 0 ? " lane," : ",");
        sql_time(&sql, rows[i].retry_at_us);
        if (n++ == 0)
            sql_raw(&sql, " due");
    }
    if (n > 0) {
        sql_raw(&sql, ")" JOIN_JOBS " SET j.lane=x.lane,j.next_retry_at=x.due");
        result = exec_expecting(db, &sql, n);
    }
    buf_free(&sql);
    return result;
}

/* Of the first retry of jobs that were made for a later time: few. */
static enum db_result
note_first_due(struct db *db, const struct flush_row *rows, size_t count)
{
    struct buf sql = BUF_INIT(512 + count * ROW_SQL_MAX);
    enum db_result result = DB_OK;
    uint64_t n = 0;
    size_t i;

    for (i = 0; i < count; i++) {
        if (!rows[i].live || rows[i].status != FLUSH_RETRY ||
            rows[i].first_due_us == 0)
            continue;
        sql_raw(&sql, n == 0 ? "UPDATE (SELECT " : " UNION ALL SELECT ");
        sql_u64(&sql, rows[i].job.id);
        sql_raw(&sql, n == 0 ? " id," : ",");
        sql_time(&sql, rows[i].first_due_us);
        if (n++ == 0)
            sql_raw(&sql, " due");
    }
    if (n > 0) {
        sql_raw(&sql, ")" JOIN_JOBS " SET j.first_due_at=x.due");
        result = exec_expecting(db, &sql, n);
    }
    buf_free(&sql);
    return result;
}

static enum db_result
block_lanes(struct db *db, const struct flush_row *rows, size_t count)
{
    struct lane_block *blocks = xreallocarray(NULL, count, sizeof(*blocks));
    enum db_result result;
    size_t i, n = 0;

    for (i = 0; i < count; i++) {
        if (rows[i].live && rows[i].fifo && rows[i].status == FLUSH_RETRY)
            blocks[n++] =
                (struct lane_block){rows[i].job.lane, rows[i].retry_at_us};
    }
    result = store_lane_block(db, blocks, n);
    free(blocks);
    return result;
}

static enum db_result
delete_finished(struct db *db, const struct flush_row *rows, size_t count)
{
    struct buf sql = BUF_INIT(512 + count * ROW_SQL_MAX);
    uint64_t *ids = xreallocarray(NULL, count, sizeof(*ids));
    enum db_result result = DB_OK;
    size_t i, n = 0;

    for (i = 0; i < count; i++) {
        if (flush_is_finished(&rows[i]))
            ids[n++] = rows[i].job.id;
    }
    if (n > 0) {
        sql_raw(&sql, "DELETE j FROM ");
        sql_id_table(&sql, ids, n);
        sql_raw(&sql, JOIN_JOBS);
        result = exec_expecting(db, &sql, n);
    }
    buf_free(&sql);
    free(ids);
    return result;
}

enum db_result
store_flush_write(struct db *db, const struct flush_row *rows, size_t count)
{
    enum db_result result;

    result = flush_write_archive(db, rows, count);
    if (result == DB_OK)
        result = flush_write_attempts(db, rows, count);
    if (result == DB_OK)
        result = move_retries(db, rows, count);
    if (result == DB_OK)
        result = note_first_due(db, rows, count);
    if (result == DB_OK)
        result = move_lanes(db, rows, count);
    if (result == DB_OK)
        result = delete_finished(db, rows, count);
    /* Last: whoever wants a place in such a lane waits from here on. */
    if (result == DB_OK)
        result = block_lanes(db, rows, count);
    return result;
}

enum db_result
store_flush_new_jobs(struct db *db, const struct new_job *jobs, size_t count)
{
    struct insert insert;
    size_t i;

    insert_begin(&insert, db,
                 "INSERT INTO jobs (id,kind,shard,lane,event_id,retry_of,"
                 "next_retry_at) VALUES ",
                 "");
    for (i = 0; i < count; i++) {
        insert_row(&insert, 0);
        flush_add_u64(&insert.sql, jobs[i].id, UINT64_MAX);
        flush_add_u64(&insert.sql, jobs[i].kind, UINT8_MAX);
        flush_add_u64(&insert.sql, lane_shard(jobs[i].lane), UINT8_MAX);
        flush_add_u64(&insert.sql, jobs[i].lane, UINT64_MAX);
        flush_add_u64(&insert.sql, jobs[i].event_id, UINT64_MAX);
        flush_add_retry_of(&insert.sql, jobs[i].retry_of);
        if (jobs[i].due_us == 0)
            sql_raw(&insert.sql, "DEFAULT"); /* now */
        else
            sql_time(&insert.sql, jobs[i].due_us);
        insert_row_end(&insert);
    }
    return insert_finish(&insert);
}
