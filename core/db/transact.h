/*
 * transact.h - a transaction that is repeated when the database asks for it.
 */
#ifndef TRANSACT_H
#define TRANSACT_H

#include "db.h"

/*
 * BEGIN, work(db, arg), COMMIT. Any answer of work but DB_OK rolls back and is
 * returned; DB_AGAIN runs everything again, up to three times, and is then
 * reported as DB_AWAY: the caller may come back later. DB_UNKNOWN: the
 * connection was lost during COMMIT.
 */
enum db_result transact(struct db *db,
                        enum db_result (*work)(struct db *db, void *arg),
                        void *arg) __attribute__((warn_unused_result));

/* Inside a transaction, as its first statement: the next version of the
   configuration. */
enum db_result transact_config_version(struct db *db, uint64_t *version)
    __attribute__((warn_unused_result));

#endif /* TRANSACT_H */
