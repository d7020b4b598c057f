/*
 * test_transport_epoll.c - unit tests for fcgi/transport/transport_epoll.c on
 * real sockets: two pollers, and a web server's end in the test.
 */
#include "poller_fixture.h"
#include "unit.h"

#include "alloc.h"
#include "log.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/resource.h>

/* -- the claims ------------------------------------------------------------ */

static void
test_one_request(void)
{
    int fd;

    open_with(long_patience, false);
    fd = dial();
    post(fd, false, "/", "hello");
    CU_ASSERT(hears_answer(fd, "hello", false));
    CU_ASSERT(hears_end(fd));
    close(fd);
    stop_and_await_end();
}

static void
test_kept_connection(void)
{
    struct buf both = BUF_INIT(BIG);
    char body[32];
    int fd, i;

    open_with(long_patience, false);
    fd = dial();
    for (i = 0; i < 1000; i++) {
        snprintf(body, sizeof(body), "body %d", i);
        post(fd, true, "/", body);
        CU_ASSERT_FATAL(hears_answer(fd, body, false));
    }
    /* Two at once: one after the other. */
    put_post(&both, 1, true, "/", SLICE("first"));
    put_post(&both, 1, false, "/", SLICE("second"));
    say(fd, buf_slice(&both));
    CU_ASSERT(hears_answer(fd, "first", false));
    CU_ASSERT(hears_answer(fd, "second", false));
    CU_ASSERT(hears_end(fd));
    close(fd);
    buf_free(&both);
    stop_and_await_end();
}

static void
test_bytes_one_by_one(void)
{
    struct buf bytes = BUF_INIT(BIG);
    size_t i;
    int fd;

    open_with(long_patience, false);
    fd = dial();
    put_post(&bytes, 1, false, "/", SLICE("slow"));
    for (i = 0; i < bytes.len; i++)
        say(fd, slice_make(bytes.data + i, 1));
    CU_ASSERT(hears_answer(fd, "slow", false));
    close(fd);
    buf_free(&bytes);
    stop_and_await_end();
}

/* More than is read at a time, in one piece and in pieces that end anywhere. */
static void
test_large_bodies(void)
{
    static const char content[90000];
    struct buf bytes = BUF_INIT(BIG);
    size_t piece, at;
    int fd;

    open_with(long_patience, false);
    fd = dial();
    put_post(&bytes, 1, true, "/length", slice_make(content, 60000));
    put_post(&bytes, 1, true, "/length", slice_make(content, 60000));
    for (piece = 1000; piece < 2 * bytes.len; piece *= 3) {
        for (at = 0; at < bytes.len; at += piece)
            say(fd,
                slice_make(bytes.data + at,
                           bytes.len - at < piece ? bytes.len - at : piece));
        CU_ASSERT_FATAL(hears_answer(fd, "60000", false));
        CU_ASSERT_FATAL(hears_answer(fd, "60000", false));
    }
    /* All of it is there before the first byte is read. */
    post(fd, true, "/hold", "");
    await(s.held_fd);
    buf_clear(&bytes);
    put_post(&bytes, 1, true, "/length", slice_make(content, 90000));
    say(fd, buf_slice(&bytes));
    release();
    CU_ASSERT(hears_answer(fd, "held", false));
    CU_ASSERT(hears_answer(fd, "90000", false));
    close(fd);
    buf_free(&bytes);
    stop_and_await_end();
}

/* A request that comes, or an end, while another thread is at the connection:
   before it has answered, meanwhile, or after. */
