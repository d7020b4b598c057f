/*
 * test_doorbell.c - unit tests for core/doorbell.c
 */
#include "doorbell.h"
#include "unit.h"

#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static char run_dir[32];

static void
make_dir(void)
{
    snprintf(run_dir, sizeof(run_dir), "/tmp/postern-bell-XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(run_dir));
}

static bool
rings(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

    return poll(&poll_fd, 1, 0) == 1;
}

static void
test_ring(void)
{
    struct doorbell *doorbell;
    char path[64];
    struct stat st;
    int fd, i;

    make_dir();
    doorbell = doorbell_new(run_dir);
    doorbell_ring(doorbell); /* nobody listens: nothing happens */

    fd = doorbell_listen(run_dir);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_FALSE(rings(fd));
    doorbell_ring(doorbell); /* a worker that came later is found */
    CU_ASSERT(rings(fd));
    doorbell_drain(fd);
    CU_ASSERT_FALSE(rings(fd));

    /* Far more rings than a socket holds: none of them waits. */
    for (i = 0; i < 10000; i++)
        doorbell_ring(doorbell);
    CU_ASSERT(rings(fd));
    doorbell_drain(fd);
    CU_ASSERT_FALSE(rings(fd));

    snprintf(path, sizeof(path), "%s/doorbell.%ld", run_dir, (long)getpid());
    CU_ASSERT_EQUAL(stat(path, &st), 0);
    CU_ASSERT_EQUAL(st.st_mode & 0777, 0666);
    doorbell_unlisten(run_dir, fd);
    CU_ASSERT_NOT_EQUAL(stat(path, &st), 0);
    doorbell_ring(doorbell); /* nobody again */
    doorbell_free(doorbell);
    CU_ASSERT_EQUAL(rmdir(run_dir), 0);
}

static int
bind_as(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
    CU_ASSERT_EQUAL_FATAL(
        bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void
test_dead_workers(void)
{
    char dead[64], alive[64];
    struct doorbell *doorbell;
    struct stat st;
    int fd, other;

    make_dir();
    snprintf(dead, sizeof(dead), "%s/doorbell.999999991", run_dir);
    snprintf(alive, sizeof(alive), "%s/doorbell.999999992", run_dir);
    close(bind_as(dead));
    other = bind_as(alive);

    fd = doorbell_listen(run_dir);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT_NOT_EQUAL(stat(dead, &st), 0);
    CU_ASSERT_EQUAL(stat(alive, &st), 0);

    doorbell = doorbell_new(run_dir);
    doorbell_ring(doorbell); /* both are rung */
    CU_ASSERT(rings(fd));
    CU_ASSERT(rings(other));
    doorbell_free(doorbell);
    doorbell_unlisten(run_dir, fd);
    close(other);
    unlink(alive);
    CU_ASSERT_EQUAL(rmdir(run_dir), 0);
}

static void
test_without_directory(void)
{
    static const char *const dirs[] = {
        "",
        "/nonexistent/run",
        "/tmp/a-name-that-is-much-too-long-for-the-address-of-a-unix-socket/"
        "a-name-that-is-much-too-long-for-the-address-of-a-unix-socket",
    };
    size_t i;

    for (i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
        struct doorbell *doorbell = doorbell_new(dirs[i]);

        CU_ASSERT_PTR_NOT_NULL_FATAL(doorbell);
        doorbell_ring(doorbell);
        CU_ASSERT_EQUAL(doorbell_listen(dirs[i]), -1);
        doorbell_unlisten(dirs[i], -1);
        doorbell_free(doorbell);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a ring is heard", test_ring},
        {"sockets of dead workers are removed", test_dead_workers},
        {"without a directory nothing happens", test_without_directory},
        CU_TEST_INFO_NULL,
    };

    return unit_run("doorbell", tests);
}
