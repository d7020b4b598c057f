/*
 * store_history.c - events that were accepted, with what became of them.
 */
#include "store_history.h"

#include "alloc.h"
#include "delivery_row.h"
#include "sql.h"
#include "store_window.h"

#include <stdlib.h>
#include <string.h>

#define SQL_MAX 65536 /* bytes of one statement */

struct paging {
    struct db *db;
    const struct event_filter *filter;
    struct event_list *list;
    struct buf sql;
};

/* Cells of a summary, in order; `data` and metadata follow where asked for. */
#define SUMMARY                                                                \
    "SELECT STRAIGHT_JOIN e.id, e.application_id, e.type, s.name, "            \
    "e.verified, e.expunged"

static void
read_summary(const struct slice *cell, struct event_row *row)
{
    memset(row, 0, sizeof(*row));
    row->id = db_u64(cell[0], 0);
    row->application_id = (uint32_t)db_u64(cell[1], 0);
    row->type = xstrndup(cell[2].ptr, cell[2].len);
    row->source = slice_text(cell[3]);
    row->verified = db_u64(cell[4], 0) != 0;
    row->expunged = db_u64(cell[5], 0) != 0;
}

static enum db_result
query_rows(struct paging *paging, struct db_rows **rows)
{
    enum db_result result = DB_BROKEN;

    if (buf_ok(&paging->sql))
        result = db_query(paging->db, buf_slice(&paging->sql), rows);
    buf_clear(&paging->sql);
    return result;
}

static void
add_conditions(struct paging *paging, const struct store_window *window)
{
    const struct event_filter *filter = paging->filter;
    struct buf *sql = &paging->sql;

    sql_raw(sql, " WHERE e.test = 0 AND e.id >= ");
    sql_u64(sql, window->low);
    sql_raw(sql, " AND e.id < ");
    sql_u64(sql, window->top);
    if (filter->application_id != 0) {
        sql_raw(sql, " AND e.application_id = ");
        sql_u64(sql, filter->application_id);
    }
    if (filter->type.ptr != NULL) {
        sql_raw(sql, " AND e.type = ");
        sql_text(sql, filter->type);
    }
    if (filter->source.ptr != NULL) {
        /* As bytes: the column is ASCII, what is looked for may not be. */
        sql_raw(sql, " AND s.name = ");
        sql_bytes(sql, filter->source);
    }
}

static enum db_result
read_window(void *arg, const struct store_window *window, size_t *count)
{
    struct paging *paging = arg;
    struct buf *sql = &paging->sql;
    struct event_list *list = paging->list;
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    sql_raw(sql, SUMMARY " FROM events e "
                         "LEFT JOIN sources s FORCE INDEX (PRIMARY) "
                         "ON s.id = e.source_id");
    add_conditions(paging, window);
    sql_raw(sql, " ORDER BY e.id DESC LIMIT ");
    sql_u64(sql, paging->filter->limit + 1);
    result = query_rows(paging, &rows);
    if (result != DB_OK)
        return result;
    list->rows =
        xreallocarray(list->rows, list->count + db_rows_count(rows) + 1,
                      sizeof(list->rows[0]));
    while ((cell = db_rows_next(rows)) != NULL)
        read_summary(cell, &list->rows[list->count++]);
    db_rows_free(rows);
    *count = list->count;
    return DB_OK;
}

/* What does not fit is the beginning of the next page. */
static void
cut_page(struct event_list *list, size_t limit)
{
    if (list->count <= limit)
        return;
    while (list->count > limit)
        event_row_free(&list->rows[--list->count]);
    list->next = limit == 0 ? 0 : list->rows[limit - 1].id;
}

static struct event_row *
find_row(const struct event_list *list, uint64_t id)
{
    size_t i;

    for (i = 0; i < list->count; i++) {
        if (list->rows[i].id == id)
            return &list->rows[i];
    }
    return NULL;
}

static void
add_ids(const struct event_list *list,
        void (*add)(struct buf *sql, const uint64_t *ids, size_t count),
        struct buf *sql)
{
    uint64_t *ids = xcalloc(list->count, sizeof(ids[0]));
    size_t i;

