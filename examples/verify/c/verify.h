/*
 * verify.h - checks that a webhook comes from Postern, with OpenSSL 3.
 *
 * Texts end with a NUL; `secrets` ends with NULL. The body is the raw bytes.
 */
#ifndef VERIFY_H
#define VERIFY_H

#include <stdbool.h>
#include <stddef.h>

/* X-Webhook-Signature: sha256=<hex HMAC-SHA256 of the body> */
bool verify_hmac(const char *const *secrets, const void *body, size_t len,
                 const char *signature);

/* webhook-id, webhook-timestamp and webhook-signature of Standard Webhooks:
   refuses what is older than tolerance_s; any of the signatures may fit. */
bool verify_standard(const char *const *secrets, const void *body, size_t len,
                     const char *id, const char *timestamp,
                     const char *signatures, long long tolerance_s);

#endif /* VERIFY_H */
