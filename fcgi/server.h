/*
 * server.h - the threads of a responder, from start to a clean end: those that
 * serve connections, those in which requests may wait for the database, and
 * housekeeping.
 */
#ifndef SERVER_H
#define SERVER_H

#include "app.h"
#include "transport.h"

#include <stdbool.h>

struct server_limits {
    int grace_ms;   /* for requests under way, when it is time to stop */
    int waiting_ms; /* for a request that finds no thread; then 503 */
};

struct server_end {
    bool failed;  /* not all threads could be started: a line says why */
    bool running; /* some are still busy: only the process can end. Else every
                     thread has ended, and resources may be given back. */
};

/*
 * Serves until a signal asks to stop (shutdown.h), or at once until all is
 * ended if it cannot start its threads; CGI: until its one request is
 * answered. A graceful stop takes no new requests and waits for those under
 * way; a second signal waits for none. What is to be written down at the end is,
 * within that time; after a second signal, within two seconds, and only if no
 * request is under way.
 */
struct server_end server_run(struct app *app, struct transport *transport,
                             const struct server_limits *limits)
    __attribute__((warn_unused_result));

#endif /* SERVER_H */
