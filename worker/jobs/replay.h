/*
 * replay.h - deliveries for a range of events, made in steps: recovery of what
 * has failed, of what was missed, and what a filter picks.
 *
 * A replay job names a row of `replays` (store_replay.h), which is counted at
 * first and later run. A step looks at a bounded number of deliveries or events
 * from the row's cursor on, makes some of their jobs and moves the cursor, in
 * one transaction fenced by the job's shard. What it makes goes into the lane
 * of the subscription, like any other delivery, behind what waits there; not
 * more than REPLAY_LIVE_MAX of a replay are unfinished at any time, and not
 * more than its rate are made in a second, so what comes new finds no more than
 * that in front of it. Replays of one subscription are run one after the other.
 *
 * Nothing is in memory but when to look again, so it does not matter who makes
 * the next step, or what happened to the one before.
 */
#ifndef REPLAY_H
#define REPLAY_H

#include "flush.h"

#include <stddef.h>
#include <stdint.h>

struct replayer;

struct replayer *replayer_new(const struct flush_peers *peers);
void replayer_free(struct replayer *replayer);

/* Takes over a replay task that has ended for the scheduler. */
void replayer_add(struct replayer *replayer, struct task *task);

/* When there is something to do (monotonic): the past = now; INT64_MAX = there
   is no replay. */
int64_t replayer_due(const struct replayer *replayer);
/* Replays that cannot go on before something else happens. */
size_t replayer_parked(const struct replayer *replayer);

/* One step of the next replay. DB_OK also when there was nothing to do, or it
   has to wait; on an error the step is still to be done. */
enum db_result replayer_run(struct replayer *replayer)
    __attribute__((warn_unused_result));

/* Forgets all of them; their jobs are still to be done. */
void replayer_drop(struct replayer *replayer);

#endif /* REPLAY_H */