static void
test_news_at_any_time(void)
{
    enum { ROUNDS = 500 };
    int fd, i;

    open_with(long_patience, false);
    fd = dial();
    for (i = 0; i < ROUNDS; i++) {
        post(fd, true, "/hold", "");
        await(s.held_fd);
        if (i % 3 == 0)
            pause_ms(i % 2);
        post(fd, true, "/", "next");
        release();
        CU_ASSERT_FATAL(hears_answer(fd, "held", false));
        CU_ASSERT_FATAL(hears_answer(fd, "next", false));
    }
    for (i = 0; i < ROUNDS; i++) {
        int gone = dial();

        post(gone, true, "/hold", "");
        await(s.held_fd);
        close(gone);
        if (i % 100 == 99) /* more than are kept for the next ones */
            release();
    }
    post(fd, true, "/", "last");
    CU_ASSERT(hears_answer(fd, "last", false));
    close(fd);
    await_connections(0);
    stop_and_await_end();
}

/* A hundred that send half a request, or nothing, or hold a call, or do not
   read what they get, and one that just wants its answer. */
static void
test_nobody_blocks_others(void)
{
    enum { OTHERS = 100 };
    int others[OTHERS], fd, i;
    char *large = xmalloc(LARGE_ANSWER + 20000);
    struct buf half = BUF_INIT(BIG);

    open_with(long_patience, false);
    put_begin(&half, 1, 1, false);
    for (i = 0; i < OTHERS; i++) {
        others[i] = dial();
        CU_ASSERT_FATAL(others[i] >= 0);
        if (i % 4 == 1)
            say(others[i], buf_slice(&half));
        else if (i % 4 == 2)
            post(others[i], false, "/hold", "");
        else if (i % 4 == 3)
            post(others[i], false, "/large", "");
    }
    for (i = 0; i < OTHERS / 4; i++)
        await(s.held_fd);
    for (i = 0; i < 100; i++) {
        fd = dial();
        post(fd, false, "/", "quick");
        CU_ASSERT(hears_answer(fd, "quick", false));
        close(fd);
    }
    /* All of them are served to their end. */
    release();
    for (i = 0; i < OTHERS; i++) {
        if (i % 4 == 2)
            CU_ASSERT(hears_answer(others[i], "held", false));
        if (i % 4 == 3)
            CU_ASSERT(hear(others[i], large, LARGE_ANSWER + 20000) >
                      LARGE_ANSWER);
        close(others[i]);
    }
    free(large);
    buf_free(&half);
    stop_and_await_end();
}

static void
test_silent_peers_are_left(void)
{
    const struct patience patience = {
        .silent_us = 1,
        .whole_us = 60 * CLOCK_US_PER_S,
        .kept_us = 60 * CLOCK_US_PER_S,
        .kept_at_stop_us = 1,
    };
    struct buf half = BUF_INIT(BIG);
    char *large = xmalloc(LARGE_ANSWER + 20000);
    int sends, reads, kept;
    char byte;

    open_with(patience, false);
    put_begin(&half, 1, 1, false);
    kept = dial();
    post(kept, true, "/", "a");
    CU_ASSERT(hears_answer(kept, "a", false));
    sends = dial();
    say(sends, buf_slice(&half));
    reads = dial();
    post(reads, false, "/large", "");
    CU_ASSERT(hears_end(sends));
    /* What was in the socket when it was left is there still, no more. */
    await_hangup(reads);
    CU_ASSERT(hear(reads, large, LARGE_ANSWER + 20000) < LARGE_ANSWER);
    /* Who keeps a connection is in no hurry. */
    CU_ASSERT_EQUAL(recv(kept, &byte, 1, MSG_DONTWAIT), -1);
    CU_ASSERT_EQUAL(errno, EAGAIN);
    post(kept, true, "/", "b");
    CU_ASSERT(hears_answer(kept, "b", false));
    close(kept);
    close(sends);
    close(reads);
    buf_free(&half);
    free(large);
    stop_and_await_end();
}

/* Never silent, and never done: a byte every 20 ms of a record that would take
   twenty minutes. */
