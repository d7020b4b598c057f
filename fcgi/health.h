/*
 * health.h - GET /health: is the gateway well? GET /health/live: does this
 * process answer at all?
 *
 * healthy; degraded: no live worker, so events are accepted and wait;
 * unhealthy (503): no database. What the database says is asked at most once a
 * second, however many ask.
 */
#ifndef HEALTH_H
#define HEALTH_H

#include "router.h"
#include "store_health.h"

extern const struct route health_routes[];
extern const size_t health_route_count;
extern const struct route health_live_routes[];
extern const size_t health_live_route_count;

/* The body; health NULL: the database is away. */
void health_print(const struct health *health, struct buf *out);

#endif /* HEALTH_H */
