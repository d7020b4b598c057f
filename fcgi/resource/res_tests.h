/*
 * res_tests.h - POST /api/webhooks/{id}/test and /api/webhooks/test: deliver one test event
 * now and tell how it went.
 */
#ifndef RES_TESTS_H
#define RES_TESTS_H

#include "router.h"

extern const struct route tests_routes[];
extern const size_t tests_route_count;

#endif /* RES_TESTS_H */
