/*
 * store_rollup.c - see store_rollup.h.
 *
 * Every result appends one row; rows of the same key are added up when they
 * are written, after sorting, which also gives the order of the locks.
 */
#include "store_rollup.h"

#include "alloc.h"
#include "clock.h"
#include "insert.h"
#include "sql.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_US (INT64_C(3600) * CLOCK_US_PER_S)

/* A row of any of the three tables: key first, then counters in the order of
   the table's columns; unused ones stay 0. */
struct counter {
    int64_t hour_us;
    uint32_t id;     /* subscription or source; 0 for types */
    uint32_t action; /* enum inbound_action, for sources */
    char *type;      /* for types, else NULL; owned */
    uint64_t sums[5];
    uint64_t buckets[ROLLUP_BUCKETS];
};

struct counters {
    struct counter *rows;
    size_t count;
    size_t cap;
};

struct rollup {
    struct counters subscriptions;
    struct counters sources;
    struct counters types;
};

const int64_t rollup_bucket_ms[ROLLUP_BUCKETS - 1] = {
    5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000,
};

static size_t
bucket_of(int64_t duration_us)
{
    size_t i;

    for (i = 0; i < ROLLUP_BUCKETS - 1; i++) {
        if (duration_us <= rollup_bucket_ms[i] * CLOCK_US_PER_MS)
            break;
    }
    return i;
}

struct rollup *
rollup_new(void)
{
    return xcalloc(1, sizeof(struct rollup));
}

static void
counters_clear(struct counters *counters)
{
    size_t i;

    for (i = 0; i < counters->count; i++)
        free(counters->rows[i].type);
    counters->count = 0;
}

void
rollup_clear(struct rollup *rollup)
{
    counters_clear(&rollup->subscriptions);
    counters_clear(&rollup->sources);
    counters_clear(&rollup->types);
}

void
rollup_free(struct rollup *rollup)
{
    if (rollup == NULL)
        return;
    rollup_clear(rollup);
    free(rollup->subscriptions.rows);
    free(rollup->sources.rows);
    free(rollup->types.rows);
    free(rollup);
}

static struct counter *
counters_add(struct counters *counters, int64_t ended_us)
{
    struct counter *row;

    if (counters->count == counters->cap) {
        counters->cap = counters->cap == 0 ? 64 : counters->cap * 2;
        counters->rows = xreallocarray(counters->rows, counters->cap,
                                       sizeof(*counters->rows));
    }
    row = &counters->rows[counters->count++];
    memset(row, 0, sizeof(*row));
    row->hour_us = ended_us - ended_us % HOUR_US;
    return row;
}

void
rollup_delivery(struct rollup *rollup, int64_t ended_us,
                uint32_t subscription_id, struct slice event_type,
                enum rollup_end end, int64_t duration_us)
{
    struct counter *row = counters_add(&rollup->subscriptions, ended_us);

    row->id = subscription_id;
    row->sums[0] = end == ROLLUP_SUCCESS;
    row->sums[1] = end == ROLLUP_FAILED;
    row->sums[2] = 1;
    row->sums[3] = end != ROLLUP_SUCCESS;
    row->sums[4] = (uint64_t)duration_us / CLOCK_US_PER_MS;
    row->buckets[bucket_of(duration_us)] = 1;
    if (end == ROLLUP_RETRIED)
        return;
    row = counters_add(&rollup->types, ended_us);
    row->type = xstrndup(event_type.ptr, event_type.len);
    row->sums[0] = end == ROLLUP_SUCCESS;
    row->sums[1] = end == ROLLUP_FAILED;
}

void
rollup_inbound(struct rollup *rollup, int64_t ended_us, uint32_t source_id,
               enum inbound_action action, enum rollup_end end,
               uint32_t attempt, int64_t duration_us)
{
    struct counter *row = counters_add(&rollup->sources, ended_us);

    row->id = source_id;
    row->action = (uint32_t)action;
    row->sums[0] = end == ROLLUP_SUCCESS;
    row->sums[1] = end == ROLLUP_FAILED;
    row->sums[2] = attempt > 1;
    if (end == ROLLUP_RETRIED)
        return;
    row->sums[3] = (uint64_t)duration_us;
    row->buckets[bucket_of(duration_us)] = 1;
}

