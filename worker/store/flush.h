/*
 * flush.h - results on their way into the database.
 *
 * Collects finished tasks and those that the store thread does itself
 * (processing, cancelling), writes them in batches, and settles what follows:
 * when the job is due again, which subscription is to be disabled, which jobs
 * were made. A row that the database refuses is found by halving and must not
 * hold up its neighbours; without a database everything waits in memory.
 */
#ifndef FLUSH_H
#define FLUSH_H

#include "db.h"
#include "desk.h"
#include "doorbell.h"
#include "follower.h"
#include "lease.h"
#include "payloads.h"
#include "settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fanout;
struct notices;
struct replayer;

/* Who it works with; all of them outlive it. */
struct flush_peers {
    const struct settings *settings;
    struct db *db;
    struct desk *desk;
    struct payloads *payloads;
    struct follower *follower;
    struct lease *lease;
    struct doorbell *doorbell; /* for jobs made in other workers' shards */
    struct fanout *fanout;     /* takes the fan-out jobs */
    struct notices *notices;   /* of what happens, or NULL */
    struct replayer *replayer; /* takes the replay jobs */
};

struct flush;

struct flush *flush_new(const struct flush_peers *peers);
/* What was not written is forgotten: its jobs are still to be done. */
void flush_free(struct flush *flush);

/* Takes what has finished. */
void flush_collect(struct flush *flush);

/* When the next batch should be written (monotonic; INT64_MAX = nothing
   waits). A full batch and inbound events do not wait. */
int64_t flush_due(struct flush *flush);

/* Writes one batch. DB_OK also when there was nothing; on an error everything
   stays for the next call. */
enum db_result flush_run(struct flush *flush)
    __attribute__((warn_unused_result));

/* Results that are not written yet. */
size_t flush_waiting(const struct flush *flush);
/* Of them those that the database has refused, to be tried again later. */
size_t flush_parked(const struct flush *flush);
/* Jobs done since the start, for the status line. */
uint64_t flush_written(const struct flush *flush);

#endif /* FLUSH_H */
