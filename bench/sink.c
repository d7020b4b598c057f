/*
 * sink.c - receives deliveries on 127.0.0.1 and counts them.
 *
 *   /ok/...       200 at once        /fail/...  500
 *   /slow/MS/...  200 after MS ms    /hang/...  no answer at all
 *   /_stats  /_paths  /_reset        counters as JSON; not counted themselves
 *
 * Prints its port on the first line of standard output and runs until SIGTERM,
 * or until its standard input ends.
 */
#include "alloc.h"
#include "clock.h"
#include "flags.h"
#include "loopback.h"
#include "shutdown.h"
#include "sink_count.h"
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX (17u << 20)
#define ANSWER_MAX (4u << 20)
#define KEPT_BYTES (64u << 10)
#define SLOW_MAX_MS 600000

static const char ok_answer[] = "HTTP/1.1 200 OK\r\nContent-Type: "
                                "text/plain\r\nContent-Length: 2\r\n\r\nok";
static const char fail_answer[] = "HTTP/1.1 500 Internal Server Error\r\n"
                                  "Content-Length: 4\r\n\r\nfail";

struct peer {
    int fd;
    bool hangs;     /* what comes is read and not answered any more */
    int64_t due_us; /* answers are held back until then; 0: they are not */
    struct buf in;
    struct buf out;
    struct peer *next_slow, *prev_slow;
};

struct sink {
    int epoll_fd;
    int listen_fd;
    struct peer slow; /* head of a ring: those that wait */
    struct sink_count *count;
};

static void
leave_slow(struct peer *peer)
{
    peer->next_slow->prev_slow = peer->prev_slow;
    peer->prev_slow->next_slow = peer->next_slow;
    peer->next_slow = peer->prev_slow = peer;
    peer->due_us = 0;
}

static void
close_peer(struct peer *peer)
{
    leave_slow(peer);
    close(peer->fd);
    buf_free(&peer->in);
    buf_free(&peer->out);
    free(peer);
}

static void
hold_back(struct sink *sink, struct peer *peer, int64_t due_us)
{
    leave_slow(peer);
    peer->due_us = due_us;
    peer->next_slow = sink->slow.next_slow;
    peer->prev_slow = &sink->slow;
    peer->next_slow->prev_slow = peer;
    sink->slow.next_slow = peer;
}

static bool
has_prefix(struct slice path, const char *prefix)
{
    size_t len = strlen(prefix);

    return path.len >= len && memcmp(path.ptr, prefix, len) == 0;
}

static void
tell(struct sink *sink, struct slice path, struct buf *out)
{
    struct buf json = BUF_INIT(ANSWER_MAX);

    if (slice_is(path, "/_reset"))
        sink_count_clear(sink->count);
    if (slice_is(path, "/_paths"))
        sink_count_paths(sink->count, &json);
    else
        sink_count_json(sink->count, &json);
    buf_addf(out,
             "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
             "Content-Length: %zu\r\n\r\n",
             json.len);
    buf_add_slice(out, buf_slice(&json));
    buf_free(&json);
}

static void
answer(struct sink *sink, struct peer *peer, const struct wire_message *message)
{
    struct slice path = wire_path(message->line);
    int64_t now_us = clock_mono_us();
    uint64_t ms;

    if (has_prefix(path, "/_")) {
        tell(sink, path, &peer->out);
        return;
    }
    sink_count_add(sink->count, path, message->body, now_us);
    if (has_prefix(path, "/hang/")) {
        peer->hangs = true;
    } else if (has_prefix(path, "/fail/")) {
        buf_add(&peer->out, fail_answer, sizeof(fail_answer) - 1);
    } else {
        buf_add(&peer->out, ok_answer, sizeof(ok_answer) - 1);
        if (has_prefix(path, "/slow/") &&
            wire_number_after(path, "/slow/", &ms) && ms <= SLOW_MAX_MS)
            hold_back(sink, peer, now_us + (int64_t)ms * CLOCK_US_PER_MS);
    }
}

/* False: the connection is over. */
static bool
send_answers(struct peer *peer)
{
    ssize_t sent;

    if (peer->out.len == 0 || peer->due_us != 0)
        return true;
    sent = send(peer->fd, peer->out.data, peer->out.len, MSG_NOSIGNAL);
    /* An answer is small and its reader waits for it: a socket that does not
       take it whole is broken. */
    if (sent < 0 || (size_t)sent != peer->out.len)
        return false;
    buf_clear(&peer->out);
    return true;
}