static void
test_trickling_peers_are_left(void)
{
    struct patience patience = long_patience;
    static char content[65535];
    struct buf bytes = BUF_INIT(BIG);
    int64_t began_us;
    size_t sent = 0;
    int fd;

    patience.whole_us = CLOCK_US_PER_S / 2;
    open_with(patience, false);
    fd = dial();
    put_begin(&bytes, 1, 1, false);
    put_record(&bytes, PARAMS, 1, content, sizeof(content), 0);
    began_us = clock_mono_us();
    while (clock_mono_us() - began_us < WAIT_MS * CLOCK_US_PER_MS &&
           send(fd, bytes.data + sent, 1, MSG_NOSIGNAL) == 1) {
        sent++;
        pause_ms(20);
    }
    CU_ASSERT(clock_mono_us() - began_us >= patience.whole_us);
    CU_ASSERT(clock_mono_us() - began_us < WAIT_MS * CLOCK_US_PER_MS);
    close(fd);
    buf_free(&bytes);
    stop_and_await_end();
}

/* Until bodies have so many bytes. */
static void
await_bodies(size_t want)
{
    int64_t began_us = clock_mono_us();

    while (atomic_load(&s.transport->bodies.used) != want &&
           clock_mono_us() - began_us < WAIT_MS * CLOCK_US_PER_MS)
        pause_ms(1);
    CU_ASSERT_EQUAL(atomic_load(&s.transport->bodies.used), want);
}

/* A large body on its way leaves no memory for a second one; small ones have
   theirs, and when the first one is done there is some again. */
static void
test_memory_for_bodies(void)
{
    static char content[60001];
    struct buf bytes = BUF_INIT(BIG);
    int first, second;

    memset(content, 'x', sizeof(content) - 1);
    open_with(long_patience, false);
    first = dial();
    second = dial();
    put_post(&bytes, 1, true, "/length", slice_of(content));
    say(first, slice_make(bytes.data, bytes.len - 1));
    await_bodies(65536);
    post(second, true, "/length", content);
    CU_ASSERT(hears_answer(second, "refused", false));
    post(second, true, "/", "small");
    CU_ASSERT(hears_answer(second, "small", false));
    say(first, slice_make(bytes.data + bytes.len - 1, 1));
    CU_ASSERT(hears_answer(first, "60000", false));
    post(second, true, "/length", content);
    CU_ASSERT(hears_answer(second, "60000", false));
    /* Who leaves in the middle gives back what he had. */
    say(first, slice_make(bytes.data, bytes.len - 1));
    await_bodies(65536);
    close(first);
    await_bodies(0);
    close(second);
    buf_free(&bytes);
    stop_and_await_end();
}

/* -- more than there may be ------------------------------------------------- */

/* Log lines since the file was opened. */
static size_t
count_lines(const char *path, const char *text)
{
    FILE *file = fopen(path, "r");
    size_t count = 0;
    char line[1000];

    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    while (fgets(line, sizeof(line), file) != NULL)
        count += strstr(line, text) != NULL;
    fclose(file);
    return count;
}

static void
test_connection_limit(void)
{
    char log[80], where[80];
    int fds[4], i;

    snprintf(log, sizeof(log), "%s/log", directory);
    CU_ASSERT_FATAL(log_open(LOG_FORMAT_TEXT, LOG_INFO, log));
    snprintf(where, sizeof(where), "unix:%s", socket_path);
    open_at(where, long_patience);
    s.transport->connections = 3;
    start_pollers();
    for (i = 0; i < 4; i++) {
        fds[i] = dial();
        post(fds[i], true, "/", "a");
        if (i < 3)
            CU_ASSERT(hears_answer(fds[i], "a", false));
    }
    CU_ASSERT(!is_readable(fds[3], 300)); /* three pauses */
    close(fds[0]);
    CU_ASSERT(hears_answer(fds[3], "a", false));
    for (i = 1; i < 4; i++)
        close(fds[i]);
    stop_and_await_end();
    CU_ASSERT(log_open(LOG_FORMAT_TEXT, LOG_INFO, NULL));
    CU_ASSERT_EQUAL(count_lines(log, "No more connections"), 1);
    unlink(log);
}

