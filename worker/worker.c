/*
 * worker.c - see worker.h.
 *
 *   main thread      signals
 *   store thread     all SQL (store_loop.h)
 *   delivery loop    all HTTP (loop.h)
 */
#include "worker.h"

#include "catalog.h"
#include "clock.h"
#include "desk.h"
#include "follower.h"
#include "log.h"
#include "loop.h"
#include "payloads.h"
#include "scheduler.h"
#include "seal.h"
#include "shutdown.h"
#include "store_loop.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>

#define LOGGER "postern.worker"
#define TASKS_PER_SLOT 16
#define TASKS_LEAST 8192 /* jobs in memory; 500 bytes each, events apart */

struct worker {
    const struct settings *settings;
    struct sealer *sealer;
    struct catalog *catalog;
    struct follower follower;
    struct payloads *payloads;
    struct desk desk;
    struct loop *loop;
    struct store_loop *store;
};

/* As many sockets as the system lets us have. */
static void
raise_file_limit(const struct settings *settings)
{
    struct rlimit limit;
    rlim_t want = (rlim_t)settings->slots * 3 + 64;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_max < want)
        log_warning(LOGGER,
                    LOG_FIELDS(LOG_INT("limit", limit.rlim_max),
                               LOG_INT("slots", settings->slots)),
                    "The limit of open files is low for so many slots");
}

static bool
open_desk(struct worker *worker)
{
    const struct settings *settings = worker->settings;
    struct scheduler_limits limits = {
        .slots = (uint32_t)settings->slots,
        .lane_window = (uint32_t)settings->lane_window,
        .tasks = (size_t)settings->slots * TASKS_PER_SLOT,
    };
    struct scheduler *scheduler;

    if (limits.tasks < TASKS_LEAST)
        limits.tasks = TASKS_LEAST;
    scheduler = scheduler_new(&limits, follower_setup, &worker->follower);
    if (desk_init(&worker->desk, scheduler, (size_t)settings->flush_rows))
        return true;
    log_error(LOGGER, LOG_FIELDS(LOG_TEXT("error", strerror(errno))),
              "Cannot make an event descriptor");
    return false;
}

/* Resources first, then the threads that use them. */
static bool
start(struct worker *worker, const struct store_setup *setup)
{
    struct buf why = BUF_INIT(1024);

    worker->loop = loop_start(worker->settings, &worker->desk, worker->catalog,
                              setup->deadline_us, &why);
    if (worker->loop == NULL) {
        log_error(LOGGER, NULL, "%s", buf_slice(&why).ptr);
        buf_free(&why);
        return false;
    }
    buf_free(&why);
    worker->store = store_loop_start(setup);
    if (worker->store != NULL)
        return true;
    log_error(LOGGER, LOG_FIELDS(LOG_TEXT("error", strerror(errno))),
              "Cannot start the store thread");
    desk_give_order(&worker->desk, DESK_QUIT);
    loop_join(worker->loop);
    return false;
}

/* Returns when the process is to end: by a signal, or because the store
   thread is done. */
static void
watch_signals(struct worker *worker)
{
    enum shutdown_state state;

    while ((state = shutdown_requested()) != SHUTDOWN_NOW) {
        struct pollfd fd = {.fd = shutdown_fd(), .events = POLLIN};

        if (shutdown_take_reload())
            log_reopen();
        if (state == SHUTDOWN_GRACEFUL)
            return;
        (void)poll(&fd, 1, -1);
        shutdown_drain();
    }
    (void)worker;
}
