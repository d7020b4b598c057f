/*
 * redact.h - masking a secret in what somebody sends back to us.
 *
 * Receivers echo requests: in error pages, in JSON, cut off somewhere. A place
 * counts where the secret stands as it is, or as JSON, HTML or a URL write some
 * of its characters (\/, \u0026, &amp;, %2B).
 */
#ifndef REDACT_H
#define REDACT_H

#include "slice.h"

#include <stdbool.h>
#include <stddef.h>

/* What is shorter is no secret, and would be found everywhere. */
#define REDACT_MIN 6

/* Overwrites each place with '*'. cut: the text may end in the middle of a
   secret, so its beginning counts at the very end. Of a long secret the first
   64 characters count anywhere, and what follows as far as it goes. */
void redact(char *text, size_t len, bool cut, struct slice secret);

#endif /* REDACT_H */
