/*
 * server.c - see server.h.
 */
#include "server.h"

#include "alloc.h"
#include "clock.h"
#include "housekeeping.h"
#include "log.h"
#include "router.h"
#include "shutdown.h"
#include "waiting_room.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LOGGER "postern.http"
#define LOOK_EVERY_MS 1000 /* at requests that find no thread */
#define CUT_MS 2000        /* for threads that have nothing to do */

struct server {
    struct app *app;
    struct transport *transport;
    struct server_limits limits;
    struct waiting_room *room; /* or NULL: who serves a connection may wait */
    int stop_fd;               /* eventfd: housekeeping ends */
    int done_fd;               /* eventfd: counts the threads that have ended */
    pthread_t *threads;
    unsigned started;
    unsigned ended;
    atomic_uint serving; /* threads that serve connections */
    atomic_bool failed;  /* one of any kind could not be started */
};

static void
answer(void *call)
{
    transport_answer(call);
}

/* A thread that serves connections: request after request, of many if the
   transport shares its threads. */
static void
serve(struct server *server)
{
    struct transport_worker *worker = transport_join(server->transport);
    bool may_wait = server->room == NULL;
    struct call *call;

    if (worker == NULL) {
        log_error(LOGGER, NULL, "A request thread cannot start: %s",
                  strerror(errno));
        atomic_store(&server->failed, true);
        return;
    }
    while ((call = transport_accept(worker)) != NULL) {
        if (may_wait) {
            router_handle(server->app, &call->request, &call->reply);
            transport_answer(call);
        } else if (!router_start(server->app, &call->request, &call->reply,
                                 false, answer, call)) {
            waiting_room_enter(server->room, call, clock_mono_us());
        }
    }
    transport_leave(worker);
}

static void
tell_done(const struct server *server)
{
    uint64_t one = 1;

    (void)!write(server->done_fd, &one, sizeof(one));
}

static void *
serving_thread(void *arg)
{
    struct server *server = arg;

    serve(server);
    /* The last one: no call will come any more. */
    if (atomic_fetch_sub(&server->serving, 1) == 1 && server->room != NULL)
        waiting_room_close(server->room);
    tell_done(server);
    return NULL;
}

/* A thread in which requests wait for the database, one after the other. */
static void *
waiting_thread(void *arg)
{
    struct server *server = arg;
    struct call *call;

    while ((call = waiting_room_next(server->room)) != NULL)
        (void)!router_start(server->app, &call->request, &call->reply, true,
                            answer, call);
    tell_done(server);
    return NULL;
}

static void *
housekeeping_thread(void *arg)
{
    struct server *server = arg;

    housekeeping_run(server->app, server->stop_fd);
    housekeeping_end(server->app);
    tell_done(server);
    return NULL;
}

static bool
start_thread(struct server *server, void *(*body)(void *))
{
    int error =
        pthread_create(&server->threads[server->started], NULL, body, server);

    if (error != 0) {
        log_error(LOGGER, LOG_FIELDS(LOG_INT("threads", server->started)),
                  "Not all threads could be started: %s", strerror(error));
        atomic_store(&server->failed, true);
        return false;
    }
    server->started++;
    return true;
}

/* Signals are the main thread's: in the others they would interrupt a read
   from the web server, which libfcgi takes for its end. */
