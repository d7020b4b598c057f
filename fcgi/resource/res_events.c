/*
 * res_events.c - the history of events.
 */
#include "res_events.h"

#include "member.h"
#include "resource.h"
#include "store_content.h"
#include "store_history.h"

#include <stdlib.h>

#define MISSING "Event not found"

static bool
read_filter(struct exchange *exchange, struct event_filter *filter)
{
    const struct request *request = exchange->request;

    *filter = (struct event_filter){
        .application_id = resource_owner(exchange),
        .type = request_query(request, "event_type"),
        .source = request_query(request, "source"),
    };
    if (filter->type.ptr == NULL)
        filter->type = request_query(request, "event");
    return resource_page(exchange, ID_EVENT, &filter->limit,
                         &filter->before_id) &&
           resource_time(exchange, "since", &filter->since_us) &&
           resource_time(exchange, "until", &filter->until_us);
}

static void
history(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct event_filter filter;
    struct event_list page;
    enum db_result result;
    struct db *db;
    size_t i;

    if (!read_filter(exchange, &filter) || (db = resource_db(exchange)) == NULL)
        return;
    result = store_event_list(db, &filter, &page);
    if (result == DB_OK) {
        result = store_event_processing(db, page.rows, page.count);
        if (result != DB_OK)
            event_list_free(&page);
    }
    if (!resource_done(exchange, db, result, MISSING))
        return;
    buf_add_char(&json, '[');
    for (i = 0; i < page.count; i++) {
        member_next(&json);
        event_print_summary(&page.rows[i], page.live_known, &json);
    }
    buf_add_char(&json, ']');
    resource_link_next(exchange, ID_EVENT, page.next);
    event_list_free(&page);
    resource_send(exchange, &json);
}

static void
get(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct delivery_list deliveries = {NULL, 0, 0};
    struct event_row row = {0};
    bool complete = true;
    enum db_result result;
    struct db *db;
    uint64_t id;

    if (!resource_id(exchange, ID_EVENT, MISSING, &id) ||
        (db = resource_db(exchange)) == NULL)
        return;
    result = store_event_get(db, resource_owner(exchange), id, &row);
    if (result == DB_OK)
        result = store_event_processing(db, &row, 1);
    if (result == DB_OK)
        result = store_event_deliveries(db, id, &deliveries, &complete);
    if (resource_done(exchange, db, result, MISSING)) {
        event_print(&row, &deliveries, complete, &json);
        resource_send(exchange, &json);
    }
    delivery_list_free(&deliveries);
    event_row_free(&row);
}

/* ?cancel=true */
static bool
read_cancel(struct exchange *exchange, bool *cancel)
{
    struct slice text = request_query(exchange->request, "cancel");

    *cancel = slice_is(text, "true");
    if (text.ptr == NULL || *cancel || slice_is(text, "false"))
        return true;
    resource_bad_query(exchange, "cancel", "type_error.bool",
                       "value could not be parsed to a boolean");
    return false;
}

static void
remove_content(struct exchange *exchange)
{
    static const char *const refusals[] = {
        [CONTENT_REMOVED] = NULL,
        [CONTENT_WANTED] =
            "The event is still being delivered or processed. With "
            "?cancel=true its deliveries are cancelled first",
        [CONTENT_UNKNOWN] = "Too many deliveries are waiting to tell whether "
                            "one of them needs the event: try again later",
    };
    enum content_state state = CONTENT_REMOVED;
    enum db_result result;
    struct db *db;
    uint64_t id;
    bool cancel;

    if (!resource_id(exchange, ID_EVENT, MISSING, &id) ||
        !read_cancel(exchange, &cancel) || (db = resource_db(exchange)) == NULL)
        return;
    result =
        store_content_remove(db, resource_owner(exchange), id, cancel, &state);
    if (!resource_done(exchange, db, result, MISSING))
        return;
    if (state == CONTENT_REMOVED)
        reply_empty(exchange->reply, 204);
    else
        reply_error(exchange->reply, 409, "event_in_use", "%s",
                    refusals[state]);
}

const struct route events_routes[] = {
    {METHOD_GET, "/api/events/history", ACCESS_READ, FAMILY_API, false,
     history},
    {METHOD_GET, "/api/events/{id}", ACCESS_READ, FAMILY_API, false, get},
    {METHOD_DELETE, "/api/events/{id}/content", ACCESS_MANAGE, FAMILY_API,
     false, remove_content},
};
const size_t events_route_count =
    sizeof(events_routes) / sizeof(events_routes[0]);
