/*
 * filter_parse.h - a filter while it is read: what filter_parse.c, which reads
 * conditions, shares with filter_operator.c. Included by them only.
 */
#ifndef FILTER_PARSE_H
#define FILTER_PARSE_H

#include "filter_impl.h"

/* One step of the path to what is being read: a name or an index. */
struct filter_step {
    struct slice name; /* absent: an index */
    size_t index;
};

struct filter_parse {
    struct filter *filter;
    struct buf *why;
    struct filter_step path[FILTER_DEPTH];
    unsigned depth; /* steps of the path */
    unsigned named; /* of them, members of the event */
    unsigned parts;
};

/* Where the conditions of an object go: those that one value satisfies
   together below `one`, which is 0 until it is needed, all others below
   `all`. */
struct filter_place {
    uint16_t all;
    uint16_t one;
};

/* Says where and what is wrong; false. */
bool filter_fail(struct filter_parse *parse, const char *what);

/* Goes to a member or, name absent, to an item of what is being read. */
bool filter_enter(struct filter_parse *parse, struct slice name, size_t index)
    __attribute__((warn_unused_result));
void filter_leave(struct filter_parse *parse);

/* A new node, the last child of its parent. */
uint16_t filter_add(struct filter_parse *parse, uint16_t parent,
                    enum filter_kind kind);

/* The node of kind FILTER_ONE. */
uint16_t filter_one(struct filter_parse *parse, struct filter_place *place);

/* A member's name, decoded into the filter's memory. */
struct slice filter_member_name(struct filter_parse *parse,
                                const struct json_member *member);
/* The same for a string; a scalar of another type as it is. */
struct slice filter_text(struct filter_parse *parse, struct json_value value);

/* Reads a condition as a child of `parent`; *out is its node. */
bool filter_condition(struct filter_parse *parse, struct json_value value,
                      uint16_t parent, uint16_t *out)
    __attribute__((warn_unused_result));

/* Reads the operand of the operator called `name`. */
bool filter_operator(struct filter_parse *parse, struct slice name,
                     struct json_value value, struct filter_place *place)
    __attribute__((warn_unused_result));

/* Any JSON as an operand of the FILTER_TEST node `test`. */
bool filter_operand(struct filter_parse *parse, struct json_value value,
                    uint16_t test) __attribute__((warn_unused_result));

#endif /* FILTER_PARSE_H */
