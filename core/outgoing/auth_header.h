/*
 * auth_header.h - how a delivery proves to the endpoint who it is.
 *
 *   basic    Authorization: Basic base64(user:password)   RFC 7617
 *   bearer   Authorization: Bearer token                  RFC 6750
 *   api key  a header of the endpoint's choice, X-API-Key by default
 *
 * OAuth2 client credentials end in a bearer token too; see oauth2.h.
 */
#ifndef AUTH_HEADER_H
#define AUTH_HEADER_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>

#define AUTH_TEXT_MAX 2048    /* bytes of a user, of a password */
#define AUTH_TOKEN_MAX 4096   /* bytes of a token */
#define AUTH_NAME "X-API-Key" /* of an API key whose header is not named */
#define AUTH_WHY_MAX 400      /* bytes of the longest message */
#define AUTH_VALUE_MAX 8000   /* bytes of a header's value, at most */

enum auth_kind { AUTH_NONE, AUTH_BASIC, AUTH_BEARER, AUTH_API_KEY };

/* Members that a kind does not know must be absent. */
struct auth {
    enum auth_kind kind;
    struct slice user;     /* basic */
    struct slice password; /* basic; may be empty */
    struct slice token;    /* bearer, api key */
    struct slice header;   /* api key; absent = AUTH_NAME */
};

bool auth_kind_from_name(struct slice name, enum auth_kind *kind)
    __attribute__((warn_unused_result));
const char *auth_kind_name(enum auth_kind kind);

/* False: *why gets one line that names the member and what is wrong with it,
   never its value. */
bool auth_header_check(const struct auth *auth, struct buf *why)
    __attribute__((warn_unused_result));

/*
 * The header of an auth that auth_header_check() has accepted: its name is returned
 * (not always with a NUL behind it), its value appended to `value`, which the
 * caller wipes. Absent, nothing appended, for AUTH_NONE.
 */
struct slice auth_header(const struct auth *auth, struct buf *value);

#endif /* AUTH_HEADER_H */
