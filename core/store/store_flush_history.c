/*
 * store_flush_history.c - what a completion batch adds to the history; see
 * store_flush.h.
 */
#include "store_flush_impl.h"

#include "clock.h"
#include "insert.h"
#include "lane.h"

#define ERROR_MESSAGE_MAX 500   /* characters; bytes are at least as many */
#define DELIVERIES_CLASS_MAX 24 /* columns error_class of the two tables */
#define ATTEMPTS_CLASS_MAX 16
#define RESPONSE_BODY_MAX 65535

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
add_code(struct buf *sql, uint32_t code)
{
    if (code == 0)
        sql_raw(sql, "NULL");
    else
        sql_u64(sql, code < FLUSH_SMALLINT_MAX ? code : FLUSH_SMALLINT_MAX);
    flush_add_comma(sql);
}

/* Columns response_code, error_class, error_message, response_body and
   duration_ms, which both tables of history have in this order. */
static void
add_result(struct buf *sql, const struct flush_row *row, size_t class_max)
{
    struct slice body = row->response_body;
    int64_t ms = row->duration_us / CLOCK_US_PER_MS;

    add_code(sql, row->response_code);
    sql_text(sql, cut(slice_of(row->error_class), class_max));
    flush_add_comma(sql);
    sql_text(sql, cut(row->error_message, ERROR_MESSAGE_MAX));
    flush_add_comma(sql);
    if (body.len > RESPONSE_BODY_MAX)
        body.len = RESPONSE_BODY_MAX;
    sql_bytes(sql, body);
    flush_add_comma(sql);
    flush_add_u64(sql, ms < 0 ? 0 : (uint64_t)ms, UINT32_MAX);
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
    flush_add_u64(sql, row->job.id, UINT64_MAX);
    add_day(sql, row->ended_us);
    flush_add_comma(sql);
    flush_add_u64(sql, row->job.kind, UINT8_MAX);
    sql_raw(sql, row->job.test ? "1," : "0,");
    flush_add_u64(sql, row->application_id, UINT32_MAX);
    flush_add_u64(sql, lane_owner_id(row->job.lane), UINT32_MAX);
    flush_add_u64(sql, row->job.event_id, UINT64_MAX);
    sql_text(sql, row->event_type.ptr == NULL ? SLICE("") : row->event_type);
    flush_add_comma(sql);
    sql_raw(sql, status_names[row->status]);
    flush_add_u64(sql, row->attempts, FLUSH_SMALLINT_MAX);
    flush_add_retry_of(sql, row->job.retry_of);
    add_result(sql, row, DELIVERIES_CLASS_MAX);
    sql_time(sql, row->ended_us);
    insert_row_end(insert);
}

enum db_result
flush_write_archive(struct db *db, const struct flush_row *rows, size_t count)
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
        if (flush_is_finished(&rows[i]) && rows[i].status != FLUSH_REMOVE)
            add_archive_row(&insert, &rows[i]);
    }
    return insert_finish(&insert);
}

static void
add_attempt_row(struct insert *insert, const struct flush_row *row)
{
    struct buf *sql = &insert->sql;

    insert_row(insert, row->error_message.len + row->response_body.len);
    flush_add_u64(sql, row->job.id, UINT64_MAX);
    flush_add_u64(sql, row->attempts, FLUSH_SMALLINT_MAX);
    add_day(sql, row->ended_us);
    flush_add_comma(sql);
    flush_add_u64(sql, lane_owner_id(row->job.lane), UINT32_MAX);
    flush_add_u64(sql, row->job.event_id, UINT64_MAX);
    flush_add_u64(sql, row->job.kind, UINT8_MAX);
    add_result(sql, row, ATTEMPTS_CLASS_MAX);
    sql_time(sql, row->ended_us);
    insert_row_end(insert);
}

enum db_result
flush_write_attempts(struct db *db, const struct flush_row *rows, size_t count)
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
