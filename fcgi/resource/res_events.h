/*
 * res_events.h - /api/events: the history of events.
 */
#ifndef RES_EVENTS_H
#define RES_EVENTS_H

#include "router.h"

extern const struct route events_routes[];
extern const size_t events_route_count;

#endif /* RES_EVENTS_H */
