/*
 * record_key.h - records by key in SQL: shared by the files that write the
 * mirror. Nobody else includes it.
 */
#ifndef RECORD_KEY_H
#define RECORD_KEY_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

/* Bytes that a key adds to a statement, every byte escaped. */
#define RECORD_KEY_SQL_MAX (2 * (128 + 255) + 96)

struct record_key {
    uint32_t source_id;
    struct slice table;
    struct slice record_id;
};

/* In the order of the primary key. */
int record_key_compare(const struct record_key *a, const struct record_key *b);

/*
 * One row of the derived table x (s, t, r) that statements are driven by:
 *
 *     (SELECT 5 s,'users' COLLATE utf8mb4_nopad_bin t,... UNION ALL SELECT ...
 *
 * first: opens the bracket; the caller closes it after the last row.
 */
void record_key_add(struct buf *sql, const struct record_key *key, bool first);

/* The join of x with `records r`: a table that has just begun to grow looks
   small enough to be scanned. */
#define RECORD_KEY_JOIN                                                        \
    " x STRAIGHT_JOIN records r FORCE INDEX (PRIMARY)"                         \
    " ON r.source_id=x.s AND r.table_name=x.t AND r.record_id=x.r"

#endif /* RECORD_KEY_H */
