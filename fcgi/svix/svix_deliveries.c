/*
 * svix_deliveries.c - see svix_deliveries.h.
 */
#include "svix_deliveries.h"

#include "alloc.h"
#include "member.h"
#include "store_history.h"
#include "store_svix_attempt.h"
#include "store_svix_endpoint.h"
#include "svix_reply.h"

#include <stdlib.h>

#define SEGMENT 1 /* of the endpoint or message that the path begins with */

static void
print_state(const struct delivery *delivery, struct buf *json)
{
    svix_status_print(svix_status_of(delivery->status), json);
    member_time(json, "nextAttempt",
                delivery->status == DELIVERY_PENDING ||
                        delivery->status == DELIVERY_RETRYING
                    ? delivery->next_retry_at_us
                    : 0);
}

/* Repeats stand behind the last one: only that is told. */
static bool
is_repeated(const struct delivery_list *list, size_t index)
{
    size_t i;

    for (i = 0; i < index; i++) {
        if (list->rows[i].event_id == list->rows[index].event_id &&
            list->rows[i].subscription_id == list->rows[index].subscription_id)
            return true;
    }
    return false;
}

static enum db_result
read_messages(struct db *db, uint32_t application_id,
              const struct delivery_list *list,
              struct svix_message_list *messages)
{
    uint64_t *ids;
    enum db_result result;
    size_t i, count = 0;

    if (list->count == 0)
        return DB_OK;
    ids = xcalloc(list->count, sizeof(ids[0]));
    for (i = 0; i < list->count; i++) {
        if (!is_repeated(list, i))
            ids[count++] = list->rows[i].event_id;
    }
    result = store_svix_message_read(db, application_id, ids, count, messages);
    free(ids);
    return result;
}

/* ?status=, in the numbers of Svix. */
static bool
read_status(struct exchange *exchange, unsigned *statuses)
{
    struct slice text = request_query(exchange->request, "status");
    unsigned i;

    *statuses = 0;
    if (text.ptr == NULL)
        return true;
    if (text.len != 1 || text.ptr[0] < '0' ||
        text.ptr[0] >= '0' + SVIX_STATUSES) {
        resource_bad_query(exchange, "status", "type_error.enum",
                           "value is not a valid enumeration member; "
                           "permitted: 0, 1, 2, 3, 4");
        return false;
    }
    for (i = 0; i < DELIVERY_STATUSES; i++) {
        if (svix_status_of((enum delivery_status)i) ==
            (enum svix_status)(text.ptr[0] - '0'))
            *statuses |= 1u << i;
    }
    return true;
}

static void
send_messages(struct exchange *exchange, const struct delivery_list *page,
              const struct svix_message_list *messages)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    bool content = svix_flag(exchange, "with_content", true);
    size_t i;

    buf_add_text(&json, "{\"data\":[");
    for (i = 0; i < page->count; i++) {
        const struct svix_message *message =
            svix_message_in(messages, page->rows[i].event_id);

        if (message == NULL || is_repeated(page, i))
            continue;
        member_next(&json);
        buf_add_char(&json, '{');
        svix_message_print_members(message, content, &json);
        print_state(&page->rows[i], &json);
        buf_add_char(&json, '}');
    }
    svix_send_down_list(exchange, &json, ID_DELIVERY, page->next,
                        page->count == 0 ? 0 : page->rows[page->count - 1].id);
}

/* Iterators are deliveries: a message may have been sent more than once. */
static void
messages_of_endpoint(struct exchange *exchange)
{
    struct delivery_filter filter = {.application_id = 0};
    struct delivery_list page = {NULL, 0, 0};
    struct svix_message_list messages = {NULL, 0, 0};
    struct svix_page asked;
    enum db_result result;
    struct db *db;

    if (!svix_page_down(exchange, ID_DELIVERY, &asked) ||
        !read_status(exchange, &filter.statuses) ||
        !resource_time(exchange, "after", &filter.since_us) ||
        !resource_time(exchange, "before", &filter.until_us) ||
        (db = svix_endpoint_db(exchange, SEGMENT, &filter.application_id,
                               &filter.subscription_id)) == NULL)
        return;
    filter.event_type = request_query(exchange->request, "event_types");
    filter.before_id = asked.after_id;
    filter.limit = asked.limit;
    result = DB_OK;
    /* No delivery is sending: see docs/how-to/for-svix-users.md. */
    if (request_query(exchange->request, "status").ptr == NULL ||
        filter.statuses != 0)
        result = store_delivery_list(db, &filter, &page);
    if (result == DB_OK)
        result = read_messages(db, filter.application_id, &page, &messages);
    if (resource_done(exchange, db, result, SVIX_MESSAGE_MISSING))
        send_messages(exchange, &page, &messages);
    svix_message_list_free(&messages);
    delivery_list_free(&page);
}

