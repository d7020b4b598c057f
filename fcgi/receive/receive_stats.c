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
#define KEPT_BYTES ((size_t)64 * 1024 * 1024)

/* The last answer, for all who ask within a second: it is summed up from all
   there ever was, and anybody may ask. */
static struct {
    pthread_mutex_t lock;
    int64_t read_mono_us; /* 0: never */
    struct buf json;
} kept = {.lock = PTHREAD_MUTEX_INITIALIZER, .json = {.max = KEPT_BYTES}};

/* Lock held. False: the answer is written. */
static bool
read_stats(struct exchange *exchange)
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
    buf_clear(&kept.json);
    receive_stats_print(sources, count, &kept.json);
    kept.read_mono_us = clock_mono_us();
    free(sources);
    return true;
}

static void
get_stats(struct exchange *exchange)
{
    pthread_mutex_lock(&kept.lock);
    if ((kept.read_mono_us != 0 &&
         clock_mono_us() - kept.read_mono_us <= KEPT_US) ||
        read_stats(exchange))
        reply_json_text(exchange->reply, 200, buf_slice(&kept.json));
    pthread_mutex_unlock(&kept.lock);
}

const struct route receive_stats_routes[] = {
    {METHOD_GET, "/api/v1/webhooks/stats", ACCESS_PUBLIC_STATS, FAMILY_RECEIVE,
     false, get_stats},
};
const size_t receive_stats_route_count =
    sizeof(receive_stats_routes) / sizeof(receive_stats_routes[0]);
