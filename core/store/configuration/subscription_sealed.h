/*
 * subscription_sealed.h - the secrets of a form as sealed columns of the
 * subscription's row, beside what may be shown of them.
 */
#ifndef SUBSCRIPTION_SEALED_H
#define SUBSCRIPTION_SEALED_H

#include "buf.h"
#include "seal.h"
#include "slice.h"
#include "subscription_form.h"

#include <stdint.h>

/* Whose they are: a sealed value opens in its own row alone. */
struct subscription_seal {
    const struct sealer *sealer;
    uint32_t application_id;
    uint32_t id;
};

/* Appends the literal of the sealed text. */
void subscription_seal_text(struct buf *sql,
                            const struct subscription_seal *seal,
                            const char *column, struct slice text);

/* Appends ", headers = x'..', ..." for headers, auth, ed25519 and client
   certificate, as far as they are given; a null takes them away. The secret is
   not among them. */
void subscription_sealed_add(struct buf *sql,
                             const struct subscription_seal *seal,
                             const struct subscription_form *form);

#endif /* SUBSCRIPTION_SEALED_H */
