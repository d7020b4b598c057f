/*
 * wire.c - a connection to a server; see wire.h.
 */
#include "wire.h"

#include "alloc.h"
#include "clock.h"

#include <errno.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOST_MAX 256 /* bytes, with NUL */

struct wire {
    int fd;
    int64_t deadline_us;
    SSL_CTX *context; /* NULL: plain */
    SSL *ssl;
};

static bool
say(struct buf *why, const char *what, const char *reason)
{
    buf_addf(why, "%s: %s", what, reason);
    return false;
}

/* Waits until the socket is ready; false: the deadline has passed. */
static bool
ready(const struct wire *wire, short events)
{
    struct pollfd poller = {.fd = wire->fd, .events = events};
    int64_t left_us;
    int n;

    do {
        left_us = wire->deadline_us - clock_mono_us();
        if (left_us <= 0)
            return false;
        n = poll(&poller, 1, (int)(left_us / CLOCK_US_PER_MS) + 1);
    } while (n < 0 && errno == EINTR);
    return n > 0;
}

/* One address; the socket, or -1 with errno. */
static int
connect_to(struct wire *wire, const struct addrinfo *address)
{
    socklen_t size = sizeof(errno);
    int error = 0;

    wire->fd = socket(address->ai_family,
                      SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (wire->fd < 0)
        return errno;
    if (connect(wire->fd, address->ai_addr, address->ai_addrlen) == 0)
        return 0;
    error = errno;
    if (error == EINPROGRESS) {
        if (!ready(wire, POLLOUT))
            error = ETIMEDOUT;
        else if (getsockopt(wire->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
            error = errno;
    }
    if (error != 0) {
        close(wire->fd);
        wire->fd = -1;
    }
    return error;
}

static bool
connect_any(struct wire *wire, const char *host, uint16_t port, struct buf *why)
{
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found, *one;
    char service[8];
    int error;

    snprintf(service, sizeof(service), "%u", (unsigned)port);
    error = getaddrinfo(host, service, &wanted, &found);
    if (error != 0)
        return say(why, "the name cannot be resolved", gai_strerror(error));
    error = EADDRNOTAVAIL;
    for (one = found; one != NULL && wire->fd < 0; one = one->ai_next)
        error = connect_to(wire, one);
    freeaddrinfo(found);
    return error == 0 || say(why, "it cannot be connected", strerror(error));
}

/* After an operation on ssl that did not work: true to do it again. */
static bool
again(struct wire *wire, int result, struct buf *why)
{
    int error = SSL_get_error(wire->ssl, result);
    long verified = SSL_get_verify_result(wire->ssl);
    char text[256];

    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
        if (ready(wire, error == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT))
            return true;
        return say(why, "time-out", "no answer in time");
    }
    if (verified != X509_V_OK)
        return say(why, "its certificate is not trusted",
                   X509_verify_cert_error_string(verified));
    ERR_error_string_n(ERR_peek_last_error(), text, sizeof(text));
    return say(why, "TLS",
               error == SSL_ERROR_SYSCALL ? "connection lost" : text);
}

/* The name that the certificate has to have: a host's, or an address. */
static bool
expect_host(struct wire *wire, const char *host)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(wire->ssl);

    if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1)
        return true;
    X509_VERIFY_PARAM_set_hostflags(param,
                                    X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(wire->ssl, host) == 1 &&
           SSL_set_tlsext_host_name(wire->ssl, host) == 1;
}

static bool
start_tls(struct wire *wire, const char *host, const char *ca_file,
          struct buf *why)
{
    int result;

    wire->context = SSL_CTX_new(TLS_client_method());
    if (wire->context == NULL ||
        SSL_CTX_set_min_proto_version(wire->context, TLS1_2_VERSION) != 1)
        return say(why, "TLS", "it cannot be set up");
    if ((ca_file[0] != '\0'
             ? SSL_CTX_load_verify_locations(wire->context, ca_file, NULL)
             : SSL_CTX_set_default_verify_paths(wire->context)) != 1)
        return say(why, "TLS: the certificate authorities cannot be read",
                   ca_file);
    SSL_CTX_set_verify(wire->context, SSL_VERIFY_PEER, NULL);
    wire->ssl = SSL_new(wire->context);
    if (wire->ssl == NULL || !expect_host(wire, host) ||
        SSL_set_fd(wire->ssl, wire->fd) != 1)
        return say(why, "TLS", "it cannot be set up");
    do {
        ERR_clear_error();
        result = SSL_connect(wire->ssl);
    } while (result != 1 && again(wire, result, why));
    return result == 1;
}

struct wire *
wire_open(const struct target_url *url, const char *ca_file,
          int64_t deadline_us, struct buf *why)
{
    struct wire *wire = xcalloc(1, sizeof(*wire));
    char host[HOST_MAX];
    bool open;

    wire->fd = -1;
    wire->deadline_us = deadline_us;
    if (url->host.len >= sizeof(host)) {
        say(why, "the name cannot be resolved", "it is too long");
        goto failed;
    }
    memcpy(host, url->host.ptr, url->host.len);
    host[url->host.len] = '\0';
    open = connect_any(wire, host, url->port, why) &&
           (!url->https || start_tls(wire, host, ca_file, why));
    if (open)
        return wire;
failed:
    wire_close(wire);
    return NULL;
}

void
wire_close(struct wire *wire)
{
    if (wire == NULL)
        return;
    SSL_free(wire->ssl);
    SSL_CTX_free(wire->context);
    if (wire->fd >= 0)
        close(wire->fd);
    free(wire);
}

/* Bytes written, or -1 with *why. */
static ssize_t
write_some(struct wire *wire, struct slice bytes, struct buf *why)
{
    size_t written = 0;
    ssize_t n;
    int result;

    if (wire->ssl != NULL) {
        do {
            ERR_clear_error();
            result = SSL_write_ex(wire->ssl, bytes.ptr, bytes.len, &written);
        } while (result != 1 && again(wire, result, why));
        return result == 1 ? (ssize_t)written : -1;
    }
    while ((n = send(wire->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL)) < 0) {
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN || !ready(wire, POLLOUT)) {
            say(why, "it cannot be written to",
                errno == EAGAIN ? "no progress in time" : strerror(errno));
            return -1;
        }
    }
    return n;
}

