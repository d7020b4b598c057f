/*
 * json_compare.h - numbers and strings of JSON text, compared as they stand.
 *
 * Nothing is converted or decoded into memory: numbers keep every digit, and a
 * string's escapes are decoded while it is read. All JSON text must have been
 * accepted by json_read().
 */
#ifndef JSON_COMPARE_H
#define JSON_COMPARE_H

#include "slice.h"

#include <stdbool.h>

/*
 * Less than, equal to or greater than 0 as number a is below, equal to or
 * above number b. Exact whatever the notation: 1, 1.0 and 10e-1 are equal,
 * 9007199254740993 and 9007199254740992 are not. An exponent beyond +-10^18
 * counts as that.
 */
int json_compare_numbers(struct slice a, struct slice b);

/* In the same manner a JSON string (with its quotes) and UTF-8 text, by code
   points. */
int json_compare_text(struct slice quoted, struct slice text);

/* Does the JSON string (with its quotes) start with the text, end with it, or
   have it anywhere? Every string does for the empty text. */
bool json_text_starts(struct slice quoted, struct slice text);
bool json_text_ends(struct slice quoted, struct slice text);
bool json_text_contains(struct slice quoted, struct slice text);

#endif /* JSON_COMPARE_H */
