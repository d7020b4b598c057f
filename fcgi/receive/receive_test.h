/*
 * receive_test.h - POST /api/v1/webhooks/test: would this body be accepted by
 * the source that it names? Checks no signature and writes nothing.
 */
#ifndef RECEIVE_TEST_H
#define RECEIVE_TEST_H

#include "router.h"

extern const struct route receive_test_routes[];
extern const size_t receive_test_route_count;

#endif /* RECEIVE_TEST_H */
