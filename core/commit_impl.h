/*
 * commit_impl.h - what the files behind commit.h share; nobody else includes
 * it.
 *
 *   commit.c        the queue, and who leads
 *   commit_write.c  what a leader does with the requests it has taken
 */
#ifndef COMMIT_IMPL_H
#define COMMIT_IMPL_H

#include "commit.h"
#include "ingest.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#define COMMIT_REQUESTS 512 /* that a leader takes at most */

struct commit_request {
    struct new_event *events;
    size_t count;
    size_t bytes;
    enum db_result result;
    bool leads; /* woken to lead, not because it is done */
    sem_t woken;
    struct commit_request *next;
};

struct committer {
    const struct settings *settings;
    struct catalog *catalog;
    struct id_source *ids;
    struct doorbell *doorbell;

    pthread_mutex_t lock;
    bool leading; /* somebody leads */
    struct commit_request *head, **tail;
    /* Until then the database is taken to be away, without asking. */
    _Atomic int64_t away_until_mono_us;

    /* The leader's. */
    struct db *db;
    struct ingest *batch;
    struct commit_request *list[COMMIT_REQUESTS];
    bool was_away; /* and the log says so */
    int64_t used_mono_us;
};

/* Writes the requests in as few transactions as possible and sets the result
   of each: DB_OK, DB_AWAY or DB_BROKEN. */
void commit_write(struct committer *committer, struct commit_request **list,
                  size_t count);

#endif /* COMMIT_IMPL_H */
