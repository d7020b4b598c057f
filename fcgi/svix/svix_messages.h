/*
 * svix_messages.h - /api/v1/app/{app}/msg: messages, which are events, in the
 * manner of Svix's API.
 */
#ifndef SVIX_MESSAGES_H
#define SVIX_MESSAGES_H

#include "router.h"

#include <stddef.h>

extern const struct route svix_messages_routes[];
extern const size_t svix_messages_route_count;

#endif /* SVIX_MESSAGES_H */