static void
start(struct server *server)
{
    unsigned serving = transport_threads(server->transport), waiting = 0, i;
    sigset_t all, before;
    bool ok;

    if (server->room != NULL)
        waiting = (unsigned)server->app->settings->threads;
    server->threads = xcalloc(1 + serving + waiting, sizeof(*server->threads));
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    ok = start_thread(server, housekeeping_thread);
    for (i = 0; i < waiting && ok; i++)
        ok = start_thread(server, waiting_thread);
    /* All counted before the first one starts: if that one fails at once, it is
       not the last one yet. */
    atomic_store(&server->serving, serving);
    for (i = 0; i < serving; i++) {
        ok = ok && start_thread(server, serving_thread);
        if (!ok)
            atomic_fetch_sub(&server->serving, 1);
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

/* All threads that may wait are busy for too long. */
static void
answer_expired(struct server *server)
{
    int64_t before_us =
        clock_mono_us() - server->limits.waiting_ms * CLOCK_US_PER_MS;
    struct call *call;

    while ((call = waiting_room_expired(server->room, before_us)) != NULL)
        router_give_up(server->app, &call->request, &call->reply, answer, call);
}

/* Sleeps until something happens to the process or a thread has ended, or it
   is time to look at those who wait. */
static void
wait_for_news(struct server *server, int timeout_ms)
{
    struct pollfd fds[] = {{.fd = shutdown_fd(), .events = POLLIN},
                           {.fd = server->done_fd, .events = POLLIN}};
    uint64_t count;
    int ready;

    if (timeout_ms > LOOK_EVERY_MS)
        timeout_ms = LOOK_EVERY_MS;
    ready = poll(fds, 2, timeout_ms);
    if (server->room != NULL)
        answer_expired(server);
    if (ready <= 0)
        return;
    if (fds[0].revents != 0)
        shutdown_drain();
    if (fds[1].revents != 0 &&
        read(server->done_fd, &count, sizeof(count)) == sizeof(count))
        server->ended += (unsigned)count;
    if (shutdown_take_reload())
        log_reopen();
}

/* Threads that have nothing to do are no loss: the end came before theirs. */
static void
tell_unfinished(const struct server *server)
{
    unsigned calls = transport_calls(server->transport);

    if (calls > 0)
        log_warning(LOGGER, LOG_FIELDS(LOG_INT("requests", calls)),
                    "Ending although requests are under way");
    else if (shutdown_requested() != SHUTDOWN_NOW)
        log_warning(
            LOGGER,
            LOG_FIELDS(LOG_INT("threads", server->started - server->ended)),
            "Ending although not all threads have come to their end");
}

/* When stopping: sleeps until something happens. False: no longer than this.
   Housekeeping, which is there if any thread is, comes last: the others leave it
   something to write, and for a database that hangs nobody waits longer than
   for them. */
static bool
await_end(struct server *server, int64_t until_mono_us)
{
    int64_t left_us = until_mono_us - clock_mono_us();
    uint64_t one = 1;

    if (left_us <= 0)
        return false;
    if (server->ended + 1 == server->started)
        (void)!write(server->stop_fd, &one, sizeof(one));
    wait_for_news(server, (int)(left_us / CLOCK_US_PER_MS) + 1);
    return true;
}

static int64_t
after_ms(int ms)
{
    return clock_mono_us() + ms * CLOCK_US_PER_MS;
}

/* No request is waited for any more. If there is none, all threads come to
   their end in a moment, and what they hold is given back. */
static void
cut(struct server *server)
{
    int64_t until_us = after_ms(CUT_MS);

    transport_cut(server->transport);
    while (server->ended < server->started &&
           transport_calls(server->transport) == 0 &&
           await_end(server, until_us))
        ;
}

/* False: some threads do not end. */
static bool
stop(struct server *server)
{
    int64_t until_us = after_ms(server->limits.grace_ms);
    unsigned i;

    transport_stop(server->transport);
    while (server->ended < server->started &&
           shutdown_requested() != SHUTDOWN_NOW && await_end(server, until_us))
        ;
    if (shutdown_requested() == SHUTDOWN_NOW)
        cut(server);
    if (server->ended < server->started) {
        tell_unfinished(server);
        return false;
    }
    for (i = 0; i < server->started; i++)
        pthread_join(server->threads[i], NULL);
    return true;
}

/* Until it is time to stop; all of it, or nothing if threads are missing. */
static void
serve_with_threads(struct server *server)
{
    start(server);
    while (shutdown_requested() == SHUTDOWN_NO &&
           atomic_load(&server->serving) > 0 && !atomic_load(&server->failed))
        wait_for_news(server, LOOK_EVERY_MS);
    if (server->room != NULL && atomic_load(&server->serving) == 0)
        waiting_room_close(server->room); /* none could be started */
}

static struct server *
new_server(struct app *app, struct transport *transport,
           const struct server_limits *limits)
{
    struct server *server = xcalloc(1, sizeof(*server));

    server->app = app;
    server->transport = transport;
    server->limits = *limits;
    server->stop_fd = eventfd(0, EFD_CLOEXEC);
    server->done_fd = eventfd(0, EFD_CLOEXEC);
    if (transport_is_shared(transport))
        server->room = waiting_room_new();
    return server;
}

static void
free_server(struct server *server)
{
    waiting_room_free(server->room);
    free(server->threads);
    if (server->stop_fd >= 0)
        close(server->stop_fd);
    if (server->done_fd >= 0)
        close(server->done_fd);
    free(server);
}

struct server_end
server_run(struct app *app, struct transport *transport,
           const struct server_limits *limits)
{
    struct server *server = new_server(app, transport, limits);
    struct server_end end = {.running = false};

    if (server->stop_fd < 0 || server->done_fd < 0) {
        log_error(LOGGER, NULL, "No thread can be started: %s",
                  strerror(errno));
        atomic_store(&server->failed, true);
    } else if (transport_is_cgi(transport)) {
        serve(server);
        housekeeping_end(app);
    } else {
        serve_with_threads(server);
        end.running = !stop(server);
    }
    end.failed = atomic_load(&server->failed);
    if (!end.running) /* threads that still run use all of it */
        free_server(server);
    return end;
}
