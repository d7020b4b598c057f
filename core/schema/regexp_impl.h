/*
 * regexp_impl.h - the machine of an expression: what regexp_parse.c makes and
 * regexp.c runs. Included by them only.
 */
#ifndef REGEXP_IMPL_H
#define REGEXP_IMPL_H

#include "regexp.h"

#include <stdint.h>

enum regexp_op {
    REGEXP_CHAR,     /* the character `value` */
    REGEXP_ANY,      /* any but a line's end */
    REGEXP_CLASS,    /* one of class `value` */
    REGEXP_SPLIT,    /* goes on at both a and b */
    REGEXP_JUMP,     /* goes on at a */
    REGEXP_START,    /* only at the start of the text */
    REGEXP_END,      /* only at its end */
    REGEXP_BORDER,   /* only between a word and something else */
    REGEXP_NO_BORDER /* only elsewhere */
};

/* a and b count from the step itself, so that a piece of code may move. */
struct regexp_step {
    enum regexp_op op;
    uint32_t value;
    int32_t a, b;
};

struct regexp_range {
    uint32_t first, last;
};

struct regexp_class {
    bool negated;
    size_t range; /* the first of them */
    size_t count;
};

struct regexp {
    struct regexp_step *code; /* behind its last step it has matched */
    size_t count;
    struct regexp_class *classes;
    size_t class_count;
    struct regexp_range *ranges;
    size_t range_count;
    size_t work; /* for each character, at most */
};

#endif /* REGEXP_IMPL_H */
