/*
 * store_delivery_list.c - pages of deliveries, live and finished, newest first.
 *
 * Live ones are in `jobs`, finished ones in `deliveries`; a UNION of both would
 * read all of them for every page. Ids are ordered by time in both tables, so a
 * page is read in windows of ids instead: find the id that lies some rows back,
 * read what matches above it from both tables, and take a larger window while
 * the page is not full. No statement looks at more rows than its window,
 * whatever the filter.
 */
#include "store_delivery.h"

#include "delivery_row.h"
#include "sql.h"
#include "store_delivery_window.h"

#include <stdlib.h>

#define SQL_MAX 16384     /* bytes of one statement */
#define WINDOW_FIRST 256  /* rows, and two for each row of the page */
#define WINDOW_GROWTH 8   /* each window is so much larger */
#define OWNERS_AFTER 2000 /* rows looked at before an application's own are */
#define NO_BOUND ((uint64_t)INT64_MAX)

/* Conditions that both tables have, under their own names. */
struct names {
    const char *id, *test, *application, *type, *code, *error_class;
};

static void
add_text(struct buf *sql, const char *column, struct slice value)
{
    if (value.ptr == NULL)
        return;
    sql_raw(sql, " AND ");
    sql_raw(sql, column);
    sql_raw(sql, " = ");
    sql_text(sql, value);
}

static void
add_number(struct buf *sql, const char *column, const char *operator,
           uint64_t value)
{
    sql_raw(sql, " AND ");
    sql_raw(sql, column);
    sql_raw(sql, operator);
    sql_u64(sql, value);
}

static void
add_conditions(const struct delivery_paging *paging, const struct names *names,
               uint64_t floor, struct buf *sql)
{
    const struct delivery_filter *filter = paging->filter;

    add_number(sql, names->id, " >= ", floor);
    add_number(sql, names->id, " < ", paging->top);
    add_number(sql, names->test, " = ", 0);
    if (filter->application_id != 0)
        add_number(sql, names->application, " = ", filter->application_id);
    add_text(sql, names->type, filter->event_type);
    if (filter->error_class.ptr != NULL) {
        /* As bytes: the column is ASCII, what is looked for may not be. */
        sql_raw(sql, " AND ");
        sql_raw(sql, names->error_class);
        sql_raw(sql, " = ");
        sql_bytes(sql, filter->error_class);
    }
    if (filter->code_min != 0) {
        add_number(sql, names->code, " >= ", filter->code_min);
        add_number(sql, names->code, " <= ", filter->code_max);
    }
}

static enum db_result
finish_query(struct delivery_paging *paging, const char *id)
{
    struct buf *sql = &paging->sql;
    enum db_result result;

    sql_raw(sql, " ORDER BY ");
    sql_raw(sql, id);
    sql_raw(sql, " DESC LIMIT ");
    sql_u64(sql, paging->filter->limit + 1);
    result = delivery_row_query(paging->db, sql, paging->list);
    buf_clear(sql);
    return result;
}

static enum db_result
read_live(struct delivery_paging *paging, uint64_t floor)
{
    static const struct names names = {"j.id",
                                       "j.test",
                                       "s.application_id",
                                       "COALESCE(e.type, k.type)",
                                       "a.response_code",
                                       "a.error_class"};
    struct buf *sql = &paging->sql;

    delivery_row_select_live(sql, floor);
    if (paging->filter->subscription_id != 0)
        store_delivery_window_add_lane(sql, "j.lane", "j.shard",
                                       paging->filter->subscription_id);
    add_conditions(paging, &names, floor, sql);
    if ((paging->statuses & (1u << DELIVERY_PENDING)) == 0)
        sql_raw(sql, " AND j.attempts > 0");
    if ((paging->statuses & (1u << DELIVERY_RETRYING)) == 0)
        sql_raw(sql, " AND j.attempts = 0");
    return finish_query(paging, "j.id");
}

