/*
 * partitions.c - a partition for each day: made ahead, dropped when old.
 */
#include "partitions.h"

#include "alloc.h"
#include "clock.h"
#include "id.h"
#include "random.h"
#include "sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SQL_MAX ((size_t)64 << 10)
#define NAME_MAX_LEN 12 /* pYYYYMMDD and a NUL */
#define TRIES 30
#define PAUSE_MIN_MS 5
#define PAUSE_SPREAD_MS 25

enum {
    ERROR_TABLE_EXISTS = 1050,
    ERROR_LOCK_WAIT = 1205,
    ERROR_NOT_INCREASING = 1493,
    ERROR_NO_SUCH_PARTITION = 1507,
    ERROR_SAME_PARTITION = 1517
};

enum kept_for { FOR_EVENTS_DAYS, FOR_DELIVERIES_DAYS };

static const struct {
    const char *name;
    bool by_id; /* RANGE (id), else RANGE COLUMNS (a DATE) */
    enum kept_for kept_for;
} tables[PARTITIONS_TABLES] = {
    {"events", true, FOR_EVENTS_DAYS},
    {"deliveries", false, FOR_DELIVERIES_DAYS},
    {"attempts", false, FOR_DELIVERIES_DAYS},
    {"rejections", false, FOR_EVENTS_DAYS},
};

const char *
partitions_name(size_t table)
{
    return tables[table].name;
}

/* The days that have a partition, ascending. */
struct days {
    int64_t *list;
    size_t count;
};

static void
day_text(int64_t day, char out[CLOCK_TEXT_MAX])
{
    clock_format_sql(day * CLOCK_US_PER_DAY, out); /* 2026-01-01 00:00:00... */
    out[10] = '\0';
}

static void
day_to_name(int64_t day, char out[NAME_MAX_LEN])
{
    char text[CLOCK_TEXT_MAX];

    day_text(day, text);
    snprintf(out, NAME_MAX_LEN, "p%.4s%.2s%.2s", text, text + 5, text + 8);
}

static bool
name_to_day(struct slice name, int64_t *day)
{
    char text[CLOCK_TEXT_MAX];
    int64_t wall_us;

    if (name.ptr == NULL || name.len != 9 || name.ptr[0] != 'p')
        return false;
    snprintf(text, sizeof(text), "%.4s-%.2s-%.2s 00:00:00", name.ptr + 1,
             name.ptr + 5, name.ptr + 7);
    if (!clock_parse_sql(slice_of(text), &wall_us))
        return false;
    *day = partitions_day(wall_us);
    return true;
}

static enum db_result
read_days(struct db *db, const char *table, struct days *days)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(&sql, "SELECT PARTITION_NAME FROM information_schema.PARTITIONS "
                  "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ");
    sql_text(&sql, slice_of(table));
    sql_raw(&sql, " ORDER BY PARTITION_ORDINAL_POSITION");
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    days->list = xcalloc(db_rows_count(rows), sizeof(*days->list));
    days->count = 0;
    while ((row = db_rows_next(rows)) != NULL)
        if (name_to_day(row[0], &days->list[days->count]))
            days->count++;
    db_rows_free(rows);
    return DB_OK;
}

/* Waiting for the table is left to chance on purpose: a statement that waits
   makes everybody queue up behind it, for as long as one reader reads. */
static void
pause_a_little(void)
{
    struct timespec pause = {
        .tv_nsec =
            (long)(PAUSE_MIN_MS + random_u32() % PAUSE_SPREAD_MS) * 1000000,
    };

    nanosleep(&pause, NULL);
}

/* Errors that pass by themselves: somebody uses the table, or the server has
   not yet let go of the files of a partition that was just replaced. */
static bool
comes_right(struct db *db)
{
    return db_error_number(db) == ERROR_LOCK_WAIT ||
           db_error_number(db) == ERROR_TABLE_EXISTS;
}

/* Busy, or somebody else has just done the same. */
static bool
can_be_left(struct db *db)
{
    switch (db_error_number(db)) {
    case ERROR_LOCK_WAIT:
    case ERROR_TABLE_EXISTS:
    case ERROR_NOT_INCREASING:
    case ERROR_NO_SUCH_PARTITION:
    case ERROR_SAME_PARTITION:
        return true;
    default:
        return false;
    }
}

enum db_result
partitions_alter(struct db *db, const char *table, const char *rest,
                 bool pressing)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result = DB_NONE;
    int tries;

    for (tries = 0; tries < TRIES; tries++) {
        bool last = tries == TRIES - 1;

        buf_clear(&sql);
        sql_raw(&sql, "ALTER TABLE ");
        sql_raw(&sql, table);
        sql_raw(&sql, last && pressing ? " WAIT 1 " : " NOWAIT ");
        sql_raw(&sql, rest);
        result = db_exec(db, buf_slice(&sql), NULL);
        if (result == DB_OK || !comes_right(db))
            break;
        if (!last)
            pause_a_little();
    }
    buf_free(&sql);
    return result != DB_OK && can_be_left(db) ? DB_NONE : result;
}

