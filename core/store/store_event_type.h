/*
 * store_event_type.h - the registered event types: a catalogue for people.
 * Any other valid type works in subscriptions and triggers too.
 */
#ifndef STORE_EVENT_TYPE_H
#define STORE_EVENT_TYPE_H

#include "buf.h"
#include "db.h"

/*
 * Appends
 *   {"event_types":[{"name","description","category"},...],
 *    "categories":{"Email":["email.received",...],...}}
 * in the order of the catalogue.
 */
enum db_result store_event_type_print(struct db *db, struct buf *out)
    __attribute__((warn_unused_result));

#endif /* STORE_EVENT_TYPE_H */
