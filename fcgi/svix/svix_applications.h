/*
 * svix_applications.h - /api/v1/app: applications, in the manner of Svix's API.
 */
#ifndef SVIX_APPLICATIONS_H
#define SVIX_APPLICATIONS_H

#include "router.h"

#include <stddef.h>

extern const struct route svix_applications_routes[];
extern const size_t svix_applications_route_count;

#endif /* SVIX_APPLICATIONS_H */
