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
#include "store_rollup_table.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HOUR_US (INT64_C(3600) * CLOCK_US_PER_S)

/* A row of any of the tables: key first, then counters in the order of
   the table's columns (store_rollup_table.c); unused ones stay 0. */
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
    struct counters receiving;
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
    counters_clear(&rollup->receiving);
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
    free(rollup->receiving.rows);
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

void
rollup_mismatch(struct rollup *rollup, int64_t ended_us, uint32_t source_id)
{
    struct counter *row = counters_add(&rollup->receiving, ended_us);

    row->id = source_id;
    row->sums[3] = 1;
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

static void
write_row(struct insert *insert, const struct rollup_table *table,
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
write_table(struct db *db, const struct rollup_table *table,
            struct counters *counters, uint32_t slot)
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

    result = write_table(db, &rollup_subscriptions_table,
                         &rollup->subscriptions, slot);
    if (result == DB_OK)
        result = write_table(db, &rollup_sources_table, &rollup->sources, slot);
    if (result == DB_OK)
        result = write_table(db, &rollup_types_table, &rollup->types, slot);
    if (result == DB_OK)
        result =
            write_table(db, &rollup_receiving_table, &rollup->receiving, slot);
    return result;
}
