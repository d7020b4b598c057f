/*
 * waits.h - tells whether a statement waits for somebody, without a clock: on
 * an impatient connection a lock that another transaction holds is an error at
 * once.
 */
#ifndef WAITS_H
#define WAITS_H

#include "testdb.h"

#include <pthread.h>

/* A connection on which every wait for a row, or for a table that is being
   altered, ends at once with DB_AGAIN. */
static inline struct db *
waits_impatient(void)
{
    struct db *db = db_new(&testdb_settings);

    if (db_exec(db,
                SLICE("SET SESSION innodb_lock_wait_timeout = 0, "
                      "lock_wait_timeout = 0"),
                NULL) != DB_OK)
        abort();
    return db;
}

/* Work of another thread on a connection of its own, which may wait. */
struct waits_thread {
    pthread_t thread;
    struct db *db;
    enum db_result (*work)(struct db *db);
    enum db_result result;
};

static inline void *
waits_run(void *arg)
{
    struct waits_thread *thread = arg;

    thread->result = thread->work(thread->db);
    return NULL;
}

static inline void
waits_start(struct waits_thread *thread, enum db_result (*work)(struct db *db))
{
    thread->db = db_new(&testdb_settings);
    thread->work = work;
    CU_ASSERT_EQUAL_FATAL(db_connect(thread->db), DB_OK);
    CU_ASSERT_EQUAL_FATAL(
        pthread_create(&thread->thread, NULL, waits_run, thread), 0);
}

/* Returns once the server runs a statement that begins so in this database:
   one that would be over at once if it did not wait. False: it never came. */
static inline bool
waits_for(struct db *db, const char *statement)
{
    char sql[256];
    int tries;

    snprintf(sql, sizeof(sql),
             "SELECT COUNT(*) FROM information_schema.PROCESSLIST "
             "WHERE DB = DATABASE() AND TIME_MS > 100 AND INFO LIKE '%s%%'",
             statement);
    for (tries = 0; tries < 3000; tries++) {
        struct timespec pause = {.tv_nsec = 1000000};

        if (testdb_u64(db, sql) > 0)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

static inline enum db_result
waits_end(struct waits_thread *thread)
{
    pthread_join(thread->thread, NULL);
    db_free(thread->db);
    return thread->result;
}

#endif /* WAITS_H */
