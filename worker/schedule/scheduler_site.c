/*
 * scheduler_site.c - receivers: what class they are in, whether they may start
 * or be read, and what of them survives a restart; see scheduler.h.
 */
#include "scheduler_lane.h"

#include "alloc.h"
#include "lane.h"

#include <assert.h>
#include <stdlib.h>

#define TAKE_OVER_US INT64_C(1050000) /* what a limit of rate looks back at */
#define REMEMBER_US INT64_C(2000000)  /* after the last start */

static struct endpoint_now
endpoint_time(const struct scheduler *s)
{
    return (struct endpoint_now){s->now_us, s->now_us + s->offset_us, 0};
}

void
scheduler_ask_setup(struct scheduler *s, struct site *site)
{
    uint32_t share = s->limits.slots / 5;

    s->setup(s->setup_arg, site->number, &site->config);
    assert(site->config.window > 0);
    if (share == 0)
        share = 1;
    site->policy = (struct endpoint_policy){
        .window_max = site->config.window < share ? site->config.window : share,
        .rate = site->config.rate,
        .breaker_failures = s->limits.breaker_failures,
        .breaker_open_us = s->limits.breaker_open_us,
        .breaker_max_us = s->limits.breaker_max_us,
    };
}

struct site *
scheduler_site(struct scheduler *s, uint64_t lane, uint32_t shard)
{
    uint64_t number = lane_base(lane);
    struct site *site = map_get(&s->sites, number);

    if (site != NULL)
        return site;
    site = xcalloc(1, sizeof(*site));
    site->number = number;
    site->shard = shard;
    scheduler_ask_setup(s, site);
    endpoint_init(&site->endpoint);
    /* What the shard's owner before us has started is not known. */
    if (s->now_us - s->shard_since_us[shard] < TAKE_OVER_US)
        endpoint_take_over(&site->endpoint, &site->policy, NULL,
                           endpoint_time(s));
    (void)map_put(&s->sites, number, site);
    scheduler_refresh_site(s, site);
    return site;
}

void
scheduler_start_anew(struct scheduler *s, struct site *site)
{
    int64_t told_us = site->endpoint.told_since_wall_us;

    site->urgent = site->urgent || site->endpoint.failing_since_wall_us != 0 ||
                   site->endpoint.breaker != BREAKER_CLOSED;
    endpoint_take_over(&site->endpoint, &site->policy, NULL, endpoint_time(s));
    site->endpoint.told_since_wall_us = told_us; /* until it has answered */
    site->slow = false;
    site->change++;
}

/* --- memory ------------------------------------------------------------- */

void
scheduler_hold(struct scheduler *s, struct site *site, size_t tasks,
               size_t bytes)
{
    site->held.tasks += tasks;
    site->held.bytes += bytes;
    s->held[site->class].tasks += tasks;
    s->held[site->class].bytes += bytes;
}

void
scheduler_release(struct scheduler *s, struct site *site, size_t tasks,
                  size_t bytes)
{
    struct amount *class = &s->held[site->class];

    assert(site->held.tasks >= tasks && site->held.bytes >= bytes);
    assert(class->tasks >= tasks && class->bytes >= bytes);
    site->held.tasks -= tasks;
    site->held.bytes -= bytes;
    class->tasks -= tasks;
    class->bytes -= bytes;
}

static bool
is_below(size_t used, size_t all, enum group group)
{
    size_t most = group == GROUP_SLOW ? all * 3 / 10 : all / 4;

    return used < (most > 0 ? most : 1);
}

bool
scheduler_has_memory_for(const struct scheduler *s, enum site_class class,
                         const struct amount planned[CLASS_COUNT])
{
    enum group group = scheduler_group(class);
    struct amount used = {0, 0};
    unsigned i;

    if (group == GROUP_PROVEN)
        return true;
    for (i = 0; i < CLASS_COUNT; i++) {
        if (scheduler_group(i) != group)
            continue;
        used.tasks += s->held[i].tasks + planned[i].tasks;
        used.bytes += s->held[i].bytes + planned[i].bytes;
    }
    return is_below(used.tasks, s->limits.tasks, group) &&
           (s->limits.bytes == 0 ||
            is_below(used.bytes, s->limits.bytes, group));
}

bool
scheduler_has_memory(const struct scheduler *s, enum site_class class)
{
    static const struct amount nothing[CLASS_COUNT];

    return scheduler_has_memory_for(s, class, nothing);
}

/* --- class, rings and times ------------------------------------------------ */

bool
scheduler_is_away(const struct scheduler *s, const struct site *site)
{
    return site->config.mode == LANE_REMOTE &&
           (endpoint_is_open(&site->endpoint, s->now_us) ||
            site->endpoint.blocked_until_us > s->now_us);
}

static enum site_class
class_of(const struct scheduler *s, const struct site *site)
{
    const struct endpoint *endpoint = &site->endpoint;

    if (site->config.mode != LANE_REMOTE)
        return CLASS_PROVEN;
    if (endpoint_is_proven(endpoint, s->now_us))
        return site->slow || site->aged > 0 ? CLASS_SLOW : CLASS_PROVEN;
    return endpoint->failing_since_wall_us != 0 ||
                   endpoint->breaker != BREAKER_CLOSED
               ? CLASS_FAILING
               : CLASS_NEW;
}

