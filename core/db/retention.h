/*
 * retention.h - rows that are of no more use, outside the partitioned tables.
 */
#ifndef RETENTION_H
#define RETENTION_H

#include "db.h"

/*
 * Removes stored answers older than a day, subscriptions made for one test
 * older than an hour (marked deleted first, so that every cache lets them go;
 * a day later the rows go too), and kept events that no job needs any more.
 * In small transactions; what one call leaves the next will find.
 */
enum db_result retention_sweep(struct db *db)
    __attribute__((warn_unused_result));

#endif /* RETENTION_H */
