/*
 * delivery_row.h - how a delivery is selected and read, live or finished: what
 * the store_delivery and store_history statements share.
 */
#ifndef DELIVERY_ROW_H
#define DELIVERY_ROW_H

#include "store_delivery.h"

/* The beginnings of a statement; the tables are called j (jobs), s
   (subscriptions), e and k (events), a (the last attempt), or d (deliveries).
   A condition follows after WHERE. oldest_id: no job that is meant is older;
   by_type: the condition is about the type of the event, so that is looked up
   first. */
void delivery_row_select_live(struct buf *sql, uint64_t oldest_id,
                              bool by_type);
void delivery_row_select_done(struct buf *sql, const char *index_hint);

/* Appends the rows of the statement to the list, which grows. DB_NONE is not
   returned: no row is fine. */
enum db_result delivery_row_query(struct db *db, const struct buf *sql,
                                  struct delivery_list *list)
    __attribute__((warn_unused_result));

/* Newest first, each id once: a job that was finished between two statements
   may have been read twice, and its finished form stays. */
void delivery_row_sort(struct delivery_list *list);

/* Appends the day, quoted, before which nothing was finished that belongs to
   an id: lets the server skip older partitions. A day of margin is for clocks
   that differ. */
void delivery_row_day(struct buf *sql, uint64_t id);

#endif /* DELIVERY_ROW_H */
