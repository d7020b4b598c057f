/*
 * transact.c - a transaction that is repeated when the database asks for it.
 */
#include "transact.h"

#define TRIES 3

static enum db_result
run_once(struct db *db, enum db_result (*work)(struct db *db, void *arg),
         void *arg)
{
    enum db_result result = db_begin(db);

    if (result != DB_OK)
        return result;
    result = work(db, arg);
    if (result != DB_OK) {
        db_rollback(db);
        return result;
    }
    return db_commit(db);
}

enum db_result
transact(struct db *db, enum db_result (*work)(struct db *db, void *arg),
         void *arg)
{
    unsigned tries;

    for (tries = 0; tries < TRIES; tries++) {
        enum db_result result = run_once(db, work, arg);

        if (result != DB_AGAIN)
            return result;
    }
    return DB_AWAY;
}

enum db_result
transact_config_version(struct db *db, uint64_t *version)
{
    uint64_t affected = 0;
    enum db_result result =
        db_exec(db,
                SLICE("UPDATE config_version SET version = "
                      "LAST_INSERT_ID(version + 1) WHERE id = 1"),
                &affected);

    if (result != DB_OK)
        return result;
    if (affected != 1)
        return DB_BROKEN; /* a schema without its one row */
    *version = db_insert_id(db);
    return DB_OK;
}
