/*
 * store_application.c - applications: make, list, and find by name or app_ id.
 */
#include "store_application.h"

#include "alloc.h"
#include "id.h"
#include "member.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define SQL_MAX 4096

enum db_result
store_application_find(struct db *db, struct slice text, uint32_t *id)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result = DB_NONE;
    uint64_t number;

    sql_raw(&sql, "SELECT id FROM applications "
                  "WHERE deleted_at IS NULL AND ");
    if (id_parse(ID_APPLICATION, text, &number)) {
        sql_raw(&sql, "id = ");
        sql_u64(&sql, number);
    } else {
        sql_raw(&sql, "name = ");
        sql_text(&sql, text);
    }
    if (!buf_ok(&sql))
        goto out; /* longer than any name */
    result = db_query_row(db, buf_slice(&sql), &rows, &row);
    if (result != DB_OK)
        goto out;
    *id = (uint32_t)db_u64(row[0], 0);
    db_rows_free(rows);
out:
    buf_free(&sql);
    return result;
}

enum db_result
store_application_insert(struct db *db, struct slice name,
                         uint32_t retention_days, uint32_t *id)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, "INSERT INTO applications (name, retention_days) VALUES (");
    sql_text(&sql, name);
    sql_raw(&sql, ", NULLIF(");
    sql_u64(&sql, retention_days);
    sql_raw(&sql, ", 0))");
    result = buf_ok(&sql) ? db_exec(db, buf_slice(&sql), NULL) : DB_BROKEN;
    if (result == DB_OK)
        *id = (uint32_t)db_insert_id(db);
    buf_free(&sql);
    return result;
}

enum db_result
store_application_list(struct db *db,
                       void (*each)(void *arg, uint32_t id, struct slice name,
                                    int64_t created_at_us),
                       void *arg)
{
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result =
        db_query(db,
                 SLICE("SELECT id, name, created_at FROM applications "
                       "WHERE deleted_at IS NULL ORDER BY id"),
                 &rows);

    if (result != DB_OK)
        return result;
    while ((cell = db_rows_next(rows)) != NULL)
        each(arg, (uint32_t)db_u64(cell[0], 0), cell[1], db_time_us(cell[2]));
    db_rows_free(rows);
    return DB_OK;
}

/* `condition` goes on behind the owner. */
static void
add_select(struct buf *sql, uint32_t owner, const char *condition, uint32_t id)
{
    sql_raw(sql, "SELECT id, name, retention_days, created_at "
                 "FROM applications WHERE deleted_at IS NULL");
    if (owner != 0) {
        sql_raw(sql, " AND id = ");
        sql_u64(sql, owner);
    }
    sql_raw(sql, condition);
    sql_u64(sql, id);
}

static void
read_row(const struct slice *cell, struct application_row *row)
{
    row->id = (uint32_t)db_u64(cell[0], 0);
    row->name = slice_text(cell[1]);
    row->retention_days = (uint32_t)db_u64(cell[2], 0);
    row->created_at_us = db_time_us(cell[3]);
}

enum db_result
store_application_page(struct db *db, uint32_t owner, uint32_t after_id,
                       size_t limit, struct application_list *list)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    add_select(&sql, owner, " AND id > ", after_id);
    sql_raw(&sql, " ORDER BY id LIMIT ");
    sql_u64(&sql, limit + 1);
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    list->count = 0;
    list->rows = xcalloc(db_rows_count(rows) + 1, sizeof(list->rows[0]));
    list->more = db_rows_count(rows) > limit;
    while (list->count < limit && (cell = db_rows_next(rows)) != NULL)
        read_row(cell, &list->rows[list->count++]);
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_application_get(struct db *db, uint32_t owner, uint32_t id,
                      struct application_row *row)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    add_select(&sql, owner, " AND id = ", id);
    result = db_query_row(db, buf_slice(&sql), &rows, &cell);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    read_row(cell, row);
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_application_set_retention(struct db *db, uint32_t id, uint32_t days)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;
    uint64_t affected = 0;

    sql_raw(&sql, "UPDATE applications SET updated_at = UTC_TIMESTAMP(6), "
                  "retention_days = NULLIF(");
    sql_u64(&sql, days);
    sql_raw(&sql, ", 0) WHERE deleted_at IS NULL AND id = ");
    sql_u64(&sql, id);
    result = db_exec(db, buf_slice(&sql), &affected);
    buf_free(&sql);
    return result == DB_OK && affected == 0 ? DB_NONE : result;
}

void
application_row_free(struct application_row *row)
{
    free(row->name);
    memset(row, 0, sizeof(*row));
}

void
application_list_free(struct application_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++)
        application_row_free(&list->rows[i]);
    free(list->rows);
    memset(list, 0, sizeof(*list));
}

void
application_print(const struct application_row *row, struct buf *out)
{
    buf_add_char(out, '{');
    member_id(out, "id", ID_APPLICATION, row->id);
    member_text(out, "name", row->name);
    member_u64_or_null(out, "retention_days", row->retention_days);
    member_time(out, "created_at", row->created_at_us);
    buf_add_char(out, '}');
}
