/*
 * rate.c - see rate.h.
 */
#include "rate.h"

#include <assert.h>
#include <string.h>

static uint16_t *
at(struct rate *rate, int64_t slice)
{
    return &rate->arrivals[slice % RATE_RING];
}

/* The slice of now; a clock that goes back stays in the one there is. */
static int64_t
advance(struct rate *rate, int64_t now_us)
{
    int64_t slice = now_us / RATE_SLICE_US;

    if (slice - rate->slice >= RATE_RING) {
        memset(rate->arrivals, 0, sizeof(rate->arrivals));
        rate->slice = slice;
    }
    while (rate->slice < slice) {
        rate->slice++;
        *at(rate, rate->slice + RATE_AHEAD) = 0;
    }
    return rate->slice;
}

static void
count(struct rate *rate, int64_t slice)
{
    uint16_t *arrivals = at(rate, slice);

    *arrivals = (uint16_t)(*arrivals + (*arrivals < UINT16_MAX ? 1 : 0));
}

void
rate_start(struct rate *rate)
{
    rate->open++;
}

int64_t
rate_sent(struct rate *rate, int64_t now_us)
{
    int64_t sent = advance(rate, now_us) + RATE_AHEAD;

    assert(rate->open > 0);
    rate->open--;
    count(rate, sent);
    return sent;
}

void
rate_end(struct rate *rate, int64_t sent, int64_t now_us)
{
    int64_t slice = advance(rate, now_us);
    uint16_t *expected = at(rate, sent);

    if (sent == 0) {
        assert(rate->open > 0);
        rate->open--;
        count(rate, slice);
    } else if (sent > slice && *expected > 0 && *expected < UINT16_MAX) {
        (*expected)--;
        count(rate, slice);
    }
}

void
rate_fill(struct rate *rate, int64_t now_us)
{
    *at(rate, advance(rate, now_us)) = UINT16_MAX;
}

int64_t
rate_allows_at(const struct rate *rate, uint32_t limit)
{
    int64_t first = rate->slice - RATE_SLICES, slice;
    uint32_t sum = rate->open;

    if (sum >= limit)
        return INT64_MAX;
    if (limit > UINT16_MAX)
        limit = UINT16_MAX; /* what a slice can count */
    for (slice = rate->slice + RATE_AHEAD; slice > first && slice >= 0;
         slice--) {
        sum += rate->arrivals[slice % RATE_RING];
        if (sum >= limit)
            return (slice + RATE_SLICES) * RATE_SLICE_US;
    }
    return 0;
}
