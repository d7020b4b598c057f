/*
 * svix_types.c - make, list, show, change, archive and remove event types.
 */
#include "svix_types.h"

#include "event_type_form.h"
#include "json_schema.h"
#include "member.h"
#include "pattern.h"
#include "store_svix_type.h"
#include "svix_reply.h"

#define MISSING "Event type not found"
#define TAKEN "An event type with this name exists already"
#define SCHEMAS_MAX 1048576 /* bytes of JSON */

enum field {
    FIELD_NAME,
    FIELD_DESCRIPTION,
    FIELD_ARCHIVED,
    FIELD_DEPRECATED,
    FIELD_SCHEMAS,
    FIELD_FLAGS,
    FIELD_GROUP,
    FIELDS
};

static void
check_schemas(const struct body_value *value, void *context,
              struct problems *problems)
{
    (void)context;
    if (value->raw.len > SCHEMAS_MAX)
        problem_add(problems, value->name, NULL, "value_error.dict.max_bytes",
                    "ensure this value has at most %d bytes", SCHEMAS_MAX);
}

static const struct body_field fields[FIELDS] = {
    [FIELD_NAME] = {.name = "name",
                    .type = BODY_STR,
                    .rules = BODY_REQUIRED,
                    .min = 1,
                    .max = PATTERN_MAX,
                    .check = event_type_form_check_name},
    [FIELD_DESCRIPTION] = {.name = "description",
                           .type = BODY_STR,
                           .rules = BODY_REQUIRED,
                           .max = 1000},
    [FIELD_ARCHIVED] = {.name = "archived",
                        .type = BODY_BOOL,
                        .rules = BODY_NULLABLE},
    [FIELD_DEPRECATED] = {.name = "deprecated",
                          .type = BODY_BOOL,
                          .rules = BODY_NULLABLE},
    [FIELD_SCHEMAS] = {.name = "schemas",
                       .type = BODY_DICT,
                       .rules = BODY_NULLABLE,
                       .check = check_schemas},
    [FIELD_FLAGS] = {.name = "featureFlags",
                     .type = BODY_LIST_STR,
                     .rules = BODY_NULLABLE,
                     .max = 50,
                     .item_min = 1,
                     .item_max = 256},
    [FIELD_GROUP] = {.name = "groupName",
                     .type = BODY_STR,
                     .rules = BODY_NULLABLE,
                     .min = 1,
                     .max = 50},
};

static bool
is_said(const struct body_value *value, bool part)
{
    return !part || value->given || value->null;
}

/* part: PATCH leaves alone what it does not name. */
static struct event_type_change
change_of(const struct body_value *value, bool part)
{
    const struct body_value *description = &value[FIELD_DESCRIPTION],
                            *group = &value[FIELD_GROUP];
    struct svix_type_change change = {
        .sets_group = is_said(group, part),
        .sets_schemas = is_said(&value[FIELD_SCHEMAS], part),
        .sets_flags = is_said(&value[FIELD_FLAGS], part),
        .sets_archived = is_said(&value[FIELD_ARCHIVED], part),
        .sets_deprecated = is_said(&value[FIELD_DEPRECATED], part),
        .archived = value[FIELD_ARCHIVED].number == 1,
        .deprecated = value[FIELD_DEPRECATED].number == 1,
    };

    if (description->given)
        change.description =
            slice_make(description->text, description->text_len);
    if (group->given)
        change.group = slice_make(group->text, group->text_len);
    if (value[FIELD_SCHEMAS].given)
        change.schemas = value[FIELD_SCHEMAS].raw;
    if (value[FIELD_FLAGS].given)
        change.flags = value[FIELD_FLAGS].raw;
    return svix_type_change_of(&change);
}

static void
show(struct exchange *exchange, struct db *db, enum db_result result,
     struct slice name, int status)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct svix_type type;

    if (result == DB_OK)
        result = store_svix_type_get(db, name, &type);
    if (!svix_done(exchange, db, result, MISSING, TAKEN))
        return;
    svix_type_print(&type, true, &json);
    svix_type_free(&type);
    resource_send_shown(exchange, status, &json);
}

static void
list(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct svix_type_list page = {NULL, 0, false};
    bool content = svix_flag(exchange, "with_content", false);
    bool archived = svix_flag(exchange, "include_archived", false);
    struct svix_page asked;
    enum db_result result;
    struct db *db;
    size_t i;

    if (!svix_page(exchange, NULL, &asked) ||
        (db = resource_db(exchange)) == NULL)
        return;
    result = store_svix_type_list(db, archived, &asked, &page);
    if (!resource_done(exchange, db, result, MISSING))
        return;
    buf_add_text(&json, "{\"data\":[");
    for (i = 0; i < page.count; i++) {
        member_next(&json);
        svix_type_print(&page.rows[i], content, &json);
    }
    svix_send_list(
        exchange, &json, &asked, page.count == 0 ? NULL : page.rows[0].name,
        page.count == 0 ? NULL : page.rows[page.count - 1].name, page.more);
    svix_type_list_free(&page);
}

