/*
 * res_sources.c - make, list, show, change and remove sources.
 *
 * A source is named in a path by its id (src_...) or by its name.
 */
#include "res_sources.h"

#include "member.h"
#include "res_source_impl.h"
#include "store_application.h"

#include <openssl/crypto.h>
#include <stdio.h>

#define MISSING RES_SOURCE_MISSING

/* What a refusal that is none of the database's is answered with. Those of a
   field are 422 about it. */
static const struct {
    int status;
    const char *code;
    const char *message;
    const char *field; /* NULL: it is about no field */
} refusals[SOURCE_ACTIONS] = {
    [SOURCE_NAME_TAKEN] = {409, "name_taken",
                           "There is a source of that name already", NULL},
    [SOURCE_BAD_SECRET] = {422, "value_error.secret",
                           "none that this kind of verifier can use", "secret"},
    [SOURCE_UNREADABLE] = {409, "secrets_unreadable",
                           "The present secrets were sealed with another key "
                           "and cannot be kept: set all of them anew",
                           NULL},
    [SOURCE_TOO_LARGE] = {422, "value_error.max_bytes",
                          "more options or secrets than a source may have",
                          "verifiers"},
    [SOURCE_NO_HANDSHAKE] = {409, "no_handshake",
                             "The provider of this source sends no token",
                             NULL},
    [SOURCE_NOT_CAPTURED] = {409, "no_token",
                             "No token has arrived that could be confirmed",
                             NULL},
    [SOURCE_NOT_OURS] = {422, "value_error.missing",
                         "the provider of this source makes the secret: give "
                         "the one that it shows",
                         "secret"},
};

static bool
is_refused(struct exchange *exchange, enum source_action action)
{
    struct problems problems = {.count = 0};

    if (action == SOURCE_DONE)
        return false;
    if (refusals[action].field == NULL) {
        reply_error(exchange->reply, refusals[action].status,
                    refusals[action].code, "%s", refusals[action].message);
        return true;
    }
    problem_add(&problems, refusals[action].field, NULL, refusals[action].code,
                "%s", refusals[action].message);
    reply_problems(exchange->reply, &problems);
    return true;
}

struct source_ref
res_source_ref(const struct exchange *exchange)
{
    return source_ref_of(exchange->request->segment[0]);
}

static void
list(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct source_list page;
    enum db_result result;
    struct db *db;
    uint64_t cursor;
    size_t limit, i;

    if (!resource_page(exchange, ID_SOURCE, &limit, &cursor) ||
        (db = resource_db(exchange)) == NULL)
        return;
    if (cursor > UINT32_MAX)
        cursor = UINT32_MAX; /* beyond the largest id there is nothing */
    result =
        store_source_list(db, exchange->app->sealer, resource_owner(exchange),
                          (uint32_t)cursor, limit, &page);
    if (!resource_done(exchange, db, result, MISSING))
        return;
    buf_add_char(&json, '[');
    for (i = 0; i < page.count; i++) {
        member_next(&json);
        source_print(&page.rows[i], NULL, &json);
    }
    buf_add_char(&json, ']');
    if (page.more)
        resource_link_next(exchange, ID_SOURCE, page.rows[page.count - 1].id);
    source_list_free(&page);
    resource_send(exchange, &json);
}

/* The receiver of this process knows at once; other processes within a
   second. */
static void
renew_catalog(struct exchange *exchange, struct db *db)
{
    (void)!catalog_refresh(exchange->app->catalog, db);
    doorbell_ring(exchange->app->doorbell);
}

/* Reads the row again, so that what is shown is what is stored. secret: NULL
   unless it is to be shown, once. */
static void
show(struct exchange *exchange, struct db *db, enum db_result result,
     const struct source_ref *ref, int status, const char *secret)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct source_row row = {.id = 0};
    char location[64], id[ID_TEXT_MAX];

    if (result == DB_OK)
        result = store_source_get(db, exchange->app->sealer,
                                  resource_owner(exchange), ref, &row);
    if (!resource_done(exchange, db, result, MISSING))
        return;
    source_print(&row, secret, &json);
    if (status == 201) {
        id_format(ID_SOURCE, row.id, id);
        (void)snprintf(location, sizeof(location), "/api/sources/%s", id);
        reply_header(exchange->reply, "Location", location);
    }
    source_row_free(&row);
    if (status == 200 && secret == NULL)
        resource_send(exchange, &json);
    else
        resource_send_status(exchange, status, &json);
}

void
res_source_show_changed(struct exchange *exchange, struct db *db,
                        enum db_result result, enum source_action action,
                        const struct source_ref *ref, const char *secret)
{
    if (result == DB_OK && is_refused(exchange, action)) {
        db_pool_give(exchange->app->pool, db);
        return;
    }
    if (result == DB_OK)
        renew_catalog(exchange, db);
    show(exchange, db, result, ref, 200, secret);
}

static bool
read_form(struct exchange *exchange, bool part, struct source_form *form)
{
    const struct app *app = exchange->app;
    const struct subscription_rules rules = {
        .require_https = app->settings->require_https,
        .allow = &app->allow_targets,
        .may_name_application = exchange->caller.scope == SCOPE_ADMIN,
        .part = part,
    };
    struct problems problems = {.count = 0};

    if (!resource_check_body(exchange, (size_t)app->settings->max_body))
        return false;
    if (source_form_read(form, buf_slice(&exchange->request->body), &rules,
                         &problems))
        return true;
    reply_problems(exchange->reply, &problems);
    source_form_free(form);
    return false;
}

