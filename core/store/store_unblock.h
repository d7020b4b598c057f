/*
 * store_unblock.h - FIFO lanes that wait for the next attempt of their first
 * delivery need not wait any longer: a person has decided otherwise.
 *
 * Part of the caller's transaction. A worker that has such a lane in memory
 * asks once a second.
 */
#ifndef STORE_UNBLOCK_H
#define STORE_UNBLOCK_H

#include "db.h"

#include <stddef.h>
#include <stdint.h>

enum db_result store_unblock_lane(struct db *db, uint64_t lane)
    __attribute__((warn_unused_result));

/* All lanes of the subscription. */
enum db_result store_unblock_subscription(struct db *db, uint32_t id)
    __attribute__((warn_unused_result));

/* For the worker, any time: which of these lanes do not wait any longer? Keeps
   those in front of the list and says how many they are. */
#define UNBLOCK_LANES 1000 /* at most */
enum db_result store_unblock_find(struct db *db, uint64_t *lanes, size_t count,
                                  size_t *found)
    __attribute__((warn_unused_result));

#endif /* STORE_UNBLOCK_H */
