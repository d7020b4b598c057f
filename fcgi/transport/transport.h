/*
 * transport.h - where requests come from.
 *
 * One small interface, three transports: FastCGI on a listening socket of our
 * own or of systemd, where a few threads serve any number of connections;
 * FastCGI through libfcgi on file descriptor 0 (mod_fcgid, spawn-fcgi), one
 * request at a time; and plain CGI, one request from the environment and
 * stdin. A transport reads the body to its end, keeps at most `max_body` bytes
 * and drains the rest, so that a web server never sees a broken exchange.
 */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include "reply.h"
#include "request.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct transport;        /* opaque; shared by the threads */
struct transport_worker; /* one thread's share */

/* A request and its reply, from transport_accept() to transport_answer(). */
struct call {
    struct transport_worker *worker; /* the transport's */
    struct request request;
    struct reply reply;
    /* For whoever has it, to keep it in a list: */
    struct call *next;
    int64_t since_mono_us;
};

struct transport_options {
    const char *listen; /* "unix:PATH", "HOST:PORT", or NULL: fd 0, LISTEN_FDS
                           or CGI, whichever is there */
    size_t max_body;    /* bytes kept of a body */
    size_t body_memory; /* bytes of all large bodies at a time, where a thread
                           serves many connections */
    const char *base_path;
};

/* Why there is no transport. */
enum transport_fault {
    TRANSPORT_WRONG, /* the command line: no address, or one that is none */
    TRANSPORT_DENIED /* the system does not give it: in use, not ours */
};

/* Finds out what there is. NULL: *fault, and *why says what to do. */
struct transport *transport_open(const struct transport_options *options,
                                 enum transport_fault *fault, struct buf *why);
/* Every call is answered, and every worker has left. */
void transport_close(struct transport *transport);

/* An own socket takes connections from here on: whoever connects finds a
   process that is ready. False: errno says why. */
bool transport_begin(struct transport *transport)
    __attribute__((warn_unused_result));

/* Calls that are not answered. */
unsigned transport_calls(struct transport *transport);

/* How many threads are to join: more would have nothing to do. */
unsigned transport_threads(const struct transport *transport);
/* The threads serve many connections each: they must not wait for anything
   else, and a call may be answered by any thread, later. Else a call is to be
   answered by the thread that has accepted it, before it accepts another. */
bool transport_is_shared(const struct transport *transport);
bool transport_is_cgi(const struct transport *transport);
const char *transport_name(const struct transport *transport);

/* One for each thread; NULL: errno says why. */
struct transport_worker *transport_join(struct transport *transport);
void transport_leave(struct transport_worker *worker);

/* Waits for a request. NULL: no more will come (shutdown, end of CGI), and all
   that came are answered. */
struct call *transport_accept(struct transport_worker *worker);

/* Sends call->reply. The call is the transport's again. */
void transport_answer(struct call *call);

/* Makes every thread's transport_accept() return NULL once all requests are
   answered and nobody who has connected already waits. An own unix socket is
   removed, and an own port refuses connections once those that wait are taken,
   after two seconds at most; a socket of systemd stays open for the next
   process. */
void transport_stop(struct transport *transport);

/* After it, to wait no longer: connections that are at no call end at once, and
   no more are taken. */
void transport_cut(struct transport *transport);

#endif /* TRANSPORT_H */
