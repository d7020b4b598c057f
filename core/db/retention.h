/*
 * retention.h - rows that are of no more use, outside the partitioned tables.
 */
#ifndef RETENTION_H
#define RETENTION_H

#include "db.h"

#include <stdbool.h>

/*
 * Removes stored answers older than a day, replays that ended 90 days ago, and
 * subscriptions made for one test older than an hour (marked deleted first, so that every cache lets them go;
 * a day later the rows go too). At most 500 of each; *more: there are others.
 */
enum db_result retention_sweep(struct db *db, bool *more)
    __attribute__((warn_unused_result));

#endif /* RETENTION_H */
