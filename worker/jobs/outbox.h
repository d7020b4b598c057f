/*
 * outbox.h - moves the rows of table `outbox` into events and jobs.
 *
 * For the owner of shard 0, so for one worker at a time. A batch is one
 * transaction: the shard's fence, events and jobs, notes of what was refused,
 * and the end of the rows themselves; so a row becomes an event once, whatever
 * dies in between. After a COMMIT of unknown outcome the same is done again:
 * the rows are gone then, or are still there.
 *
 * Rows are found by being there, never by a mark that says how far the ids have
 * been dealt with: a row may be committed long after others with higher ids.
 * Every look begins at the start, so the event of a transaction that began when
 * another had ended also comes after it. Only while looking has become
 * expensive most looks go on behind the last row instead, and so they do where
 * somebody holds locks on rows, until the end has been reached.
 */
#ifndef OUTBOX_H
#define OUTBOX_H

#include "db.h"
#include "desk.h"
#include "doorbell.h"
#include "follower.h"
#include "lease.h"
#include "payloads.h"
#include "settings.h"

#include <stdbool.h>
#include <stdint.h>

/* Who it works with; all of them outlive it. */
struct outbox_peers {
    const struct settings *settings;
    struct db *db;
    struct desk *desk;
    struct payloads *payloads;
    struct follower *follower;
    struct lease *lease;
    struct doorbell *doorbell; /* for jobs in other workers' shards */
};

struct outbox;

struct outbox *outbox_new(const struct outbox_peers *peers);
void outbox_free(struct outbox *outbox);

/* When to look again (monotonic; INT64_MAX: another worker does). */
int64_t outbox_due(const struct outbox *outbox);

/* Moves one batch, if there is one; *moved: there are new jobs, perhaps. What
   an error leaves is found again. */
enum db_result outbox_run(struct outbox *outbox, bool *moved)
    __attribute__((warn_unused_result));

/* Nothing was there when all was looked at last, or the database refuses to
   move it, or another worker does. */
bool outbox_is_empty(const struct outbox *outbox);

#endif /* OUTBOX_H */
