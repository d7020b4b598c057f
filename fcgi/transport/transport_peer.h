/*
 * transport_peer.h - one connection of the epoll transport: a socket, where
 * the exchange stands on it, and the call that it carries.
 *
 * A peer belongs to one at a time: to the poller that reads from it, to
 * whoever answers its call, or to the epoll set while it waits.
 */
#ifndef TRANSPORT_PEER_H
#define TRANSPORT_PEER_H

#include "fastcgi_session.h"
#include "transport.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct peer {
    struct call call; /* first: a call is its peer */
    struct fastcgi_session session;
    int fd;
    size_t sent;           /* bytes of session.out */
    bool last;             /* to be closed when everything is sent */
    bool drained;          /* the last read took all there was */
    bool ends;             /* ... but the end, which has come */
    int64_t began_mono_us; /* the request that is coming; 0: not seen yet */
    int64_t owed_mono_us;  /* since when there is something to send; 0: it has
                              not been waited for */
    uint32_t watched;      /* events that the epoll set tells; 0: none yet */

    /* Guarded by the lock of the peers: */
    bool waits;
    bool has_news;         /* an event has come while it did not wait */
    int64_t until_mono_us; /* while it waits */
    struct peer *previous, *next;
};

enum peer_news {
    PEER_READS,  /* more has to come: wait until it can be read */
    PEER_WRITES, /* something is owed: wait until it can be written */
    PEER_CALL,   /* peer->call is whole: answer it */
    PEER_GONE    /* close it */
};

struct peer *peer_new(struct transport_worker *worker);
void peer_free(struct peer *peer);
void peer_open(struct peer *peer, int fd); /* takes the socket */
void peer_close(struct peer *peer);        /* ready for another one */

static inline struct peer *
peer_of(struct call *call)
{
    return (struct peer *)call;
}

/* Goes on where it was, as far as the socket gives and takes without waiting.
   `room` is room for one read, which several peers share. */
enum peer_news peer_go_on(struct peer *peer, const struct fastcgi_rules *rules,
                          char *room, size_t size)
    __attribute__((warn_unused_result));

/* Sends the reply of the call. last: the connection is not kept. Never
   PEER_CALL. */
enum peer_news peer_answer(struct peer *peer, bool last)
    __attribute__((warn_unused_result));

/* Nothing of a request has come, and nothing is owed. */
bool peer_is_idle(const struct peer *peer);

/* A request has begun and is not whole. */
bool peer_is_receiving(const struct peer *peer);

#endif /* TRANSPORT_PEER_H */
