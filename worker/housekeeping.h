/*
 * housekeeping.h - what has to be done now and then by one worker: partitions,
 * retention, folding of old counters, ordering keys that nobody uses.
 */
#ifndef HOUSEKEEPING_H
#define HOUSEKEEPING_H

#include "db.h"
#include "settings.h"
#include "upkeep.h"

#include <stddef.h>
#include <stdint.h>

struct housekeeping {
    const struct settings *settings;
    int64_t next_us; /* monotonic: when to be called again */
    size_t task;     /* what comes next */
    struct upkeep upkeep;
    uint64_t quiet_after; /* how far old ordering keys were looked through */
};

void housekeeping_init(struct housekeeping *housekeeping,
                       const struct settings *settings);
void housekeeping_free(struct housekeeping *housekeeping);

/* Does a small piece of it, shorter than any lease, and sets next_us, also on
   an error. What the database refuses is logged, and DB_OK. For the owner of
   shard 0, so for one worker at a time. */
enum db_result housekeeping_run(struct housekeeping *housekeeping,
                                struct db *db)
    __attribute__((warn_unused_result));

#endif /* HOUSEKEEPING_H */
