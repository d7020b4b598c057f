/*
 * store_delivery_list.c - pages of deliveries, live and finished, newest first.
 *
 * Live ones are in `jobs`, finished ones in `deliveries`; a UNION of both would
 * read all of them for every page. Each window of ids (store_window.h) is read
 * from both tables instead.
 */
#include "store_delivery.h"

#include "delivery_row.h"
#include "sql.h"
#include "store_delivery_window.h"

#define SQL_MAX 16384    /* bytes of one statement */
#define WINDOW_FIRST 256 /* rows, and two for each row of the page */
#define WINDOW_GROWTH 8  /* each window is so much larger */

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
               const struct store_window *window, struct buf *sql)
{
    const struct delivery_filter *filter = paging->filter;

    add_number(sql, names->id, " >= ", window->low);
    add_number(sql, names->id, " < ", window->top);
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
read_live(struct delivery_paging *paging, const struct store_window *window)
{
    static const struct names names = {"j.id",
                                       "j.test",
                                       "s.application_id",
                                       "COALESCE(e.type, k.type)",
                                       "a.response_code",
                                       "a.error_class"};
    struct buf *sql = &paging->sql;
    uint64_t oldest_id = 0;
    enum db_result result =
        store_delivery_window_find_oldest(paging, window, &oldest_id);

    if (result != DB_OK)
        return result;
    delivery_row_select_live(sql, oldest_id,
                             paging->filter->event_type.ptr != NULL);
    if (paging->filter->subscription_id != 0)
        store_delivery_window_add_lane(sql, "j.lane", "j.shard",
                                       paging->filter->subscription_id);
    add_conditions(paging, &names, window, sql);
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
read_done(struct delivery_paging *paging, const struct store_window *window)
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
    add_conditions(paging, &names, window, sql);
    sql_raw(sql, " AND d.done_day >= ");
    delivery_row_day(sql, window->low);
    add_statuses(sql, paging->statuses);
    return finish_query(paging, "d.id");
}

/* Live ones first: a job that is finished meanwhile is then met twice, and not
   overlooked. */
static enum db_result
read_window(void *arg, const struct store_window *window, size_t *count)
{
    struct delivery_paging *paging = arg;
    enum db_result result = DB_OK;

    if (store_delivery_window_wants_live(paging))
        result = read_live(paging, window);
    if (result == DB_OK && store_delivery_window_wants_done(paging))
        result = read_done(paging, window);
    if (result == DB_OK)
        delivery_row_sort(paging->list);
    *count = paging->list->count;
    return result;
}

/* What does not fit is the beginning of the next page. */
static void
cut_page(struct delivery_list *list, size_t limit)
{
    if (list->count <= limit)
        return;
    while (list->count > limit)
        delivery_free(&list->rows[--list->count]);
    list->next = limit == 0 ? 0 : list->rows[limit - 1].id;
}

enum db_result
store_delivery_list(struct db *db, const struct delivery_filter *filter,
                    struct delivery_list *list)
{
    const struct store_window_plan plan = {
        .limit = filter->limit,
        .first = WINDOW_FIRST + 2 * filter->limit,
        .growth = WINDOW_GROWTH,
        .budget = STORE_DELIVERY_BUDGET,
        .find_floor = store_delivery_window_find_floor,
        .read = read_window,
    };
    struct delivery_list found = {NULL, 0, 0};
    struct delivery_paging paging = {.db = db,
                                     .filter = filter,
                                     .statuses = filter->statuses,
                                     .list = &found,
                                     .sql = BUF_INIT(SQL_MAX)};
    struct store_window window = store_window_between(
        filter->before_id, filter->since_us, filter->until_us);
    enum db_result result;

    if (paging.statuses == 0)
        paging.statuses = DELIVERY_ALL;
    if (filter->subscription_id != 0)
        paging.owner[paging.owner_count++] = filter->subscription_id;
    result = store_delivery_window_find_lane(&paging);
    if (result == DB_OK)
        result = store_window_walk(&plan, &paging, window, &found.next);
    cut_page(&found, filter->limit);
    buf_free(&paging.sql);
    if (result != DB_OK)
        delivery_list_free(&found);
    else
        *list = found;
    return result;
}
