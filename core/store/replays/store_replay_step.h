/*
 * store_replay_step.h - the worker's side of a replay: one step after the other,
 * each in a transaction that the caller has begun and fenced (store_shard.h).
 */
#ifndef STORE_REPLAY_STEP_H
#define STORE_REPLAY_STEP_H

#include "store_replay.h"

/* Locks the replay of that job and reads it; the caller frees *replay. DB_NONE:
   there is none (any more), and nothing is to be done. */
enum db_result store_replay_lock(struct db *db, uint64_t job_id,
                                 struct replay *replay)
    __attribute__((warn_unused_result));

/* Counts those of its deliveries that have ended, and takes them out of the
   list. *changed: there were some. */
enum db_result store_replay_settle(struct db *db, struct replay *replay,
                                   bool *changed)
    __attribute__((warn_unused_result));

/* How far it has come: status, cursors, list and counters. */
enum db_result store_replay_save(struct db *db, const struct replay *replay)
    __attribute__((warn_unused_result));

/* The same, and there is nothing more to do for now, or for ever: its job goes.
   DB_AGAIN: it was not there. */
enum db_result store_replay_leave(struct db *db, const struct replay *replay)
    __attribute__((warn_unused_result));

/* Removes a job that has no replay. */
enum db_result store_replay_remove_job(struct db *db, uint64_t job_id)
    __attribute__((warn_unused_result));

#endif /* STORE_REPLAY_STEP_H */
