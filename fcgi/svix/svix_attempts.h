/*
 * svix_attempts.h - /api/v1/app/{app}/attempt/...: attempts to deliver messages,
 * in the manner of Svix's API.
 */
#ifndef SVIX_ATTEMPTS_H
#define SVIX_ATTEMPTS_H

#include "router.h"

#include <stddef.h>

extern const struct route svix_attempts_routes[];
extern const size_t svix_attempts_route_count;

#endif /* SVIX_ATTEMPTS_H */
