/*
 * loopback.c - see loopback.h.
 */
#include "loopback.h"

#include "number.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define SCHEME "http://"

bool
loopback_parse(const char *url, struct loopback *place)
{
    struct loopback found = {.address = {.sin_family = AF_INET}};
    const char *host, *colon, *path;
    char text[INET_ADDRSTRLEN];
    uint64_t port;

    if (strncmp(url, SCHEME, strlen(SCHEME)) != 0)
        return false;
    host = url + strlen(SCHEME);
    path = strchrnul(host, '/');
    colon = memchr(host, ':', (size_t)(path - host));
    if (colon == NULL || (size_t)(colon - host) >= sizeof(text))
        return false;
    memcpy(text, host, (size_t)(colon - host));
    text[colon - host] = '\0';
    if (inet_pton(AF_INET, text, &found.address.sin_addr) != 1 ||
        ntohl(found.address.sin_addr.s_addr) >> 24 != 127)
        return false;
    if (!number_u64(slice_make(colon + 1, (size_t)(path - colon - 1)),
                    UINT16_MAX, &port))
        return false;
    found.address.sin_port = htons((uint16_t)port);
    found.path = slice_of(*path == '\0' ? "/" : path);
    *place = found;
    return true;
}

int
loopback_connect(const struct loopback *place)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (connect(fd, (const struct sockaddr *)&place->address,
                sizeof(place->address)) == 0 ||
        errno == EINPROGRESS)
        return fd;
    close(fd);
    return -1;
}

int
loopback_listen(uint16_t *port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(*port),
        .sin_addr = {htonl(INADDR_LOOPBACK)},
    };
    socklen_t len = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&address, len) != 0 ||
        listen(fd, 4096) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &len) != 0) {
        close(fd);
        return -1;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

void
loopback_raise_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}
