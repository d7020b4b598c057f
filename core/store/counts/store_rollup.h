/*
 * store_rollup.h - hourly counters, gathered in memory and added in one go.
 *
 * A writer adds to rows of its own (slot = its node number), in key order, in
 * the transaction that archives what is counted. Readers sum the slots. Old
 * hours are folded into one row for all time.
 */
#ifndef STORE_ROLLUP_H
#define STORE_ROLLUP_H

#include "db.h"
#include "inbound.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

/* How long attempts take is counted in buckets b0..b13; these are their upper
   bounds, and the last bucket has none. */
#define ROLLUP_BUCKETS 14
extern const int64_t rollup_bucket_ms[ROLLUP_BUCKETS - 1];

enum rollup_end {
    ROLLUP_SUCCESS,
    ROLLUP_FAILED, /* for good */
    ROLLUP_RETRIED /* failed, and a retry follows */
};

struct rollup; /* opaque; one thread */

struct rollup *rollup_new(void);
void rollup_free(struct rollup *rollup);
void rollup_clear(struct rollup *rollup);

/* One attempt to deliver that ended at ended_us (database clock). */
void rollup_delivery(struct rollup *rollup, int64_t ended_us,
                     uint32_t subscription_id, struct slice event_type,
                     enum rollup_end end, int64_t duration_us);

/* One inbound event that was processed, or failed, or will be tried again.
   attempt counts from 1. */
void rollup_inbound(struct rollup *rollup, int64_t ended_us, uint32_t source_id,
                    enum inbound_action action, enum rollup_end end,
                    uint32_t attempt, int64_t duration_us);

/* One event that said something else than its source does about the same
   version. */
void rollup_mismatch(struct rollup *rollup, int64_t ended_us,
                     uint32_t source_id);

/* Writes what was gathered. The content stays, so that a transaction that is
   repeated can write it again. */
enum db_result rollup_write(struct db *db, struct rollup *rollup, uint32_t slot)
    __attribute__((warn_unused_result));

/* Folds the oldest hour that is older than before_us, of each table, into the
   all-time rows, in one transaction. *more: call again. Only one process at a
   time may do this. */
enum db_result rollup_fold(struct db *db, int64_t before_us, bool *more)
    __attribute__((warn_unused_result));

#endif /* STORE_ROLLUP_H */
