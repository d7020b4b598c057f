/*
 * store_stats.c - how deliveries went, from the hourly counters.
 */
#include "store_stats.h"

#include "member.h"
#include "sql.h"

#include <string.h>

#define SQL_MAX 4096 /* bytes of one statement */
#define STR(x) #x
#define XSTR(x) STR(x)

/* The cells that read_counters() takes. */
static const char counters[] =
    "SELECT SUM(r.attempts), SUM(r.attempts_failed), SUM(r.successful), "
    "SUM(r.failed), SUM(r.duration_ms), SUM(r.b0), SUM(r.b1), SUM(r.b2), "
    "SUM(r.b3), SUM(r.b4), SUM(r.b5), SUM(r.b6), SUM(r.b7), SUM(r.b8), "
    "SUM(r.b9), SUM(r.b10), SUM(r.b11), SUM(r.b12), SUM(r.b13), "
    "SUM(r.filtered) "
    "FROM rollup_subscriptions r";

static void
read_counters(const struct slice *cell, struct subscription_stats *stats)
{
    size_t i;

    stats->attempts = db_u64(cell[0], 0);
    stats->attempts_failed = db_u64(cell[1], 0);
    stats->succeeded = db_u64(cell[2], 0);
    stats->failed = db_u64(cell[3], 0);
    stats->duration_ms = db_u64(cell[4], 0);
    for (i = 0; i < STATS_BUCKETS; i++)
        stats->bucket[i] = db_u64(cell[5 + i], 0);
    stats->filtered = db_u64(cell[5 + STATS_BUCKETS], 0);
}

/* The one row of the statement. */
static enum db_result
query_counters(struct db *db, struct buf *sql, struct subscription_stats *stats)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result = db_query(db, buf_slice(sql), &rows);

    buf_clear(sql);
    if (result != DB_OK)
        return result;
    row = db_rows_next(rows);
    if (row == NULL)
        result = DB_BROKEN;
    else
        read_counters(row, stats);
    db_rows_free(rows);
    return result;
}

enum db_result
store_stats_subscription(struct db *db, uint32_t id,
                         struct subscription_stats *stats)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, counters);
    sql_raw(&sql, " WHERE r.subscription_id = ");
    sql_u64(&sql, id);
    result = query_counters(db, &sql, stats);
    buf_free(&sql);
    return result;
}

/* The cells of the statement's one row as numbers. */
static enum db_result
query_numbers(struct db *db, struct buf *sql, uint64_t *numbers, size_t count)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result = db_query(db, buf_slice(sql), &rows);
    size_t i;

    buf_clear(sql);
    if (result != DB_OK)
        return result;
    row = db_rows_next(rows);
    if (row == NULL)
        result = DB_BROKEN;
    for (i = 0; row != NULL && i < count; i++)
        numbers[i] = db_u64(row[i], 0);
    db_rows_free(rows);
    return result;
}

static void
add_owner(struct buf *sql, uint32_t application_id)
{
    if (application_id == 0)
        return;
    sql_raw(sql, " AND s.application_id = ");
    sql_u64(sql, application_id);
}

static enum db_result
count_webhooks(struct db *db, uint32_t application_id, struct buf *sql,
               struct overview_stats *stats)
{
    uint64_t numbers[2] = {0, 0};
    enum db_result result;

    sql_raw(sql, "SELECT SUM(s.active = 1 AND s.disabled_at IS NULL), COUNT(*) "
                 "FROM subscriptions s "
                 "WHERE s.deleted_at IS NULL AND s.adhoc = 0");
    add_owner(sql, application_id);
    result = query_numbers(db, sql, numbers, 2);
    stats->webhooks_active = numbers[0];
    stats->webhooks_total = numbers[1];
    return result;
}

enum db_result
store_stats_held(struct db *db, struct held_webhooks *held)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    uint64_t numbers[3] = {0, 0, 0};
    enum db_result result;

    sql_raw(&sql,
            "SELECT SUM(s.disabled_at IS NULL AND s.active = 1 AND "
            "s.paused = 0 AND l.breaker IN ('open', 'half_open')), "
            "SUM(s.disabled_at IS NULL AND s.active = 1 AND s.paused = 1), "
            "SUM(s.disabled_at IS NOT NULL) FROM subscriptions s "
            "LEFT JOIN lane_state l ON l.lane = s.id << 32 "
            "WHERE s.deleted_at IS NULL AND s.adhoc = 0");
    result = query_numbers(db, &sql, numbers, 3);
    *held = (struct held_webhooks){numbers[0], numbers[1], numbers[2]};
    buf_free(&sql);
    return result;
}

static enum db_result
count_day(struct db *db, uint32_t application_id, struct buf *sql,
          struct overview_stats *stats)
{
    sql_raw(sql, counters);
    if (application_id != 0)
        sql_raw(sql, " JOIN subscriptions s ON s.id = r.subscription_id");
    sql_raw(sql, " WHERE r.hour >= DATE_FORMAT(UTC_TIMESTAMP() - "
                 "INTERVAL 24 HOUR, '%Y-%m-%d %H:00:00')");
    add_owner(sql, application_id);
    return query_counters(db, sql, &stats->day);
}

