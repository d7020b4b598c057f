/*
 * expiry.c - rows of applications whose history stays for a shorter time.
 */
#include "expiry.h"

#include "alloc.h"
#include "clock.h"
#include "id.h"
#include "sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL_MAX ((size_t)64 << 10)
#define LOOK 2000    /* rows looked at by one statement */
#define REMOVALS 500 /* deleted by one */
#define MARKS 1000   /* written by one */

/* How a table is read: the id and the application of each row. */
static const struct {
    const char *select, *id, *day; /* day NULL: the id tells it */
} plans[PARTITIONS_TABLES] = {
    {"SELECT t.id,t.application_id FROM events t FORCE INDEX (PRIMARY)", "id",
     NULL},
    {"SELECT t.id,t.application_id FROM deliveries t FORCE INDEX (PRIMARY)",
     "id", "done_day"},
    {"SELECT t.delivery_id,COALESCE(s.application_id,o.application_id,0) "
     "FROM attempts t FORCE INDEX (PRIMARY) "
     "LEFT JOIN subscriptions s ON t.kind=1 AND s.id=t.owner_id "
     "LEFT JOIN sources o ON t.kind=2 AND o.id=t.owner_id",
     "delivery_id", "day"},
    {"SELECT t.id,COALESCE(o.application_id,0) "
     "FROM rejections t FORCE INDEX (PRIMARY) "
     "LEFT JOIN sources o ON o.id=t.source_id",
     "id", "day"},
};

static enum db_result
query(struct db *db, struct buf *sql, struct db_rows **rows)
{
    enum db_result result =
        buf_ok(sql) ? db_query(db, buf_slice(sql), rows) : DB_BROKEN;

    buf_free(sql);
    return result;
}

static enum db_result
run(struct db *db, struct buf *sql, uint64_t *affected)
{
    enum db_result result =
        buf_ok(sql) ? db_exec(db, buf_slice(sql), affected) : DB_BROKEN;

    buf_free(sql);
    return result;
}

static void
forget_shares(struct expiry *expiry)
{
    free(expiry->shares);
    expiry->shares = NULL;
    expiry->count = 0;
    expiry->begin = expiry->end = 0;
    expiry->found = expiry->deleted = 0;
    expiry->looked = false;
    kept_copy_end(&expiry->copy);
    expiry->copying = false;
}

void
expiry_end(struct expiry *expiry)
{
    forget_shares(expiry);
    free(expiry->ids);
    expiry->ids = NULL;
}

void
expiry_begin(struct expiry *expiry, const struct settings *settings)
{
    expiry_end(expiry);
    *expiry = (struct expiry){.settings = settings};
}

/* --- what there is to do ---------------------------------------------------
 */

/* Whose rows go before the partitions do, what stays for how many days, and
   since when. What a deleted application had asked for holds no longer than the
   common retention. Rejections of nobody belong to 0. */
static void
add_select(const struct expiry *expiry, int common_days, int longest_days,
           struct buf *sql)
{
    static const char days[] = "IF(a.deleted_at IS NULL,"
                               "COALESCE(a.retention_days,c.days),"
                               "LEAST(COALESCE(a.retention_days,c.days),"
                               "c.days))";

    sql_raw(sql, "SELECT a.id,");
    sql_raw(sql, days);
    sql_raw(sql, ",COALESCE(m.day,a.first_day) FROM "
                 "(SELECT id,retention_days,deleted_at,"
                 "TIMESTAMPDIFF(DAY,'1970-01-01',created_at)-1 first_day "
                 "FROM applications UNION ALL SELECT 0,NULL,NULL,0) a JOIN "
                 "(SELECT ");
    sql_i64(sql, common_days);
    sql_raw(sql, " days) c LEFT JOIN retention_marks m "
                 "ON m.application_id=a.id AND m.table_name=");
    sql_text(sql, slice_of(partitions_name(expiry->table)));
    sql_raw(sql, " WHERE ");
    sql_raw(sql, days);
    sql_raw(sql, "<");
    sql_i64(sql, longest_days);
}

