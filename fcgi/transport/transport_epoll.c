/*
 * transport_epoll.c - FastCGI on a listening socket: a few threads, any number
 * of connections.
 *
 * Each poller has an epoll set of its own and takes connections from the one
 * socket. It reads what there is and gives out calls; the answer is sent by
 * whoever has it, from any thread, straight to the socket. Only what a socket
 * does not give or take at once is waited for with the epoll set. A connection
 * belongs to one thread at a time: what the set tells while another one is at
 * it is noted and asked for again (transport_peers.h).
 */
#include "alloc.h"
#include "clock.h"
#include "log.h"
#include "transport_peers.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 64                       /* taken from the epoll set at a time */
#define ACCEPTS 32                      /* then others have their turn */
#define ROOM_BYTES 65536                /* for one read */
#define LOOK_EVERY_MS 500               /* at connections that wait */
#define PAUSE_MS 100                    /* accept(2) fails: not again at once */
#define BACKLOG_US (2 * CLOCK_US_PER_S) /* for who waits when we stop */
#define TELL_EVERY_US (60 * CLOCK_US_PER_S)
#define LOGGER "postern.http"

struct poller {
    struct transport_worker base;
    struct fastcgi_rules rules;
    struct peers peers;
    bool listening, accepting, stopping;
    unsigned accepts;        /* since events were taken */
    int64_t listen_again_us; /* after a pause; 0: none */
    int64_t last_accept_us;  /* when stopping: nobody is taken after that */
    int64_t looked_us;
    struct epoll_event events[EVENTS];
    int count, at;
    char room[ROOM_BYTES];
};

/* What an event is about, beside peers. */
static char on_listen, on_stop, on_wake;

static struct poller *
poller_of(struct transport_worker *worker)
{
    return (struct poller *)worker;
}

