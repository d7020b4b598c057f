/*
 * loop.c - see loop.h.
 *
 * libcurl says which sockets it waits for (they go into epoll) and when it
 * wants to be called at the latest (kept as an absolute time: a relative one
 * that is started anew at every wait would never pass on a busy loop).
 */
#include "loop.h"

#include "alloc.h"
#include "clock.h"
#include "log.h"
#include "transfer.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS 256
#define STARTS 64 /* tasks taken from the desk at a time */
#define SPARE_US (500 * CLOCK_US_PER_MS) /* kept for writing the results */
#define LEAST_US CLOCK_US_PER_S /* no request is started with less left */
#define LOGGER "postern.worker"

struct loop {
    struct desk *desk;
    struct catalog *catalog;
    struct transfer_rules rules;
    int64_t deadline_us;
    CURLM *multi;
    int epoll_fd;
    int64_t timer_us; /* when libcurl wants to be called; NEVER */
    struct transfer *active;
    struct transfer *spare;
    struct task_list done;
    pthread_t thread;
};

#define NEVER INT64_MAX

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
    (void)curl_multi_assign(loop->multi, fd, loop);
    return 0;
}

static int
on_timer(CURLM *multi, long timeout_ms, void *arg)
{
    struct loop *loop = arg;

    (void)multi;
    loop->timer_us =
        timeout_ms < 0 ? NEVER : clock_mono_us() + timeout_ms * CLOCK_US_PER_MS;
    return 0;
}

static void
act(struct loop *loop, curl_socket_t fd, int what)
{
    int running;

    (void)curl_multi_socket_action(loop->multi, fd, what, &running);
}

static void
link_active(struct loop *loop, struct transfer *transfer)
{
    transfer->prev = NULL;
    transfer->next = loop->active;
    if (loop->active != NULL)
        loop->active->prev = transfer;
    loop->active = transfer;
}

static void
unlink_active(struct loop *loop, struct transfer *transfer)
{
    if (transfer->prev == NULL)
        loop->active = transfer->next;
    else
        transfer->prev->next = transfer->next;
    if (transfer->next != NULL)
        transfer->next->prev = transfer->prev;
}

static void
retire(struct loop *loop, struct transfer *transfer, CURLcode code,
       enum obstacle obstacle)
{
    task_list_add(&loop->done, transfer_finish(transfer, code, obstacle));
    transfer->next = loop->spare;
    loop->spare = transfer;
}

static void
finish(struct loop *loop, struct transfer *transfer, CURLcode code,
       enum obstacle obstacle)
{
    unlink_active(loop, transfer);
    (void)curl_multi_remove_handle(loop->multi, transfer->easy);
    retire(loop, transfer, code, obstacle);
}

static void
reap(struct loop *loop)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(loop->multi, &left)) != NULL) {
        struct transfer *transfer = NULL;
        CURLcode code = message->data.result;

        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
                                (char **)&transfer);
        finish(loop, transfer, code, OBSTACLE_NONE);
    }
}

/* Stops all transfers, or those of orphans only. */
static void
cut(struct loop *loop, bool orphans_only)
{
    struct transfer *transfer, *next;

    for (transfer = loop->active; transfer != NULL; transfer = next) {
        bool orphan;

        next = transfer->next;
        (void)desk_lock(loop->desk);
        orphan = transfer->task->orphan;
        desk_unlock(loop->desk);
        if (orphan || !orphans_only)
            finish(loop, transfer, CURLE_OK, OBSTACLE_CUT);
    }
}

static struct transfer *
take_spare(struct loop *loop)
{
    struct transfer *transfer = loop->spare;

    if (transfer == NULL)
        return transfer_new(&loop->rules);
    loop->spare = transfer->next;
    return transfer;
}

/* A task for which there is no handle: as if it had not been taken. */
static void
refuse(struct loop *loop, struct task *task)
{
    log_error(LOGGER, NULL, "libcurl has no memory for another transfer");
    task->attempt.outcome = (struct outcome){.kind = OUTCOME_DROPPED};
    task_list_add(&loop->done, task);
}

static void
start(struct loop *loop, struct task *task,
      const struct catalog_snapshot *snapshot, int64_t left_ms)
{
    struct transfer *transfer = take_spare(loop);
    enum obstacle obstacle;

    if (transfer == NULL) {
        refuse(loop, task);
        return;
    }
    obstacle = transfer_prepare(transfer, task, snapshot, left_ms);
    if (obstacle == OBSTACLE_NONE &&
        curl_multi_add_handle(loop->multi, transfer->easy) != CURLM_OK)
        obstacle = OBSTACLE_INTERNAL;
    if (obstacle == OBSTACLE_NONE)
        link_active(loop, transfer);
    else
        retire(loop, transfer, CURLE_OK, obstacle);
}

static bool
is_leased(const struct loop *loop)
{
    return clock_mono_us() < atomic_load(&loop->desk->lease_until_us);
}

