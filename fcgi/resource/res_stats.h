/*
 * res_stats.h - /api/stats and /api/webhooks/{id}/stats: figures.
 */
#ifndef RES_STATS_H
#define RES_STATS_H

#include "router.h"

extern const struct route stats_routes[];
extern const size_t stats_route_count;

#endif /* RES_STATS_H */
