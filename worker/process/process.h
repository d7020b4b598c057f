/*
 * process.h - inbound events: read, ask the source or wait, mirror, tell caches,
 * trigger, relay, count, log.
 *
 * A source that neither asks nor waits has its events applied at once, in the
 * batch that takes them up. Those of the others are moved to the source's fetch
 * lane first (debounce.h); what comes back from there is judged (verdict.h) and
 * applied. An event whose triggers wait for deliveries is moved once more.
 *
 * A batch belongs to one transaction of the store thread: process_add() reads
 * before it, process_apply() writes inside it (again, if it is repeated),
 * process_tell() logs after it and hands over the jobs it has made.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include "catalog.h"
#include "db.h"
#include "desk.h"
#include "doorbell.h"
#include "id.h"
#include "payloads.h"
#include "relay.h"
#include "settings.h"
#include "store_flush.h"
#include "store_rollup.h"
#include "task.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct process;

/* Who it works with; all of them outlive it. */
struct process_peers {
    const struct settings *settings;
    struct desk *desk;
    struct payloads *payloads;
    struct id_source *ids;
};

struct process *process_new(const struct process_peers *peers);
void process_free(struct process *process);

/* Empties the batch; snapshot is used until the next call. */
void process_begin(struct process *process,
                   const struct catalog_snapshot *snapshot);

/* Reads a process or poll job and sets its attempt's outcome. The row is filled
   in afterwards, and may be changed by process_apply(). */
void process_add(struct process *process, struct task *task,
                 struct flush_row *row);

/* Writes what those whose flush row is live come to. now_us: the database's
   clock. */
enum db_result process_apply(struct process *process, struct db *db,
                             int64_t now_us)
    __attribute__((warn_unused_result));

/* Adds the live ones to the counters; after their flush rows have their
   times. */
void process_count(const struct process *process, struct rollup *rollup);

/* After the commit: the log lines of each event, the bell for jobs of new
   events, and the jobs made. The array lives until the next process_begin(). */
const struct relayed *process_tell(struct process *process,
                                   struct doorbell *doorbell, size_t *count);

#endif /* PROCESS_H */
