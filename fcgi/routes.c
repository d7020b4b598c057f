/*
 * routes.c - see routes.h. What takes events in comes first: it is the busiest.
 */
#include "routes.h"

#include "health.h"
#include "receive.h"
#include "receive_challenge.h"
#include "receive_notion.h"
#include "receive_stats.h"
#include "receive_test.h"
#include "res_applications.h"
#include "res_deliveries.h"
#include "res_event_types.h"
#include "res_events.h"
#include "res_records.h"
#include "res_replay_start.h"
#include "res_replays.h"
#include "res_sources.h"
#include "res_stats.h"
#include "res_subscriptions.h"
#include "res_tests.h"
#include "res_trigger.h"
#include "svix_applications.h"
#include "svix_attempts.h"
#include "svix_deliveries.h"
#include "svix_endpoint_parts.h"
#include "svix_endpoints.h"
#include "svix_messages.h"
#include "svix_other.h"
#include "svix_types.h"

const struct route_table route_tables[] = {
    {receive_routes, &receive_route_count, true},
    {trigger_routes, &trigger_route_count, true},
    {receive_notion_routes, &receive_notion_route_count, true},
    {receive_challenge_routes, &receive_challenge_route_count, true},
    {receive_stats_routes, &receive_stats_route_count, false},
    {receive_test_routes, &receive_test_route_count, false},
    {events_routes, &events_route_count, false},
    {event_types_routes, &event_types_route_count, false},
    {subscriptions_routes, &subscriptions_route_count, false},
    {tests_routes, &tests_route_count, false},
    {deliveries_routes, &deliveries_route_count, false},
    {replay_start_routes, &replay_start_route_count, false},
    {replays_routes, &replays_route_count, false},
    {sources_routes, &sources_route_count, false},
    {records_routes, &records_route_count, false},
    {applications_routes, &applications_route_count, false},
    {svix_applications_routes, &svix_applications_route_count, false},
    {svix_endpoints_routes, &svix_endpoints_route_count, false},
    {svix_messages_routes, &svix_messages_route_count, false},
    {svix_attempts_routes, &svix_attempts_route_count, false},
    {svix_deliveries_routes, &svix_deliveries_route_count, false},
    {svix_types_routes, &svix_types_route_count, false},
    {svix_other_routes, &svix_other_route_count, false},
    {svix_endpoint_parts_routes, &svix_endpoint_parts_route_count, false},
    {stats_routes, &stats_route_count, false},
    {health_routes, &health_route_count, false},
    {health_live_routes, &health_live_route_count, true},
};
const size_t route_table_count = sizeof(route_tables) / sizeof(route_tables[0]);
