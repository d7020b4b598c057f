/*
 * store_svix_message_list.c - pages of messages, newest first.
 */
#include "store_svix_message_row.h"

#include "alloc.h"
#include "sql.h"
#include "store_window.h"

#define SQL_MAX 65536 /* bytes of one statement */

struct paging {
    struct db *db;
    const struct svix_message_filter *filter;
    struct svix_message_list *list;
    struct buf sql;
};

void
svix_message_row_select(struct buf *sql)
{
    sql_raw(sql, "SELECT e.id, e.type, e.external_id, e.channels, "
                 "e.metadata, e.payload");
}

enum db_result
svix_message_row_query(struct db *db, const struct buf *sql,
                       struct svix_message_list *list)
{
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result =
        buf_ok(sql) ? db_query(db, buf_slice(sql), &rows) : DB_BROKEN;

    if (result != DB_OK)
        return result;
    list->rows =
        xreallocarray(list->rows, list->count + db_rows_count(rows) + 1,
                      sizeof(list->rows[0]));
    while ((cell = db_rows_next(rows)) != NULL) {
        list->rows[list->count++] = (struct svix_message){
            .id = db_u64(cell[0], 0),
            .type = slice_text(cell[1]),
            .event_id = slice_text(cell[2]),
            .channels = slice_copy(cell[3]),
            .metadata = slice_copy(cell[4]),
            .payload = slice_copy(cell[5]),
        };
    }
    db_rows_free(rows);
    return DB_OK;
}

/* AND the JSON array holds that text. */
static void
add_contained(struct buf *sql, const char *array, struct slice text)
{
    if (text.ptr == NULL)
        return;
    sql_raw(sql, " AND JSON_CONTAINS(");
    sql_raw(sql, array);
    sql_raw(sql, ", JSON_QUOTE(");
    sql_text(sql, text);
    sql_raw(sql, "))");
}

static void
add_conditions(struct paging *paging, const struct store_window *window)
{
    const struct svix_message_filter *filter = paging->filter;
    struct buf *sql = &paging->sql;
    size_t i;

    sql_raw(sql, " WHERE e.test = 0 AND e.id >= ");
    sql_u64(sql, window->low);
    sql_raw(sql, " AND e.id < ");
    sql_u64(sql, window->top);
    sql_raw(sql, " AND e.application_id = ");
    sql_u64(sql, filter->application_id);
    for (i = 0; i < filter->type_count; i++) {
        sql_raw(sql, i == 0 ? " AND e.type IN (" : ", ");
        sql_text(sql, filter->types[i]);
    }
    if (filter->type_count > 0)
        sql_raw(sql, ")");
    add_contained(sql, "e.channels", filter->channel);
    add_contained(sql,
                  "JSON_EXTRACT(CONVERT(e.metadata USING utf8mb4), '$.tags')",
                  filter->tag);
}

static enum db_result
read_window(void *arg, const struct store_window *window, size_t *count)
{
    struct paging *paging = arg;
    struct buf *sql = &paging->sql;
    enum db_result result;

    svix_message_row_select(sql);
    sql_raw(sql, " FROM events e");
    add_conditions(paging, window);
    sql_raw(sql, " ORDER BY e.id DESC LIMIT ");
    sql_u64(sql, paging->filter->limit + 1 - paging->list->count);
    result = svix_message_row_query(paging->db, sql, paging->list);
    buf_clear(sql);
    *count = paging->list->count;
    return result;
}

/* What does not fit is the beginning of the next page. */
static void
cut_page(struct svix_message_list *list, size_t limit)
{
    if (list->count <= limit)
        return;
    while (list->count > limit)
        svix_message_free(&list->rows[--list->count]);
    list->next = list->rows[limit - 1].id;
}

enum db_result
store_svix_message_list(struct db *db, const struct svix_message_filter *filter,
                        struct svix_message_list *list)
{
    struct svix_message_list found = {NULL, 0, 0};
    struct paging paging = {
        .db = db, .filter = filter, .list = &found, .sql = BUF_INIT(SQL_MAX)};
    struct store_window window = store_window_between(
        filter->before_id, filter->since_us, filter->until_us);
    enum db_result result = store_window_walk_events(
        db, filter->limit, read_window, &paging, window, &found.next);

    cut_page(&found, filter->limit);
    buf_free(&paging.sql);
    if (result != DB_OK)
        svix_message_list_free(&found);
    else
        *list = found;
    return result;
}
