/*
 * asker.h - threads that ask a database which hangs, and whether they still
 * wait for it.
 *
 * asker_stall() locks a table, so that every statement that reads it waits
 * until asker_go_on().
 */
#ifndef ASKER_H
#define ASKER_H

#include "testdb.h"
#include "waits.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#define ASKER_WAIT_MS 4000 /* less than a lock is waited for (5 s) */

struct asker {
    pthread_t thread;
    void (*ask)(struct asker *asker);
    void *what;
    atomic_bool done;
};

static struct {
    struct db *db;
    int done_fd; /* eventfd: counts those who are done */
} asker_stall_state;

static inline void *
asker_run(void *arg)
{
    struct asker *asker = arg;
    uint64_t one = 1;

    asker->ask(asker);
    atomic_store(&asker->done, true);
    CU_ASSERT_EQUAL(write(asker_stall_state.done_fd, &one, sizeof(one)),
                    sizeof(one));
    return NULL;
}

static inline void
asker_start(struct asker *asker, void (*ask)(struct asker *asker), void *what)
{
    asker->ask = ask;
    asker->what = what;
    atomic_init(&asker->done, false);
    CU_ASSERT_EQUAL_FATAL(
        pthread_create(&asker->thread, NULL, asker_run, asker), 0);
}

static inline void
asker_stall(const char *table)
{
    char sql[128];

    asker_stall_state.db = db_new(&testdb_settings);
    asker_stall_state.done_fd = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
    snprintf(sql, sizeof(sql), "LOCK TABLES %s WRITE", table);
    testdb_exec(asker_stall_state.db, sql);
}

/* One of them is done; false: none for long. */
static inline bool
asker_await_one(void)
{
    struct pollfd fd = {.fd = asker_stall_state.done_fd, .events = POLLIN};
    uint64_t one;

    return poll(&fd, 1, ASKER_WAIT_MS) == 1 &&
           read(asker_stall_state.done_fd, &one, sizeof(one)) == sizeof(one);
}

static inline void
asker_go_on(void)
{
    testdb_exec(asker_stall_state.db, "UNLOCK TABLES");
}

/* All askers are joined. */
static inline void
asker_end_stall(void)
{
    db_free(asker_stall_state.db);
    close(asker_stall_state.done_fd);
}

#endif /* ASKER_H */
