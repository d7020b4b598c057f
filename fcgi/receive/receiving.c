/*
 * receiving.c - see receiving.h.
 */
#include "receiving.h"

#include "alloc.h"
#include "random.h"

#include <stdlib.h>

struct receiving *
receiving_new(void)
{
    struct receiving *receiving = xcalloc(1, sizeof(*receiving));

    receiving->limiter = limiter_new(random_u64());
    receiving->backlog = backlog_new();
    receiving->rejecting = rejecting_new();
    receiving->counting = counting_new();
    receiving->book = watch_book_new();
    return receiving;
}

void
receiving_free(struct receiving *receiving)
{
    if (receiving == NULL)
        return;
    limiter_free(receiving->limiter);
    backlog_free(receiving->backlog);
    rejecting_free(receiving->rejecting);
    counting_free(receiving->counting);
    watch_book_free(receiving->book);
    free(receiving);
}

static void
write_down(struct app *app)
{
    rejecting_flush(app->receiving->rejecting, app->pool, &app->ids);
    counting_flush(app->receiving->counting, app->pool, app->node.number);
}

void
receiving_keep(struct app *app)
{
    write_down(app);
    backlog_keep(app->receiving->backlog, app->pool);
    watch_book_keep(app->receiving->book, app->pool);
}

void
receiving_end(struct app *app)
{
    write_down(app);
}
