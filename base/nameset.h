/*
 * nameset.h - a set of byte strings that hostile input cannot make slow.
 *
 * A few names are compared one by one, without allocating. Beyond that they
 * stand in a hash table whose function is drawn at random for each set, so
 * nobody can prepare names that collide.
 */
#ifndef NAMESET_H
#define NAMESET_H

#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAMESET_FEW 24

struct nameset {
    size_t count;                  /* names in the set */
    struct slice few[NAMESET_FEW]; /* all of them while table is NULL */
    struct slice *table;           /* ptr NULL: free slot */
    size_t cap;                    /* slots of table, a power of two */
    uint64_t key;                  /* picks the hash function */
};

void nameset_init(struct nameset *set);
void nameset_free(struct nameset *set);

/* False if the name was there already. The set keeps the slice (ptr not NULL),
   not a copy. */
bool nameset_add(struct nameset *set, struct slice name)
    __attribute__((warn_unused_result));

#endif /* NAMESET_H */
