/*
 * store_outbox.h - the SQL of table `outbox`: what is there, its rows, and
 * their end.
 */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

#include "db.h"
#include "outbox_form.h"

#include <stddef.h>
#include <stdint.h>

#define STORE_OUTBOX_MAX 500 /* rows of one batch */

struct outbox_list {
    uint64_t ids[STORE_OUTBOX_MAX]; /* ascending */
    size_t count;
    bool more; /* there are others behind them */
};

/* The first rows after that id. A row that somebody has not committed yet is
   not seen: it may turn up later in front of those that are. */
enum db_result store_outbox_list(struct db *db, uint64_t after_id,
                                 struct outbox_list *list)
    __attribute__((warn_unused_result));

/* Shortens the list to rows that have max_bytes together, but at least one. */
enum db_result store_outbox_fit(struct db *db, uint64_t max_bytes,
                                struct outbox_list *list)
    __attribute__((warn_unused_result));

/*
 * Inside a transaction: reads and locks those of the rows that are still there
 * and that nobody else has locked. Of a row with more than item_max bytes only
 * the beginning is read. The slices of rows[] live until *found is freed.
 */
enum db_result store_outbox_read(struct db *db, const uint64_t *ids,
                                 size_t count, size_t item_max,
                                 struct outbox_row *rows, size_t *row_count,
                                 struct db_rows **found)
    __attribute__((warn_unused_result));

/* DB_AGAIN if some of them are there no longer. count > 0 */
enum db_result store_outbox_delete(struct db *db, const struct outbox_row *rows,
                                   size_t count)
    __attribute__((warn_unused_result));

#endif /* STORE_OUTBOX_H */
