/*
 * scheduler_state.c - what is known of endpoints, from one owner of a shard to
 * the next; see scheduler.h.
 */
#include "lane.h"
#include "scheduler_lane.h"

#include <assert.h>

#define FAILURES_LEAST 5 /* until an endpoint counts as failing for long */

static struct endpoint_now
time_of(const struct scheduler *s, int64_t now_us)
{
    return (struct endpoint_now){now_us, now_us + s->offset_us, 0};
}

void
scheduler_take_shard(struct scheduler *s, uint32_t shard, int64_t now_us)
{
    size_t at = 0;
    uint64_t number;
    void *value;

    assert(shard < LANE_SHARDS);
    scheduler_hear(s, now_us);
    s->shard_since_us[shard] = now_us;
    while (map_next(&s->sites, &at, &number, &value)) {
        struct site *site = value;

        if (site->shard != shard)
            continue;
        endpoint_take_over(&site->endpoint, &site->policy, NULL,
                           time_of(s, now_us));
        site->slow = false;
        site->saved_change = site->change;
        site->urgent = false;
        scheduler_refresh_site(s, site);
    }
}

/* The database knows of its last success: the next one is not news yet. */
static int64_t
saved_at(const struct endpoint_state *known, const struct scheduler_now *now)
{
    int64_t age_us = now->database_us - known->last_good_wall_us;

    if (known->last_good_wall_us == 0 || age_us < 0 || age_us >= now->now_us)
        return 0;
    return now->now_us - age_us;
}

void
scheduler_load(struct scheduler *s, uint64_t lane,
               const struct endpoint_state *state,
               const struct scheduler_now *now)
{
    struct endpoint_state known = *state;
    struct site *site;

    scheduler_hear_both(s, now);
    site = scheduler_site(s, lane, lane_shard(lane));
    if (site->config.fifo)
        known.blocked_until_wall_us = 0; /* it is about the lane's order */
    endpoint_take_over(&site->endpoint, &site->policy, &known,
                       time_of(s, now->now_us));
    site->saved_us = saved_at(&known, now);
    scheduler_refresh_site(s, site);
}

/* The database would take it for a Retry-After. */
void
scheduler_disown_block(struct site *site)
{
    site->change++;
    site->urgent = true;
}

static struct lane_save
save_of(const struct scheduler *s, const struct site *site, int64_t now_us)
{
    struct lane_save save = {
        .lane = site->number,
        .change = site->change,
        .fifo = site->config.fifo,
    };

    endpoint_save(&site->endpoint, time_of(s, now_us), &save.state);
    return save;
}

bool
scheduler_save(const struct scheduler *s, uint64_t lane, int64_t now_us,
               struct lane_save *save)
{
    const struct site *site = map_get(&s->sites, lane_base(lane));

    if (site == NULL || site->change == site->saved_change ||
        (!site->urgent && site->saved_us != 0 &&
         now_us - site->saved_us < SCHEDULER_SAVE_US))
        return false;
    *save = save_of(s, site, now_us);
    return true;
}

size_t
scheduler_save_rest(const struct scheduler *s, size_t *at, int64_t now_us,
                    struct lane_save *saves, size_t max)
{
    size_t n = 0;
    uint64_t number;
    void *value;

    while (n < max && map_next(&s->sites, at, &number, &value)) {
        const struct site *site = value;

        if (site->change != site->saved_change)
            saves[n++] = save_of(s, site, now_us);
    }
    return n;
}

void
scheduler_saved(struct scheduler *s, const struct lane_save *save,
                int64_t now_us)
{
    struct site *site = map_get(&s->sites, save->lane);

    if (site == NULL)
        return;
    site->saved_us = now_us;
    site->saved_change = save->change;
    site->endpoint.told_since_wall_us = endpoint_tellable(&save->state);
    if (site->change == save->change)
        site->urgent = false;
}

bool
scheduler_is_open(const struct scheduler *s, uint64_t lane)
{
    const struct site *site = map_get(&s->sites, lane_base(lane));

    return site != NULL && site->endpoint.breaker != BREAKER_CLOSED;
}

int64_t
scheduler_failing_us(const struct scheduler *s, uint64_t lane, int64_t now_us)
{
    const struct site *site = map_get(&s->sites, lane_base(lane));

    if (site == NULL || site->endpoint.failing_since_wall_us == 0 ||
        (site->endpoint.failures < FAILURES_LEAST && site->endpoint.trips == 0))
        return 0;
    return now_us + s->offset_us - site->endpoint.failing_since_wall_us;
}
