/*
 * res_events.c - trigger an event, or many; the history of events.
 */
#include "res_events.h"

#include "alloc.h"
#include "member.h"
#include "resource.h"
#include "store_application.h"
#include "store_history.h"
#include "trigger_form.h"

#include <stdlib.h>

#define MISSING "Event not found"

static void
reply_no_application(struct exchange *exchange, const struct trigger_form *form,
                     size_t index)
{
    struct problems problems;

    problems.count = 0;
    problem_add(&problems, "application", NULL, "value_error.application",
                "application not found");
    if (form->array)
        problem_put_index(&problems, 0, index);
    reply_problems(exchange->reply, &problems);
}

/* Which application each event belongs to. False: the answer is written. */
static bool
find_applications(struct exchange *exchange, const struct trigger_form *form,
                  uint32_t *ids)
{
    struct slice last = SLICE_NONE;
    uint32_t last_id = exchange->caller.application_id;
    enum db_result result = DB_OK;
    struct db *db = NULL;
    size_t i;

    for (i = 0; i < form->count && result == DB_OK; i++) {
        const struct body_value *value =
            &form->items[i].value[TRIGGER_APPLICATION];
        struct slice name = slice_make(value->text, value->text_len);

        ids[i] = exchange->caller.application_id;
        if (!value->given)
            continue;
        if (last.ptr == NULL || !slice_equal(last, name)) {
            if (db == NULL && (db = resource_db(exchange)) == NULL)
                return false;
            result = store_application_find(db, name, &last_id);
            last = name;
        }
        ids[i] = last_id;
    }
    if (db == NULL)
        return true;
    if (result == DB_NONE) {
        db_pool_give(exchange->app->pool, db);
        reply_no_application(exchange, form, i - 1);
        return false;
    }
    return resource_done(exchange, db, result, MISSING);
}

static void
print_accepted(const struct new_event *event, struct buf *json)
{
    member_next(json);
    buf_add_char(json, '{');
    member_id(json, "event_id", ID_EVENT, event->id);
    member_u64(json, "matched", event->matched);
    buf_add_char(json, '}');
}

/* All of them in one transaction, or none. */
static void
commit(struct exchange *exchange, struct trigger_form *form,
       const uint32_t *applications)
{
    struct new_event *events = xcalloc(form->count, sizeof(events[0]));
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    size_t i;

    for (i = 0; i < form->count; i++)
        trigger_make_event(&form->items[i], applications[i], &events[i]);
    switch (commit_events(exchange->app->committer, events, form->count)) {
    case DB_OK:
        if (form->array)
            buf_add_char(&json, '[');
        for (i = 0; i < form->count; i++)
            print_accepted(&events[i], &json);
        if (form->array)
            buf_add_char(&json, ']');
        resource_send_status(exchange, 202, &json);
        break;
    case DB_BROKEN:
        reply_error(exchange->reply, 500, "internal_error",
                    "The event could not be stored");
        break;
    default:
        reply_unavailable(exchange->reply);
        break;
    }
    free(events);
}

static void
reply_too_large(struct exchange *exchange, size_t max)
{
    reply_error(exchange->reply, 413, "payload_too_large",
                "An event is larger than %zu bytes", max);
}

static void
trigger(struct exchange *exchange)
{
    const struct settings *settings = exchange->app->settings;
    const struct trigger_rules rules = {
        .may_name_application = exchange->caller.scope == SCOPE_ADMIN,
        .item_max = (size_t)settings->max_body,
        .now_us = exchange->request->arrived_wall_us,
    };
    size_t max = (size_t)(settings->max_batch_body > settings->max_body
                              ? settings->max_batch_body
                              : settings->max_body);
    struct trigger_form form;
    struct problems problems;
    uint32_t *applications;

    if (!resource_check_body(exchange, max))
        return;
    problems.count = 0;
    switch (trigger_form_read(&form, buf_slice(&exchange->request->body),
                              &rules, &problems)) {
    case TRIGGER_OK:
        applications = xcalloc(form.count, sizeof(applications[0]));
        if (find_applications(exchange, &form, applications))
            commit(exchange, &form, applications);
        free(applications);
        break;
    case TRIGGER_INVALID:
        reply_problems(exchange->reply, &problems);
        break;
    case TRIGGER_TOO_LARGE:
        reply_too_large(exchange, rules.item_max);
        break;
    }
    trigger_form_free(&form);
}

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
        result = store_event_deliveries(db, id, &deliveries, &complete);
    if (resource_done(exchange, db, result, MISSING)) {
        event_print(&row, &deliveries, complete, &json);
        resource_send(exchange, &json);
    }
    delivery_list_free(&deliveries);
    event_row_free(&row);
}

const struct route events_routes[] = {
    {METHOD_POST, "/api/events/trigger", ACCESS_SEND, FAMILY_API, true,
     trigger},
    {METHOD_GET, "/api/events/history", ACCESS_READ, FAMILY_API, false,
     history},
    {METHOD_GET, "/api/events/{id}", ACCESS_READ, FAMILY_API, false, get},
};
const size_t events_route_count =
    sizeof(events_routes) / sizeof(events_routes[0]);
