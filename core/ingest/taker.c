/*
 * taker.c - subscriptions that want an event, and who of them gets a job when.
 */
#include "taker.h"

static size_t
ordered_first(struct taker *takers, size_t count)
{
    size_t i, ordered = 0;

    for (i = 0; i < count; i++) {
        struct taker taker = takers[i];

        if (!taker.fifo)
            continue;
        takers[i] = takers[ordered];
        takers[ordered++] = taker;
    }
    return ordered;
}

size_t
taker_divide(struct taker *takers, size_t count, size_t *ordered)
{
    *ordered = ordered_first(takers, count);
    return count - *ordered > FANOUT_AT_ONCE ? *ordered : count;
}
