/*
 * res_trigger.h - POST /api/events/trigger: an event happens, or many.
 */
#ifndef RES_TRIGGER_H
#define RES_TRIGGER_H

#include "router.h"

extern const struct route trigger_routes[];
extern const size_t trigger_route_count;

#endif /* RES_TRIGGER_H */