/* All whole requests in the buffer. False: the connection is over. */
static bool
take_requests(struct sink *sink, struct peer *peer)
{
    struct wire_message message;
    size_t used = 0;
    bool goes_on = true;

    while (goes_on && used < peer->in.len && !peer->hangs) {
        struct slice rest =
            slice_make(peer->in.data + used, peer->in.len - used);

        switch (wire_read(rest, &message)) {
        case WIRE_WRONG:
            return false;
        case WIRE_MORE:
            goes_on = false;
            break;
        case WIRE_WHOLE:
            answer(sink, peer, &message);
            used += message.len;
            break;
        }
    }
    if (peer->hangs || used == peer->in.len)
        buf_clear(&peer->in);
    else if (used > 0) {
        memmove(peer->in.data, peer->in.data + used, peer->in.len - used);
        peer->in.len -= used;
    }
    return send_answers(peer);
}

static void
receive(struct sink *sink, struct peer *peer)
{
    char *room = buf_reserve(&peer->in, 8192);
    ssize_t got = room == NULL ? 0 : recv(peer->fd, room, 8192, 0);

    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0) {
        close_peer(peer);
        return;
    }
    buf_advance(&peer->in, (size_t)got);
    if (!take_requests(sink, peer))
        close_peer(peer);
    else if (peer->in.len == 0 && peer->in.cap > KEPT_BYTES)
        buf_free(&peer->in);
}

static void
accept_all(struct sink *sink)
{
    int fd;

    while ((fd = accept4(sink->listen_fd, NULL, NULL,
                         SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        struct peer *peer = xcalloc(1, sizeof(*peer));
        struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = peer}};

        peer->fd = fd;
        peer->next_slow = peer->prev_slow = peer;
        buf_init(&peer->in, REQUEST_MAX);
        buf_init(&peer->out, ANSWER_MAX);
        if (epoll_ctl(sink->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
            close_peer(peer);
    }
}

static void
release_slow(struct sink *sink)
{
    struct peer *peer, *next;
    int64_t now_us;

    if (sink->slow.next_slow == &sink->slow)
        return;
    now_us = clock_mono_us();
    for (peer = sink->slow.next_slow; peer != &sink->slow; peer = next) {
        next = peer->next_slow;
        if (peer->due_us > now_us)
            continue;
        leave_slow(peer);
        if (!send_answers(peer))
            close_peer(peer);
    }
}

static void
run(struct sink *sink)
{
    struct epoll_event events[256];

    while (shutdown_requested() == SHUTDOWN_NO) {
        bool idle = sink->slow.next_slow == &sink->slow;
        int i, count = epoll_wait(sink->epoll_fd, events, 256, idle ? -1 : 1);

        for (i = 0; i < count; i++) {
            if (events[i].data.ptr == &sink->listen_fd)
                accept_all(sink);
            else if (events[i].data.ptr == sink)
                return; /* a signal, or whoever started this has gone */
            else
                receive(sink, events[i].data.ptr);
        }
        release_slow(sink);
    }
}

static void
watch(struct sink *sink, int fd, void *mark)
{
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = mark}};

    if (epoll_ctl(sink->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        perror("sink: epoll_ctl");
        exit(EXIT_FAILURE);
    }
}

int
main(int argc, char **argv)
{
    struct sink sink = {.slow = {.fd = -1}};
    uint64_t wanted = 0;
    uint16_t port;
    const struct flag flags[] = {
        {"port", "on 127.0.0.1 (0: a free one)", &wanted, NULL, UINT16_MAX},
        {NULL, NULL, NULL, NULL, 0},
    };

    flags_read(flags, argc, argv);
    shutdown_install();
    loopback_raise_limit();
    sink.slow.next_slow = sink.slow.prev_slow = &sink.slow;
    sink.count = sink_count_new();
    port = (uint16_t)wanted;
    sink.listen_fd = loopback_listen(&port);
    sink.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (sink.listen_fd < 0 || sink.epoll_fd < 0) {
        perror("sink: listen");
        return EXIT_FAILURE;
    }
    watch(&sink, sink.listen_fd, &sink.listen_fd);
    watch(&sink, shutdown_fd(), &sink);
    watch(&sink, STDIN_FILENO, &sink);
    printf("%u\n", port);
    fflush(stdout);
    run(&sink);
    close(sink.listen_fd);
    close(sink.epoll_fd);
    sink_count_free(sink.count);
    return EXIT_SUCCESS;
}
