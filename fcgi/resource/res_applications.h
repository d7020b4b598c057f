/*
 * res_applications.h - the owners of everything else, and for how long their
 * history stays.
 */
#ifndef RES_APPLICATIONS_H
#define RES_APPLICATIONS_H

#include "router.h"

extern const struct route applications_routes[];
extern const size_t applications_route_count;

#endif /* RES_APPLICATIONS_H */
