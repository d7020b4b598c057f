/*
 * svix_endpoints.h - /api/v1/app/{app}/endpoint: endpoints, which are
 * subscriptions, in the manner of Svix's API.
 */
#ifndef SVIX_ENDPOINTS_H
#define SVIX_ENDPOINTS_H

#include "router.h"

#include <stddef.h>

extern const struct route svix_endpoints_routes[];
extern const size_t svix_endpoints_route_count;

#endif /* SVIX_ENDPOINTS_H */