/* False, and answered: the form names an application that is not there, or it
   cannot be looked for; the connection is given back. */
static bool
find_application(struct exchange *exchange, struct db *db,
                 const struct source_form *form, uint32_t *id)
{
    const struct body_value *value = &form->value[SOURCE_APPLICATION_FIELD];
    struct problems problems = {.count = 0};
    enum db_result result;

    if (!value->given)
        return true;
    result = store_application_find(
        db, slice_make(value->text, value->text_len), id);
    if (result == DB_OK)
        return true;
    if (result != DB_NONE) {
        (void)resource_done(exchange, db, result, MISSING);
        return false;
    }
    db_pool_give(exchange->app->pool, db);
    problem_add(&problems, "application", NULL, "value_error.application",
                "application not found");
    reply_problems(exchange->reply, &problems);
    return false;
}

static void
create(struct exchange *exchange)
{
    enum source_action action = SOURCE_DONE;
    uint32_t application_id = exchange->caller.application_id;
    struct source_form form;
    struct source_made made = {0};
    struct source_ref ref;
    enum db_result result;
    struct db *db;

    if (!read_form(exchange, false, &form))
        return;
    db = resource_db(exchange);
    if (db == NULL || !find_application(exchange, db, &form, &application_id))
        goto out;
    result = store_source_insert(db, exchange->app->sealer, &form,
                                 application_id, &made, &action);
    if (result == DB_OK && is_refused(exchange, action)) {
        db_pool_give(exchange->app->pool, db);
        goto out;
    }
    if (result == DB_OK)
        renew_catalog(exchange, db);
    ref = (struct source_ref){made.id, SLICE_NONE};
    show(exchange, db, result, &ref, 201, made.secret);
out:
    OPENSSL_cleanse(&made, sizeof(made));
    source_form_free(&form);
}

static void
get(struct exchange *exchange)
{
    struct source_ref ref = res_source_ref(exchange);
    struct db *db = resource_db(exchange);

    if (db != NULL)
        show(exchange, db, DB_OK, &ref, 200, NULL);
}

/* The name may be among what changes: what is shown then has the new one. */
static struct source_ref
ref_after(const struct source_form *form, struct source_ref ref)
{
    const struct body_value *name = &form->value[SOURCE_NAME_FIELD];

    if (ref.id == 0 && name->given)
        ref.name = slice_make(name->text, name->text_len);
    return ref;
}

static void
change(struct exchange *exchange)
{
    enum source_action action = SOURCE_DONE;
    struct source_ref ref = res_source_ref(exchange), after;
    struct source_form form;
    uint32_t move_to = 0;
    enum db_result result;
    struct db *db;

    if (!read_form(exchange, true, &form))
        return;
    db = resource_db(exchange);
    if (db != NULL && find_application(exchange, db, &form, &move_to)) {
        result = store_source_update(db, exchange->app->sealer, &form,
                                     resource_owner(exchange), &ref, move_to,
                                     &action);
        after = ref_after(&form, ref);
        res_source_show_changed(exchange, db, result, action, &after, NULL);
    }
    source_form_free(&form);
}

static void delete (struct exchange *exchange)
{
    struct source_ref ref = res_source_ref(exchange);
    struct db *db = resource_db(exchange);
    enum db_result result;

    if (db == NULL)
        return;
    result = store_source_delete(db, resource_owner(exchange), &ref);
    if (result == DB_OK)
        renew_catalog(exchange, db);
    if (resource_done(exchange, db, result, MISSING))
        reply_empty(exchange->reply, 204);
}

const struct route sources_routes[] = {
    {METHOD_GET, "/api/sources", ACCESS_READ, FAMILY_API, false, list},
    {METHOD_POST, "/api/sources", ACCESS_MANAGE, FAMILY_API, true, create},
    {METHOD_GET, "/api/sources/{id}", ACCESS_READ, FAMILY_API, false, get},
    {METHOD_PATCH, "/api/sources/{id}", ACCESS_MANAGE, FAMILY_API, false,
     change},
    {METHOD_DELETE, "/api/sources/{id}", ACCESS_MANAGE, FAMILY_API, false,
     delete},
    {METHOD_POST, "/api/sources/{id}/rotate-secret", ACCESS_MANAGE, FAMILY_API,
     true, res_source_rotate},
    {METHOD_POST, "/api/sources/{id}/await-token", ACCESS_MANAGE, FAMILY_API,
     true, res_source_await_token},
    {METHOD_POST, "/api/sources/{id}/confirm", ACCESS_MANAGE, FAMILY_API, true,
     res_source_confirm},
    {METHOD_GET, "/api/sources/{id}/rejections", ACCESS_READ, FAMILY_API, false,
     res_source_rejections},
    {METHOD_GET, "/api/sources/{id}/stats", ACCESS_READ, FAMILY_API, false,
     res_source_stats},
};
const size_t sources_route_count =
    sizeof(sources_routes) / sizeof(sources_routes[0]);