    for (i = 0; i < list->count; i++)
        ids[i] = list->rows[i].id;
    add(sql, ids, list->count);
    free(ids);
}

static enum db_result
count_done(struct paging *paging)
{
    struct buf *sql = &paging->sql;
    struct event_list *list = paging->list;
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    sql_raw(sql, "SELECT d.event_id, SUM(d.status = 'success'), "
                 "SUM(d.status = 'failed'), "
                 "SUM(d.status NOT IN ('success', 'failed')) FROM ");
    add_ids(list, sql_id_table, sql);
    sql_raw(sql, " x STRAIGHT_JOIN deliveries d FORCE INDEX (event) "
                 "ON d.event_id = x.id WHERE d.kind = 1 AND d.test = 0 "
                 "AND d.done_day >= ");
    delivery_row_day(sql, list->rows[list->count - 1].id);
    sql_raw(sql, " GROUP BY d.event_id");
    result = query_rows(paging, &rows);
    if (result != DB_OK)
        return result;
    while ((cell = db_rows_next(rows)) != NULL) {
        struct event_row *row = find_row(list, db_u64(cell[0], 0));

        if (row == NULL)
            continue;
        row->succeeded = db_u64(cell[1], 0);
        row->failed = db_u64(cell[2], 0);
        row->other = db_u64(cell[3], 0);
    }
    db_rows_free(rows);
    return DB_OK;
}

/* Jobs have no index on the event. They are younger than their event, so the
   jobs made since the oldest event of the page are walked, and no more than
   the budget allows. */
static enum db_result
count_live(struct paging *paging)
{
    struct buf *sql = &paging->sql;
    struct event_list *list = paging->list;
    uint64_t oldest = list->rows[list->count - 1].id;
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    sql_raw(sql, "SELECT id FROM jobs WHERE id > ");
    sql_u64(sql, oldest);
    sql_raw(sql, " ORDER BY id LIMIT 1 OFFSET ");
    sql_u64(sql, STORE_DELIVERY_BUDGET);
    result = query_rows(paging, &rows);
    if (result != DB_OK)
        return result;
    list->live_known = db_rows_count(rows) == 0;
    db_rows_free(rows);
    if (!list->live_known)
        return DB_OK;

    sql_raw(sql, "SELECT event_id, COUNT(*) FROM jobs WHERE kind = 1 "
                 "AND test = 0 AND id > ");
    sql_u64(sql, oldest);
    sql_raw(sql, " AND event_id IN (");
    add_ids(list, sql_u64_list, sql);
    sql_raw(sql, ") GROUP BY event_id");
    result = query_rows(paging, &rows);
    if (result != DB_OK)
        return result;
    while ((cell = db_rows_next(rows)) != NULL) {
        struct event_row *row = find_row(list, db_u64(cell[0], 0));

        if (row != NULL)
            row->live = db_u64(cell[1], 0);
    }
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_event_list(struct db *db, const struct event_filter *filter,
                 struct event_list *list)
{
    struct event_list found = {NULL, 0, 0, true};
    struct paging paging = {
        .db = db, .filter = filter, .list = &found, .sql = BUF_INIT(SQL_MAX)};
    struct store_window window = store_window_between(
        filter->before_id, filter->since_us, filter->until_us);
    enum db_result result = store_window_walk_events(
        db, filter->limit, read_window, &paging, window, &found.next);

    cut_page(&found, filter->limit);
    /* Live ones first: one that is finished meanwhile is then counted twice
       rather than not at all. */
    if (result == DB_OK && found.count > 0)
        result = count_live(&paging);
    if (result == DB_OK && found.count > 0)
        result = count_done(&paging);
    buf_free(&paging.sql);
    if (result != DB_OK)
        event_list_free(&found);
    else
        *list = found;
    return result;
}

void
event_list_free(struct event_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++)
        event_row_free(&list->rows[i]);
    free(list->rows);
    memset(list, 0, sizeof(*list));
}
