/*
 * load_body.h - the requests that the load generator sends.
 *
 * Every body carries its number and the moment it was due ("n" and "t",
 * monotonic microseconds), so that a sink can tell what arrived and how late:
 *
 *   supabase  a documented Supabase body, signed: X-Webhook-Signature, HMAC
 *             made for each; record id and data differ in every one
 *   trigger   a body of POST /api/events/trigger; event types take turns
 *   fixed     the same bytes every time
 */
#ifndef LOAD_BODY_H
#define LOAD_BODY_H

#include "buf.h"

#include <stdbool.h>
#include <stdint.h>

struct load_body {
    const char *kind;    /* "supabase", "trigger" or "fixed" */
    const char *secret;  /* supabase */
    const char *token;   /* sent as Authorization: Bearer; NULL: none */
    const char *tag;     /* part of the record id, different for each run */
    const char *event;   /* trigger: the event type, its number follows */
    uint64_t types;      /* trigger: so many of them, 0: no number follows */
    uint64_t body_bytes; /* padded to that */
};

bool load_body_valid(const struct load_body *body);

/* Appends request number n: head and body. */
void load_body_request(const struct load_body *body, const char *path,
                       uint64_t n, int64_t due_us, struct buf *out);

#endif /* LOAD_BODY_H */
