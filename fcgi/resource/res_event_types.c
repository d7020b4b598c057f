/*
 * res_event_types.c - the catalogue of event types: read it grouped, and make,
 * show, change and remove types.
 */
#include "res_event_types.h"

#include "event_type_form.h"
#include "member.h"
#include "resource.h"
#include "store_event_type.h"

#define MISSING "Event type not found"
/* Schema, example, and the white space that they may have. */
#define BODY_MAX ((size_t)512 * 1024)

static void
list_grouped(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct db *db = resource_db(exchange);

    if (db != NULL &&
        resource_done(exchange, db, store_event_type_print(db, &json), MISSING))
        resource_send(exchange, &json);
    buf_free(&json);
}

static void
add_row(void *arg, const struct event_type_row *row)
{
    struct buf *json = arg;

    member_next(json);
    event_type_row_print(row, false, json);
}

static void
list(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    bool archived =
        slice_is(request_query(exchange->request, "archived"), "true");
    struct db *db = resource_db(exchange);

    if (db == NULL)
        return;
    buf_add_char(&json, '[');
    if (resource_done(exchange, db,
                      store_event_type_each(db, archived, add_row, &json),
                      MISSING)) {
        buf_add_char(&json, ']');
        resource_send(exchange, &json);
    }
    buf_free(&json);
}

/* What is sent from now on is checked by it, in this process at once, in others
   within a second. Gives the connection back. */
static bool
changed(struct exchange *exchange, struct db *db, enum db_result result)
{
    if (result == DB_OK)
        (void)!catalog_refresh(exchange->app->catalog, db);
    if (result == DB_OK)
        doorbell_ring(exchange->app->doorbell);
    if (result != DB_DUPLICATE)
        return resource_done(exchange, db, result, MISSING);
    db_pool_give(exchange->app->pool, db);
    reply_error(exchange->reply, 409, "duplicate",
                "An event type with this name exists already");
    return false;
}

/* Reads the row again, so that what is shown is what is stored. */
static void
show(struct exchange *exchange, struct slice name, int status)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct event_type_row row;
    struct db *db = resource_db(exchange);

    if (db == NULL ||
        !resource_done(exchange, db, store_event_type_get(db, name, &row),
                       MISSING))
        return;
    event_type_row_print(&row, true, &json);
    event_type_row_free(&row);
    resource_send_shown(exchange, status, &json);
}

static void
get(struct exchange *exchange)
{
    show(exchange, exchange->request->segment[0], 200);
}

/* The form is to be freed in any case. Event types belong to all applications,
   so only an administrator changes them. */
static bool
read_form(struct exchange *exchange, bool part, struct event_type_form *form)
{
    struct problems problems;

    *form = (struct event_type_form){.value = {{.given = false}}};
    problems.count = 0;
    if (!resource_is_admin(exchange) ||
        !resource_check_body(exchange, BODY_MAX))
        return false;
    if (event_type_form_read(form, buf_slice(&exchange->request->body), part,
                             &problems) &&
        (part || event_type_form_fits(form, NULL, &problems)))
        return true;
    reply_problems(exchange->reply, &problems);
    return false;
}

static void
create(struct exchange *exchange)
{
    struct event_type_form form;
    struct event_type_change change;
    struct slice name;
    struct db *db;

    if (read_form(exchange, false, &form) &&
        (db = resource_db(exchange)) != NULL) {
        change = event_type_form_change(&form);
        name = slice_make(form.value[EVENT_TYPE_NAME].text,
                          form.value[EVENT_TYPE_NAME].text_len);
        if (changed(exchange, db, store_event_type_insert(db, name, &change)))
            show(exchange, name, 201);
    }
    event_type_form_free(&form);
}

/* With what stands there already. False: the answer is written. */
static bool
fits(struct exchange *exchange, struct db *db, struct slice name,
     const struct event_type_form *form)
{
    struct event_type_row row;
    struct problems problems;
    enum db_result result = store_event_type_get(db, name, &row);
    bool good;

    if (result != DB_OK) {
        (void)resource_done(exchange, db, result, MISSING);
        return false;
    }
    problems.count = 0;
    good = event_type_form_fits(form, &row, &problems);
    event_type_row_free(&row);
    if (good)
        return true;
    db_pool_give(exchange->app->pool, db);
    reply_problems(exchange->reply, &problems);
    return false;
}

static void
change(struct exchange *exchange)
{
    struct slice name = exchange->request->segment[0];
    struct event_type_form form;
    struct event_type_change change;
    struct db *db;

    if (read_form(exchange, true, &form) &&
        (db = resource_db(exchange)) != NULL &&
        fits(exchange, db, name, &form)) {
        change = event_type_form_change(&form);
        if (changed(exchange, db, store_event_type_update(db, name, &change)))
            show(exchange, name, 200);
    }
    event_type_form_free(&form);
}

static void delete (struct exchange *exchange)
{
    struct slice name = exchange->request->segment[0];
    struct db *db;

    if (resource_is_admin(exchange) && (db = resource_db(exchange)) != NULL &&
        changed(exchange, db, store_event_type_delete(db, name)))
        reply_empty(exchange->reply, 204);
}

#define PATH "/api/event-types"

const struct route event_types_routes[] = {
    {METHOD_GET, "/api/webhooks/event-types", ACCESS_READ, FAMILY_API, false,
     list_grouped},
    {METHOD_GET, "/api/events", ACCESS_READ, FAMILY_API, false, list_grouped},
    {METHOD_GET, PATH, ACCESS_READ, FAMILY_API, false, list},
    {METHOD_POST, PATH, ACCESS_MANAGE, FAMILY_API, true, create},
    {METHOD_GET, PATH "/{name}", ACCESS_READ, FAMILY_API, false, get},
    {METHOD_PATCH, PATH "/{name}", ACCESS_MANAGE, FAMILY_API, false, change},
    {METHOD_DELETE, PATH "/{name}", ACCESS_MANAGE, FAMILY_API, false, delete},
};
const size_t event_types_route_count =
    sizeof(event_types_routes) / sizeof(event_types_routes[0]);
