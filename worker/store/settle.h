/*
 * settle.h - what follows a committed batch: when a job is due again, jobs
 * that were made, a subscription to disable, log lines.
 */
#ifndef SETTLE_H
#define SETTLE_H

#include "batch.h"
#include "flush.h"
#include "process.h"

#include <stddef.h>

/* tasks: those of the batch's last batch_write(), in that order; they are
   forgotten and freed. */
void settle_batch(const struct flush_peers *peers, const struct batch *batch,
                  struct process *process, struct task **tasks, size_t count,
                  enum batch_manner manner);

#endif /* SETTLE_H */
