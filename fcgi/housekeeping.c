/*
 * housekeeping.c - see housekeeping.h.
 */
#include "housekeeping.h"

#include "auth.h"
#include "contact.h"
#include "receiving.h"

#include <poll.h>

#define EVERY_MS 1000

static void
keep_house(struct app *app)
{
    contact_keep(app);
    auth_record_use(app);
    contact_renew(app);
    receiving_keep(app);
    commit_reap(app->committer);
    db_pool_reap(app->pool);
}

void
housekeeping_run(struct app *app, int stop_fd)
{
    struct pollfd stop = {.fd = stop_fd, .events = POLLIN};

    while (poll(&stop, 1, EVERY_MS) <= 0)
        keep_house(app);
}
