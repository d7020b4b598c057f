/*
 * kept.h - events that outlive the partition of their day, because a job still
 * needs them: table `events_kept`.
 *
 * Two ways lead there. Before a day is dropped all jobs are looked through, in
 * pages by primary key, and the events they need are copied (kept_copy). Who
 * makes a job for an event of before copies it in the same transaction
 * (kept_hold), so that it does not matter how far that look has come. What
 * makes a job from another one, which it ends in the same transaction, needs
 * neither: the new job has the higher id, and the look goes upwards.
 *
 * A row goes when it has not been asked for for an hour and no job needs it
 * (kept_sweep), by pages again.
 */
#ifndef KEPT_H
#define KEPT_H

#include "db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEPT_SWEEP_MAX 20000 /* rows of events_kept looked at by one sweep */

/* Inside the transaction that makes a job for that event. DB_NONE: the event
   has gone. Does nothing for an event of the last hours, whose day is not
   dropped soon. */
enum db_result kept_hold(struct db *db, uint64_t event_id)
    __attribute__((warn_unused_result));

/* Copies what jobs need of the events before `end`. */
struct kept_copy {
    uint64_t end;
    uint64_t after;      /* jobs up to this id have been looked at */
    uint64_t *event_ids; /* needed, of the page looked at last */
    size_t count;
    size_t copied;
};

void kept_copy_begin(struct kept_copy *copy, uint64_t end);
void kept_copy_end(struct kept_copy *copy); /* also for one that is all zero */

/* One statement's worth. *done: there is no more to copy. */
enum db_result kept_copy_step(struct kept_copy *copy, struct db *db, bool *done)
    __attribute__((warn_unused_result));

/* Removes what no job needs any more. */
struct kept_sweep {
    uint64_t next;       /* where the next sweep goes on in events_kept */
    int64_t quiet_us;    /* wall clock: asked for before that */
    uint64_t *event_ids; /* ascending */
    bool *needed;        /* of each */
    size_t count;
    uint64_t after; /* jobs up to this id have been looked at */
    bool looked;    /* at all jobs */
    size_t removed; /* so many of the list are done with */
};

/* Keeps `next`; the first time all has to be zero. */
void kept_sweep_begin(struct kept_sweep *sweep);
void kept_sweep_end(struct kept_sweep *sweep);
enum db_result kept_sweep_step(struct kept_sweep *sweep, struct db *db,
                               bool *done) __attribute__((warn_unused_result));

#endif /* KEPT_H */
