/*
 * sim_random.h - the simulation's dice: the same numbers for the same seed.
 */
#ifndef SIM_RANDOM_H
#define SIM_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct sim_random {
    uint64_t state;
};

/* splitmix64 */
static inline uint64_t
sim_u64(struct sim_random *random)
{
    uint64_t z = (random->state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static inline uint32_t
sim_u32(struct sim_random *random)
{
    return (uint32_t)(sim_u64(random) >> 32);
}

/* 0 to n - 1 */
static inline uint32_t
sim_below(struct sim_random *random, uint32_t n)
{
    return (uint32_t)((uint64_t)sim_u32(random) * n >> 32);
}

static inline int64_t
sim_between(struct sim_random *random, int64_t low, int64_t high)
{
    return low + (int64_t)(sim_u64(random) % (uint64_t)(high - low + 1));
}

static inline bool
sim_chance(struct sim_random *random, uint32_t per_mille)
{
    return sim_below(random, 1000) < per_mille;
}

/* Mostly short, sometimes up to eight times the mean. */
static inline int64_t
sim_about(struct sim_random *random, int64_t mean)
{
    static const int64_t eighths[] = {1, 2, 3, 4, 5, 7, 10, 18, 3, 2};
    int64_t part = eighths[sim_below(random, 10)] * mean / 8;

    return sim_between(random, part / 2, part + 1) +
           (sim_chance(random, 20) ? mean * 5 : 0);
}

#endif /* SIM_RANDOM_H */
