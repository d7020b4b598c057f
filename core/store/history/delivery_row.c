/*
 * delivery_row.c - how a delivery is selected and read, live or finished.
 */
#include "delivery_row.h"

#include "alloc.h"
#include "clock.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

enum cell {
    CELL_ID,
    CELL_EVENT,
    CELL_TYPE,
    CELL_APPLICATION,
    CELL_SUBSCRIPTION,
    CELL_STATUS,
    CELL_ATTEMPTS,
    CELL_CODE,
    CELL_BODY,
    CELL_CLASS,
    CELL_MESSAGE,
    CELL_DURATION,
    CELL_NEXT_RETRY,
    CELL_COMPLETED,
    CELL_RETRY_OF
};

void
delivery_row_day(struct buf *sql, uint64_t id)
{
    char text[CLOCK_TEXT_MAX];

    clock_format_sql(id_time_us(id) - CLOCK_US_PER_DAY, text);
    sql_text(sql, slice_make(text, strlen("2026-01-01")));
}

/* The days spare it the look into every partition; NULLIF spares a job without
   attempts all of them: a NULL key is not looked up. */
static void
add_last_attempt(struct buf *sql, uint64_t oldest_id)
{
    sql_raw(sql, " LEFT JOIN attempts a ON a.delivery_id = j.id "
                 "AND a.attempt = NULLIF(j.attempts, 0) AND a.day >= ");
    delivery_row_day(sql, oldest_id);
    sql_raw(sql, " AND a.day <= UTC_DATE() + INTERVAL 1 DAY");
}

static void
add_event(struct buf *sql)
{
    sql_raw(sql, " LEFT JOIN events e ON e.id = j.event_id "
                 "LEFT JOIN events_kept k FORCE INDEX (PRIMARY) "
                 "ON k.id = j.event_id");
}

void
delivery_row_select_live(struct buf *sql, uint64_t oldest_id, bool by_type)
{
    sql_raw(sql,
            "SELECT STRAIGHT_JOIN j.id, j.event_id, COALESCE(e.type, k.type), "
            "s.application_id, j.lane >> 32, "
            "IF(j.attempts = 0, 'pending', 'retrying'), j.attempts, "
            "a.response_code, a.response_body, a.error_class, "
            "a.error_message, a.duration_ms, "
            /* What was tried in a FIFO lane keeps its place: the lane says
               when it is tried again. */
            "IF(j.attempts > 0 AND s.ordering = 'fifo', "
            "GREATEST(j.next_retry_at, COALESCE((SELECT l.blocked_until "
            "FROM lane_state l WHERE l.lane = j.lane), "
            "j.next_retry_at)), j.next_retry_at), NULL, "
            "j.retry_of FROM jobs j JOIN subscriptions s "
            "FORCE INDEX (PRIMARY) ON s.id = j.lane >> 32");
    if (by_type)
        add_event(sql);
    add_last_attempt(sql, oldest_id);
    if (!by_type)
        add_event(sql);
    sql_raw(sql, " WHERE j.kind = 1");
}

void
delivery_row_select_done(struct buf *sql, const char *index_hint)
{
    sql_raw(sql, "SELECT d.id, d.event_id, d.event_type, d.application_id, "
                 "d.owner_id, d.status, d.attempts, d.response_code, "
                 "d.response_body, d.error_class, d.error_message, "
                 "d.duration_ms, NULL, d.completed_at, d.retry_of "
                 "FROM deliveries d ");
    sql_raw(sql, index_hint);
    sql_raw(sql, " WHERE d.kind = 1");
}

static void
read_row(const struct slice *cell, struct delivery *row)
{
    memset(row, 0, sizeof(*row));
    row->id = db_u64(cell[CELL_ID], 0);
    row->event_id = db_u64(cell[CELL_EVENT], 0);
    row->event_type = slice_text(cell[CELL_TYPE]);
    if (row->event_type == NULL)
        row->event_type = xstrdup("");
    row->application_id = (uint32_t)db_u64(cell[CELL_APPLICATION], 0);
    row->subscription_id = (uint32_t)db_u64(cell[CELL_SUBSCRIPTION], 0);
    if (!delivery_status_from_name(cell[CELL_STATUS], &row->status))
        row->status = DELIVERY_FAILED;
    row->attempts = (uint32_t)db_u64(cell[CELL_ATTEMPTS], 0);
    row->response_code = (uint32_t)db_u64(cell[CELL_CODE], 0);
    row->response_body = slice_copy(cell[CELL_BODY]);
    row->error_class = slice_text(cell[CELL_CLASS]);
    row->error_message = slice_text(cell[CELL_MESSAGE]);
    row->duration_ms =
        row->attempts == 0 ? -1 : db_i64(cell[CELL_DURATION], -1);
    row->next_retry_at_us = db_time_us(cell[CELL_NEXT_RETRY]);
    row->completed_at_us = db_time_us(cell[CELL_COMPLETED]);
    row->retry_of = db_u64(cell[CELL_RETRY_OF], 0);
}

enum db_result
delivery_row_query(struct db *db, const struct buf *sql,
                   struct delivery_list *list)
{
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    if (!buf_ok(sql))
        return DB_BROKEN;
    result = db_query(db, buf_slice(sql), &rows);
    if (result != DB_OK)
        return result;
    list->rows =
        xreallocarray(list->rows, list->count + db_rows_count(rows) + 1,
                      sizeof(list->rows[0]));
    while ((cell = db_rows_next(rows)) != NULL)
        read_row(cell, &list->rows[list->count++]);
    db_rows_free(rows);
    return DB_OK;
}

/* Newest first; of the same id the finished one. */
static int
compare(const void *a, const void *b)
{
    const struct delivery *x = a, *y = b;

    if (x->id != y->id)
        return x->id > y->id ? -1 : 1;
    return (x->completed_at_us == 0) - (y->completed_at_us == 0);
}

void
delivery_row_sort(struct delivery_list *list)
{
    size_t i, kept = 0;

    if (list->count == 0)
        return;
    qsort(list->rows, list->count, sizeof(list->rows[0]), compare);
    for (i = 1; i < list->count; i++) {
        if (list->rows[i].id == list->rows[kept].id)
            delivery_free(&list->rows[i]);
        else
            list->rows[++kept] = list->rows[i];
    }
    list->count = kept + 1;
}
