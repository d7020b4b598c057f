/*
 * store_stats.h - how deliveries went, from the hourly counters.
 */
#ifndef STORE_STATS_H
#define STORE_STATS_H

#include "buf.h"
#include "db.h"
#include "store_rollup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STATS_BUCKETS ROLLUP_BUCKETS
#define STATS_QUEUE_CAP 100000 /* jobs counted at most */

struct subscription_stats {
    uint64_t attempts;
    uint64_t attempts_failed;
    uint64_t succeeded;   /* deliveries */
    uint64_t failed;      /* deliveries, for good */
    uint64_t duration_ms; /* of all attempts */
    uint64_t bucket[STATS_BUCKETS];
    uint64_t filtered; /* events that its filter kept back */
};

struct overview_stats {
    uint64_t webhooks_active; /* switched on and not disabled */
    uint64_t webhooks_total;
    struct subscription_stats day; /* this hour and the 24 before it */
    uint64_t queue_pending;
    uint64_t queue_retrying;
    bool queue_capped; /* not all jobs were looked at, but STATS_QUEUE_CAP */
};

/* All-time. A subscription without counters has zeros; whether it exists is
   not asked. */
enum db_result store_stats_subscription(struct db *db, uint32_t id,
                                        struct subscription_stats *stats)
    __attribute__((warn_unused_result));

/* application_id 0: everybody's. */
enum db_result store_stats_overview(struct db *db, uint32_t application_id,
                                    struct overview_stats *stats)
    __attribute__((warn_unused_result));

/* Those that get nothing now although somebody has switched them on. Each counts
   once, as `postern webhook list` calls it. */
struct held_webhooks {
    uint64_t failing;  /* the endpoint's breaker is open */
    uint64_t paused;   /* by somebody, or because an ordered delivery failed */
    uint64_t disabled; /* by the gateway, with a reason */
};

/* Everybody's. */
enum db_result store_stats_held(struct db *db, struct held_webhooks *held)
    __attribute__((warn_unused_result));

/*
 * The duration below which `share` (0..1) of the counted ones lie, in
 * milliseconds, interpolated within its bucket; the open last bucket counts as
 * its lower bound. 0 when nothing is counted.
 */
double stats_percentile(const uint64_t bucket[STATS_BUCKETS], double share);

void subscription_stats_print(const struct subscription_stats *stats,
                              struct buf *out);
void overview_stats_print(const struct overview_stats *stats, struct buf *out);

#endif /* STORE_STATS_H */
