/*
 * test_transport_peers.c - unit tests for fcgi/transport/transport_peers.c:
 * how long connections may wait, by a clock of the test.
 */
#include "transport_peers.h"

#include "fastcgi_bytes.h"
#include "unit.h"

#include "clock.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define S CLOCK_US_PER_S
#define LOOK_US (S / 2)

static struct transport transport;
static struct transport_worker worker;
static struct peers peers;
static int64_t now_us;

/* One connection, after the web server has said something. */
struct line {
    int web;
    struct peer *peer;
};

static void
set_up(void)
{
    transport.patience = (struct patience){.silent_us = 30 * S,
                                           .whole_us = 120 * S,
                                           .kept_us = 600 * S,
                                           .kept_at_stop_us = 3 * S};
    transport.max_body = 1000;
    worker.transport = &transport;
    CU_ASSERT_FATAL(peers_init(&peers, &transport));
    now_us = clock_mono_us();
    peers_look(&peers, now_us);
}

static void
say(struct line *line, struct slice bytes)
{
    static const struct fastcgi_rules rules = {"", 9, NULL};
    static char room[4096];

    CU_ASSERT_EQUAL(write(line->web, bytes.ptr, bytes.len), (ssize_t)bytes.len);
    CU_ASSERT_EQUAL(peer_go_on(line->peer, &rules, room, sizeof(room)),
                    PEER_READS);
}

