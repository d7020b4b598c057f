/*
 * app.h - what every handler may use: one struct, made by main().
 */
#ifndef APP_H
#define APP_H

#include "catalog.h"
#include "commit.h"
#include "db.h"
#include "doorbell.h"
#include "id.h"
#include "node.h"
#include "reply.h"
#include "request.h"
#include "seal.h"
#include "settings.h"
#include "target.h"

#include <stdatomic.h>

struct contact;     /* contact.h */
struct receiving;   /* receiving.h */
struct route_table; /* router.h */

struct app {
    const struct settings *settings;
    const struct route_table *route_tables; /* route_table_count of them */
    size_t route_table_count;
    struct sealer *sealer;
    struct catalog *catalog;
    struct committer *committer;
    struct db_pool *pool; /* for everything that is not ingest */
    struct id_source ids;
    struct node node;
    struct doorbell *doorbell;
    struct target_nets allow_targets;
    struct target_nets trusted_proxies;
    atomic_uint_fast64_t requests; /* answered so far */
    struct contact *contact;       /* what is known about the database */
    struct receiving *receiving;   /* what the receivers share */
};

/* Who asks: filled by the router from the token, before the handler runs. */
struct caller {
    bool anonymous; /* an open route, no token given */
    enum scope scope;
    uint32_t application_id; /* admin: the default application */
    uint32_t token_id;       /* 0: API_SECRET_KEY */
};

struct exchange {
    struct app *app;
    struct request *request;
    struct reply *reply;
    struct caller caller;
    const struct catalog_snapshot *catalog; /* held for the request */

    /* Where this runs. A thread that serves many connections must not wait for
       the database: a handler that would have to sets must_wait and returns,
       and the request starts again in a thread that may. */
    bool may_wait;
    bool must_wait;
    /* Who sends the reply; NULL: the handler has to answer before it returns.
       Else it may set `answers_later`, copy the exchange and return: whoever
       has the answer calls router_finish() with the copy, from any thread. */
    void (*done)(void *arg);
    void *done_arg;
    bool answers_later;
};

typedef void handler(struct exchange *exchange);

#endif /* APP_H */
