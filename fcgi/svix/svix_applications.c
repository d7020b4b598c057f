/*
 * svix_applications.c - make, list, show, change and remove applications.
 */
#include "svix_applications.h"

#include "member.h"
#include "store_svix_application.h"
#include "svix_reply.h"

#define TAKEN "An application with this uid exists already"
#define METADATA_MAX 65536 /* bytes of JSON */

enum field { FIELD_NAME, FIELD_UID, FIELD_THROTTLE, FIELD_METADATA, FIELDS };

static void
check_metadata(const struct body_value *value, void *context,
               struct problems *problems)
{
    (void)context;
    if (value->raw.len > METADATA_MAX)
        problem_add(problems, value->name, NULL, "value_error.dict.max_bytes",
                    "ensure this value has at most %d bytes", METADATA_MAX);
}

static const struct body_field fields[FIELDS] = {
    [FIELD_NAME] = {.name = "name",
                    .type = BODY_STR,
                    .rules = BODY_REQUIRED,
                    .min = 1,
                    .max = 255},
    [FIELD_UID] = {.name = "uid",
                   .type = BODY_STR,
                   .rules = BODY_NULLABLE,
                   .min = 1,
                   .max = SVIX_UID_MAX,
                   .check = svix_check_uid},
    [FIELD_THROTTLE] = {.name = "throttleRate",
                        .alias = "rateLimit",
                        .type = BODY_INT,
                        .rules = BODY_NULLABLE,
                        .min = 1,
                        .max = 65535},
    [FIELD_METADATA] = {.name = "metadata",
                        .type = BODY_DICT,
                        .rules = BODY_NULLABLE,
                        .check = check_metadata},
};

/* part: PATCH leaves alone what it does not name. */
static struct svix_application_change
change_of(const struct body_value *value, bool part)
{
    const struct body_value *name = &value[FIELD_NAME],
                            *uid = &value[FIELD_UID],
                            *throttle = &value[FIELD_THROTTLE],
                            *metadata = &value[FIELD_METADATA];
    struct svix_application_change change = {
        .sets_uid = !part || uid->given || uid->null,
        .sets_metadata = !part || metadata->given || metadata->null,
        .sets_throttle = !part || throttle->given || throttle->null,
    };

    if (name->given)
        change.name = slice_make(name->text, name->text_len);
    if (uid->given)
        change.uid = slice_make(uid->text, uid->text_len);
    if (metadata->given)
        change.metadata = metadata->raw;
    if (throttle->given)
        change.throttle_rate = (uint32_t)throttle->number;
    return change;
}

/* The row as it is stored now. */
static void
show(struct exchange *exchange, struct db *db, enum db_result result,
     uint32_t id, int status)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct svix_application row;

    if (result == DB_OK)
        result = store_svix_application_get(db, id, &row);
    if (!svix_done(exchange, db, result, SVIX_APP_MISSING, TAKEN))
        return;
    svix_application_print(&row, &json);
    svix_application_free(&row);
    resource_send_shown(exchange, status, &json);
}

static void
list(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct svix_application_list page = {NULL, 0, false};
    struct svix_page asked;
    enum db_result result;
    struct db *db;
    size_t i;

    if (!svix_page(exchange, ID_APPLICATION, &asked) ||
        (db = resource_db(exchange)) == NULL)
        return;
    result = store_svix_application_list(db, resource_owner(exchange), &asked,
                                         &page);
    if (!resource_done(exchange, db, result, SVIX_APP_MISSING))
        return;
    buf_add_text(&json, "{\"data\":[");
    for (i = 0; i < page.count; i++) {
        member_next(&json);
        svix_application_print(&page.rows[i], &json);
    }
    svix_send_id_list(exchange, &json, &asked, ID_APPLICATION,
                      page.count == 0 ? 0 : page.rows[0].id,
                      page.count == 0 ? 0 : page.rows[page.count - 1].id,
                      page.more);
    svix_application_list_free(&page);
}

static void
create(struct exchange *exchange)
{
    struct body_value values[FIELDS] = {0};
    struct svix_application_change change;
    enum db_result result = DB_NONE;
    struct db *db = NULL;
    uint32_t id = 0;
    int status = 201;

    if (!resource_is_admin(exchange) ||
        !svix_read_body(exchange, fields, FIELDS, false, values) ||
        (db = resource_db(exchange)) == NULL)
        goto out;
    change = change_of(values, false);
    if (svix_flag(exchange, "get_if_exists", false) && change.uid.ptr != NULL)
        result = store_svix_application_find(db, 0, change.uid, &id);
    if (result == DB_OK)
        status = 200;
    else if (result == DB_NONE)
        result = store_svix_application_insert(db, &change, &id);
    show(exchange, db, result, id, status);
out:
    body_free(values, FIELDS);
}

static void
get(struct exchange *exchange)
{
    uint32_t id;
    struct db *db = svix_application_db(exchange, &id);

    if (db != NULL)
        show(exchange, db, DB_OK, id, 200);
}

/* PUT of what is not there makes it, if an administrator asks. */
static void
write_one(struct exchange *exchange, bool part)
{
    struct body_value values[FIELDS] = {0};
    struct svix_application_change change;
    enum db_result result;
    struct db *db = NULL;
    uint32_t id = 0;
    int status = 200;

    if (!svix_read_body(exchange, fields, FIELDS, part, values) ||
        (db = resource_db(exchange)) == NULL)
        goto out;
    change = change_of(values, part);
    result = store_svix_application_find(db, resource_owner(exchange),
                                         exchange->request->segment[0], &id);
    if (result == DB_OK) {
        result = store_svix_application_update(db, id, &change);
    } else if (result == DB_NONE && !part &&
               exchange->caller.scope == SCOPE_ADMIN) {
        status = 201;
        result = store_svix_application_insert(db, &change, &id);
    }
    show(exchange, db, result, id, status);
out:
    body_free(values, FIELDS);
}

static void
replace(struct exchange *exchange)
{
    write_one(exchange, false);
}

static void
change(struct exchange *exchange)
{
    write_one(exchange, true);
}

static void delete (struct exchange *exchange)
{
    enum db_result result;
    struct db *db;
    uint32_t id;

    if (!resource_is_admin(exchange) ||
        (db = svix_application_db(exchange, &id)) == NULL)
        return;
    result = store_svix_application_delete(db, id);
    if (!svix_done(exchange, db, result, SVIX_APP_MISSING,
                   "The default application and those with sources stay"))
        return;
    doorbell_ring(exchange->app->doorbell);
    reply_empty(exchange->reply, 204);
}

const struct route svix_applications_routes[] = {
    {METHOD_GET, "/api/v1/app", ACCESS_READ, FAMILY_SVIX, false, list},
    {METHOD_POST, "/api/v1/app", ACCESS_MANAGE, FAMILY_SVIX, true, create},
    {METHOD_GET, "/api/v1/app/{app}", ACCESS_READ, FAMILY_SVIX, false, get},
    {METHOD_PUT, "/api/v1/app/{app}", ACCESS_MANAGE, FAMILY_SVIX, false,
     replace},
    {METHOD_PATCH, "/api/v1/app/{app}", ACCESS_MANAGE, FAMILY_SVIX, false,
     change},
    {METHOD_DELETE, "/api/v1/app/{app}", ACCESS_MANAGE, FAMILY_SVIX, false,
     delete},
};
const size_t svix_applications_route_count =
    sizeof(svix_applications_routes) / sizeof(svix_applications_routes[0]);
