/*
 * res_subscriptions.c - make, list, show, change and remove subscriptions.
 */
#include "res_subscriptions.h"

#include "member.h"
#include "resource.h"
#include "store_application.h"
#include "store_subscription.h"
#include "subscription_batch.h"

#include <openssl/crypto.h>
#include <stdio.h>

#define MISSING "Webhook not found"

static void
list(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct subscription_list page;
    enum db_result result;
    struct db *db;
    uint64_t cursor;
    size_t limit, i;

    if (!resource_page(exchange, ID_ENDPOINT, &limit, &cursor) ||
        (db = resource_db(exchange)) == NULL)
        return;
    /* Beyond the largest id there is nothing; cut to 32 bits it would be the
       cursor of another page. */
    if (cursor > UINT32_MAX)
        cursor = UINT32_MAX;
    result = store_subscription_list(db, resource_owner(exchange),
                                     (uint32_t)cursor, limit, &page);
    if (!resource_done(exchange, db, result, MISSING))
        return;
    buf_add_char(&json, '[');
    for (i = 0; i < page.count; i++) {
        member_next(&json);
        subscription_print(&page.rows[i], NULL, &json);
    }
    buf_add_char(&json, ']');
    if (page.more)
        resource_link_next(exchange, ID_ENDPOINT, page.rows[page.count - 1].id);
    subscription_list_free(&page);
    resource_send(exchange, &json);
}

/* Reads the row again, so that what is shown is what is stored. secret: NULL
   unless it is to be shown, once. */
static void
show(struct exchange *exchange, struct db *db, enum db_result result,
     uint32_t id, int status, const char *secret)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct subscription_row row;
    char location[64];

    if (result == DB_OK)
        result = store_subscription_get(db, resource_owner(exchange), id, &row);
    if (!resource_done(exchange, db, result, MISSING))
        return;
    subscription_print(&row, secret, &json);
    subscription_row_free(&row);
    if (status == 200 && secret == NULL) {
        resource_send(exchange, &json);
        return;
    }
    if (status == 201) {
        (void)snprintf(location, sizeof(location), "/api/webhooks/%u",
                       (unsigned)id);
        reply_header(exchange->reply, "Location", location);
    }
    resource_send_status(exchange, status, &json);
}

static bool
read_form(struct exchange *exchange, bool part, struct subscription_form *form)
{
    const struct app *app = exchange->app;
    const struct subscription_rules rules = {
        .require_https = app->settings->require_https,
        .allow = &app->allow_targets,
        .may_name_application = exchange->caller.scope == SCOPE_ADMIN,
        .part = part,
    };
    struct problems problems;

    problems.count = 0;
    if (!resource_check_body(exchange, (size_t)app->settings->max_body))
        return false;
    if (subscription_form_read(form, buf_slice(&exchange->request->body),
                               &rules, &problems))
        return true;
    reply_problems(exchange->reply, &problems);
    subscription_form_free(form);
    return false;
}

/* DB_NONE: the form names an application that is not there. */
static enum db_result
find_application(const struct exchange *exchange, struct db *db,
                 const struct subscription_form *form, uint32_t *id)
{
    const struct body_value *value = &form->value[FORM_APPLICATION];

    *id = exchange->caller.application_id;
    if (!value->given)
        return DB_OK;
    return store_application_find(db, slice_make(value->text, value->text_len),
                                  id);
}

static void
reply_no_application(struct exchange *exchange)
{
    struct problems problems;

    problems.count = 0;
    problem_add(&problems, "application", NULL, "value_error.application",
                "application not found");
    reply_problems(exchange->reply, &problems);
}

static void
create(struct exchange *exchange)
{
    struct subscription_form form;
    struct subscription_made made = {0};
    enum db_result result;
    uint32_t application_id;
    struct db *db;

    if (!read_form(exchange, false, &form))
        return;
    db = resource_db(exchange);
    if (db == NULL)
        goto out;
    result = find_application(exchange, db, &form, &application_id);
    if (result == DB_NONE) {
        db_pool_give(exchange->app->pool, db);
        reply_no_application(exchange);
        goto out;
    }
    if (result == DB_OK)
        result = store_subscription_insert(db, exchange->app->sealer, &form,
                                           application_id, false, &made);
    show(exchange, db, result, made.id, 201, made.secret);
    OPENSSL_cleanse(&made, sizeof(made));
out:
    subscription_form_free(&form);
}

static void
get(struct exchange *exchange)
{
    struct db *db;
    uint32_t id;

    if (!resource_subscription_id(exchange, &id) ||
        (db = resource_db(exchange)) == NULL)
        return;
    show(exchange, db, DB_OK, id, 200, NULL);
}

/* What a part says about batches, beside the format that is stored. False: it
   was refused. */
