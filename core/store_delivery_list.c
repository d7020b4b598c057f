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
#include "lane.h"
#include "sql.h"

#include <stdlib.h>

#define SQL_MAX 16384    /* bytes of one statement */
#define WINDOW_FIRST 256 /* rows */
#define WINDOW_GROWTH 8  /* each window is so much larger */
#define SMALL_LANE 2000  /* jobs that are sorted rather than searched for */
#define NO_BOUND ((uint64_t)INT64_MAX)

#define LIVE_STATUSES ((1u << DELIVERY_PENDING) | (1u << DELIVERY_RETRYING))
#define ALL_STATUSES ((1u << DELIVERY_STATUSES) - 1)

struct paging {
    struct db *db;
    const struct delivery_filter *filter;
    unsigned statuses;
    bool small_lane; /* the subscription's jobs are few: by their own index */
    uint64_t low;    /* ids from here on ... */
    uint64_t top;    /* ... and below this one */
    struct delivery_list *list;
    struct buf sql;
};

static bool
wants_live(const struct paging *paging)
{
    return (paging->statuses & LIVE_STATUSES) != 0;
}

static bool
wants_done(const struct paging *paging)
{
    return (paging->statuses & ~LIVE_STATUSES) != 0;
}

/* The number that the statement in paging->sql gives; 0 for no row. */
static enum db_result
query_number(struct paging *paging, uint64_t *number)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result =
        db_query(paging->db, buf_slice(&paging->sql), &rows);

    buf_clear(&paging->sql);
    if (result != DB_OK)
        return result;
    row = db_rows_next(rows);
    *number = row == NULL ? 0 : db_u64(row[0], 0);
    db_rows_free(rows);
    return DB_OK;
}

static void
add_lane(struct buf *sql, const char *lane_column, const char *shard_column,
         uint32_t subscription_id)
{
    uint64_t lane = lane_number(LANE_SUBSCRIPTION, subscription_id);

    sql_raw(sql, " AND ");
    sql_raw(sql, shard_column);
    sql_raw(sql, " = ");
    sql_u64(sql, lane_shard(lane));
    sql_raw(sql, " AND ");
    sql_raw(sql, lane_column);
    sql_raw(sql, " = ");
    sql_u64(sql, lane);
}

static enum db_result
find_small_lane(struct paging *paging)
{
    uint64_t count = 0;
    enum db_result result;

    if (paging->filter->subscription_id == 0 || !wants_live(paging))
        return DB_OK;
    sql_raw(&paging->sql, "SELECT COUNT(*) FROM (SELECT 1 FROM jobs "
                          "FORCE INDEX (due) WHERE 1");
    add_lane(&paging->sql, "lane", "shard", paging->filter->subscription_id);
    sql_raw(&paging->sql, " LIMIT ");
    sql_u64(&paging->sql, SMALL_LANE + 1);
    sql_raw(&paging->sql, ") x");
    result = query_number(paging, &count);
    paging->small_lane = count <= SMALL_LANE;
    return result;
}

/* Raises *floor to the id that lies `window` rows below the top. */
static enum db_result
raise_floor(struct paging *paging, const char *table, const char *index,
            const char *condition, uint64_t window, uint64_t *floor)
{
    struct buf *sql = &paging->sql;
    uint64_t id = 0;
    enum db_result result;

    sql_raw(sql, "SELECT id FROM ");
    sql_raw(sql, table);
    sql_raw(sql, " FORCE INDEX (");
    sql_raw(sql, index);
    sql_raw(sql, ") WHERE id >= ");
    sql_u64(sql, paging->low);
    sql_raw(sql, " AND id < ");
    sql_u64(sql, paging->top);
    sql_raw(sql, condition);
    sql_raw(sql, " ORDER BY id DESC LIMIT 1 OFFSET ");
    sql_u64(sql, window);
    result = query_number(paging, &id);
    if (result == DB_OK && id > *floor)
        *floor = id;
    return result;
}

