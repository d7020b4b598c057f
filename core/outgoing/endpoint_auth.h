/*
 * endpoint_auth.h - the credentials of a subscription for its endpoint, as the
 * API takes them and as they are stored (sealed).
 *
 *   {"type":"basic","user","password"?}
 *   {"type":"bearer","token"}
 *   {"type":"api_key","token","header"?}
 *   {"type":"oauth2","token_url","client_id","client_secret","scope"?,
 *    "audience"?,"secret_in_body"?}
 *
 * What each member may hold is said by auth_header.h and oauth2.h.
 */
#ifndef ENDPOINT_AUTH_H
#define ENDPOINT_AUTH_H

#include "auth_header.h"
#include "buf.h"
#include "json.h"
#include "oauth2.h"
#include "slice.h"

#include <stdbool.h>

#define ENDPOINT_AUTH_WHY_MAX OAUTH2_WHY_MAX
#define ENDPOINT_AUTH_MAX 16384 /* bytes of JSON */

/* Owns its texts. */
struct endpoint_auth {
    bool oauth2; /* `client` counts, else `header` */
    struct auth header;
    struct oauth2_client client;
};

/*
 * object: a JSON object that json_read() has accepted. NULL: *why gets one line
 * "member: what is wrong with it", without the value. That the token URL may be
 * reached is not checked here.
 */
struct endpoint_auth *endpoint_auth_read(struct slice object, struct buf *why)
    __attribute__((warn_unused_result));

/*
 * Is the text one that this member of this type of credentials may have,
 * whatever the others are? False: *why gets what is wrong with it, without name
 * and value. True also of a type and of a member that are unknown.
 */
bool endpoint_auth_check_member(struct slice type, const char *name,
                                struct slice text, struct buf *why)
    __attribute__((warn_unused_result));
void endpoint_auth_free(struct endpoint_auth *auth); /* wipes it */

/* Appends the same object with "***" in place of what is secret. */
void endpoint_auth_print_shown(const struct endpoint_auth *auth,
                               struct buf *out);

#endif /* ENDPOINT_AUTH_H */