/* Whoever got worse gives back what others need more. */
static void
give_way(struct scheduler *s, struct site *site)
{
    struct lane *lane;

    while ((lane = ring_first(&site->lanes[LANES_WAITING])) != NULL &&
           !scheduler_has_memory(s, site->class))
        scheduler_drop_waiting(s, lane, &s->dropped);
}

/* Who waits for a slot cannot prove anything meanwhile: what it has proven just
   before it began to wait counts until it has had its turn. */
static int64_t
doubt_since_us(const struct scheduler *s, const struct site *site)
{
    int64_t since_us = site->turn_us - SCHEDULER_DOUBT_US;

    return site->links[SITE_FRESH].ring != NULL && since_us < s->doubt_us
               ? since_us
               : s->doubt_us;
}

static void
classify(struct scheduler *s, struct site *site)
{
    struct amount held = site->held;
    enum site_class class;

    endpoint_doubt(&site->endpoint, doubt_since_us(s, site));
    class = class_of(s, site);
    if (class == site->class)
        return;
    scheduler_release(s, site, held.tasks, held.bytes);
    site->class = class;
    scheduler_hold(s, site, held.tasks, held.bytes);
    give_way(s, site);
}

static int64_t
next_start(const struct scheduler *s, const struct site *site)
{
    if (s->limits.inflight_bytes > 0 && site->endpoint.running > 0 &&
        site->inflight_bytes >= s->limits.inflight_bytes / 5)
        return NEVER;
    return endpoint_next_start(&site->endpoint, &site->policy, s->now_us);
}

static bool
is_hungry(const struct site *site)
{
    if (site->config.mode == LANE_HELD || site->lanes[LANES_HUNGRY].count == 0)
        return false;
    /* One job is enough for a probe. */
    return site->endpoint.breaker == BREAKER_CLOSED ||
           (site->held.tasks == 0 && site->reading == 0);
}

static void
set_runs(struct scheduler *s, struct site *site, bool may_start)
{
    bool fresh = site->lanes[LANES_FRESH].count > 0;
    bool retry = site->lanes[LANES_RETRY].count > 0;

    if (site->config.mode == LANE_LOCAL) {
        ring_set(fresh || retry ? &s->local : NULL, &site->links[SITE_FRESH],
                 site);
        ring_set(NULL, &site->links[SITE_RETRY], site);
        return;
    }
    may_start = may_start && site->config.mode == LANE_REMOTE;
    if (site->links[SITE_FRESH].ring == NULL)
        site->turn_us = s->now_us;
    ring_set(may_start && fresh ? &s->runs[FRESH][site->class] : NULL,
             &site->links[SITE_FRESH], site);
    ring_set(may_start && retry ? &s->runs[RETRY][site->class] : NULL,
             &site->links[SITE_RETRY], site);
}

/* In one heap at most: its entry in the other is taken out first. */
static void
set_time(struct scheduler *s, struct site *site, bool away, int64_t start_us)
{
    const struct endpoint *endpoint = &site->endpoint;
    int64_t back_us = endpoint->blocked_until_us;

    due_remove(site->in_away ? &s->away : &s->starts, &site->due);
    site->in_away = away;
    if (away && !endpoint->probing) {
        if (endpoint->breaker == BREAKER_OPEN &&
            endpoint->open_until_us > back_us)
            back_us = endpoint->open_until_us;
        due_set(&s->away, &site->due, back_us);
    } else if (!away && start_us > s->now_us && start_us != NEVER &&
               site->lanes[LANES_FRESH].count + site->lanes[LANES_RETRY].count >
                   0) {
        due_set(&s->starts, &site->due, start_us);
    }
}

void
scheduler_refresh_site(struct scheduler *s, struct site *site)
{
    bool away = scheduler_is_away(s, site);
    int64_t start_us;

    classify(s, site);
    start_us = next_start(s, site);
    set_runs(s, site, !away && start_us <= s->now_us);
    ring_set(!away && is_hungry(site) ? &s->hungry[site->class] : NULL,
             &site->links[SITE_HUNGRY], site);
    set_time(s, site, away, start_us);
}

void
scheduler_drop_site(struct scheduler *s, struct site *site)
{
    struct lane *lane;

    while ((lane = ring_first(&site->lanes[LANES_WAITING])) != NULL)
        scheduler_drop_waiting(s, lane, &s->dropped);
    scheduler_refresh_site(s, site);
}

static bool
is_worth_remembering(const struct scheduler *s, const struct site *site)
{
    const struct endpoint *endpoint = &site->endpoint;

    return endpoint->running > 0 || endpoint->breaker != BREAKER_CLOSED ||
           endpoint->failing_since_wall_us != 0 ||
           endpoint->blocked_until_us > s->now_us ||
           endpoint_is_proven(endpoint, s->now_us) ||
           s->now_us - site->begun_us < REMEMBER_US;
}

void
scheduler_let_go(struct scheduler *s, struct site *site)
{
    size_t i;

    if (site->lane_count > 0 || is_worth_remembering(s, site))
        return;
    assert(site->held.tasks == 0);
    for (i = 0; i < SITE_LINKS; i++)
        ring_remove(&site->links[i]);
    due_remove(site->in_away ? &s->away : &s->starts, &site->due);
    (void)map_remove(&s->sites, site->number);
    free(site);
}
