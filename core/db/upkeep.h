/*
 * upkeep.h - the regular work on the database, in steps: days ahead
 * (partitions.h), keys of repeated events (dedupe.h), rows that are of no more
 * use (retention.h), once a day history that is past its time (cleanup.h), and
 * events that are kept for a job (kept.h).
 *
 * A step is a statement or two that are short whatever the tables hold, but
 * for an ALTER, which may wait a second or two for its table. Several processes
 * may do this at once.
 */
#ifndef UPKEEP_H
#define UPKEEP_H

#include "cleanup.h"
#include "db.h"
#include "kept.h"
#include "settings.h"

#include <stdbool.h>
#include <stddef.h>

enum upkeep_cleanup {
    UPKEEP_CLEANUP_WHEN_DUE,
    UPKEEP_CLEANUP_NOW,
    UPKEEP_CLEANUP_NEVER
};

struct upkeep {
    const struct settings *settings;
    enum upkeep_cleanup when;
    const char *logger; /* to say what the cleanup came to; NULL = nowhere */
    size_t step;
    size_t table;    /* of partitions.h: whose turn it is */
    unsigned rounds; /* of a step that comes again and again */
    bool cleaning;
    struct cleanup cleanup;
    struct kept_sweep sweep;
};

/* upkeep has to be all zero the first time. */
void upkeep_begin(struct upkeep *upkeep, const struct settings *settings,
                  enum upkeep_cleanup when);

/* *done: that was the last step. What was busy (DB_AGAIN) is passed over; after
   another error the round is over as well. The next round finds what is left. */
enum db_result upkeep_step(struct upkeep *upkeep, struct db *db, bool *done)
    __attribute__((warn_unused_result));

void upkeep_end(struct upkeep *upkeep); /* frees what it has in memory */

#endif /* UPKEEP_H */
