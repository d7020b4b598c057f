/*
 * header_allowed.h - which headers may a subscription add to its requests?
 *
 * One table for all who ask: custom headers, the header of an API key. A name
 * is refused if it is ours (a receiver could not trust it), if it frames the
 * message or belongs to the connection (RFC 9110, 7.6.1), or if it is none.
 */
#ifndef HEADER_ALLOWED_H
#define HEADER_ALLOWED_H

#include "slice.h"

#include <stdbool.h>

#define HEADER_NAME_MAX 256   /* bytes */
#define HEADER_VALUE_MAX 4096 /* bytes */

enum header_verdict {
    HEADER_ALLOWED,
    HEADER_NOT_A_NAME, /* no token of RFC 9110, 5.6.2, or too long */
    HEADER_IS_OURS,
    HEADER_IS_FRAMING,
    HEADER_IS_HOP_BY_HOP
};

enum header_verdict header_allowed(struct slice name);

/* What to tell a user; ends a sentence that begins with the name. */
const char *header_verdict_text(enum header_verdict verdict);

/* True if it can be the value of a header as it stands: no control characters
   but tabs, no white space around it (RFC 9110, 5.5), not too long. */
bool header_value_allowed(struct slice value);

#endif /* HEADER_ALLOWED_H */
