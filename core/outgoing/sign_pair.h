/*
 * sign_pair.h - ed25519 signatures of Standard Webhooks (v1a), and their keys.
 *
 *   whsk_<base64 of 64 bytes: seed and public key>   private, kept by us
 *   whpk_<base64 of 32 bytes>                        public, shown to receivers
 *   webhook-signature: v1a,<base64 ed25519("id.timestamp.body")>
 *
 * (standardwebhooks.com 1.0.0; RFC 8032.) A private key of 32 bytes, the seed
 * alone, is read as well.
 */
#ifndef SIGN_PAIR_H
#define SIGN_PAIR_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

#define SIGN_PRIVATE_TEXT_MAX 96 /* bytes of whsk_..., with NUL */
#define SIGN_PUBLIC_TEXT_MAX 56  /* bytes of whpk_..., with NUL */

/* A private key ready for use; any number of threads may sign with it. */
struct sign_pair;

/* A new pair, as text. The caller wipes private_text. */
void sign_make_pair(char private_text[SIGN_PRIVATE_TEXT_MAX],
                    char public_text[SIGN_PUBLIC_TEXT_MAX]);

/* NULL if the text is no private key, or its halves do not belong together.
   Costs as much as a signature: keep what it gives. */
struct sign_pair *sign_pair_open(struct slice private_text)
    __attribute__((warn_unused_result));
void sign_pair_free(struct sign_pair *pair);

/* True if a secret is meant to be one: it starts with whsk_. */
bool sign_pair_looks_private(struct slice secret);

void sign_pair_public(const struct sign_pair *pair,
                      char public_text[SIGN_PUBLIC_TEXT_MAX]);

/* Appends "v1a,<base64>". Copies the body: ed25519 reads it twice. */
void sign_pair_header(const struct sign_pair *pair, struct slice id,
                      int64_t timestamp_s, struct slice body, struct buf *out);

#endif /* SIGN_PAIR_H */
