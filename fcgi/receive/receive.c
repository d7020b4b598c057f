/*
 * receive.c - see receive.h.
 */
#include "receive.h"

#include "alloc.h"
#include "inbound_dedupe.h"
#include "json.h"
#include "receive_admit.h"
#include "receive_answer.h"
#include "receive_handshake.h"
#include "receive_signature.h"
#include "receiving.h"
#include "storing.h"

#include <stdlib.h>

#define METADATA_MAX_BYTES (32 * 1024 * 1024)

/* An event on its way into the database. */
struct received {
    struct storing storing;
    struct new_event event;
    const struct receive_face *face;
    const struct source *source; /* of the exchange's catalog */
    struct inbound in;
    struct buf payload, metadata;
    struct backlog *backlog;
    struct backlog_queue *queue; /* to be left; NULL: left, or no limit */
};

static void
answer(struct storing *storing)
{
    struct received *received = (struct received *)storing;

    if (received->queue != NULL)
        backlog_leave(received->backlog, received->queue,
                      !received->event.duplicate || received->event.requeued);
    received->queue = NULL;
    received->face->accepted(storing->exchange.reply, received->source,
                             &received->in, &received->event);
    if (received->event.duplicate && !received->event.requeued)
        reception_note_repeat(&storing->exchange, received->source,
                              received->event.id);
}

static void
destroy(struct storing *storing)
{
    struct received *received = (struct received *)storing;

    if (received->queue != NULL)
        backlog_leave(received->backlog, received->queue, false);
    inbound_free(&received->in);
    buf_free(&received->payload);
    buf_free(&received->metadata);
    free(received);
}

/* COMMIT, then the answer. Takes what *in holds. */
static void
store(struct reception *reception, struct inbound *in,
      struct backlog_queue *queue)
{
    const struct source *source = reception->source;
    struct received *received = xmalloc(sizeof(*received));

    received->storing.answer = answer;
    received->storing.destroy = destroy;
    received->face = reception->face;
    received->source = source;
    received->in = *in;
    received->backlog = reception->exchange->app->receiving->backlog;
    received->queue = queue;
    buf_init(&received->payload, in->payload.len);
    buf_init(&received->metadata, METADATA_MAX_BYTES);
    (void)buf_reserve(&received->payload, in->payload.len);
    json_minify(in->payload, &received->payload);
    inbound_metadata(source, in, &received->metadata);
    received->event = (struct new_event){
        .application_id = source->application_id,
        .source_id = source->id,
        .type = slice_of(received->in.type),
        .payload = buf_slice(&received->payload),
        .metadata = buf_slice(&received->metadata),
        .verified = reception->verified,
        .route = source->relay == RELAY_RECEIVED ? ROUTE_PROCESS_MATCH
                                                 : ROUTE_PROCESS,
    };
    event_dedupe_hash(&received->event, inbound_dedupe_rule(source), source->id,
                      in->dedupe);
    reception_note_watched(reception);
    storing_start(&received->storing, reception->exchange, &received->event, 1);
}

/* Takes what *in holds if it returns true. */
static bool
take_event(struct reception *reception, struct inbound *in)
{
    const struct receiving *receiving = reception->exchange->app->receiving;
    const char *ignored =
        watch_book_ignored(receiving->book, reception->source, in);
    struct backlog_queue *queue;

    if (ignored != NULL) {
        counting_add(receiving->counting, reception->source->id,
                     COUNTED_IGNORED);
        reception->face->ignored(reception->exchange->reply, reception->source,
                                 ignored);
        return false;
    }
    if (!receive_queue(reception, &queue))
        return false;
    store(reception, in, queue);
    return true;
}

enum inbound_result
receive_read(struct exchange *exchange, const struct source *source,
             const uint8_t *once, struct inbound *in, struct problems *problems,
             char received[65])
{
    const struct request *request = exchange->request;
    const struct inbound_request inbound_request = {
        .body = buf_slice(&request->body),
        .content_type = request_header(request, "Content-Type"),
        .header = receive_header,
        .arg = exchange,
        .now_us = request->arrived_wall_us,
        .once = once,
    };

    problems->count = 0;
    return inbound_read(source, &inbound_request, in, problems, received);
}

/* "record_id: field required", of the first of them. */
static void
detail_of(struct reception *reception, const struct problems *problems)
{
    const struct problem *first = &problems->list[0];

    reception_detail(reception, "%s%s%s", first->loc[0],
                     first->loc[0][0] == '\0' ? "" : ": ", first->msg);
}

static void
read_body(struct reception *reception)
{
    struct exchange *exchange = reception->exchange;
    struct slice type = request_header(exchange->request, "Content-Type");
    struct problems problems; /* 20 KB: not worth clearing each time */
    struct inbound in;
    char received[65];
    bool taken = false;

    switch (receive_read(exchange, reception->source,
                         reception->is_once ? reception->once : NULL, &in,
                         &problems, received)) {
    case INBOUND_OK:
        taken = take_event(reception, &in);
        break;
    case INBOUND_INVALID:
        detail_of(reception, &problems);
        reply_problems(exchange->reply, &problems);
        break;
    case INBOUND_WRONG_SOURCE:
        reception_detail(reception, "The body names the source %s", received);
        receive_answer_wrong_source(exchange->reply, reception->source,
                                    received);
        break;
    case INBOUND_WRONG_TYPE:
        reception_detail(reception, "Content-Type: %.*s", (int)type.len,
                         type.ptr == NULL ? "" : type.ptr);
        receive_answer_wrong_type(exchange->reply, reception->provider);
        break;
    }
    if (!taken)
        inbound_free(&in);
}

void
receive_event(struct exchange *exchange, struct slice name,
              const struct receive_face *face)
{
    struct reception reception = {
        .exchange = exchange, .face = face, .name = name};

    if (!reception_begin(&reception))
        return;
    if (receive_admit(&reception) && receive_greet(&reception) &&
        receive_check_signature(&reception) && receive_pace(&reception) &&
        receive_greet_signed(&reception))
        read_body(&reception);
    reception_end(&reception);
}

static void
receive(struct exchange *exchange)
{
    receive_event(exchange, exchange->request->segment[0], &receive_documented);
}

const struct route receive_routes[] = {
    {METHOD_POST, "/api/v1/webhooks/{source}", ACCESS_OPEN, FAMILY_RECEIVE,
     false, receive},
};
const size_t receive_route_count =
    sizeof(receive_routes) / sizeof(receive_routes[0]);
