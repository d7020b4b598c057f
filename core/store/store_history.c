/*
 * store_history.c - events that were accepted, with what became of them.
 *
 * Pages are read in windows of ids, as store_delivery_list.c does and explains.
 */
#include "store_history.h"

#include "alloc.h"
#include "delivery_row.h"
#include "id.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define SQL_MAX 65536       /* bytes of one statement */
#define WINDOW_FIRST 256    /* rows */
#define WINDOW_GROWTH 4     /* each window is so much larger */
#define EVENTS_BUDGET 20000 /* rows looked at for one page; they are wide */
#define NO_BOUND ((uint64_t)INT64_MAX)

struct paging {
    struct db *db;
    const struct event_filter *filter;
    uint64_t low, top; /* ids from low on, below top */
    struct event_list *list;
    struct buf sql;
};

/* Cells of a summary, in order; `data` and metadata follow where asked for. */
#define SUMMARY "SELECT e.id, e.application_id, e.type, s.name, e.verified"

static void
read_summary(const struct slice *cell, struct event_row *row)
{
    memset(row, 0, sizeof(*row));
    row->id = db_u64(cell[0], 0);
    row->application_id = (uint32_t)db_u64(cell[1], 0);
    row->type = xstrndup(cell[2].ptr, cell[2].len);
    row->source = slice_text(cell[3]);
    row->verified = db_u64(cell[4], 0) != 0;
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
    result = query_rows(paging, &rows);
    if (result != DB_OK)
        return result;
    row = db_rows_next(rows);
    *floor = row == NULL ? paging->low : db_u64(row[0], paging->low);
    db_rows_free(rows);
    return DB_OK;
}

static void
add_conditions(struct paging *paging, uint64_t floor)
{
    const struct event_filter *filter = paging->filter;
    struct buf *sql = &paging->sql;

    sql_raw(sql, " WHERE e.test = 0 AND e.id >= ");
    sql_u64(sql, floor);
    sql_raw(sql, " AND e.id < ");
    sql_u64(sql, paging->top);
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
read_window(struct paging *paging, uint64_t floor)
{
    struct buf *sql = &paging->sql;
    struct event_list *list = paging->list;
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    sql_raw(sql, SUMMARY " FROM events e "
                         "LEFT JOIN sources s ON s.id = e.source_id");
    add_conditions(paging, floor);
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
    return DB_OK;
}

static void
cut_page(struct event_list *list, size_t limit)
{
    while (list->count > limit)
        event_row_free(&list->rows[--list->count]);
    list->next = limit == 0 ? 0 : list->rows[limit - 1].id;
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