static int
compare_keys(const void *left, const void *right)
{
    const struct counter *a = left, *b = right;

    if (a->hour_us != b->hour_us)
        return a->hour_us < b->hour_us ? -1 : 1;
    if (a->id != b->id)
        return a->id < b->id ? -1 : 1;
    if (a->action != b->action)
        return a->action < b->action ? -1 : 1;
    return a->type == NULL ? 0 : strcmp(a->type, b->type);
}

/* Sorts, and leaves one row for each key. */
static void
add_up(struct counters *counters)
{
    size_t i, k, kept = 0;

    if (counters->count == 0)
        return;
    qsort(counters->rows, counters->count, sizeof(*counters->rows),
          compare_keys);
    for (i = 1; i < counters->count; i++) {
        struct counter *into = &counters->rows[kept];
        struct counter *from = &counters->rows[i];

        if (compare_keys(into, from) != 0) {
            counters->rows[++kept] = *from;
            continue;
        }
        for (k = 0; k < 5; k++)
            into->sums[k] += from->sums[k];
        for (k = 0; k < ROLLUP_BUCKETS; k++)
            into->buckets[k] += from->buckets[k];
        free(from->type);
    }
    counters->count = kept + 1;
}

#define ADD(column) column "=" column "+VALUES(" column ")"
#define BUCKET_COLUMNS "b0,b1,b2,b3,b4,b5,b6,b7,b8,b9,b10,b11,b12,b13"
#define BUCKET_SUMS                                                            \
    "SUM(b0),SUM(b1),SUM(b2),SUM(b3),SUM(b4),SUM(b5),SUM(b6),SUM(b7),"         \
    "SUM(b8),SUM(b9),SUM(b10),SUM(b11),SUM(b12),SUM(b13)"
#define ADD_BUCKETS                                                                              \
    ADD("b0")                                                                                    \
    "," ADD("b1") "," ADD("b2") "," ADD("b3") "," ADD("b4") "," ADD("b5") "," ADD("b6") "," ADD( \
        "b7") "," ADD("b8") "," ADD("b9") "," ADD("b10") "," ADD("b11") "," ADD("b12") "," ADD("b13")

/* What differs between the three tables. */
struct table {
    const char *name;
    const char *key;    /* columns between hour and slot */
    const char *sums;   /* columns, also for a SELECT after the fold */
    const char *folded; /* the same columns as sums over the slots */
    const char *add;    /* ON DUPLICATE KEY UPDATE ... */
    size_t sum_count;
    bool has_action;
    bool has_buckets;
};

static const struct table subscriptions_table = {
    .name = "rollup_subscriptions",
    .key = "subscription_id",
    .sums = "successful,failed,attempts,attempts_failed,duration_"
            "ms," BUCKET_COLUMNS,
    .folded = "SUM(successful),SUM(failed),SUM(attempts),"
              "SUM(attempts_failed),SUM(duration_ms)," BUCKET_SUMS,
    .add = " ON DUPLICATE KEY UPDATE " ADD("successful") "," ADD("failed") "," ADD(
        "attempts") "," ADD("attempts_failed") "," ADD("duration_ms") "," ADD_BUCKETS,
    .sum_count = 5,
    .has_buckets = true,
};

static const struct table sources_table = {
    .name = "rollup_sources",
    .key = "source_id,action",
    .sums = "processed,failed,retries,duration_us," BUCKET_COLUMNS,
    .folded =
        "SUM(processed),SUM(failed),SUM(retries),SUM(duration_us)," BUCKET_SUMS,
    .add = " ON DUPLICATE KEY UPDATE " ADD("processed") "," ADD(
        "failed") "," ADD("retries") "," ADD("duration_us") "," ADD_BUCKETS,
    .sum_count = 4,
    .has_action = true,
    .has_buckets = true,
};