static void
add_partition(struct buf *sql, int64_t day, bool by_id)
{
    char name[NAME_MAX_LEN], next[CLOCK_TEXT_MAX];

    day_to_name(day, name);
    day_text(day + 1, next);
    sql_raw(sql, "PARTITION ");
    sql_raw(sql, name);
    sql_raw(sql, " VALUES LESS THAN (");
    if (by_id)
        sql_u64(sql, id_floor((day + 1) * CLOCK_US_PER_DAY));
    else
        sql_text(sql, slice_of(next));
    sql_raw(sql, "), ");
}

enum db_result
partitions_make_days(struct db *db, size_t table, int64_t now_us)
{
    int64_t today = partitions_day(now_us);
    int64_t last = today + PARTITIONS_DAYS_AHEAD, first = today, day;
    struct days days = {NULL, 0};
    struct buf rest = BUF_INIT(SQL_MAX);
    enum db_result result = read_days(db, tables[table].name, &days);
    bool pressing = true;

    if (result != DB_OK)
        goto out;
    if (days.count > 0 && days.list[days.count - 1] >= today) {
        first = days.list[days.count - 1] + 1;
        pressing = first - today <= 2;
    }
    if (first > last)
        goto out;
    sql_raw(&rest, "REORGANIZE PARTITION pmax INTO (");
    for (day = first; day <= last; day++)
        add_partition(&rest, day, tables[table].by_id);
    sql_raw(&rest, "PARTITION pmax VALUES LESS THAN (MAXVALUE))");
    result = partitions_alter(db, tables[table].name, rest.data, pressing);
    if (result == DB_NONE)
        result = DB_OK;
out:
    buf_free(&rest);
    free(days.list);
    return result;
}

enum db_result
partitions_make(struct db *db, int64_t now_us)
{
    enum db_result result = DB_OK;
    size_t i;

    for (i = 0; i < PARTITIONS_TABLES && result == DB_OK; i++)
        result = partitions_make_days(db, i, now_us);
    return result;
}

enum db_result
partitions_retention(struct db *db, size_t table,
                     const struct settings *settings, int *common, int *longest)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result =
        db_query_row(db,
                     SLICE("SELECT MAX(retention_days) FROM applications "
                           "WHERE deleted_at IS NULL"),
                     &rows, &row);

    if (result != DB_OK)
        return result;
    *common = tables[table].kept_for == FOR_EVENTS_DAYS
                  ? settings->events_days
                  : settings->deliveries_days;
    *longest = (int)db_i64(row[0], 0);
    if (*longest < *common)
        *longest = *common;
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
partitions_first_day(struct db *db, size_t table, int64_t *day)
{
    struct days days = {NULL, 0};
    enum db_result result = read_days(db, tables[table].name, &days);

    if (result != DB_OK)
        return result;
    *day = days.count == 0 ? INT64_MAX : days.list[0];
    free(days.list);
    return DB_OK;
}

enum db_result
partitions_find_old(struct db *db, size_t table, int64_t now_us,
                    const struct settings *settings, struct partitions_old *old)
{
    struct days days = {NULL, 0};
    int64_t first_kept;
    int common, longest;
    enum db_result result =
        partitions_retention(db, table, settings, &common, &longest);
    size_t i;

    if (result == DB_OK)
        result = read_days(db, tables[table].name, &days);
    if (result != DB_OK)
        return result;
    first_kept = partitions_day(now_us) - longest;
    *old = (struct partitions_old){.count = 0};
    for (i = 0; i < days.count && i < PARTITIONS_DROP_MAX; i++)
        if (days.list[i] < first_kept)
            old->days[old->count++] = days.list[i];
    if (old->count > 0) {
        int64_t end_day = old->days[old->count - 1] + 1;

        old->pressing = old->days[0] < first_kept - 1;
        if (tables[table].by_id)
            old->events_end = id_floor(end_day * CLOCK_US_PER_DAY);
    }
    free(days.list);
    return DB_OK;
}

enum db_result
partitions_drop(struct db *db, size_t table, const struct partitions_old *old)
{
    struct buf rest = BUF_INIT(SQL_MAX);
    char name[NAME_MAX_LEN];
    enum db_result result;
    size_t i;

    for (i = 0; i < old->count; i++) {
        day_to_name(old->days[i], name);
        sql_raw(&rest, i == 0 ? "DROP PARTITION " : ", ");
        sql_raw(&rest, name);
    }
    result = partitions_alter(db, tables[table].name, rest.data, old->pressing);
    buf_free(&rest);
    return result == DB_NONE ? DB_OK : result;
}
