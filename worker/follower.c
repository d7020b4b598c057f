/*
 * follower.c - see follower.h.
 */
#include "follower.h"

#include "clock.h"
#include "poller.h"
#include "source_defaults.h"

#include <assert.h>

void
follower_init(struct follower *follower, struct catalog *catalog,
              uint32_t lane_window)
{
    *follower = (struct follower){
        .catalog = catalog,
        .snapshot = NULL,
        .lane_window = lane_window,
    };
}

void
follower_destroy(struct follower *follower)
{
    if (follower->snapshot != NULL)
        catalog_release(follower->snapshot);
    follower->snapshot = NULL;
}

/* FNV-1a: another URL is another receiver. */
static uint64_t
hash(const char *text)
{
    uint64_t value = UINT64_C(0xcbf29ce484222325);

    for (; *text != '\0'; text++)
        value = (value ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    return value;
}

static void
setup_subscription(const struct follower *follower, uint32_t id,
                   struct lane_config *out)
{
    const struct subscription *subscription =
        catalog_subscription(follower->snapshot, id);

    if (subscription == NULL) {
        /* Deleted: what is left of its jobs is cancelled. */
        out->mode = LANE_LOCAL;
        return;
    }
    if (subscription->paused || !subscription->active)
        out->mode = LANE_HELD;
    if (subscription->max_concurrency > 0)
        out->window = subscription->max_concurrency;
    out->rate = subscription->rate_limit;
    out->fifo = subscription->fifo;
    out->batch_max = subscription->batch_size;
    out->batch_wait_us = subscription->batch_wait_ms * CLOCK_US_PER_MS;
    if (follower->settings != NULL)
        out->batch_bytes = (size_t)follower->settings->max_batch_body;
    out->ttl_us = subscription->ttl_s * CLOCK_US_PER_S;
    out->receiver = hash(subscription->url);
}

/* Another key is a new beginning as well: the one before was refused, perhaps.
 */
static void
setup_fetch(const struct follower *follower, uint32_t id,
            struct lane_config *out)
{
    const struct source *source = catalog_source(follower->snapshot, id);

    out->mode = LANE_LOCAL;
    if (source == NULL || follower->settings == NULL ||
        (!source_effective_fetch(source, follower->settings) &&
         !poll_is_wanted(source, follower->settings)))
        return;
    out->mode = LANE_REMOTE;
    if (source->concurrency > 0)
        out->window = source->concurrency;
    out->rate = source->options.api_rate;
    out->receiver =
        hash(source_effective_api_url(source, follower->settings)) * 31 +
        hash(source_effective_api_key(source, follower->settings));
}

void
follower_setup(void *arg, uint64_t lane, struct lane_config *out)
{
    const struct follower *follower = arg;

    assert(follower->snapshot != NULL);
    *out = (struct lane_config){
        .mode = LANE_REMOTE,
        .window = follower->lane_window,
    };
    switch (lane_kind_of(lane)) {
    case LANE_SUBSCRIPTION:
        setup_subscription(follower, lane_owner_id(lane), out);
        return;
    case LANE_FETCH:
        setup_fetch(follower, lane_owner_id(lane), out);
        return;
    case LANE_SOURCE:
    case LANE_WAIT:
    case LANE_FANOUT:
    case LANE_REPLAY:
        out->mode = LANE_LOCAL;
        return;
    default:
        out->mode = LANE_HELD;
    }
}

enum db_result
follower_refresh(struct follower *follower, struct db *db, struct desk *desk,
                 struct payloads *payloads)
{
    struct task_list dropped = TASK_LIST_INIT;
    const struct catalog_snapshot *newer;
    enum db_result result;

    result = catalog_refresh(follower->catalog, db);
    if (result != DB_OK)
        return result;
    newer = catalog_take(follower->catalog);
    if (follower->snapshot != NULL &&
        catalog_version(newer) == catalog_version(follower->snapshot)) {
        catalog_release(newer);
        return DB_OK;
    }
    if (follower->snapshot != NULL)
        catalog_release(follower->snapshot);
    follower->snapshot = newer;
    scheduler_reconfigure(desk_lock(desk), &dropped);
    desk_unlock(desk);
    desk_wake_loop(desk);
    payloads_free_tasks(payloads, &dropped);
    return DB_OK;
}
