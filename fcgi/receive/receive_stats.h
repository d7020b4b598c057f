/*
 * receive_stats.h - GET /api/v1/webhooks/stats: how processing went, all-time,
 * as of a second ago at most; of half a minute while it is being read anew.
 */
#ifndef RECEIVE_STATS_H
#define RECEIVE_STATS_H

#include "router.h"

extern const struct route receive_stats_routes[];
extern const size_t receive_stats_route_count;

#endif /* RECEIVE_STATS_H */
