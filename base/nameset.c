/*
 * nameset.c - a set of byte strings that hostile input cannot make slow; see
 * nameset.h.
 */
#include "nameset.h"

#include "alloc.h"
#include "random.h"

#include <stdlib.h>

#define PRIME ((UINT64_C(1) << 31) - 1)

void
nameset_init(struct nameset *set)
{
    /* few[] is left alone: it is only read up to count. */
    set->count = 0;
    set->table = NULL;
    set->cap = 0;
}

void
nameset_free(struct nameset *set)
{
    free(set->table);
    nameset_init(set);
}

/*
 * The name as a polynomial over the integers modulo a prime, at a random
 * point: two different names of n bytes collide for at most n of the 2^31
 * points, whatever they are.
 */
static size_t
hash(const struct nameset *set, struct slice name)
{
    uint64_t sum = name.len + 1;
    size_t i;

    for (i = 0; i < name.len; i++)
        sum = (sum * set->key + (unsigned char)name.ptr[i] + 1) % PRIME;
    sum *= UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(sum >> 32);
}

/* Where the name stands, or the free slot where it belongs. */
static struct slice *
find(const struct nameset *set, struct slice name)
{
    size_t mask = set->cap - 1, i = hash(set, name) & mask;

    while (set->table[i].ptr != NULL && !slice_equal(set->table[i], name))
        i = (i + 1) & mask;
    return &set->table[i];
}

/* Moves everything into a table four times as large, an eighth full. */
static void
grow(struct nameset *set)
{
    struct slice *old = set->table == NULL ? set->few : set->table;
    size_t old_cap = set->table == NULL ? set->count : set->cap, i;

    if (set->table == NULL)
        set->key = random_u32() % (PRIME - 1) + 1;
    set->cap = set->table == NULL ? (size_t)NAMESET_FEW / 3 * 16 : set->cap * 4;
    set->table = xcalloc(set->cap, sizeof(set->table[0]));
    for (i = 0; i < old_cap; i++) {
        if (old[i].ptr != NULL)
            *find(set, old[i]) = old[i];
    }
    if (old != set->few)
        free(old);
}

bool
nameset_add(struct nameset *set, struct slice name)
{
    struct slice *slot;
    size_t i;

    if (set->table == NULL) {
        for (i = 0; i < set->count; i++) {
            if (slice_equal(set->few[i], name))
                return false;
        }
        if (set->count < NAMESET_FEW) {
            set->few[set->count++] = name;
            return true;
        }
        grow(set);
    } else if (set->count >= set->cap / 2) {
        grow(set);
    }
    slot = find(set, name);
    if (slot->ptr != NULL)
        return false;
    *slot = name;
    set->count++;
    return true;
}
