/*
 * svix_endpoints.c - make, list, show, change and remove endpoints.
 */
#include "svix_endpoints.h"

#include "member.h"
#include "store_svix_endpoint.h"
#include "svix_endpoint_form.h"
#include "svix_reply.h"

#include <openssl/crypto.h>

#define SEGMENT 1 /* of the endpoint in the path */
#define TAKEN "An endpoint with this uid exists already"

static void
list(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct svix_endpoint_list page = {NULL, 0, false};
    struct svix_page asked;
    enum db_result result;
    uint32_t application_id;
    struct db *db;
    size_t i;

    if (!svix_page(exchange, ID_ENDPOINT, &asked) ||
        (db = svix_application_db(exchange, &application_id)) == NULL)
        return;
    result = store_svix_endpoint_list(db, application_id, &asked, &page);
    if (!resource_done(exchange, db, result, SVIX_ENDPOINT_MISSING))
        return;
    buf_add_text(&json, "{\"data\":[");
    for (i = 0; i < page.count; i++) {
        member_next(&json);
        svix_endpoint_print(&page.rows[i], &json);
    }
    svix_send_id_list(exchange, &json, &asked, ID_ENDPOINT,
                      page.count == 0 ? 0 : page.rows[0].row.id,
                      page.count == 0 ? 0 : page.rows[page.count - 1].row.id,
                      page.more);
    svix_endpoint_list_free(&page);
}

/* The row as it is stored now. */
static void
show(struct exchange *exchange, struct db *db, enum db_result result,
     uint32_t application_id, uint32_t id, int status)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct svix_endpoint endpoint;

    if (result == DB_OK)
        result = store_svix_endpoint_get(db, application_id, id, &endpoint);
    if (!svix_done(exchange, db, result, SVIX_ENDPOINT_MISSING, TAKEN))
        return;
    svix_endpoint_print(&endpoint, &json);
    svix_endpoint_free(&endpoint);
    if (status == 200)
        resource_send(exchange, &json);
    else
        resource_send_status(exchange, status, &json);
}

static enum db_result
insert(struct exchange *exchange, struct db *db,
       const struct svix_endpoint_form *form, uint32_t application_id,
       uint32_t *id)
{
    struct subscription_made made = {0};
    enum db_result result = store_subscription_insert(
        db, exchange->app->sealer, &form->subscription, application_id, false,
        &made);

    *id = made.id;
    OPENSSL_cleanse(&made, sizeof(made));
    return result;
}

static void
create(struct exchange *exchange)
{
    struct svix_endpoint_form form;
    enum db_result result;
    uint32_t application_id, id = 0;
    struct db *db;

    if (svix_endpoint_form_read(&form, exchange, SVIX_ENDPOINT_NEW) &&
        (db = svix_application_db(exchange, &application_id)) != NULL) {
        result = insert(exchange, db, &form, application_id, &id);
        show(exchange, db, result, application_id, id, 201);
    }
    svix_endpoint_form_free(&form);
}

static void
get(struct exchange *exchange)
{
    uint32_t application_id, id;
    struct db *db = svix_endpoint_db(exchange, SEGMENT, &application_id, &id);

    if (db != NULL)
        show(exchange, db, DB_OK, application_id, id, 200);
}

static enum db_result
update(struct exchange *exchange, struct db *db,
       const struct svix_endpoint_form *form, uint32_t application_id,
       uint32_t id)
{
    return store_subscription_update(db, exchange->app->sealer,
                                     &form->subscription, application_id, id);
}

static void
change(struct exchange *exchange)
{
    struct svix_endpoint_form form;
    uint32_t application_id, id;
    struct db *db;

    if (svix_endpoint_form_read(&form, exchange, SVIX_ENDPOINT_CHANGE) &&
        (db = svix_endpoint_db(exchange, SEGMENT, &application_id, &id)) !=
            NULL) {
        show(exchange, db, update(exchange, db, &form, application_id, id),
             application_id, id, 200);
        doorbell_ring(exchange->app->doorbell);
    }
    svix_endpoint_form_free(&form);
}

/* PUT of what is not there makes it, which needs the fields of a new one. */
static void
replace(struct exchange *exchange)
{
    struct svix_endpoint_form form = {.values = NULL};
    uint32_t application_id, id = 0;
    enum db_result result;
    struct db *db = svix_application_db(exchange, &application_id);
    bool is_new;

    if (db == NULL)
        return;
    result = store_svix_endpoint_find(db, application_id,
                                      exchange->request->segment[SEGMENT], &id);
    is_new = result == DB_NONE;
    if (result != DB_OK && !is_new) {
        (void)resource_done(exchange, db, result, SVIX_ENDPOINT_MISSING);
    } else if (!svix_endpoint_form_read(&form, exchange,
                                        is_new ? SVIX_ENDPOINT_NEW
                                               : SVIX_ENDPOINT_REPLACE)) {
        db_pool_give(exchange->app->pool, db);
    } else if (is_new) {
        result = insert(exchange, db, &form, application_id, &id);
        show(exchange, db, result, application_id, id, 201);
    } else {
        result = update(exchange, db, &form, application_id, id);
        show(exchange, db, result, application_id, id, 200);
        doorbell_ring(exchange->app->doorbell);
    }
    svix_endpoint_form_free(&form);
}

static void delete (struct exchange *exchange)
{
    enum db_result result;
    uint32_t application_id, id;
    struct db *db = svix_endpoint_db(exchange, SEGMENT, &application_id, &id);

    if (db == NULL)
        return;
    result = store_subscription_delete(db, application_id, id);
    if (!resource_done(exchange, db, result, SVIX_ENDPOINT_MISSING))
        return;
    doorbell_ring(exchange->app->doorbell);
    reply_empty(exchange->reply, 204);
}

#define PATH "/api/v1/app/{app}/endpoint"

const struct route svix_endpoints_routes[] = {
    {METHOD_GET, PATH, ACCESS_READ, FAMILY_SVIX, false, list},
    {METHOD_POST, PATH, ACCESS_MANAGE, FAMILY_SVIX, true, create},
    {METHOD_GET, PATH "/{id}", ACCESS_READ, FAMILY_SVIX, false, get},
    {METHOD_PUT, PATH "/{id}", ACCESS_MANAGE, FAMILY_SVIX, false, replace},
    {METHOD_PATCH, PATH "/{id}", ACCESS_MANAGE, FAMILY_SVIX, false, change},
    {METHOD_DELETE, PATH "/{id}", ACCESS_MANAGE, FAMILY_SVIX, false, delete},
};
const size_t svix_endpoints_route_count =
    sizeof(svix_endpoints_routes) / sizeof(svix_endpoints_routes[0]);
