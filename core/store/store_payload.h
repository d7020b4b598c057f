/*
 * store_payload.h - reading events by id, wherever they are kept.
 */
#ifndef STORE_PAYLOAD_H
#define STORE_PAYLOAD_H

#include "db.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A row of `events` or `events_kept`; slices live during the call that
   hands it over. */
struct stored_event {
    uint64_t id;
    uint32_t application_id;
    uint32_t source_id;
    struct slice type;
    struct slice payload;
    struct slice metadata; /* or absent */
    bool relayed;          /* its subscriptions have got their jobs */
};

#define STORE_PAYLOADS_MAX 512 /* ids in one call */

/*
 * Hands over the events that exist, in any order: first those of `events`,
 * then, if some are still missing, those of `events_kept`. Ids must be
 * distinct. An event that was not handed over when DB_OK is returned is gone.
 */
enum db_result
store_payload_read(struct db *db, const uint64_t *ids, size_t count,
                   void (*found)(void *arg, const struct stored_event *event),
                   void *arg) __attribute__((warn_unused_result));

#endif /* STORE_PAYLOAD_H */
