/*
 * transport_bind.c - a socket of our own; see transport_kind.h.
 *
 * Made here and not by FCGX_OpenSocket(), which removes whatever stands at the
 * path, listens on all addresses and ends the process when something fails.
 */
#include "transport_kind.h"

#include "alloc.h"
#include "number.h"

#include <errno.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define SOCKET_MODE 0660
#define PORT_MAX 65535
#define NAME_MAX_BYTES 4096

static const char unix_prefix[] = "unix:";

static bool
is_unix(const char *where)
{
    return strncmp(where, unix_prefix, strlen(unix_prefix)) == 0;
}

/* True if nobody listens at the path any more. */
static bool
is_stale(const struct sockaddr_un *address)
{
    struct stat status;
    bool stale;
    int fd;

    if (lstat(address->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
        return false;
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    stale =
        connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
        errno == ECONNREFUSED;
    close(fd);
    return stale;
}

static int
bind_unix(const char *path, char **unlink_path, enum transport_fault *fault,
          struct buf *why)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (path[0] == '\0' || strlen(path) >= sizeof(address.sun_path)) {
        *fault = TRANSPORT_WRONG;
        buf_addf(why, "the path of a unix socket has 1 to %zu bytes: %s",
                 sizeof(address.sun_path) - 1, path);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        goto fail;
    if (is_stale(&address))
        unlink(path);
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0)
        goto fail;
    if (chmod(path, SOCKET_MODE) != 0) {
        int saved = errno;

        unlink(path);
        errno = saved;
        goto fail;
    }
    *unlink_path = xstrdup(path);
    return fd;
fail:
    buf_addf(why, "cannot listen on unix:%s: %s%s", path, strerror(errno),
             errno == EADDRINUSE
                 ? " (something else is there: another responder still runs, "
                   "or the path is no stale socket)"
                 : "");
    if (fd >= 0)
        close(fd);
    return -1;
}

static int
bind_address(const struct addrinfo *address)
{
    int one = 1, saved;
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) == 0 &&
        bind(fd, address->ai_addr, address->ai_addrlen) == 0)
        return fd;
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* "127.0.0.1:9000", "[::1]:9000", "localhost:9000". An empty host is refused:
   a FastCGI port is for the web server alone. */
static int
bind_tcp(const char *where, enum transport_fault *fault, struct buf *why)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    const char *colon = strrchr(where, ':');
    size_t len = colon == NULL ? 0 : (size_t)(colon - where);
    uint64_t port;
    char *host;
    int fd = -1, error;

    if (len == 0 || !number_u64(slice_of(colon + 1), PORT_MAX, &port)) {
        *fault = TRANSPORT_WRONG;
        buf_addf(why,
                 "--listen takes unix:PATH or HOST:PORT with a port from 1 to "
                 "%d (0: any that is free), not %s",
                 PORT_MAX, where);
        return -1;
    }
    if (where[0] == '[' && where[len - 1] == ']')
        host = xstrndup(where + 1, len - 2);
    else
        host = xstrndup(where, len);
    error = getaddrinfo(host, colon + 1, &hints, &found);
    if (error != 0) {
        buf_addf(why, "cannot listen on %s: %s", where, gai_strerror(error));
        goto out;
    }
    fd = bind_address(found);
    if (fd < 0)
        buf_addf(why, "cannot listen on %s: %s", where, strerror(errno));
    freeaddrinfo(found);
out:
    free(host);
    return fd;
}

int
transport_bind(const char *where, char **unlink_path,
               enum transport_fault *fault, struct buf *why)
{
    *unlink_path = NULL;
    *fault = TRANSPORT_DENIED;
    if (is_unix(where))
        return bind_unix(where + strlen(unix_prefix), unlink_path, fault, why);
    return bind_tcp(where, fault, why);
}

char *
transport_bound_name(const char *where, int fd)
{
    struct buf name = BUF_INIT(NAME_MAX_BYTES);
    struct sockaddr_storage bound;
    socklen_t len = sizeof(bound);
    char port[NI_MAXSERV];

    if (is_unix(where) ||
        getsockname(fd, (struct sockaddr *)&bound, &len) != 0 ||
        getnameinfo((struct sockaddr *)&bound, len, NULL, 0, port, sizeof(port),
                    NI_NUMERICSERV) != 0)
        return xstrdup(where);
    buf_addf(&name, "%.*s:%s", (int)(strrchr(where, ':') - where), where, port);
    return buf_take(&name);
}
