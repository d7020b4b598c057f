/*
 * store_health.c - see store_health.h.
 */
#include "store_health.h"

#include "id.h"
#include "lane.h"
#include "schema.h"
#include "sql.h"

#define SQL_MAX_BYTES (512 * 1024)
#define SOURCES_MAX 500 /* whose queues are counted */

static enum db_result
query_row(struct db *db, struct slice sql, struct db_rows **rows,
          const struct slice **row)
{
    enum db_result result = db_query(db, sql, rows);

    if (result != DB_OK)
        return result;
    *row = db_rows_next(*rows);
    return DB_OK;
}

/* Pollers wait in these lanes as well, one for each table. */
static void
add_lane(struct buf *sql, uint64_t lane)
{
    sql_raw(sql, " UNION ALL (SELECT 1 FROM jobs WHERE shard = ");
    sql_u64(sql, lane_shard(lane));
    sql_raw(sql, " AND lane = ");
    sql_u64(sql, lane);
    sql_raw(sql, " AND kind <> ");
    sql_u64(sql, JOB_POLL);
    sql_raw(sql, " LIMIT ");
    sql_u64(sql, HEALTH_QUEUE_CAP);
    sql_raw(sql, ")");
}

/* By lane, so that each count walks an index and stops at the cap: among
   millions of deliveries the few process jobs are found at once. */
static enum db_result
count_queue(struct db *db, uint64_t *queue_size)
{
    struct buf sql = BUF_INIT(SQL_MAX_BYTES);
    struct db_rows *rows = NULL, *counted = NULL;
    const struct slice *row;
    enum db_result result;
    uint32_t left = SOURCES_MAX;

    result = db_query(db, SLICE("SELECT id FROM sources ORDER BY id"), &rows);
    if (result != DB_OK)
        return result;
    sql_raw(&sql, "SELECT COUNT(*) FROM (SELECT 1 FROM (SELECT 1 WHERE FALSE");
    while (left-- > 0 && (row = db_rows_next(rows)) != NULL) {
        uint32_t id = (uint32_t)db_u64(row[0], 0);

        add_lane(&sql, lane_number(LANE_SOURCE, id));
        add_lane(&sql, lane_number(LANE_FETCH, id));
        add_lane(&sql, lane_number(LANE_WAIT, id));
    }
    sql_raw(&sql, ") j LIMIT ");
    sql_u64(&sql, HEALTH_QUEUE_CAP);
    sql_raw(&sql, ") x");
    db_rows_free(rows);
    result = query_row(db, buf_slice(&sql), &counted, &row);
    if (result == DB_OK) {
        *queue_size = row == NULL ? 0 : db_u64(row[0], 0);
        db_rows_free(counted);
    }
    buf_free(&sql);
    return result;
}

static enum db_result
read_totals(struct db *db, struct health *health)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result = query_row(db,
                                      SLICE("SELECT SUM(processed), SUM(failed)"
                                            " FROM rollup_sources"),
                                      &rows, &row);

    if (result != DB_OK)
        return result;
    health->processed = row == NULL ? 0 : db_u64(row[0], 0);
    health->failed = row == NULL ? 0 : db_u64(row[1], 0);
    db_rows_free(rows);
    return DB_OK;
}

static enum db_result
read_buckets(struct db *db, struct health *health)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    size_t i;
    enum db_result result = query_row(
        db,
        SLICE("SELECT SUM(b0), SUM(b1), SUM(b2), SUM(b3), SUM(b4), SUM(b5),"
              " SUM(b6), SUM(b7), SUM(b8), SUM(b9), SUM(b10), SUM(b11),"
              " SUM(b12), SUM(b13) FROM rollup_sources"
              " WHERE hour >= UTC_TIMESTAMP() - INTERVAL 25 HOUR"),
        &rows, &row);

    if (result != DB_OK)
        return result;
    for (i = 0; i < STATS_BUCKETS; i++)
        health->bucket[i] = row == NULL ? 0 : db_u64(row[i], 0);
    db_rows_free(rows);
    return DB_OK;
}

static enum db_result
read_last_event(struct db *db, struct health *health)
{
    struct buf sql = BUF_INIT(SQL_MAX_BYTES);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;
    uint64_t id;

    sql_raw(&sql, "SELECT MAX(id), (SELECT MAX(hour) FROM rollup_sources"
                  " WHERE hour > '1972-01-01')"
                  " FROM (SELECT id, source_id FROM events ORDER BY id DESC"
                  " LIMIT ");
    sql_u64(&sql, HEALTH_EVENTS_CAP);
    sql_raw(&sql, ") e WHERE source_id > 0");
    result = query_row(db, buf_slice(&sql), &rows, &row);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    id = row == NULL ? 0 : db_u64(row[0], 0);
    if (id != 0)
        health->last_event_us = id_time_us(id);
    else
        health->last_event_us = row == NULL ? 0 : db_time_us(row[1]);
    db_rows_free(rows);
    return DB_OK;
}

static enum db_result
read_worker(struct db *db, int lease_s, struct health *health)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    struct buf sql = BUF_INIT(SQL_MAX_BYTES);
    enum db_result result;

    /* A lease that is held was renewed lease_s before it ends; one that was
       given back (token 0) ended at that moment. */
    sql_raw(&sql, "SELECT TIMESTAMPDIFF(SECOND, MAX(IF(token = 0, lease_until,"
                  " lease_until - INTERVAL ");
    sql_i64(&sql, lease_s);
    sql_raw(&sql, " SECOND)), UTC_TIMESTAMP(6)), MAX(lease_until) >"
                  " UTC_TIMESTAMP(6), MAX(lease_until) > '1972-01-01'"
                  " FROM shards");
    result = query_row(db, buf_slice(&sql), &rows, &row);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    health->worker_alive = row != NULL && db_u64(row[1], 0) == 1;
    health->worker_seen_s = -1;
    if (row != NULL && db_u64(row[2], 0) == 1) {
        health->worker_seen_s = db_i64(row[0], 0);
        if (health->worker_seen_s < 0)
            health->worker_seen_s = 0; /* a lease_s of another length */
    }
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_health_read(struct db *db, int lease_s, struct health *health)
{
    struct health found = {.worker_seen_s = -1};
    struct schema_status schema;
    enum db_result result = schema_read_status(db, &schema);

    if (result == DB_OK)
        result = count_queue(db, &found.queue_size);
    if (result == DB_OK)
        result = read_totals(db, &found);
    if (result == DB_OK)
        result = read_buckets(db, &found);
    if (result == DB_OK)
        result = read_last_event(db, &found);
    if (result == DB_OK)
        result = read_worker(db, lease_s, &found);
    if (result != DB_OK)
        return result;
    found.schema = schema.applied;
    *health = found;
    return DB_OK;
}
