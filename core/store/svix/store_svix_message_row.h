/*
 * store_svix_message_row.h - how a message is selected and read: what the
 * store_svix_message statements share.
 */
#ifndef STORE_SVIX_MESSAGE_ROW_H
#define STORE_SVIX_MESSAGE_ROW_H

#include "store_svix_message.h"

/* The beginning of a statement, whose events are called e: FROM follows. */
void svix_message_row_select(struct buf *sql);

/* Appends the rows of the statement to the list, which grows. */
enum db_result svix_message_row_query(struct db *db, const struct buf *sql,
                                      struct svix_message_list *list)
    __attribute__((warn_unused_result));

#endif /* STORE_SVIX_MESSAGE_ROW_H */
