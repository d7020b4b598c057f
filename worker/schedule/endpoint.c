/*
 * endpoint.c - see endpoint.h.
 */
#include "endpoint.h"

#include "clock.h"

#include <assert.h>

#define NEVER INT64_MAX
#define PROVEN_US (600 * CLOCK_US_PER_S)
#define SAMPLE_US (300 * CLOCK_US_PER_S)
#define SAMPLE_LEAST 10
#define BUSY_LEAST_US CLOCK_US_PER_S
#define BUSY_MOST_US (3600 * CLOCK_US_PER_S)

static int64_t
later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t
earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void
endpoint_init(struct endpoint *endpoint)
{
    *endpoint = (struct endpoint){.window = ENDPOINT_WINDOW_START};
}

/* --- window ----------------------------------------------------------------- */

static uint32_t
window_of(const struct endpoint *endpoint, const struct endpoint_policy *policy,
          int64_t now_us)
{
    if (!endpoint_is_proven(endpoint, now_us))
        return 1;
    return endpoint->window < (double)policy->window_max
               ? (uint32_t)endpoint->window
               : policy->window_max;
}

static void
set_window(struct endpoint *endpoint, const struct endpoint_policy *policy,
           double window)
{
    if (window > (double)policy->window_max)
        window = (double)policy->window_max;
    if (!(window >= 1))
        window = 1;
    endpoint->window = window;
}

static void
grow(struct endpoint *endpoint, const struct endpoint_policy *policy)
{
    if (endpoint->window >= ENDPOINT_WINDOW_START)
        endpoint->recovering = false;
    set_window(endpoint, policy,
               endpoint->window +
                   (endpoint->recovering ? 1 : 1 / endpoint->window));
}

/* --- breaker ---------------------------------------------------------------- */

static void
reset_sample(struct endpoint *endpoint, int64_t now_us)
{
    endpoint->sample_since_us = now_us;
    endpoint->sample_good = 0;
    endpoint->sample_bad = 0;
}

static void
sample(struct endpoint *endpoint, bool good, int64_t now_us)
{
    if (endpoint->sample_good + endpoint->sample_bad == 0 ||
        now_us - endpoint->sample_since_us >= SAMPLE_US)
        reset_sample(endpoint, now_us);
    endpoint->sample_good += good;
    endpoint->sample_bad += !good;
}

static bool
has_failed(const struct endpoint *endpoint,
           const struct endpoint_policy *policy)
{
    uint64_t good = endpoint->sample_good, bad = endpoint->sample_bad;

    if (policy->breaker_failures == 0)
        return false;
    return endpoint->failures >= policy->breaker_failures ||
           (good + bad >= SAMPLE_LEAST && bad * 10 >= (good + bad) * 7);
}

/* 30 s * 2^trips, 80 to 120 % of it. */
static int64_t
open_us(const struct endpoint *endpoint, const struct endpoint_policy *policy,
        uint32_t random)
{
    int64_t most_us = policy->breaker_max_us;
    int64_t us = earlier(policy->breaker_open_us, most_us);
    uint32_t i;

    for (i = 0; i < endpoint->trips && us > 0 && us < most_us; i++)
        us = us > most_us / 2 ? most_us : us * 2;
    us = (int64_t)((double)us * (0.8 + 0.4 * (double)random / UINT32_MAX));
    return earlier(us, most_us);
}

/* The only place where the breaker changes. */
static void
breaker_move(struct endpoint *endpoint, enum breaker to)
{
    static const bool legal[3][3] = {
        [BREAKER_CLOSED] = {[BREAKER_OPEN] = true},
        [BREAKER_OPEN] = {[BREAKER_HALF_OPEN] = true},
        [BREAKER_HALF_OPEN] = {[BREAKER_CLOSED] = true, [BREAKER_OPEN] = true},
    };

    assert(legal[endpoint->breaker][to]);
    endpoint->breaker = to;
    endpoint->probing = to == BREAKER_HALF_OPEN;
}

static void
trip(struct endpoint *endpoint, const struct endpoint_policy *policy,
     int64_t now_us, uint32_t random)
{
    breaker_move(endpoint, BREAKER_OPEN);
    endpoint->open_until_us = now_us + open_us(endpoint, policy, random);
    endpoint->trips += endpoint->trips < UINT32_MAX;
    reset_sample(endpoint, now_us);
}

static void
recover(struct endpoint *endpoint, int64_t now_us)
{
    breaker_move(endpoint, BREAKER_CLOSED);
    endpoint->window = 1;
    endpoint->recovering = true;
    endpoint->failures = 0;
    reset_sample(endpoint, now_us);
}

/* --- what an answer says ------------------------------------------------------ */

