/*
 * cleanup.h - the daily removal of history that is past its time: when it is
 * due, and what it came to.
 *
 * It is due once a day at `cleanup_at` (UTC). Table `housekeeping` has the
 * moment for which it was done last, so a cleanup that was missed, because no
 * worker was running, is due at once; and it stays due as long as a table was
 * too busy.
 */
#ifndef CLEANUP_H
#define CLEANUP_H

#include "db.h"
#include "expiry.h"
#include "kept.h"
#include "partitions.h"
#include "settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cleanup {
    const struct settings *settings;
    int64_t for_us;     /* wall clock: the moment it was due */
    int64_t started_us; /* monotonic */
    size_t table;       /* of partitions.h: whose turn it is */
    bool dropped;       /* all its old partitions */
    struct partitions_old old;
    bool copying; /* before `old` is dropped */
    struct kept_copy copy;
    struct expiry expiry;
    bool busy;                        /* something is left for the next time */
    uint64_t days[PARTITIONS_TABLES]; /* dropped */
};

/* The last moment at which it was due. */
int64_t cleanup_due_us(const struct settings *settings, int64_t now_us);

/* The moment for which it was done last; 0 = never. */
enum db_result cleanup_read_last(struct db *db, int64_t *last_us)
    __attribute__((warn_unused_result));

/* The first time all has to be zero. */
void cleanup_begin(struct cleanup *cleanup, const struct settings *settings,
                   int64_t now_us);
void cleanup_end(struct cleanup *cleanup); /* keeps what is counted */

/* A piece of it. *done: that was the last one, and it is written down unless
   something was busy. */
enum db_result cleanup_step(struct cleanup *cleanup, struct db *db, bool *done)
    __attribute__((warn_unused_result));

/* One line of log for each table that lost something, and one for all. */
void cleanup_log(const struct cleanup *cleanup, const char *logger);

#endif /* CLEANUP_H */
