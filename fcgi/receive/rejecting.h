/*
 * rejecting.h - what was refused, on its way into table `rejections`.
 *
 * Noting never waits: refusals are held in memory, at most REJECTING_MAX of
 * them, and housekeeping writes them down, many in one statement. What does
 * not fit is counted, and the count becomes a row with the reason "dropped",
 * so that a flood of forged requests costs neither memory nor requests.
 *
 * Requests that were received before are noted as well: who sends them again
 * is mostly the provider itself, and sometimes somebody who has seen one. They
 * are answered as they were, and get a tenth of the room, so that a provider
 * that repeats everything hides no forged request.
 *
 * Thread-safe.
 */
#ifndef REJECTING_H
#define REJECTING_H

#include "db.h"
#include "id.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REJECTING_MAX 1000
#define REJECTING_REPEATS_MAX 100 /* of them */
#define REJECTING_DETAIL_MAX 240  /* bytes of UTF-8; longer ones are cut */

struct rejecting; /* opaque */

struct rejecting *rejecting_new(void);
/* May be NULL. What was not written is gone. */
void rejecting_free(struct rejecting *rejecting);

/* One refused request. Nothing in it may be a secret, or the signature that
   would have been right. */
struct refusal {
    uint32_t source_id;
    int status;          /* that it was answered with, or would have been */
    const char *reason;  /* static; one word, ASCII */
    struct slice detail; /* a sentence; anything from outside, or absent */
    struct slice remote_address; /* or absent */
    bool repeat;                 /* not refused, but received before */
};

void rejecting_note(struct rejecting *rejecting, struct id_source *ids,
                    const struct refusal *refusal);

/* How many wait to be written, the dropped ones not among them. */
size_t rejecting_waiting(struct rejecting *rejecting);

/*
 * Writes down what there is. If the database is away it stays, as far as there
 * is room for it; what the database refuses is lost, and the log says so.
 */
void rejecting_flush(struct rejecting *rejecting, struct db_pool *pool,
                     struct id_source *ids);

#endif /* REJECTING_H */
