/*
 * store_event.h - the SQL of an ingest batch: events, their first jobs, and the
 * keys that tell a repeated event.
 */
#ifndef STORE_EVENT_H
#define STORE_EVENT_H

#include "db.h"
#include "dedupe.h"
#include "event.h"
#include "script.h"

#include <stddef.h>
#include <stdint.h>

struct store_new_job {
    uint64_t id;
    uint64_t event_id;
    enum job_kind kind;
    uint64_t lane;
    bool test;
    int64_t deliver_at_us; /* 0 = now */
    int64_t place_us;      /* in a FIFO lane (store_sequence.h); 0 = none */
};

struct store_key {
    const uint8_t *hash; /* 32 bytes */
    uint64_t event_id;
    uint32_t matched;
};

/* What is written down for a key. */
struct store_found_key {
    uint8_t hash[32];
    unsigned slot;
    uint64_t event_id;
    uint32_t matched;
    uint64_t job_id; /* made again for it (store_requeue.h); 0 = none */
};

void store_event_add(struct script *script, const struct new_event *event,
                     uint64_t id);
void store_event_add_job(struct script *script,
                         const struct store_new_job *job);

/* Writes keys (ascending, each once) into the slots unless they are there, and
   reads what is there now, in the slots of earlier days as well. *found: the
   caller frees it. */
enum db_result
store_event_claim_keys(struct script *script, const struct dedupe_slots *slots,
                       const struct store_key *keys, size_t count,
                       struct store_found_key **found, size_t *found_count)
    __attribute__((warn_unused_result));

/* Takes back what store_event_claim_keys() wrote for an event that turned out
   to be a repeated one. */
void store_event_unclaim_key(struct script *script, unsigned slot,
                             const struct store_key *key);

/*
 * How many of these events are there? Waits for transactions that are still
 * undecided: a plain read finds nothing while their COMMIT is under way.
 */
enum db_result store_event_count_there(struct db *db, const uint64_t *ids,
                                       size_t count, size_t *there)
    __attribute__((warn_unused_result));

#endif /* STORE_EVENT_H */
