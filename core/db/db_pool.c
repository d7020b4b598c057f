/*
 * db_pool.c - a bounded pool of connections for request threads.
 */
#include "db_impl.h"

#include "alloc.h"
#include "clock.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct db_pool {
    const struct settings *settings;
    pthread_mutex_t lock;
    pthread_cond_t given;
    struct db **idle; /* a stack: the one used last is taken first */
    unsigned idle_count;
    unsigned made;
    unsigned size;
};

struct db_pool *
db_pool_new(const struct settings *settings, unsigned size)
{
    struct db_pool *pool = xcalloc(1, sizeof(*pool));
    pthread_condattr_t attr;

    assert(size > 0);
    pool->settings = settings;
    pool->size = size;
    pool->idle = xcalloc(size, sizeof(struct db *));
    pthread_mutex_init(&pool->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&pool->given, &attr);
    pthread_condattr_destroy(&attr);
    return pool;
}

void
db_pool_free(struct db_pool *pool)
{
    unsigned i;

    if (pool == NULL)
        return;
    assert(pool->idle_count == pool->made); /* all have been given back */
    for (i = 0; i < pool->idle_count; i++)
        db_free(pool->idle[i]);
    pthread_cond_destroy(&pool->given);
    pthread_mutex_destroy(&pool->lock);
    free(pool->idle);
    free(pool);
}

struct db *
db_pool_take(struct db_pool *pool)
{
    struct timespec deadline;
    struct db *db = NULL;
    int rc = 0;

    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += pool->settings->db_timeout_s;
    pthread_mutex_lock(&pool->lock);
    while (pool->idle_count == 0 && pool->made == pool->size && rc != ETIMEDOUT)
        rc = pthread_cond_timedwait(&pool->given, &pool->lock, &deadline);
    if (pool->idle_count > 0)
        db = pool->idle[--pool->idle_count];
    else if (pool->made < pool->size) {
        pool->made++;
        db = db_new(pool->settings);
    }
    pthread_mutex_unlock(&pool->lock);
    return db;
}

void
db_pool_give(struct db_pool *pool, struct db *db)
{
    if (db == NULL)
        return;
    db_rollback(db);
    db->used_mono_us = clock_mono_us();
    pthread_mutex_lock(&pool->lock);
    assert(pool->idle_count < pool->made);
    pool->idle[pool->idle_count++] = db;
    pthread_cond_signal(&pool->given);
    pthread_mutex_unlock(&pool->lock);
}

void
db_pool_reap(struct db_pool *pool)
{
    int64_t idle_us = pool->settings->db_idle_s * CLOCK_US_PER_S;
    int64_t now_us = clock_mono_us();
    unsigned i;

    if (idle_us == 0)
        return;
    pthread_mutex_lock(&pool->lock);
    for (i = 0; i < pool->idle_count; i++)
        if (now_us - pool->idle[i]->used_mono_us >= idle_us)
            db_disconnect(pool->idle[i]);
    pthread_mutex_unlock(&pool->lock);
}
