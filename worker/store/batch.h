/*
 * batch.h - results of jobs, written in one transaction.
 *
 *   fence the shards, lock the jobs that are still there, process inbound
 *   events, archive, move retries, delete, count, note what was learned about
 *   receivers, commit
 *
 * Fails as a whole, and may then be written again: what has happened meanwhile
 * (a COMMIT whose answer was lost, a cancelled job) is found by the locks.
 */
#ifndef BATCH_H
#define BATCH_H

#include "catalog.h"
#include "db.h"
#include "lease.h"
#include "ledger.h"
#include "notices.h"
#include "process.h"
#include "store_flush.h"
#include "task.h"

#include <stdbool.h>
#include <stddef.h>

struct batch;

/* max: tasks in one batch. process and ledger outlive the batch. */
struct batch *batch_new(struct process *process, struct ledger *ledger,
                        size_t max);
void batch_free(struct batch *batch);
/* What is written along is also told (notices.h); without it nothing is. */
void batch_use_notices(struct batch *batch, struct notices *notices);

enum batch_manner {
    BATCH_FULL,
    BATCH_BARE /* every job fails as "internal", with nothing of its own */
};

/*
 * Writes the results of finished tasks, which must be sorted by job id, belong
 * to shards of the lease, and neither be orphans nor dropped.
 * DB_OK      committed; batch_row() tells about each task
 * DB_NONE    a lease is lost: nothing was written
 * DB_BROKEN  something in it cannot be written
 * others     as usual; nothing was written, or (DB_UNKNOWN) perhaps all
 */
enum db_result
batch_write(struct batch *batch, struct db *db, const struct lease *lease,
            const struct catalog_snapshot *snapshot, struct task *const *tasks,
            size_t count, enum batch_manner manner)
    __attribute__((warn_unused_result));

/* What was written for the i-th task of the last batch. */
const struct flush_row *batch_row(const struct batch *batch, size_t i);

/* When it was written; valid if a row of it was live. */
struct scheduler_now batch_now(const struct batch *batch);

#endif /* BATCH_H */
