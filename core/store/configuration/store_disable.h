/*
 * store_disable.h - the gateway itself stops a subscription.
 */
#ifndef STORE_DISABLE_H
#define STORE_DISABLE_H

#include "db.h"

#include <stdint.h>

/*
 * Makes it inactive and notes the reason, in a transaction of its own. DB_NONE:
 * it was inactive or deleted already, and nothing changed. reason: at most 255
 * characters.
 */
enum db_result store_disable(struct db *db, uint32_t subscription_id,
                             const char *reason)
    __attribute__((warn_unused_result));

/* The same inside a transaction that the caller has begun, as its first
   statement. */
enum db_result store_disable_in(struct db *db, uint32_t subscription_id,
                                const char *reason)
    __attribute__((warn_unused_result));

/* Pauses it and notes why, in the same manner. DB_NONE: it was paused or deleted
   already. */
enum db_result store_pause(struct db *db, uint32_t subscription_id,
                           const char *reason)
    __attribute__((warn_unused_result));

#endif /* STORE_DISABLE_H */