static void
add_statuses(struct buf *sql, unsigned statuses)
{
    const char *separator = " AND d.status IN (";
    unsigned i;

    if ((statuses | DELIVERY_LIVE) == DELIVERY_ALL)
        return;
    for (i = 0; i < DELIVERY_STATUSES; i++) {
        if ((statuses & ~DELIVERY_LIVE & (1u << i)) == 0)
            continue;
        sql_raw(sql, separator);
        sql_text(sql, slice_of(delivery_status_name((enum delivery_status)i)));
        separator = ", ";
    }
    sql_raw(sql, ")");
}

static enum db_result
read_done(struct delivery_paging *paging, uint64_t floor)
{
    static const struct names names = {
        "d.id",         "d.test",          "d.application_id",
        "d.event_type", "d.response_code", "d.error_class"};
    struct buf *sql = &paging->sql;

    if (paging->owner_count == 0) {
        delivery_row_select_done(sql, "FORCE INDEX (PRIMARY)");
    } else {
        delivery_row_select_done(sql, "FORCE INDEX (owner)");
        sql_raw(sql, " AND d.owner_id IN (");
        sql_u64_list(sql, paging->owner, paging->owner_count);
        sql_raw(sql, ")");
    }
    add_conditions(paging, &names, floor, sql);
    sql_raw(sql, " AND d.done_day >= ");
    delivery_row_day(sql, floor);
    add_statuses(sql, paging->statuses);
    return finish_query(paging, "d.id");
}

/* Live ones first: a job that is finished meanwhile is then met twice, and not
   overlooked. */
static enum db_result
read_window(struct delivery_paging *paging, uint64_t floor)
{
    enum db_result result = DB_OK;

    if (store_delivery_window_wants_live(paging))
        result = read_live(paging, floor);
    if (result == DB_OK && store_delivery_window_wants_done(paging))
        result = read_done(paging, floor);
    if (result == DB_OK)
        delivery_row_sort(paging->list);
    return result;
}

static void
cut_page(struct delivery_list *list, size_t limit)
{
    while (list->count > limit)
        delivery_free(&list->rows[--list->count]);
    list->next = limit == 0 ? 0 : list->rows[limit - 1].id;
}

static enum db_result
read_page(struct delivery_paging *paging)
{
    size_t limit = paging->filter->limit;
    uint64_t window = WINDOW_FIRST + 2 * limit, looked_at = 0, floor;
    enum db_result result = store_delivery_window_find_lane(paging);

    if (paging->filter->subscription_id != 0)
        paging->owner[paging->owner_count++] = paging->filter->subscription_id;
    while (result == DB_OK && paging->top > paging->low) {
        result = store_delivery_window_find_floor(paging, window, &floor);
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
        if (looked_at >= STORE_DELIVERY_BUDGET) {
            paging->list->next = floor;
            return DB_OK;
        }
        window *= WINDOW_GROWTH;
        if (window > STORE_DELIVERY_BUDGET - looked_at)
            window = STORE_DELIVERY_BUDGET - looked_at;
        if (looked_at > OWNERS_AFTER && paging->owner_count == 0 &&
            paging->filter->application_id != 0)
            result = store_delivery_window_find_owners(paging);
        if (result == DB_NONE)
            return DB_OK;
    }
    return result;
}

enum db_result
store_delivery_list(struct db *db, const struct delivery_filter *filter,
                    struct delivery_list *list)
{
    struct delivery_list found = {NULL, 0, 0};
    struct delivery_paging paging = {.db = db,
                                     .filter = filter,
                                     .statuses = filter->statuses,
                                     .top = NO_BOUND,
                                     .list = &found,
                                     .sql = BUF_INIT(SQL_MAX)};
    enum db_result result;

    if (paging.statuses == 0)
        paging.statuses = DELIVERY_ALL;
    if (filter->before_id != 0)
        paging.top = filter->before_id;
    if (filter->until_us != 0 && id_floor(filter->until_us) < paging.top)
        paging.top = id_floor(filter->until_us);
    if (filter->since_us != 0)
        paging.low = id_floor(filter->since_us);
    result = read_page(&paging);
    buf_free(&paging.sql);
    if (result != DB_OK)
        delivery_list_free(&found);
    else
        *list = found;
    return result;
}