static bool
check_batch(struct exchange *exchange, struct db *db,
            const struct subscription_form *form, uint32_t id)
{
    struct subscription_row row;
    struct problems problems;

    problems.count = 0;
    if (!subscription_batch_needs_format(form) ||
        store_subscription_get(db, resource_owner(exchange), id, &row) != DB_OK)
        return true; /* or the change itself says why not */
    subscription_batch_check(form, slice_of(row.format), &problems);
    subscription_row_free(&row);
    if (problems.count == 0)
        return true;
    db_pool_give(exchange->app->pool, db);
    reply_problems(exchange->reply, &problems);
    return false;
}

static void
change(struct exchange *exchange)
{
    struct subscription_form form;
    enum db_result result;
    struct db *db;
    uint32_t id;

    if (!resource_subscription_id(exchange, &id) ||
        !read_form(exchange, true, &form))
        return;
    db = resource_db(exchange);
    if (db != NULL && check_batch(exchange, db, &form, id)) {
        result = store_subscription_update(db, exchange->app->sealer, &form,
                                           resource_owner(exchange), id);
        show(exchange, db, result, id, 200, NULL);
        doorbell_ring(exchange->app->doorbell);
    }
    subscription_form_free(&form);
}

static void delete (struct exchange *exchange)
{
    enum db_result result;
    struct db *db;
    uint32_t id;

    if (!resource_subscription_id(exchange, &id) ||
        (db = resource_db(exchange)) == NULL)
        return;
    result = store_subscription_delete(db, resource_owner(exchange), id);
    if (!resource_done(exchange, db, result, MISSING))
        return;
    doorbell_ring(exchange->app->doorbell);
    reply_empty(exchange->reply, 204);
}

static void
set_paused(struct exchange *exchange, bool paused)
{
    enum db_result result;
    struct db *db;
    uint32_t id;

    if (!resource_subscription_id(exchange, &id) ||
        (db = resource_db(exchange)) == NULL)
        return;
    result = store_subscription_pause(db, resource_owner(exchange), id, paused);
    show(exchange, db, result, id, 200, NULL);
    doorbell_ring(exchange->app->doorbell);
}

static void
pause_one(struct exchange *exchange)
{
    set_paused(exchange, true);
}

static void
resume_one(struct exchange *exchange)
{
    set_paused(exchange, false);
}

static const struct body_field grace_fields[] = {
    {.name = "grace_seconds",
     .type = BODY_INT,
     .rules = BODY_NULLABLE,
     .max = SUBSCRIPTION_GRACE_MAX_S},
};

/* No body at all asks for the usual grace. */
static bool
read_grace(struct exchange *exchange, uint32_t *grace_s)
{
    static const struct body_options options = {false, NULL};
    struct slice body = buf_slice(&exchange->request->body);
    struct body_value value;
    struct problems problems;

    *grace_s = SUBSCRIPTION_GRACE_S;
    problems.count = 0;
    if (!resource_check_body(exchange,
                             (size_t)exchange->app->settings->max_body))
        return false;
    if (body.len == 0)
        return true;
    if (!body_read(body, grace_fields, 1, &options, &value, &problems)) {
        reply_problems(exchange->reply, &problems);
        body_free(&value, 1);
        return false;
    }
    if (value.given)
        *grace_s = (uint32_t)value.number;
    body_free(&value, 1);
    return true;
}

static void
rotate(struct exchange *exchange)
{
    struct subscription_made made = {0};
    enum db_result result;
    uint32_t id, grace_s;
    struct db *db;

    if (!resource_subscription_id(exchange, &id) ||
        !read_grace(exchange, &grace_s) || (db = resource_db(exchange)) == NULL)
        return;
    result =
        store_subscription_rotate(db, exchange->app->sealer,
                                  resource_owner(exchange), id, grace_s, &made);
    show(exchange, db, result, id, 200, made.secret);
    OPENSSL_cleanse(&made, sizeof(made));
}

const struct route subscriptions_routes[] = {
    {METHOD_GET, "/api/webhooks", ACCESS_READ, FAMILY_API, false, list},
    {METHOD_POST, "/api/webhooks", ACCESS_MANAGE, FAMILY_API, true, create},
    {METHOD_GET, "/api/webhooks/{id}", ACCESS_READ, FAMILY_API, false, get},
    {METHOD_PATCH, "/api/webhooks/{id}", ACCESS_MANAGE, FAMILY_API, false,
     change},
    {METHOD_DELETE, "/api/webhooks/{id}", ACCESS_MANAGE, FAMILY_API, false,
     delete},
    {METHOD_POST, "/api/webhooks/{id}/rotate-secret", ACCESS_MANAGE, FAMILY_API,
     true, rotate},
    {METHOD_POST, "/api/webhooks/{id}/pause", ACCESS_MANAGE, FAMILY_API, true,
     pause_one},
    {METHOD_POST, "/api/webhooks/{id}/resume", ACCESS_MANAGE, FAMILY_API, true,
     resume_one},
};
const size_t subscriptions_route_count =
    sizeof(subscriptions_routes) / sizeof(subscriptions_routes[0]);
