/*
 * store_wait.h - process jobs that wait for deliveries (table process_waits):
 * those of events which triggers with "wait" have made.
 *
 * The rows are written with the event; from then on the job has been applied
 * and only waits. It is looked at now and then until none of its deliveries is
 * a job any more; then its rows go with it.
 */
#ifndef STORE_WAIT_H
#define STORE_WAIT_H

#include "db.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum wait_state {
    WAIT_NONE,    /* for nothing, or nothing any more: it is done */
    WAIT_PENDING, /* a delivery is still to be made: look again later */
    WAIT_DONE,    /* all succeeded (or were cancelled): success */
    WAIT_FAILED   /* one failed for good: so has the job */
};

struct process_wait {
    uint64_t job_id;
    enum wait_state state; /* out */
};

/* Both sorted by job id. */
struct wait_for {
    uint64_t job_id;
    uint64_t delivery_id;
};

enum db_result store_wait_add(struct db *db, const struct wait_for *waits,
                              size_t count) __attribute__((warn_unused_result));

enum db_result store_wait_look(struct db *db, struct process_wait *waits,
                               size_t count)
    __attribute__((warn_unused_result));

/* The jobs have ended. */
enum db_result store_wait_end(struct db *db, const uint64_t *job_ids,
                              size_t count) __attribute__((warn_unused_result));

/* Removes some rows of jobs that are gone, by a cancellation for instance.
   *more: call again. */
enum db_result store_wait_sweep(struct db *db, bool *more)
    __attribute__((warn_unused_result));

#endif /* STORE_WAIT_H */
