/*
 * poll_plan.h - which tables are polled: jobs come and go with the
 * configuration.
 *
 * For the owner of shard 0, so for one worker at a time.
 */
#ifndef POLL_PLAN_H
#define POLL_PLAN_H

#include "db.h"
#include "doorbell.h"
#include "follower.h"
#include "lease.h"

#include <stdint.h>

struct poll_plan {
    uint64_t version;   /* of the configuration that it was made for */
    int64_t next_us;    /* monotonic: when to be called again */
    int64_t in_full_us; /* and when to look in any case */
};

/* Looks whether there is anything to change, if the configuration has changed
   or it is time to; what it does is one transaction, fenced by shard 0. On an
   error it is to be called again. */
enum db_result
poll_plan_run(struct poll_plan *plan, struct db *db, struct lease *lease,
              const struct follower *follower, struct doorbell *doorbell)
    __attribute__((warn_unused_result));

#endif /* POLL_PLAN_H */
