/*
 * store_filtered.h - how many events the filters of subscriptions kept back,
 * added to their hourly counters.
 */
#ifndef STORE_FILTERED_H
#define STORE_FILTERED_H

#include "catalog.h"
#include "db.h"

#include <stdint.h>

/* Takes what the catalog has counted (catalog_take_filtered()) and writes it to
   rows of the writer's own: slot = its node number. Asks nothing of the
   database when there is nothing. What cannot be written is not counted. */
enum db_result store_filtered_write(struct db *db, struct catalog *catalog,
                                    uint32_t slot)
    __attribute__((warn_unused_result));

#endif /* STORE_FILTERED_H */
