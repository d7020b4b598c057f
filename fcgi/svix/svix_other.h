/*
 * svix_other.h - the rest of Svix's API: examples, recovery, health, and the
 * routes that have nothing behind them and say so.
 */
#ifndef SVIX_OTHER_H
#define SVIX_OTHER_H

#include "router.h"

#include <stddef.h>

extern const struct route svix_other_routes[];
extern const size_t svix_other_route_count;

#endif /* SVIX_OTHER_H */
