/*
 * transport_kind.h - what a transport has to be able to do: the inside of
 * transport.h, for transport*.c alone.
 */
#ifndef TRANSPORT_KIND_H
#define TRANSPORT_KIND_H

#include "body_budget.h"
#include "transport.h"

#include <stdatomic.h>
#include <stdint.h>

/* How long a peer may keep a connection waiting. */
struct patience {
    int64_t silent_us;       /* it neither sends nor reads what it should */
    int64_t whole_us;        /* it has begun a request, which does not end, or
                                takes an answer, and does not come to its end */
    int64_t kept_us;         /* it keeps a connection without a request */
    int64_t kept_at_stop_us; /* the same, once it is time to stop */
};

struct transport {
    const struct transport_kind *kind;
    const char *name;  /* for a log line: where requests come from */
    char *own_name;    /* the same, of an own socket; or NULL */
    atomic_uint calls; /* that are not answered */
    size_t max_body;
    const char *base_path;
    struct patience patience;
    unsigned connections; /* of all workers together, at most */
    atomic_uint connected;
    struct body_budget bodies; /* of all workers together */
    int listen_fd;
    bool own; /* the socket is ours, and does not listen before _begin() */
    bool successor; /* systemd keeps the socket: who waits at the end is
                             served by the next process */
    atomic_bool stopping;
    atomic_bool cutting;              /* and no connection is waited for */
    atomic_int_fast64_t told_mono_us; /* last line about connections that are
                                         not accepted */
    int stop_fd;       /* eventfd; readable once transport_stop() was called,
                          and written again by transport_cut() */
    char *unlink_path; /* own unix socket, removed at the end; or NULL */
};

struct transport_kind {
    bool shared; /* transport_is_shared() */
    struct transport_worker *(*join)(struct transport *transport);
    void (*leave)(struct transport_worker *worker);
    struct call *(*accept)(struct transport_worker *worker);
    void (*answer)(struct call *call);
};

/* Each worker starts with this; its kind's own struct holds it first. */
struct transport_worker {
    struct transport *transport;
};

extern const struct transport_kind transport_epoll;
extern const struct transport_kind transport_fcgi;
extern const struct transport_kind transport_cgi;

void transport_call_init(struct call *call, struct transport_worker *worker);
void transport_call_clear(struct call *call); /* ready for the next one */
void transport_call_free(struct call *call);

/* Before the first transport_fcgi.join(): libfcgi's own set-up. */
bool transport_fcgi_setup(void) __attribute__((warn_unused_result));

/* Appends the whole body to request->body, at most max bytes of it, and reads
   the rest away, bounded in bytes and time. `read` gives the next piece, 0 at
   the end. What still comes after until_mono_us is not waited for: body_cut. */
void transport_read_body(struct request *request, int64_t until_mono_us,
                         int (*read_some)(void *from, char *into, int len),
                         void *from);

/* Less came than Content-Length announces. */
bool transport_body_is_cut(const struct request *request);

/* After an accept(2) that failed: not again at once, as it would fail again.
   File descriptors and memory come back in time. */
bool transport_must_pause(int error);

/* A socket of our own, bound but not listening yet: "unix:PATH" or
   "HOST:PORT". -1: *fault, and *why says what to do. *unlink_path: to be freed
   and removed at the end, or NULL. */
int transport_bind(const char *where, char **unlink_path,
                   enum transport_fault *fault, struct buf *why);

/* The same address with the port that the system has chosen for port 0; to be
   freed. */
char *transport_bound_name(const char *where, int fd);

#endif /* TRANSPORT_KIND_H */
