/*
 * svix_other.c - see svix_other.h.
 */
#include "svix_other.h"

#include "alloc.h"
#include "buf.h"
#include "member.h"
#include "res_replay_start.h"
#include "store_svix_message.h"
#include "store_svix_type.h"
#include "storing.h"
#include "svix_reply.h"

#include <stdlib.h>

#define SEGMENT 1 /* of the endpoint in the path */
#define TYPE_MISSING "Event type not found"

/* An example on its way into the database. */
struct example {
    struct storing storing;
    struct svix_type type;
    struct new_event event;
};

static void
answer(struct storing *storing)
{
    const struct example *example = (struct example *)storing;
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    const struct svix_message message = {
        .id = example->event.id,
        .type = example->type.name,
        .payload = example->event.payload,
    };

    svix_message_print(&message, true, &json);
    resource_send_status(&storing->exchange, 202, &json);
}

static void
destroy(struct storing *storing)
{
    struct example *example = (struct example *)storing;

    svix_type_free(&example->type);
    free(example);
}

static const struct body_field example_fields[] = {
    {.name = "eventType",
     .type = BODY_STR,
     .rules = BODY_REQUIRED,
     .min = 1,
     .max = 255},
    {.name = "exampleIndex",
     .type = BODY_INT,
     .rules = BODY_NULLABLE,
     .min = 0,
     .max = 1000},
};
#define EXAMPLE_FIELDS (sizeof(example_fields) / sizeof(example_fields[0]))

/* The catalogue's example, to this endpoint alone. */
static void
send_example(struct exchange *exchange)
{
    struct body_value values[EXAMPLE_FIELDS] = {0};
    struct example *example = xcalloc(1, sizeof(*example));
    uint32_t application_id, id;
    enum db_result result;
    struct db *db = NULL;

    example->storing.answer = answer;
    example->storing.destroy = destroy;
    if (!svix_read_body(exchange, example_fields, EXAMPLE_FIELDS, false,
                        values) ||
        (db = svix_endpoint_db(exchange, SEGMENT, &application_id, &id)) ==
            NULL)
        goto out;
    result = store_svix_type_get(
        db, slice_make(values[0].text, values[0].text_len), &example->type);
    if (!resource_done(exchange, db, result, TYPE_MISSING))
        goto out;
    example->event = (struct new_event){
        .application_id = application_id,
        .type = slice_of(example->type.name),
        .payload =
            example->type.example.len > 0 ? example->type.example : SLICE("{}"),
        .verified = true,
        .route = ROUTE_ONE,
        .subscription_id = id,
    };
    storing_start(&example->storing, exchange, &example->event, 1);
    example = NULL;
out:
    if (example != NULL)
        destroy(&example->storing);
    body_free(values, EXAMPLE_FIELDS);
}

/* --- recovery --------------------------------------------------------------- */

static const char *const task_names[REPLAY_KINDS] = {
    [REPLAY_RECOVER] = "endpoint.recover",
    [REPLAY_MISSING] = "endpoint.replay",
    [REPLAY_RETRY] = "endpoint.bulk-replay",
};

static const char *const task_states[REPLAY_STATUSES] = {
    [REPLAY_COUNTING] = "running",   [REPLAY_PLANNED] = "running",
    [REPLAY_RUNNING] = "running",    [REPLAY_DONE] = "finished",
    [REPLAY_CANCELLED] = "finished", [REPLAY_FAILED] = "failed",
};

/* Its id is that of /api/replays, where it can be followed and cancelled. */
static void
send_task(struct exchange *exchange, const struct replay *replay)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);

    buf_add_char(&json, '{');
    member_id(&json, "id", ID_REPLAY, replay->id);
    member_text(&json, "status", task_states[replay->status]);
    member_text(&json, "task", task_names[replay->kind]);
    member_time(&json, "updatedAt",
                replay->finished_at_us != 0    ? replay->finished_at_us
                : replay->confirmed_at_us != 0 ? replay->confirmed_at_us
                                               : replay->created_at_us);
    buf_add_char(&json, '}');
    resource_send_status(exchange, 202, &json);
}

/* Nobody is asked there whether it is to be run. */
static void
start_replay(struct exchange *exchange, enum replay_kind kind,
             enum replay_form_kind form_kind)
{
    struct replay_form form = {.kind = form_kind};
    struct replay wanted, made = {.id = 0};
    uint32_t application_id, subscription_id;
    enum db_result result;
    struct db *db = NULL;
    uint64_t id = 0;

    if (!replays_read_form(exchange, form_kind, &form) ||
        (db = svix_endpoint_db(exchange, SEGMENT, &application_id,
                               &subscription_id)) == NULL)
        goto out;
    replays_wanted(exchange, &form, kind, application_id, subscription_id,
                   &wanted);
    result = store_replay_insert(db, &exchange->app->ids, &wanted, true, &id);
    if (result == DB_OK)
        result = store_replay_get(db, application_id, id, &made);
    if (!resource_done(exchange, db, result, SVIX_ENDPOINT_MISSING))
        goto out;
    doorbell_ring(exchange->app->doorbell);
    send_task(exchange, &made);
    replay_free(&made);
out:
    replay_form_free(&form);
}

static void
recover(struct exchange *exchange)
{
    start_replay(exchange, REPLAY_RECOVER, REPLAY_FORM_SVIX);
}

static void
replay_missing(struct exchange *exchange)
{
    start_replay(exchange, REPLAY_MISSING, REPLAY_FORM_SVIX);
}

static void
bulk_replay(struct exchange *exchange)
{
    start_replay(exchange, REPLAY_RETRY, REPLAY_FORM_BULK);
}

/* --- the rest ---------------------------------------------------------------- */

static void
no_content(struct exchange *exchange)
{
    reply_empty(exchange->reply, 204);
}

static void
unsupported(struct exchange *exchange)
{
    reply_error(exchange->reply, 400, "not_supported",
                "Postern does not offer this operation of Svix's API");
}

#define ENDPOINT "/api/v1/app/{app}/endpoint/{id}"

const struct route svix_other_routes[] = {
    {METHOD_POST, ENDPOINT "/send-example", ACCESS_MANAGE, FAMILY_SVIX, true,
     send_example},
    {METHOD_GET, "/api/v1/health", ACCESS_OPEN, FAMILY_SVIX, false, no_content},
    {METHOD_GET, "/api/v1/health/ping", ACCESS_OPEN, FAMILY_SVIX, false,
     no_content},
    {METHOD_POST, ENDPOINT "/recover", ACCESS_MANAGE, FAMILY_SVIX, true,
     recover},
    {METHOD_POST, ENDPOINT "/replay-missing", ACCESS_MANAGE, FAMILY_SVIX, true,
     replay_missing},
    {METHOD_POST, ENDPOINT "/bulk-replay", ACCESS_MANAGE, FAMILY_SVIX, true,
     bulk_replay},
    {METHOD_GET, ENDPOINT "/transformation", ACCESS_MANAGE, FAMILY_SVIX, false,
     unsupported},
    {METHOD_PATCH, ENDPOINT "/transformation", ACCESS_MANAGE, FAMILY_SVIX,
     false, unsupported},
    {METHOD_POST, "/api/v1/auth/app-portal-access/{app}", ACCESS_MANAGE,
     FAMILY_SVIX, false, unsupported},
    {METHOD_POST, "/api/v1/auth/logout", ACCESS_READ, FAMILY_SVIX, false,
     unsupported},
};
const size_t svix_other_route_count =
    sizeof(svix_other_routes) / sizeof(svix_other_routes[0]);
