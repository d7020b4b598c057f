/*
 * store_svix_endpoint.c - endpoints of Svix's API: which they are, and how
 * they are shown.
 */
#include "store_svix_endpoint.h"

#include "alloc.h"
#include "id.h"
#include "member.h"
#include "number.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define SQL_MAX 65536
#define EVERYTHING "[\"*\"]" /* the patterns of one that wants all types */

static void
add_alive(struct buf *sql, uint32_t application_id)
{
    sql_raw(sql, " FROM subscriptions WHERE deleted_at IS NULL AND adhoc = 0 "
                 "AND application_id = ");
    sql_u64(sql, application_id);
}

/* The first cell of the first row. */
static enum db_result
query_number(struct db *db, struct buf *sql, uint32_t *number)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result = DB_NONE;

    if (buf_ok(sql))
        result = db_query_row(db, buf_slice(sql), &rows, &row);
    buf_free(sql);
    if (result != DB_OK)
        return result;
    *number = (uint32_t)db_u64(row[0], 0);
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_svix_endpoint_find(struct db *db, uint32_t application_id,
                         struct slice text, uint32_t *id)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    uint64_t number;

    sql_raw(&sql, "SELECT id");
    add_alive(&sql, application_id);
    if (id_parse(ID_ENDPOINT, text, &number)) {
        sql_raw(&sql, " AND id = ");
        sql_u64(&sql, number);
    } else {
        sql_raw(&sql, " AND uid = ");
        /* As bytes: the column is ASCII, what is looked for may not be. */
        sql_bytes(&sql, text);
    }
    return query_number(db, &sql, id);
}

/* uids[i] of the i-th id. */
static enum db_result
read_uids(struct db *db, const struct subscription_list *list, char **uids)
{
    uint64_t *ids = xcalloc(list->count + 1, sizeof(ids[0]));
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;
    size_t i;

    for (i = 0; i < list->count; i++)
        ids[i] = list->rows[i].id;
    sql_raw(&sql, "SELECT id, uid FROM subscriptions WHERE uid IS NOT NULL "
                  "AND id IN (");
    sql_u64_list(&sql, ids, list->count);
    sql_raw(&sql, ")");
    free(ids);
    result = buf_ok(&sql) ? db_query(db, buf_slice(&sql), &rows) : DB_BROKEN;
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    while ((cell = db_rows_next(rows)) != NULL) {
        for (i = 0; i < list->count; i++) {
            if (list->rows[i].id == db_u64(cell[0], 0))
                uids[i] = slice_text(cell[1]);
        }
    }
    db_rows_free(rows);
    return DB_OK;
}

/* In id order. */
static enum db_result
read_endpoints(struct db *db, const uint64_t *ids, size_t count,
               struct svix_endpoint_list *list)
{
    struct subscription_list found = {NULL, 0, false};
    char **uids = xcalloc(count + 1, sizeof(uids[0]));
    enum db_result result = DB_OK;
    size_t i;

    if (count > 0)
        result = store_subscription_read(db, ids, count, &found);
    if (result == DB_OK && found.count > 0)
        result = read_uids(db, &found, uids);
    if (result == DB_OK) {
        list->rows = xcalloc(found.count + 1, sizeof(list->rows[0]));
        list->count = found.count;
        for (i = 0; i < found.count; i++)
            list->rows[i] = (struct svix_endpoint){found.rows[i], uids[i]};
        found.count = 0; /* moved */
    }
    subscription_list_free(&found);
    free(uids);
    return result;
}

enum db_result
store_svix_endpoint_get(struct db *db, uint32_t application_id, uint32_t id,
                        struct svix_endpoint *endpoint)
{
    struct svix_endpoint_list list = {NULL, 0, false};
    uint64_t wanted = id;
    enum db_result result = read_endpoints(db, &wanted, 1, &list);

    if (result != DB_OK)
        return result;
    if (list.count == 0 || list.rows[0].row.application_id != application_id) {
        svix_endpoint_list_free(&list);
        return DB_NONE;
    }
    *endpoint = list.rows[0];
    list.count = 0; /* moved */
    svix_endpoint_list_free(&list);
    return DB_OK;
}

enum db_result
store_svix_endpoint_list(struct db *db, uint32_t application_id,
                         const struct svix_page *page,
                         struct svix_endpoint_list *list)
{
    uint64_t *ids = xcalloc(page->limit + 1, sizeof(ids[0]));
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;
    size_t count = 0;

    sql_raw(&sql, "SELECT id");
    add_alive(&sql, application_id);
    svix_page_add(&sql, page, "id", false);
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK) {
        free(ids);
        return result;
    }
    list->more = db_rows_count(rows) > page->limit;
    while (count < page->limit && (cell = db_rows_next(rows)) != NULL)
        ids[count++] = db_u64(cell[0], 0);
    db_rows_free(rows);
    result = read_endpoints(db, ids, count, list);
    free(ids);
    if (result == DB_OK && page->descending)
        svix_page_turn(list->rows, list->count, sizeof(list->rows[0]));
    return result;
}

void
svix_endpoint_free(struct svix_endpoint *endpoint)
{
    subscription_row_free(&endpoint->row);
    free(endpoint->uid);
    endpoint->uid = NULL;
}

void
svix_endpoint_list_free(struct svix_endpoint_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++)
        svix_endpoint_free(&list->rows[i]);
    free(list->rows);
    memset(list, 0, sizeof(*list));
}

/* Each name that a version of the clients reads. */
void
svix_endpoint_print_members(const struct svix_endpoint *endpoint,
                            struct buf *out)
{
    const struct subscription_row *row = &endpoint->row;
    struct slice types = slice_of(row->events);

    if (slice_is(types, EVERYTHING))
        types = slice_of("");
    member_id(out, "id", ID_ENDPOINT, row->id);
    member_text(out, "uid", endpoint->uid);
    member_text(out, "url", row->url);
    member_text(out, "description", row->description);
    member_bool(out, "disabled", !row->active || row->disabled_at_us != 0);
    member_raw(out, "eventTypes", types, "null");
    member_raw(out, "filterTypes", types, "null");
    member_raw(out, "channels", slice_of(row->channels), "null");
    member_u64_or_null(out, "throttleRate", row->rate_limit);
    member_u64_or_null(out, "rateLimit", row->rate_limit);
    member_raw(out, "metadata", slice_of(row->metadata), "{}");
    member_u64(out, "version", 1);
    member_time(out, "createdAt", row->created_at_us);
    member_time(out, "updatedAt", row->updated_at_us);
}

void
svix_endpoint_print(const struct svix_endpoint *endpoint, struct buf *out)
{
    buf_add_char(out, '{');
    svix_endpoint_print_members(endpoint, out);
    buf_add_char(out, '}');
}
