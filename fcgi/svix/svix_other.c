/*
 * svix_other.c - see svix_other.h.
 */
#include "svix_other.h"

#include "alloc.h"
#include "buf.h"
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
    {METHOD_POST, ENDPOINT "/recover", ACCESS_MANAGE, FAMILY_SVIX, false,
     unsupported},
    {METHOD_POST, ENDPOINT "/replay-missing", ACCESS_MANAGE, FAMILY_SVIX, false,
     unsupported},
    {METHOD_POST, ENDPOINT "/bulk-replay", ACCESS_MANAGE, FAMILY_SVIX, false,
     unsupported},
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
