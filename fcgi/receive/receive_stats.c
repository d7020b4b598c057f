/*
 * receive_stats.c - see receive_stats.h.
 */
#include "receive_stats.h"

#include "clock.h"
#include "resource.h"
#include "store_receive_stats.h"

#include <pthread.h>
#include <stdlib.h>

#define KEPT_US CLOCK_US_PER_S
#define OLD_US (30 * CLOCK_US_PER_S) /* good enough while it is read anew */
#define KEPT_BYTES ((size_t)64 * 1024 * 1024)

/* The last answer, for all who ask within a second: it is summed up from all
   there ever was, and anybody may ask. */
static struct {
    pthread_mutex_t lock; /* not held while the database is asked */
    pthread_cond_t ended; /* the one who reads is done */
    bool reading;         /* somebody is at it */
    uint64_t reads;       /* ended so far, well or not */
    int64_t read_mono_us; /* when the answer was read; 0: never */
    struct buf json;
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER,
          .ended = PTHREAD_COND_INITIALIZER,
          .json = {.max = KEPT_BYTES}};

/* Lock held. */
static bool
is_younger_than(int64_t age_us)
{
    return kept.read_mono_us != 0 &&
           clock_mono_us() - kept.read_mono_us <= age_us;
}

/* Lock held. Waits for the one who reads, unless there is something to answer
   with meanwhile. True: it was waited for. */
static bool
await_reader(void)
{
    uint64_t seen = kept.reads;

    while (kept.reading && kept.reads == seen && !is_younger_than(OLD_US))
        pthread_cond_wait(&kept.ended, &kept.lock);
    return kept.reads != seen;
}

/* True: the answer is written. False: the caller is to read, and to say so
   with end_turn(). One at a time, so that a database that hangs holds one
   thread and not all of them one after the other. */
static bool
answer_or_take_turn(struct exchange *exchange)
{
    bool waited, answered = true;

    pthread_mutex_lock(&kept.lock);
    waited = await_reader();
    if (is_younger_than(kept.reading || waited ? OLD_US : KEPT_US)) {
        reply_json_text(exchange->reply, 200, buf_slice(&kept.json));
    } else if (waited) {
        reply_unavailable(exchange->reply); /* as for the one who has read */
    } else {
        kept.reading = true;
        answered = false;
    }
    pthread_mutex_unlock(&kept.lock);
    return answered;
}

/* What was read, or NULL; its buffer is taken. */
static void
end_turn(struct buf *json)
{
    pthread_mutex_lock(&kept.lock);
    kept.reading = false;
    kept.reads++;
    if (json != NULL) {
        struct buf old = kept.json;

        kept.json = *json;
        *json = old;
        kept.read_mono_us = clock_mono_us();
    }
    pthread_cond_broadcast(&kept.ended);
    pthread_mutex_unlock(&kept.lock);
}

/* False: the answer is written. */
static bool
read_stats(struct exchange *exchange, struct buf *json)
{
    struct receive_source_stats *sources = NULL;
    struct db *db = resource_db(exchange);
    enum db_result result;
    size_t count = 0;

    if (db == NULL)
        return false;
    result = store_receive_stats(db, &sources, &count);
    if (!resource_done(exchange, db, result, ""))
        return false;
    receive_stats_print(sources, count, json);
    free(sources);
    return true;
}

static void
get_stats(struct exchange *exchange)
{
    struct buf json = BUF_INIT(KEPT_BYTES);

    if (answer_or_take_turn(exchange))
        return;
    if (read_stats(exchange, &json)) {
        reply_json_text(exchange->reply, 200, buf_slice(&json));
        end_turn(&json);
    } else {
        end_turn(NULL);
    }
    buf_free(&json);
}

const struct route receive_stats_routes[] = {
    {METHOD_GET, "/api/v1/webhooks/stats", ACCESS_PUBLIC_STATS, FAMILY_RECEIVE,
     false, get_stats},
};
const size_t receive_stats_route_count =
    sizeof(receive_stats_routes) / sizeof(receive_stats_routes[0]);
