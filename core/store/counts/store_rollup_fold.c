/*
 * store_rollup_fold.c - old hours of counters become part of the row for all
 * time; see store_rollup.h.
 */
#include "store_rollup.h"

#include "sql.h"
#include "store_rollup_table.h"

#include <assert.h>

#define ALL_TIME "'1971-01-01 00:00:00'"

/* The oldest hour that is not folded yet and older than the limit; 0 = none. */
static enum db_result
oldest_hour(struct db *db, const struct rollup_table *table, int64_t before_us,
            int64_t *hour_us)
{
    struct buf sql = BUF_INIT(256);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    buf_addf(&sql, "SELECT MIN(hour) FROM %s WHERE hour>" ALL_TIME " AND hour<",
             table->name);
    sql_time(&sql, before_us);
    assert(buf_ok(&sql));
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    cell = db_rows_next(rows);
    *hour_us = cell == NULL ? 0 : db_time_us(cell[0]);
    db_rows_free(rows);
    return DB_OK;
}

/* Two that fold at the same time, because a lease was lost meanwhile, must not
   both count the hour: DB_NONE if the other one was first. */
static enum db_result
lock_hour(struct db *db, const struct rollup_table *table, int64_t hour_us)
{
    struct buf sql = BUF_INIT(256);
    struct db_rows *rows = NULL;
    enum db_result result;

    buf_addf(&sql, "SELECT slot FROM %s WHERE hour=", table->name);
    sql_time(&sql, hour_us);
    sql_raw(&sql, " LIMIT 1 FOR UPDATE");
    assert(buf_ok(&sql));
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    if (db_rows_count(rows) == 0)
        result = DB_NONE;
    db_rows_free(rows);
    return result;
}

static enum db_result
fold_hour(struct db *db, const struct rollup_table *table, int64_t hour_us)
{
    struct buf sql = BUF_INIT(4096);
    enum db_result result;

    buf_addf(&sql,
             "INSERT INTO %s (hour,%s,slot,%s%s) SELECT " ALL_TIME
             ",%s,0,%s%s FROM %s WHERE hour=",
             table->name, table->key, table->sums, table->more, table->key,
             table->folded, table->more_folded, table->name);
    sql_time(&sql, hour_us);
    buf_addf(&sql, " GROUP BY %s%s%s", table->key, table->add, table->more_add);
    assert(buf_ok(&sql));
    result = db_exec(db, buf_slice(&sql), NULL);
    if (result == DB_OK) {
        buf_clear(&sql);
        buf_addf(&sql, "DELETE FROM %s WHERE hour=", table->name);
        sql_time(&sql, hour_us);
        result = db_exec(db, buf_slice(&sql), NULL);
    }
    buf_free(&sql);
    return result;
}

static enum db_result
fold_table(struct db *db, const struct rollup_table *table, int64_t before_us,
           bool *more)
{
    int64_t hour_us = 0;
    enum db_result result;

    result = oldest_hour(db, table, before_us, &hour_us);
    if (result != DB_OK || hour_us == 0)
        return result;
    result = db_begin(db);
    if (result == DB_OK)
        result = lock_hour(db, table, hour_us);
    if (result == DB_OK)
        result = fold_hour(db, table, hour_us);
    if (result == DB_OK)
        result = db_commit(db);
    else
        db_rollback(db);
    if (result == DB_OK)
        *more = true;
    return result == DB_NONE ? DB_OK : result;
}

enum db_result
rollup_fold(struct db *db, int64_t before_us, bool *more)
{
    static const struct rollup_table *const tables[] = {
        &rollup_subscriptions_table,
        &rollup_sources_table,
        &rollup_types_table,
        &rollup_receiving_table,
    };
    enum db_result result = DB_OK;
    size_t i;

    *more = false;
    for (i = 0; i < sizeof(tables) / sizeof(tables[0]) && result == DB_OK; i++)
        result = fold_table(db, tables[i], before_us, more);
    return result;
}
