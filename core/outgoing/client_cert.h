/*
 * client_cert.h - the certificate by which a delivery proves itself in TLS.
 *
 * One PEM text: the certificate, those of its issuers if there are any, and
 * its private key, which is not encrypted (RFC 7468).
 */
#ifndef CLIENT_CERT_H
#define CLIENT_CERT_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>

#define CLIENT_CERT_MAX 65536     /* bytes of PEM */
#define CLIENT_CERT_WHY_MAX 200   /* bytes of the longest message */
#define CLIENT_CERT_SHOWN_MAX 900 /* bytes of what is shown of it */

/*
 * False: *why gets one line. Else *shown gets {"subject","expires_at"}, which
 * is all that is ever shown of it.
 */
bool client_cert_check(struct slice pem, struct buf *shown, struct buf *why)
    __attribute__((warn_unused_result));

#endif /* CLIENT_CERT_H */
