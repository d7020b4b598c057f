/*
 * counting.h - how many requests of each source came to nothing, on their way
 * into its hourly counters.
 *
 * Counting takes a look into a table in memory and never waits; housekeeping
 * writes the table down. It is as large as there are sources.
 *
 * Thread-safe.
 */
#ifndef COUNTING_H
#define COUNTING_H

#include "db.h"

#include <stdint.h>

struct counting; /* opaque */

struct counting *counting_new(void);
/* May be NULL. What was not written is gone. */
void counting_free(struct counting *counting);

enum counted {
    COUNTED_REJECTED,
    COUNTED_IGNORED, /* nobody watches what it tells */
    COUNTED_REPEATED /* it was received before */
};

void counting_add(struct counting *counting, uint32_t source_id,
                  enum counted what);

/* Adds to rows of the writer's own: slot = its node number. While the database
   is away, what was counted stays. */
void counting_flush(struct counting *counting, struct db_pool *pool,
                    uint32_t slot);

#endif /* COUNTING_H */
