/*
 * dbproxy.h - a socket in front of the test database that can fail on demand.
 *
 * One thread relays bytes between clients and the server. dbproxy_fail() makes
 * the next packets that contain a text end their connection, before or after
 * the server has answered them, or has the server roll back and the client told
 * of a deadlock; dbproxy_stop() refuses everybody until dbproxy_start().
 * dbproxy_catch() keeps the next statement that contains a text.
 */
#ifndef DBPROXY_H
#define DBPROXY_H

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define DBPROXY_PAIRS 8

enum dbproxy_when {
    DBPROXY_BEFORE,  /* the server never sees the packet */
    DBPROXY_AFTER,   /* the server has answered, the client never hears it */
    DBPROXY_DEADLOCK /* instead of it: ROLLBACK, and error 1213. For a packet
                        with one statement. */
};

#define DBPROXY_HEAD 5 /* bytes of a packet in front of its statement */
#define DBPROXY_CAUGHT 65536

static struct {
    char dir[32];
    char path[64];
    struct sockaddr_un server;
    pthread_t thread;
    int listener;
    int wake[2];
    struct {
        int client, server;
        bool swallow;  /* the answer under way is not for the client */
        bool deadlock; /* ... who is told of a deadlock instead */
    } pair[DBPROXY_PAIRS];
    atomic_bool end, stopped;
    atomic_int failures; /* packets still to fail */
    _Atomic(const char *) text;
    _Atomic(enum dbproxy_when) when;
    _Atomic(const char *) catch_text;
    char caught[DBPROXY_CAUGHT]; /* NUL-terminated */
} dbproxy = {.listener = -1};

static inline void
dbproxy_close(size_t i)
{
    if (dbproxy.pair[i].client < 0)
        return;
    close(dbproxy.pair[i].client);
    close(dbproxy.pair[i].server);
    dbproxy.pair[i].client = dbproxy.pair[i].server = -1;
}

static inline void
dbproxy_accept(void)
{
    int client = accept(dbproxy.listener, NULL, NULL);
    int server = socket(AF_UNIX, SOCK_STREAM, 0);
    size_t i;

    for (i = 0; i < DBPROXY_PAIRS && dbproxy.pair[i].client >= 0; i++)
        ;
    if (client < 0 || i == DBPROXY_PAIRS || atomic_load(&dbproxy.stopped) ||
        connect(server, (const struct sockaddr *)&dbproxy.server,
                sizeof(dbproxy.server)) != 0) {
        close(client);
        close(server);
        return;
    }
    dbproxy.pair[i].client = client;
    dbproxy.pair[i].server = server;
    dbproxy.pair[i].swallow = false;
    dbproxy.pair[i].deadlock = false;
}

static inline bool
dbproxy_send(int fd, const char *data, size_t len)
{
    while (len > 0) {
        ssize_t sent = send(fd, data, len, MSG_NOSIGNAL);

        if (sent <= 0)
            return false;
        data += sent;
        len -= (size_t)sent;
    }
    return true;
}

/* What the server would say of a transaction that lost against another. */
static inline bool
dbproxy_tell_deadlock(size_t i)
{
    static const char error[] = "\x11\0\0\x01\xff\xbd\x04#40001deadlock";

    return dbproxy_send(dbproxy.pair[i].client, error, sizeof(error) - 1);
}

static inline bool
dbproxy_roll_back(size_t i)
{
    static const char packet[] = "\x09\0\0\0\x03ROLLBACK";

    dbproxy.pair[i].deadlock = true;
    return dbproxy_send(dbproxy.pair[i].server, packet, sizeof(packet) - 1);
}

static inline void
dbproxy_look(const char *data, size_t len)
{
    const char *text = atomic_load(&dbproxy.catch_text);

    if (text == NULL || len <= DBPROXY_HEAD ||
        len - DBPROXY_HEAD >= DBPROXY_CAUGHT ||
        memmem(data, len, text, strlen(text)) == NULL)
        return;
    memcpy(dbproxy.caught, data + DBPROXY_HEAD, len - DBPROXY_HEAD);
    dbproxy.caught[len - DBPROXY_HEAD] = '\0';
    atomic_store(&dbproxy.catch_text, NULL);
}

/* True if the packet is not to be passed on. */
static inline bool
dbproxy_harm(size_t i, const char *data, size_t len)
{
    const char *text = atomic_load(&dbproxy.text);

    if (text == NULL || atomic_load(&dbproxy.failures) <= 0 ||
        memmem(data, len, text, strlen(text)) == NULL)
        return false;
    atomic_fetch_sub(&dbproxy.failures, 1);
    switch (atomic_load(&dbproxy.when)) {
    case DBPROXY_AFTER:
        dbproxy.pair[i].swallow = true;
        return false;
    case DBPROXY_DEADLOCK:
        if (!dbproxy_roll_back(i))
            dbproxy_close(i);
        return true;
    default:
        dbproxy_close(i);
        return true;
    }
}

