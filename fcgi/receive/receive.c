/*
 * receive.c - see receive.h.
 */
#include "receive.h"

#include "alloc.h"
#include "contact.h"
#include "inbound.h"
#include "json.h"
#include "receive_answer.h"
#include "receive_signature.h"
#include "storing.h"

#include <stdlib.h>

#define METADATA_MAX_BYTES (32 * 1024 * 1024)

/* NULL: the answer says why. */
static const struct source *
find_source(struct exchange *exchange)
{
    struct slice name = exchange->request->segment[0];
    const struct source *source = catalog_source_named(exchange->catalog, name);
    enum contact_news news = CONTACT_SAME;

    if (source == NULL)
        news = contact_refresh(exchange);
    if (news == CONTACT_NEWER)
        source = catalog_source_named(exchange->catalog, name);
    if (source != NULL)
        return source;
    if (news == CONTACT_UNKNOWN)
        reply_unavailable(exchange->reply);
    else
        reply_error(exchange->reply, 404, "unknown_source",
                    "There is no source of that name");
    return NULL;
}

static bool
ends_with_nocase(struct slice text, struct slice end)
{
    return text.len > end.len &&
           strncasecmp(text.ptr + text.len - end.len, end.ptr, end.len) == 0;
}

bool
receive_accepts_type(struct slice content_type)
{
    const char *semicolon;

    if (content_type.ptr == NULL)
        return true;
    semicolon = content_type.len == 0
                    ? NULL
                    : memchr(content_type.ptr, ';', content_type.len);
    if (semicolon != NULL)
        content_type.len = (size_t)(semicolon - content_type.ptr);
    content_type = slice_trim(content_type);
    return slice_is_nocase(content_type, "application/json") ||
           (memchr(content_type.ptr, '/', content_type.len) != NULL &&
            ends_with_nocase(content_type, SLICE("+json")));
}

bool
receive_check_body(struct exchange *exchange)
{
    const struct request *request = exchange->request;
    size_t max = (size_t)exchange->app->settings->max_body;

    if (request->body_too_large || request->body.len > max) {
        reply_error(exchange->reply, 413, "payload_too_large",
                    "The request body is larger than %zu bytes", max);
        return false;
    }
    if (!receive_accepts_type(request_header(request, "Content-Type"))) {
        reply_error(exchange->reply, 415, "unsupported_media_type",
                    "The request body must be application/json");
        return false;
    }
    return true;
}

/* An event on its way into the database. */
struct received {
    struct storing storing;
    struct new_event event;
    const struct source *source; /* of the exchange's catalog */
    struct inbound in;
    struct buf payload, metadata;
};

static void
answer(struct storing *storing)
{
    const struct received *received = (struct received *)storing;
    struct reply *reply = storing->exchange.reply;

    if (received->event.duplicate)
        receive_answer_duplicate(reply, received->source, &received->in,
                                 received->event.id);
    else
        receive_answer_accepted(reply, received->source, &received->in);
}

static void
destroy(struct storing *storing)
{
    struct received *received = (struct received *)storing;

    buf_free(&received->payload);
    buf_free(&received->metadata);
    free(received);
}

/* COMMIT, then the answer. */
static void
store(struct exchange *exchange, const struct source *source,
      const struct inbound *in, bool verified)
{
    struct received *received = xmalloc(sizeof(*received));
    struct slice body = buf_slice(&exchange->request->body);

    received->storing.answer = answer;
    received->storing.destroy = destroy;
    received->source = source;
    received->in = *in;
    buf_init(&received->payload, body.len);
    buf_init(&received->metadata, METADATA_MAX_BYTES);
    (void)buf_reserve(&received->payload, body.len);
    json_minify(body, &received->payload);
    inbound_metadata(source, in, &received->metadata);
    received->event = (struct new_event){
        .application_id = source->application_id,
        .source_id = source->id,
        .type = slice_of(received->in.type),
        .payload = buf_slice(&received->payload),
        .metadata = buf_slice(&received->metadata),
        .verified = verified,
        .route = source->relay == RELAY_RECEIVED ? ROUTE_PROCESS_MATCH
                                                 : ROUTE_PROCESS,
    };
    storing_start(&received->storing, exchange, &received->event, 1);
}

static void
receive(struct exchange *exchange)
{
    const struct request *request = exchange->request;
    const struct source *source = find_source(exchange);
    struct problems problems; /* 20 KB: not worth clearing each time */
    struct inbound in;
    char received[65];
    bool verified;

    if (source == NULL || !receive_check_body(exchange) ||
        !receive_check_signature(exchange, &source, &verified))
        return;
    problems.count = 0;
    switch (inbound_read(source, buf_slice(&request->body),
                         request->arrived_wall_us, &in, &problems, received)) {
    case INBOUND_OK:
        store(exchange, source, &in, verified);
        break;
    case INBOUND_INVALID:
        reply_problems(exchange->reply, &problems);
        break;
    case INBOUND_WRONG_SOURCE:
        receive_answer_wrong_source(exchange->reply, source, received);
        break;
    }
}

const struct route receive_routes[] = {
    {METHOD_POST, "/api/v1/webhooks/{source}", ACCESS_OPEN, FAMILY_RECEIVE,
     false, receive},
};
const size_t receive_route_count =
    sizeof(receive_routes) / sizeof(receive_routes[0]);
