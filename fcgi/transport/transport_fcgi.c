/*
 * transport_fcgi.c - requests over FastCGI, by libfcgi: for a process that a
 * web server gives one request at a time.
 *
 * The worker waits for the listening socket and for the stop together.
 * Connections are not kept open between requests: a kept one would hold the
 * worker while it is idle.
 */
#include "alloc.h"
#include "clock.h"
#include "transport_kind.h"

#include <errno.h>
#include <fcgiapp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define TIMEOUT_S 30   /* a web server that neither sends nor reads */
#define PAUSE_MS 100   /* accept(2) fails: not again at once */
#define NO_SOCKET (-1) /* libfcgi accepts nothing by itself */

struct fcgi_worker {
    struct transport_worker base;
    struct call call;
    FCGX_Request fcgi;
    int epoll_fd;
    struct buf output;
};

static void
ignore_signal(int number)
{
    (void)number;
}

bool
transport_fcgi_setup(void)
{
    struct sigaction action = {.sa_handler = ignore_signal};

    /* FCGX_Init() takes SIGUSR1 as a request to stop for good unless somebody
       else handles it. */
    sigemptyset(&action.sa_mask);
    return sigaction(SIGUSR1, &action, NULL) == 0 && FCGX_Init() == 0;
}

static bool
watch(int epoll_fd, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data = {.fd = fd}};

    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static struct transport_worker *
fcgi_join(struct transport *transport)
{
    struct fcgi_worker *worker = xcalloc(1, sizeof(*worker));

    worker->base.transport = transport;
    worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    /* Exclusive: one connection wakes one worker, not all of them. */
    if (worker->epoll_fd < 0 ||
        !watch(worker->epoll_fd, transport->listen_fd,
               EPOLLIN | EPOLLEXCLUSIVE) ||
        !watch(worker->epoll_fd, transport->stop_fd, EPOLLIN) ||
        FCGX_InitRequest(&worker->fcgi, NO_SOCKET, 0) != 0) {
        if (worker->epoll_fd >= 0)
            close(worker->epoll_fd);
        free(worker);
        return NULL;
    }
    buf_init(&worker->output, SIZE_MAX / 2);
    transport_call_init(&worker->call, &worker->base);
    return &worker->base;
}

static struct fcgi_worker *
fcgi_of(struct transport_worker *worker)
{
    return (struct fcgi_worker *)worker;
}

static void
fcgi_leave(struct transport_worker *base)
{
    struct fcgi_worker *worker = fcgi_of(base);

    FCGX_Free(&worker->fcgi, 1);
    close(worker->epoll_fd);
    buf_wipe(&worker->output);
    transport_call_free(&worker->call);
    free(worker);
}

/* False when it is time to stop, whether somebody waits or not. */
static bool
wait_for_connection(struct fcgi_worker *worker)
{
    struct epoll_event events[2];
    int i, count;

    do
        count = epoll_wait(worker->epoll_fd, events, 2, -1);
    while (count < 0 && errno == EINTR);
    for (i = 0; i < count; i++) {
        if (events[i].data.fd == worker->base.transport->stop_fd)
            return false;
    }
    return count > 0;
}

/*
 * The next connection, or -1. Taken here and not by FCGX_Accept_r(), so that
 * its time-outs are set before libfcgi reads the first byte.
 */
static int
take_connection(struct fcgi_worker *worker)
{
    const struct timeval timeout = {.tv_sec = TIMEOUT_S};
    int fd =
        accept4(worker->base.transport->listen_fd, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    return fd;
}

/* libfcgi reads the next request from a connection that it believes it has
   kept. */
static bool
read_request(struct fcgi_worker *worker, int fd)
{
    worker->fcgi.ipcFd = fd;
    worker->fcgi.keepConnection = 1;
    if (FCGX_Accept_r(&worker->fcgi) != 0)
        return false;
    worker->fcgi.keepConnection = 0;
    return true;
}

static void
pause_after(const struct transport *transport, int error)
{
    struct pollfd stop = {.fd = transport->stop_fd, .events = POLLIN};

    if (transport_must_pause(error))
        (void)poll(&stop, 1, PAUSE_MS);
}

static int
read_stdin(void *from, char *into, int len)
{
    return FCGX_GetStr(into, len, from);
}

static struct call *
fcgi_accept(struct transport_worker *base)
{
    struct fcgi_worker *worker = fcgi_of(base);
    struct transport *transport = base->transport;
    struct request *request = &worker->call.request;
    bool taken = false;

    while (!taken) {
        bool stopping = !wait_for_connection(worker);
        int fd = take_connection(worker);

        if (fd >= 0)
            taken = read_request(worker, fd);
        else if (stopping)
            return NULL; /* nobody waits any more */
        else
            pause_after(transport, errno);
    }
    /* A request that cannot be read has no path; the router says so. */
    (void)!request_read_params(request, transport->base_path,
                               worker->fcgi.envp);
    /* Always to the end of STDIN, or the web server sees a broken exchange. */
    transport_read_body(request, clock_mono_us() + transport->patience.whole_us,
                        read_stdin, worker->fcgi.in);
    return &worker->call;
}

static void
fcgi_answer(struct call *call)
{
    struct fcgi_worker *worker = fcgi_of(call->worker);
    struct buf *output = &worker->output;

    reply_print(&call->reply, call->request.method, output);
    /* A client that has gone away is nobody's error. */
    if (buf_ok(output) && output->len <= INT32_MAX)
        (void)FCGX_PutStr(output->data, (int)output->len, worker->fcgi.out);
    FCGX_Finish_r(&worker->fcgi);
    buf_wipe(output);
    transport_call_clear(call);
}

const struct transport_kind transport_fcgi = {
    .shared = false,
    .join = fcgi_join,
    .leave = fcgi_leave,
    .accept = fcgi_accept,
    .answer = fcgi_answer,
};
