/*
 * replay_step.h - one step of a replay: a chunk that is counted, or some
 * deliveries that are made, and how far it has come, in one transaction; see
 * replay.h.
 */
#ifndef REPLAY_STEP_H
#define REPLAY_STEP_H

#include "flush.h"
#include "replay_choose.h"
#include "store_flush.h"
#include "store_sequence.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is made in the step, and what came of it. */
struct replay_step {
    size_t most;   /* deliveries that may be made */
    bool may_make; /* it is its turn in its lane */

    size_t made;
    bool counting;
    bool making;  /* running, and not at the end */
    bool changed; /* some of its deliveries have ended */
    uint32_t rate;
    struct replay_choice choice;
    struct new_job jobs[REPLAY_LIVE_MAX];
    struct sequence_want wants[REPLAY_LIVE_MAX];
};

enum replay_end {
    REPLAY_GOES_ON, /* there is more to do */
    REPLAY_WAITS,   /* for its deliveries, its subscription, or its turn */
    REPLAY_OVER,    /* for good, or until somebody confirms it */
    REPLAY_LOST     /* nothing was written: the shard is not ours any more */
};

/* Makes and commits it. *end is valid for DB_OK, and says REPLAY_LOST for
   DB_NONE. */
enum db_result replay_step_make(struct replay_step *step,
                                const struct flush_peers *peers,
                                const struct job_row *job, enum replay_end *end)
    __attribute__((warn_unused_result));

/* Gives it up; why: for whoever looks at it. */
enum db_result replay_step_fail(const struct flush_peers *peers,
                                const struct job_row *job, const char *why)
    __attribute__((warn_unused_result));

#endif /* REPLAY_STEP_H */
