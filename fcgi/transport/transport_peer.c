/*
 * transport_peer.c - one connection of the epoll transport; see
 * transport_peer.h.
 */
#include "transport_peer.h"

#include "alloc.h"
#include "transport_kind.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct peer *
peer_new(struct transport_worker *worker)
{
    struct peer *peer = xcalloc(1, sizeof(*peer));

    transport_call_init(&peer->call, worker);
    fastcgi_session_init(&peer->session);
    peer->fd = -1;
    return peer;
}

void
peer_free(struct peer *peer)
{
    if (peer->fd >= 0)
        close(peer->fd);
    fastcgi_session_free(&peer->session);
    transport_call_free(&peer->call);
    free(peer);
}

void
peer_open(struct peer *peer, int fd)
{
    peer->fd = fd;
    peer->sent = 0;
    peer->last = false;
    peer->drained = false;
    peer->ends = false;
    peer->watched = 0;
    peer->has_news = false;
    peer->began_mono_us = 0;
    peer->owed_mono_us = 0;
}

void
peer_close(struct peer *peer)
{
    close(peer->fd); /* which takes it out of the epoll set */
    peer->fd = -1;
    fastcgi_session_clear(&peer->session);
    transport_call_clear(&peer->call);
}

bool
peer_is_idle(const struct peer *peer)
{
    return peer->session.stage == FASTCGI_IDLE &&
           fastcgi_reader_is_between(&peer->session.reader) &&
           peer->session.out.len == 0;
}

bool
peer_is_receiving(const struct peer *peer)
{
    return peer->session.stage == FASTCGI_NAMES ||
           peer->session.stage == FASTCGI_BODY ||
           !fastcgi_reader_is_between(&peer->session.reader);
}

/* False: the peer has gone. */
static bool
flush(struct peer *peer)
{
    const struct buf *out = &peer->session.out;

    while (peer->sent < out->len) {
        ssize_t count = send(peer->fd, out->data + peer->sent,
                             out->len - peer->sent, MSG_NOSIGNAL);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return errno == EAGAIN;
        peer->sent += (size_t)count;
    }
    peer->sent = 0;
    fastcgi_session_sent(&peer->session);
    return true;
}

/* After everything that could be done at once. */
static enum peer_news
rest(const struct peer *peer)
{
    if (peer->session.out.len > 0)
        return PEER_WRITES;
    return peer->last ? PEER_GONE : PEER_READS;
}

static enum peer_news
news_of(struct peer *peer, enum fastcgi_news news)
{
    switch (news) {
    case FASTCGI_REQUEST:
        return PEER_CALL;
    case FASTCGI_CLOSE:
        peer->last = true;
        break;
    case FASTCGI_WAIT:
        break;
    }
    return flush(peer) ? rest(peer) : PEER_GONE;
}

static enum peer_news
read_some(struct peer *peer, const struct fastcgi_rules *rules, char *room,
          size_t size)
{
    ssize_t count;

    do
        count = recv(peer->fd, room, size, 0);
    while (count < 0 && errno == EINTR);
    peer->drained = count < (ssize_t)size;
    if (count < 0 && errno == EAGAIN)
        return PEER_READS;
    if (count <= 0)
        return PEER_GONE;
    return news_of(peer, fastcgi_session_take(&peer->session, rules,
                                              slice_make(room, (size_t)count),
                                              &peer->call.request));
}

enum peer_news
peer_go_on(struct peer *peer, const struct fastcgi_rules *rules, char *room,
           size_t size)
{
    if (!flush(peer))
        return PEER_GONE;
    if (rest(peer) != PEER_READS)
        return rest(peer);
    if (peer->session.left.len > 0)
        return news_of(peer, fastcgi_session_resume(&peer->session, rules,
                                                    &peer->call.request));
    return read_some(peer, rules, room, size);
}

enum peer_news
peer_answer(struct peer *peer, bool last)
{
    struct call *call = &peer->call;

    fastcgi_session_answer(&peer->session, call->request.method, &call->reply,
                           last);
    peer->last = last || !peer->session.keep;
    peer->began_mono_us = 0;
    transport_call_clear(call);
    if (!flush(peer))
        return PEER_GONE;
    if (rest(peer) == PEER_READS && peer->session.left.len > 0)
        return PEER_WRITES; /* at once: there is a request to go on with */
    return rest(peer);
}
