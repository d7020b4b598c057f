/*
 * res_applications.c - the owners of everything else, and for how long their
 * history stays.
 */
#include "res_applications.h"

#include "body.h"
#include "member.h"
#include "resource.h"
#include "store_application.h"

#define MISSING "Application not found"
#define BODY_MAX_BYTES 4096

enum { FIELD_NAME, FIELD_RETENTION, FIELDS };

static const struct body_field fields[FIELDS] = {
    [FIELD_NAME] = {.name = "name",
                    .type = BODY_STR,
                    .rules = BODY_REQUIRED | BODY_ONLY_AT_NEW,
                    .min = 1,
                    .max = 255},
    [FIELD_RETENTION] = {.name = "retention_days",
                         .type = BODY_INT,
                         .rules = BODY_NULLABLE,
                         .min = 1,
                         .max = APPLICATION_RETENTION_MAX},
};

static bool
read_body(struct exchange *exchange, bool part, struct body_value *values)
{
    const struct body_options options = {.part = part};
    struct problems problems = {.count = 0};

    if (!resource_check_body(exchange, BODY_MAX_BYTES))
        return false;
    if (body_read(buf_slice(&exchange->request->body), fields, FIELDS, &options,
                  values, &problems))
        return true;
    reply_problems(exchange->reply, &problems);
    return false;
}

static bool
application_id(struct exchange *exchange, uint32_t *id)
{
    uint64_t number;

    if (!resource_id(exchange, ID_APPLICATION, MISSING, &number))
        return false;
    *id = number > UINT32_MAX ? 0 : (uint32_t)number; /* 0: there is none */
    return true;
}

/* The application as it is now, after what has been done to it. */
static void
show(struct exchange *exchange, struct db *db, enum db_result result,
     uint32_t id, int status)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct application_row row = {.id = 0};

    if (result == DB_OK)
        result = store_application_get(db, resource_owner(exchange), id, &row);
    if (resource_done(exchange, db, result, MISSING)) {
        application_print(&row, &json);
        resource_send_shown(exchange, status, &json);
    }
    application_row_free(&row);
}

static void
list(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct application_list page;
    enum db_result result;
    struct db *db;
    uint64_t cursor;
    size_t limit, i;

    if (!resource_page(exchange, ID_APPLICATION, &limit, &cursor) ||
        (db = resource_db(exchange)) == NULL)
        return;
    if (cursor > UINT32_MAX)
        cursor = UINT32_MAX; /* beyond the largest id there is nothing */
    result = store_application_page(db, resource_owner(exchange),
                                    (uint32_t)cursor, limit, &page);
    if (!resource_done(exchange, db, result, MISSING))
        return;
    buf_add_char(&json, '[');
    for (i = 0; i < page.count; i++) {
        member_next(&json);
        application_print(&page.rows[i], &json);
    }
    buf_add_char(&json, ']');
    if (page.more)
        resource_link_next(exchange, ID_APPLICATION,
                           page.rows[page.count - 1].id);
    application_list_free(&page);
    resource_send(exchange, &json);
}

static void
get(struct exchange *exchange)
{
    struct db *db;
    uint32_t id;

    if (application_id(exchange, &id) && (db = resource_db(exchange)) != NULL)
        show(exchange, db, DB_OK, id, 200);
}

static void
create(struct exchange *exchange)
{
    struct body_value values[FIELDS] = {{.given = false}};
    enum db_result result;
    struct db *db = NULL;
    uint32_t id = 0;

    if (!resource_is_admin(exchange) || !read_body(exchange, false, values) ||
        (db = resource_db(exchange)) == NULL)
        goto out;
    result = store_application_insert(
        db, slice_make(values[FIELD_NAME].text, values[FIELD_NAME].text_len),
        values[FIELD_RETENTION].given ? (uint32_t)values[FIELD_RETENTION].number
                                      : 0,
        &id);
    if (result == DB_DUPLICATE) {
        db_pool_give(exchange->app->pool, db);
        reply_error(exchange->reply, 409, "name_taken",
                    "There is an application of that name already");
        goto out;
    }
    show(exchange, db, result, id, 201);
out:
    body_free(values, FIELDS);
}

static void
change(struct exchange *exchange)
{
    struct body_value values[FIELDS] = {{.given = false}};
    const struct body_value *days = &values[FIELD_RETENTION];
    enum db_result result = DB_OK;
    struct db *db;
    uint32_t id;

    if (resource_is_admin(exchange) && application_id(exchange, &id) &&
        read_body(exchange, true, values) &&
        (db = resource_db(exchange)) != NULL) {
        if (days->given || days->null)
            result = store_application_set_retention(
                db, id, days->given ? (uint32_t)days->number : 0);
        show(exchange, db, result, id, 200);
    }
    body_free(values, FIELDS);
}

const struct route applications_routes[] = {
    {METHOD_GET, "/api/applications", ACCESS_READ, FAMILY_API, false, list},
    {METHOD_POST, "/api/applications", ACCESS_MANAGE, FAMILY_API, true, create},
    {METHOD_GET, "/api/applications/{id}", ACCESS_READ, FAMILY_API, false, get},
    {METHOD_PATCH, "/api/applications/{id}", ACCESS_MANAGE, FAMILY_API, true,
     change},
};
const size_t applications_route_count =
    sizeof(applications_routes) / sizeof(applications_routes[0]);
