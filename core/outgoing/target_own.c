/*
 * target_own.c - the addresses of this host; see target_own.h.
 */
#include "target_own.h"

#include "alloc.h"
#include "clock.h"

#include <netinet/in.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_EVERY_US (5 * CLOCK_US_PER_S)

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static struct {
    pthread_mutex_t lock;
    int64_t looked_mono_us; /* 0: never */
    uint8_t (*addresses)[16];
    size_t count;
} own = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* False: an interface has addresses of other kinds, and some have none. */
static bool
read_address(const struct sockaddr *address, uint8_t out[16])
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address != NULL && address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        memcpy(out, mapped, sizeof(mapped));
        memcpy(out + sizeof(mapped), &v4.sin_addr, 4);
        return true;
    }
    if (address != NULL && address->sa_family == AF_INET6) {
        memcpy(&v6, address, sizeof(v6));
        memcpy(out, &v6.sin6_addr, 16);
        return true;
    }
    return false;
}

/* Inside the lock. */
static void
learn(const struct ifaddrs *list)
{
    const struct ifaddrs *item;
    size_t most = 0, count = 0;

    for (item = list; item != NULL; item = item->ifa_next)
        most++;
    free(own.addresses);
    own.addresses = xcalloc(most + 1, sizeof(own.addresses[0]));
    for (item = list; item != NULL; item = item->ifa_next)
        count += read_address(item->ifa_addr, own.addresses[count]);
    own.count = count;
    own.looked_mono_us = clock_mono_us();
}

static void
look(void)
{
    struct ifaddrs *list = NULL;

    if (getifaddrs(&list) == 0)
        learn(list);
    else
        own.looked_mono_us = clock_mono_us();
    freeifaddrs(list);
}

void
target_own_learn(const struct ifaddrs *list)
{
    pthread_mutex_lock(&own.lock);
    learn(list);
    pthread_mutex_unlock(&own.lock);
}

bool
target_own_has(const uint8_t address[16])
{
    bool found = false;
    size_t i;

    pthread_mutex_lock(&own.lock);
    if (own.looked_mono_us == 0 ||
        clock_mono_us() - own.looked_mono_us >= LOOK_EVERY_US)
        look();
    for (i = 0; i < own.count && !found; i++)
        found = memcmp(own.addresses[i], address, 16) == 0;
    pthread_mutex_unlock(&own.lock);
    return found;
}
