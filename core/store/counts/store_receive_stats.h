/*
 * store_receive_stats.h - how processing of inbound events went, all-time,
 * from the hourly counters.
 */
#ifndef STORE_RECEIVE_STATS_H
#define STORE_RECEIVE_STATS_H

#include "buf.h"
#include "db.h"
#include "inbound.h"

#include <stddef.h>
#include <stdint.h>

#define RECEIVE_STATS_ACTIONS 4

/* What one source's events of one action came to. */
struct receive_count {
    uint64_t processed;
    uint64_t failed;
    uint64_t retries;
    uint64_t duration_us; /* of the finished ones */
};

struct receive_source_stats {
    char name[65];
    struct receive_count action[RECEIVE_STATS_ACTIONS]; /* by inbound_action */
};

/* Sources in the order of their names, also those without any event. The
   caller frees *sources; it is written only for DB_OK. */
enum db_result store_receive_stats(struct db *db,
                                   struct receive_source_stats **sources,
                                   size_t *count)
    __attribute__((warn_unused_result));

/*
 * {"total_processed","total_failed","total_retries","success_rate",
 *  "average_processing_time_seconds","events_by_type":{action:n},
 *  "events_by_source":{source:n}}
 * total_processed counts successes, the two maps everything finished; the rate
 * is 1.0 while nothing is. insert, update, delete and the sources supabase and
 * notion are always named, others when they have events.
 */
void receive_stats_print(const struct receive_source_stats *sources,
                         size_t count, struct buf *out);

#endif /* STORE_RECEIVE_STATS_H */
