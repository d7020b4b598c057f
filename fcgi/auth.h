/*
 * auth.h - who asks, and may they?
 *
 * A token comes as `Authorization: Bearer TOKEN` or `X-API-Key: TOKEN` and is
 * known by its SHA-256. API_SECRET_KEY, where set, is an admin token. Missing,
 * unknown or expired: 401 with WWW-Authenticate; a scope that is too narrow:
 * 403. Which objects a token may see is the handlers' business.
 */
#ifndef AUTH_H
#define AUTH_H

#include "app.h"
#include "router.h"

#include <stdbool.h>

/* Fills exchange->caller. False: exchange->reply holds the refusal. */
bool auth_check(struct exchange *exchange, enum access access)
    __attribute__((warn_unused_result));

/* True if a caller of that scope may use such a route. */
bool auth_scope_allows(enum scope scope, enum access access);

/* The token as sent; absent: ptr NULL. */
struct slice auth_token(const struct request *request);

/* Writes last_used_at of the tokens seen, at most once a minute for each:
   called by housekeeping, away from the requests. */
void auth_record_use(struct app *app);

#endif /* AUTH_H */
