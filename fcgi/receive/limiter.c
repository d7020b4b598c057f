/*
 * limiter.c - see limiter.h.
 */
#include "limiter.h"

#include "alloc.h"
#include "clock.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>

#define PLACES 512 /* a power of two */
#define WAYS 8     /* keys that fit into one place */
#define NS_PER_US INT64_C(1000)
#define NS_PER_S (CLOCK_US_PER_S * NS_PER_US)
#define ADDRESS_TEXT_MAX 64 /* longer ones are none */

/* What a key has used: the time at which it will have its whole share again.
   Once that is past, the entry says nothing. */
struct used {
    uint64_t key;
    int64_t until_ns;
};

struct place {
    pthread_mutex_t lock;
    struct used used[WAYS];
};

struct limiter {
    uint64_t seed;
    struct place places[PLACES];
};

struct limiter *
limiter_new(uint64_t seed)
{
    struct limiter *limiter = xcalloc(1, sizeof(*limiter));
    size_t i;

    limiter->seed = seed;
    for (i = 0; i < PLACES; i++)
        pthread_mutex_init(&limiter->places[i].lock, NULL);
    return limiter;
}

void
limiter_free(struct limiter *limiter)
{
    size_t i;

    if (limiter == NULL)
        return;
    for (i = 0; i < PLACES; i++)
        pthread_mutex_destroy(&limiter->places[i].lock);
    free(limiter);
}

/* Every bit of the result depends on every bit of the argument (the finalizer
   of splitmix64). */
static uint64_t
mix(uint64_t bits)
{
    bits = (bits ^ (bits >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    bits = (bits ^ (bits >> 27)) * UINT64_C(0x94d049bb133111eb);
    return bits ^ (bits >> 31);
}

uint64_t
limiter_source_key(const struct limiter *limiter, uint32_t source_id)
{
    return mix(limiter->seed ^ mix(source_id));
}

/* The first 64 bits of the address; an IPv4 address as one of IPv6. Anything
   that is no address shares one number. */
static uint64_t
network_of(struct slice address)
{
    char text[ADDRESS_TEXT_MAX];
    struct in_addr four;
    struct in6_addr six;
    uint64_t bits = 0;
    size_t i;

    if (address.len == 0 || address.len >= sizeof(text))
        return 0;
    memcpy(text, address.ptr, address.len);
    text[address.len] = '\0';
    if (inet_pton(AF_INET, text, &four) == 1)
        return UINT64_C(0xffff) << 32 | four.s_addr;
    if (inet_pton(AF_INET6, text, &six) != 1)
        return 0;
    if (IN6_IS_ADDR_V4MAPPED(&six)) {
        memcpy(&four, six.s6_addr + 12, sizeof(four));
        return UINT64_C(0xffff) << 32 | four.s_addr;
    }
    for (i = 0; i < 8; i++)
        bits = bits << 8 | six.s6_addr[i];
    return bits;
}

uint64_t
limiter_address_key(const struct limiter *limiter, uint32_t source_id,
                    struct slice address)
{
    return mix(limiter_source_key(limiter, source_id) +
               mix(network_of(address) ^ limiter->seed));
}

/* The key's entry, or the one that may be given up for it. Lock held. */
static struct used *
find(struct place *place, uint64_t key)
{
    struct used *least = &place->used[0];
    size_t i;

    for (i = 0; i < WAYS; i++) {
        struct used *used = &place->used[i];

        if (used->key == key)
            return used;
        if (used->until_ns < least->until_ns)
            least = used;
    }
    *least = (struct used){.key = key};
    return least;
}

bool
limiter_take(struct limiter *limiter, uint64_t key, uint32_t limit,
             int64_t now_us)
{
    struct place *place = &limiter->places[key % PLACES];
    int64_t now_ns = now_us * NS_PER_US, until_ns;
    struct used *used;
    bool fits;

    pthread_mutex_lock(&place->lock);
    used = find(place, key);
    until_ns = used->until_ns > now_ns ? used->until_ns : now_ns;
    until_ns += NS_PER_S / limit;
    fits = until_ns - now_ns <= NS_PER_S;
    if (fits)
        used->until_ns = until_ns;
    pthread_mutex_unlock(&place->lock);
    return fits;
}
