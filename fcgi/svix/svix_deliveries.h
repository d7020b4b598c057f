/*
 * svix_deliveries.h - how messages and endpoints meet, in the manner of Svix's
 * API: the messages of an endpoint, the endpoints of a message, and once more.
 */
#ifndef SVIX_DELIVERIES_H
#define SVIX_DELIVERIES_H

#include "router.h"

#include <stddef.h>

extern const struct route svix_deliveries_routes[];
extern const size_t svix_deliveries_route_count;

#endif /* SVIX_DELIVERIES_H */
