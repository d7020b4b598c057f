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
#define DROP_MAX 31     /* days dropped by one call */
#define KEEP_ROWS 500   /* events copied by one statement */
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
} tables[] = {
    {"events", true, FOR_EVENTS_DAYS},
    {"deliveries", false, FOR_DELIVERIES_DAYS},
    {"attempts", false, FOR_DELIVERIES_DAYS},
    {"rejections", false, FOR_EVENTS_DAYS},
};
#define TABLES (sizeof(tables) / sizeof(tables[0]))

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

static enum db_result
make_days(struct db *db, size_t table, int64_t today)
{
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

    for (i = 0; i < TABLES && result == DB_OK; i++)
        result = make_days(db, i, partitions_day(now_us));
    return result;
}

/* Copies what live jobs still need of the events before `end`, until a look
   finds nothing more to copy. */
static enum db_result
keep_needed_events(struct db *db, uint64_t end)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;
    uint64_t copied = 0;

    sql_raw(
        &sql,
        "INSERT IGNORE INTO events_kept (id, application_id, source_id, "
        "type, verified, test, relayed, external_id, channels, metadata, "
        "payload) "
        "SELECT e.id, e.application_id, e.source_id, e.type, e.verified, "
        "e.test, e.relayed, e.external_id, e.channels, e.metadata, e.payload "
        "FROM jobs j JOIN events e ON e.id = j.event_id "
        "LEFT JOIN events_kept k ON k.id = j.event_id "
        "WHERE j.event_id < ");
    sql_u64(&sql, end);
    sql_raw(&sql, " AND k.id IS NULL LIMIT ");
    sql_u64(&sql, KEEP_ROWS);
    do
        result = db_exec(db, buf_slice(&sql), &copied);
    while (result == DB_OK && copied > 0);
    buf_free(&sql);
    return result;
}

static enum db_result
drop_days(struct db *db, size_t table, int64_t first_kept)
{
    struct days days = {NULL, 0};
    struct buf rest = BUF_INIT(SQL_MAX);
    enum db_result result = read_days(db, tables[table].name, &days);
    char name[NAME_MAX_LEN];
    size_t i;

    if (result != DB_OK)
        goto out;
    for (i = 0; i < days.count && i < DROP_MAX; i++) {
        if (days.list[i] >= first_kept)
            break;
        day_to_name(days.list[i], name);
        sql_raw(&rest, i == 0 ? "DROP PARTITION " : ", ");
        sql_raw(&rest, name);
    }
    if (i == 0)
        goto out;
    if (tables[table].by_id) {
        int64_t end_us = (days.list[i - 1] + 1) * CLOCK_US_PER_DAY;

        result = keep_needed_events(db, id_floor(end_us));
        if (result != DB_OK)
            goto out;
    }
    result = partitions_alter(db, tables[table].name, rest.data,
                              days.list[0] < first_kept - 1);
    if (result == DB_NONE)
        result = DB_OK;
out:
    buf_free(&rest);
    free(days.list);
    return result;
}

enum db_result
partitions_drop(struct db *db, int64_t now_us, int events_days,
                int deliveries_days)
{
    int64_t today = partitions_day(now_us);
    enum db_result result = DB_OK;
    size_t i;

    for (i = 0; i < TABLES && result == DB_OK; i++) {
        int days = tables[i].kept_for == FOR_EVENTS_DAYS ? events_days
                                                         : deliveries_days;

        result = drop_days(db, i, today - days);
    }
    return result;
}
