/*
 * commit_impl.h - what the files behind commit.h share; nobody else includes
 * it.
 *
 *   commit.c        the queue, and whose turn it is
 *   commit_write.c  what a leader does with the requests it has taken
 */
#ifndef COMMIT_IMPL_H
#define COMMIT_IMPL_H

#include "commit.h"
#include "ingest.h"

#include <pthread.h>
#include <stdatomic.h>

#define COMMIT_REQUESTS 512 /* in a batch at most */
#define COMMIT_THREADS 2 /* one writes, the other one answers its last batch */

struct committer {
    const struct settings *settings;
    struct catalog *catalog;
    struct id_source *ids;
    struct doorbell *doorbell;
    pthread_t threads[COMMIT_THREADS];

    pthread_mutex_t lock;
    pthread_cond_t work; /* somebody may lead, or it is the end */
    bool leading;        /* somebody leads */
    bool called;         /* somebody was woken to lead, and will */
    bool ending;
    struct commit_request *head, **tail;
    /* Until then the database is taken to be away, without asking. */
    _Atomic int64_t away_until_mono_us;

    /* The leader's. */
    struct db *db;
    struct ingest *batch;
    bool was_away; /* and the log says so */
    int64_t used_mono_us;
};

/* Writes the requests in as few transactions as possible and sets the result
   of each: DB_OK, DB_AWAY or DB_BROKEN. */
void commit_write(struct committer *committer, struct commit_request **list,
                  size_t count);

#endif /* COMMIT_IMPL_H */