/* Bounded: with very many jobs the exact number is worth less than an answer.
   Whether the bound was reached the jobs of everybody say. */
static enum db_result
count_queue(struct db *db, uint32_t application_id, struct buf *sql,
            struct overview_stats *stats)
{
    uint64_t numbers[3] = {0, 0, 0};
    enum db_result result;

    sql_raw(sql, application_id == 0
                     ? "SELECT SUM(x.attempts = 0), SUM(x.attempts > 0), "
                     : "SELECT SUM(x.attempts = 0 AND s.id IS NOT NULL), "
                       "SUM(x.attempts > 0 AND s.id IS NOT NULL), ");
    sql_raw(sql, "COUNT(*) FROM (SELECT attempts, lane FROM jobs "
                 "WHERE kind = 1 AND test = 0 "
                 "LIMIT " XSTR(STATS_QUEUE_CAP) ") x");
    if (application_id != 0)
        sql_raw(sql, " LEFT JOIN subscriptions s ON s.id = x.lane >> 32");
    add_owner(sql, application_id);
    result = query_numbers(db, sql, numbers, 3);
    stats->queue_pending = numbers[0];
    stats->queue_retrying = numbers[1];
    stats->queue_capped = numbers[2] >= STATS_QUEUE_CAP;
    return result;
}

enum db_result
store_stats_overview(struct db *db, uint32_t application_id,
                     struct overview_stats *stats)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct overview_stats read;
    enum db_result result;

    memset(&read, 0, sizeof(read));
    result = count_webhooks(db, application_id, &sql, &read);
    if (result == DB_OK)
        result = count_day(db, application_id, &sql, &read);
    if (result == DB_OK)
        result = count_queue(db, application_id, &sql, &read);
    if (result == DB_OK)
        *stats = read;
    buf_free(&sql);
    return result;
}

double
stats_percentile(const uint64_t bucket[STATS_BUCKETS], double share)
{
    uint64_t total = 0, below = 0;
    double rank, low = 0.0;
    size_t i;

    for (i = 0; i < STATS_BUCKETS; i++)
        total += bucket[i];
    if (total == 0)
        return 0.0;
    rank = share * (double)total;
    for (i = 0; i < STATS_BUCKETS - 1; i++) {
        double bound = (double)rollup_bucket_ms[i];

        if (bucket[i] > 0 && (double)(below + bucket[i]) >= rank)
            return low +
                   (bound - low) * (rank - (double)below) / (double)bucket[i];
        below += bucket[i];
        low = bound;
    }
    return low;
}

static double
average_ms(const struct subscription_stats *stats)
{
    if (stats->attempts == 0)
        return 0.0;
    return (double)stats->duration_ms / (double)stats->attempts;
}

void
subscription_stats_print(const struct subscription_stats *stats,
                         struct buf *out)
{
    buf_add_char(out, '{');
    member_u64(out, "total_attempts", stats->attempts);
    member_u64(out, "successful", stats->attempts - stats->attempts_failed);
    member_u64(out, "failed", stats->attempts_failed);
    member_real(out, "avg_duration_ms", average_ms(stats));
    member_real(out, "p50_ms", stats_percentile(stats->bucket, 0.50));
    member_real(out, "p95_ms", stats_percentile(stats->bucket, 0.95));
    member_real(out, "p99_ms", stats_percentile(stats->bucket, 0.99));
    member_name(out, "deliveries");
    buf_add_char(out, '{');
    member_u64(out, "successful", stats->succeeded);
    member_u64(out, "failed", stats->failed);
    buf_add_char(out, '}');
    member_u64(out, "filtered", stats->filtered);
    buf_add_char(out, '}');
}

void
overview_stats_print(const struct overview_stats *stats, struct buf *out)
{
    buf_add_char(out, '{');
    member_name(out, "webhooks");
    buf_add_char(out, '{');
    member_u64(out, "active", stats->webhooks_active);
    member_u64(out, "total", stats->webhooks_total);
    buf_add_char(out, '}');
    member_name(out, "deliveries_24h");
    buf_add_char(out, '{');
    member_u64(out, "total", stats->day.succeeded + stats->day.failed);
    member_u64(out, "successful", stats->day.succeeded);
    member_u64(out, "failed", stats->day.failed);
    member_real(out, "avg_duration_ms", average_ms(&stats->day));
    buf_add_char(out, '}');
    member_name(out, "queue");
    buf_add_char(out, '{');
    member_u64(out, "pending", stats->queue_pending);
    member_u64(out, "retrying", stats->queue_retrying);
    member_bool(out, "capped", stats->queue_capped);
    buf_add_text(out, "}}");
}
