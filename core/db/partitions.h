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
#include "settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PARTITIONS_DAYS_AHEAD 7

/* Days since 1970-01-01 UTC. */
static inline int64_t
partitions_day(int64_t wall_us)
{
    return wall_us / INT64_C(86400000000);
}

#define PARTITIONS_TABLES 4 /* tables that are divided so, by number from 0 */
#define PARTITIONS_DROP_MAX 31 /* days dropped by one statement */

const char *partitions_name(size_t table);

/* Those of today and the coming days that are missing in one table. */
enum db_result partitions_make_days(struct db *db, size_t table, int64_t now_us)
    __attribute__((warn_unused_result));

/* The same for all of them. */
enum db_result partitions_make(struct db *db, int64_t now_us)
    __attribute__((warn_unused_result));

/* For how many days rows of the table stay: *common as it is configured,
   *longest if an application asked for more. */
enum db_result partitions_retention(struct db *db, size_t table,
                                    const struct settings *settings,
                                    int *common, int *longest)
    __attribute__((warn_unused_result));

/* The first day that the table has a partition for, which also holds everything
   before it; INT64_MAX if there is none. */
enum db_result partitions_first_day(struct db *db, size_t table, int64_t *day)
    __attribute__((warn_unused_result));

/* Days that are past the longest retention, the oldest first. */
struct partitions_old {
    int64_t days[PARTITIONS_DROP_MAX];
    size_t count;
    bool pressing;       /* they should have gone before today */
    uint64_t events_end; /* of `events`: the first id behind them; else 0 */
};

enum db_result partitions_find_old(struct db *db, size_t table, int64_t now_us,
                                   const struct settings *settings,
                                   struct partitions_old *old)
    __attribute__((warn_unused_result));

/* Events that a job still needs have to be copied before (kept.h). */
enum db_result partitions_drop(struct db *db, size_t table,
                               const struct partitions_old *old)
    __attribute__((warn_unused_result));

/* ALTER TABLE with `rest`, trying for about half a second to get the table;
   pressing: then waits up to a second more, while others queue up behind.
   DB_NONE: the table was busy, nothing was changed. */
enum db_result partitions_alter(struct db *db, const char *table,
                                const char *rest, bool pressing)
    __attribute__((warn_unused_result));

#endif /* PARTITIONS_H */
