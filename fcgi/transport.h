/*
 * transport.h - where requests come from.
 *
 * One small interface, two transports: FastCGI through libfcgi (fd 0 from
 * mod_fcgid or spawn-fcgi, a systemd socket, or an own listening socket with
 * several threads) and plain CGI (one request from the environment and stdin).
 * A transport reads the body to its end, keeps at most `max_body` bytes and
 * one more, and drains the rest, so that a web server never sees a broken
 * exchange.
 */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include "reply.h"
#include "request.h"

#include <stdbool.h>
#include <stddef.h>

struct transport;        /* opaque; shared by the threads */
struct transport_worker; /* one thread's share */

struct transport_options {
    const char *listen; /* "unix:PATH", "HOST:PORT", or NULL: fd 0, LISTEN_FDS
                           or CGI, whichever is there */
    unsigned threads;   /* for listening sockets of our own */
    size_t max_body;    /* bytes kept of a body */
    const char *base_path;
};

/* Finds out what there is. NULL: *why says what to do. */
struct transport *transport_open(const struct transport_options *options,
                                 struct buf *why);
void transport_close(struct transport *transport);

/* An own socket takes connections from here on: whoever connects finds a
   process that is ready. False: errno says why. */
bool transport_begin(struct transport *transport)
    __attribute__((warn_unused_result));

/* 1 under mod_fcgid (detected: fd 0 without --listen) and for CGI. */
unsigned transport_threads(const struct transport *transport);
const char *transport_name(const struct transport *transport);
bool transport_is_cgi(const struct transport *transport);

/* One for each thread; NULL: no file descriptors left. */
struct transport_worker *transport_join(struct transport *transport);
void transport_leave(struct transport_worker *worker);

/* Waits for a request. False: no more will come (shutdown, end of CGI). */
bool transport_accept(struct transport_worker *worker, struct request *request);
void transport_answer(struct transport_worker *worker,
                      const struct request *request, const struct reply *reply);

/* Makes every thread's transport_accept() return false once its present
   request is answered and nobody who has connected already waits. An own unix
   socket is removed. */
void transport_stop(struct transport *transport);

#endif /* TRANSPORT_H */
