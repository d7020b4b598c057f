/*
 * housekeeping.h - what has to be done now and then by one worker: partitions,
 * retention, folding of old counters.
 */
#ifndef HOUSEKEEPING_H
#define HOUSEKEEPING_H

#include "db.h"
#include "settings.h"

#include <stdint.h>

struct housekeeping {
    const struct settings *settings;
    int64_t next_us; /* monotonic: when to be called again */
};

void housekeeping_init(struct housekeeping *housekeeping,
                       const struct settings *settings);

/* Does a small piece of it and sets next_us, also on an error. For the owner
   of shard 0, so for one worker at a time. */
enum db_result housekeeping_run(struct housekeeping *housekeeping,
                                struct db *db)
    __attribute__((warn_unused_result));

#endif /* HOUSEKEEPING_H */