/* Those that are removed meanwhile are not shown. */
static void
print_endpoints(struct exchange *exchange, struct db *db,
                uint32_t application_id, const struct delivery_list *list)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    enum db_result result = DB_OK;
    struct svix_endpoint endpoint;
    size_t i;

    buf_add_text(&json, "{\"data\":[");
    for (i = 0; i < list->count && result == DB_OK; i++) {
        if (is_repeated(list, i))
            continue;
        result = store_svix_endpoint_get(
            db, application_id, list->rows[i].subscription_id, &endpoint);
        if (result == DB_OK) {
            member_next(&json);
            buf_add_char(&json, '{');
            svix_endpoint_print_members(&endpoint, &json);
            print_state(&list->rows[i], &json);
            buf_add_char(&json, '}');
            svix_endpoint_free(&endpoint);
        } else if (result == DB_NONE) {
            result = DB_OK;
        }
    }
    if (resource_done(exchange, db, result, SVIX_ENDPOINT_MISSING))
        svix_send_down_list(exchange, &json, ID_ENDPOINT, 0, 0);
    buf_free(&json);
}

/* All of them at once: an event's deliveries are read as one. */
static void
endpoints_of_message(struct exchange *exchange)
{
    struct delivery_list list = {NULL, 0, 0};
    uint32_t application_id;
    enum db_result result;
    bool complete;
    uint64_t id;
    struct db *db = svix_message_db(exchange, SEGMENT, &application_id, &id);

    if (db == NULL)
        return;
    result = store_event_deliveries(db, id, &list, &complete);
    if (result == DB_OK)
        print_endpoints(exchange, db, application_id, &list);
    else
        (void)resource_done(exchange, db, result, SVIX_MESSAGE_MISSING);
    delivery_list_free(&list);
}

/* The last delivery of that message to that endpoint. */
static enum db_result
find_delivery(struct db *db, uint64_t event_id, uint32_t subscription_id,
              uint64_t *id)
{
    struct delivery_list list = {NULL, 0, 0};
    bool complete;
    enum db_result result =
        store_event_deliveries(db, event_id, &list, &complete);
    size_t i;

    if (result != DB_OK)
        return result;
    result = DB_NONE;
    for (i = 0; i < list.count && result == DB_NONE; i++) {
        if (list.rows[i].subscription_id == subscription_id) {
            *id = list.rows[i].id;
            result = DB_OK;
        }
    }
    delivery_list_free(&list);
    return result;
}

static void
resend(struct exchange *exchange)
{
    enum delivery_action action = DELIVERY_DONE;
    uint32_t application_id, subscription_id;
    uint64_t event_id, id = 0, new_id;
    enum db_result result;
    struct db *db =
        svix_message_db(exchange, SEGMENT, &application_id, &event_id);

    if (db == NULL)
        return;
    result = store_svix_endpoint_find(db, application_id,
                                      exchange->request->segment[SEGMENT + 1],
                                      &subscription_id);
    if (result == DB_OK)
        result = find_delivery(db, event_id, subscription_id, &id);
    if (result == DB_OK)
        result = store_delivery_retry(db, application_id, id,
                                      &exchange->app->ids, &new_id, &action);
    if (!resource_done(exchange, db, result,
                       "The message was never sent to this endpoint"))
        return;
    if (action != DELIVERY_DONE) {
        reply_error(exchange->reply, 409, "conflict",
                    "The message is not kept any more, or was a test");
        return;
    }
    doorbell_ring(exchange->app->doorbell);
    reply_json_text(exchange->reply, 202, SLICE("{}"));
}

#define PATH "/api/v1/app/{app}"

const struct route svix_deliveries_routes[] = {
    {METHOD_GET, PATH "/endpoint/{id}/msg", ACCESS_READ, FAMILY_SVIX, false,
     messages_of_endpoint},
    {METHOD_GET, PATH "/msg/{id}/endpoint", ACCESS_READ, FAMILY_SVIX, false,
     endpoints_of_message},
    {METHOD_POST, PATH "/msg/{id}/endpoint/{endpoint}/resend", ACCESS_MANAGE,
     FAMILY_SVIX, true, resend},
};
const size_t svix_deliveries_route_count =
    sizeof(svix_deliveries_routes) / sizeof(svix_deliveries_routes[0]);
