/*
 * store_fanout.h - events for very many subscriptions: what a fan-out job has
 * to do, and how far it has come (table `fanouts`).
 *
 * The list of subscriptions is that of the moment when the event was accepted,
 * so nobody is missed or met twice, whatever changes while it is worked off.
 */
#ifndef STORE_FANOUT_H
#define STORE_FANOUT_H

#include "db.h"
#include "script.h"
#include "taker.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct new_fanout {
    uint64_t job_id;
    uint64_t config_version; /* of the catalog that knows the takers */
    int64_t deliver_at_us;   /* 0 = at once */
    const struct taker *takers;
    size_t count; /* > 0 */
};

/* The row; its job is added like any other (JOB_FANOUT, in the application's
   lane). */
void store_fanout_add(struct script *script, const struct new_fanout *fanout);
enum db_result store_fanout_insert(struct db *db,
                                   const struct new_fanout *fanout)
    __attribute__((warn_unused_result));

/* What is still to be done. */
struct fanout_rest {
    uint64_t config_version;
    int64_t deliver_at_us; /* 0 = at once */
    uint32_t done;         /* taken care of; ids begin behind them */
    uint32_t *ids;         /* owned */
    size_t count;
    struct slice ordering_key; /* of the event, or absent; owned */
};

/* DB_NONE: there is no such fan-out (any more). */
enum db_result store_fanout_read(struct db *db, uint64_t job_id,
                                 struct fanout_rest *rest)
    __attribute__((warn_unused_result));
void fanout_rest_free(struct fanout_rest *rest);

/* Inside a transaction: locks the row and says how far it has come. DB_NONE as
   above. */
enum db_result store_fanout_lock(struct db *db, uint64_t job_id, uint32_t *done)
    __attribute__((warn_unused_result));

/* Inside the same transaction: so far it has come now. */
enum db_result store_fanout_advance(struct db *db, uint64_t job_id,
                                    uint32_t done)
    __attribute__((warn_unused_result));

/* Everything is done, or nothing can be done: row and job go. *removed: the job
   was there. */
enum db_result store_fanout_remove(struct db *db, uint64_t job_id,
                                   bool *removed)
    __attribute__((warn_unused_result));

#endif /* STORE_FANOUT_H */