static const struct table types_table = {
    .name = "rollup_types",
    .key = "event_type",
    .sums = "successful,failed",
    .folded = "SUM(successful),SUM(failed)",
    .add = " ON DUPLICATE KEY UPDATE " ADD("successful") "," ADD("failed"),
    .sum_count = 2,
};

static void
write_row(struct insert *insert, const struct table *table,
          const struct counter *row, uint32_t slot)
{
    struct buf *sql = &insert->sql;
    size_t i;

    insert_row(insert, row->type == NULL ? 0 : strlen(row->type));
    sql_time(sql, row->hour_us);
    sql_raw(sql, ",");
    if (row->type != NULL)
        sql_text(sql, slice_of(row->type));
    else
        sql_u64(sql, row->id);
    if (table->has_action) {
        sql_raw(sql, ",");
        sql_text(sql, slice_of(inbound_action_name(
                          (enum inbound_action)row->action)));
    }
    sql_raw(sql, ",");
    sql_u64(sql, slot);
    for (i = 0; i < table->sum_count; i++) {
        sql_raw(sql, ",");
        sql_u64(sql, row->sums[i]);
    }
    for (i = 0; table->has_buckets && i < ROLLUP_BUCKETS; i++) {
        sql_raw(sql, ",");
        sql_u64(sql, row->buckets[i]);
    }
    insert_row_end(insert);
}

static enum db_result
write_table(struct db *db, const struct table *table, struct counters *counters,
            uint32_t slot)
{
    struct buf head = BUF_INIT(1024);
    struct insert insert;
    enum db_result result;
    size_t i;

    add_up(counters);
    buf_addf(&head, "INSERT INTO %s (hour,%s,slot,%s) VALUES ", table->name,
             table->key, table->sums);
    assert(buf_ok(&head));
    insert_begin(&insert, db, head.data, table->add);
    for (i = 0; i < counters->count; i++)
        write_row(&insert, table, &counters->rows[i], slot);
    result = insert_finish(&insert);
    buf_free(&head);
    return result;
}

enum db_result
rollup_write(struct db *db, struct rollup *rollup, uint32_t slot)
{
    enum db_result result;

    result =
        write_table(db, &subscriptions_table, &rollup->subscriptions, slot);
    if (result == DB_OK)
        result = write_table(db, &sources_table, &rollup->sources, slot);
    if (result == DB_OK)
        result = write_table(db, &types_table, &rollup->types, slot);
    return result;
}

#define ALL_TIME "'1971-01-01 00:00:00'"

/* The oldest hour that is not folded yet and older than the limit; 0 = none. */
static enum db_result
oldest_hour(struct db *db, const struct table *table, int64_t before_us,
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
lock_hour(struct db *db, const struct table *table, int64_t hour_us)
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
fold_hour(struct db *db, const struct table *table, int64_t hour_us)
{
    struct buf sql = BUF_INIT(4096);
    enum db_result result;

    buf_addf(&sql,
             "INSERT INTO %s (hour,%s,slot,%s) SELECT " ALL_TIME
             ",%s,0,%s FROM %s WHERE hour=",
             table->name, table->key, table->sums, table->key, table->folded,
             table->name);
    sql_time(&sql, hour_us);
    buf_addf(&sql, " GROUP BY %s%s", table->key, table->add);
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
fold_table(struct db *db, const struct table *table, int64_t before_us,
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
    static const struct table *const tables[] = {
        &subscriptions_table,
        &sources_table,
        &types_table,
    };
    enum db_result result = DB_OK;
    size_t i;

    *more = false;
    for (i = 0; i < sizeof(tables) / sizeof(tables[0]) && result == DB_OK; i++)
        result = fold_table(db, tables[i], before_us, more);
    return result;
}
