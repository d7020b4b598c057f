/*
 * store_idempotency.h - POSTs already answered, by their Idempotency-Key.
 *
 * A row is claimed with status 0 before the work starts and filled when it is
 * done. A row that stayed at 0 for a minute belongs to a process that died and
 * may be claimed again; one older than a day counts as gone.
 */
#ifndef STORE_IDEMPOTENCY_H
#define STORE_IDEMPOTENCY_H

#include "buf.h"
#include "db.h"

#include <stdbool.h>
#include <stdint.h>

struct idempotency_key {
    uint32_t application_id;
    uint8_t key_hash[32];
    uint8_t body_hash[32];
};

struct idempotency_found {
    bool same_body;
    int status;        /* 0: the first one is still under way */
    struct buf sealed; /* the stored answer, sealed; the caller frees it */
};

/* DB_OK: the key is the caller's now. DB_DUPLICATE: somebody was first, *found
   tells about it (and is written in no other case). */
enum db_result store_idempotency_claim(struct db *db,
                                       const struct idempotency_key *key,
                                       struct idempotency_found *found)
    __attribute__((warn_unused_result));

/* Stores the answer of a claimed key. */
enum db_result store_idempotency_keep(struct db *db,
                                      const struct idempotency_key *key,
                                      int status, struct slice sealed)
    __attribute__((warn_unused_result));

/* Gives a claimed key back, as if it had never been used. */
enum db_result store_idempotency_drop(struct db *db,
                                      const struct idempotency_key *key)
    __attribute__((warn_unused_result));

#endif /* STORE_IDEMPOTENCY_H */
