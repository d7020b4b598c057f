/*
 * partitions.h - a partition for each day: made ahead, dropped when old.
 *
 * Partition pYYYYMMDD holds a day (the first one also everything before it),
 * pmax what is later; pmax stays empty as long as the worker runs once a week.
 * No call waits long for a table that somebody else holds: what cannot be done
 * now is done by a later call, so DB_OK does not promise that all is done.
 */
#ifndef PARTITIONS_H
#define PARTITIONS_H

#include "db.h"

#include <stdint.h>

#define PARTITIONS_DAYS_AHEAD 7

/* Days since 1970-01-01 UTC. */
static inline int64_t
partitions_day(int64_t wall_us)
{
    return wall_us / INT64_C(86400000000);
}

/* Those of today and the coming days that are missing, in all tables. */
enum db_result partitions_make(struct db *db, int64_t now_us)
    __attribute__((warn_unused_result));

/*
 * Drops the days before their retention began. Events that a live job still
 * needs are copied to events_kept first.
 */
enum db_result partitions_drop(struct db *db, int64_t now_us, int events_days,
                               int deliveries_days)
    __attribute__((warn_unused_result));

/* ALTER TABLE with `rest`, trying for about half a second to get the table;
   pressing: then waits up to a second more, while others queue up behind.
   DB_NONE: the table was busy, nothing was changed. */
enum db_result partitions_alter(struct db *db, const char *table,
                                const char *rest, bool pressing)
    __attribute__((warn_unused_result));

#endif /* PARTITIONS_H */
