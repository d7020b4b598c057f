/*
 * res_stats.c - figures.
 */
#include "res_stats.h"

#include "resource.h"
#include "store_stats.h"
#include "store_subscription.h"

static void
overview(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct overview_stats stats;
    struct db *db = resource_db(exchange);
    enum db_result result;

    if (db == NULL)
        return;
    result = store_stats_overview(db, resource_owner(exchange), &stats);
    if (!resource_done(exchange, db, result, "Statistics not found"))
        return;
    overview_stats_print(&stats, &json);
    resource_send(exchange, &json);
}

static void
of_subscription(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct subscription_stats stats;
    struct subscription_row row;
    enum db_result result;
    struct db *db;
    uint32_t id;

    if (!resource_subscription_id(exchange, &id) ||
        (db = resource_db(exchange)) == NULL)
        return;
    result = store_subscription_get(db, resource_owner(exchange), id, &row);
    if (result == DB_OK) {
        subscription_row_free(&row);
        result = store_stats_subscription(db, id, &stats);
    }
    if (!resource_done(exchange, db, result, "Webhook not found"))
        return;
    subscription_stats_print(&stats, &json);
    resource_send(exchange, &json);
}

const struct route stats_routes[] = {
    {METHOD_GET, "/api/stats", ACCESS_READ, FAMILY_API, false, overview},
    {METHOD_GET, "/api/webhooks/{id}/stats", ACCESS_READ, FAMILY_API, false,
     of_subscription},
};
const size_t stats_route_count = sizeof(stats_routes) / sizeof(stats_routes[0]);