static bool
end_good(struct endpoint *endpoint, const struct endpoint_policy *policy,
         struct endpoint_now now)
{
    bool probe = endpoint->breaker == BREAKER_HALF_OPEN;
    bool news = probe || endpoint->failing_since_wall_us != 0;

    endpoint->last_good_wall_us = now.wall_us;
    if (endpoint->breaker == BREAKER_OPEN)
        return false;
    if (probe)
        recover(endpoint, now.mono_us);
    else
        grow(endpoint, policy);
    sample(endpoint, true, now.mono_us);
    endpoint->failures = 0;
    endpoint->trips = 0;
    endpoint->failing_since_wall_us = 0;
    endpoint->proven_until_us = now.mono_us + PROVEN_US;
    return news;
}

/* Than what is known of when it may be asked again. */
static bool
is_much_later(const struct endpoint *endpoint, int64_t until_us)
{
    int64_t known_us = endpoint->blocked_until_us;

    if (endpoint->breaker == BREAKER_OPEN)
        known_us = later(known_us, endpoint->open_until_us);
    return until_us - known_us >= BUSY_LEAST_US;
}

static bool
end_busy(struct endpoint *endpoint, const struct endpoint_policy *policy,
         int64_t now_us, int64_t retry_after_us)
{
    bool probe = endpoint->breaker == BREAKER_HALF_OPEN;
    bool first = endpoint->blocked_until_us <= now_us;
    int64_t until_us =
        now_us + earlier(later(retry_after_us, BUSY_LEAST_US), BUSY_MOST_US);
    /* Nothing comes while it waits that could bring it along later. */
    bool news = probe || is_much_later(endpoint, until_us);

    endpoint->blocked_until_us = later(endpoint->blocked_until_us, until_us);
    if (probe)
        recover(endpoint, now_us); /* it is there, after all */
    else if (first && endpoint->breaker == BREAKER_CLOSED)
        set_window(endpoint, policy, endpoint->window - 1);
    return news;
}

static bool
end_bad(struct endpoint *endpoint, const struct endpoint_policy *policy,
        struct endpoint_now now, uint32_t random)
{
    bool news = endpoint->failing_since_wall_us == 0;

    if (endpoint->breaker == BREAKER_OPEN)
        return false;
    if (news)
        endpoint->failing_since_wall_us = now.wall_us;
    if (endpoint->failures == 0 && endpoint->breaker == BREAKER_CLOSED)
        set_window(endpoint, policy, endpoint->window - 1);
    endpoint->failures += endpoint->failures < UINT32_MAX;
    endpoint->recovering = false;
    endpoint->proven_until_us = 0;
    sample(endpoint, false, now.mono_us);
    if (endpoint->breaker == BREAKER_HALF_OPEN &&
        policy->breaker_failures == 0) {
        recover(endpoint, now.mono_us); /* it was told not to open any more */
        return true;
    }
    if (endpoint->breaker == BREAKER_HALF_OPEN ||
        has_failed(endpoint, policy)) {
        trip(endpoint, policy, now.mono_us, random);
        return true;
    }
    return news;
}

/* --- the interface -------------------------------------------------------------- */

bool
endpoint_is_proven(const struct endpoint *endpoint, int64_t now_us)
{
    return now_us < endpoint->proven_until_us;
}

void
endpoint_doubt(struct endpoint *endpoint, int64_t since_us)
{
    if (since_us != 0 && endpoint->proven_until_us < since_us + PROVEN_US)
        endpoint->proven_until_us = 0;
}

bool
endpoint_is_open(const struct endpoint *endpoint, int64_t now_us)
{
    return endpoint->probing || (endpoint->breaker == BREAKER_OPEN &&
                                 now_us < endpoint->open_until_us);
}

int64_t
endpoint_next_start(const struct endpoint *endpoint,
                    const struct endpoint_policy *policy, int64_t now_us)
{
    int64_t at_us = endpoint->blocked_until_us;

    assert(policy->window_max > 0);
    if (endpoint->breaker != BREAKER_CLOSED) {
        if (endpoint->running > 0)
            return NEVER;
        if (endpoint->breaker == BREAKER_OPEN)
            at_us = later(at_us, endpoint->open_until_us);
    }
    if (endpoint->running >= window_of(endpoint, policy, now_us))
        return NEVER;
    if (policy->rate > 0)
        at_us = later(at_us, rate_allows_at(&endpoint->rate, policy->rate));
    return at_us;
}

