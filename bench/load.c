/*
 * load.c - sends POST requests over many kept connections and counts answers.
 *
 * Closed loop: every connection sends the next request when it has its answer.
 * With --rate, open loop: request n is due at start + n / rate, and its latency
 * counts from then on, also while it waits for a free connection. Ends after
 * --seconds or --count, then waits for what is under way. Prints one line of
 * JSON.
 */
#include "alloc.h"
#include "clock.h"
#include "flags.h"
#include "histogram.h"
#include "load_body.h"
#include "loopback.h"
#include "shutdown.h"
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 4096
#define SECONDS_MAX 3600
#define COUNT_MAX 100000000
#define RATE_MAX 1000000
#define REQUEST_MAX 1100000
#define ANSWER_MAX 262144
#define STATUSES 600
#define LINGER_US (30 * CLOCK_US_PER_S) /* for the last answers */
#define TICK_US (100 * CLOCK_US_PER_MS)

struct connection {
    int fd; /* -1: not open */
    bool busy;
    size_t sent;
    int64_t due_us;
    struct buf request;
    struct buf answer;
    struct connection *next_free;
};

struct load {
    struct load_body body;
    struct loopback place;
    uint64_t connections, seconds, count, rate, first;
    int epoll_fd;
    struct connection *all;
    struct connection *free;
    int64_t start_us, last_us;
    uint64_t sent, answered, errors;
    uint64_t statuses[STATUSES];
    struct histogram latency;
};

static void
watch(struct load *load, struct connection *connection, int operation,
      uint32_t events)
{
    struct epoll_event event = {.events = events, .data = {.ptr = connection}};

    if (epoll_ctl(load->epoll_fd, operation, connection->fd, &event) != 0) {
        perror("load: epoll_ctl");
        exit(EXIT_FAILURE);
    }
}

static void
open_connection(struct load *load, struct connection *connection)
{
    connection->fd = loopback_connect(&load->place);
    if (connection->fd < 0) {
        perror("load: connect");
        exit(EXIT_FAILURE);
    }
    watch(load, connection, EPOLL_CTL_ADD, EPOLLIN);
}

static void
finish(struct load *load, struct connection *connection)
{
    connection->busy = false;
    connection->next_free = load->free;
    load->free = connection;
    load->last_us = clock_mono_us();
}

/* A request without a whole answer. */
static void
drop(struct load *load, struct connection *connection)
{
    close(connection->fd);
    connection->fd = -1;
    if (connection->busy) {
        load->errors++;
        finish(load, connection);
    }
}

