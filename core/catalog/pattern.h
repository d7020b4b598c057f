/*
 * pattern.h - which event types a subscription wants.
 *
 *   order.created   that type
 *   order.*         every type that starts with "order." (any depth below)
 *   *               every type
 *
 * A type or pattern is 1..255 bytes of UTF-8 without white space, control
 * characters, or empty parts between dots; '*' only as the last part.
 */
#ifndef PATTERN_H
#define PATTERN_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>

#define PATTERN_MAX 255

/* Both must be valid; letter case matters. */
bool pattern_matches(struct slice pattern, struct slice type);
bool pattern_is_valid(struct slice pattern);
bool pattern_is_type(struct slice type); /* valid, and no '*' */

/*
 * Appends a name from outside (well-formed UTF-8) as parts of a type: each
 * character that a type cannot hold becomes '_', and so does an empty part.
 * "my table" gives "my_table", "a..b" gives "a._.b".
 */
void pattern_add_clean(struct buf *out, struct slice text);

#endif /* PATTERN_H */
