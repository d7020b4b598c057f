/*
 * deliver.c - see deliver.h.
 *
 * Headers: Standard Webhooks 1.0.0 (webhook-id, webhook-timestamp,
 * webhook-signature), our own X-Webhook-*, and W3C Trace Context
 * (traceparent: one trace for an event, one span for an attempt).
 */
#include "deliver.h"

#include "clock.h"
#include "encode.h"
#include "format.h"
#include "id.h"
#include "sign.h"
#include "version.h"

#include <stdlib.h>
#include <string.h>

#define ENVELOPE_MAX 4096 /* bytes that a format adds to data and metadata */

/* Names that a subscription's own headers may not take: they are ours, or
   they would change how the message is framed. */
static bool
is_reserved(const char *name)
{
    static const char *const names[] = {
        "connection",  "content-length", "content-type",
        "expect",      "host",           "te",
        "traceparent", "trailer",        "transfer-encoding",
        "upgrade",     "user-agent",
    };
    size_t i;

    if (strncasecmp(name, "webhook-", 8) == 0 ||
        strncasecmp(name, "x-webhook-", 10) == 0)
        return true;
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcasecmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

/* A token of RFC 9110 section 5.6.2. */
static bool
is_header_name(const char *name)
{
    static const char token[] =
        "!#$%&'*+-.^_`|~0123456789"
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

    return name[0] != '\0' && strspn(name, token) == strlen(name);
}

static void
add_own_headers(const struct subscription *subscription,
                struct request *request)
{
    size_t i;

    for (i = 0; i < subscription->header_count; i++) {
        const struct header *header = &subscription->headers[i];

        if (is_header_name(header->name) && !is_reserved(header->name))
            request_add_header(request, header->name, slice_of(header->value));
    }
}

static void
add_signatures(const struct subscription *subscription, struct slice id,
               int64_t wall_us, struct request *request)
{
    struct slice secret = slice_of(subscription->secret);
    struct slice body = buf_slice(&request->body);
    int64_t now_s = wall_us / CLOCK_US_PER_S;
    struct buf text = BUF_INIT(1024);

    sign_hex_header(secret, body, &text);
    request_add_header(request, "X-Webhook-Signature", buf_slice(&text));
    buf_clear(&text);
    sign_standard_header(secret, id, now_s, body, &text);
    if (subscription->old_secret != NULL &&
        subscription->old_secret_until_us > wall_us) {
        buf_add_char(&text, ' ');
        sign_standard_header(slice_of(subscription->old_secret), id, now_s,
                             body, &text);
    }
    request_add_header(request, "webhook-signature", buf_slice(&text));
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

static void
add_headers(const struct subscription *subscription, const struct event *event,
            const struct job_row *job, const struct deliver_time *time,
            struct request *request)
{
    char id[ID_TEXT_MAX], delivery[ID_TEXT_MAX], number[24];

    id_format(ID_EVENT, event->id, id);
    id_format(ID_DELIVERY, job->id, delivery);
    request_add_header(request, "Content-Type", SLICE("application/json"));
    request_add_header(request, "User-Agent",
                       SLICE("Postern/" POSTERN_VERSION));
    request_add_header(request, "webhook-id", slice_of(id));
    (void)snprintf(number, sizeof(number), "%lld",
                   (long long)(time->wall_us / CLOCK_US_PER_S));
    request_add_header(request, "webhook-timestamp", slice_of(number));
    add_signatures(subscription, slice_of(id), time->wall_us, request);
    request_add_header(request, "X-Webhook-Event", event->type);
    request_add_header(request, "X-Webhook-Delivery", slice_of(delivery));
    (void)snprintf(number, sizeof(number), "%u", job->attempts + 1);
    request_add_header(request, "X-Webhook-Attempt", slice_of(number));
    add_traceparent(event->id, time->span, request);
    add_own_headers(subscription, request);
}

enum obstacle
deliver_build(const struct subscription *subscription,
              const struct event *event, const struct job_row *job,
              const struct deliver_time *time, struct request *request)
{
    struct format_event content;

    if (event == NULL)
        return OBSTACLE_EVENT_MISSING;
    if (subscription->secret == NULL)
        return OBSTACLE_SECRET;
    content = (struct format_event){
        .id = event->id,
        .type = event->type,
        .data = event->payload,
        .metadata = event->metadata,
    };
    request->body.max = event->payload.len + event->metadata.len + ENVELOPE_MAX;
    format_body(subscription->format, &content, &request->body);
    buf_add_text(&request->url, subscription->url);
    if (!buf_ok(&request->body) || !buf_ok(&request->url) ||
        !request_expect_nothing(request)) {
        request_clear(request);
        return OBSTACLE_INTERNAL;
    }
    add_headers(subscription, event, job, time, request);
    return OBSTACLE_NONE;
}
