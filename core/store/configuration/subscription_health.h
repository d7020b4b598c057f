/*
 * subscription_health.h - how the endpoint of a subscription does, as the
 * worker has last written it down: the row of its base lane in `lane_state`.
 *
 * It is about the endpoint alone: whether somebody has paused the subscription
 * or switched it off is another question.
 */
#ifndef SUBSCRIPTION_HEALTH_H
#define SUBSCRIPTION_HEALTH_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

enum health_state {
    HEALTH_UNKNOWN, /* it has never answered well, nor failed for long */
    HEALTH_HEALTHY,
    HEALTH_FAILING /* its breaker is open: deliveries are held back */
};

/* Times are the database's clock, microseconds UTC; 0 = none. */
struct subscription_health {
    enum health_state state;
    int64_t failing_since_us;   /* no good answer since; may be set before the
                                   breaker opens */
    int64_t next_attempt_at_us; /* nothing is sent before; 0 = nothing holds it
                                   back */
    int64_t last_success_at_us; /* up to half a minute behind */
};

/* What is asked for, and of which table, beside `subscriptions`. */
#define SUBSCRIPTION_HEALTH_COLUMNS                                            \
    "l.breaker + 0, l.breaker_until, l.blocked_until, l.failing_since, "       \
    "l.last_success_at, UTC_TIMESTAMP(6)"
#define SUBSCRIPTION_HEALTH_JOIN                                               \
    "LEFT JOIN lane_state l ON l.lane = subscriptions.id << 32"

/* cell: the first of those columns. fifo: blocked_until is about the order of
   its deliveries, not about the endpoint. */
void subscription_health_read(const struct slice *cell, bool fifo,
                              struct subscription_health *health);

/* Appends the member "health". */
void subscription_health_print(const struct subscription_health *health,
                               struct buf *out);

#endif /* SUBSCRIPTION_HEALTH_H */
