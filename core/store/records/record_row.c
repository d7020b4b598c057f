/*
 * record_row.c - see record_row.h.
 */
#include "record_row.h"

#include "alloc.h"
#include "id.h"
#include "member.h"

#include <stdlib.h>

static void
read_row(const struct slice *cell, struct record_row *row)
{
    *row = (struct record_row){
        .source = slice_text(cell[0]),
        .table = slice_text(cell[1]),
        .record_id = slice_text(cell[2]),
        .version_us = db_i64(cell[3], 0),
        .event_id = db_u64(cell[4], 0),
        .revision = (uint32_t)db_u64(cell[5], 0),
        .deleted = db_u64(cell[6], 0) != 0,
        .stale = db_u64(cell[7], 0) != 0,
        .verified = slice_text(cell[8]),
        .updated_us = db_time_us(cell[9]),
        .data = slice_copy(cell[10]),
        .fields = slice_copy(cell[11]),
    };
}

enum db_result
record_list_query(struct db *db, struct slice sql, struct record_list *list)
{
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result = db_query(db, sql, &rows);

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

void
record_list_free(struct record_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++) {
        struct record_row *row = &list->rows[i];

        free(row->source);
        free(row->table);
        free(row->record_id);
        free(row->verified);
        slice_free(&row->data);
        slice_free(&row->fields);
    }
    free(list->rows);
    *list = (struct record_list){NULL, 0};
}

void
record_row_print(const struct record_row *row, struct buf *out)
{
    buf_add_char(out, '{');
    member_text(out, "source", row->source);
    member_text(out, "table", row->table);
    member_text(out, "record_id", row->record_id);
    member_time(out, "version", row->version_us);
    member_u64(out, "revision", row->revision);
    member_text(out, "verified", row->verified);
    member_bool(out, "stale", row->stale);
    member_bool(out, "deleted", row->deleted);
    member_id(out, "event_id", ID_EVENT, row->event_id);
    member_time(out, "updated_at", row->updated_us);
    member_raw(out, "data", row->data, "null");
    if (row->fields.ptr != NULL)
        member_raw(out, "fields", row->fields, "null");
    buf_add_char(out, '}');
}
