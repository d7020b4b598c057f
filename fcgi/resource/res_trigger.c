/*
 * res_trigger.c - see res_trigger.h.
 */
#include "res_trigger.h"

#include "alloc.h"
#include "member.h"
#include "resource.h"
#include "store_application.h"
#include "storing.h"
#include "trigger_form.h"

#include <stdlib.h>

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
    return resource_done(exchange, db, result, "Application not found");
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

/* Events on their way into the database. */
struct triggered {
    struct storing storing;
    struct trigger_form form;
    struct new_event *events; /* form.count of them */
};

static void
answer(struct storing *storing)
{
    const struct triggered *triggered = (struct triggered *)storing;
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    size_t i;

    if (triggered->form.array)
        buf_add_char(&json, '[');
    for (i = 0; i < triggered->form.count; i++)
        print_accepted(&triggered->events[i], &json);
    if (triggered->form.array)
        buf_add_char(&json, ']');
    resource_send_status(&storing->exchange, 202, &json);
}

static void
destroy(struct storing *storing)
{
    struct triggered *triggered = (struct triggered *)storing;

    trigger_form_free(&triggered->form);
    free(triggered->events);
    free(triggered);
}

/* All of them in one transaction, or none. Takes what the form holds. */
static void
commit(struct exchange *exchange, const struct trigger_form *form,
       const uint32_t *applications)
{
    struct triggered *triggered = xmalloc(sizeof(*triggered));
    size_t i;

    triggered->storing.answer = answer;
    triggered->storing.destroy = destroy;
    triggered->form = *form;
    triggered->events = xcalloc(form->count, sizeof(triggered->events[0]));
    for (i = 0; i < form->count; i++)
        trigger_make_event(&triggered->form.items[i], applications[i],
                           &triggered->events[i]);
    storing_start(&triggered->storing, exchange, triggered->events,
                  form->count);
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
        .catalog = exchange->catalog,
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
        if (find_applications(exchange, &form, applications)) {
            commit(exchange, &form, applications);
            form = (struct trigger_form){.items = NULL};
        }
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

const struct route trigger_routes[] = {
    {METHOD_POST, "/api/events/trigger", ACCESS_SEND, FAMILY_API, true,
     trigger},
};
const size_t trigger_route_count =
    sizeof(trigger_routes) / sizeof(trigger_routes[0]);
