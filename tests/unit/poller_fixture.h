/*
 * poller_fixture.h - a transport on a listening socket, served by pollers of
 * the test: a call to /hold is put aside until release(), others get their
 * body back.
 */
#ifndef POLLER_FIXTURE_H
#define POLLER_FIXTURE_H

#include "transport_kind.h"
#include "web_server.h"

#include "clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <time.h>

#define POLLERS 2
#define LARGE_ANSWER ((size_t)8 * 1024 * 1024)
#define BODY_MAX 100000
#define BODY_MEMORY 110000 /* of all bodies; one of 60,000 bytes takes 65,536 */

static char directory[] = "/tmp/postern-test-XXXXXX";
static char socket_path[64];

/* A transport whose calls are answered by its pollers; a call to /hold is put
   aside until release(). */
static struct {
    struct transport *transport;
    pthread_t threads[POLLERS];
    pthread_mutex_t lock;
    struct call *held;
    int held_fd;   /* eventfd: something is held */
    int joined_fd; /* eventfd: counts pollers that have begun */
    int ended_fd;  /* ... that have ended */
    atomic_uint answered;
} s;

static inline void
tell(int fd)
{
    uint64_t one = 1;

    CU_ASSERT_EQUAL(write(fd, &one, sizeof(one)), sizeof(one));
}

static inline void
handle(struct call *call)
{
    struct reply *reply = &call->reply;
    size_t i;

    if (slice_is(call->request.path, "/hold")) {
        pthread_mutex_lock(&s.lock);
        call->next = s.held;
        s.held = call;
        pthread_mutex_unlock(&s.lock);
        tell(s.held_fd);
        return;
    }
    if (call->request.body_refused)
        reply_json_text(reply, 200, SLICE("refused"));
    else if (slice_is(call->request.path, "/length"))
        reply_json_text(reply, 200,
                        call->request.body.len == 60000   ? SLICE("60000")
                        : call->request.body.len == 90000 ? SLICE("90000")
                                                          : SLICE("another"));
    else
        reply_json_text(reply, 200, buf_slice(&call->request.body));
    if (slice_is(call->request.path, "/large"))
        for (i = 0; i < LARGE_ANSWER / 16; i++)
            buf_add_text(&reply->body, "0123456789abcdef");
    atomic_fetch_add(&s.answered, 1);
    transport_answer(call);
}

static inline void *
poll_calls(void *unused)
{
    struct transport_worker *worker = transport_join(s.transport);
    struct call *call;

    CU_ASSERT_PTR_NOT_NULL_FATAL(worker);
    tell(s.joined_fd);
    while ((call = transport_accept(worker)) != NULL)
        handle(call);
    transport_leave(worker);
    tell(s.ended_fd);
    return unused;
}

static inline void
open_at(const char *where, struct patience patience)
{
    struct buf why = BUF_INIT(1000);
    enum transport_fault fault;
    const struct transport_options options = {.listen = where,
                                              .max_body = BODY_MAX,
                                              .body_memory = BODY_MEMORY,
                                              .base_path = ""};

    s.transport = transport_open(&options, &fault, &why);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s.transport);
    s.transport->patience = patience;
    s.held_fd = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
    s.joined_fd = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
    s.ended_fd = eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE);
    s.held = NULL;
    atomic_store(&s.answered, 0);
    pthread_mutex_init(&s.lock, NULL);
    CU_ASSERT_FATAL(transport_begin(s.transport));
}

static inline void
start_pollers(void)
{
    size_t i;

    for (i = 0; i < POLLERS; i++)
        pthread_create(&s.threads[i], NULL, poll_calls, NULL);
    for (i = 0; i < POLLERS; i++)
        await(s.joined_fd);
}

static inline void
open_with(struct patience patience, bool successor)
{
    char where[80];

    snprintf(where, sizeof(where), "unix:%s", socket_path);
    open_at(where, patience);
    s.transport->successor = successor;
    start_pollers();
}

static const struct patience long_patience = {
    .silent_us = 60 * CLOCK_US_PER_S,
    .whole_us = 60 * CLOCK_US_PER_S,
    .kept_us = 60 * CLOCK_US_PER_S,
    .kept_at_stop_us = 60 * CLOCK_US_PER_S,
};

static inline int
dial(void)
{
    return web_dial(socket_path);
}

static inline void
await_pollers(void)
{
    size_t i;

    for (i = 0; i < POLLERS; i++)
        await(s.ended_fd);
    for (i = 0; i < POLLERS; i++)
        pthread_join(s.threads[i], NULL);
}

static inline void
close_all(void)
{
    transport_close(s.transport);
    close(s.held_fd);
    close(s.joined_fd);
    close(s.ended_fd);
    pthread_mutex_destroy(&s.lock);
}

static inline void
stop_and_await_end(void)
{
    transport_stop(s.transport);
    await_pollers();
    close_all();
}

/* Answers what is held, from this thread. */
static inline void
release(void)
{
    struct call *call, *next;

    pthread_mutex_lock(&s.lock);
    call = s.held;
    s.held = NULL;
    pthread_mutex_unlock(&s.lock);
    for (; call != NULL; call = next) {
        next = call->next;
        reply_json_text(&call->reply, 200, SLICE("held"));
        transport_answer(call);
    }
}

static inline void
pause_ms(long ms)
{
    const struct timespec pause = {.tv_sec = ms / 1000,
                                   .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&pause, NULL);
}

static inline void
await_connections(unsigned count)
{
    int64_t began_us = clock_mono_us();

    while (atomic_load(&s.transport->connected) != count &&
           clock_mono_us() - began_us < WAIT_MS * CLOCK_US_PER_MS)
        pause_ms(1);
    CU_ASSERT_EQUAL(atomic_load(&s.transport->connected), count);
}

#endif /* POLLER_FIXTURE_H */
