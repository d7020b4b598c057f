/*
 * res_deliveries.c - what became of events, one by one; again, or not.
 */
#include "res_deliveries.h"

#include "member.h"
#include "resource.h"
#include "response_code.h"
#include "store_delivery.h"
#include "store_subscription.h"

#define MISSING "Delivery not found"

static bool
read_status(struct exchange *exchange, struct delivery_filter *filter)
{
    struct slice text = request_query(exchange->request, "status");
    enum delivery_status status;

    if (text.ptr == NULL)
        return true;
    if (!delivery_status_from_name(text, &status)) {
        resource_bad_query(exchange, "status", "type_error.enum",
                           "value is not a valid enumeration member; "
                           "permitted: 'pending', 'retrying', 'success', "
                           "'failed', 'cancelled', 'skipped'");
        return false;
    }
    filter->statuses = 1u << status;
    return true;
}

static bool
read_code(struct exchange *exchange, struct delivery_filter *filter)
{
    struct slice text = request_query(exchange->request, "response_code");

    if (text.ptr == NULL ||
        response_code_read(text, &filter->code_min, &filter->code_max))
        return true;
    resource_bad_query(exchange, "response_code", "value_error.response_code",
                       RESPONSE_CODE_WANTED);
    return false;
}

static bool
read_subscription(struct exchange *exchange, struct delivery_filter *filter)
{
    static const char *const names[] = {"subscription", "subscription_id",
                                        "webhook_id"};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct slice text = request_query(exchange->request, names[i]);

        if (text.ptr == NULL)
            continue;
        if (!resource_parse_subscription(text, &filter->subscription_id)) {
            resource_bad_query(exchange, names[i], "value_error.subscription",
                               "not the id of a subscription");
            return false;
        }
    }
    return true;
}

static bool
read_filter(struct exchange *exchange, struct delivery_filter *filter)
{
    const struct request *request = exchange->request;

    *filter = (struct delivery_filter){
        .application_id = resource_owner(exchange),
        .event_type = request_query(request, "event_type"),
        .error_class = request_query(request, "error_class"),
    };
    if (filter->event_type.ptr == NULL)
        filter->event_type = request_query(request, "event");
    return resource_page(exchange, ID_DELIVERY, &filter->limit,
                         &filter->before_id) &&
           read_status(exchange, filter) && read_code(exchange, filter) &&
           read_subscription(exchange, filter) &&
           resource_time(exchange, "since", &filter->since_us) &&
           resource_time(exchange, "until", &filter->until_us);
}

static void
send_list(struct exchange *exchange, struct delivery_list *page)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    size_t i;

    buf_add_char(&json, '[');
    for (i = 0; i < page->count; i++) {
        member_next(&json);
        delivery_print(&page->rows[i], NULL, &json);
    }
    buf_add_char(&json, ']');
    resource_link_next(exchange, ID_DELIVERY, page->next);
    delivery_list_free(page);
    resource_send(exchange, &json);
}

static void
list(struct exchange *exchange)
{
    struct delivery_filter filter;
    struct delivery_list page = {NULL, 0, 0};
    enum db_result result;
    struct db *db;

    if (!read_filter(exchange, &filter) || (db = resource_db(exchange)) == NULL)
        return;
    result = store_delivery_list(db, &filter, &page);
    if (resource_done(exchange, db, result, MISSING))
        send_list(exchange, &page);
}

static void
of_subscription(struct exchange *exchange)
{
    struct delivery_filter filter;
    struct subscription_row row;
    struct delivery_list page = {NULL, 0, 0};
    enum db_result result;
    struct db *db;
    uint32_t id;

    if (!resource_subscription_id(exchange, &id) ||
        !read_filter(exchange, &filter) || (db = resource_db(exchange)) == NULL)
        return;
    filter.subscription_id = id;
    result = store_subscription_get(db, resource_owner(exchange), id, &row);
    if (result == DB_OK) {
        subscription_row_free(&row);
        result = store_delivery_list(db, &filter, &page);
    }
    if (resource_done(exchange, db, result, "Webhook not found"))
        send_list(exchange, &page);
}

