/*
 * store_svix_message_list.c - pages of messages, newest first.
 *
 * Pages are read in windows of ids, as store_delivery_list.c does and explains.
 */
#include "store_svix_message_row.h"

#include "alloc.h"
#include "id.h"
#include "sql.h"

#define SQL_MAX 65536       /* bytes of one statement */
#define WINDOW_FIRST 256    /* rows */
#define WINDOW_GROWTH 4     /* each window is so much larger */
#define EVENTS_BUDGET 20000 /* rows looked at for one page; they are wide */
#define NO_BOUND ((uint64_t)INT64_MAX)

struct paging {
    struct db *db;
    const struct svix_message_filter *filter;
    uint64_t low, top; /* ids from low on, below top */
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

static enum db_result
find_floor(struct paging *paging, uint64_t window, uint64_t *floor)
{
    struct buf *sql = &paging->sql;
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(sql, "SELECT id FROM events WHERE id >= ");
    sql_u64(sql, paging->low);
    sql_raw(sql, " AND id < ");
    sql_u64(sql, paging->top);
    sql_raw(sql, " ORDER BY id DESC LIMIT 1 OFFSET ");
    sql_u64(sql, window);
    result = db_query(paging->db, buf_slice(sql), &rows);
    buf_clear(sql);
    if (result != DB_OK)
        return result;
    row = db_rows_next(rows);
    *floor = row == NULL ? paging->low : db_u64(row[0], paging->low);
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
add_conditions(struct paging *paging, uint64_t floor)
{
    const struct svix_message_filter *filter = paging->filter;
    struct buf *sql = &paging->sql;
    size_t i;

    sql_raw(sql, " WHERE e.test = 0 AND e.id >= ");
    sql_u64(sql, floor);
    sql_raw(sql, " AND e.id < ");
    sql_u64(sql, paging->top);
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
read_window(struct paging *paging, uint64_t floor)
{
    struct buf *sql = &paging->sql;
    enum db_result result;

    svix_message_row_select(sql);
    sql_raw(sql, " FROM events e");
    add_conditions(paging, floor);
    sql_raw(sql, " ORDER BY e.id DESC LIMIT ");
    sql_u64(sql, paging->filter->limit + 1 - paging->list->count);
    result = svix_message_row_query(paging->db, sql, paging->list);
    buf_clear(sql);
    return result;
}

static void
cut_page(struct svix_message_list *list, size_t limit)
{
    while (list->count > limit)
        svix_message_free(&list->rows[--list->count]);
    list->next = list->rows[limit - 1].id;
}

static enum db_result
read_page(struct paging *paging)
{
    size_t limit = paging->filter->limit;
    uint64_t window = WINDOW_FIRST, looked_at = 0, floor;
    enum db_result result;

    while (paging->top > paging->low) {
        result = find_floor(paging, window, &floor);
        if (result == DB_OK)
            result = read_window(paging, floor);
        if (result != DB_OK)
            return result;
        if (paging->list->count > limit) {
            cut_page(paging->list, limit);
            return DB_OK;
        }
        if (floor == paging->low)
            return DB_OK;
        paging->top = floor;
        looked_at += window;
        if (looked_at >= EVENTS_BUDGET) {
            paging->list->next = floor;
            return DB_OK;
        }
        window *= WINDOW_GROWTH;
        if (window > EVENTS_BUDGET - looked_at)
            window = EVENTS_BUDGET - looked_at;
    }
    return DB_OK;
}

enum db_result
store_svix_message_list(struct db *db, const struct svix_message_filter *filter,
                        struct svix_message_list *list)
{
    struct svix_message_list found = {NULL, 0, 0};
    struct paging paging = {.db = db,
                            .filter = filter,
                            .top = NO_BOUND,
                            .list = &found,
                            .sql = BUF_INIT(SQL_MAX)};
    enum db_result result;

    if (filter->before_id != 0)
        paging.top = filter->before_id;
    if (filter->until_us != 0 && id_floor(filter->until_us) < paging.top)
        paging.top = id_floor(filter->until_us);
    if (filter->since_us != 0)
        paging.low = id_floor(filter->since_us);
    result = read_page(&paging);
    buf_free(&paging.sql);
    if (result != DB_OK)
        svix_message_list_free(&found);
    else
        *list = found;
    return result;
}
