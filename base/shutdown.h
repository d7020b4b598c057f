/*
 * shutdown.h - signals as a state that a loop can wait for.
 *
 * SIGTERM and SIGINT ask to stop (a second one asks to stop now), SIGHUP asks
 * to reload. Handlers set a flag and write to an eventfd; nothing else.
 */
#ifndef SHUTDOWN_H
#define SHUTDOWN_H

#include <stdbool.h>

enum shutdown_state {
    SHUTDOWN_NO,       /* run */
    SHUTDOWN_GRACEFUL, /* finish what is under way, then end */
    SHUTDOWN_NOW       /* end at once */
};

/* Installs the handlers (SIGPIPE is given an empty handler: ignored by name
   only would be undone by libfcgi). Call before other threads start. */
void shutdown_install(void);

enum shutdown_state shutdown_requested(void);

/* True once for each SIGHUP. */
bool shutdown_take_reload(void);

/* An eventfd that becomes readable at every signal; for poll(2). Drained by
   shutdown_drain(). */
int shutdown_fd(void);
void shutdown_drain(void);

/* Asks for a graceful stop from inside the process. */
void shutdown_request(void);

#endif /* SHUTDOWN_H */
