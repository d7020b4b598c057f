/*
 * web_server.h - a web server's end of FastCGI connections, for tests with real
 * sockets. Nothing waits longer than WAIT_MS.
 */
#ifndef WEB_SERVER_H
#define WEB_SERVER_H

#include "fastcgi_bytes.h"

#include <CUnit/CUnit.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define BIG (SIZE_MAX / 2)
#define WAIT_MS 10000

static inline bool
is_readable(int fd, int timeout_ms)
{
    struct pollfd pollfd = {.fd = fd, .events = POLLIN};

    return poll(&pollfd, 1, timeout_ms) == 1;
}

static inline void
await(int fd)
{
    uint64_t count;

    CU_ASSERT_FATAL(is_readable(fd, WAIT_MS));
    CU_ASSERT_EQUAL(read(fd, &count, sizeof(count)), sizeof(count));
}

static inline void
await_hangup(int fd)
{
    struct pollfd pollfd = {.fd = fd};

    CU_ASSERT_EQUAL(poll(&pollfd, 1, WAIT_MS), 1);
}

static inline int
web_connect(int fd, const char *socket_path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const struct timeval limit = {.tv_sec = WAIT_MS / 1000};

    memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    return connect(fd, (const struct sockaddr *)&address, sizeof(address));
}

/* -1: nobody is there. */
static inline int
web_dial(const char *socket_path)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (web_connect(fd, socket_path) == 0)
        return fd;
    close(fd);
    return -1;
}

static inline void
say(int fd, struct slice bytes)
{
    CU_ASSERT_EQUAL(send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL),
                    (ssize_t)bytes.len);
}

static inline void
post(int fd, bool keep, const char *path, const char *body)
{
    struct buf bytes = BUF_INIT(BIG);

    put_post(&bytes, 1, keep, path, slice_of(body));
    say(fd, buf_slice(&bytes));
    buf_free(&bytes);
}

/* Reads so many bytes; fewer only at the end. */
static inline size_t
hear(int fd, char *into, size_t len)
{
    size_t done = 0;

    while (done < len) {
        ssize_t got = recv(fd, into + done, len - done, 0);

        if (got <= 0)
            break;
        done += (size_t)got;
    }
    return done;
}

/* The other end has closed, and said nothing before. */
static inline bool
hears_end(int fd)
{
    char byte;

    return recv(fd, &byte, 1, 0) == 0;
}

/* last: followed by the record that tells nginx not to keep it. */
static inline bool
hears_answer(int fd, const char *body, bool last)
{
    struct buf content = BUF_INIT(BIG), want = BUF_INIT(BIG);
    char got[2000];
    size_t len;
    bool same;

    buf_addf(&content,
             "Status: 200 OK\r\nContent-Type: application/json\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    put_answer(&want, 1, content.data);
    if (last)
        put_record(&want, GET_VALUES_RESULT, 0, "", 0, 0);
    len = hear(fd, got, want.len);
    same = same_bytes(body, slice_make(got, len), buf_slice(&want));
    buf_free(&content);
    buf_free(&want);
    return same;
}

#endif /* WEB_SERVER_H */
