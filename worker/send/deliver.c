/*
 * deliver.c - see deliver.h.
 *
 * Headers: Standard Webhooks 1.0.0 (webhook-id, webhook-timestamp,
 * webhook-signature, or the same as svix-*), those of the format, our own
 * X-Webhook-*, W3C Trace Context (traceparent: one trace for an event, one span
 * for an attempt), the credentials for the endpoint, and the subscription's.
 */
#include "deliver.h"

#include "alloc.h"
#include "clock.h"
#include "encode.h"
#include "endpoint_auth.h"
#include "format.h"
#include "header_allowed.h"
#include "id.h"
#include "sign.h"
#include "version.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRETS_MAX 4 /* that sign at the same time */

/* The credentials' header, and the name that no other header may have then. */
static struct slice
add_auth(const struct endpoint_auth *auth, struct request *request)
{
    struct buf value = BUF_INIT(AUTH_VALUE_MAX);
    struct slice name;
    char *text;

    if (auth == NULL)
        return SLICE_NONE;
    if (auth->oauth2)
        return SLICE("Authorization"); /* whoever has the token adds it */
    name = auth_header(&auth->header, &value);
    text = slice_text(name);
    request_add_header(request, text, buf_slice(&value));
    free(text);
    buf_wipe(&value);
    return name;
}

/* Rows may be older than the rules, or made by hand. */
static void
add_own_headers(const struct subscription *subscription, struct slice taken,
                struct request *request)
{
    size_t i;

    for (i = 0; i < subscription->header_count; i++) {
        const struct header *header = &subscription->headers[i];

        if (header_allowed(slice_of(header->name)) == HEADER_ALLOWED &&
            !slice_is_nocase(taken, header->name))
            request_add_header(request, header->name, slice_of(header->value));
    }
}

/* Newest first; the old ones sign as long as they live. */
static size_t
live_secrets(const struct subscription *subscription, int64_t wall_us,
             struct sign_secret secrets[SECRETS_MAX])
{
    bool old = subscription->old_secret_until_us > wall_us;
    size_t n = 0;

    secrets[n++] = (struct sign_secret){slice_of(subscription->secret), NULL};
    if (old && subscription->old_secret != NULL)
        secrets[n++] =
            (struct sign_secret){slice_of(subscription->old_secret), NULL};
    if (subscription->pair != NULL)
        secrets[n++] = (struct sign_secret){SLICE_NONE, subscription->pair};
    if (old && subscription->old_pair != NULL)
        secrets[n++] = (struct sign_secret){SLICE_NONE, subscription->old_pair};
    return n;
}

static void
add_signatures(const struct subscription *subscription, struct slice id,
               int64_t wall_us, struct request *request)
{
    const struct sign_names *names = sign_names(subscription->naming);
    struct sign_secret secrets[SECRETS_MAX];
    struct slice body = buf_slice(&request->body);
    int64_t now_s = wall_us / CLOCK_US_PER_S;
    struct buf text = BUF_INIT(SIGN_LIST_MAX);

    request_add_header(request, names->id, id);
    buf_add_i64(&text, now_s);
    request_add_header(request, names->timestamp, buf_slice(&text));
    buf_clear(&text);
    sign_hex_header(slice_of(subscription->secret), body, &text);
    request_add_header(request, "X-Webhook-Signature", buf_slice(&text));
    buf_clear(&text);
    sign_list(secrets, live_secrets(subscription, wall_us, secrets), id, now_s,
              body, &text);
    request_add_header(request, names->signature, buf_slice(&text));
    buf_free(&text);
}

/* The trace is a function of the event, so all its deliveries and attempts
   meet in it. */
static void
add_traceparent(uint64_t event_id, uint64_t span, struct request *request)
{
    char text[64], trace_hex[33], span_hex[17];
    uint8_t digest[32];
    int n;

    sign_sha256(slice_make(&event_id, sizeof(event_id)), digest);
    encode_hex(digest, 16, trace_hex);
    span |= 1; /* all zeros would be no span */
    encode_hex(&span, sizeof(span), span_hex);
    n = snprintf(text, sizeof(text), "00-%s-%s-01", trace_hex, span_hex);
    request_add_header(request, "traceparent", slice_make(text, (size_t)n));
}

/* What the headers tell of an event, or of several. */
struct message {
    char id[ID_TEXT_MAX];
    uint64_t number; /* the same */
    struct slice type;
    uint64_t delivery_id; /* of one */
    size_t batch;         /* how many; 0 = one, and no batch */
    uint32_t attempts;    /* made so far */
};

static void
add_number(struct request *request, const char *name, uint64_t number)
{
    struct buf text = BUF_INIT(24);

    buf_add_u64(&text, number);
    request_add_header(request, name, buf_slice(&text));
    buf_free(&text);
}

static void
add_headers(const struct subscription *subscription,
            const struct message *message, const struct deliver_time *time,
            struct request *request)
{
    char delivery[ID_TEXT_MAX];
    struct slice taken;

