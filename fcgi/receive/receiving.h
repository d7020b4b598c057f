/*
 * receiving.h - what the receivers of a process share between requests: rate
 * limits, the lengths of queues, names of what is watched, and what came to
 * nothing.
 */
#ifndef RECEIVING_H
#define RECEIVING_H

#include "app.h"
#include "backlog.h"
#include "counting.h"
#include "limiter.h"
#include "rejecting.h"
#include "watch_book.h"

struct receiving {
    struct limiter *limiter;
    struct backlog *backlog;
    struct rejecting *rejecting;
    struct counting *counting;
    struct watch_book *book;
};

struct receiving *receiving_new(void);
void receiving_free(struct receiving *receiving); /* may be NULL */

/* Housekeeping, once a second. */
void receiving_keep(struct app *app);

/* At the end, when no request comes any more: writes down what is left. */
void receiving_end(struct app *app);

#endif /* RECEIVING_H */
