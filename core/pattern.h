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

#include "slice.h"

#include <stdbool.h>

#define PATTERN_MAX 255

bool pattern_matches(struct slice pattern, struct slice type);
bool pattern_is_valid(struct slice pattern);
bool pattern_is_type(struct slice type); /* valid, and no '*' */

#endif /* PATTERN_H */
