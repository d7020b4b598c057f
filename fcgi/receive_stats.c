/*
 * receive_stats.c - see receive_stats.h.
 */
#include "receive_stats.h"

#include "resource.h"
#include "store_receive_stats.h"

#include <stdlib.h>

static void
get_stats(struct exchange *exchange)
{
    struct reply *reply = exchange->reply;
    struct receive_source_stats *sources = NULL;
    struct db *db = resource_db(exchange);
    enum db_result result;
    size_t count = 0;

    if (db == NULL)
        return;
    result = store_receive_stats(db, &sources, &count);
    if (!resource_done(exchange, db, result, ""))
        return;
    reply_json_text(reply, 200, SLICE(""));
    receive_stats_print(sources, count, &reply->body);
    free(sources);
}

const struct route receive_stats_routes[] = {
    {METHOD_GET, "/api/v1/webhooks/stats", ACCESS_PUBLIC_STATS, FAMILY_RECEIVE,
     false, get_stats},
};
const size_t receive_stats_route_count =
    sizeof(receive_stats_routes) / sizeof(receive_stats_routes[0]);
