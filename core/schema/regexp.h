/*
 * regexp.h - does a text match a regular expression, in time that is linear in
 * the text whatever the expression.
 *
 * The notation is that of ECMA-262 (with its u flag), as JSON Schema's
 * `pattern` wants it, without what no such machine can do or few need:
 *
 *   x  .  [a-z]  [^a-z]  \d \D \w \W \s \S      one character
 *   \n \r \t \f \v \0 \xHH \uHHHH \u{H...} \cX  the same, written so
 *   \. \\ \/ ...                                any other sign as itself
 *   (x)  (?:x)  (?<name>x)  x|y                 groups, alternatives
 *   x*  x+  x?  x{2}  x{2,}  x{2,5}             repetition, lazy ones alike
 *   ^  $  \b  \B                                places
 *
 * Refused: look-ahead and look-behind, references to groups, \p{...}. A
 * character is a code point. \w and \d are those of ASCII. The expression is
 * searched for anywhere in the text, once, letter case matters.
 */
#ifndef REGEXP_H
#define REGEXP_H

#include "slice.h"

#include <stdbool.h>
#include <stddef.h>

#define REGEXP_TEXT_MAX 2000 /* bytes of an expression */
#define REGEXP_CODE_MAX 4000 /* steps of its machine: x{100} has 100 of x's */

struct regexp; /* opaque, never changes: for any number of threads */

/* NULL: *why is a static text. */
struct regexp *regexp_compile(struct slice text, const char **why)
    __attribute__((warn_unused_result));
void regexp_free(struct regexp *regexp);

/* text: well-formed UTF-8. Takes at most regexp_work() for its length. */
bool regexp_matches(const struct regexp *regexp, struct slice text);

/* Steps: a class is as many as it has ranges, and so is each repetition of
   it. */
size_t regexp_work(const struct regexp *regexp, size_t text_len);

#endif /* REGEXP_H */