static enum db_result
find_floor(struct paging *paging, uint64_t window, uint64_t *floor)
{
    struct buf owner = BUF_INIT(64);
    enum db_result result = DB_OK;

    *floor = paging->low;
    if (wants_live(paging) && !paging->small_lane)
        result = raise_floor(paging, "jobs", "PRIMARY", "", window, floor);
    if (result == DB_OK && wants_done(paging)) {
        bool owned = paging->filter->subscription_id != 0;

        if (owned) {
            sql_raw(&owner, " AND owner_id = ");
            sql_u64(&owner, paging->filter->subscription_id);
        }
        result = raise_floor(paging, "deliveries", owned ? "owner" : "PRIMARY",
                             owned ? owner.data : "", window, floor);
    }
    buf_free(&owner);
    return result;
}

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
add_conditions(const struct paging *paging, const struct names *names,
               uint64_t floor, struct buf *sql)
{
    const struct delivery_filter *filter = paging->filter;

    add_number(sql, names->id, " >= ", floor);
    add_number(sql, names->id, " < ", paging->top);
    add_number(sql, names->test, " = ", 0);
    if (filter->application_id != 0)
        add_number(sql, names->application, " = ", filter->application_id);
    add_text(sql, names->type, filter->event_type);
    add_text(sql, names->error_class, filter->error_class);
    if (filter->code_min != 0) {
        add_number(sql, names->code, " >= ", filter->code_min);
        add_number(sql, names->code, " <= ", filter->code_max);
    }
}

static enum db_result
finish_query(struct paging *paging, const char *id)
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
read_live(struct paging *paging, uint64_t floor)
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
        add_lane(sql, "j.lane", "j.shard", paging->filter->subscription_id);
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

    if ((statuses | LIVE_STATUSES) == ALL_STATUSES)
        return;
    for (i = 0; i < DELIVERY_STATUSES; i++) {
        if ((statuses & ~LIVE_STATUSES & (1u << i)) == 0)
            continue;
        sql_raw(sql, separator);
        sql_text(sql, slice_of(delivery_status_name((enum delivery_status)i)));
        separator = ", ";
    }
    sql_raw(sql, ")");
}

static enum db_result
read_done(struct paging *paging, uint64_t floor)
{
    static const struct names names = {
        "d.id",         "d.test",          "d.application_id",
        "d.event_type", "d.response_code", "d.error_class"};
    struct buf *sql = &paging->sql;
    bool owned = paging->filter->subscription_id != 0;

    delivery_row_select_done(sql, owned ? "FORCE INDEX (owner)"
                                        : "FORCE INDEX (PRIMARY)");
    if (owned)
        add_number(sql, "d.owner_id", " = ", paging->filter->subscription_id);
    add_conditions(paging, &names, floor, sql);
    sql_raw(sql, " AND d.done_day >= ");
    delivery_row_day(sql, floor);
    add_statuses(sql, paging->statuses);
    return finish_query(paging, "d.id");
}

/* Live ones first: a job that is finished meanwhile is then met twice, and not
   overlooked. */
static enum db_result
read_window(struct paging *paging, uint64_t floor)
{
    enum db_result result = DB_OK;

    if (wants_live(paging))
        result = read_live(paging, floor);
    if (result == DB_OK && wants_done(paging))
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
read_page(struct paging *paging)
{
    size_t limit = paging->filter->limit;
    uint64_t window = WINDOW_FIRST, looked_at = 0, floor;
    enum db_result result = find_small_lane(paging);

    while (result == DB_OK && paging->top > paging->low) {
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
        window *= WINDOW_GROWTH;
        if (looked_at + window > STORE_DELIVERY_BUDGET) {
            paging->list->next = floor;
            return DB_OK;
        }
    }
    return result;
}

enum db_result
store_delivery_list(struct db *db, const struct delivery_filter *filter,
                    struct delivery_list *list)
{
    struct delivery_list found = {NULL, 0, 0};
    struct paging paging = {.db = db,
                            .filter = filter,
                            .statuses = filter->statuses,
                            .top = NO_BOUND,
                            .list = &found,
                            .sql = BUF_INIT(SQL_MAX)};
    enum db_result result;

    if (paging.statuses == 0)
        paging.statuses = ALL_STATUSES;
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
