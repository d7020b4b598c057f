/*
 * compare.h - an event's record beside the source's own.
 *
 * Values are equal if they mean the same: 1 and 1.0 are, "\u0041" and "A" are,
 * the order of members does not matter, and nothing is converted on the way.
 * All text must have been accepted by json_read().
 */
#ifndef COMPARE_H
#define COMPARE_H

#include "json.h"
#include "slice.h"
#include "verdict.h"

#include <stdbool.h>

bool compare_equal(const struct json_value *a, const struct json_value *b);

/* Of the members of `event`, how many percent, rounded down, `record` has with
   equal values; -1 if event is absent, no object, or has no members. */
int compare_share(struct slice event, struct slice record);

/* Is the record of the source older or newer than the event's, by that member
   (a time, or a number, in both)? field may be NULL: unknown. Equal texts are
   the same version, whatever they are. */
enum verdict_version compare_version(struct slice event, struct slice record,
                                     const char *field);

#endif /* COMPARE_H */