static int
compare_shares(const void *left, const void *right)
{
    const struct expiry_share *a = left, *b = right;

    if (a->until != b->until)
        return a->until < b->until ? -1 : 1;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return a->application_id < b->application_id
               ? -1
               : a->application_id > b->application_id;
}

static enum db_result
find_shares(struct expiry *expiry, struct db *db)
{
    int64_t today = partitions_day(db_now_us(db));
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    int common_days, longest_days;
    enum db_result result = partitions_retention(
        db, expiry->table, expiry->settings, &common_days, &longest_days);

    if (result == DB_OK)
        result = partitions_first_day(db, expiry->table, &expiry->first_day);
    if (result != DB_OK)
        return result;
    add_select(expiry, common_days, longest_days, &sql);
    result = query(db, &sql, &rows);
    if (result != DB_OK)
        return result;
    expiry->shares =
        xcalloc(db_rows_count(rows) + 1, sizeof(expiry->shares[0]));
    while ((row = db_rows_next(rows)) != NULL) {
        struct expiry_share share = {
            .application_id = (uint32_t)db_u64(row[0], 0),
            .until = today - db_i64(row[1], longest_days),
            .from = db_i64(row[2], 0),
        };

        if (share.from < expiry->first_day)
            share.from = expiry->first_day;
        if (share.from < share.until)
            expiry->shares[expiry->count++] = share;
    }
    db_rows_free(rows);
    qsort(expiry->shares, expiry->count, sizeof(expiry->shares[0]),
          compare_shares);
    return DB_OK;
}

/* --- the rows of a day ------------------------------------------------------
 */

static void
begin_day(struct expiry *expiry, int64_t day)
{
    expiry->day = day;
    expiry->after = 0;
    if (plans[expiry->table].day == NULL && day > expiry->first_day)
        expiry->after = id_floor(day * CLOCK_US_PER_DAY) - 1;
}

static void
begin_shares(struct expiry *expiry)
{
    const struct expiry_share *share = &expiry->shares[expiry->begin];

    expiry->end = expiry->begin + 1;
    while (expiry->end < expiry->count &&
           expiry->shares[expiry->end].until == share->until &&
           expiry->shares[expiry->end].from == share->from)
        expiry->end++;
    begin_day(expiry, share->from);
    if (plans[expiry->table].day == NULL) {
        kept_copy_begin(&expiry->copy,
                        id_floor(share->until * CLOCK_US_PER_DAY));
        expiry->copying = true;
    }
}

/* AND the row is of that day. */
static void
add_day(const struct expiry *expiry, struct buf *sql)
{
    const char *column = plans[expiry->table].day;
    char text[CLOCK_TEXT_MAX];

    if (column == NULL) {
        sql_raw(sql, " AND t.id<");
        sql_u64(sql, id_floor((expiry->day + 1) * CLOCK_US_PER_DAY));
        return;
    }
    clock_format_sql(expiry->day * CLOCK_US_PER_DAY, text);
    sql_raw(sql, " AND t.");
    sql_raw(sql, column);
    sql_raw(sql, expiry->day == expiry->first_day ? "<=" : "=");
    sql_text(sql, slice_make(text, strlen("2026-01-01")));
}

static bool
is_wanted(const struct expiry *expiry, uint64_t application_id)
{
    struct expiry_share key = expiry->shares[expiry->begin];

    key.application_id = (uint32_t)application_id;
    return bsearch(&key, expiry->shares + expiry->begin,
                   expiry->end - expiry->begin, sizeof(key),
                   compare_shares) != NULL;
}

