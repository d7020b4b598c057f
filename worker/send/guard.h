/*
 * guard.h - the one place where requests to the outside begin: libcurl handles
 * that connect to allowed addresses only.
 *
 * Every handle of the worker is made here, whatever it is for: deliveries,
 * tests, questions for tokens, questions to sources. The address is judged
 * (target.h) at each connect, after the name has been resolved, and once more
 * before each request, as a connection that is used again opens no socket. So
 * a name that changes its address after its URL was checked gains nothing.
 */
#ifndef GUARD_H
#define GUARD_H

#include "target.h"

#include <curl/curl.h>
#include <stdbool.h>

/* What it has seen of the transfer that is under way. */
struct guard {
    const struct target_nets *allow; /* private networks that may be reached */
    const char *refusal;             /* why an address was not; or NULL */
    bool opened;                     /* another one was allowed */
    void (*on_request)(void *arg); /* a request is about to be sent; or NULL */
    void *request_arg;
};

/*
 * A handle with everything set that decides where it may connect to; this is
 * not to be set again, nor is the handle to be reset or duplicated. guard
 * outlives it. NULL: libcurl has no memory or refuses an option.
 */
CURL *guard_new_handle(struct guard *guard) __attribute__((warn_unused_result));

/* Before a transfer. */
void guard_begin(struct guard *guard);

/* Why nothing was sent, as target_address_refusal() says it; NULL: the guard
   was not in the way. */
const char *guard_refusal(const struct guard *guard);

#endif /* GUARD_H */
