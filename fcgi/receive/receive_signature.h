/*
 * receive_signature.h - is an inbound request from the source it is sent to?
 *
 * Secrets, in this order: the source's own; else WEBHOOK_SECRET; else, for
 * supabase, SUPABASE_KEY (with a warning: that key is for something else).
 * Without any secret everything is refused, and a log line says what to do.
 */
#ifndef RECEIVE_SIGNATURE_H
#define RECEIVE_SIGNATURE_H

#include "app.h"
#include "verify_preset.h"

#include <stdbool.h>
#include <stddef.h>

#define RECEIVE_SECRETS_MAX 16

/*
 * Checks the raw body. *source may move to a newer catalog: a secret that was
 * set a moment ago counts at once. *verified: false where the configuration
 * says that signatures are not checked. False: exchange->reply holds the
 * refusal, and *source may be gone.
 */
bool receive_check_signature(struct exchange *exchange,
                             const struct source **source, bool *verified)
    __attribute__((warn_unused_result));

/* The secrets that count for a source, newest first; how many were written.
   *borrowed: SUPABASE_KEY stands in. */
size_t receive_secrets(const struct settings *settings,
                       const struct source *source,
                       struct slice secrets[RECEIVE_SECRETS_MAX],
                       bool *borrowed);

#endif /* RECEIVE_SIGNATURE_H */
