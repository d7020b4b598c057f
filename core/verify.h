/*
 * verify.h - is this inbound request from who it says?
 *
 * Works on the raw bytes of the body and fails closed: an unknown scheme, no
 * secret, two schemes at once, or a header that is not exactly one well-formed
 * signature are all refusals. All live secrets are tried; comparison takes
 * constant time on decoded bytes. The expected MAC never leaves this module.
 */
#ifndef VERIFY_H
#define VERIFY_H

#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verify_result {
    VERIFY_OK,
    VERIFY_NO_SECRET, /* nothing to check against: the source has none */
    VERIFY_MISSING,   /* no signature header */
    VERIFY_AMBIGUOUS, /* headers of two schemes at once */
    VERIFY_MALFORMED, /* the header is not a signature of its scheme */
    VERIFY_STALE,     /* the signed timestamp is outside the window */
    VERIFY_MISMATCH   /* well-formed, but made with another secret or body */
};

/* A stable word for logs and rejections: "missing_signature", ... */
const char *verify_result_name(enum verify_result result);

/* Signature headers as the transport found them; absent ones have ptr NULL. */
struct verify_headers {
    struct slice webhook_signature; /* X-Webhook-Signature: [sha256=]hex */
    struct slice notion_signature;  /* X-Notion-Signature: sha256=hex */
};

/*
 * provider: "supabase" takes webhook_signature; "notion" takes either.
 * secrets: live ones, tried in order; *used (may be NULL) is the index of the
 * one that matched.
 */
enum verify_result verify_request(const char *provider,
                                  const struct verify_headers *headers,
                                  const struct slice *secrets, size_t count,
                                  struct slice body, size_t *used)
    __attribute__((warn_unused_result));

/* One "[sha256=]hex" value against one secret: for `postern verify`. */
enum verify_result verify_hex(struct slice header, struct slice secret,
                              struct slice body)
    __attribute__((warn_unused_result));

/* Standard Webhooks: webhook-id, -timestamp (unix s), -signature (a list,
   separated by spaces; a trailing comma is tolerated). window_s in both
   directions, 0 = not checked. */
enum verify_result verify_standard(struct slice id, struct slice timestamp,
                                   struct slice signatures, struct slice secret,
                                   struct slice body, int64_t now_s,
                                   int64_t window_s)
    __attribute__((warn_unused_result));

#endif /* VERIFY_H */
