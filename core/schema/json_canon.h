/*
 * json_canon.h - JSON in a form in which equal values have equal bytes, and
 * numbers as exact decimals.
 *
 * All JSON text must have been accepted by json_read().
 */
#ifndef JSON_CANON_H
#define JSON_CANON_H

#include "buf.h"
#include "json.h"
#include "slice.h"

#include <stdbool.h>
#include <stdint.h>

#define JSON_CANON_MAX(len) (4 * (len) + 64)

/*
 * Appends the value: members in the order of their names, of a name that stands
 * twice the last one, escapes decoded, 1.0 as 1e0. At most JSON_CANON_MAX() of
 * the text's bytes. An exponent beyond +-10^17 counts as that.
 */
void json_canon(struct json_value value, struct buf *out);

/* A number as digits * 10^power: no zero at either end of the digits, no point
   among those that count. */
struct json_decimal {
    bool negative;
    struct slice digits; /* of the text: a point may stand in it; len 0: zero */
    int64_t power;
};

struct json_decimal json_decimal_of(struct slice number);

/* It has no fraction. */
bool json_is_integer(struct slice number);

/* Significant digits that json_is_multiple() takes. */
#define JSON_FACTOR_DIGITS 9
/* Is it more than zero, and short enough for the next function? */
bool json_is_factor(struct slice factor);
bool json_is_multiple(struct slice number, struct slice factor);

#endif /* JSON_CANON_H */
