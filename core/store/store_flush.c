/*
 * store_flush.c - the statements of a completion batch; see store_flush.h.
 */
#include "store_flush.h"

#include "alloc.h"
#include "buf.h"
#include "clock.h"
#include "insert.h"
#include "lane.h"
#include "sql.h"
#include "store_lane.h"

#include <assert.h>
#include <stdlib.h>

#define ERROR_MESSAGE_MAX 500 /* characters; bytes are at least as many */
#define ERROR_CLASS_MAX 16
#define RESPONSE_BODY_MAX 65535
#define SMALLINT_MAX 65535
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

static struct slice
cut(struct slice text, size_t max)
{
    if (text.ptr == NULL || text.len <= max)
        return text;
    /* Not in the middle of a UTF-8 sequence. */
    while (max > 0 && ((unsigned char)text.ptr[max] & 0xc0) == 0x80)
        max--;
    return (struct slice){text.ptr, max};
}

static void
add_day(struct buf *sql, int64_t wall_us)
{
    char text[CLOCK_TEXT_MAX];

    clock_format_sql(wall_us, text);
    text[10] = '\0'; /* the date alone */
    sql_text(sql, slice_of(text));
}

static void
add_comma(struct buf *sql)
{
    sql_raw(sql, ",");
}

static void
add_u64(struct buf *sql, uint64_t value, uint64_t max)
{
    sql_u64(sql, value < max ? value : max);
    add_comma(sql);
}

static void
add_code(struct buf *sql, uint32_t code)
{
    if (code == 0)
        sql_raw(sql, "NULL");
    else
        sql_u64(sql, code < SMALLINT_MAX ? code : SMALLINT_MAX);
    add_comma(sql);
}

static void
add_retry_of(struct buf *sql, uint64_t id)
{
    if (id == 0)
        sql_raw(sql, "NULL,");
    else
        add_u64(sql, id, UINT64_MAX);
}

/* Columns response_code, error_class, error_message, response_body and
   duration_ms, which both tables of history have in this order. */
static void
add_result(struct buf *sql, const struct flush_row *row)
{
    struct slice body = row->response_body;
    int64_t ms = row->duration_us / CLOCK_US_PER_MS;

    add_code(sql, row->response_code);
    sql_text(sql, cut(slice_of(row->error_class), ERROR_CLASS_MAX));
    add_comma(sql);
    sql_text(sql, cut(row->error_message, ERROR_MESSAGE_MAX));
    add_comma(sql);
    if (body.len > RESPONSE_BODY_MAX)
        body.len = RESPONSE_BODY_MAX;
    sql_bytes(sql, body);
    add_comma(sql);
    add_u64(sql, ms < 0 ? 0 : (uint64_t)ms, UINT32_MAX);
}

static const char *const status_names[] = {
    [FLUSH_SUCCESS] = "'success',",
    [FLUSH_FAILED] = "'failed',",
    [FLUSH_CANCELLED] = "'cancelled',",
};

static void
add_archive_row(struct insert *insert, const struct flush_row *row)
{
    struct buf *sql = &insert->sql;

    insert_row(insert, row->event_type.len + row->error_message.len +
                           row->response_body.len);
    add_u64(sql, row->job.id, UINT64_MAX);
    add_day(sql, row->ended_us);
    add_comma(sql);
    add_u64(sql, row->job.kind, UINT8_MAX);
    sql_raw(sql, row->job.test ? "1," : "0,");
    add_u64(sql, row->application_id, UINT32_MAX);
    add_u64(sql, lane_owner_id(row->job.lane), UINT32_MAX);
    add_u64(sql, row->job.event_id, UINT64_MAX);
    sql_text(sql, row->event_type.ptr == NULL ? SLICE("") : row->event_type);
    add_comma(sql);
    sql_raw(sql, status_names[row->status]);
    add_u64(sql, row->attempts, SMALLINT_MAX);
    add_retry_of(sql, row->job.retry_of);
    add_result(sql, row);
    sql_time(sql, row->ended_us);
    insert_row_end(insert);
}

static bool
is_finished(const struct flush_row *row)
{
    return row->live && row->status != FLUSH_RETRY && row->status != FLUSH_MOVE;
}

static enum db_result
write_archive(struct db *db, const struct flush_row *rows, size_t count)
{
    struct insert insert;
    size_t i;

    insert_begin(&insert, db,
                 "INSERT INTO deliveries (id,done_day,kind,test,"
                 "application_id,owner_id,event_id,event_type,status,attempts,"
                 "retry_of,response_code,error_class,error_message,"
                 "response_body,duration_ms,completed_at) VALUES ",
                 "");
    for (i = 0; i < count; i++) {
        if (is_finished(&rows[i]) && rows[i].status != FLUSH_REMOVE)
            add_archive_row(&insert, &rows[i]);
    }
    return insert_finish(&insert);
}

static void
add_attempt_row(struct insert *insert, const struct flush_row *row)
{
    struct buf *sql = &insert->sql;

    insert_row(insert, row->error_message.len + row->response_body.len);
    add_u64(sql, row->job.id, UINT64_MAX);
    add_u64(sql, row->attempts, SMALLINT_MAX);
    add_day(sql, row->ended_us);
    add_comma(sql);
    add_u64(sql, lane_owner_id(row->job.lane), UINT32_MAX);
    add_u64(sql, row->job.event_id, UINT64_MAX);
    add_u64(sql, row->job.kind, UINT8_MAX);
    add_result(sql, row);
    sql_time(sql, row->ended_us);
    insert_row_end(insert);
}

static enum db_result
write_attempts(struct db *db, const struct flush_row *rows, size_t count)
{
    struct insert insert;
    size_t i;

    insert_begin(&insert, db,
                 "INSERT INTO attempts (delivery_id,attempt,day,owner_id,"
                 "event_id,kind,response_code,error_class,error_message,"
                 "response_body,duration_ms,attempted_at) VALUES ",
                 "");
    for (i = 0; i < count; i++) {
        if (rows[i].live && rows[i].status == FLUSH_RETRY)
            add_attempt_row(&insert, &rows[i]);
    }
    return insert_finish(&insert);
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
        sql_u64(&sql, rows[i].attempts < SMALLINT_MAX ? rows[i].attempts
                                                      : SMALLINT_MAX);
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
        if (is_finished(&rows[i]))
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

    result = write_archive(db, rows, count);
    if (result == DB_OK)
        result = write_attempts(db, rows, count);
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
        add_u64(&insert.sql, jobs[i].id, UINT64_MAX);
        add_u64(&insert.sql, jobs[i].kind, UINT8_MAX);
        add_u64(&insert.sql, lane_shard(jobs[i].lane), UINT8_MAX);
        add_u64(&insert.sql, jobs[i].lane, UINT64_MAX);
        add_u64(&insert.sql, jobs[i].event_id, UINT64_MAX);
        add_retry_of(&insert.sql, jobs[i].retry_of);
        if (jobs[i].due_us == 0)
            sql_raw(&insert.sql, "DEFAULT"); /* now */
        else
            sql_time(&insert.sql, jobs[i].due_us);
        insert_row_end(&insert);
    }
    return insert_finish(&insert);
}
