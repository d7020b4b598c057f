/*
 * routes.c - see routes.h. The receivers come first: they are the busiest.
 */
#include "routes.h"

#include "health.h"
#include "receive.h"
#include "receive_stats.h"
#include "receive_test.h"
#include "res_deliveries.h"
#include "res_event_types.h"
#include "res_events.h"
#include "res_stats.h"
#include "res_subscriptions.h"
#include "res_tests.h"

const struct route_table route_tables[] = {
    {receive_routes, &receive_route_count},
    {receive_stats_routes, &receive_stats_route_count},
    {receive_test_routes, &receive_test_route_count},
    {events_routes, &events_route_count},
    {event_types_routes, &event_types_route_count},
    {subscriptions_routes, &subscriptions_route_count},
    {tests_routes, &tests_route_count},
    {deliveries_routes, &deliveries_route_count},
    {stats_routes, &stats_route_count},
    {health_routes, &health_route_count},
};
const size_t route_table_count = sizeof(route_tables) / sizeof(route_tables[0]);
