/*
 * replay_look.c - what a step of a replay reads about deliveries and jobs.
 */
#include "replay_look.h"

#include "alloc.h"
#include "delivery_row.h"
#include "lane.h"
#include "sql.h"
#include "store_delivery_window.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SQL_MAX 32768

#define OUTCOME_COLUMNS                                                        \
    "d.event_id,d.status,d.response_code,d.event_type,d.error_class,d.kind,"   \
    "d.test"
#define DELIVERY_COLUMNS "d.id," OUTCOME_COLUMNS

static void
read_delivery(const struct slice *cell, struct replay_delivery *delivery)
{
    *delivery = (struct replay_delivery){
        .id = db_u64(cell[0], 0),
        .event_id = db_u64(cell[1], 0),
        .code = (uint32_t)db_u64(cell[3], 0),
        .type = cell[4],
        .class = cell[5],
    };
    if (!delivery_status_from_name(cell[2], &delivery->status))
        delivery->status = DELIVERY_SKIPPED;
}

static enum db_result
read_deliveries(struct db *db, const struct buf *sql,
                struct replay_deliveries *found)
{
    const struct slice *cell;
    enum db_result result;

    *found = (struct replay_deliveries){.rows = NULL};
    assert(buf_ok(sql));
    result = db_query(db, buf_slice(sql), &found->rows);
    if (result != DB_OK)
        return result;
    found->list =
        xcalloc(db_rows_count(found->rows) + 1, sizeof(found->list[0]));
    while ((cell = db_rows_next(found->rows)) != NULL) {
        found->last = db_u64(cell[0], 0);
        /* A source may have the same number. */
        if (db_u64(cell[6], 0) == JOB_DELIVER && db_u64(cell[7], 0) == 0)
            read_delivery(cell, &found->list[found->count++]);
    }
    return DB_OK;
}

void
replay_deliveries_free(struct replay_deliveries *found)
{
    if (found->rows != NULL)
        db_rows_free(found->rows);
    free(found->list);
    *found = (struct replay_deliveries){.rows = NULL};
}

/* Conditions that an index does not have are not asked for here: the LIMIT
   would be looked for among all rows. */
enum db_result
replay_look_deliveries(struct db *db, uint32_t subscription_id,
                       const struct replay_range *range,
                       struct replay_deliveries *found)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, "SELECT " DELIVERY_COLUMNS " FROM deliveries d "
                  "FORCE INDEX (owner) WHERE d.owner_id = ");
    sql_u64(&sql, subscription_id);
    sql_raw(&sql, " AND d.id > ");
    sql_u64(&sql, range->after);
    sql_raw(&sql, " AND d.id < ");
    sql_u64(&sql, range->before);
    sql_raw(&sql, " AND d.done_day >= ");
    delivery_row_day(&sql, range->after);
    sql_raw(&sql, " ORDER BY d.id LIMIT ");
    sql_u64(&sql, range->limit);
    result = read_deliveries(db, &sql, found);
    buf_free(&sql);
    if (result == DB_OK)
        found->end = db_rows_count(found->rows) < range->limit;
    return result;
}

static uint64_t
least(const uint64_t *ids, size_t count)
{
    uint64_t low = ids[0];
    size_t i;

    for (i = 1; i < count; i++)
        low = ids[i] < low ? ids[i] : low;
    return low;
}

enum db_result
replay_look_siblings(struct db *db, uint32_t subscription_id, uint64_t before,
                     const uint64_t *event_ids, size_t count,
                     struct replay_deliveries *found)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    *found = (struct replay_deliveries){.rows = NULL};
    if (count == 0)
        return DB_OK;
    sql_raw(&sql, "SELECT MAX(d.id)," OUTCOME_COLUMNS " FROM ");
    sql_id_table(&sql, event_ids, count);
    sql_raw(&sql, " x STRAIGHT_JOIN deliveries d FORCE INDEX (event) "
                  "ON d.event_id = x.id AND d.owner_id = ");
    sql_u64(&sql, subscription_id);
    sql_raw(&sql, " WHERE d.done_day >= ");
    delivery_row_day(&sql, least(event_ids, count));
    sql_raw(&sql, " GROUP BY " OUTCOME_COLUMNS ",d.id<");
    sql_u64(&sql, before);
    sql_raw(&sql, " ORDER BY NULL");
    result = read_deliveries(db, &sql, found);
    buf_free(&sql);
    return result;
}

/* --- what waits already ------------------------------------------------------ */

static int
compare_ids(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;

    return *a < *b ? -1 : *a > *b;
}

/* Who is served by a fan-out has no job of his own yet. */
static void
add_waiting(struct buf *sql, uint32_t application_id, uint32_t subscription_id)
{
    uint64_t fanout = lane_number(LANE_FANOUT, application_id);

    sql_raw(sql, "(SELECT event_id FROM jobs FORCE INDEX (due) WHERE 1");
    store_delivery_window_add_lane(sql, "lane", "shard", subscription_id);
    sql_raw(sql, " LIMIT ");
    sql_u64(sql, REPLAY_BACKLOG + 1);
    sql_raw(sql, ") UNION ALL (SELECT event_id FROM jobs FORCE INDEX (due) "
                 "WHERE shard = ");
    sql_u64(sql, lane_shard(fanout));
    sql_raw(sql, " AND lane = ");
    sql_u64(sql, fanout);
    sql_raw(sql, " LIMIT ");
    sql_u64(sql, REPLAY_BACKLOG + 1);
    sql_raw(sql, ")");
}

enum db_result
replay_look_waiting(struct db *db, uint32_t application_id,
                    uint32_t subscription_id, struct replay_waiting *waiting)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    add_waiting(&sql, application_id, subscription_id);
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    *waiting = (struct replay_waiting){
        .event_ids = xcalloc(db_rows_count(rows) + 1, sizeof(uint64_t)),
        .busy = db_rows_count(rows) > REPLAY_BACKLOG,
    };
    while ((row = db_rows_next(rows)) != NULL)
        waiting->event_ids[waiting->count++] = db_u64(row[0], 0);
    db_rows_free(rows);
    qsort(waiting->event_ids, waiting->count, sizeof(uint64_t), compare_ids);
    return DB_OK;
}

bool
replay_is_waiting(const struct replay_waiting *waiting, uint64_t event_id)
{
    return waiting->count > 0 &&
           bsearch(&event_id, waiting->event_ids, waiting->count,
                   sizeof(uint64_t), compare_ids) != NULL;
}

void
replay_waiting_free(struct replay_waiting *waiting)
{
    free(waiting->event_ids);
    memset(waiting, 0, sizeof(*waiting));
}

/* --- subscriptions ----------------------------------------------------------- */

enum db_result
replay_look_subscription(struct db *db, uint32_t application_id, uint32_t after,
                         uint32_t *id)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(&sql, "SELECT id FROM subscriptions FORCE INDEX (application) "
                  "WHERE application_id = ");
    sql_u64(&sql, application_id);
    sql_raw(&sql, " AND id > ");
    sql_u64(&sql, after);
    sql_raw(&sql, " AND deleted_at IS NULL AND adhoc = 0 ORDER BY id LIMIT 1");
    result = db_query_row(db, buf_slice(&sql), &rows, &row);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    *id = (uint32_t)db_u64(row[0], 0);
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
replay_look_alone(struct db *db, uint32_t subscription_id)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    enum db_result result;

    sql_raw(&sql, "SELECT id FROM subscriptions WHERE id = ");
    sql_u64(&sql, subscription_id);
    sql_raw(&sql, " FOR UPDATE");
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result == DB_OK)
        db_rows_free(rows);
    return result;
}
