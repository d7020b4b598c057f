/*
 * store_source_rejection.c - the SQL that shows what was refused.
 */
#include "store_source_rejection.h"

#include "alloc.h"
#include "member.h"
#include "sql.h"

#include <stdio.h>
#include <stdlib.h>

#define SQL_BYTES 2048

enum column {
    COL_ID,
    COL_STATUS,
    COL_REASON,
    COL_DETAIL,
    COL_ADDRESS,
    COL_CREATED,
    COL_SOURCE
};

/* source_id 0 also has the rows that count a flood of requests. */
static void
add_scope(const struct rejection_filter *filter, struct buf *sql)
{
    switch (filter->scope) {
    case REJECTION_SOURCE:
        sql_raw(sql, "j.source_id = ");
        sql_u64(sql, filter->source_id);
        return;
    case REJECTION_OUTBOX:
        sql_raw(sql, "j.source_id = 0 AND j.reason <> 'dropped'");
        return;
    case REJECTION_ANY:
        sql_raw(sql, "j.id > 0");
        return;
    }
}

static void
print_query(const struct rejection_filter *filter, struct buf *sql)
{
    sql_raw(sql, "SELECT j.id, j.status, j.reason, j.detail, "
                 "j.remote_address, j.created_at, s.name FROM rejections j "
                 "LEFT JOIN sources s ON s.id = j.source_id WHERE ");
    add_scope(filter, sql);
    if (filter->before_id != 0) {
        sql_raw(sql, " AND j.id < ");
        sql_u64(sql, filter->before_id);
    }
    if (filter->status != 0) {
        sql_raw(sql, " AND j.status = ");
        sql_u64(sql, filter->status);
    }
    /* The column is ASCII, what is asked for may be any text. */
    if (filter->reason.ptr != NULL) {
        sql_raw(sql, " AND j.reason = ");
        sql_bytes(sql, filter->reason);
    }
    sql_raw(sql, " ORDER BY j.id DESC LIMIT ");
    sql_u64(sql, filter->limit + 1);
}

static void
read_row(const struct slice *cell, struct rejection_row *row)
{
    row->id = db_u64(cell[COL_ID], 0);
    row->status = (unsigned)db_u64(cell[COL_STATUS], 0);
    (void)snprintf(row->reason, sizeof(row->reason), "%.*s",
                   (int)cell[COL_REASON].len, cell[COL_REASON].ptr);
    row->source = slice_text(cell[COL_SOURCE]);
    row->detail = slice_text(cell[COL_DETAIL]);
    row->remote_address = slice_text(cell[COL_ADDRESS]);
    row->created_at_us = db_time_us(cell[COL_CREATED]);
}

enum db_result
store_source_rejection_list(struct db *db,
                            const struct rejection_filter *filter,
                            struct rejection_list *list)
{
    struct buf sql = BUF_INIT(SQL_BYTES);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    *list = (struct rejection_list){NULL, 0, 0};
    print_query(filter, &sql);
    /* A reason longer than any is that of no row. */
    if (!buf_ok(&sql)) {
        buf_free(&sql);
        return DB_OK;
    }
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    list->rows = xcalloc(db_rows_count(rows) + 1, sizeof(*list->rows));
    while ((cell = db_rows_next(rows)) != NULL) {
        if (list->count == filter->limit) {
            list->next = list->rows[list->count - 1].id;
            break;
        }
        read_row(cell, &list->rows[list->count++]);
    }
    db_rows_free(rows);
    return DB_OK;
}

void
rejection_list_free(struct rejection_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++) {
        free(list->rows[i].source);
        free(list->rows[i].detail);
        free(list->rows[i].remote_address);
    }
    free(list->rows);
    *list = (struct rejection_list){NULL, 0, 0};
}

void
rejection_print(const struct rejection_row *row, struct buf *out)
{
    buf_add_char(out, '{');
    member_id(out, "id", ID_REJECTION, row->id);
    member_u64(out, "status", row->status);
    member_text(out, "reason", row->reason);
    member_text(out, "detail", row->detail);
    member_text(out, "remote_address", row->remote_address);
    member_time(out, "created_at", row->created_at_us);
    buf_add_char(out, '}');
}