/* What is sent from now on is checked by it, in this process at once, in others
   within a second. */
static void
tell_changed(struct exchange *exchange, struct db *db, enum db_result result)
{
    if (result == DB_OK)
        (void)!catalog_refresh(exchange->app->catalog, db);
    if (result == DB_OK)
        doorbell_ring(exchange->app->doorbell);
}

static void
show_changed(struct exchange *exchange, struct db *db, enum db_result result,
             struct slice name, int status)
{
    tell_changed(exchange, db, result);
    show(exchange, db, result, name, status);
}

/* What is archived may be made again, as if it had been removed. */
static enum db_result
insert(struct db *db, struct slice name, const struct event_type_change *change)
{
    struct svix_type type;
    enum db_result result = store_event_type_insert(db, name, change);

    if (result != DB_DUPLICATE)
        return result;
    result = store_svix_type_get(db, name, &type);
    if (result != DB_OK)
        return result;
    result = type.archived ? store_event_type_update(db, name, change)
                           : DB_DUPLICATE;
    svix_type_free(&type);
    return result;
}

/* Where data is checked, by a schema that can be used. False: the answer is
   written, and the connection given back. */
static bool
check_schema(struct exchange *exchange, struct db *db, struct slice name,
             const struct event_type_change *change)
{
    struct event_type_row row = {.validate = false};
    struct problems problems;
    enum db_result result;

    if (change->schema.ptr == NULL)
        return true;
    result = store_event_type_get(db, name, &row);
    problems.count = 0;
    if (result == DB_OK && row.validate)
        json_schema_free(
            json_schema_compile(change->schema, "schemas", &problems));
    event_type_row_free(&row);
    if (result == DB_NONE || (result == DB_OK && problems.count == 0))
        return true;
    if (resource_done(exchange, db, result, MISSING))
        reply_problems(exchange->reply, &problems);
    return false;
}

static void
create(struct exchange *exchange)
{
    struct body_value values[FIELDS] = {0};
    struct event_type_change change;
    struct slice name;
    struct db *db;

    if (resource_is_admin(exchange) &&
        svix_read_body(exchange, fields, FIELDS, false, values) &&
        (db = resource_db(exchange)) != NULL) {
        change = change_of(values, false);
        name = slice_make(values[FIELD_NAME].text, values[FIELD_NAME].text_len);
        if (check_schema(exchange, db, name, &change))
            show_changed(exchange, db, insert(db, name, &change), name, 201);
    }
    body_free(values, FIELDS);
}

static void
get(struct exchange *exchange)
{
    struct db *db = resource_db(exchange);

    if (db != NULL)
        show(exchange, db, DB_OK, exchange->request->segment[0], 200);
}

/* PUT of what is not there makes it. The name is in the path alone. */
static void
write_one(struct exchange *exchange, bool part)
{
    struct body_value values[FIELDS] = {0};
    struct slice name = exchange->request->segment[0];
    struct event_type_change change;
    enum db_result result;
    struct db *db;
    int status = 200;

    if (resource_is_admin(exchange) &&
        svix_read_body(exchange, fields + 1, FIELDS - 1, part, values + 1) &&
        (db = resource_db(exchange)) != NULL) {
        change = change_of(values, part);
        if (!check_schema(exchange, db, name, &change))
            goto out;
        result = store_event_type_update(db, name, &change);
        if (result == DB_NONE && !part && pattern_is_type(name)) {
            status = 201;
            result = store_event_type_insert(db, name, &change);
        }
        show_changed(exchange, db, result, name, status);
    }
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

/* Archived, unless ?expunge=true. */
static void delete (struct exchange *exchange)
{
    const struct event_type_change archive = {.sets_archived = true,
                                              .archived = true};
    struct slice name = exchange->request->segment[0];
    enum db_result result;
    struct db *db;

    if (!resource_is_admin(exchange) || (db = resource_db(exchange)) == NULL)
        return;
    result = svix_flag(exchange, "expunge", false)
                 ? store_event_type_delete(db, name)
                 : store_event_type_update(db, name, &archive);
    tell_changed(exchange, db, result);
    if (resource_done(exchange, db, result, MISSING))
        reply_empty(exchange->reply, 204);
}

#define PATH "/api/v1/event-type"

const struct route svix_types_routes[] = {
    {METHOD_GET, PATH, ACCESS_READ, FAMILY_SVIX, false, list},
    {METHOD_POST, PATH, ACCESS_MANAGE, FAMILY_SVIX, true, create},
    {METHOD_GET, PATH "/{name}", ACCESS_READ, FAMILY_SVIX, false, get},
    {METHOD_PUT, PATH "/{name}", ACCESS_MANAGE, FAMILY_SVIX, false, replace},
    {METHOD_PATCH, PATH "/{name}", ACCESS_MANAGE, FAMILY_SVIX, false, change},
    {METHOD_DELETE, PATH "/{name}", ACCESS_MANAGE, FAMILY_SVIX, false, delete},
};
const size_t svix_types_route_count =
    sizeof(svix_types_routes) / sizeof(svix_types_routes[0]);
