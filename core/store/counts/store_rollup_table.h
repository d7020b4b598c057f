/*
 * store_rollup_table.h - the tables of counters as SQL knows them: for
 * store_rollup*.c alone.
 */
#ifndef STORE_ROLLUP_TABLE_H
#define STORE_ROLLUP_TABLE_H

#include <stdbool.h>
#include <stddef.h>

/* What differs between the tables. */
struct rollup_table {
    const char *name;
    const char *key;    /* columns between hour and slot */
    const char *sums;   /* columns, also for a SELECT after the fold */
    const char *folded; /* the same columns as sums over the slots */
    const char *add;    /* ON DUPLICATE KEY UPDATE ... */
    /* A counter that others write, store_filtered.c: the same three of it, each
       with a comma in front; or "". */
    const char *more, *more_folded, *more_add;
    size_t sum_count;
    bool has_action;
    bool has_buckets;
};

extern const struct rollup_table rollup_subscriptions_table;
extern const struct rollup_table rollup_sources_table;
extern const struct rollup_table rollup_types_table;
extern const struct rollup_table rollup_receiving_table;

#endif /* STORE_ROLLUP_TABLE_H */