static int64_t
cpu_us(void)
{
    struct timespec used;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return used.tv_sec * CLOCK_US_PER_S + used.tv_nsec / 1000;
}

/* Nobody can be taken while there is no file descriptor for him; nor is that
   tried again and again without a pause. */
static void
test_out_of_descriptors(void)
{
    enum { PAUSE_MS = 500 };
    struct rlimit before, none;
    int fd, taken[64], count = 0;
    int64_t used_us;
    char log[80];

    /* valgrind accepts above the limit, closes, and says EMFILE then. */
    if (getenv("VALGRIND") != NULL)
        return;
    snprintf(log, sizeof(log), "%s/log", directory);
    CU_ASSERT_FATAL(log_open(LOG_FORMAT_TEXT, LOG_INFO, log));
    open_with(long_patience, false);
    fd = dial();
    post(fd, true, "/", "first");
    CU_ASSERT(hears_answer(fd, "first", false));
    close(fd);
    await_connections(0); /* its descriptor would be free again */
    fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    getrlimit(RLIMIT_NOFILE, &before);
    none = before;
    none.rlim_cur = 64;
    setrlimit(RLIMIT_NOFILE, &none);
    while (count < 64 && (taken[count] = dup(fd)) >= 0)
        count++;
    used_us = cpu_us();
    CU_ASSERT_EQUAL(web_connect(fd, socket_path), 0);
    post(fd, true, "/", "second");
    CU_ASSERT(!is_readable(fd, PAUSE_MS));
    CU_ASSERT(cpu_us() - used_us < PAUSE_MS * CLOCK_US_PER_MS / 2);
    setrlimit(RLIMIT_NOFILE, &before);
    CU_ASSERT(hears_answer(fd, "second", false));
    while (count > 0)
        close(taken[--count]);
    close(fd);
    stop_and_await_end();
    CU_ASSERT(log_open(LOG_FORMAT_TEXT, LOG_INFO, NULL));
    CU_ASSERT_EQUAL(count_lines(log, "Connections cannot be taken"), 1);
    CU_ASSERT_EQUAL(count_lines(log, "Too many open files"), 1);
    unlink(log);
}

static void
test_peers_that_leave(void)
{
    struct buf half = BUF_INIT(BIG);
    int fd, i;

    open_with(long_patience, false);
    put_begin(&half, 1, 1, false);
    for (i = 0; i < 20; i++) {
        fd = dial();
        if (i % 3 == 0)
            say(fd, buf_slice(&half));
        else if (i % 3 == 1)
            post(fd, true, "/large", "");
        close(fd);
    }
    fd = dial();
    post(fd, false, "/hold", "");
    await(s.held_fd);
    close(fd); /* before the answer */
    release();
    stop_and_await_end();
    buf_free(&half);
}

