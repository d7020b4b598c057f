/*
 * rate.h - how many requests were started lately, for a limit of so many in
 * any second.
 *
 * Counted in slices of 50 ms, one more than a second holds, so that the limit
 * holds at the receiver as well. Pure; times are monotonic microseconds.
 */
#ifndef RATE_H
#define RATE_H

#include <stdint.h>

#define RATE_SLICES 21

struct rate {
    int64_t slice; /* number of the newest */
    uint16_t starts[RATE_SLICES];
};

/* One more was started. */
void rate_start(struct rate *rate, int64_t now_us);

/* What the last second had is not known: it counts as full. */
void rate_fill(struct rate *rate, int64_t now_us);

/* When so many of the past have gone by that another one fits; 0 = at once.
   limit > 0. */
int64_t rate_allows_at(const struct rate *rate, uint32_t limit);

#endif /* RATE_H */