static bool
watch(struct poller *poller, int fd, uint32_t events, void *what)
{
    struct epoll_event event = {.events = events, .data = {.ptr = what}};

    return epoll_ctl(poller->peers.epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void
unwatch(struct poller *poller, int fd)
{
    (void)epoll_ctl(poller->peers.epoll_fd, EPOLL_CTL_DEL, fd, NULL);
}

/* Exclusive: one connection wakes one poller, in all processes that share the
   socket. */
static bool
watch_listen(struct poller *poller)
{
    poller->listening = watch(poller, poller->base.transport->listen_fd,
                              EPOLLIN | EPOLLEXCLUSIVE, &on_listen);
    return poller->listening;
}

static void
unwatch_listen(struct poller *poller)
{
    if (poller->listening)
        unwatch(poller, poller->base.transport->listen_fd);
    poller->listening = false;
    poller->accepting = false;
}

static struct transport_worker *
poller_join(struct transport *transport)
{
    struct poller *poller = xcalloc(1, sizeof(*poller));

    poller->base.transport = transport;
    poller->rules.base_path = transport->base_path;
    poller->rules.connections = transport->connections;
    poller->rules.bodies = &transport->bodies;
    if (!peers_init(&poller->peers, transport) ||
        !watch(poller, poller->peers.wake_fd, EPOLLIN, &on_wake) ||
        !watch(poller, transport->stop_fd, EPOLLIN | EPOLLET, &on_stop) ||
        !watch_listen(poller)) {
        peers_free(&poller->peers);
        free(poller);
        return NULL;
    }
    return &poller->base;
}

static void
poller_leave(struct transport_worker *base)
{
    struct poller *poller = poller_of(base);

    peers_free(&poller->peers);
    free(poller);
}

/* What follows from the news; the call if that is what they are. */
static struct call *
deal_with(struct poller *poller, struct peer *peer, enum peer_news news)
{
    switch (news) {
    case PEER_CALL:
        return &peer->call;
    case PEER_READS:
        peers_wait(&poller->peers, peer, EPOLLIN);
        break;
    case PEER_WRITES:
        peers_wait(&poller->peers, peer, EPOLLOUT);
        break;
    case PEER_GONE:
        peers_drop(&poller->peers, peer);
        break;
    }
    return NULL;
}

static struct call *
serve(struct poller *poller, struct peer *peer)
{
    return deal_with(
        poller, peer,
        peer_go_on(peer, &poller->rules, poller->room, sizeof(poller->room)));
}

/* -- the listening socket -------------------------------------------------- */

static void
pause_listening(struct poller *poller)
{
    unwatch_listen(poller);
    poller->listen_again_us = clock_mono_us() + PAUSE_MS * CLOCK_US_PER_MS;
}

/* One line a minute, whichever poller it is. */
static bool
may_tell(struct transport *transport)
{
    int_fast64_t told_us = atomic_load(&transport->told_mono_us);
    int_fast64_t now_us = clock_mono_us();

    return (told_us == 0 || now_us - told_us >= TELL_EVERY_US) &&
           atomic_compare_exchange_strong(&transport->told_mono_us, &told_us,
                                          now_us);
}

/* There are as many connections as there may be. */
static void
pause_when_full(struct poller *poller)
{
    pause_listening(poller);
    if (may_tell(poller->base.transport))
        log_warning(
            LOGGER,
            LOG_FIELDS(LOG_INT("connections", poller->rules.connections)),
            "No more connections are taken until others end");
}

static void
pause_after(struct poller *poller, int error)
{
    pause_listening(poller);
    if (may_tell(poller->base.transport))
        log_error(LOGGER, LOG_FIELDS(LOG_TEXT("error", strerror(error))),
                  "Connections cannot be taken at the moment");
}

/* What accept(2) does not say when it has no file descriptor to give, nor when
   another poller has shut the socket down. */
static bool
nobody_waits(const struct transport *transport)
{
    struct pollfd listen = {.fd = transport->listen_fd, .events = POLLIN};

    return poll(&listen, 1, 0) == 0 || (listen.revents & POLLIN) == 0 ||
           (listen.revents & POLLHUP) != 0;
}

/* Nobody waits any more, or never will. At the end of an own socket nobody new
   is let in: who comes now is refused at once, and may go elsewhere. */
static void
end_accepting(struct poller *poller)
{
    const struct transport *transport = poller->base.transport;

    poller->accepting = false;
    if (poller->stopping && transport->own)
        (void)shutdown(transport->listen_fd, SHUT_RDWR);
}

static void
end_pause(struct poller *poller)
{
    if (poller->listen_again_us == 0 ||
        clock_mono_us() < poller->listen_again_us)
        return;
    poller->listen_again_us = 0;
    if (poller->stopping)
        poller->accepting = true; /* until nobody waits any more */
    else if (!watch_listen(poller))
        pause_listening(poller);
}

/* NULL: nobody waits, or what came is no call yet. */
static struct call *
accept_one(struct poller *poller)
{
    struct transport *transport = poller->base.transport;
    int fd;

    if (poller->stopping && clock_mono_us() > poller->last_accept_us) {
        end_accepting(poller); /* new ones come as fast as they are taken */
        return NULL;
    }
    if (atomic_load(&transport->connected) >= transport->connections) {
        pause_when_full(poller);
        return NULL;
    }
    fd =
        accept4(transport->listen_fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
        poller->accepts++;
        return serve(poller, peers_add(&poller->peers, &poller->base, fd));
    }
    if (errno == EAGAIN ||
        (atomic_load(&transport->stopping) && nobody_waits(transport)))
        end_accepting(poller);
    else if (transport_must_pause(errno))
        pause_after(poller, errno);
    return NULL;
}

static struct call *
accept_some(struct poller *poller)
{
    struct call *call = NULL;

    while (call == NULL && poller->accepting && poller->accepts < ACCEPTS)
        call = accept_one(poller);
    return call;
}

/* -- the loop ------------------------------------------------------------- */

/* Who has connected is served still, unless there is a successor for that.
   Kept connections have no request now; their time ends sooner. */
static void
begin_stop(struct poller *poller)
{
    struct transport *transport = poller->base.transport;

    poller->stopping = true;
    poller->last_accept_us = clock_mono_us() + BACKLOG_US;
    unwatch_listen(poller);
    poller->accepting = !transport->successor;
    poller->listen_again_us = 0;
    peers_hurry(&poller->peers, clock_mono_us());
}

/* Each time that the end has become more urgent, or twice at once. */
static void
take_stop(struct poller *poller)
{
    if (!poller->stopping)
        begin_stop(poller);
    if (atomic_load(&poller->base.transport->cutting)) {
        end_accepting(poller);
        poller->listen_again_us = 0;
        peers_cut(&poller->peers);
    }
}

static struct call *
take_event(struct poller *poller, const struct epoll_event *event)
{
    struct peer *peer = event->data.ptr;
    uint64_t count;

    if (event->data.ptr == &on_listen) {
        /* Not listening: it has come together with the stop, or with what has
           led to a pause. */
        poller->accepting = poller->accepting || poller->listening;
    } else if (event->data.ptr == &on_stop) {
        take_stop(poller);
    } else if (event->data.ptr == &on_wake) {
        (void)!read(poller->peers.wake_fd, &count, sizeof(count));
    } else {
        return peers_take(&poller->peers, peer, event->events)
                   ? serve(poller, peer)
                   : NULL;
    }
    return NULL;
}

static void
look_at_waiting(struct poller *poller)
{
    int64_t now_us = clock_mono_us();

    if (now_us - poller->looked_us < LOOK_EVERY_MS * CLOCK_US_PER_MS)
        return;
    poller->looked_us = now_us;
    peers_look(&poller->peers, now_us);
}

static void
wait_for_events(struct poller *poller)
{
    int timeout_ms = -1;

    if (poller->accepting)
        timeout_ms = 0;
    else if (poller->listen_again_us != 0)
        timeout_ms = PAUSE_MS;
    else if (peers_count(&poller->peers) > 0)
        timeout_ms = LOOK_EVERY_MS;
    peers_trim(&poller->peers); /* all events were looked at */
    poller->at = 0;
    poller->count =
        epoll_wait(poller->peers.epoll_fd, poller->events, EVENTS, timeout_ms);
    poller->accepts = 0;
    look_at_waiting(poller);
    end_pause(poller);
}

static struct call *
poller_accept(struct transport_worker *base)
{
    struct poller *poller = poller_of(base);
    struct call *call = NULL;

    for (;;) {
        while (call == NULL && poller->at < poller->count)
            call = take_event(poller, &poller->events[poller->at++]);
        if (call == NULL)
            call = accept_some(poller);
        if (call != NULL)
            return call;
        if (poller->stopping && !poller->accepting &&
            poller->listen_again_us == 0 && peers_count(&poller->peers) == 0)
            return NULL;
        wait_for_events(poller);
    }
}

static void
poller_answer(struct call *call)
{
    struct peer *peer = peer_of(call);
    struct poller *poller = poller_of(call->worker);
    bool stopping = atomic_load(&poller->base.transport->stopping);

    (void)deal_with(poller, peer, peer_answer(peer, stopping));
}

const struct transport_kind transport_epoll = {
    .shared = true,
    .join = poller_join,
    .leave = poller_leave,
    .accept = poller_accept,
    .answer = poller_answer,
};