void
endpoint_start(struct endpoint *endpoint, int64_t now_us)
{
    rate_start(&endpoint->rate);
    if (endpoint->breaker == BREAKER_OPEN) {
        assert(endpoint->running == 0 && now_us >= endpoint->open_until_us);
        breaker_move(endpoint, BREAKER_HALF_OPEN);
    } else if (endpoint->breaker == BREAKER_HALF_OPEN) {
        assert(!endpoint->probing);
        endpoint->probing = true;
    }
    endpoint->running++;
}

int64_t
endpoint_sent(struct endpoint *endpoint, int64_t now_us)
{
    assert(endpoint->running > 0);
    return rate_sent(&endpoint->rate, now_us);
}

bool
endpoint_end(struct endpoint *endpoint, const struct endpoint_policy *policy,
             enum feedback feedback, struct endpoint_now now,
             int64_t retry_after_us, uint32_t random)
{
    assert(endpoint->running > 0);
    endpoint->running--;
    rate_end(&endpoint->rate, now.sent, now.mono_us);
    switch (feedback) {
    case FEEDBACK_GOOD:
        return end_good(endpoint, policy, now);
    case FEEDBACK_BUSY:
        return end_busy(endpoint, policy, now.mono_us, retry_after_us);
    case FEEDBACK_BAD:
        return end_bad(endpoint, policy, now, random);
    case FEEDBACK_NONE:
        break;
    }
    endpoint->probing = false; /* it has told nothing: another one may */
    return false;
}

bool
endpoint_probe_now(struct endpoint *endpoint, int64_t now_us)
{
    if (endpoint->breaker != BREAKER_OPEN || endpoint->open_until_us <= now_us)
        return false;
    endpoint->open_until_us = now_us;
    return true;
}

/* --- what survives ---------------------------------------------------------------- */

static int64_t
to_wall(struct endpoint_now now, int64_t mono_us)
{
    return mono_us == 0 ? 0 : now.wall_us + (mono_us - now.mono_us);
}

/* A wall clock that was set back must not make a wait longer than it was. */
static int64_t
to_mono(struct endpoint_now now, int64_t wall_us, int64_t most_us)
{
    if (wall_us <= now.wall_us)
        return 0;
    return now.mono_us + earlier(wall_us - now.wall_us, most_us);
}

void
endpoint_save(const struct endpoint *endpoint, struct endpoint_now now,
              struct endpoint_state *state)
{
    *state = (struct endpoint_state){
        .window = endpoint->window,
        .breaker = endpoint->breaker,
        .open_until_wall_us = endpoint->breaker == BREAKER_CLOSED
                                  ? 0
                                  : to_wall(now, endpoint->open_until_us),
        .trips = endpoint->trips,
        .failing_since_wall_us = endpoint->failing_since_wall_us,
        .told_since_wall_us = endpoint->told_since_wall_us,
        .last_good_wall_us = endpoint->last_good_wall_us,
        .blocked_until_wall_us = endpoint->blocked_until_us > now.mono_us
                                     ? to_wall(now, endpoint->blocked_until_us)
                                     : 0,
    };
}

int64_t
endpoint_tellable(const struct endpoint_state *state)
{
    if (state->failing_since_wall_us == 0 || state->trips > 0)
        return state->failing_since_wall_us;
    return state->told_since_wall_us;
}

static void
restore(struct endpoint *endpoint, const struct endpoint_policy *policy,
        const struct endpoint_state *state, struct endpoint_now now)
{
    set_window(endpoint, policy, state->window);
    /* A probe that was in flight went with its owner. */
    if (state->breaker != BREAKER_CLOSED) {
        endpoint->breaker = BREAKER_OPEN;
        endpoint->open_until_us =
            to_mono(now, state->open_until_wall_us, policy->breaker_max_us);
    }
    endpoint->trips = state->trips;
    endpoint->failing_since_wall_us = state->failing_since_wall_us;
    endpoint->told_since_wall_us = endpoint_tellable(state);
    endpoint->last_good_wall_us = state->last_good_wall_us;
    endpoint->blocked_until_us =
        to_mono(now, state->blocked_until_wall_us, BUSY_MOST_US);
    if (state->last_good_wall_us != 0 && state->failing_since_wall_us == 0)
        endpoint->proven_until_us =
            to_mono(now, state->last_good_wall_us + PROVEN_US, PROVEN_US);
}

void
endpoint_take_over(struct endpoint *endpoint,
                   const struct endpoint_policy *policy,
                   const struct endpoint_state *state, struct endpoint_now now)
{
    uint32_t running = endpoint->running;
    struct rate rate = endpoint->rate;

    endpoint_init(endpoint);
    endpoint->running = running;
    endpoint->rate = rate;
    if (state != NULL)
        restore(endpoint, policy, state, now);
    rate_fill(&endpoint->rate, now.mono_us);
}