static void
test_no_fastcgi(void)
{
    int fd;

    open_with(long_patience, false);
    fd = dial();
    say(fd, SLICE("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
    CU_ASSERT(hears_end(fd));
    close(fd);
    stop_and_await_end();
}

/* What has connected, or is under way, is served when it is time to stop. */
static void
test_stop_finishes(void)
{
    enum { COUNT = 200 };
    int held = -1, fds[COUNT], i;

    open_with(long_patience, false);
    held = dial();
    post(held, true, "/hold", "");
    await(s.held_fd);
    for (i = 0; i < COUNT; i++) {
        fds[i] = dial();
        CU_ASSERT_FATAL(fds[i] >= 0);
    }
    transport_stop(s.transport);
    CU_ASSERT_EQUAL(dial(), -1); /* nobody new finds it */
    for (i = 0; i < COUNT; i++) {
        post(fds[i], true, "/", "late");
        CU_ASSERT(hears_answer(fds[i], "late", true));
        CU_ASSERT(hears_end(fds[i]));
        close(fds[i]);
    }
    release();
    CU_ASSERT(hears_answer(held, "held", true));
    CU_ASSERT(hears_end(held));
    close(held);
    await_pollers();
    close_all();
}

/* systemd keeps the socket: who comes now is served by the next process. */
static void
test_stop_leaves_the_backlog_to_a_successor(void)
{
    int late, fd;

    open_with(long_patience, true);
    free(s.transport->unlink_path);
    s.transport->unlink_path = NULL;
    transport_stop(s.transport);
    await_pollers();
    late = dial();
    CU_ASSERT_FATAL(late >= 0);
    fd = accept(s.transport->listen_fd, NULL, NULL);
    CU_ASSERT(fd >= 0);
    close(fd);
    close(late);
    close_all();
    unlink(socket_path);
}

/* Nobody new is let in at the end, also where there is no path to remove and
   however many come: the web server hears so and may go elsewhere. */
static void
test_stop_closes_an_own_port(void)
{
    /* A reset instead of an end keeps no port for a minute. */
    const struct linger reset = {.l_onoff = 1};
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    int held, late, error = 0;
    int64_t began_us;

    open_at("127.0.0.1:0", long_patience);
    start_pollers();
    CU_ASSERT_EQUAL(
        getsockname(s.transport->listen_fd, (struct sockaddr *)&address, &len),
        0);
    held = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CU_ASSERT_EQUAL(
        connect(held, (const struct sockaddr *)&address, sizeof(address)), 0);
    post(held, true, "/hold", "");
    await(s.held_fd);
    transport_stop(s.transport);
    began_us = clock_mono_us();
    while (error != ECONNREFUSED &&
           clock_mono_us() - began_us < WAIT_MS * CLOCK_US_PER_MS) {
        late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        setsockopt(late, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
        error = connect(late, (const struct sockaddr *)&address,
                        sizeof(address)) == 0
                    ? 0
                    : errno;
        close(late);
    }
    CU_ASSERT_EQUAL(error, ECONNREFUSED);
    release();
    CU_ASSERT(hears_answer(held, "held", true));
    CU_ASSERT(hears_end(held));
    close(held);
    await_pollers();
    close_all();
}

/* A kept connection is served at the end, too: closing it might lose a request
   that is on its way. It is given up when none comes. */
static void
test_stop_with_kept_connections(void)
{
    const struct patience patience = {.silent_us = 60 * CLOCK_US_PER_S,
                                      .whole_us = 60 * CLOCK_US_PER_S,
                                      .kept_us = 60 * CLOCK_US_PER_S,
                                      .kept_at_stop_us = CLOCK_US_PER_S};
    int used, unused;
    int64_t began_us;

    open_with(patience, false);
    used = dial();
    unused = dial();
    post(used, true, "/", "a");
    post(unused, true, "/", "a");
    CU_ASSERT(hears_answer(used, "a", false));
    CU_ASSERT(hears_answer(unused, "a", false));
    began_us = clock_mono_us();
    transport_stop(s.transport);
    CU_ASSERT(!is_readable(used, 100));
    post(used, true, "/", "b");
    CU_ASSERT(hears_answer(used, "b", true));
    CU_ASSERT(hears_end(used));
    CU_ASSERT(hears_end(unused));
    CU_ASSERT(clock_mono_us() - began_us >= CLOCK_US_PER_S);
    close(used);
    close(unused);
    await_pollers();
    close_all();
}

/* Nobody is waited for any more: neither who keeps a connection nor who has
   begun a request. */
static void
test_cut_waits_for_nobody(void)
{
    struct buf request = BUF_INIT(4096);
    int kept, receiving;

    open_with(long_patience, false);
    kept = dial();
    post(kept, true, "/", "a");
    CU_ASSERT(hears_answer(kept, "a", false));
    receiving = dial();
    put_post(&request, 1, true, "/", SLICE("b"));
    say(receiving, slice_make(request.data, request.len - 1));
    await_connections(2); /* else nobody may have been let in */
    transport_stop(s.transport);
    CU_ASSERT(!is_readable(kept, 100));
    transport_cut(s.transport);
    CU_ASSERT(hears_end(kept));
    CU_ASSERT(hears_end(receiving));
    close(kept);
    close(receiving);
    buf_free(&request);
    await_pollers();
    close_all();
}

/* Also when there was no time to take those that wait. */
static void
test_cut_closes_an_own_port(void)
{
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    int late = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    open_at("127.0.0.1:0", long_patience);
    CU_ASSERT_EQUAL(
        getsockname(s.transport->listen_fd, (struct sockaddr *)&address, &len),
        0);
    transport_stop(s.transport);
    transport_cut(s.transport);
    start_pollers();
    await_pollers();
    CU_ASSERT_EQUAL(
        connect(late, (const struct sockaddr *)&address, sizeof(address)), -1);
    CU_ASSERT_EQUAL(errno, ECONNREFUSED);
    close(late);
    close_all();
}

/* -- many at once ---------------------------------------------------------- */

static void *
send_many(void *arg)
{
    size_t number = *(const size_t *)arg, i;
    char body[64];
    int fd = -1;

    for (i = 0; i < 500; i++) {
        bool keep = i % 7 != 6;

        if (fd < 0)
            fd = dial();
        snprintf(body, sizeof(body), "%zu of thread %zu", i, number);
        post(fd, keep, i % 50 == 49 ? "/hold" : "/", body);
        if (i % 50 == 49) {
            await(s.held_fd);
            release();
            CU_ASSERT_FATAL(hears_answer(fd, "held", false));
        } else {
            CU_ASSERT_FATAL(hears_answer(fd, body, false));
        }
        if (!keep) {
            close(fd);
            fd = -1;
        }
    }
    if (fd >= 0)
        close(fd);
    return NULL;
}

static void
test_many_at_once(void)
{
    enum { SENDERS = 8 };
    pthread_t threads[SENDERS];
    size_t numbers[SENDERS], i;

    open_with(long_patience, false);
    for (i = 0; i < SENDERS; i++) {
        numbers[i] = i;
        pthread_create(&threads[i], NULL, send_many, &numbers[i]);
    }
    for (i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    CU_ASSERT_EQUAL(atomic_load(&s.answered), SENDERS * 490);
    stop_and_await_end();
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"one request", test_one_request},
        {"kept connection", test_kept_connection},
        {"bytes one by one", test_bytes_one_by_one},
        {"large bodies", test_large_bodies},
        {"news at any time", test_news_at_any_time},
        {"nobody blocks others", test_nobody_blocks_others},
        {"silent peers are left", test_silent_peers_are_left},
        {"trickling peers are left", test_trickling_peers_are_left},
        {"memory for bodies", test_memory_for_bodies},
        {"connection limit", test_connection_limit},
        {"out of descriptors", test_out_of_descriptors},
        {"peers that leave", test_peers_that_leave},
        {"no FastCGI", test_no_fastcgi},
        {"stop finishes", test_stop_finishes},
        {"stop leaves the backlog to a successor",
         test_stop_leaves_the_backlog_to_a_successor},
        {"stop closes an own port", test_stop_closes_an_own_port},
        {"stop with kept connections", test_stop_with_kept_connections},
        {"cut waits for nobody", test_cut_waits_for_nobody},
        {"cut closes an own port", test_cut_closes_an_own_port},
        {"many at once", test_many_at_once},
        CU_TEST_INFO_NULL,
    };
    int end;

    if (mkdtemp(directory) == NULL)
        return EXIT_FAILURE;
    snprintf(socket_path, sizeof(socket_path), "%s/s", directory);
    end = unit_run("transport_epoll", tests);
    rmdir(directory);
    return end;
}
