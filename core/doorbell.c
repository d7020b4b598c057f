/*
 * doorbell.c - "there is new work", from responders to workers.
 */
#include "doorbell.h"

#include "alloc.h"
#include "clock.h"
#include "log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define PREFIX "doorbell."
#define WORKERS_MAX 64
#define LOOK_EVERY_US CLOCK_US_PER_S

struct doorbell {
    char *run_dir; /* NULL: does nothing */
    int fd;
    pthread_mutex_t lock;
    struct sockaddr_un workers[WORKERS_MAX];
    size_t worker_count;
    struct timespec dir_changed; /* when `workers` was read */
    int64_t looked_mono_us;
};

static bool
make_address(const char *run_dir, const char *name, struct sockaddr_un *address)
{
    int len;

    memset(address, 0, sizeof(*address));
    address->sun_family = AF_UNIX;
    len = snprintf(address->sun_path, sizeof(address->sun_path), "%s/%s",
                   run_dir, name);
    return len > 0 && (size_t)len < sizeof(address->sun_path);
}

static int
make_socket(void)
{
    return socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

struct doorbell *
doorbell_new(const char *run_dir)
{
    struct doorbell *doorbell = xcalloc(1, sizeof(*doorbell));

    doorbell->fd = -1;
    pthread_mutex_init(&doorbell->lock, NULL);
    if (*run_dir != '\0') {
        doorbell->run_dir = xstrdup(run_dir);
        doorbell->fd = make_socket();
        doorbell->looked_mono_us = -LOOK_EVERY_US;
    }
    return doorbell;
}

void
doorbell_free(struct doorbell *doorbell)
{
    if (doorbell == NULL)
        return;
    if (doorbell->fd >= 0)
        close(doorbell->fd);
    pthread_mutex_destroy(&doorbell->lock);
    free(doorbell->run_dir);
    free(doorbell);
}

static bool
is_doorbell(const char *name)
{
    return strncmp(name, PREFIX, sizeof(PREFIX) - 1) == 0;
}

static void
read_workers(struct doorbell *doorbell)
{
    DIR *dir = opendir(doorbell->run_dir);
    const struct dirent *entry;

    doorbell->worker_count = 0;
    if (dir == NULL)
        return;
    while (doorbell->worker_count < WORKERS_MAX &&
           (entry = readdir(dir)) != NULL)
        if (is_doorbell(entry->d_name) &&
            make_address(doorbell->run_dir, entry->d_name,
                         &doorbell->workers[doorbell->worker_count]))
            doorbell->worker_count++;
    closedir(dir);
}

/* The directory is read again when it has changed. Two changes within one tick
   of its clock look like one, so also once a second. */
static void
look_for_workers(struct doorbell *doorbell)
{
    int64_t now_us = clock_mono_us();
    struct stat st;

    if (stat(doorbell->run_dir, &st) != 0) {
        doorbell->worker_count = 0;
        return;
    }
    if (st.st_mtim.tv_sec == doorbell->dir_changed.tv_sec &&
        st.st_mtim.tv_nsec == doorbell->dir_changed.tv_nsec &&
        now_us - doorbell->looked_mono_us < LOOK_EVERY_US)
        return;
    read_workers(doorbell);
    doorbell->dir_changed = st.st_mtim;
    doorbell->looked_mono_us = now_us;
}

void
doorbell_ring(struct doorbell *doorbell)
{
    int saved = errno;
    size_t i;

    if (doorbell->fd < 0)
        return;
    pthread_mutex_lock(&doorbell->lock);
    look_for_workers(doorbell);
    /* A full queue means that the worker has rings enough to wake up. */
    for (i = 0; i < doorbell->worker_count; i++)
        (void)sendto(doorbell->fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL,
                     (const struct sockaddr *)&doorbell->workers[i],
                     sizeof(doorbell->workers[i]));
    pthread_mutex_unlock(&doorbell->lock);
    errno = saved;
}

/* Nobody is bound to it any more. */
static bool
is_dead(const struct sockaddr_un *address)
{
    int fd = make_socket();
    bool dead;

    if (fd < 0)
        return false;
    dead =
        connect(fd, (const struct sockaddr *)address, sizeof(*address)) != 0 &&
        errno == ECONNREFUSED;
    close(fd);
    return dead;
}

static void
remove_dead(const char *run_dir)
{
    DIR *dir = opendir(run_dir);
    const struct dirent *entry;
    struct sockaddr_un address;

    if (dir == NULL)
        return;
    while ((entry = readdir(dir)) != NULL)
        if (is_doorbell(entry->d_name) &&
            make_address(run_dir, entry->d_name, &address) && is_dead(&address))
            unlink(address.sun_path);
    closedir(dir);
}

static bool
own_address(const char *run_dir, struct sockaddr_un *address)
{
    char name[32];

    snprintf(name, sizeof(name), PREFIX "%ld", (long)getpid());
    return make_address(run_dir, name, address);
}

int
doorbell_listen(const char *run_dir)
{
    struct sockaddr_un address;
    int fd;

    if (*run_dir == '\0')
        return -1;
    if (!own_address(run_dir, &address)) {
        log_warning("postern.doorbell", LOG_FIELDS(LOG_TEXT("dir", run_dir)),
                    "run_dir is too long for a socket; looking for work once "
                    "a second");
        return -1;
    }
    remove_dead(run_dir);
    fd = make_socket();
    if (fd < 0)
        return -1;
    (void)unlink(address.sun_path); /* of an earlier process of that number */
    /* Responders may run as another user. Who may enter run_dir may ring. */
    if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        chmod(address.sun_path, 0666) != 0) {
        log_warning("postern.doorbell",
                    LOG_FIELDS(LOG_TEXT("socket", address.sun_path)),
                    "Cannot listen for new work (%s); looking once a second",
                    strerror(errno));
        close(fd);
        return -1;
    }
    return fd;
}

void
doorbell_drain(int fd)
{
    char byte;

    while (recv(fd, &byte, 1, MSG_DONTWAIT) >= 0)
        ;
}

void
doorbell_unlisten(const char *run_dir, int fd)
{
    struct sockaddr_un address;

    if (fd < 0)
        return;
    close(fd);
    if (own_address(run_dir, &address))
        unlink(address.sun_path);
}
