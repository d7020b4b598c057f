/*
 * test_shutdown.c - unit tests for base/shutdown.c
 *
 * The state is one per process and never goes back, so each claim is checked
 * in a child that ends with 0 if it holds, else with the line that failed.
 */
#include "shutdown.h"

#include "unit.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOLDS(condition)                                                       \
    do {                                                                       \
        if (!(condition))                                                      \
            return __LINE__;                                                   \
    } while (0)

static bool
is_readable(void)
{
    struct pollfd fd = {.fd = shutdown_fd(), .events = POLLIN};

    return poll(&fd, 1, 0) == 1;
}

static int
first_signal(void)
{
    HOLDS(shutdown_requested() == SHUTDOWN_NO);
    HOLDS(!is_readable());
    raise(SIGTERM);
    HOLDS(shutdown_requested() == SHUTDOWN_GRACEFUL);
    HOLDS(is_readable());
    shutdown_drain();
    HOLDS(!is_readable());
    HOLDS(shutdown_requested() == SHUTDOWN_GRACEFUL);
    return 0;
}

static int
second_signal(void)
{
    raise(SIGINT);
    HOLDS(shutdown_requested() == SHUTDOWN_GRACEFUL);
    shutdown_drain();
    raise(SIGTERM);
    HOLDS(shutdown_requested() == SHUTDOWN_NOW);
    HOLDS(is_readable());
    raise(SIGTERM);
    HOLDS(shutdown_requested() == SHUTDOWN_NOW);
    return 0;
}

static int
reload(void)
{
    HOLDS(!shutdown_take_reload());
    raise(SIGHUP);
    HOLDS(is_readable());
    HOLDS(shutdown_take_reload());
    HOLDS(!shutdown_take_reload());
    HOLDS(shutdown_requested() == SHUTDOWN_NO);
    return 0;
}

static int
request_from_inside(void)
{
    shutdown_request();
    shutdown_request();
    HOLDS(shutdown_requested() == SHUTDOWN_GRACEFUL);
    HOLDS(is_readable());
    raise(SIGTERM);
    HOLDS(shutdown_requested() == SHUTDOWN_GRACEFUL);
    raise(SIGTERM);
    HOLDS(shutdown_requested() == SHUTDOWN_NOW);
    return 0;
}

static int
broken_pipe(void)
{
    struct sigaction action;
    int fds[2];

    HOLDS(sigaction(SIGPIPE, NULL, &action) == 0);
    HOLDS(action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL);
    HOLDS(pipe(fds) == 0);
    close(fds[0]);
    HOLDS(write(fds[1], "x", 1) == -1 && errno == EPIPE);
    HOLDS(shutdown_requested() == SHUTDOWN_NO);
    HOLDS(!is_readable());
    return 0;
}

static int
blocked_call_comes_back(void)
{
    int fds[2];
    char byte;
    pid_t sender;

    HOLDS(pipe(fds) == 0);
    sender = fork();
    if (sender == 0) {
        /* Again and again: the first may come before read() blocks. */
        while (getppid() != 1 && kill(getppid(), SIGTERM) == 0)
            (void)poll(NULL, 0, 5);
        _exit(0);
    }
    HOLDS(read(fds[0], &byte, 1) == -1 && errno == EINTR);
    kill(sender, SIGKILL);
    HOLDS(waitpid(sender, NULL, 0) == sender);
    HOLDS(shutdown_requested() != SHUTDOWN_NO);
    return 0;
}

static int
errno_is_kept(void)
{
    errno = EDOM;
    raise(SIGTERM);
    HOLDS(errno == EDOM);
    raise(SIGHUP);
    HOLDS(errno == EDOM);
    return 0;
}

static void
check_in_child(int (*claim)(void))
{
    int status = 0;
    pid_t child;

    fflush(NULL);
    child = fork();
    if (child == 0) {
        int line;

        alarm(20);
        shutdown_install();
        line = claim();
        if (line != 0)
            fprintf(stderr, "\ntest_shutdown.c:%d does not hold\n", line);
        _exit(line == 0 ? 0 : 1);
    }
    CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
    CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void
test_first_signal(void)
{
    check_in_child(first_signal);
}

static void
test_second_signal(void)
{
    check_in_child(second_signal);
}

static void
test_reload(void)
{
    check_in_child(reload);
}

static void
test_request(void)
{
    check_in_child(request_from_inside);
}

static void
test_broken_pipe(void)
{
    check_in_child(broken_pipe);
}

static void
test_blocked_call(void)
{
    check_in_child(blocked_call_comes_back);
}

static void
test_errno(void)
{
    check_in_child(errno_is_kept);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"the first signal is graceful", test_first_signal},
        {"the second one means now", test_second_signal},
        {"SIGHUP is taken once", test_reload},
        {"a request from inside", test_request},
        {"a broken pipe is an error, not an end", test_broken_pipe},
        {"a blocked call comes back", test_blocked_call},
        {"errno is kept", test_errno},
        CU_TEST_INFO_NULL,
    };

    return unit_run("shutdown", tests);
}
