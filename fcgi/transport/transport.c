/*
 * transport.c - finds out where requests come from; see transport.h.
 */
#include "transport.h"

#include "alloc.h"
#include "clock.h"
#include "number.h"
#include "transport_kind.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 1024     /* a full one makes nginx answer 502 at once */
#define SYSTEMD_FD 3     /* sd_listen_fds(3): the first one passed */
#define THREADS_MAX 4    /* that serve connections */
#define PEERS_MAX 2048   /* connections for each of them */
#define RESERVED_FDS 128 /* for everything that is no connection */
#define CORES_PER_THREAD 4
#define PIECE_BYTES 16384
#define DRAIN_MAX_BYTES ((size_t)64 * 1024 * 1024)
#define DRAIN_MAX_US (10 * CLOCK_US_PER_S)

/*
 * Who keeps a connection is to close it himself, nginx after a minute or what
 * keepalive_timeout says: closed from here, a request might get lost that is
 * on its way. At the end there is less time for that; nginx/postern.conf sets
 * a second.
 */
static const struct patience patience = {
    .silent_us = 30 * CLOCK_US_PER_S,
    .whole_us = 120 * CLOCK_US_PER_S,
    .kept_us = 600 * CLOCK_US_PER_S,
    .kept_at_stop_us = 3 * CLOCK_US_PER_S,
};

static bool
is_listening(int fd)
{
    int listening = 0;
    socklen_t len = sizeof(listening);

    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &len) == 0 &&
           listening != 0;
}

/* A socket passed by systemd to this very process, or -1. */
static int
systemd_socket(void)
{
    const char *pid_text = getenv("LISTEN_PID");
    const char *count_text = getenv("LISTEN_FDS");
    uint64_t pid, count;

    if (pid_text == NULL || count_text == NULL ||
        !number_u64(slice_of(pid_text), INT32_MAX, &pid) ||
        !number_u64(slice_of(count_text), INT32_MAX, &count) ||
        pid != (uint64_t)getpid() || count < 1 || !is_listening(SYSTEMD_FD))
        return -1;
    return SYSTEMD_FD;
}

static bool
is_cgi(void)
{
    return getenv("GATEWAY_INTERFACE") != NULL &&
           getenv("REQUEST_METHOD") != NULL;
}

/* Chooses; false with *why when there is nothing to serve. */
static bool
find_kind(struct transport *transport, const struct transport_options *options,
          enum transport_fault *fault, struct buf *why)
{
    int fd;

    transport->kind = &transport_epoll;
    if (options->listen != NULL) {
        transport->own = true;
        transport->listen_fd = transport_bind(
            options->listen, &transport->unlink_path, fault, why);
        if (transport->listen_fd < 0)
            return false;
        transport->own_name =
            transport_bound_name(options->listen, transport->listen_fd);
        transport->name = transport->own_name;
        return true;
    }
    fd = systemd_socket();
    if (fd >= 0) {
        transport->name = "the socket passed by systemd (LISTEN_FDS)";
        transport->listen_fd = fd;
        transport->successor = true;
        return true;
    }
    if (is_listening(STDIN_FILENO)) {
        transport->kind = &transport_fcgi;
        transport->name = "the listening socket on file descriptor 0";
        transport->listen_fd = STDIN_FILENO;
        return true;
    }
    if (is_cgi()) {
        transport->kind = &transport_cgi;
        transport->name = "CGI";
        return true;
    }
    *fault = TRANSPORT_WRONG;
    buf_add_text(why, "nowhere to take requests from: give --listen unix:PATH "
                      "or --listen HOST:PORT, or start it from a web server "
                      "(FastCGI socket on file descriptor 0, LISTEN_FDS, CGI)");
    return false;
}

/*
 * accept() must not block: a worker waits for the socket and for the stop
 * together, and with several processes on one socket another may be faster.
 */
static bool
make_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

/* As many as the process may have open, with something left for the rest. */
static unsigned
connections_max(unsigned threads)
{
    unsigned most = PEERS_MAX * threads;
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
        limit.rlim_cur >= most + RESERVED_FDS)
        return most;
    if (limit.rlim_cur > 2 * RESERVED_FDS)
        return (unsigned)limit.rlim_cur - RESERVED_FDS;
    return limit.rlim_cur < 2 ? 1 : (unsigned)limit.rlim_cur / 2;
}

struct transport *
transport_open(const struct transport_options *options,
               enum transport_fault *fault, struct buf *why)
{
    struct transport *transport = xcalloc(1, sizeof(*transport));

    transport->max_body = options->max_body;
    transport->base_path = options->base_path;
    transport->patience = patience;
    body_budget_init(&transport->bodies, options->body_memory);
    *fault = TRANSPORT_DENIED;
    transport->listen_fd = -1;
    transport->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (transport->stop_fd < 0) {
        buf_addf(why, "eventfd: %s", strerror(errno));
        goto fail;
    }
    if (!find_kind(transport, options, fault, why))
        goto fail;
    if ((transport->listen_fd >= 0 &&
         !make_nonblocking(transport->listen_fd)) ||
        (transport->kind == &transport_fcgi && !transport_fcgi_setup())) {
        buf_addf(why, "the listening socket cannot be used: %s",
                 strerror(errno));
        goto fail;
    }
    transport->connections = connections_max(transport_threads(transport));
    return transport;
fail:
    transport_close(transport);
    return NULL;
}

