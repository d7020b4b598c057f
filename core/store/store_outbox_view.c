/*
 * store_outbox_view.c - the SQL that shows table `outbox` to an administrator.
 */
#include "store_outbox_view.h"

#include "alloc.h"
#include "buf.h"
#include "sql.h"

#include <stdio.h>
#include <stdlib.h>

#define SQL_BYTES 1024

static enum db_result
count_waiting(struct db *db, struct outbox_status *status)
{
    struct buf sql = BUF_INIT(SQL_BYTES);
    const struct slice *cell;
    struct db_rows *rows = NULL;
    enum db_result result;

    sql_raw(&sql,
            "SELECT COUNT(*), MIN(x.created_at), (SELECT COUNT(*) FROM shards "
            "WHERE shard = 0 AND lease_until > UTC_TIMESTAMP(6)) FROM (SELECT "
            "created_at FROM outbox FORCE INDEX (PRIMARY) ORDER BY id LIMIT ");
    sql_u64(&sql, OUTBOX_COUNT_CAP + 1);
    sql_raw(&sql, ") x");
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    if ((cell = db_rows_next(rows)) != NULL) {
        status->waiting = db_u64(cell[0], 0);
        status->oldest_at_us = db_time_us(cell[1]);
        status->moved = db_u64(cell[2], 0) > 0;
    }
    status->capped = status->waiting > OUTBOX_COUNT_CAP;
    if (status->capped)
        status->waiting = OUTBOX_COUNT_CAP;
    db_rows_free(rows);
    return DB_OK;
}

/* source_id 0 also has the rows that count a flood of requests. */
static enum db_result
count_refused(struct db *db, struct outbox_status *status)
{
    struct buf sql = BUF_INIT(SQL_BYTES);
    const struct slice *cell;
    struct db_rows *rows = NULL;
    enum db_result result;

    sql_raw(&sql, "SELECT reason, COUNT(*) FROM rejections WHERE source_id = 0 "
                  "AND reason <> 'dropped' "
                  "AND day >= UTC_DATE() - INTERVAL 1 DAY "
                  "AND created_at >= NOW(6) - INTERVAL 1 DAY "
                  "GROUP BY reason ORDER BY 2 DESC, 1 LIMIT ");
    sql_u64(&sql, OUTBOX_REASONS_MAX);
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    while ((cell = db_rows_next(rows)) != NULL) {
        size_t i = status->refused_count++;

        (void)snprintf(status->refused[i].reason,
                       sizeof(status->refused[i].reason), "%.*s",
                       (int)cell[0].len, cell[0].ptr);
        status->refused[i].count = db_u64(cell[1], 0);
    }
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_outbox_status(struct db *db, struct outbox_status *status)
{
    struct outbox_status found = {.waiting = 0};
    enum db_result result = count_waiting(db, &found);

    if (result == DB_OK)
        result = count_refused(db, &found);
    if (result == DB_OK)
        *status = found;
    return result;
}

enum column {
    COL_ID,
    COL_APPLICATION,
    COL_EVENT_TYPE,
    COL_EXTERNAL_ID,
    COL_ORDERING_KEY,
    COL_CHANNELS,
    COL_BYTES,
    COL_DELIVER_AT,
    COL_CREATED
};

enum db_result
store_outbox_waiting(struct db *db, size_t limit,
                     struct outbox_waiting_list *list)
{
    struct buf sql = BUF_INIT(SQL_BYTES);
    const struct slice *cell;
    struct db_rows *rows = NULL;
    enum db_result result;

    sql_raw(&sql, "SELECT id, application, event_type, external_id, "
                  "ordering_key, channels, "
                  "LENGTH(payload) + COALESCE(LENGTH(metadata), 0), "
                  "deliver_at, created_at FROM outbox FORCE INDEX (PRIMARY) "
                  "ORDER BY id LIMIT ");
    sql_u64(&sql, limit);
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    list->count = 0;
    list->rows = xcalloc(db_rows_count(rows) + 1, sizeof(*list->rows));
    while ((cell = db_rows_next(rows)) != NULL)
        list->rows[list->count++] = (struct outbox_waiting){
            .id = db_u64(cell[COL_ID], 0),
            .application = slice_text(cell[COL_APPLICATION]),
            .event_type = slice_text(cell[COL_EVENT_TYPE]),
            .external_id = slice_text(cell[COL_EXTERNAL_ID]),
            .ordering_key = slice_text(cell[COL_ORDERING_KEY]),
            .channels = slice_text(cell[COL_CHANNELS]),
            .bytes = db_u64(cell[COL_BYTES], 0),
            .deliver_at_us = db_time_us(cell[COL_DELIVER_AT]),
            .created_at_us = db_time_us(cell[COL_CREATED]),
        };
    db_rows_free(rows);
    return DB_OK;
}

void
outbox_waiting_free(struct outbox_waiting_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++) {
        free(list->rows[i].application);
        free(list->rows[i].event_type);
        free(list->rows[i].external_id);
        free(list->rows[i].ordering_key);
        free(list->rows[i].channels);
    }
    free(list->rows);
    *list = (struct outbox_waiting_list){NULL, 0};
}
