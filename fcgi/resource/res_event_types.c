/*
 * res_event_types.c - the catalogue of event types.
 */
#include "res_event_types.h"

#include "resource.h"
#include "store_event_type.h"

static void
list(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct db *db = resource_db(exchange);

    if (db != NULL &&
        resource_done(exchange, db, store_event_type_print(db, &json),
                      "Event types not found"))
        resource_send(exchange, &json);
    buf_free(&json);
}

const struct route event_types_routes[] = {
    {METHOD_GET, "/api/webhooks/event-types", ACCESS_READ, FAMILY_API, false,
     list},
    {METHOD_GET, "/api/events", ACCESS_READ, FAMILY_API, false, list},
};
const size_t event_types_route_count =
    sizeof(event_types_routes) / sizeof(event_types_routes[0]);
