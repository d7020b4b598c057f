/*
 * sign.h - signatures we make: HMAC-SHA256 as hex, and Standard Webhooks.
 *
 *   X-Webhook-Signature: sha256=<hex HMAC-SHA256(body), key = secret as shown>
 *   webhook-signature:   v1,<base64 HMAC-SHA256("id.timestamp.body")>
 *                        key = base64-decoded part after "whsec_", any other
 *                        secret as raw bytes (standardwebhooks.com, 1.0.0)
 *
 * A secret that starts with "whsec_" and goes on with something that is not
 * valid base64 (standard alphabet, padded, at least one byte) is used as the
 * raw bytes of the whole string, prefix included.
 *
 * All functions may be called by any number of threads at once.
 */
#ifndef SIGN_H
#define SIGN_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

#define SIGN_MAC 32             /* bytes of an HMAC-SHA256 */
#define SIGN_SECRET_MAX 256     /* bytes of a secret given by a user */
#define SIGN_SECRET_TEXT_MAX 64 /* bytes of a made secret, with NUL */

void sign_hmac_sha256(struct slice key, struct slice message,
                      uint8_t mac[SIGN_MAC]);
/* The same over several pieces in a row. */
void sign_hmac_sha256_parts(struct slice key, const struct slice *parts,
                            size_t count, uint8_t mac[SIGN_MAC]);
void sign_sha256(struct slice message, uint8_t digest[32]);
void sign_sha256_parts(const struct slice *parts, size_t count,
                       uint8_t digest[32]);

/* "whsec_" and base64 of 32 random bytes. */
void sign_make_secret(char out[SIGN_SECRET_TEXT_MAX]);

/* Appends "sha256=<hex>". */
void sign_hex_header(struct slice secret, struct slice body, struct buf *out);

/* The MAC inside webhook-signature. */
void sign_standard_mac(struct slice secret, struct slice id,
                       int64_t timestamp_s, struct slice body,
                       uint8_t mac[SIGN_MAC]);

/* Appends "v1,<base64>"; for several secrets call again after a space. */
void sign_standard_header(struct slice secret, struct slice id,
                          int64_t timestamp_s, struct slice body,
                          struct buf *out);

/* Compares len bytes of both in time that does not depend on them. */
bool sign_equal(const void *a, const void *b, size_t len);

#endif /* SIGN_H */
