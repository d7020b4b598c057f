/*
 * filter_impl.h - the compiled form of a filter, shared by the files of
 * filter.h. Included by them only.
 */
#ifndef FILTER_IMPL_H
#define FILTER_IMPL_H

#include "filter.h"

#include <stdint.h>

enum filter_kind {
    FILTER_ALL,   /* all children hold: a condition, and $and */
    FILTER_ANY,   /* one child holds: $or */
    FILTER_NOT,   /* the child does not hold */
    FILTER_OTHER, /* there is a value, and the child does not hold */
    FILTER_EXIST, /* there is a value, or (wanted false) there is none */
    FILTER_EACH,  /* an array, and each child holds for one of its items */
    FILTER_ONE,   /* one value - or one item - satisfies all children: tests,
                     and conditions with a name */
    FILTER_TEST,  /* compares with its children, which are FILTER_VALUE */
    FILTER_VALUE  /* an operand; arrays and objects have children */
};

enum filter_test {
    TEST_EQUAL, /* one operand; the other tests may have several */
    TEST_ABOVE,
    TEST_NOT_BELOW,
    TEST_BELOW,
    TEST_NOT_ABOVE,
    TEST_AMONG,
    TEST_PART,
    TEST_START,
    TEST_END
};

struct filter_node {
    enum filter_kind kind;
    enum filter_test test; /* FILTER_TEST */
    bool wanted;           /* FILTER_EXIST */
    bool if_absent;        /* a condition: does it hold without a value? */
    bool named;            /* stands for the member of that name */
    enum json_kind type;   /* FILTER_VALUE */
    struct slice name;     /* decoded */
    struct slice text; /* FILTER_VALUE: a string decoded, a scalar as it is */
    uint16_t child, next; /* 0: none, for the root is nobody's child */
};

/* Each part takes at most a condition, its FILTER_ONE, a test and an operand;
   the root has two more. */
#define FILTER_NODES_MAX (4 * FILTER_PARTS + 2)

struct filter {
    struct filter_node *nodes; /* [0] is the root's condition */
    uint16_t count;
    struct buf texts; /* what name and text of the nodes point into */
};

/* Does the FILTER_TEST node hold for this very value? `item`: it stands in an
   array that is being searched. */
bool filter_test_holds(const struct filter *filter, uint16_t node,
                       struct json_value value, bool item);

#endif /* FILTER_IMPL_H */