static void
send_rest(struct load *load, struct connection *connection)
{
    ssize_t done =
        send(connection->fd, connection->request.data + connection->sent,
             connection->request.len - connection->sent, MSG_NOSIGNAL);

    if (done < 0 && errno != EAGAIN && errno != ENOTCONN) {
        drop(load, connection);
        return;
    }
    connection->sent += done > 0 ? (size_t)done : 0;
    if (connection->sent < connection->request.len)
        watch(load, connection, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
}

static void
start_request(struct load *load, int64_t due_us)
{
    struct connection *connection = load->free;

    load->free = connection->next_free;
    connection->busy = true;
    connection->sent = 0;
    connection->due_us = due_us;
    buf_clear(&connection->answer);
    buf_clear(&connection->request);
    load_body_request(&load->body, load->place.path.ptr,
                      load->first + load->sent, due_us, &connection->request);
    load->sent++;
    if (connection->fd < 0)
        open_connection(load, connection);
    send_rest(load, connection);
}

static void
take_answer(struct load *load, struct connection *connection)
{
    struct wire_message message;
    unsigned status;

    switch (wire_read(buf_slice(&connection->answer), &message)) {
    case WIRE_MORE:
        return;
    case WIRE_WRONG:
        drop(load, connection);
        return;
    case WIRE_WHOLE:
        break;
    }
    status = wire_status(message.line);
    if (status >= 300 && load->statuses[status % STATUSES] == 0)
        fprintf(stderr, "load: first answer with %u: %.*s\n", status,
                (int)message.body.len, message.body.ptr);
    load->statuses[status % STATUSES]++;
    load->answered++;
    histogram_add(&load->latency, clock_mono_us() - connection->due_us);
    finish(load, connection);
    if (message.close)
        drop(load, connection);
}

static void
receive(struct load *load, struct connection *connection)
{
    char *room = buf_reserve(&connection->answer, 8192);
    ssize_t got;

    if (room == NULL) {
        drop(load, connection);
        return;
    }
    got = recv(connection->fd, room, 8192, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0 || !connection->busy) {
        drop(load, connection);
        return;
    }
    buf_advance(&connection->answer, (size_t)got);
    take_answer(load, connection);
}

static bool
may_start(const struct load *load, int64_t now_us)
{
    if (shutdown_requested() != SHUTDOWN_NO)
        return false;
    if (load->count > 0 && load->sent >= load->count)
        return false;
    return load->seconds == 0 ||
           now_us - load->start_us < (int64_t)load->seconds * CLOCK_US_PER_S;
}

static int64_t
due_us(const struct load *load)
{
    return load->start_us +
           (int64_t)(load->sent * (uint64_t)CLOCK_US_PER_S / load->rate);
}

/* Starts what is due; returns how long to wait for the next event. */
static int64_t
start_due(struct load *load)
{
    int64_t now_us = clock_mono_us();

    while (load->free != NULL && may_start(load, now_us)) {
        if (load->rate > 0 && due_us(load) > now_us)
            return due_us(load) - now_us;
        start_request(load, load->rate > 0 ? due_us(load) : now_us);
        now_us = clock_mono_us();
    }
    return TICK_US;
}

static void
wait_events(struct load *load, int64_t wait_us)
{
    const struct timespec wait = {.tv_sec = wait_us / CLOCK_US_PER_S,
                                  .tv_nsec = wait_us % CLOCK_US_PER_S * 1000};
    struct epoll_event events[256];
    int i, count;

    count = epoll_pwait2(load->epoll_fd, events, 256, &wait, NULL);
    for (i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;

        if (connection->fd >= 0 && (events[i].events & EPOLLOUT) != 0) {
            watch(load, connection, EPOLL_CTL_MOD, EPOLLIN);
            send_rest(load, connection);
        }
        if (connection->fd >= 0 &&
            (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
            receive(load, connection);
    }
}

static void
run(struct load *load)
{
    int64_t stopped_us = 0, wait_us;

    load->start_us = load->last_us = clock_mono_us();
    for (;;) {
        int64_t now_us;

        wait_us = start_due(load);
        now_us = clock_mono_us();
        if (!may_start(load, now_us)) {
            if (load->answered + load->errors == load->sent)
                return;
            stopped_us = stopped_us == 0 ? now_us : stopped_us;
            if (now_us - stopped_us > LINGER_US)
                break;
        }
        wait_events(load, wait_us);
    }
    load->errors += load->sent - load->answered - load->errors;
}

static void
print_result(const struct load *load)
{
    double seconds = (double)(load->last_us - load->start_us) / 1e6;
    struct buf out = BUF_INIT(65536);
    uint64_t good = 0;
    unsigned i, shown = 0;

    for (i = 200; i < 300; i++)
        good += load->statuses[i];
    buf_addf(&out,
             "{\"sent\":%llu,\"acknowledged\":%llu,\"errors\":%llu,"
             "\"seconds\":%.4f,\"per_second\":%.1f,\"statuses\":{",
             (unsigned long long)load->sent, (unsigned long long)good,
             (unsigned long long)load->errors, seconds,
             seconds > 0 ? (double)good / seconds : 0);
    for (i = 0; i < STATUSES; i++)
        if (load->statuses[i] > 0)
            buf_addf(&out, "%s\"%u\":%llu", shown++ > 0 ? "," : "", i,
                     (unsigned long long)load->statuses[i]);
    buf_add_text(&out, "},\"latency_us\":");
    histogram_json(&load->latency, &out);
    buf_add_text(&out, "}\n");
    fputs(out.data, stdout);
    buf_free(&out);
}

static void
read_flags(struct load *load, int argc, char **argv)
{
    const char *url = "";
    const struct flag flags[] = {
        {"url", "http://127.0.0.1:PORT/PATH", NULL, &url, 0},
        {"connections", "kept open (64)", &load->connections, NULL,
         CONNECTIONS_MAX},
        {"seconds", "how long (0: until --count)", &load->seconds, NULL,
         SECONDS_MAX},
        {"count", "how many (0: until --seconds)", &load->count, NULL,
         COUNT_MAX},
        {"rate", "requests/s, open loop (0: closed loop)", &load->rate, NULL,
         RATE_MAX},
        {"first", "number of the first request", &load->first, NULL, COUNT_MAX},
        {"body", "supabase, trigger or fixed", NULL, &load->body.kind, 0},
        {"bytes", "of a body (600)", &load->body.body_bytes, NULL, 1000000},
        {"secret", "that signs the bodies", NULL, &load->body.secret, 0},
        {"token", "of the API", NULL, &load->body.token, 0},
        {"tag", "part of record ids", NULL, &load->body.tag, 0},
        {"event", "trigger: the event's type", NULL, &load->body.event, 0},
        {"types", "trigger: how many types .0, .1 ...", &load->body.types, NULL,
         1000000},
        {NULL, NULL, NULL, NULL, 0},
    };

    flags_read(flags, argc, argv);
    if (!loopback_parse(url, &load->place)) {
        fprintf(stderr, "load: --url %s: loopback addresses only\n", url);
        exit(64);
    }
    if (!load_body_valid(&load->body) || load->connections == 0 ||
        (load->seconds == 0 && load->count == 0)) {
        fputs("load: --body, --secret, --connections, --seconds or --count\n",
              stderr);
        exit(64);
    }
}

int
main(int argc, char **argv)
{
    static struct load load = {
        .body = {.kind = "fixed",
                 .tag = "r",
                 .event = "bench",
                 .body_bytes = 600},
        .connections = 64,
    };
    uint64_t i;

    read_flags(&load, argc, argv);
    shutdown_install();
    loopback_raise_limit();
    load.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    load.all = xcalloc(load.connections, sizeof(*load.all));
    for (i = 0; i < load.connections; i++) {
        load.all[i].fd = -1;
        buf_init(&load.all[i].request, REQUEST_MAX);
        buf_init(&load.all[i].answer, ANSWER_MAX);
        load.all[i].next_free = load.free;
        load.free = &load.all[i];
    }
    run(&load);
    print_result(&load);
    for (i = 0; i < load.connections; i++) {
        if (load.all[i].fd >= 0)
            close(load.all[i].fd);
        buf_free(&load.all[i].request);
        buf_free(&load.all[i].answer);
    }
    free(load.all);
    close(load.epoll_fd);
    return EXIT_SUCCESS;
}
