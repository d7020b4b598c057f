/*
 * store_svix_type.c - see store_svix_type.h.
 */
#include "store_svix_type.h"

#include "alloc.h"
#include "json.h"
#include "member.h"
#include "number.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define SQL_MAX ((size_t)4 * 1024 * 1024)

/* read_row() takes the cells in this order. */
static const char columns[] =
    "SELECT name, description, "
    "NULLIF(category, '" EVENT_TYPE_NO_CATEGORY "'), archived, deprecated, "
    "IFNULL(schema_versions, CONCAT('{\"1\":', json_schema, '}')), "
    "feature_flags, example, created_at, updated_at FROM event_types "
    "WHERE deleted_at IS NULL";

static void
read_row(const struct slice *cell, void *to)
{
    struct svix_type *type = to;

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

enum db_result
store_svix_type_list(struct db *db, bool with_archived,
                     const struct svix_page *page, struct svix_type_list *list)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct svix_rows found;
    enum db_result result;

    sql_raw(&sql, columns);
    if (!with_archived)
        sql_raw(&sql, " AND archived = 0");
    svix_page_add(&sql, page, "name", true);
    result =
        svix_page_read(db, &sql, page, sizeof(list->rows[0]), read_row, &found);
    if (result == DB_OK)
        *list = (struct svix_type_list){found.rows, found.count, found.more};
    return result;
}

/* Versions are numbers for most: the highest one, or else the last. */
static struct slice
newest_of(struct slice versions)
{
    struct slice newest = SLICE_NONE;
    struct json_value json;
    struct json_member member;
    uint64_t highest = 0, number;
    size_t at = 0;

    if (versions.ptr == NULL || !json_read(versions, &json, NULL) ||
        json.type != JSON_OBJECT)
        return SLICE_NONE;
    while (json_next(json.text, &at, &member)) {
        if (!number_u64(member.name, UINT64_MAX, &number))
            number = highest;
        if (number >= highest)
            newest = member.value.text;
        if (number >= highest)
            highest = number;
    }
    return newest;
}

struct event_type_change
svix_type_change_of(const struct svix_type_change *change)
{
    struct event_type_change out = {
        .description = change->description,
        .sets_schema = change->sets_schemas,
        .sets_flags = change->sets_flags,
        .sets_archived = change->sets_archived,
        .sets_deprecated = change->sets_deprecated,
        .schema = newest_of(change->schemas),
        .versions = change->schemas,
        .flags = change->flags,
        .archived = change->archived,
        .deprecated = change->deprecated,
    };

    if (change->sets_group)
        out.category = change->group.ptr == NULL ? SLICE(EVENT_TYPE_NO_CATEGORY)
                                                 : change->group;
    return out;
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
