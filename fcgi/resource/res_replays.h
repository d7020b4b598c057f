/*
 * res_replays.h - replays: how far they have come, confirmed or cancelled.
 */
#ifndef RES_REPLAYS_H
#define RES_REPLAYS_H

#include "router.h"

#include <stddef.h>
#include <stdint.h>

extern const struct route replays_routes[];
extern const size_t replays_route_count;

/* A replay as it is now, unless result says otherwise; gives the connection
   back. */
void replays_show(struct exchange *exchange, struct db *db,
                  enum db_result result, uint64_t id, int status);

#endif /* RES_REPLAYS_H */
