/*
 * routes.c - see routes.h. The receivers come first: they are the busiest.
 */
#include "routes.h"

#include "health.h"
#include "receive.h"
#include "receive_stats.h"
#include "receive_test.h"
#if __has_include("res_subscriptions.h")
#include "res_subscriptions.h"
#endif
#if __has_include("res_events.h")
#include "res_events.h"
#endif
#if __has_include("res_deliveries.h")
#include "res_deliveries.h"
#endif
#if __has_include("res_stats.h")
#include "res_stats.h"
#endif
#if __has_include("res_event_types.h")
#include "res_event_types.h"
#endif

const struct route_table route_tables[] = {
    {receive_routes, &receive_route_count},
    {receive_stats_routes, &receive_stats_route_count},
    {receive_test_routes, &receive_test_route_count},
    {health_routes, &health_route_count},
#if __has_include("res_subscriptions.h")
    {subscriptions_routes, &subscriptions_route_count},
#endif
#if __has_include("res_events.h")
    {events_routes, &events_route_count},
#endif
#if __has_include("res_deliveries.h")
    {deliveries_routes, &deliveries_route_count},
#endif
#if __has_include("res_stats.h")
    {stats_routes, &stats_route_count},
#endif
#if __has_include("res_event_types.h")
    {event_types_routes, &event_types_route_count},
#endif
};
const size_t route_table_count = sizeof(route_tables) / sizeof(route_tables[0]);