bool
transport_begin(struct transport *transport)
{
    return !transport->own || listen(transport->listen_fd, BACKLOG) == 0;
}

/* From here on nobody new finds the socket. */
static void
remove_path(struct transport *transport)
{
    if (transport->unlink_path != NULL)
        unlink(transport->unlink_path);
    free(transport->unlink_path);
    transport->unlink_path = NULL;
}

void
transport_close(struct transport *transport)
{
    if (transport == NULL)
        return;
    remove_path(transport);
    if (transport->listen_fd >= 0)
        close(transport->listen_fd);
    if (transport->stop_fd >= 0)
        close(transport->stop_fd);
    free(transport->own_name);
    free(transport);
}

/* As they never wait, one takes more than a database commits on a few cores;
   alone it finds more to do at a time. mod_fcgid gives a process one request
   at a time. */
unsigned
transport_threads(const struct transport *transport)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (!transport->kind->shared || cores < 2 * CORES_PER_THREAD)
        return 1;
    if (cores > THREADS_MAX * CORES_PER_THREAD)
        return THREADS_MAX;
    return (unsigned)cores / CORES_PER_THREAD;
}

bool
transport_is_shared(const struct transport *transport)
{
    return transport->kind->shared;
}

bool
transport_is_cgi(const struct transport *transport)
{
    return transport->kind == &transport_cgi;
}

const char *
transport_name(const struct transport *transport)
{
    return transport->name;
}

unsigned
transport_calls(struct transport *transport)
{
    return atomic_load(&transport->calls);
}

struct transport_worker *
transport_join(struct transport *transport)
{
    return transport->kind->join(transport);
}

void
transport_leave(struct transport_worker *worker)
{
    worker->transport->kind->leave(worker);
}

struct call *
transport_accept(struct transport_worker *worker)
{
    struct call *call = worker->transport->kind->accept(worker);

    if (call != NULL)
        atomic_fetch_add(&worker->transport->calls, 1);
    return call;
}

void
transport_answer(struct call *call)
{
    struct transport *transport = call->worker->transport;

    /* First: with its last answer a transport may come to its end. */
    atomic_fetch_sub(&transport->calls, 1);
    transport->kind->answer(call);
}

void
transport_call_init(struct call *call, struct transport_worker *worker)
{
    call->worker = worker;
    request_init(&call->request, worker->transport->max_body);
    reply_init(&call->reply);
}

void
transport_call_clear(struct call *call)
{
    request_clear(&call->request);
    reply_clear(&call->reply);
}

void
transport_call_free(struct call *call)
{
    request_free(&call->request);
    reply_free(&call->reply);
}

bool
transport_must_pause(int error)
{
    return error != EAGAIN && error != EINTR && error != ECONNABORTED;
}

/* Never read, so it stays readable for every worker. */
static void
tell_stop(const struct transport *transport)
{
    uint64_t one = 1;

    (void)!write(transport->stop_fd, &one, sizeof(one));
}

void
transport_stop(struct transport *transport)
{
    remove_path(transport);
    atomic_store(&transport->stopping, true);
    tell_stop(transport);
}

void
transport_cut(struct transport *transport)
{
    atomic_store(&transport->cutting, true);
    tell_stop(transport);
}

static void
drain(int (*read_some)(void *from, char *into, int len), void *from)
{
    int64_t until_us = clock_mono_us() + DRAIN_MAX_US;
    char waste[PIECE_BYTES];
    size_t drained = 0;
    int got;

    do {
        got = read_some(from, waste, sizeof(waste));
        drained += got > 0 ? (size_t)got : 0;
    } while (got > 0 && drained < DRAIN_MAX_BYTES &&
             clock_mono_us() < until_us);
}

/* Chunked bodies come without a length: their end is the end. */
bool
transport_body_is_cut(const struct request *request)
{
    uint64_t length;

    return number_u64(request_header(request, "Content-Length"), INT64_MAX,
                      &length) &&
           request->body.len < length;
}

void
transport_read_body(struct request *request, int64_t until_mono_us,
                    int (*read_some)(void *from, char *into, int len),
                    void *from)
{
    struct buf *body = &request->body;
    int got;

    for (;;) {
        size_t room = body->max - body->len;
        size_t want = room < PIECE_BYTES ? room : PIECE_BYTES;
        char *into = want == 0 ? NULL : buf_reserve(body, want);

        if (into == NULL)
            break;
        got = read_some(from, into, (int)want);
        if (got <= 0) {
            request->body_cut = transport_body_is_cut(request);
            return;
        }
        if (clock_mono_us() > until_mono_us) {
            request->body_cut = true;
            return;
        }
        buf_advance(body, (size_t)got);
    }
    /* Full: one byte more decides whether that was all. */
    if (read_some(from, (char[1]){0}, 1) > 0) {
        request->body_too_large = true;
        drain(read_some, from);
    } else {
        request->body_cut = transport_body_is_cut(request);
    }
}