static void
open_line(struct line *line)
{
    int ends[2];

    CU_ASSERT_EQUAL_FATAL(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    line->web = ends[0];
    line->peer = peers_add(&peers, &worker, ends[1]);
}

static void
say_half_a_request(struct line *line)
{
    struct buf bytes = BUF_INIT(1000);

    put_begin(&bytes, 1, 1, true);
    say(line, buf_slice(&bytes));
    buf_free(&bytes);
}

static bool
is_left(const struct line *line)
{
    char byte;

    return recv(line->web, &byte, 1, MSG_DONTWAIT) == 0;
}

/* Looks twice a second for so long. */
static void
look_for(int64_t us)
{
    for (; us > 0; us -= LOOK_US) {
        now_us += LOOK_US;
        peers_look(&peers, now_us);
    }
}

static void
close_line(struct line *line)
{
    CU_ASSERT(peers_take(&peers, line->peer, EPOLLIN));
    peers_drop(&peers, line->peer);
    close(line->web);
}

static void
test_silence(void)
{
    struct line half, idle;

    set_up();
    open_line(&half);
    open_line(&idle);
    say_half_a_request(&half);
    peers_wait(&peers, half.peer, EPOLLIN);
    peers_wait(&peers, idle.peer, EPOLLIN);
    look_for(29 * S);
    CU_ASSERT(!is_left(&half));
    look_for(2 * S);
    CU_ASSERT(is_left(&half));
    look_for(568 * S);
    CU_ASSERT(!is_left(&idle));
    look_for(2 * S);
    CU_ASSERT(is_left(&idle));
    close_line(&half);
    close_line(&idle);
    peers_free(&peers);
}

/* However patient we are between two bytes. */
static void
test_a_request_that_does_not_end(void)
{
    struct line half;

    set_up();
    transport.patience.silent_us = 1000 * S;
    open_line(&half);
    say_half_a_request(&half);
    peers_wait(&peers, half.peer, EPOLLIN);
    look_for(60 * S);
    CU_ASSERT(peers_take(&peers, half.peer, EPOLLIN));
    peers_wait(&peers, half.peer, EPOLLIN);
    look_for(59 * S);
    CU_ASSERT(!is_left(&half));
    look_for(2 * S);
    CU_ASSERT(is_left(&half));
    close_line(&half);
    peers_free(&peers);
}

/* A request is answered with more than the socket takes. */
static void
answer_at_length(struct line *line)
{
    static char large[4 << 20];
    static const struct fastcgi_rules rules = {"", 9, NULL};
    static char room[65536];
    struct buf bytes = BUF_INIT(70000);

    memset(large, 'x', sizeof(large));
    put_post(&bytes, 1, true, "/", SLICE("body"));
    CU_ASSERT_EQUAL(write(line->web, bytes.data, bytes.len),
                    (ssize_t)bytes.len);
    CU_ASSERT_EQUAL(peer_go_on(line->peer, &rules, room, sizeof(room)),
                    PEER_CALL);
    reply_json_text(&line->peer->call.reply, 200,
                    slice_make(large, sizeof(large)));
    CU_ASSERT_EQUAL(peer_answer(line->peer, false), PEER_WRITES);
    buf_free(&bytes);
}

/* The web server takes up to so many bytes; what the peer does then. */
static enum peer_news
take_some(struct line *line, size_t bytes)
{
    static const struct fastcgi_rules rules = {"", 9, NULL};
    static char room[65536];
    ssize_t got = 1;

    while (bytes > 0 && got > 0) {
        got = recv(line->web, room, bytes < sizeof(room) ? bytes : sizeof(room),
                   MSG_DONTWAIT);
        bytes -= got > 0 ? (size_t)got : 0;
    }
    CU_ASSERT(peers_take(&peers, line->peer, EPOLLOUT));
    return peer_go_on(line->peer, &rules, room, sizeof(room));
}

static bool
is_shut(const struct line *line)
{
    char byte;

    return send(line->web, "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 &&
           recv(line->web, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0;
}

/* Never silent, and never done: it takes a little now and then. */
static void
test_an_answer_that_is_not_taken(void)
{
    struct line slow;

    set_up();
    transport.patience.silent_us = 1000 * S;
    open_line(&slow);
    answer_at_length(&slow);
    peers_wait(&peers, slow.peer, EPOLLOUT);
    look_for(60 * S);
    CU_ASSERT_EQUAL(take_some(&slow, 300000), PEER_WRITES);
    peers_wait(&peers, slow.peer, EPOLLOUT);
    look_for(59 * S);
    CU_ASSERT(!is_shut(&slow));
    look_for(2 * S);
    CU_ASSERT(is_shut(&slow));
    close_line(&slow);
    peers_free(&peers);
}

/* Each answer has that time for itself. */
static void
test_answers_that_are_taken(void)
{
    struct line slow;
    enum peer_news news;
    int64_t before_us;
    unsigned i;

    set_up();
    open_line(&slow);
    for (i = 0; i < 3; i++) {
        before_us = clock_mono_us();
        answer_at_length(&slow);
        CU_ASSERT_EQUAL(slow.peer->owed_mono_us, 0);
        peers_wait(&peers, slow.peer, EPOLLOUT);
        CU_ASSERT(slow.peer->owed_mono_us >= before_us);
        while ((news = take_some(&slow, 1 << 20)) == PEER_WRITES)
            peers_wait(&peers, slow.peer, EPOLLOUT);
        CU_ASSERT_EQUAL(news, PEER_READS);
        peers_wait(&peers, slow.peer, EPOLLIN);
        CU_ASSERT_EQUAL(slow.peer->owed_mono_us, 0);
        CU_ASSERT(peers_take(&peers, slow.peer, EPOLLIN));
        while (recv(slow.web, (char[4096]){0}, 4096, MSG_DONTWAIT) > 0)
            continue;
    }
    peers_drop(&peers, slow.peer);
    close(slow.web);
    peers_free(&peers);
}

/* The process stood still (SIGSTOP, a machine that was suspended): nobody
   could be heard, so nobody was silent. */
static void
test_a_pause_of_the_process(void)
{
    struct line half, idle;

    set_up();
    open_line(&half);
    open_line(&idle);
    say_half_a_request(&half);
    peers_wait(&peers, half.peer, EPOLLIN);
    peers_wait(&peers, idle.peer, EPOLLIN);
    look_for(10 * S);
    now_us += 3600 * S;
    peers_look(&peers, now_us);
    CU_ASSERT(!is_left(&half));
    CU_ASSERT(!is_left(&idle));
    /* Silent for 10 s before, so for 20 s more. */
    look_for(19 * S);
    CU_ASSERT(!is_left(&half));
    look_for(2 * S);
    CU_ASSERT(is_left(&half));
    close_line(&half);
    close_line(&idle);
    peers_free(&peers);
}

/* The whole of a request has that much more time as well; and a pause gives
   nobody more than he would have from the start. */
static void
test_a_pause_in_a_request(void)
{
    struct line half;

    set_up();
    transport.patience.silent_us = 100 * S;
    open_line(&half);
    say_half_a_request(&half);
    peers_wait(&peers, half.peer, EPOLLIN);
    look_for(90 * S);
    now_us += 3600 * S;
    peers_look(&peers, now_us);
    look_for(9 * S);
    CU_ASSERT(!is_left(&half));
    look_for(2 * S);
    CU_ASSERT(is_left(&half));
    close_line(&half);

    now_us += 3600 * S; /* while nobody was connected */
    peers_look(&peers, now_us);
    open_line(&half);
    say_half_a_request(&half);
    peers_wait(&peers, half.peer, EPOLLIN);
    half.peer->until_mono_us = now_us + 100 * S;
    half.peer->began_mono_us = now_us;
    now_us += 5 * S;
    peers_look(&peers, now_us);
    look_for(99 * S);
    CU_ASSERT(!is_left(&half));
    look_for(2 * S);
    CU_ASSERT(is_left(&half));
    close_line(&half);
    peers_free(&peers);
}

static void
test_connections_are_counted(void)
{
    struct line lines[3];
    size_t i;

    set_up();
    for (i = 0; i < 3; i++)
        open_line(&lines[i]);
    CU_ASSERT_EQUAL(peers_count(&peers), 3);
    CU_ASSERT_EQUAL(atomic_load(&transport.connected), 3);
    for (i = 0; i < 3; i++) {
        peers_drop(&peers, lines[i].peer);
        close(lines[i].web);
    }
    CU_ASSERT_EQUAL(peers_count(&peers), 0);
    CU_ASSERT_EQUAL(atomic_load(&transport.connected), 0);
    peers_free(&peers);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"silence", test_silence},
        {"a request that does not end", test_a_request_that_does_not_end},
        {"an answer that is not taken", test_an_answer_that_is_not_taken},
        {"answers that are taken", test_answers_that_are_taken},
        {"a pause of the process", test_a_pause_of_the_process},
        {"a pause in a request", test_a_pause_in_a_request},
        {"connections are counted", test_connections_are_counted},
        CU_TEST_INFO_NULL,
    };

    return unit_run("transport_peers", tests);
}
