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
#include "names.h"
#include "payloads.h"
#include "scheduler.h"
#include "seal.h"
#include "shutdown.h"
#include "store_loop.h"
#include "thrift.h"

#include <curl/curl.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
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
        .bytes = (size_t)settings->cache_bytes,
        .event_bytes = (size_t)settings->max_body,
        .inflight_bytes = (size_t)settings->inflight_bytes,
        .breaker_failures = (uint32_t)settings->breaker_failures,
        .breaker_open_us = settings->breaker_open_s * CLOCK_US_PER_S,
        .breaker_max_us = settings->breaker_max_s * CLOCK_US_PER_S,
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

static bool
start_threads(struct worker *worker, const struct store_setup *setup)
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

/* Signals are the main thread's; the others must not be interrupted in the
   middle of a conversation with the database. */
static bool
start(struct worker *worker, const struct store_setup *setup)
{
    sigset_t all, before;
    bool started;

    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    started = start_threads(worker, setup);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

/* Passes signals on until the store thread has come to its end. */
static void
watch_signals(struct worker *worker)
{
    while (!store_loop_ended(worker->store)) {
        struct pollfd fd = {.fd = shutdown_fd(), .events = POLLIN};
        enum shutdown_state state;

        (void)poll(&fd, 1, -1);
        shutdown_drain();
        if (shutdown_take_reload())
            log_reopen();
        state = shutdown_requested();
        if (state != SHUTDOWN_NO)
            store_loop_stop(worker->store, state == SHUTDOWN_NOW);
    }
}

static int
exit_code(enum store_end end)
{
    static const int codes[] = {
        [STORE_STOPPED] = EX_OK,
        [STORE_AWAY] = EX_UNAVAILABLE,
        [STORE_NO_WORK_OURS] = EX_TEMPFAIL,
        [STORE_REFUSED] = EX_CONFIG,
    };

    return codes[end];
}

static int
run_threads(struct worker *worker, const struct worker_limits *limits)
{
    const struct store_setup setup = {
        .settings = worker->settings,
        .catalog = worker->catalog,
        .payloads = worker->payloads,
        .follower = &worker->follower,
        .desk = &worker->desk,
        .deadline_us =
            limits->max_time_s == 0
                ? 0
                : clock_mono_us() + limits->max_time_s * CLOCK_US_PER_S,
        .once = limits->once,
    };
    enum store_end end;

    if (!start(worker, &setup))
        return EX_OSERR;
    watch_signals(worker);
    end = store_loop_join(worker->store);
    desk_give_order(&worker->desk, DESK_QUIT);
    loop_join(worker->loop);
    store_loop_free(worker->store);
    log_info(LOGGER, NULL, "Worker has stopped");
    return exit_code(end);
}

static int
run_with_key(struct worker *worker, const struct worker_limits *limits)
{
    const struct settings *settings = worker->settings;
    int code = EX_OSERR;

    worker->catalog = catalog_new(worker->sealer);
    catalog_use_settings(worker->catalog, settings);
    worker->payloads =
        payloads_new((size_t)settings->cache_bytes, (size_t)settings->max_body);
    follower_init(&worker->follower, worker->catalog,
                  (uint32_t)settings->lane_window);
    worker->follower.settings = settings;
    if (open_desk(worker)) {
        worker->desk.names = names_new();
        code = run_threads(worker, limits);
        names_free(worker->desk.names);
        desk_destroy(&worker->desk);
    }
    follower_destroy(&worker->follower);
    payloads_free(worker->payloads);
    catalog_free(worker->catalog);
    return code;
}

int
worker_run(const struct settings *settings, const struct worker_limits *limits)
{
    struct worker worker = {.settings = settings};
    struct buf why = BUF_INIT(1024);
    int code = EX_CONFIG;

    /* The resolver gives up sooner than its usual 5 s, 2 times; before there
       are threads. */
    (void)setenv("RES_OPTIONS", "timeout:2 attempts:2", 0);
    raise_file_limit(settings);
    thrift_begin();
    worker.sealer = seal_open_key(settings->key_file, &why);
    if (worker.sealer == NULL) {
        log_error(LOGGER, NULL, "%s", buf_slice(&why).ptr);
    } else if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        log_error(LOGGER, NULL, "libcurl cannot be initialised");
        code = EX_OSERR;
    } else {
        code = run_with_key(&worker, limits);
        curl_global_cleanup();
    }
    if (worker.sealer != NULL)
        seal_close(worker.sealer);
    buf_free(&why);
    return code;
}
