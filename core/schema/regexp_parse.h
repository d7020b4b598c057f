/*
 * regexp_parse.h - an expression while it is read: what regexp_parse.c shares
 * with regexp_class.c. Included by them only.
 */
#ifndef REGEXP_PARSE_H
#define REGEXP_PARSE_H

#include "regexp_impl.h"

struct regexp_parse {
    struct regexp *regexp;
    const unsigned char *at, *end;
    unsigned nesting;
    const char *why; /* what is wrong, once something is */
};

/* Says what is wrong; false. */
bool regexp_fail(struct regexp_parse *parse, const char *why);

/* Reads what stands for one character, which is there: a class, an escape or
   the character itself. */
bool regexp_read_one(struct regexp_parse *parse, struct regexp_step *step)
    __attribute__((warn_unused_result));

#endif /* REGEXP_PARSE_H */
