/*
 * sink.h - a web server on all addresses of this host that counts who comes:
 * for tests of who must not.
 */
#ifndef SINK_H
#define SINK_H

#include <CUnit/CUnit.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define SINK_PEERS 16

struct sink {
    uint16_t port;
    const char *answer;
    atomic_uint connections, requests;
    atomic_bool stop;
    int fd;
    pthread_t thread;
};

/* A request of these tests comes in one piece. */
static inline void
sink_serve(struct sink *sink, struct pollfd *peer)
{
    char bytes[4096];

    if (read(peer->fd, bytes, sizeof(bytes)) > 0) {
        atomic_fetch_add(&sink->requests, 1);
        if (send(peer->fd, sink->answer, strlen(sink->answer), MSG_NOSIGNAL) >
            0)
            return;
    }
    close(peer->fd);
    peer->fd = -1;
}

static inline void *
sink_run(void *arg)
{
    struct sink *sink = arg;
    struct pollfd at[1 + SINK_PEERS];
    size_t i;

    for (i = 0; i <= SINK_PEERS; i++)
        at[i] = (struct pollfd){.fd = i == 0 ? sink->fd : -1, .events = POLLIN};
    while (!atomic_load(&sink->stop)) {
        (void)poll(at, 1 + SINK_PEERS, 10);
        for (i = 1; i <= SINK_PEERS; i++) {
            if (at[i].fd >= 0 && at[i].revents != 0)
                sink_serve(sink, &at[i]);
        }
        for (i = 1; i <= SINK_PEERS && (at[0].revents & POLLIN); i++) {
            if (at[i].fd >= 0)
                continue;
            at[i].fd = accept(sink->fd, NULL, NULL);
            at[i].revents = 0;
            atomic_fetch_add(&sink->connections, 1);
            break;
        }
    }
    for (i = 1; i <= SINK_PEERS; i++) {
        if (at[i].fd >= 0)
            close(at[i].fd);
    }
    return NULL;
}

/* IPv4 comes to it too, in its mapped form. */
static inline void
sink_start(struct sink *sink)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6};
    socklen_t len = sizeof(address);
    int off = 0;

    sink->answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    atomic_init(&sink->connections, 0);
    atomic_init(&sink->requests, 0);
    atomic_init(&sink->stop, false);
    sink->fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_FATAL(sink->fd >= 0);
    CU_ASSERT_EQUAL(
        setsockopt(sink->fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)), 0);
    CU_ASSERT_EQUAL_FATAL(
        bind(sink->fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    CU_ASSERT_EQUAL_FATAL(listen(sink->fd, 64), 0);
    CU_ASSERT_EQUAL(getsockname(sink->fd, (struct sockaddr *)&address, &len),
                    0);
    sink->port = ntohs(address.sin6_port);
    CU_ASSERT_EQUAL_FATAL(pthread_create(&sink->thread, NULL, sink_run, sink),
                          0);
}

/* Who has connected waits in the queue at the latest, and is counted. */
static inline void
sink_stop(struct sink *sink)
{
    struct pollfd waiting = {.fd = sink->fd, .events = POLLIN};

    atomic_store(&sink->stop, true);
    pthread_join(sink->thread, NULL);
    while (poll(&waiting, 1, 0) == 1) {
        close(accept(sink->fd, NULL, NULL));
        atomic_fetch_add(&sink->connections, 1);
    }
    close(sink->fd);
}

#endif /* SINK_H */
