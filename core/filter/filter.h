/*
 * filter.h - does a subscription want this event? A JSON filter, compiled once.
 *
 * A filter is a JSON object. Each member is a condition, and all must hold:
 *
 *   {"data": {"status": "paid", "amount": {"$gte": 100, "$lt": 500}}}
 *
 * A condition on a value is one of
 *
 *   "text" 5 true null   the value equals it
 *   {"name": condition}  it holds for the member (only an object has members)
 *   {"$op": operand}     an operator, see below; stands beside names as well
 *   [condition, ...]     the value is an array, and for each there is an item
 *   {}                   always holds
 *
 *   $eq $neq               any JSON; objects whatever the order of members
 *   $gt $gte $lt $lte      a number or a string, compared with its own kind
 *   $in $nin               equals one of a list of scalars; or, with a string:
 *                          has it as a part (an array: as an item)
 *   $startsWith $endsWith  a string, or a list of which one has to fit
 *   $exist                 true or false; null exists
 *   $and $or               a list of conditions, at least one
 *   $not                   a condition that must not hold
 *
 * Where the value is an array, names and comparisons of one condition hold if
 * one item satisfies them all (items that are arrays are not searched). $neq
 * and $nin hold for an array if no item equals, and need a value to be there;
 * $not holds also where the value is missing.
 *
 * Types are never converted: "5" is not 5. Numbers are compared exactly, with
 * all their digits; strings by code points, escapes decoded. Of a name that
 * stands twice in an object the last member counts, as it does for most
 * readers of JSON. A member whose name starts with '$' cannot be named.
 */
#ifndef FILTER_H
#define FILTER_H

#include "buf.h"
#include "json.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>

#define FILTER_TEXT_MAX 16384 /* bytes of JSON */
#define FILTER_DEPTH 10       /* brackets inside each other */
#define FILTER_PARTS 256      /* names, operators and items of lists */
#define FILTER_WHY_MAX 2200   /* bytes of the longest message */

struct filter; /* opaque, never changes: for any number of threads */

/*
 * NULL: *why gets one line that says where and what, such as
 * "$.data.amount.$gte: must be a number or a string". Names in it are cut and
 * escaped.
 */
struct filter *filter_compile(struct slice json, struct buf *why)
    __attribute__((warn_unused_result));
void filter_free(struct filter *filter);

/* A member of the object that is asked about; a value's text must have been
   accepted by json_read(). */
struct filter_member {
    const char *name;
    struct json_value value;
};

/*
 * The object is given by its members (an event's parts need not be assembled),
 * or as text that json_read() has accepted. Reads each value once for all
 * conditions and allocates nothing that grows with the event: at worst the
 * event's size times the filter's parts.
 */
bool filter_matches(const struct filter *filter,
                    const struct filter_member *members, size_t count);
bool filter_matches_text(const struct filter *filter, struct json_value value);

#endif /* FILTER_H */
