/*
 * lane.c - the lane of an ordering key; see lane.h.
 */
#include "lane.h"

/* FNV-1a, 64 bits. What stands in `jobs` was made with it: it cannot change
   while a FIFO lane has work. */
static uint64_t
hash(struct slice key)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);
    size_t i;

    for (i = 0; i < key.len; i++) {
        sum ^= (unsigned char)key.ptr[i];
        sum *= UINT64_C(0x100000001b3);
    }
    return sum;
}

uint64_t
lane_of_key(uint64_t base, struct slice key)
{
    uint64_t sum, bits;

    if (key.ptr == NULL)
        return base;
    sum = hash(key);
    bits = (sum ^ sum >> 32) & LANE_KEY_BITS;
    return base | (bits == 0 ? LANE_KIND_BITS + 1 : bits);
}
