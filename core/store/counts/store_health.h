/*
 * store_health.h - the few facts that tell whether the gateway is well.
 */
#ifndef STORE_HEALTH_H
#define STORE_HEALTH_H

#include "db.h"
#include "store_stats.h"

#include <stdbool.h>
#include <stdint.h>

#define HEALTH_QUEUE_CAP 100000 /* process jobs counted at most */
#define HEALTH_EVENTS_CAP 5000  /* newest events searched for an inbound one */

struct health {
    uint64_t queue_size; /* live process jobs */
    uint64_t processed;  /* all-time */
    uint64_t failed;
    uint64_t bucket[STATS_BUCKETS]; /* processing times, this hour and the 24
                                       before it */
    int64_t last_event_us; /* when the newest inbound event came; 0: none. To
                              the hour of its processing when very many others
                              have come since */
    bool worker_alive;
    int64_t worker_seen_s; /* since it renewed its lease last; -1: never */
    uint32_t schema;       /* highest migration applied */
};

/* lease_s: how long a worker's lease lasts. *health is written only for
   DB_OK. Bounded, whatever the backlog. */
enum db_result store_health_read(struct db *db, int lease_s,
                                 struct health *health)
    __attribute__((warn_unused_result));

#endif /* STORE_HEALTH_H */
