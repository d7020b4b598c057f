/*
 * catalog_table.c - the rows of one kind, found by id or by a second key.
 */
#include "catalog_impl.h"

#include "alloc.h"

#include <stdlib.h>
#include <string.h>

static struct slice
key_of(const struct catalog_row *row)
{
    if (row->kind == ROW_SOURCE)
        return slice_of(row->source.name);
    if (row->kind == ROW_EVENT_TYPE)
        return slice_of(row->event_type.name);
    return slice_make(row->token.hash, sizeof(row->token.hash));
}

static int
compare_keys(struct slice a, struct slice b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = memcmp(a.ptr, b.ptr, len);

    if (order != 0 || a.len == b.len)
        return order;
    return a.len < b.len ? -1 : 1;
}

static int
compare_rows(const void *a, const void *b)
{
    const struct catalog_row *const *left = a, *const *right = b;

    return compare_keys(key_of(*left), key_of(*right));
}

static void
append(struct catalog_table *table, struct catalog_row *row)
{
    if (row->gone)
        return;
    catalog_row_keep(row);
    table->ids[table->count] = row->id;
    table->rows[table->count++] = row;
}

struct catalog_table *
catalog_table_merge(const struct catalog_table *old, enum row_kind kind,
                    const struct catalog_changes *changes)
{
    struct catalog_table *table = xcalloc(1, sizeof(*table));
    size_t max = old->count + changes->count, i = 0, j = 0;

    atomic_init(&table->refs, 1);
    table->ids = xcalloc(max, sizeof(*table->ids));
    table->rows = xcalloc(max, sizeof(*table->rows));
    while (i < old->count || j < changes->count) {
        if (j == changes->count ||
            (i < old->count && old->ids[i] < changes->list[j]->id)) {
            append(table, old->rows[i++]);
            continue;
        }
        if (i < old->count && old->ids[i] == changes->list[j]->id)
            i++; /* replaced */
        append(table, changes->list[j++]);
    }
    if (kind != ROW_SUBSCRIPTION) {
        table->by_key = xcalloc(table->count, sizeof(struct catalog_row *));
        memcpy(table->by_key, table->rows,
               table->count * sizeof(struct catalog_row *));
        qsort(table->by_key, table->count, sizeof(struct catalog_row *),
              compare_rows);
    }
    return table;
}

struct catalog_table *
catalog_table_keep(struct catalog_table *table)
{
    atomic_fetch_add_explicit(&table->refs, 1, memory_order_relaxed);
    return table;
}

void
catalog_table_release(struct catalog_table *table)
{
    size_t i;

    if (atomic_fetch_sub_explicit(&table->refs, 1, memory_order_acq_rel) > 1)
        return;
    for (i = 0; i < table->count; i++)
        catalog_row_release(table->rows[i]);
    free(table->ids);
    free(table->rows);
    free(table->by_key);
    free(table);
}

struct catalog_row *
catalog_table_by_id(const struct catalog_table *table, uint32_t id)
{
    size_t low = 0, high = table->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (table->ids[middle] == id)
            return table->rows[middle];
        if (table->ids[middle] < id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

struct catalog_row *
catalog_table_by_key(const struct catalog_table *table, struct slice key)
{
    size_t low = 0, high = table->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_keys(key_of(table->by_key[middle]), key);

        if (order == 0)
            return table->by_key[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
