/*
 * res_sources.h - /api/sources: who sends to us, how it is checked, and what
 * was refused.
 */
#ifndef RES_SOURCES_H
#define RES_SOURCES_H

#include "router.h"

extern const struct route sources_routes[];
extern const size_t sources_route_count;

#endif /* RES_SOURCES_H */
