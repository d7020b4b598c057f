/*
 * adopt.h - jobs that the store thread has made itself begin without being
 * read: their events are in memory.
 */
#ifndef ADOPT_H
#define ADOPT_H

#include "flush.h"
#include "relay.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Hands committed jobs to the scheduler; those of other workers' shards, and
 * those that are not due yet, are announced by the doorbell. now_us: the
 * database's clock. A job's origin must have its event.
 */
void adopt_jobs(const struct flush_peers *peers, const struct relayed *jobs,
                size_t count, int64_t now_us);

#endif /* ADOPT_H */
