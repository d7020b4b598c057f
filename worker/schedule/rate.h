/*
 * rate.h - how many requests a receiver has got lately, for a limit of so many
 * in any second.
 *
 * The second is the receiver's: a request counts from when it was begun until
 * a second after it has arrived. That is known when it is answered; until then
 * it is taken for RATE_WAY_US after it was sent, for a host that has much to do
 * is late. Counted in slices of 50 ms, one more than a second holds. Pure; times
 * are monotonic microseconds.
 */
#ifndef RATE_H
#define RATE_H

#include <stdint.h>

#define RATE_SLICE_US INT64_C(50000)
#define RATE_SLICES 21 /* a second */
#define RATE_AHEAD 5   /* on their way */
#define RATE_RING (RATE_SLICES + RATE_AHEAD)
#define RATE_WAY_US (RATE_AHEAD * RATE_SLICE_US)

struct rate {
    int64_t slice; /* number of the present one */
    uint32_t open; /* begun, and not sent yet */
    uint16_t arrivals[RATE_RING];
};

/* One more was begun. */
void rate_start(struct rate *rate);
/* One that was begun has been sent: returns what is to be told when it has
   ended, never 0. */
int64_t rate_sent(struct rate *rate, int64_t now_us);
/* One has ended: it had arrived by now. sent: as above; 0 = nothing was told. */
void rate_end(struct rate *rate, int64_t sent, int64_t now_us);

/* What the last second had is not known: it counts as full. */
void rate_fill(struct rate *rate, int64_t now_us);

/* When so many of the past have gone by that another one fits; 0 = at once,
   INT64_MAX = not before one has been sent. limit > 0. */
int64_t rate_allows_at(const struct rate *rate, uint32_t limit);

#endif /* RATE_H */
