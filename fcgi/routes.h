/*
 * routes.h - every route of the responder: the tables of all resources.
 *
 * A resource file exports its own table as NOUN_routes and NOUN_route_count
 * (res_stats.h: stats_routes, stats_route_count); routes.c lists them. Nothing
 * else knows all resources.
 */
#ifndef ROUTES_H
#define ROUTES_H

#include "router.h"

extern const struct route_table route_tables[];
extern const size_t route_table_count;

#endif /* ROUTES_H */
