/*
 * svix_types.h - /api/v1/event-type: event types, in the manner of Svix's API.
 */
#ifndef SVIX_TYPES_H
#define SVIX_TYPES_H

#include "router.h"

#include <stddef.h>

extern const struct route svix_types_routes[];
extern const size_t svix_types_route_count;

#endif /* SVIX_TYPES_H */
