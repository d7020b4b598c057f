/*
 * res_event_types.h - the catalogue of event types: GET
 * /api/webhooks/event-types, GET /api/events, and all of /api/event-types.
 */
#ifndef RES_EVENT_TYPES_H
#define RES_EVENT_TYPES_H

#include "router.h"

extern const struct route event_types_routes[];
extern const size_t event_types_route_count;

#endif /* RES_EVENT_TYPES_H */
