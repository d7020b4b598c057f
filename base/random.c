/*
 * random.c - unpredictable bytes from the kernel; see random.h.
 */
#include "random.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define STORE_BYTES 512 /* of a thread: a system call for every 64 numbers */
#define FEW_BYTES 8     /* from the store; more is somebody's key */

/* What this thread has fetched and not given out yet: the last `left` bytes. */
static _Thread_local struct {
    unsigned char bytes[STORE_BYTES];
    size_t left;
    unsigned generation; /* of the process that has fetched them */
} store;

/* Grows with each fork(2), in the child. */
static atomic_uint generation;
static pthread_once_t watching = PTHREAD_ONCE_INIT;

static void
begin_generation(void)
{
    atomic_fetch_add(&generation, 1);
}

static void
watch_forks(void)
{
    if (pthread_atfork(NULL, NULL, begin_generation) != 0)
        abort(); /* no memory left, as in xmalloc() */
}

static void
fetch(unsigned char *at, size_t len)
{
    static const char text[] = "postern: the kernel gives no random bytes\n";

    while (len > 0) {
        ssize_t got = getrandom(at, len, 0);

        if (got > 0) {
            at += got;
            len -= (size_t)got;
        } else if (got == 0 || errno != EINTR) {
            ssize_t written = write(STDERR_FILENO, text, sizeof(text) - 1);

            (void)written;
            abort();
        }
    }
}

static void
take(void *out, size_t len)
{
    unsigned char *at;

    pthread_once(&watching, watch_forks);
    if (store.left < len || store.generation != atomic_load(&generation)) {
        store.generation = atomic_load(&generation);
        fetch(store.bytes, sizeof(store.bytes));
        store.left = sizeof(store.bytes);
    }
    at = store.bytes + sizeof(store.bytes) - store.left;
    memcpy(out, at, len);
    explicit_bzero(at, len);
    store.left -= len;
}

void
random_bytes(void *out, size_t len)
{
    if (len <= FEW_BYTES)
        take(out, len);
    else
        fetch(out, len);
}

uint64_t
random_u64(void)
{
    uint64_t value;

    random_bytes(&value, sizeof(value));
    return value;
}

uint32_t
random_u32(void)
{
    uint32_t value;

    random_bytes(&value, sizeof(value));
    return value;
}
