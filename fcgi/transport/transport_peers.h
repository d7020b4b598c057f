/*
 * transport_peers.h - the connections of one poller: those that wait in its
 * epoll set, and memory for the next ones.
 */
#ifndef TRANSPORT_PEERS_H
#define TRANSPORT_PEERS_H

#include "transport_kind.h"
#include "transport_peer.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct peers {
    struct transport *transport;
    int epoll_fd;
    int wake_fd; /* eventfd: the last peer has gone, when stopping */

    pthread_mutex_t lock;   /* guards the rest */
    unsigned count;         /* connected */
    struct peer *waiting;   /* in the epoll set, a list */
    int64_t looked_mono_us; /* peers_look(); 0: never */
    struct peer *spare;     /* not connected, a list */
    unsigned spares;
};

/* False: no file descriptors left, errno says so; to be freed all the same. */
bool peers_init(struct peers *peers, struct transport *transport)
    __attribute__((warn_unused_result));
void peers_free(struct peers *peers);

/* From any thread: */

unsigned peers_count(struct peers *peers);

/* The connection of that socket, for that worker. */
struct peer *peers_add(struct peers *peers, struct transport_worker *worker,
                       int fd);

/* Closes it. */
void peers_drop(struct peers *peers, struct peer *peer);

/*
 * Leaves it to the epoll set until one of the events; the caller has no
 * business with it afterwards.
 *
 * The set is told once of a socket and tells each change once (EPOLLET), also
 * while somebody is at the peer: then this asks for the event again. That is
 * one system call less for each request on a connection that is kept.
 */
void peers_wait(struct peers *peers, struct peer *peer, uint32_t events);

/* The poller's: */

/* These events have come. True: the peer has waited and is the poller's again.
   False: somebody is at it, or it has gone. */
bool peers_take(struct peers *peers, struct peer *peer, uint32_t events)
    __attribute__((warn_unused_result));

/* Frees memory that no connection needs. Not while there are events still to
   be looked at: they may be about peers that have gone. */
void peers_trim(struct peers *peers);

/*
 * Ends those that have waited too long; to be called twice a second. A
 * shutdown(2) is an event like any other, so whatever they are at ends in the
 * ordinary way. After a pause of the process, in which nobody could be heard,
 * all have that much more time.
 */
void peers_look(struct peers *peers, int64_t now_mono_us);

/* It is time to stop: kept connections have less time now. */
void peers_hurry(struct peers *peers, int64_t now_mono_us);

/* Time is over (transport_cut()): ends all that wait. */
void peers_cut(struct peers *peers);

#endif /* TRANSPORT_PEERS_H */
