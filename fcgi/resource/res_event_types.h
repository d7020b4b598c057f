/*
 * res_event_types.h - GET /api/webhooks/event-types and GET /api/events: the catalogue of
 * event types.
 */
#ifndef RES_EVENT_TYPES_H
#define RES_EVENT_TYPES_H

#include "router.h"

extern const struct route event_types_routes[];
extern const size_t event_types_route_count;

#endif /* RES_EVENT_TYPES_H */