/* *left_ms: what a request may take because of the deadline, 0 = no matter. */
static bool
may_start(const struct loop *loop, int64_t *left_ms)
{
    int64_t left_us;

    *left_ms = 0;
    if (atomic_load(&loop->desk->order) != DESK_RUN || !is_leased(loop))
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

    do {
        int64_t left_ms;
        bool start_some = may_start(loop, &left_ms);

        n = desk_exchange(loop->desk, &loop->done, start_some, next, STARTS);
        if (n > 0) {
            const struct catalog_snapshot *snapshot =
                catalog_take(loop->catalog);

            for (i = 0; i < n; i++)
                start(loop, next[i], snapshot, left_ms);
            catalog_release(snapshot);
        }
    } while (n == STARTS || loop->done.count > 0);
}

static int
wait_ms(const struct loop *loop)
{
    int64_t until = loop->timer_us, wait;

    if (loop->active != NULL) {
        int64_t lease = atomic_load(&loop->desk->lease_until_us);

        if (lease < until)
            until = lease;
    }
    if (until == NEVER)
        return -1;
    wait = until - clock_mono_us();
    if (wait <= 0)
        return 0;
    /* Rounded up, so that the time has passed when it wakes. */
    wait = (wait + CLOCK_US_PER_MS - 1) / CLOCK_US_PER_MS;
    return wait < 60000 ? (int)wait : 60000;
}

/* True if the desk called. */
static bool
wait_and_act(struct loop *loop)
{
    struct epoll_event events[EVENTS];
    bool called = false;
    int i, n;

    n = epoll_wait(loop->epoll_fd, events, EVENTS, wait_ms(loop));
    /* Before anything is sent: others may own these jobs now. */
    if (!is_leased(loop) || atomic_load(&loop->desk->order) >= DESK_ABORT)
        cut(loop, false);
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
        loop->timer_us = NEVER;
        act(loop, CURL_SOCKET_TIMEOUT, 0);
    }
    return called;
}

static void *
run(void *arg)
{
    struct loop *loop = arg;

    while (atomic_load(&loop->desk->order) != DESK_QUIT) {
        bool called = wait_and_act(loop);

        reap(loop);
        if (called && atomic_exchange(&loop->desk->orphans, false))
            cut(loop, true);
        if (called || loop->done.count > 0)
            exchange(loop);
    }
    cut(loop, false);
    exchange(loop);
    return NULL;
}

static void
loop_free(struct loop *loop)
{
    struct transfer *transfer;

    while ((transfer = loop->spare) != NULL) {
        loop->spare = transfer->next;
        transfer_free(transfer);
    }
    if (loop->multi != NULL)
        (void)curl_multi_cleanup(loop->multi);
    if (loop->rules.share != NULL)
        (void)curl_share_cleanup(loop->rules.share);
    if (loop->epoll_fd >= 0)
        (void)close(loop->epoll_fd);
    free(loop);
}

static bool
prepare(struct loop *loop, const struct settings *settings)
{
    struct epoll_event event = {.events = EPOLLIN};

    loop->rules.ca_bundle = settings->ca_bundle;
    loop->rules.body_kept = (size_t)settings->response_body_kept;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->multi = curl_multi_init();
    loop->rules.share = curl_share_init();
    event.data.fd = loop->desk->loop_fd;
    if (loop->epoll_fd < 0 || loop->multi == NULL ||
        loop->rules.share == NULL ||
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, event.data.fd, &event) != 0)
        return false;
    (void)curl_share_setopt(loop->rules.share, CURLSHOPT_SHARE,
                            CURL_LOCK_DATA_SSL_SESSION);
    (void)curl_multi_setopt(loop->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    (void)curl_multi_setopt(loop->multi, CURLMOPT_SOCKETDATA, loop);
    (void)curl_multi_setopt(loop->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    (void)curl_multi_setopt(loop->multi, CURLMOPT_TIMERDATA, loop);
    (void)curl_multi_setopt(loop->multi, CURLMOPT_PIPELINING,
                            (long)CURLPIPE_NOTHING);
    (void)curl_multi_setopt(loop->multi, CURLMOPT_MAXCONNECTS,
                            2L * settings->slots);
    return true;
}

struct loop *
loop_start(const struct settings *settings, struct desk *desk,
           struct catalog *catalog, int64_t deadline_us, struct buf *why)
{
    struct loop *loop = xcalloc(1, sizeof(*loop));
    int failed;

    loop->desk = desk;
    loop->catalog = catalog;
    loop->deadline_us = deadline_us;
    loop->timer_us = NEVER;
    loop->epoll_fd = -1;
    if (!target_nets_parse(settings->allow_targets, &loop->rules.allow, why)) {
        loop_free(loop);
        return NULL;
    }
    failed = prepare(loop, settings)
                 ? pthread_create(&loop->thread, NULL, run, loop)
                 : errno;
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
