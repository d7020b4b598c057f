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

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LOGGER "postern.http"

struct server {
    struct app *app;
    struct transport *transport;
    size_t max_body;
    int stop_fd; /* eventfd: housekeeping ends */
    int done_fd; /* eventfd: counts the threads that have ended */
    pthread_t *threads;
    unsigned started;
    unsigned ended;
};

/* One thread's share: request after request. */
static void
serve(struct server *server)
{
    struct transport_worker *worker = transport_join(server->transport);
    struct request request;
    struct reply reply;

    if (worker == NULL) {
        log_error(LOGGER, NULL, "A request thread cannot start: %s",
                  strerror(errno));
        return;
    }
    request_init(&request, server->max_body);
    reply_init(&reply);
    while (transport_accept(worker, &request)) {
        router_handle(server->app, &request, &reply);
        transport_answer(worker, &request, &reply);
        request_clear(&request);
        reply_clear(&reply);
    }
    request_free(&request);
    reply_free(&reply);
    transport_leave(worker);
}

static void
tell_done(const struct server *server)
{
    uint64_t one = 1;

    (void)!write(server->done_fd, &one, sizeof(one));
}

static void *
request_thread(void *arg)
{
    serve(arg);
    tell_done(arg);
    return NULL;
}

static void *
housekeeping_thread(void *arg)
{
    struct server *server = arg;

    housekeeping_run(server->app, server->stop_fd);
    tell_done(server);
    return NULL;
}

/* Signals are the main thread's: in the others they would interrupt a read
   from the web server, which libfcgi takes for its end. */
static void
start(struct server *server, unsigned count)
{
    void *(*body)(void *) = housekeeping_thread;
    sigset_t all, before;
    int error = 0;

    server->threads = xcalloc(count + 1, sizeof(*server->threads));
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (server->started < count + 1 && error == 0) {
        error = pthread_create(&server->threads[server->started], NULL, body,
                               server);
        server->started += error == 0 ? 1 : 0;
        body = request_thread;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0)
        log_error(LOGGER, LOG_FIELDS(LOG_INT("threads", server->started)),
                  "Not all threads could be started: %s", strerror(error));
}

/* Sleeps until something happens to the process or a thread has ended. */
static void
wait_for_news(struct server *server, int timeout_ms)
{
    struct pollfd fds[] = {{.fd = shutdown_fd(), .events = POLLIN},
                           {.fd = server->done_fd, .events = POLLIN}};
    uint64_t count;

    if (poll(fds, 2, timeout_ms) <= 0)
        return;
    if (fds[0].revents != 0)
        shutdown_drain();
    if (fds[1].revents != 0 &&
        read(server->done_fd, &count, sizeof(count)) == sizeof(count))
        server->ended += (unsigned)count;
    if (shutdown_take_reload())
        log_reopen();
}

static enum server_end
stop(struct server *server, int grace_ms)
{
    int64_t until_us = clock_mono_us() + grace_ms * CLOCK_US_PER_MS;
    uint64_t one = 1;
    unsigned i;

    transport_stop(server->transport);
    (void)!write(server->stop_fd, &one, sizeof(one));
    while (server->ended < server->started &&
           shutdown_requested() != SHUTDOWN_NOW) {
        int64_t left_us = until_us - clock_mono_us();

        if (left_us <= 0)
            break;
        wait_for_news(server, (int)(left_us / CLOCK_US_PER_MS) + 1);
    }
    if (server->ended < server->started) {
        log_warning(
            LOGGER,
            LOG_FIELDS(LOG_INT("threads", server->started - server->ended)),
            "Ending although requests are under way");
        return SERVER_RUNNING;
    }
    for (i = 0; i < server->started; i++)
        pthread_join(server->threads[i], NULL);
    return SERVER_DONE;
}

enum server_end
server_run(struct app *app, struct transport *transport, size_t max_body,
           int grace_ms)
{
    struct server server = {
        .app = app,
        .transport = transport,
        .max_body = max_body,
        .stop_fd = eventfd(0, EFD_CLOEXEC),
        .done_fd = eventfd(0, EFD_CLOEXEC),
    };
    enum server_end end;

    if (transport_is_cgi(transport)) {
        serve(&server);
        end = SERVER_DONE;
    } else {
        start(&server, transport_threads(transport));
        /* Housekeeping alone serves nobody. */
        while (shutdown_requested() == SHUTDOWN_NO &&
               server.started - server.ended > 1)
            wait_for_news(&server, -1);
        end = stop(&server, grace_ms);
    }
    /* Threads that still run use all of this. */
    if (end == SERVER_DONE) {
        free(server.threads);
        close(server.stop_fd);
        close(server.done_fd);
    }
    return end;
}
