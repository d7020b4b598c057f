/*
 * backlog.c - see backlog.h.
 */
#include "backlog.h"

#include "alloc.h"
#include "clock.h"
#include "map.h"
#include "store_backlog.h"

#include <pthread.h>
#include <stdlib.h>

#define OLD_US (2 * CLOCK_US_PER_S) /* housekeeping counts twice as often */

/* The jobs that exist are `counted` and what was stored since then; those on
   their way to be stored are reckoned as well. */
struct backlog_queue {
    uint32_t source_id;
    uint32_t most;     /* as the source said last */
    uint64_t entered;  /* are stored, or on their way; since the beginning */
    uint64_t stored;   /* of those */
    uint64_t counted;  /* by the database ... */
    uint64_t included; /* ... when so many had been stored */
    int64_t counted_mono_us; /* 0: never */
    bool counting;           /* somebody asks the database */
    bool used;               /* since housekeeping came by */
    uint64_t round;          /* of housekeeping, when it came by */
};

struct backlog {
    pthread_mutex_t lock;
    struct map queues; /* by source id */
    uint64_t round;    /* of housekeeping */
};

struct backlog *
backlog_new(void)
{
    struct backlog *backlog = xcalloc(1, sizeof(*backlog));

    pthread_mutex_init(&backlog->lock, NULL);
    return backlog;
}

void
backlog_free(struct backlog *backlog)
{
    uint64_t key;
    void *queue;
    size_t at = 0;

    if (backlog == NULL)
        return;
    while (map_next(&backlog->queues, &at, &key, &queue))
        free(queue);
    map_free(&backlog->queues);
    pthread_mutex_destroy(&backlog->lock);
    free(backlog);
}

/* There are as many as sources that have this limit, and they stay. Lock
   held. */
static struct backlog_queue *
queue_of(struct backlog *backlog, uint32_t source_id)
{
    struct backlog_queue *queue = map_get(&backlog->queues, source_id);

    if (queue == NULL) {
        queue = xcalloc(1, sizeof(*queue));
        queue->source_id = source_id;
        (void)map_put(&backlog->queues, source_id, queue);
    }
    return queue;
}

static bool
is_old(const struct backlog_queue *queue, int64_t now_us)
{
    return queue->counted_mono_us == 0 ||
           now_us - queue->counted_mono_us > OLD_US;
}

static uint64_t
waiting(const struct backlog_queue *queue)
{
    return queue->counted + queue->entered - queue->included;
}

enum backlog_answer
backlog_enter(struct backlog *backlog, uint32_t source_id, uint32_t most,
              bool insist, int64_t now_us, struct backlog_queue **queue)
{
    enum backlog_answer answer = BACKLOG_UNKNOWN;
    struct backlog_queue *found;

    pthread_mutex_lock(&backlog->lock);
    found = queue_of(backlog, source_id);
    found->used = true;
    found->most = most;
    if (insist || found->counting || !is_old(found, now_us))
        answer = waiting(found) < most ? BACKLOG_FITS : BACKLOG_FULL;
    if (answer == BACKLOG_FITS) {
        found->entered++;
        *queue = found;
    }
    pthread_mutex_unlock(&backlog->lock);
    return answer;
}

void
backlog_leave(struct backlog *backlog, struct backlog_queue *queue, bool stored)
{
    pthread_mutex_lock(&backlog->lock);
    if (stored)
        queue->stored++;
    else
        queue->entered--;
    pthread_mutex_unlock(&backlog->lock);
}

/* What one count begins with. */
struct count {
    uint32_t source_id;
    uint32_t most;
    uint64_t included;
};

/* False: somebody else is at it, or there is no such queue. Lock held. */
static bool
begin_count(struct backlog_queue *queue, struct count *count)
{
    if (queue == NULL || queue->counting)
        return false;
    queue->counting = true;
    *count = (struct count){queue->source_id, queue->most, queue->stored};
    return true;
}

static enum db_result
run_count(struct backlog *backlog, struct db *db, const struct count *count)
{
    struct backlog_queue *queue;
    uint32_t counted = 0;
    enum db_result result =
        store_backlog_count(db, count->source_id, count->most, &counted);

    pthread_mutex_lock(&backlog->lock);
    queue = queue_of(backlog, count->source_id);
    queue->counting = false;
    if (result == DB_OK) {
        queue->counted = counted;
        queue->included = count->included;
        queue->counted_mono_us = clock_mono_us();
    }
    pthread_mutex_unlock(&backlog->lock);
    return result;
}

enum db_result
backlog_count(struct backlog *backlog, struct db *db, uint32_t source_id)
{
    struct count count;
    bool mine;

    pthread_mutex_lock(&backlog->lock);
    mine = begin_count(map_get(&backlog->queues, source_id), &count);
    pthread_mutex_unlock(&backlog->lock);
    return mine ? run_count(backlog, db, &count) : DB_OK;
}

/* The next queue that events came for and this round has not seen; false:
   there is none left. */
static bool
next_used(struct backlog *backlog, struct count *count)
{
    bool found = false;
    size_t at = 0;
    uint64_t key;
    void *value;

    pthread_mutex_lock(&backlog->lock);
    while (!found && map_next(&backlog->queues, &at, &key, &value)) {
        struct backlog_queue *queue = value;

        found = queue->used && queue->round != backlog->round &&
                begin_count(queue, count);
        if (found) {
            queue->used = false;
            queue->round = backlog->round;
        }
    }
    pthread_mutex_unlock(&backlog->lock);
    return found;
}

/* Who comes next will ask by himself. */
static void
give_up(struct backlog *backlog, const struct count *count)
{
    pthread_mutex_lock(&backlog->lock);
    queue_of(backlog, count->source_id)->counting = false;
    pthread_mutex_unlock(&backlog->lock);
}

void
backlog_keep(struct backlog *backlog, struct db_pool *pool)
{
    enum db_result result = DB_OK;
    struct db *db = NULL;
    struct count count;

    pthread_mutex_lock(&backlog->lock);
    backlog->round++;
    pthread_mutex_unlock(&backlog->lock);
    while (result == DB_OK && next_used(backlog, &count)) {
        if (db == NULL)
            db = db_pool_take(pool);
        if (db == NULL) {
            give_up(backlog, &count);
            break;
        }
        result = run_count(backlog, db, &count);
    }
    if (db != NULL)
        db_pool_give(pool, db);
}