/* Relays what there is from one side of a pair. */
static inline void
dbproxy_relay(size_t i, bool from_client, char *data, size_t max)
{
    int from = from_client ? dbproxy.pair[i].client : dbproxy.pair[i].server;
    int to = from_client ? dbproxy.pair[i].server : dbproxy.pair[i].client;
    ssize_t len = recv(from, data, max, 0);

    if (len <= 0 || (!from_client && dbproxy.pair[i].swallow)) {
        dbproxy_close(i);
        return;
    }
    if (!from_client && dbproxy.pair[i].deadlock) {
        dbproxy.pair[i].deadlock = false;
        if (!dbproxy_tell_deadlock(i))
            dbproxy_close(i);
        return;
    }
    if (from_client) {
        dbproxy_look(data, (size_t)len);
        if (dbproxy_harm(i, data, (size_t)len))
            return;
    }
    if (!dbproxy_send(to, data, (size_t)len))
        dbproxy_close(i);
}

static inline void *
dbproxy_run(void *arg)
{
    size_t max = (size_t)4 << 20, i;
    char *data = malloc(max);

    (void)arg;
    while (!atomic_load(&dbproxy.end)) {
        struct pollfd fds[2 + 2 * DBPROXY_PAIRS];
        char byte;

        fds[0] = (struct pollfd){dbproxy.listener, POLLIN, 0};
        fds[1] = (struct pollfd){dbproxy.wake[0], POLLIN, 0};
        for (i = 0; i < DBPROXY_PAIRS; i++) {
            fds[2 + 2 * i] = (struct pollfd){dbproxy.pair[i].client, POLLIN, 0};
            fds[3 + 2 * i] = (struct pollfd){dbproxy.pair[i].server, POLLIN, 0};
        }
        poll(fds, 2 + 2 * DBPROXY_PAIRS, -1);
        if (fds[1].revents != 0 && read(dbproxy.wake[0], &byte, 1) < 0)
            break;
        for (i = 0; i < DBPROXY_PAIRS; i++) {
            if (dbproxy.pair[i].client < 0)
                continue;
            if (atomic_load(&dbproxy.stopped))
                dbproxy_close(i);
            else if (fds[2 + 2 * i].revents != 0)
                dbproxy_relay(i, true, data, max);
            else if (fds[3 + 2 * i].revents != 0)
                dbproxy_relay(i, false, data, max);
        }
        if (fds[0].revents != 0)
            dbproxy_accept();
    }
    for (i = 0; i < DBPROXY_PAIRS; i++)
        dbproxy_close(i);
    free(data);
    return NULL;
}

static inline void
dbproxy_wake(void)
{
    if (write(dbproxy.wake[1], "", 1) != 1)
        abort();
}

/* In front of the socket at `server`; clients use dbproxy.path. */
static inline bool
dbproxy_open(const char *server)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t i;

    snprintf(dbproxy.dir, sizeof(dbproxy.dir), "/tmp/postern-proxy-XXXXXX");
    if (mkdtemp(dbproxy.dir) == NULL)
        return false;
    snprintf(dbproxy.path, sizeof(dbproxy.path), "%s/s.sock", dbproxy.dir);
    snprintf(address.sun_path, sizeof(address.sun_path), "%s", dbproxy.path);
    dbproxy.server.sun_family = AF_UNIX;
    snprintf(dbproxy.server.sun_path, sizeof(dbproxy.server.sun_path), "%s",
             server);
    for (i = 0; i < DBPROXY_PAIRS; i++)
        dbproxy.pair[i].client = dbproxy.pair[i].server = -1;
    dbproxy.listener = socket(AF_UNIX, SOCK_STREAM, 0);
    return pipe(dbproxy.wake) == 0 &&
           bind(dbproxy.listener, (const struct sockaddr *)&address,
                sizeof(address)) == 0 &&
           listen(dbproxy.listener, 16) == 0 &&
           pthread_create(&dbproxy.thread, NULL, dbproxy_run, NULL) == 0;
}

static inline void
dbproxy_end(void)
{
    atomic_store(&dbproxy.end, true);
    dbproxy_wake();
    pthread_join(dbproxy.thread, NULL);
    close(dbproxy.listener);
    close(dbproxy.wake[0]);
    close(dbproxy.wake[1]);
    unlink(dbproxy.path);
    rmdir(dbproxy.dir);
}

static inline void
dbproxy_fail(const char *text, enum dbproxy_when when, int count)
{
    atomic_store(&dbproxy.when, when);
    atomic_store(&dbproxy.text, text);
    atomic_store(&dbproxy.failures, count);
}

/* The statement is in dbproxy.caught when it has been answered. */
static inline void
dbproxy_catch(const char *text)
{
    dbproxy.caught[0] = '\0';
    atomic_store(&dbproxy.catch_text, text);
}

static inline void
dbproxy_stop(void)
{
    atomic_store(&dbproxy.stopped, true);
    dbproxy_wake();
}

static inline void
dbproxy_start(void)
{
    atomic_store(&dbproxy.stopped, false);
}

#endif /* DBPROXY_H */
