/*
 * taker.h - subscriptions that want an event, and who of them gets a job when.
 */
#ifndef TAKER_H
#define TAKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An event that more subscriptions want gets a fan-out job, which makes theirs
   later, in steps (store_fanout.h). */
#define FANOUT_AT_ONCE 100

struct taker {
    uint32_t id;   /* of the subscription */
    bool fifo;     /* in the order of the events */
    bool filtered; /* it has a filter (catalog_filter()) */
};

/*
 * Divides those who want one event: from the first on those who get a job at
 * once, whose number is returned, behind them those whom a fan-out job is to
 * serve, if they are very many. Who wants the events in their order is always
 * served at once, and stands in front.
 */
size_t taker_divide(struct taker *takers, size_t count, size_t *ordered);

#endif /* TAKER_H */
