/*
 * res_replays.c - replays, and what a person does with them.
 */
#include "res_replays.h"

#include "body.h"
#include "resource.h"
#include "store_replay.h"

#define MISSING "Replay not found"

void
replays_show(struct exchange *exchange, struct db *db, enum db_result result,
             uint64_t id, int status)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct replay replay = {.id = 0};

    if (result == DB_OK)
        result = store_replay_get(db, resource_owner(exchange), id, &replay);
    if (!resource_done(exchange, db, result, MISSING))
        return;
    replay_print(&replay, &json);
    replay_free(&replay);
    resource_send_shown(exchange, status, &json);
}

static bool
read_status(struct exchange *exchange, enum replay_status *status)
{
    struct slice text = request_query(exchange->request, "status");

    *status = REPLAY_STATUSES;
    if (text.ptr == NULL || replay_status_from_name(text, status))
        return true;
    resource_bad_query(exchange, "status", "type_error.enum",
                       "value is not a valid enumeration member; permitted: "
                       "'counting', 'planned', 'running', 'done', "
                       "'cancelled', 'failed'");
    return false;
}

static void
list(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct replay_list page = {NULL, 0, 0};
    enum replay_status status;
    enum db_result result;
    uint64_t cursor;
    struct db *db;
    size_t limit, i;

    if (!resource_page(exchange, ID_REPLAY, &limit, &cursor) ||
        !read_status(exchange, &status) || (db = resource_db(exchange)) == NULL)
        return;
    result = store_replay_list(db, resource_owner(exchange), status, cursor,
                               limit, &page);
    if (!resource_done(exchange, db, result, MISSING))
        return;
    buf_add_char(&json, '[');
    for (i = 0; i < page.count; i++) {
        if (i > 0)
            buf_add_char(&json, ',');
        replay_print(&page.rows[i], &json);
    }
    buf_add_char(&json, ']');
    resource_link_next(exchange, ID_REPLAY, page.next);
    replay_list_free(&page);
    resource_send(exchange, &json);
}

static void
get(struct exchange *exchange)
{
    struct db *db;
    uint64_t id;

    if (resource_id(exchange, ID_REPLAY, MISSING, &id) &&
        (db = resource_db(exchange)) != NULL)
        replays_show(exchange, db, DB_OK, id, 200);
}

static void
reply_past(struct exchange *exchange, struct db *db, const char *what)
{
    db_pool_give(exchange->app->pool, db);
    reply_error(exchange->reply, 409, "replay_state", "%s", what);
}

/* Why it cannot be confirmed. */
static void
reply_ended(struct exchange *exchange, struct db *db, uint64_t id)
{
    struct replay replay;
    enum db_result result =
        store_replay_get(db, resource_owner(exchange), id, &replay);

    if (!resource_done(exchange, db, result, MISSING))
        return;
    if (replay.error != NULL)
        reply_error(exchange->reply, 409, "replay_state",
                    "This replay has ended: %s", replay.error);
    else
        reply_error(exchange->reply, 409, "replay_state",
                    "This replay has been confirmed or has ended");
    replay_free(&replay);
}

static void
confirm(struct exchange *exchange)
{
    enum db_result result;
    bool changed = false;
    struct db *db;
    uint64_t id;

    if (!resource_id(exchange, ID_REPLAY, MISSING, &id) ||
        (db = resource_db(exchange)) == NULL)
        return;
    result = store_replay_confirm(db, &exchange->app->ids,
                                  resource_owner(exchange), id, &changed);
    if (result == DB_OK && !changed) {
        reply_ended(exchange, db, id);
        return;
    }
    if (result == DB_OK)
        doorbell_ring(exchange->app->doorbell);
    replays_show(exchange, db, result, id, 202);
}

static const struct body_field cancel_fields[] = {
    {.name = "cancel_live", .type = BODY_BOOL, .rules = BODY_NULLABLE},
};

/* No body is one without members. False: the answer is written. */
static bool
read_cancel(struct exchange *exchange, bool *live)
{
    struct slice body = buf_slice(&exchange->request->body);
    const struct body_options options = {.part = false};
    struct body_value value = {0};
    struct problems problems;
    bool good;

    problems.count = 0;
    if (!resource_check_body(exchange,
                             (size_t)exchange->app->settings->max_body))
        return false;
    good = body_read(body.len == 0 ? SLICE("{}") : body, cancel_fields, 1,
                     &options, &value, &problems);
    *live = value.number != 0;
    body_free(&value, 1);
    if (!good)
        reply_problems(exchange->reply, &problems);
    return good;
}

static void
cancel(struct exchange *exchange)
{
    uint32_t owner = resource_owner(exchange);
    bool live = false, changed = false;
    enum db_result result;
    struct db *db;
    uint64_t id;

    if (!resource_id(exchange, ID_REPLAY, MISSING, &id) ||
        !read_cancel(exchange, &live) || (db = resource_db(exchange)) == NULL)
        return;
    result = store_replay_cancel(db, owner, id, &changed);
    if (result == DB_OK && !changed && !live) {
        reply_past(exchange, db, "This replay has ended");
        return;
    }
    if (result == DB_OK && live)
        result = store_replay_cancel_live(db, owner, id);
    replays_show(exchange, db, result, id, 200);
}

const struct route replays_routes[] = {
    {METHOD_GET, "/api/replays", ACCESS_READ, FAMILY_API, false, list},
    {METHOD_GET, "/api/replays/{id}", ACCESS_READ, FAMILY_API, false, get},
    {METHOD_POST, "/api/replays/{id}/confirm", ACCESS_MANAGE, FAMILY_API, true,
     confirm},
    {METHOD_POST, "/api/replays/{id}/cancel", ACCESS_MANAGE, FAMILY_API, true,
     cancel},
};
const size_t replays_route_count =
    sizeof(replays_routes) / sizeof(replays_routes[0]);