/* *last: the day has no more rows. */
static enum db_result
look(struct expiry *expiry, struct db *db, bool *last)
{
    const char *id = plans[expiry->table].id;
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(&sql, plans[expiry->table].select);
    sql_raw(&sql, " WHERE t.");
    sql_raw(&sql, id);
    sql_raw(&sql, ">");
    sql_u64(&sql, expiry->after);
    add_day(expiry, &sql);
    sql_raw(&sql, " ORDER BY t.");
    sql_raw(&sql, id);
    sql_raw(&sql, " LIMIT ");
    sql_u64(&sql, LOOK);
    result = query(db, &sql, &rows);
    if (result != DB_OK)
        return result;
    if (expiry->ids == NULL)
        expiry->ids = xcalloc(LOOK, sizeof(expiry->ids[0]));
    expiry->found = expiry->deleted = 0;
    *last = db_rows_count(rows) < LOOK;
    while ((row = db_rows_next(rows)) != NULL) {
        expiry->after = db_u64(row[0], expiry->after);
        if (is_wanted(expiry, db_u64(row[1], 0)) &&
            (expiry->found == 0 ||
             expiry->ids[expiry->found - 1] != expiry->after))
            expiry->ids[expiry->found++] = expiry->after;
    }
    db_rows_free(rows);
    return DB_OK;
}

static enum db_result
delete_some(struct expiry *expiry, struct db *db)
{
    size_t n = expiry->found - expiry->deleted;
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;
    uint64_t affected = 0;

    if (n > REMOVALS)
        n = REMOVALS;
    sql_raw(&sql, "DELETE t FROM ");
    sql_id_table(&sql, expiry->ids + expiry->deleted, n);
    sql_raw(&sql, " x STRAIGHT_JOIN ");
    sql_raw(&sql, partitions_name(expiry->table));
    sql_raw(&sql, " t FORCE INDEX (PRIMARY) ON t.");
    sql_raw(&sql, plans[expiry->table].id);
    sql_raw(&sql, "=x.id");
    add_day(expiry, &sql);
    result = run(db, &sql, &affected);
    if (result == DB_OK) {
        expiry->deleted += n;
        expiry->removed[expiry->table] += affected;
    }
    return result;
}

/* Up to here, for these applications. */
static enum db_result
write_marks(const struct expiry *expiry, struct db *db)
{
    enum db_result result = DB_OK;
    size_t i = expiry->begin;

    while (result == DB_OK && i < expiry->end) {
        struct buf sql = BUF_INIT(SQL_MAX);
        size_t n;

        sql_raw(&sql, "INSERT INTO retention_marks "
                      "(application_id,table_name,day) VALUES ");
        for (n = 0; n < MARKS && i < expiry->end; n++, i++) {
            sql_raw(&sql, n == 0 ? "(" : ",(");
            sql_u64(&sql, expiry->shares[i].application_id);
            sql_raw(&sql, ",");
            sql_text(&sql, slice_of(partitions_name(expiry->table)));
            sql_raw(&sql, ",");
            sql_i64(&sql, expiry->day + 1);
            sql_raw(&sql, ")");
        }
        sql_raw(&sql, " ON DUPLICATE KEY UPDATE day=VALUES(day)");
        result = run(db, &sql, NULL);
    }
    return result;
}

static enum db_result
finish_day(struct expiry *expiry, struct db *db)
{
    enum db_result result = write_marks(expiry, db);

    if (result != DB_OK)
        return result;
    if (expiry->day + 1 < expiry->shares[expiry->begin].until) {
        begin_day(expiry, expiry->day + 1);
        return DB_OK;
    }
    expiry->begin = expiry->end;
    if (expiry->begin < expiry->count)
        begin_shares(expiry);
    return DB_OK;
}

enum db_result
expiry_step(struct expiry *expiry, struct db *db, bool *done)
{
    enum db_result result = DB_OK;
    bool last = false;

    *done = false;
    if (expiry->shares == NULL) {
        result = find_shares(expiry, db);
        if (result == DB_OK && expiry->count > 0)
            begin_shares(expiry);
    } else if (expiry->begin == expiry->count) {
        forget_shares(expiry);
        expiry->table++;
        *done = expiry->table == PARTITIONS_TABLES;
    } else if (expiry->copying) {
        result = kept_copy_step(&expiry->copy, db, &last);
        expiry->copying = !last;
    } else if (expiry->deleted < expiry->found) {
        result = delete_some(expiry, db);
    } else if (expiry->looked) {
        expiry->looked = false;
        result = finish_day(expiry, db);
    } else {
        result = look(expiry, db, &expiry->looked);
    }
    return result;
}
