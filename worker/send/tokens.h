/*
 * tokens.h - the access tokens that endpoints are sent, kept as long as they
 * are good (oauth2.h).
 *
 * Belongs to the delivery loop. A token is kept for a version of its
 * subscription: other credentials never use it.
 */
#ifndef TOKENS_H
#define TOKENS_H

#include "catalog.h"
#include "oauth2.h"

#include <stdint.h>

#define TOKENS_MAX 4096 /* kept at most; one more makes room of all */

struct tokens;

struct tokens *tokens_new(void);
void tokens_free(struct tokens *tokens); /* wipes them */

/* NULL: there is none, or it ends soon. Valid until the next call. */
const char *tokens_find(struct tokens *tokens,
                        const struct subscription *subscription,
                        int64_t now_us);
void tokens_keep(struct tokens *tokens, const struct subscription *subscription,
                 const struct oauth2_token *token, int64_t now_us);
/* The endpoint does not take it any more. */
void tokens_forget(struct tokens *tokens,
                   const struct subscription *subscription);

#endif /* TOKENS_H */
