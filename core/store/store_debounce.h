/*
 * store_debounce.h - the next fetch of each entity of a source: table
 * `debounce`.
 *
 * A round begins with the first event about an entity and ends when its job is
 * done. Meanwhile the row names the job of the newest event; the jobs before it
 * are superseded. All calls are made inside a transaction that is fenced by the
 * shard of the source, so nobody else writes these rows.
 */
#ifndef STORE_DEBOUNCE_H
#define STORE_DEBOUNCE_H

#include "db.h"
#include "inbound.h"
#include "slice.h"
#include "store_job.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SHA-256 of table and record id, each with its length in front. */
#define DEBOUNCE_KEY_BYTES 32

struct debounce_key {
    uint32_t source_id;
    uint8_t entity[DEBOUNCE_KEY_BYTES];
};

void debounce_key_make(struct debounce_key *key, uint32_t source_id,
                       const char *table, const char *record_id);
int debounce_key_compare(const struct debounce_key *a,
                         const struct debounce_key *b);

struct debounce_round {
    struct debounce_key key;
    bool found;         /* there is a row */
    struct job_row job; /* of it; id 0: it is no job any more */
    uint64_t event_id;
    enum inbound_action action;
    char event_type[256];
    int64_t version_us;
    int64_t first_us; /* database clock */
    int64_t due_us;
};

/* Reads the rounds of these keys (distinct, in any order) and locks their rows
   and jobs. Of each round only the key has to be set. */
enum db_result store_debounce_read(struct db *db, struct debounce_round *rounds,
                                   size_t count)
    __attribute__((warn_unused_result));

/* Writes these rounds, whether there are rows of them or not. */
enum db_result store_debounce_write(struct db *db,
                                    const struct debounce_round *rounds,
                                    size_t count)
    __attribute__((warn_unused_result));

/* These rounds have ended. */
enum db_result store_debounce_end(struct db *db,
                                  const struct debounce_round *rounds,
                                  size_t count)
    __attribute__((warn_unused_result));

/* Removes some rounds that lost their jobs long ago, by a cancellation for
   instance. *more: call again. */
enum db_result store_debounce_sweep(struct db *db, bool *more)
    __attribute__((warn_unused_result));

#endif /* STORE_DEBOUNCE_H */
