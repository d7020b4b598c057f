/*
 * housekeeping.c - see housekeeping.h.
 */
#include "housekeeping.h"

#include "auth.h"
#include "contact.h"
#include "receiving.h"
#include "store_filtered.h"

#include <poll.h>

#define EVERY_MS 1000

/* What filters kept back; a failure costs a count, nothing else. */
static void
count_filtered(struct app *app)
{
    struct db *db = NULL;

    if (catalog_has_filtered(app->catalog))
        db = db_pool_take(app->pool);
    if (db == NULL)
        return;
    (void)!store_filtered_write(db, app->catalog, app->node.number);
    db_pool_give(app->pool, db);
}

static void
keep_house(struct app *app)
{
    contact_keep(app);
    auth_record_use(app);
    contact_renew(app);
    receiving_keep(app);
    count_filtered(app);
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

void
housekeeping_end(struct app *app)
{
    auth_record_use(app);
    receiving_end(app);
    contact_release(app);
}
