/*
 * endpoint_log.h - the log's lines about endpoints: one when a breaker opens
 * (WARNING), one when the endpoint answers again (INFO), none for what its
 * probes find between the two.
 *
 * What is added is written once it is known to be true: after the commit of
 * what it tells of.
 */
#ifndef ENDPOINT_LOG_H
#define ENDPOINT_LOG_H

#include "catalog.h"
#include "ledger.h"
#include "store_flush.h"

struct endpoint_log;

struct endpoint_log *endpoint_log_new(void);
void endpoint_log_free(struct endpoint_log *log);

/* failure: what was last written about the endpoint, or NULL; used, with its
   slices, until it is written or cleared. */
void endpoint_log_add(struct endpoint_log *log, const struct ledger_news *news,
                      const struct subscription *subscription,
                      const struct flush_row *failure);

/* Forgets what was added: the transaction is tried again. */
void endpoint_log_clear(struct endpoint_log *log);
/* Writes what was added, and forgets it. To be called without a lock. */
void endpoint_log_write(struct endpoint_log *log);

#endif /* ENDPOINT_LOG_H */
