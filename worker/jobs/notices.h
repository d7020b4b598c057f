/*
 * notices.h - operational events: what the gateway has to say about itself.
 *
 *   endpoint.failing    a subscription's breaker has opened; once for each run
 *                       of failures
 *   endpoint.recovered  it has answered again
 *   endpoint.disabled   the gateway has switched a subscription off
 *   message.exhausted   a delivery has failed for good
 *
 * They are ordinary events of the subscription's application, made in the
 * transaction that writes what they tell of, and only where a subscription asks
 * for them by name or by a pattern with a name in it (emit_is_wanted()): else
 * they cost nothing. endpoint.failing and endpoint.recovered are lines of the
 * log too, whoever asks (endpoint_log.h). A delivery of an operational event
 * that fails for good makes no further one, so none is about itself.
 *
 *   notices_begin()  at the start of every try of a transaction
 *   notices_...()     what there is to say
 *   notices_write()  inside the transaction, at its end
 *   notices_tell()   after the commit
 *
 * Used by the store thread alone. NULL notices say nothing.
 */
#ifndef NOTICES_H
#define NOTICES_H

#include "catalog.h"
#include "db.h"
#include "doorbell.h"
#include "emit.h"
#include "ledger.h"
#include "store_flush.h"

#include <stdbool.h>
#include <stdint.h>

struct notices;

/* ids outlives it. */
struct notices *notices_new(struct id_source *ids);
void notices_free(struct notices *notices);

/* The snapshot is used until the next call. */
void notices_begin(struct notices *notices,
                   const struct catalog_snapshot *snapshot);

/* row: what is written of a delivery. Says nothing unless it has failed for
   good. */
void notices_delivery(struct notices *notices, const struct flush_row *row);

/* failure: what was last written about the endpoint, or NULL; used until
   notices_tell() or notices_begin(). now_us: the database's clock. */
void notices_endpoint(struct notices *notices, const struct ledger_news *news,
                      const struct flush_row *failure, int64_t now_us);

/* Any other one, of the default application. False: nobody asks for it. */
bool notices_add(struct notices *notices, struct slice type, struct slice data);
/* Would notices_add() make it? */
bool notices_are_wanted(const struct notices *notices, struct slice type);

/* now_us: the database's clock. After any failure the caller rolls back. */
enum db_result notices_write(struct notices *notices, struct db *db,
                             int64_t now_us)
    __attribute__((warn_unused_result));
/* Returns how many there were. */
size_t notices_tell(struct notices *notices, struct doorbell *doorbell);

/* store_disable() and endpoint.disabled, in one transaction of their own. */
enum db_result notices_disable(struct notices *notices, struct db *db,
                               const struct catalog_snapshot *snapshot,
                               struct doorbell *doorbell,
                               uint32_t subscription_id, const char *reason)
    __attribute__((warn_unused_result));

/* What was added, in a transaction of its own. */
enum db_result notices_send(struct notices *notices, struct db *db,
                            struct doorbell *doorbell)
    __attribute__((warn_unused_result));

#endif /* NOTICES_H */
