/*
 * cleanup.c - the daily removal of history that is past its time.
 */
#include "cleanup.h"

#include "clock.h"
#include "log.h"
#include "sql.h"

#define SQL_MAX 512
#define NAME "cleanup" /* in `housekeeping` */
#define MINUTE_US (60 * CLOCK_US_PER_S)

int64_t
cleanup_due_us(const struct settings *settings, int64_t now_us)
{
    int64_t of_day_us = settings->cleanup_minute * MINUTE_US;
    int64_t day = partitions_day(now_us - of_day_us);

    return day * CLOCK_US_PER_DAY + of_day_us;
}

enum db_result
cleanup_read_last(struct db *db, int64_t *last_us)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result = db_query_row(
        db, SLICE("SELECT value FROM housekeeping WHERE name='" NAME "'"),
        &rows, &row);

    if (result == DB_NONE) {
        *last_us = 0;
        return DB_OK;
    }
    if (result != DB_OK)
        return result;
    *last_us = db_i64(row[0], 0);
    db_rows_free(rows);
    return DB_OK;
}

static enum db_result
write_last(struct db *db, int64_t last_us)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, "INSERT INTO housekeeping (name,value) VALUES ('" NAME "',");
    sql_i64(&sql, last_us);
    sql_raw(&sql, ") ON DUPLICATE KEY UPDATE "
                  "value=GREATEST(value,VALUES(value))");
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}

void
cleanup_end(struct cleanup *cleanup)
{
    kept_copy_end(&cleanup->copy);
    cleanup->copying = false;
    expiry_end(&cleanup->expiry);
}

void
cleanup_begin(struct cleanup *cleanup, const struct settings *settings,
              int64_t now_us)
{
    cleanup_end(cleanup);
    *cleanup = (struct cleanup){
        .settings = settings,
        .for_us = cleanup_due_us(settings, now_us),
        .started_us = clock_mono_us(),
    };
    expiry_begin(&cleanup->expiry, settings);
}

static void
next_table(struct cleanup *cleanup)
{
    cleanup->table++;
    cleanup->old.count = 0;
    cleanup->dropped = cleanup->table == PARTITIONS_TABLES;
}

/* Days that somebody reads stay where they are, and it is tried again the next
   time. */
static enum db_result
drop_now(struct cleanup *cleanup, struct db *db)
{
    struct partitions_old *old = &cleanup->old, left;
    enum db_result result = partitions_drop(db, cleanup->table, old);

    kept_copy_end(&cleanup->copy);
    cleanup->copying = false;
    if (result == DB_OK)
        result = partitions_find_old(db, cleanup->table, db_now_us(db),
                                     cleanup->settings, &left);
    if (result != DB_OK)
        return result;
    if (left.count > 0 && left.days[0] == old->days[0]) {
        cleanup->busy = true;
        next_table(cleanup);
        return DB_OK;
    }
    cleanup->days[cleanup->table] += old->count;
    old->count = 0; /* there may be more of them */
    return DB_OK;
}

static enum db_result
drop_step(struct cleanup *cleanup, struct db *db)
{
    struct partitions_old *old = &cleanup->old;
    enum db_result result;
    bool done = true;

    if (cleanup->copying) {
        result = kept_copy_step(&cleanup->copy, db, &done);
        return result == DB_OK && done ? drop_now(cleanup, db) : result;
    }
    result = partitions_find_old(db, cleanup->table, db_now_us(db),
                                 cleanup->settings, old);
    if (result != DB_OK)
        return result;
    if (old->count == 0) {
        next_table(cleanup);
        return DB_OK;
    }
    if (old->events_end == 0)
        return drop_now(cleanup, db);
    kept_copy_begin(&cleanup->copy, old->events_end);
    cleanup->copying = true;
    return DB_OK;
}

enum db_result
cleanup_step(struct cleanup *cleanup, struct db *db, bool *done)
{
    enum db_result result;

    *done = false;
    if (!cleanup->dropped)
        return drop_step(cleanup, db);
    result = expiry_step(&cleanup->expiry, db, done);
    if (result == DB_OK && *done && !cleanup->busy)
        result = write_last(db, cleanup->for_us);
    return result;
}

void
cleanup_log(const struct cleanup *cleanup, const char *logger)
{
    const uint64_t *rows = cleanup->expiry.removed;
    uint64_t days = 0, all = 0;
    size_t i;

    for (i = 0; i < PARTITIONS_TABLES; i++) {
        days += cleanup->days[i];
        all += rows[i];
        if (cleanup->days[i] + rows[i] > 0)
            log_info(logger,
                     LOG_FIELDS(LOG_TEXT("table", partitions_name(i)),
                                LOG_INT("days", cleanup->days[i]),
                                LOG_INT("rows", rows[i])),
                     "Old history removed");
    }
    log_info(
        logger,
        LOG_FIELDS(LOG_INT("days", days), LOG_INT("rows", all),
                   LOG_INT("seconds", (clock_mono_us() - cleanup->started_us) /
                                          CLOCK_US_PER_S)),
        cleanup->busy ? "Cleanup done, but for a table that is in use"
                      : "Cleanup done");
}
