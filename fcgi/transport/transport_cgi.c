/*
 * transport_cgi.c - one request from the environment and standard input
 * (RFC 3875), for hosts that have nothing better.
 */
#include "alloc.h"
#include "clock.h"
#include "number.h"
#include "transport_kind.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct cgi_worker {
    struct transport_worker base;
    struct call call;
    bool taken;
    bool has_length;
    uint64_t left; /* bytes of the body still to come, if it has a length */
};

static struct cgi_worker *
cgi_of(struct transport_worker *worker)
{
    return (struct cgi_worker *)worker;
}

static struct transport_worker *
cgi_join(struct transport *transport)
{
    struct cgi_worker *worker = xcalloc(1, sizeof(*worker));

    worker->base.transport = transport;
    transport_call_init(&worker->call, &worker->base);
    return &worker->base;
}

static void
cgi_leave(struct transport_worker *base)
{
    struct cgi_worker *worker = cgi_of(base);

    transport_call_free(&worker->call);
    free(worker);
}

/* Standard input need not end where the body ends (RFC 3875, 4.2). */
static int
read_stdin(void *from, char *into, int len)
{
    struct cgi_worker *worker = from;
    ssize_t got;

    if (worker->has_length && worker->left < (uint64_t)len)
        len = (int)worker->left;
    if (len == 0)
        return 0;
    do
        got = read(STDIN_FILENO, into, (size_t)len);
    while (got < 0 && errno == EINTR);
    if (got > 0 && worker->has_length)
        worker->left -= (uint64_t)got;
    return (int)got;
}

static struct call *
cgi_accept(struct transport_worker *base)
{
    struct cgi_worker *worker = cgi_of(base);
    struct request *request = &worker->call.request;

    if (worker->taken)
        return NULL;
    worker->taken = true;
    (void)!request_read_params(request, base->transport->base_path, environ);
    worker->has_length = number_u64(request_header(request, "Content-Length"),
                                    INT64_MAX, &worker->left);
    transport_read_body(request,
                        clock_mono_us() + base->transport->patience.whole_us,
                        read_stdin, worker);
    return &worker->call;
}

static void
cgi_answer(struct call *call)
{
    struct buf output = BUF_INIT(SIZE_MAX / 2);
    size_t sent = 0;

    reply_print(&call->reply, call->request.method, &output);
    while (sent < output.len) {
        ssize_t count =
            write(STDOUT_FILENO, output.data + sent, output.len - sent);

        if (count < 0 && errno != EINTR)
            break;
        sent += count > 0 ? (size_t)count : 0;
    }
    buf_wipe(&output);
    transport_call_clear(call);
}

const struct transport_kind transport_cgi = {
    .shared = false,
    .join = cgi_join,
    .leave = cgi_leave,
    .accept = cgi_accept,
    .answer = cgi_answer,
};