bool
wire_write(struct wire *wire, struct slice bytes, struct buf *why)
{
    while (bytes.len > 0) {
        ssize_t n = write_some(wire, bytes, why);

        if (n < 0)
            return false;
        bytes.ptr += n;
        bytes.len -= (size_t)n;
    }
    return true;
}

/* As wire_read(). A peer that closes without TLS's good-bye has closed; what
   that cut off is seen by the one who counts the bytes. */
static ssize_t
read_tls(struct wire *wire, char *out, size_t max, struct buf *why)
{
    size_t got = 0;
    int result, error;

    for (;;) {
        ERR_clear_error();
        result = SSL_read_ex(wire->ssl, out, max, &got);
        if (result == 1)
            return (ssize_t)got;
        error = SSL_get_error(wire->ssl, result);
        if (error == SSL_ERROR_ZERO_RETURN ||
            (error == SSL_ERROR_SSL && ERR_GET_REASON(ERR_peek_last_error()) ==
                                           SSL_R_UNEXPECTED_EOF_WHILE_READING))
            return 0;
        if (!again(wire, result, why))
            return -1;
    }
}

ssize_t
wire_read(struct wire *wire, char *out, size_t max, struct buf *why)
{
    ssize_t n;

    if (wire->ssl != NULL)
        return read_tls(wire, out, max, why);
    while ((n = recv(wire->fd, out, max, 0)) < 0) {
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN || !ready(wire, POLLIN)) {
            say(why, "it cannot be read from",
                errno == EAGAIN ? "no answer in time" : strerror(errno));
            return -1;
        }
    }
    return n;
}
