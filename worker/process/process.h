/*
 * process.h - inbound events: read, mirror, relay, count, log.
 *
 * A batch belongs to one transaction of the store thread: process_add() reads
 * the bodies before it, process_apply() writes inside it (again, if it is
 * repeated), process_tell() logs after it and hands over the jobs it has made.
 */
#ifndef PROCESS_H
#define PROCESS_H

#include "catalog.h"
#include "db.h"
#include "id.h"
#include "relay.h"
#include "store_flush.h"
#include "store_rollup.h"
#include "task.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct process;

struct process *process_new(struct id_source *ids);
void process_free(struct process *process);

/* Empties the batch; snapshot is used until the next call. */
void process_begin(struct process *process,
                   const struct catalog_snapshot *snapshot);

/* Reads a process job's body and sets its attempt's outcome: success unless
   something makes it fail for good. */
void process_add(struct process *process, struct task *task,
                 const struct flush_row *row);

/* Writes records and relayed jobs of those whose flush row is live. */
enum db_result process_apply(struct process *process, struct db *db)
    __attribute__((warn_unused_result));

/* Adds the live ones to the counters; after their flush rows have their
   times. */
void process_count(const struct process *process, struct rollup *rollup);

/* After the commit: the four log lines of each event, and the jobs made. The
   array lives until the next process_begin(). */
const struct relayed *process_tell(struct process *process, size_t *count);

#endif /* PROCESS_H */
