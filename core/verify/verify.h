/*
 * verify.h - is this inbound request from who it says?
 *
 * A source has a list of verifiers; the header that is there picks the one
 * that decides. Works on the raw bytes of the body and fails closed: an
 * unknown kind, no secret, headers of two verifiers at once, a header that
 * came twice or is not well-formed are all refusals. All live secrets and all
 * signatures that a header lists are tried; comparison takes constant time on
 * decoded bytes. The expected MAC never leaves this room.
 *
 * Pure: headers come through a look-up, the time is an argument.
 *
 * Kinds, with the header that picks them (the table is in verify_scheme.c):
 *
 *   hmac       configured        HMAC, as the members of struct verifier say
 *   standard   webhook-signature or svix-signature: Standard Webhooks 1.0.0,
 *              v1 (HMAC-SHA256) and v1a (ed25519)
 *   github     X-Hub-Signature-256       shopify  X-Shopify-Hmac-Sha256, or
 *   bitbucket  X-Hub-Signature                    without X-
 *   notion     X-Notion-Signature        linear   Linear-Signature
 *   stripe     Stripe-Signature          slack    X-Slack-Signature
 *   twilio     X-Twilio-Signature: over the public URL and the form, or the
 *              body by its bodySHA256
 *   sendgrid   X-Twilio-Email-Event-Webhook-Signature: ECDSA P-256
 *   discord    X-Signature-Ed25519
 *   gitlab     webhook-signature (GitLab 19 signs), else X-Gitlab-Token
 *   token      Authorization: Bearer, or a configured header: the secret
 *   basic      Authorization: Basic; the secret is "user:password"
 *
 * Secrets are the text that the provider shows, used as raw bytes, but for:
 *   standard   "whsec_" + base64 (padding may be missing), also behind "v1,"
 *              and then perhaps several with '|' between them; "whpk_" +
 *              base64 of an ed25519 public key, also behind "v1a,"; any other
 *              text as raw bytes
 *   gitlab     "whsec_" + base64 signs, any other text is a token
 *   discord    hex of the public key
 *   sendgrid   base64 of the public key (SPKI)
 */
#ifndef VERIFY_H
#define VERIFY_H

#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum verify_result {
    VERIFY_OK,
    VERIFY_NO_SECRET, /* nothing to check against that the kind can use */
    VERIFY_MISSING,   /* no signature header, or one it needs beside it */
    VERIFY_AMBIGUOUS, /* signatures of two verifiers, ids of two spellings */
    VERIFY_MALFORMED, /* the header is not a signature of its kind */
    VERIFY_STALE,     /* the signed time is outside the window */
    VERIFY_MISMATCH,  /* well-formed, but made with another secret or body */
    VERIFY_UNUSABLE   /* the verifier is wrong, or its public URL is unknown */
};

/* A stable word for logs and rejections: "missing_signature", ... */
const char *verify_result_name(enum verify_result result);

enum verify_digest { VERIFY_SHA256, VERIFY_SHA512, VERIFY_SHA1 };

#define VERIFY_ANY_TIME INT64_C(-1)

/* One way to check a request. Only kind and secrets matter to most kinds;
   members that a kind does not know must be zero. */
struct verifier {
    const char *kind;
    const char *header;   /* hmac, token: where the signature or token is */
    const char *prefix;   /* hmac, token: in front of it; NULL = none */
    bool prefix_optional; /* hmac */
    bool base64;          /* hmac: standard alphabet, padded; else hex */
    enum verify_digest digest;    /* hmac */
    const char *signed_text;      /* hmac: {body}, {timestamp}, {id} and {url}
                                     with anything around; NULL = {body} */
    const char *timestamp_header; /* hmac: seconds or milliseconds since 1970;
                                     NULL = none is signed */
    const char *id_header;        /* hmac, or NULL */
    int64_t window_s;             /* both ways; 0 = as usual for the kind, or
                                     VERIFY_ANY_TIME */
    const struct slice *secrets;  /* live ones, tried in order; empty ones are
                                    none. Not owned. */
    size_t secret_count;
};

/* The kinds there are, one by one; NULL: no more. */
const char *verifier_kind(size_t index);

/* NULL, or what is wrong with everything but the secrets: a static text that
   ends a sentence such as "the verifier: ...". */
const char *verifier_problem(const struct verifier *verifier);

/* True if the kind of the verifier can check anything with that secret. */
bool verifier_takes_secret(const struct verifier *verifier,
                           struct slice secret);

/* The request to check. */
struct verify_message {
    /* The value of a header, name in any case; absent: ptr NULL. A header that
       came in several lines: VERIFY_SEVERAL, or all of them with ", " between
       them. */
    struct slice (*header)(void *arg, const char *name);
    void *arg;
    struct slice body; /* as it came */
    struct slice url;  /* that the sender knows us by, with the query as it
                          came; absent = not known */
    int64_t now_us;    /* wall clock */
};

extern const char verify_several[];
#define VERIFY_SEVERAL ((struct slice){verify_several, 1})

/* Which of them it was. */
struct verify_match {
    size_t verifier;
    size_t secret; /* of that verifier: the first that fits */
};

/* *match (may be NULL) is written for VERIFY_OK only. */
enum verify_result
verify_message(const struct verifier *verifiers, size_t count,
               const struct verify_message *message, struct verify_match *match)
    __attribute__((warn_unused_result));

/*
 * What makes a request that was found right the only one of its kind: the
 * SHA-256 of all that its sender has signed, if a time or an id is among that.
 * Who signs those means each request but once, so the same bytes again are a
 * repeat. False: nothing of the kind is signed (or the request is not right),
 * and the same bytes may be meant twice.
 */
bool verify_once(const struct verifier *verifiers, size_t count,
                 const struct verify_message *message, uint8_t hash[32])
    __attribute__((warn_unused_result));

#endif /* VERIFY_H */
