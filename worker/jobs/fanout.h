/*
 * fanout.h - events for very many subscriptions: their jobs, made in steps.
 *
 * A fan-out job carries the list of those who want its event (store_fanout.h).
 * A step makes the jobs of some of them and notes how far it has come, in one
 * transaction fenced by the job's shard: whatever happens between two steps,
 * the next one goes on behind the last that was committed. The jobs are handed
 * to the scheduler at once. Fan-outs take turns with each other, and between
 * two steps everything else gets its turn.
 */
#ifndef FANOUT_H
#define FANOUT_H

#include "flush.h"

#include <stddef.h>
#include <stdint.h>

struct fanout;

struct fanout *fanout_new(const struct flush_peers *peers);
void fanout_free(struct fanout *fanout);

/* Takes over a fan-out task that has ended for the scheduler. */
void fanout_add(struct fanout *fanout, struct task *task);

/* When there is something to do (monotonic): the past = now; INT64_MAX = none
   is left. */
int64_t fanout_due(const struct fanout *fanout);
/* Fan-outs that the database has refused, to be tried again later. */
size_t fanout_parked(const struct fanout *fanout);

/* One step of the next fan-out. DB_OK also when there was nothing to do, or
   this one has to wait; on an error the step is still to be done. */
enum db_result fanout_run(struct fanout *fanout)
    __attribute__((warn_unused_result));

/* Forgets all of them; their jobs are still to be done. */
void fanout_drop(struct fanout *fanout);

#endif /* FANOUT_H */
