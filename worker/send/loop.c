/*
 * loop.c - see loop.h.
 *
 * libcurl says which sockets it waits for (they go into epoll) and when it
 * wants to be called at the latest (kept as an absolute time: a relative one
 * that is started anew at every wait would never pass on a busy loop).
 */
#include "loop_impl.h"

#include "alloc.h"
#include "clock.h"
#include "log.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define LOGGER "postern.worker"
#define EVENTS 256
#define STARTS 64 /* tasks taken from the desk at a time */
#define SPARE_US (500 * CLOCK_US_PER_MS) /* kept for writing the results */
/* No request is started with less left, of the lease or until the deadline. */
#define LEAST_US CLOCK_US_PER_S

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    struct loop *loop = arg;
    struct epoll_event event = {.data.fd = fd};
    int op = known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, &event);
        return 0;
    }
    if (what & CURL_POLL_IN)
        event.events |= EPOLLIN;
    if (what & CURL_POLL_OUT)
        event.events |= EPOLLOUT;
    /* A number that was closed and given out again may be known or not. */
    if (epoll_ctl(loop->epoll_fd, op, fd, &event) != 0)
        (void)epoll_ctl(loop->epoll_fd,
                        errno == EEXIST ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
                        &event);
    (void)curl_multi_assign(loop->carrier.multi, fd, loop);
    return 0;
}

static int
on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct loop *loop = arg;

    (void)multi;
    loop->timer_us = timeout_ms < 0
                         ? LOOP_NEVER
                         : clock_mono_us() + timeout_ms * CLOCK_US_PER_MS;
    return 0;
}

/* Called by libcurl: the next start of that receiver depends on it. */
static void
on_sent(void *arg, struct task *task)
{
    struct loop *loop = arg;

    desk_sent(loop->desk, task);
    loop->sent = true;
}

static void
act(struct loop *loop, curl_socket_t fd, int what)
{
    int running;

    (void)curl_multi_socket_action(loop->carrier.multi, fd, what, &running);
}

static int64_t
lease_left_us(const struct loop *loop)
{
    return atomic_load(&loop->desk->lease_until_us) - clock_boot_us();
}

/* *left_ms: what a request may take because of the deadline, 0 = no matter. */
static bool
may_start(const struct loop *loop, int64_t *left_ms)
{
    int64_t left_us;

    *left_ms = 0;
    if (atomic_load(&loop->desk->order) != DESK_RUN ||
        lease_left_us(loop) < LEAST_US)
        return false;
    if (loop->deadline_us == 0)
        return true;
    left_us = loop->deadline_us - SPARE_US - clock_mono_us();
    *left_ms = left_us / CLOCK_US_PER_MS;
    return left_us >= LEAST_US;
}

/* Hands over what is done and starts what comes next, until neither brings
   anything new. Whether it may is asked each time anew: the process may have
   been stopped in between. */
static void
exchange(struct loop *loop)
{
    struct task *next[STARTS];
    size_t i, n;

    loop->sent = false;
    do {
        int64_t left_ms;
        size_t max = may_start(loop, &left_ms) ? STARTS : 0;

        n = desk_exchange(loop->desk, &loop->done, next, max, &loop->again_us);
        if (n > 0) {
            const struct catalog_snapshot *snapshot =
                catalog_take(loop->catalog);

            for (i = 0; i < n; i++)
                loop_begin_transfer(loop, next[i], snapshot, left_ms);
            catalog_release(snapshot);
        }
    } while (n == STARTS || loop->done.count > 0);
}

static int64_t
earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int
wait_ms(const struct loop *loop)
{
    int64_t until = earlier(loop->timer_us, loop->rest_us);
    int64_t wait;

    until = earlier(until, loop->again_us);
    wait = until == LOOP_NEVER ? LOOP_NEVER : until - clock_mono_us();
    if (loop->active != NULL)
        wait = earlier(wait, lease_left_us(loop));
    if (wait == LOOP_NEVER)
        return -1;
    if (wait <= 0)
        return 0;
    /* Rounded up, so that the time has passed when it wakes. */
    wait = (wait + CLOCK_US_PER_MS - 1) / CLOCK_US_PER_MS;
    return wait < 60000 ? (int)wait : 60000;
}

