/*
 * transport_peers.c - the connections of one poller; see transport_peers.h.
 */
#include "transport_peers.h"

#include "clock.h"

#include <assert.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define SPARES_MAX 64                 /* kept for the next connections */
#define PAUSE_US (2 * CLOCK_US_PER_S) /* between two looks: we were away */

bool
peers_init(struct peers *peers, struct transport *transport)
{
    *peers = (struct peers){.transport = transport};
    pthread_mutex_init(&peers->lock, NULL);
    peers->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    peers->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return peers->epoll_fd >= 0 && peers->wake_fd >= 0;
}

void
peers_free(struct peers *peers)
{
    struct peer *peer, *next;

    assert(peers->count == 0 && peers->waiting == NULL);
    for (peer = peers->spare; peer != NULL; peer = next) {
        next = peer->next;
        peer_free(peer);
    }
    if (peers->epoll_fd >= 0)
        close(peers->epoll_fd);
    if (peers->wake_fd >= 0)
        close(peers->wake_fd);
    pthread_mutex_destroy(&peers->lock);
}

unsigned
peers_count(struct peers *peers)
{
    unsigned count;

    pthread_mutex_lock(&peers->lock);
    count = peers->count;
    pthread_mutex_unlock(&peers->lock);
    return count;
}

struct peer *
peers_add(struct peers *peers, struct transport_worker *worker, int fd)
{
    struct peer *peer;

    atomic_fetch_add(&peers->transport->connected, 1);
    pthread_mutex_lock(&peers->lock);
    peers->count++;
    peer = peers->spare;
    if (peer != NULL) {
        peers->spare = peer->next;
        peers->spares--;
    }
    pthread_mutex_unlock(&peers->lock);
    if (peer == NULL)
        peer = peer_new(worker);
    peer_open(peer, fd);
    return peer;
}

void
peers_drop(struct peers *peers, struct peer *peer)
{
    peer_close(peer);
    atomic_fetch_sub(&peers->transport->connected, 1);
    pthread_mutex_lock(&peers->lock);
    peer->next = peers->spare;
    peers->spare = peer;
    peers->spares++;
    /* Once it was the last, the poller may leave: nothing of it is touched
       after the lock. */
    if (--peers->count == 0 && atomic_load(&peers->transport->stopping)) {
        uint64_t one = 1;

        (void)!write(peers->wake_fd, &one, sizeof(one));
    }
    pthread_mutex_unlock(&peers->lock);
}

void
peers_trim(struct peers *peers)
{
    pthread_mutex_lock(&peers->lock);
    while (peers->spares > SPARES_MAX) {
        struct peer *peer = peers->spare;

        peers->spare = peer->next;
        peers->spares--;
        peer_free(peer);
    }
    pthread_mutex_unlock(&peers->lock);
}

static int64_t
patience_us(const struct peers *peers, const struct peer *peer)
{
    const struct patience *patience = &peers->transport->patience;

    if (atomic_load(&peers->transport->cutting))
        return 0;
    if (!peer_is_idle(peer))
        return patience->silent_us;
    return atomic_load(&peers->transport->stopping) ? patience->kept_at_stop_us
                                                    : patience->kept_us;
}

