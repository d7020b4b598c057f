/*
 * res_subscriptions.h - /api/webhooks: make, list, show, change, remove, pause, and give a new
 * secret to subscriptions.
 */
#ifndef RES_SUBSCRIPTIONS_H
#define RES_SUBSCRIPTIONS_H

#include "router.h"

extern const struct route subscriptions_routes[];
extern const size_t subscriptions_route_count;

#endif /* RES_SUBSCRIPTIONS_H */
