/*
 * rate.c - see rate.h.
 */
#include "rate.h"

#include "clock.h"

#include <string.h>

#define SLICE_US (50 * CLOCK_US_PER_MS)

/* The slice of now, which becomes the newest; a clock that goes back stays in
   the one there is. */
static uint16_t *
advance(struct rate *rate, int64_t now_us)
{
    int64_t slice = now_us / SLICE_US;

    if (slice - rate->slice >= RATE_SLICES) {
        memset(rate->starts, 0, sizeof(rate->starts));
        rate->slice = slice;
    }
    while (rate->slice < slice)
        rate->starts[++rate->slice % RATE_SLICES] = 0;
    return &rate->starts[rate->slice % RATE_SLICES];
}

void
rate_start(struct rate *rate, int64_t now_us)
{
    uint16_t *starts = advance(rate, now_us);

    *starts = (uint16_t)(*starts + (*starts < UINT16_MAX ? 1 : 0));
}

void
rate_fill(struct rate *rate, int64_t now_us)
{
    *advance(rate, now_us) = UINT16_MAX;
}

int64_t
rate_allows_at(const struct rate *rate, uint32_t limit)
{
    int64_t newest = rate->slice, slice;
    uint32_t sum = 0;

    if (limit > UINT16_MAX)
        limit = UINT16_MAX; /* what a slice can count */

    for (slice = newest; slice > newest - RATE_SLICES && slice >= 0; slice--) {
        sum += rate->starts[slice % RATE_SLICES];
        if (sum >= limit)
            return (slice + RATE_SLICES) * SLICE_US;
    }
    return 0;
}
