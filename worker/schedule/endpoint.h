/*
 * endpoint.h - what is known about the receiver behind a lane: how many
 * requests it takes at a time, whether it is asked at all, and how fast.
 *
 * Pure: facts and times in, answers out; no I/O, no clock, no locks. All times
 * are monotonic microseconds unless they are named wall (the database's
 * clock).
 *
 *   window   begins at 5, grows by 1/window with each good answer, shrinks by
 *            one at the first failure of a failing run and at the first 429
 *            of several, never below 1; not proven: 1
 *   breaker  opens after a run of failures, or when 70 % of at least 10 in 5
 *            minutes failed; for 30 s * 2^trips +- 20 %, never above the
 *            longest time; then, when nothing is in flight any more, one
 *            probe; an answer closes it and the window grows again from 1: by
 *            one with each good answer until it has the size it begins with
 *   busy     a 429 stops everything for the time that was asked for, at least
 *            a second and at most an hour
 *   rate     at most so many requests in any second of the receiver (rate.h)
 *   proven   a good answer within the last 10 minutes and no failure since
 *
 * What was sent before the breaker opened and comes back later changes neither
 * window nor breaker: the probe decides. Tests are neither started nor ended
 * here; a good answer to one only makes the probe due (endpoint_probe_now()).
 */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include "outcome.h"
#include "rate.h"

#include <stdbool.h>
#include <stdint.h>

#define ENDPOINT_WINDOW_START 5

/* The configuration, which may change at any time. */
struct endpoint_policy {
    uint32_t window_max;       /* > 0 */
    uint32_t rate;             /* starts per second; 0 = no limit */
    uint32_t breaker_failures; /* in a row; 0 = the breaker never opens */
    int64_t breaker_open_us;   /* the first time */
    int64_t breaker_max_us;
};

enum breaker { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

struct endpoint {
    double window;
    enum breaker breaker;
    int64_t open_until_us;
    uint32_t trips;    /* times it opened without a good answer since */
    uint32_t failures; /* bad ones in a row */
    uint32_t running;  /* requests in flight, tests not counted */
    bool probing;      /* half-open: the probe is in flight */
    bool recovering;   /* grows fast: the breaker has closed */
    int64_t failing_since_wall_us; /* first of the bad ones in a row; 0 */
    int64_t told_since_wall_us;    /* of the failing run that others have been
                                      told of; 0 = none */
    int64_t last_good_wall_us;     /* 0 = never */
    int64_t proven_until_us;       /* 0 = not proven */
    int64_t blocked_until_us;      /* Retry-After */
    int64_t sample_since_us;       /* the 5 minutes */
    uint32_t sample_good;
    uint32_t sample_bad;
    struct rate rate;
};

/* What survives a restart; the row of lane_state. */
struct endpoint_state {
    double window;
    enum breaker breaker;
    int64_t open_until_wall_us;
    uint32_t trips;
    int64_t failing_since_wall_us;
    int64_t last_good_wall_us;
    int64_t blocked_until_wall_us;
    int64_t told_since_wall_us; /* in memory alone: endpoint_tellable() */
};

struct endpoint_now {
    int64_t mono_us;
    int64_t wall_us;
    int64_t sent; /* at an end: what endpoint_sent() gave for it; 0 = nothing */
};

void endpoint_init(struct endpoint *endpoint);

/* After endpoint_init(), or again when its shard comes back. state may be NULL:
   nothing was saved. The first second after it was taken over counts as full:
   what the owner before has started is not known. What is in flight stays
   counted until its end is told, with FEEDBACK_NONE. */
void endpoint_take_over(struct endpoint *endpoint,
                        const struct endpoint_policy *policy,
                        const struct endpoint_state *state,
                        struct endpoint_now now);
void endpoint_save(const struct endpoint *endpoint, struct endpoint_now now,
                   struct endpoint_state *state);

/* Since when it has been failing in a way that is worth telling: its breaker has
   opened, or others were told before somebody made it start anew, and it has
   failed since. 0 = it is not. */
int64_t endpoint_tellable(const struct endpoint_state *state);

/* When the next request may be started: now_us or earlier = at once; INT64_MAX
   = not before one in flight has been sent, or has ended. */
int64_t endpoint_next_start(const struct endpoint *endpoint,
                            const struct endpoint_policy *policy,
                            int64_t now_us);
bool endpoint_is_proven(const struct endpoint *endpoint, int64_t now_us);
/* What it has proven before that time does not count any more; 0 = all does. */
void endpoint_doubt(struct endpoint *endpoint, int64_t since_us);
/* Not to be read: the breaker is open, or its probe is in flight. */
bool endpoint_is_open(const struct endpoint *endpoint, int64_t now_us);

/* To be called only when endpoint_next_start() allows it. */
void endpoint_start(struct endpoint *endpoint, int64_t now_us);

/* One that was started is on its way: to be told where there is a limit of
   rate. The answer is for its end. */
int64_t endpoint_sent(struct endpoint *endpoint, int64_t now_us);

/* One that was started has ended. retry_after_us counts with FEEDBACK_BUSY
   only, 0 = not asked. True: the breaker has opened or closed, the failing run
   has begun or ended, or it asks to be left alone for a second or more than was
   known: worth writing down at once. */
bool endpoint_end(struct endpoint *endpoint,
                  const struct endpoint_policy *policy, enum feedback feedback,
                  struct endpoint_now now, int64_t retry_after_us,
                  uint32_t random);

/* It is said to answer again: an open breaker's time is over. True: it was not
   yet, which is worth writing down at once. */
bool endpoint_probe_now(struct endpoint *endpoint, int64_t now_us);

#endif /* ENDPOINT_H */
