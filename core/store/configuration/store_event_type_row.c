/*
 * store_event_type_row.c - registered event types, one by one.
 */
#include "store_event_type.h"

#include "alloc.h"
#include "member.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define SQL_MAX 4096

/* read_row() takes the cells in this order. */
#define COLUMNS                                                                \
    "name, category, description, validate, archived, created_at, updated_at"

static void
read_row(const struct slice *cell, struct event_type_row *row)
{
    *row = (struct event_type_row){
        .name = slice_text(cell[0]),
        .category = slice_text(cell[1]),
        .description = slice_text(cell[2]),
        .validate = db_u64(cell[3], 0) != 0,
        .archived = db_u64(cell[4], 0) != 0,
        .created_at_us = db_time_us(cell[5]),
        .updated_at_us = db_time_us(cell[6]),
    };
}

enum db_result
store_event_type_get(struct db *db, struct slice name,
                     struct event_type_row *row)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    sql_raw(&sql, "SELECT " COLUMNS ", example, json_schema FROM event_types "
                  "WHERE deleted_at IS NULL AND name = ");
    sql_text(&sql, name);
    result = buf_ok(&sql) ? db_query_row(db, buf_slice(&sql), &rows, &cell)
                          : DB_NONE; /* no name is that long */
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    read_row(cell, row);
    row->example = slice_copy(cell[7]);
    row->schema = slice_copy(cell[8]);
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_event_type_each(struct db *db, bool with_archived,
                      void (*show)(void *arg, const struct event_type_row *row),
                      void *arg)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    sql_raw(&sql, "SELECT " COLUMNS " FROM event_types "
                  "WHERE deleted_at IS NULL");
    if (!with_archived)
        sql_raw(&sql, " AND archived = 0");
    sql_raw(&sql, " ORDER BY position, name LIMIT 5000");
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    while ((cell = db_rows_next(rows)) != NULL) {
        struct event_type_row row;

        read_row(cell, &row);
        show(arg, &row);
        event_type_row_free(&row);
    }
    db_rows_free(rows);
    return DB_OK;
}

void
event_type_row_free(struct event_type_row *row)
{
    free(row->name);
    free(row->category);
    free(row->description);
    slice_free(&row->example);
    slice_free(&row->schema);
    memset(row, 0, sizeof(*row));
}

void
event_type_row_print(const struct event_type_row *row, bool whole,
                     struct buf *out)
{
    buf_add_char(out, '{');
    member_text(out, "name", row->name);
    member_text(out, "category", row->category);
    member_text(out, "description", row->description);
    if (whole) {
        member_raw(out, "example", row->example, "null");
        member_raw(out, "schema", row->schema, "null");
    }
    member_bool(out, "validate", row->validate);
    member_bool(out, "archived", row->archived);
    member_time(out, "created_at", row->created_at_us);
    member_time(out, "updated_at", row->updated_at_us);
    buf_add_char(out, '}');
}
