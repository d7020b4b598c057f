/*
 * svix_messages.c - send, list and show messages, and take their content away.
 */
#include "svix_messages.h"

#include "alloc.h"
#include "id.h"
#include "member.h"
#include "store_content.h"
#include "store_svix_message.h"
#include "storing.h"
#include "svix_message_form.h"
#include "svix_reply.h"

#include <stdlib.h>
#include <string.h>

#define SEGMENT 1 /* of the message in the path */

/* A message on its way into the database. */
struct posted {
    struct storing storing;
    struct svix_message_form form;
    struct new_event event;
    bool content; /* the answer shows it */
};

static void
answer(struct storing *storing)
{
    const struct posted *posted = (struct posted *)storing;
    const struct new_event *event = &posted->event;
    struct reply *reply = storing->exchange.reply;
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct svix_message message = {
        .id = event->id,
        .channels = event->channels_json,
        .metadata = event->metadata,
        .payload = event->payload,
    };

    if (event->duplicate) {
        reply_error(reply, 409, "duplicate",
                    "A message with this eventId exists already");
        return;
    }
    message.type = slice_text(event->type);
    message.event_id = slice_text(event->external_id);
    svix_message_print(&message, posted->content, &json);
    free(message.type);
    free(message.event_id);
    resource_send_status(&storing->exchange, 202, &json);
}

static void
destroy(struct storing *storing)
{
    struct posted *posted = (struct posted *)storing;

    svix_message_form_free(&posted->form);
    free(posted);
}

static void
create(struct exchange *exchange)
{
    struct posted *posted = xcalloc(1, sizeof(*posted));
    uint32_t application_id;
    struct db *db;

    posted->storing.answer = answer;
    posted->storing.destroy = destroy;
    posted->content = svix_flag(exchange, "with_content", true);
    if (!svix_message_form_read(&posted->form, exchange) ||
        (db = svix_application_db(exchange, &application_id)) == NULL) {
        destroy(&posted->storing);
        return;
    }
    db_pool_give(exchange->app->pool, db);
    trigger_make_event(&posted->form.trigger, application_id, &posted->event);
    storing_start(&posted->storing, exchange, &posted->event, 1);
}

/* "a,b,c" */
static bool
read_types(struct exchange *exchange, struct svix_message_filter *filter)
{
    struct slice rest = request_query(exchange->request, "event_types");

    while (rest.len > 0) {
        const char *end = memchr(rest.ptr, ',', rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.ptr);

        if (filter->type_count == SVIX_TYPES_MAX) {
            resource_bad_query(exchange, "event_types",
                               "value_error.list.max_items",
                               "ensure this value has at most 32 items");
            return false;
        }
        if (len > 0)
            filter->types[filter->type_count++] = slice_make(rest.ptr, len);
        rest.ptr += end == NULL ? len : len + 1;
        rest.len -= end == NULL ? len : len + 1;
    }
    return true;
}

static void
list(struct exchange *exchange)
{
    struct svix_message_filter filter = {.application_id = 0};
    struct svix_message_list page = {NULL, 0, 0};
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    bool content = svix_flag(exchange, "with_content", true);
    struct svix_page asked;
    enum db_result result;
    struct db *db;
    size_t i;

    filter.channel = request_query(exchange->request, "channel");
    filter.tag = request_query(exchange->request, "tag");
    if (!svix_page_down(exchange, ID_MESSAGE, &asked) ||
        !read_types(exchange, &filter) ||
        !resource_time(exchange, "after", &filter.since_us) ||
        !resource_time(exchange, "before", &filter.until_us) ||
        (db = svix_application_db(exchange, &filter.application_id)) == NULL)
        return;
    filter.before_id = asked.after_id;
    filter.limit = asked.limit;
    result = store_svix_message_list(db, &filter, &page);
    if (!resource_done(exchange, db, result, SVIX_MESSAGE_MISSING))
        return;
    buf_add_text(&json, "{\"data\":[");
    for (i = 0; i < page.count; i++) {
        member_next(&json);
        svix_message_print(&page.rows[i], content, &json);
    }
    svix_send_down_list(exchange, &json, ID_MESSAGE, page.next,
                        page.count == 0 ? 0 : page.rows[page.count - 1].id);
    svix_message_list_free(&page);
}

static void
get(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    bool content = svix_flag(exchange, "with_content", true);
    struct svix_message message;
    uint32_t application_id;
    enum db_result result;
    uint64_t id;
    struct db *db = svix_message_db(exchange, SEGMENT, &application_id, &id);

    if (db == NULL)
        return;
    result = store_svix_message_get(db, application_id, id, &message);
    if (!resource_done(exchange, db, result, SVIX_MESSAGE_MISSING))
        return;
    svix_message_print(&message, content, &json);
    svix_message_free(&message);
    resource_send(exchange, &json);
}

static void
expunge(struct exchange *exchange)
{
    bool cancel = svix_flag(exchange, "cancel", false);
    enum content_state state = CONTENT_REMOVED;
    uint32_t application_id;
    enum db_result result;
    uint64_t id;
    struct db *db = svix_message_db(exchange, SEGMENT, &application_id, &id);

    if (db == NULL)
        return;
    result = store_content_remove(db, application_id, id, cancel, &state);
    if (!resource_done(exchange, db, result, SVIX_MESSAGE_MISSING))
        return;
    if (state == CONTENT_REMOVED)
        reply_empty(exchange->reply, 204);
    else
        reply_error(exchange->reply, 409, "conflict",
                    "The message is still being delivered");
}

#define PATH "/api/v1/app/{app}/msg"

const struct route svix_messages_routes[] = {
    {METHOD_POST, PATH, ACCESS_SEND, FAMILY_SVIX, true, create},
    {METHOD_GET, PATH, ACCESS_READ, FAMILY_SVIX, false, list},
    {METHOD_GET, PATH "/{id}", ACCESS_READ, FAMILY_SVIX, false, get},
    {METHOD_DELETE, PATH "/{id}/content", ACCESS_MANAGE, FAMILY_SVIX, false,
     expunge},
};
const size_t svix_messages_route_count =
    sizeof(svix_messages_routes) / sizeof(svix_messages_routes[0]);
