/*
 * router.h - the table of routes, and what happens before a handler runs.
 *
 * For every request: match the path ({x} captures one segment into
 * request->segment[n]), 404 for an unknown one, 405 with Allow for a known one
 * with another method, HEAD as GET without a body, OPTIONS with Allow; then
 * the token (auth.h) as the route asks for it; then a list's parameters
 * (list_query.h); then the handler. Where several paths fit, the one with a
 * literal earliest wins, whatever the order of the tables: /api/webhooks/test
 * before /api/webhooks/{id}. Every answer gets X-Request-Id, and every refused
 * or failed one a log line with the same id.
 */
#ifndef ROUTER_H
#define ROUTER_H

#include "app.h"

enum access {
    ACCESS_ALWAYS,       /* no token, and works without the database: /health */
    ACCESS_OPEN,         /* no token: receivers (they have signatures) */
    ACCESS_PUBLIC_STATS, /* open while public_stats = yes, else READ */
    ACCESS_READ,         /* admin, app, read */
    ACCESS_SEND,         /* admin, app, send */
    ACCESS_MANAGE        /* admin, app */
};

struct route {
    enum method method;
    const char *path; /* "/api/webhooks/{id}" */
    enum access access;
    enum family family;
    bool idempotent; /* honours Idempotency-Key */
    handler *handle;
};

/* One resource's routes (routes.c lists them all). */
struct route_table {
    const struct route *routes;
    const size_t *count;
    bool quick; /* the handlers keep to exchange->may_wait; those of other
                   tables, and large bodies, are only handled where a thread
                   may wait */
};

/*
 * Handles one request from parsed params to a finished reply, by the tables of
 * app->route_tables. `done` is called with `arg` when the reply is finished:
 * before this returns, or later by another thread.
 *
 * False, only with may_wait false: the request has to wait for something;
 * nothing has happened, and a thread that may wait is to start it again.
 */
bool router_start(struct app *app, struct request *request, struct reply *reply,
                  bool may_wait, void (*done)(void *arg), void *arg)
    __attribute__((warn_unused_result));

/* The same in one go: the reply is finished on return. */
void router_handle(struct app *app, struct request *request,
                   struct reply *reply);

/* For a request that router_start() has left and that found no thread in time:
   503. */
void router_give_up(struct app *app, struct request *request,
                    struct reply *reply, void (*done)(void *arg), void *arg);

/* For a handler that has set exchange->answers_later: its reply is finished
   now. *exchange is the copy; it is done with on return. */
void router_finish(struct exchange *exchange);

#endif /* ROUTER_H */
