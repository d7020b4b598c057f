/*
 * storing.h - events on their way into the database, and the exchange that is
 * answered once they are there.
 *
 * Where somebody else sends the reply (exchange->done), the thread goes on with
 * other requests, and the answer is written by the thread that has committed.
 */
#ifndef STORING_H
#define STORING_H

#include "app.h"

#include <stddef.h>

/* What a handler keeps until COMMIT: its own struct begins with this. */
struct storing {
    void (*answer)(struct storing *storing);  /* into exchange.reply: stored */
    void (*destroy)(struct storing *storing); /* frees it */

    /* storing_start() fills these. */
    struct exchange exchange;
    struct commit_request commit;
};

/*
 * Commits all the events or none; then the reply is what answer() writes, or
 * 503 or 500. The handler has nothing more to do but to return. The events and
 * what they point to belong to *storing, which is destroyed.
 */
void storing_start(struct storing *storing, struct exchange *exchange,
                   struct new_event *events, size_t count);

#endif /* STORING_H */
