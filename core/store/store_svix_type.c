/*
 * store_svix_type.c - see store_svix_type.h.
 */
#include "store_svix_type.h"

#include "alloc.h"
#include "member.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define SQL_MAX ((size_t)4 * 1024 * 1024)
#define NO_GROUP "Other" /* a category is needed there */

/* read_row() takes the cells in this order. */
static const char columns[] =
    "SELECT name, description, NULLIF(category, '" NO_GROUP "'), archived, "
    "deprecated, schema_versions, feature_flags, example, created_at, "
    "updated_at FROM event_types WHERE 1";

static void
read_row(const struct slice *cell, struct svix_type *type)
{
    *type = (struct svix_type){
        .name = slice_text(cell[0]),
        .description = slice_text(cell[1]),
        .group = slice_text(cell[2]),
        .archived = db_u64(cell[3], 0) != 0,
        .deprecated = db_u64(cell[4], 0) != 0,
        .schemas = slice_text(cell[5]),
        .feature_flags = slice_text(cell[6]),
        .example = slice_copy(cell[7]),
        .created_at_us = db_time_us(cell[8]),
        .updated_at_us = db_time_us(cell[9]),
    };
}

enum db_result
store_svix_type_get(struct db *db, struct slice name, struct svix_type *type)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    sql_raw(&sql, columns);
    sql_raw(&sql, " AND name = ");
    sql_text(&sql, name);
    result = db_query_row(db, buf_slice(&sql), &rows, &cell);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    read_row(cell, type);
    db_rows_free(rows);
    return DB_OK;
}

static void
reverse(struct svix_type_list *list)
{
    size_t i;

    for (i = 0; i < list->count / 2; i++) {
        struct svix_type type = list->rows[i];

        list->rows[i] = list->rows[list->count - 1 - i];
        list->rows[list->count - 1 - i] = type;
    }
}

enum db_result
store_svix_type_list(struct db *db, bool with_archived,
                     const struct svix_page *page, struct svix_type_list *list)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    sql_raw(&sql, columns);
    if (!with_archived)
        sql_raw(&sql, " AND archived = 0");
    svix_page_add(&sql, page, "name", true);
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    list->count = 0;
    list->rows = xcalloc(db_rows_count(rows) + 1, sizeof(list->rows[0]));
    list->more = db_rows_count(rows) > page->limit;
    while (list->count < page->limit && (cell = db_rows_next(rows)) != NULL)
        read_row(cell, &list->rows[list->count++]);
    db_rows_free(rows);
    if (page->backward)
        reverse(list);
    return DB_OK;
}

static void
add_changes(struct buf *sql, const struct svix_type_change *change)
{
    if (change->description.ptr != NULL) {
        sql_raw(sql, ", description = ");
        sql_text(sql, change->description);
    }
    if (change->sets_group) {
        sql_raw(sql, ", category = ");
        sql_text(sql,
                 change->group.ptr == NULL ? SLICE(NO_GROUP) : change->group);
    }
    if (change->sets_schemas) {
        sql_raw(sql, ", schema_versions = ");
        sql_text(sql, change->schemas);
    }
    if (change->sets_flags) {
        sql_raw(sql, ", feature_flags = ");
        sql_text(sql, change->flags);
    }
    if (change->sets_archived) {
        sql_raw(sql, ", archived = ");
        sql_bool(sql, change->archived);
    }
    if (change->sets_deprecated) {
        sql_raw(sql, ", deprecated = ");
        sql_bool(sql, change->deprecated);
    }
}

/* Frees the statement. DB_NONE: no row was met. */
static enum db_result
run(struct db *db, struct buf *sql)
{
    uint64_t affected = 0;
    enum db_result result =
        buf_ok(sql) ? db_exec(db, buf_slice(sql), &affected) : DB_BROKEN;

    buf_free(sql);
    return result == DB_OK && affected == 0 ? DB_NONE : result;
}

enum db_result
store_svix_type_insert(struct db *db, struct slice name,
                       const struct svix_type_change *change)
{
    struct buf sql = BUF_INIT(SQL_MAX);

    /* Behind those of the catalogue. */
    sql_raw(&sql, "INSERT INTO event_types SET position = 4294967295, "
                  "created_at = UTC_TIMESTAMP(6), updated_at = created_at, "
                  "name = ");
    sql_text(&sql, name);
    add_changes(&sql, change);
    return run(db, &sql);
}

enum db_result
store_svix_type_update(struct db *db, struct slice name,
                       const struct svix_type_change *change)
{
    struct buf sql = BUF_INIT(SQL_MAX);

    sql_raw(&sql, "UPDATE event_types SET updated_at = UTC_TIMESTAMP(6)");
    add_changes(&sql, change);
    sql_raw(&sql, " WHERE name = ");
    sql_text(&sql, name);
    return run(db, &sql);
}

enum db_result
store_svix_type_delete(struct db *db, struct slice name)
{
    struct buf sql = BUF_INIT(SQL_MAX);

    sql_raw(&sql, "DELETE FROM event_types WHERE name = ");
    sql_text(&sql, name);
    return run(db, &sql);
}

void
svix_type_free(struct svix_type *type)
{
    free(type->name);
    free(type->description);
    free(type->group);
    free(type->schemas);
    free(type->feature_flags);
    slice_free(&type->example);
    memset(type, 0, sizeof(*type));
}

void
svix_type_list_free(struct svix_type_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++)
        svix_type_free(&list->rows[i]);
    free(list->rows);
    memset(list, 0, sizeof(*list));
}

void
svix_type_print(const struct svix_type *type, bool content, struct buf *out)
{
    buf_add_char(out, '{');
    member_text(out, "name", type->name);
    member_text(out, "description", type->description);
    member_bool(out, "archived", type->archived);
    member_bool(out, "deprecated", type->deprecated);
    member_raw(out, "schemas", content ? slice_of(type->schemas) : SLICE_NONE,
               "null");
    member_text(out, "groupName", type->group);
    member_raw(out, "featureFlags", slice_of(type->feature_flags), "null");
    member_time(out, "createdAt", type->created_at_us);
    member_time(out, "updatedAt", type->updated_at_us);
    buf_add_char(out, '}');
}
