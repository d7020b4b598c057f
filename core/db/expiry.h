/*
 * expiry.h - rows of applications whose history stays for a shorter time than
 * the partitions of the tables do: removed one by one, a few at a time.
 *
 * A partition goes when the longest retention of all applications is over. If
 * some are shorter, the days between are read in the order of the primary key,
 * and the rows of those applications are deleted. `retention_marks` knows how
 * far that has come for each application and table, so a day is read once for
 * all applications with the same retention.
 *
 * Events that a job needs are copied before (kept.h).
 */
#ifndef EXPIRY_H
#define EXPIRY_H

#include "db.h"
#include "kept.h"
#include "partitions.h"
#include "settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is left to do for one application, in days since 1970-01-01. */
struct expiry_share {
    uint32_t application_id;
    int64_t from;  /* the first day with rows that may have to go */
    int64_t until; /* the first day that stays */
};

struct expiry {
    const struct settings *settings;
    size_t table;                /* of partitions.h */
    struct expiry_share *shares; /* of this table, equal ones together */
    size_t count;
    size_t begin, end; /* those that are being worked off */
    int64_t first_day; /* of the table; it has all that is older as well */
    int64_t day;       /* of these shares, next to be read */
    uint64_t after;    /* ids of that day up to here have been looked at */
    uint64_t *ids;     /* found, to be deleted */
    size_t found, deleted;
    bool looked; /* at all rows of the day */
    bool copying;
    struct kept_copy copy;
    uint64_t removed[PARTITIONS_TABLES]; /* rows, since expiry_begin() */
};

/* The first time all has to be zero. */
void expiry_begin(struct expiry *expiry, const struct settings *settings);
void expiry_end(struct expiry *expiry); /* keeps the counts */

/* A few short statements; at most 500 rows are deleted. *done: there is no
   more. */
enum db_result expiry_step(struct expiry *expiry, struct db *db, bool *done)
    __attribute__((warn_unused_result));

#endif /* EXPIRY_H */
