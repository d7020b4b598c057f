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

enum server_end {
    SERVER_DONE,   /* every thread has ended: resources may be given back */
    SERVER_RUNNING /* some are still busy: only the process can end */
};

/*
 * Serves until a signal asks to stop (shutdown.h); CGI: until its one request
 * is answered. A graceful stop takes no new requests and waits for those under
 * way, for at most grace_ms; a second signal waits no longer.
 */
enum server_end server_run(struct app *app, struct transport *transport,
                           int grace_ms) __attribute__((warn_unused_result));

#endif /* SERVER_H */
