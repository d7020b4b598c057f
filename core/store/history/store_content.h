/*
 * store_content.h - taking the content of an event away for good: its payload
 * and metadata, and what its receivers answered.
 *
 * What is left is that there was an event: its id, type, time, the sender's id,
 * its ordering key and channels, and its deliveries with their states. An event
 * without content is never delivered again. The mirror of a source's records
 * has copies of its own, which stay.
 */
#ifndef STORE_CONTENT_H
#define STORE_CONTENT_H

#include "db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum content_state {
    CONTENT_REMOVED,
    CONTENT_WANTED, /* a job still needs it: nothing was changed */
    CONTENT_UNKNOWN /* too many jobs to tell: nothing was changed */
};

/*
 * application_id 0 stands for "any". cancel: deliveries of the event that are
 * not finished are cancelled first, at most 1000 at a time; an inbound event
 * that is still processed, and one that is still on its way to very many
 * subscriptions, stay CONTENT_WANTED. DB_NONE: no such event. May be repeated.
 */
enum db_result store_content_remove(struct db *db, uint32_t application_id,
                                    uint64_t event_id, bool cancel,
                                    enum content_state *state)
    __attribute__((warn_unused_result));

/*
 * Inside the transaction that makes a job for an event of before: until it
 * commits the content stays. *there: the event has content. DB_NONE: the event
 * has gone.
 */
enum db_result store_content_hold(struct db *db, uint64_t event_id, bool *there)
    __attribute__((warn_unused_result));

/* The same for several events, at most 1000, with two statements at most. There
   is no content where an event has gone, either. */
enum db_result store_content_hold_all(struct db *db, const uint64_t *event_ids,
                                      size_t count, bool *there)
    __attribute__((warn_unused_result));

#endif /* STORE_CONTENT_H */
