/*
 * svix_endpoint_parts.h - /api/v1/app/{app}/endpoint/{id}/...: an endpoint's
 * secret, headers, statistics, and what Postern has no counterpart for.
 */
#ifndef SVIX_ENDPOINT_PARTS_H
#define SVIX_ENDPOINT_PARTS_H

#include "router.h"

#include <stddef.h>

extern const struct route svix_endpoint_parts_routes[];
extern const size_t svix_endpoint_parts_route_count;

#endif /* SVIX_ENDPOINT_PARTS_H */
