/*
 * oauth2.h - an access token by OAuth 2.0 client credentials: what is asked,
 * and what the answer means (RFC 6749, 4.4).
 *
 * Pure: the request is sent by somebody else, through the same guard as every
 * delivery and without following redirects. The token goes into a
 * `Authorization: Bearer` header (auth_header.h).
 */
#ifndef OAUTH2_H
#define OAUTH2_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OAUTH2_TEXT_MAX 2048     /* bytes of URL, scope, audience */
#define OAUTH2_ID_MAX 512        /* bytes of a client_id */
#define OAUTH2_SECRET_MAX 1024   /* bytes of a client_secret */
#define OAUTH2_REQUEST_MAX 20000 /* bytes of a request's body */
#define OAUTH2_HEADER_MAX 8000   /* bytes of its Authorization header */
#define OAUTH2_ANSWER_MAX 65536  /* bytes of an answer that are looked at */
#define OAUTH2_TOKEN_MAX 4096    /* bytes of a token */
#define OAUTH2_WHY_MAX 2048      /* bytes of the longest message */
#define OAUTH2_LIFE_S 300        /* of a token whose end is not told */
#define OAUTH2_LIFE_MAX_S 86400  /* no token is kept longer */

struct oauth2_client {
    struct slice token_url; /* checked by target_check_url(), not here */
    struct slice client_id;
    struct slice client_secret;
    struct slice scope;    /* words with spaces between, or absent */
    struct slice audience; /* asked for by some servers, or absent */
    bool secret_in_body;   /* else HTTP Basic, which every server knows */
};

/* False: *why gets one line that names the member and what is wrong with it,
   never its value. */
bool oauth2_check(const struct oauth2_client *client, struct buf *why)
    __attribute__((warn_unused_result));

#define OAUTH2_CONTENT_TYPE "application/x-www-form-urlencoded"

/*
 * The request of a client that oauth2_check() has accepted: POST with the body
 * appended to `body`, of OAUTH2_CONTENT_TYPE, Accept: application/json, and,
 * where something is appended to `authorization`, that header. The caller
 * wipes both.
 */
void oauth2_request(const struct oauth2_client *client, struct buf *body,
                    struct buf *authorization);

enum oauth2_result {
    OAUTH2_TOKEN,   /* *token is written */
    OAUTH2_LATER,   /* 408, 425, 429, 5xx: ask again */
    OAUTH2_REFUSED, /* the client is wrong; asking again will not help */
    OAUTH2_GARBLED  /* 200 and no token that can be used */
};

struct oauth2_token {
    char text[OAUTH2_TOKEN_MAX + 1]; /* visible ASCII */
    int64_t renew_after_s;           /* from the answer on; before it ends */
};

/* For every result but OAUTH2_TOKEN *why gets one line, with what the server
   says of it, cut and escaped. The token is never in it. */
enum oauth2_result oauth2_answer(long status, struct slice body,
                                 struct oauth2_token *token, struct buf *why)
    __attribute__((warn_unused_result));

#endif /* OAUTH2_H */
