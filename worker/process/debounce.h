/*
 * debounce.h - many events about one entity, one fetch.
 *
 * An event that is to be fetched waits until its entity has been quiet for
 * debounce_ms, but no longer than debounce_max_ms after the first of its round;
 * a delete does not wait. An event that comes meanwhile takes the place of the
 * one before, which ends as `coalesced`, a success. The same happens to
 * events that wait for anything else: for the limit of the rate, for a source
 * that is down. An event that is being fetched is left alone, for nobody knows
 * what it will see; the next one begins another round.
 *
 * An event that takes the place of one that was tried in vain has all attempts
 * before it: it is newer, and may not be given up for what happened to the
 * other. But it waits until that one would have been tried again, at most
 * retry_delay, so that the entity is not asked for at every event.
 *
 * The newest event is the one with the latest time of change.
 */
#ifndef DEBOUNCE_H
#define DEBOUNCE_H

#include "catalog.h"
#include "db.h"
#include "desk.h"
#include "inbound.h"
#include "payloads.h"
#include "store_debounce.h"
#include "store_flush.h"
#include "store_rollup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DEBOUNCE_CLASS "coalesced"

/* When a round that began at first_us is due, if its latest event came now. */
int64_t debounce_due(const struct source_options *options, bool deletes,
                     int64_t first_us, int64_t now_us);

/* One event of a batch. */
struct debounce_want {
    struct debounce_key key;
    const struct source *source;
    const struct inbound *in;
    struct flush_row *row; /* live */
    bool moves;            /* it wants to be fetched; else it was */
    bool ends;             /* its job ends in this batch */
    int64_t wait_us;       /* neither: so long until it is tried again */

    /* out */
    bool coalesced;
    uint64_t by_event; /* into that one */
};

struct debounce;

/* They outlive it. */
struct debounce *debounce_new(struct desk *desk, struct payloads *payloads);
void debounce_free(struct debounce *debounce);

/*
 * Inside the transaction. Sorts the wants. The rows of those that move get
 * their lane and time; of those that are coalesced nothing is changed but what
 * is said above. Superseded jobs outside the batch are archived.
 */
enum db_result debounce_apply(struct debounce *debounce, struct db *db,
                              struct debounce_want *wants, size_t count,
                              int64_t now_us)
    __attribute__((warn_unused_result));

/* Counts the superseded jobs of the last debounce_apply(). */
void debounce_count(const struct debounce *debounce, struct rollup *rollup);

#endif /* DEBOUNCE_H */
