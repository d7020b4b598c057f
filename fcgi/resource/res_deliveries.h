/*
 * res_deliveries.h - /api/deliveries and /api/webhooks/{id}/deliveries: what became of events,
 * one by one; again, or not.
 */
#ifndef RES_DELIVERIES_H
#define RES_DELIVERIES_H

#include "router.h"

extern const struct route deliveries_routes[];
extern const size_t deliveries_route_count;

#endif /* RES_DELIVERIES_H */
