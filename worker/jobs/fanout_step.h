/*
 * fanout_step.h - one step of a fan-out: the jobs of some of its subscriptions,
 * and how far it has come, in one transaction; see fanout.h.
 */
#ifndef FANOUT_STEP_H
#define FANOUT_STEP_H

#include "flush.h"
#include "relay.h"
#include "store_fanout.h"
#include "store_sequence.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FANOUT_STEP 500 /* subscriptions of one step */

/* One fan-out that is being worked off. */
struct fanout_active {
    struct task *task;
    struct fanout_rest rest;
    size_t next;           /* of rest.ids */
    bool read;             /* rest is what the database has */
    int64_t wait_until_us; /* for the configuration it belongs to, */
    int64_t lags_since_us; /* which has been missing since; 0 = it is there */
};

/* What is made in the step. */
struct fanout_step {
    struct relayed jobs[FANOUT_STEP];
    struct new_job rows[FANOUT_STEP];
    struct sequence_want wants[FANOUT_STEP];
    size_t job_count;
    size_t want_count;
    size_t end; /* behind its last subscription */
};

enum fanout_end {
    FANOUT_DONE,
    FANOUT_STALE, /* nothing was written: the list has to be read again */
    FANOUT_LOST   /* nor here: the shard is not ours any more */
};

/* Makes and commits it; now_us by the database's clock. *end says more about
   DB_NONE: stale or lost. */
enum db_result fanout_step_make(struct fanout_step *step,
                                const struct flush_peers *peers,
                                const struct fanout_active *active,
                                int64_t now_us, enum fanout_end *end)
    __attribute__((warn_unused_result));

#endif /* FANOUT_STEP_H */