    request_add_header(request, "User-Agent",
                       SLICE("Postern/" POSTERN_VERSION));
    add_signatures(subscription, slice_of(message->id), time->wall_us, request);
    request_add_header(request, "X-Webhook-Event", message->type);
    if (message->batch > 0) {
        add_number(request, "X-Webhook-Batch-Size", message->batch);
    } else {
        id_format(ID_DELIVERY, message->delivery_id, delivery);
        request_add_header(request, "X-Webhook-Delivery", slice_of(delivery));
    }
    add_number(request, "X-Webhook-Attempt", message->attempts + 1);
    add_traceparent(message->number, time->span, request);
    taken = add_auth(subscription->auth, request);
    add_own_headers(subscription, taken, request);
}

static struct format_event
content_of(const struct event *event)
{
    return (struct format_event){
        .id = event->id,
        .type = event->type,
        .data = event->payload,
        .metadata = event->metadata,
    };
}

static void
write_body(const struct subscription *subscription,
           const struct format_event *contents, size_t count, bool batch,
           struct format_out *out)
{
    enum payload_format format = subscription->format;
    const struct format_options options = {
        .template = subscription->template,
        .source = subscription->cloudevents_source == NULL
                      ? SLICE_NONE
                      : slice_of(subscription->cloudevents_source),
    };

    if (batch) {
        out->body->max = format_batch_max(format, contents, count);
        format_write_batch(format, &options, contents, count, out);
    } else {
        out->body->max = format_body_max(format, contents);
        format_write(format, &options, contents, out);
    }
}

/* The body, and what headers tell of it. */
static enum obstacle
add_body(const struct subscription *subscription,
         const struct format_event *contents, size_t count, bool batch,
         struct request *request)
{
    struct format_out out;
    bool whole;
    size_t i;

    format_out_init(&out, &request->body);
    write_body(subscription, contents, count, batch, &out);
    whole = buf_ok(&request->body);
    if (whole)
        request_add_header(request, "Content-Type", slice_of(out.content_type));
    for (i = 0; whole && i < out.header_count; i++)
        request_add_header(request, out.headers[i].name, out.headers[i].value);
    format_out_free(&out);
    return whole ? OBSTACLE_NONE : OBSTACLE_TOO_LARGE;
}

static enum obstacle
check(const struct subscription *subscription)
{
    if (subscription->secret == NULL)
        return OBSTACLE_SECRET;
    return subscription->unreadable == NULL ? OBSTACLE_NONE
                                            : OBSTACLE_UNREADABLE;
}

/* Behind its body: URL and headers. What cannot be made is left empty. */
static enum obstacle
complete(const struct subscription *subscription, const struct message *message,
         const struct deliver_time *time, enum obstacle obstacle,
         struct request *request)
{
    buf_add_text(&request->url, subscription->url);
    if (obstacle == OBSTACLE_NONE &&
        (!buf_ok(&request->url) || !request_expect_nothing(request)))
        obstacle = OBSTACLE_INTERNAL;
    if (obstacle == OBSTACLE_NONE)
        add_headers(subscription, message, time, request);
    else
        request_clear(request);
    return obstacle;
}

enum obstacle
deliver_build(const struct subscription *subscription,
              const struct event *event, const struct job_row *job,
              const struct deliver_time *time, struct request *request)
{
    enum obstacle obstacle = check(subscription);
    struct format_event content;
    struct message message;

    if (event == NULL)
        return OBSTACLE_EVENT_MISSING;
    if (obstacle != OBSTACLE_NONE)
        return obstacle;
    message = (struct message){
        .number = event->id,
        .type = event->type,
        .delivery_id = job->id,
        .attempts = job->attempts,
    };
    id_format(ID_EVENT, event->id, message.id);
    content = content_of(event);
    obstacle = add_body(subscription, &content, 1, false, request);
    return complete(subscription, &message, time, obstacle, request);
}

/* Of the ids of its events, in their order. */
static uint64_t
batch_number(const struct event *const *events, size_t count)
{
    struct buf ids = BUF_INIT(count * ID_TEXT_MAX);
    uint8_t digest[32];
    uint64_t number = 0;
    char text[ID_TEXT_MAX];
    size_t i;

    for (i = 0; i < count; i++) {
        id_format(ID_EVENT, events[i]->id, text);
        buf_add_text(&ids, text);
    }
    sign_sha256(buf_slice(&ids), digest);
    buf_free(&ids);
    for (i = 0; i < sizeof(number); i++)
        number = number << 8 | digest[i];
    return number >> 1; /* as large as other ids */
}

enum obstacle
deliver_build_batch(const struct subscription *subscription,
                    const struct event *const *events, size_t count,
                    uint32_t attempts, const struct deliver_time *time,
                    struct request *request)
{
    enum obstacle obstacle = check(subscription);
    struct format_event *contents;
    struct message message;
    size_t i;

    assert(count > 0);
    if (obstacle != OBSTACLE_NONE)
        return obstacle;
    message = (struct message){
        .number = batch_number(events, count),
        .type = SLICE("batch"),
        .batch = count,
        .attempts = attempts,
    };
    id_format(ID_BATCH, message.number, message.id);
    contents = xcalloc(count, sizeof(*contents));
    for (i = 0; i < count; i++)
        contents[i] = content_of(events[i]);
    obstacle = add_body(subscription, contents, count, true, request);
    free(contents);
    return complete(subscription, &message, time, obstacle, request);
}