/* Before anything is sent: others may own these jobs now. */
static void
cut_what_is_not_ours(struct loop *loop)
{
    bool ordered = atomic_load(&loop->desk->order) >= DESK_ABORT;
    size_t count;

    if (!ordered && lease_left_us(loop) > 0)
        return;
    count = loop_cut(loop, false);
    if (count > 0 && !ordered)
        log_warning(LOGGER, LOG_FIELDS(LOG_INT("requests", count)),
                    "Leases ran out before the database renewed them; the "
                    "requests under way were stopped and will be repeated");
}

/* True if the desk called. */
static bool
wait_and_act(struct loop *loop)
{
    struct epoll_event events[EVENTS];
    bool called = false;
    int i, n;

    n = epoll_wait(loop->epoll_fd, events, EVENTS, wait_ms(loop));
    cut_what_is_not_ours(loop);
    for (i = 0; i < n; i++) {
        int what = 0;

        if (events[i].data.fd == loop->desk->loop_fd) {
            desk_drain(loop->desk->loop_fd);
            called = true;
            continue;
        }
        if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
            what |= CURL_CSELECT_IN;
        if (events[i].events & EPOLLOUT)
            what |= CURL_CSELECT_OUT;
        if (events[i].events & EPOLLERR)
            what |= CURL_CSELECT_ERR;
        act(loop, events[i].data.fd, what);
    }
    if (loop->timer_us <= clock_mono_us()) {
        loop->timer_us = LOOP_NEVER;
        act(loop, CURL_SOCKET_TIMEOUT, 0);
    }
    return called;
}

static void
rest(struct loop *loop)
{
    if (clock_mono_us() < loop->rest_us)
        return;
    loop->rest_us = LOOP_NEVER;
    carrier_hang_up(&loop->carrier);
    loop->timer_us = LOOP_NEVER;
}

static void *
run(void *arg)
{
    struct loop *loop = arg;

    while (atomic_load(&loop->desk->order) != DESK_QUIT) {
        bool called = wait_and_act(loop);

        loop_reap(loop);
        if (called && atomic_exchange(&loop->desk->orphans, false))
            (void)loop_cut(loop, true);
        if (called || loop->sent || loop->done.count > 0 ||
            clock_mono_us() >= loop->again_us)
            exchange(loop);
        rest(loop);
    }
    (void)loop_cut(loop, false);
    exchange(loop);
    return NULL;
}

static void
loop_free(struct loop *loop)
{
    carrier_close(&loop->carrier);
    if (loop->epoll_fd >= 0)
        (void)close(loop->epoll_fd);
    free(loop);
}

/* Returns 0, or what errno would say. */
static int
begin(struct loop *loop)
{
    struct epoll_event event = {.events = EPOLLIN,
                                .data.fd = loop->desk->loop_fd};

    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0 ||
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, event.data.fd, &event) != 0)
        return errno;
    return pthread_create(&loop->thread, NULL, run, loop);
}

struct loop *
loop_start(const struct settings *settings, struct desk *desk,
           struct catalog *catalog, int64_t deadline_us, struct buf *why)
{
    struct loop *loop = xcalloc(1, sizeof(*loop));
    const struct carrier_hooks hooks = {on_socket, on_timer, loop};
    int failed;

    loop->desk = desk;
    loop->catalog = catalog;
    loop->deadline_us = deadline_us;
    loop->timer_us = LOOP_NEVER;
    loop->rest_us = LOOP_NEVER;
    loop->again_us = LOOP_NEVER;
    loop->epoll_fd = -1;
    if (!carrier_open(&loop->carrier, settings, &hooks, why)) {
        loop_free(loop);
        return NULL;
    }
    loop->carrier.rules.names = desk->names;
    loop->carrier.rules.on_sent = on_sent;
    loop->carrier.rules.sent_arg = loop;
    failed = begin(loop);
    if (failed != 0) {
        buf_addf(why, "cannot start the delivery loop: %s", strerror(failed));
        loop_free(loop);
        return NULL;
    }
    return loop;
}

void
loop_join(struct loop *loop)
{
    (void)pthread_join(loop->thread, NULL);
    assert(loop->active == NULL);
    loop_free(loop);
}
