/*
 * thrift.c - see thrift.h.
 */
#include "thrift.h"

#include <malloc.h>
#include <pthread.h>

#define CALM 500 /* results between two looks */
#define ARENAS 3 /* the store, the loop, and everybody else */
#define LARGE_BYTES (128 << 10)
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define STACK_BYTES (8 << 20) /* they keep things of their own there */
#else
#define STACK_BYTES (512 << 10) /* enough for us and for getaddrinfo() */
#endif

void
thrift_begin(void)
{
    pthread_attr_t attr;

    (void)mallopt(M_ARENA_MAX, ARENAS);
    /* Packets and results have their own pages and leave no holes; without
       this glibc raises the limit as soon as one has been freed. */
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    /* libcurl makes a thread for every name that it looks up: with the usual
       8 MB of address space each, a few thousand would be too many for hosts
       that count address space. */
    if (pthread_attr_init(&attr) != 0)
        return;
    if (pthread_attr_setstacksize(&attr, STACK_BYTES) == 0)
        (void)pthread_setattr_default_np(&attr);
    (void)pthread_attr_destroy(&attr);
}

void
thrift_look(struct thrift *thrift, struct payloads *payloads, uint64_t results)
{
    uint64_t fresh = results - thrift->seen;

    thrift->seen = results;
    if (fresh > CALM || results == thrift->trimmed)
        return;
    thrift->trimmed = results;
    payloads_shrink(payloads);
    (void)malloc_trim(0);
}
