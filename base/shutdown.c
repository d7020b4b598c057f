/*
 * shutdown.c - signals as a state that a loop can wait for; see shutdown.h.
 */
#include "shutdown.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A handler may touch nothing but lock-free atomics and async-signal-safe
   functions (signal-safety(7)). */
_Static_assert(ATOMIC_INT_LOCK_FREE == 2, "handlers need lock-free counters");

static atomic_int stop_signals; /* SIGTERM and SIGINT so far, at most 2 */
static atomic_int stop_asked;   /* shutdown_request() */
static atomic_int reload_asked;
static int event_fd = -1;

static void
wake(void)
{
    const uint64_t one = 1;
    ssize_t written;

    /* Can only fail because the counter is full: readable all the same. */
    written = write(event_fd, &one, sizeof(one));
    (void)written;
}

static void
on_signal(int number)
{
    int saved = errno;

    if (number == SIGHUP)
        atomic_store(&reload_asked, 1);
    else if (atomic_load(&stop_signals) < 2)
        atomic_fetch_add(&stop_signals, 1);
    wake();
    errno = saved;
}

static void
on_sigpipe(int number)
{
    (void)number;
}

static void
handle(int number, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};

    sigfillset(&action.sa_mask);
    if (sigaction(number, &action, NULL) != 0) {
        perror("postern: sigaction");
        abort();
    }
}

void
shutdown_install(void)
{
    if (event_fd < 0)
        event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (event_fd < 0) {
        perror("postern: eventfd");
        abort();
    }
    /* Without SA_RESTART a thread that blocks in accept(2) comes back. */
    handle(SIGTERM, on_signal, 0);
    handle(SIGINT, on_signal, 0);
    handle(SIGHUP, on_signal, SA_RESTART);
    handle(SIGPIPE, on_sigpipe, SA_RESTART);
}

enum shutdown_state
shutdown_requested(void)
{
    int signals = atomic_load(&stop_signals);

    if (signals >= 2)
        return SHUTDOWN_NOW;
    return signals == 1 || atomic_load(&stop_asked) != 0 ? SHUTDOWN_GRACEFUL
                                                         : SHUTDOWN_NO;
}

bool
shutdown_take_reload(void)
{
    return atomic_exchange(&reload_asked, 0) != 0;
}

int
shutdown_fd(void)
{
    return event_fd;
}

void
shutdown_drain(void)
{
    uint64_t count;
    ssize_t got = read(event_fd, &count, sizeof(count));

    (void)got;
}

void
shutdown_request(void)
{
    atomic_store(&stop_asked, 1);
    wake();
}