static int64_t
sooner(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* until_us, and not longer than a request and an answer may take, however often
   a byte of them comes or goes. */
static int64_t
within_whole(const struct peers *peers, const struct peer *peer,
             int64_t until_us)
{
    int64_t whole_us = peers->transport->patience.whole_us;

    if (peer->began_mono_us != 0)
        until_us = sooner(until_us, peer->began_mono_us + whole_us);
    if (peer->owed_mono_us != 0)
        until_us = sooner(until_us, peer->owed_mono_us + whole_us);
    return until_us;
}

/* When it began: as it is known, or now. */
static void
note(int64_t *since_mono_us, bool is_so, int64_t now_us)
{
    if (!is_so)
        *since_mono_us = 0;
    else if (*since_mono_us == 0)
        *since_mono_us = now_us;
}

static void
set_deadline(const struct peers *peers, struct peer *peer, int64_t now_us)
{
    note(&peer->began_mono_us, peer_is_receiving(peer), now_us);
    note(&peer->owed_mono_us, peer->session.out.len > 0, now_us);
    peer->until_mono_us =
        within_whole(peers, peer, now_us + patience_us(peers, peer));
}

static void
link_waiting(struct peers *peers, struct peer *peer)
{
    peer->waits = true;
    peer->previous = NULL;
    peer->next = peers->waiting;
    if (peer->next != NULL)
        peer->next->previous = peer;
    peers->waiting = peer;
}

static void
unlink_waiting(struct peers *peers, struct peer *peer)
{
    peer->waits = false;
    if (peer->previous != NULL)
        peer->previous->next = peer->next;
    else
        peers->waiting = peer->next;
    if (peer->next != NULL)
        peer->next->previous = peer->previous;
}

bool
peers_take(struct peers *peers, struct peer *peer, uint32_t events)
{
    bool taken;

    pthread_mutex_lock(&peers->lock);
    taken = peer->waits;
    if (taken)
        unlink_waiting(peers, peer);
    else
        peer->has_news = true;
    pthread_mutex_unlock(&peers->lock);
    if (taken)
        peer->ends = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
    return taken;
}

/* The set would not tell what it has told, nor what was there before. */
static bool
must_ask(const struct peer *peer, uint32_t events)
{
    return events != peer->watched || events != EPOLLIN || !peer->drained ||
           peer->ends || peer->has_news;
}

static bool
ask(struct peers *peers, struct peer *peer, uint32_t events)
{
    struct epoll_event event = {.events = events | EPOLLRDHUP | EPOLLET,
                                .data = {.ptr = peer}};
    int operation = peer->watched == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

    peer->watched = events;
    return epoll_ctl(peers->epoll_fd, operation, peer->fd, &event) == 0;
}

void
peers_wait(struct peers *peers, struct peer *peer, uint32_t events)
{
    bool ok;

    pthread_mutex_lock(&peers->lock);
    /* Inside the lock: either this knows that it is time to stop, or
       peers_hurry() finds the peer. And the poller has the event, and with it
       the peer, at once. */
    set_deadline(peers, peer, clock_mono_us());
    ok = !must_ask(peer, events) || ask(peers, peer, events);
    peer->has_news = false;
    if (ok)
        link_waiting(peers, peer);
    pthread_mutex_unlock(&peers->lock);
    if (!ok)
        peers_drop(peers, peer); /* no memory left to wait with */
}

static void
shift(int64_t *since_mono_us, int64_t gap_us, int64_t now_us)
{
    if (*since_mono_us != 0)
        *since_mono_us = sooner(*since_mono_us + gap_us, now_us);
}

/* Gives back the time in which the peer could not be heard; not more than it
   would have if it had been heard right now. */
static void
forgive(const struct peers *peers, struct peer *peer, int64_t gap_us,
        int64_t now_us)
{
    shift(&peer->began_mono_us, gap_us, now_us);
    shift(&peer->owed_mono_us, gap_us, now_us);
    peer->until_mono_us =
        within_whole(peers, peer,
                     sooner(peer->until_mono_us + gap_us,
                            now_us + patience_us(peers, peer)));
}

void
peers_look(struct peers *peers, int64_t now_mono_us)
{
    struct peer *peer;
    int64_t gap_us = 0;

    pthread_mutex_lock(&peers->lock);
    if (peers->looked_mono_us != 0)
        gap_us = now_mono_us - peers->looked_mono_us;
    peers->looked_mono_us = now_mono_us;
    for (peer = peers->waiting; peer != NULL; peer = peer->next) {
        if (gap_us >= PAUSE_US)
            forgive(peers, peer, gap_us, now_mono_us);
        if (now_mono_us >= peer->until_mono_us)
            shutdown(peer->fd, SHUT_RDWR);
    }
    pthread_mutex_unlock(&peers->lock);
}

void
peers_hurry(struct peers *peers, int64_t now_mono_us)
{
    int64_t until_us = now_mono_us + peers->transport->patience.kept_at_stop_us;
    struct peer *peer;

    pthread_mutex_lock(&peers->lock);
    for (peer = peers->waiting; peer != NULL; peer = peer->next) {
        if (peer->until_mono_us > until_us && peer_is_idle(peer))
            peer->until_mono_us = until_us;
    }
    pthread_mutex_unlock(&peers->lock);
}

void
peers_cut(struct peers *peers)
{
    struct peer *peer;

    pthread_mutex_lock(&peers->lock);
    for (peer = peers->waiting; peer != NULL; peer = peer->next)
        shutdown(peer->fd, SHUT_RDWR);
    pthread_mutex_unlock(&peers->lock);
}
