/*
 * polling.h - what pollers have found, inside a batch; see poller.h.
 */
#ifndef POLLING_H
#define POLLING_H

#include "catalog.h"
#include "db.h"
#include "emit.h"
#include "settings.h"
#include "store_flush.h"
#include "task.h"

#include <stdint.h>

struct polling;

struct polling *polling_new(const struct settings *settings);
void polling_free(struct polling *polling);

/* Empties it; the snapshot is used until the next call. */
void polling_begin(struct polling *polling,
                   const struct catalog_snapshot *snapshot);

/* Reads the answer and sets the attempt's outcome: the job is put off, or goes
   if nobody wants it any more. */
void polling_add(struct polling *polling, struct task *task,
                 struct flush_row *row);

/* Inside the transaction, before emit_write(): events for those rows that the
   mirror does not have, and how far each table has been read. Live rows only.
 */
enum db_result polling_apply(struct polling *polling, struct db *db,
                             struct emit *emit, int64_t now_us)
    __attribute__((warn_unused_result));

/* After the commit: log lines. */
void polling_tell(const struct polling *polling);

#endif /* POLLING_H */