/* The delivery as it is now, after what has been done to it. */
static void
show(struct exchange *exchange, struct db *db, enum db_result result,
     uint64_t id)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct delivery delivery = {0};
    struct attempt_list attempts = {NULL, 0};

    if (result == DB_OK)
        result =
            store_delivery_get(db, resource_owner(exchange), id, &delivery);
    if (result == DB_OK)
        result = store_delivery_attempts(db, &delivery, &attempts);
    if (resource_done(exchange, db, result, MISSING)) {
        delivery_print(&delivery, &attempts, &json);
        resource_send(exchange, &json);
    }
    attempt_list_free(&attempts);
    delivery_free(&delivery);
}

static void
get(struct exchange *exchange)
{
    struct db *db;
    uint64_t id;

    if (resource_id(exchange, ID_DELIVERY, MISSING, &id) &&
        (db = resource_db(exchange)) != NULL)
        show(exchange, db, DB_OK, id);
}

static const struct {
    int status;
    const char *code;
    const char *message;
} refusals[] = {
    [DELIVERY_DONE] = {202, NULL, NULL},
    [DELIVERY_FINISHED] = {409, "delivery_finished",
                           "Delivery is finished already"},
    [DELIVERY_NO_EVENT] = {410, "event_gone",
                           "The event of this delivery is no longer kept"},
    [DELIVERY_NO_CONTENT] = {409, "content_removed",
                             "The content of this event was removed, so it "
                             "cannot be delivered again"},
    [DELIVERY_NO_TARGET] = {409, "webhook_deleted",
                            "The webhook of this delivery is deleted"},
    [DELIVERY_IS_TEST] = {409, "delivery_is_test",
                          "A test is not repeated: start a new one"},
};

static void
retry(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    enum delivery_action action;
    enum db_result result;
    uint64_t id, new_id = 0;
    struct db *db;

    if (!resource_id(exchange, ID_DELIVERY, MISSING, &id) ||
        (db = resource_db(exchange)) == NULL)
        return;
    result = store_delivery_retry(db, resource_owner(exchange), id,
                                  &exchange->app->ids, &new_id, &action);
    if (!resource_done(exchange, db, result, MISSING))
        return;
    if (action != DELIVERY_DONE) {
        reply_error(exchange->reply, refusals[action].status,
                    refusals[action].code, "%s", refusals[action].message);
        return;
    }
    doorbell_ring(exchange->app->doorbell);
    buf_add_char(&json, '{');
    member_id(&json, "delivery_id", ID_DELIVERY, new_id);
    buf_add_char(&json, '}');
    resource_send_status(exchange, 202, &json);
}

static void
cancel(struct exchange *exchange)
{
    enum delivery_action action = DELIVERY_DONE;
    enum db_result result;
    struct db *db;
    uint64_t id;

    if (!resource_id(exchange, ID_DELIVERY, MISSING, &id) ||
        (db = resource_db(exchange)) == NULL)
        return;
    result = store_delivery_cancel(db, resource_owner(exchange), id, &action);
    if (result == DB_OK && action != DELIVERY_DONE) {
        db_pool_give(exchange->app->pool, db);
        reply_error(exchange->reply, refusals[action].status,
                    refusals[action].code, "%s", refusals[action].message);
        return;
    }
    show(exchange, db, result, id);
}

const struct route deliveries_routes[] = {
    {METHOD_GET, "/api/deliveries", ACCESS_READ, FAMILY_API, false, list},
    {METHOD_GET, "/api/deliveries/{id}", ACCESS_READ, FAMILY_API, false, get},
    {METHOD_POST, "/api/deliveries/{id}/retry", ACCESS_MANAGE, FAMILY_API, true,
     retry},
    {METHOD_POST, "/api/deliveries/{id}/cancel", ACCESS_MANAGE, FAMILY_API,
     true, cancel},
    {METHOD_GET, "/api/webhooks/{id}/deliveries", ACCESS_READ, FAMILY_API,
     false, of_subscription},
};
const size_t deliveries_route_count =
    sizeof(deliveries_routes) / sizeof(deliveries_routes[0]);
