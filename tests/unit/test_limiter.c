/*
 * test_limiter.c - unit tests for fcgi/receive/limiter.c: times are chosen.
 */
#include "limiter.h"

#include "clock.h"
#include "unit.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#define START_US (1000 * CLOCK_US_PER_S)

/* How many of `tries` at one moment fit. */
static unsigned
count_fits(struct limiter *limiter, uint64_t key, uint32_t limit,
           int64_t now_us, unsigned tries)
{
    unsigned fits = 0, i;

    for (i = 0; i < tries; i++)
        fits += limiter_take(limiter, key, limit, now_us);
    return fits;
}

static void
test_limits(void)
{
    static const struct {
        const char *claim;
        uint32_t limit;
        int64_t later_us; /* after so many as fit at once */
        unsigned want;    /* so many more fit */
    } rows[] = {
        {"nothing more at the same moment", 5, 0, 0},
        {"nothing more before the first is earned", 5, 199999, 0},
        {"one more after a fifth of a second", 5, 200000, 1},
        {"two more after two fifths", 5, 400000, 2},
        {"all of them after a second", 5, 1000000, 5},
        {"not more than that after a day", 5, CLOCK_US_PER_DAY, 5},
        {"one a second", 1, 999999, 0},
        {"one a second, a second later", 1, 1000000, 1},
        {"a limit that does not divide a second", 3, 333334, 1},
        {"many", 100000, 1000, 100},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct limiter *limiter = limiter_new(7);
        uint64_t key = limiter_source_key(limiter, 1);
        unsigned at_once, got;

        at_once = count_fits(limiter, key, rows[i].limit, START_US, 200000);
        got = count_fits(limiter, key, rows[i].limit,
                         START_US + rows[i].later_us, 200000);
        if (at_once != rows[i].limit || got != rows[i].want)
            fprintf(stderr, "\n%s: got %u and %u, want %lu and %u\n",
                    rows[i].claim, at_once, got, (unsigned long)rows[i].limit,
                    rows[i].want);
        CU_ASSERT_EQUAL(at_once, rows[i].limit);
        CU_ASSERT_EQUAL(got, rows[i].want);
        limiter_free(limiter);
    }
}

static void
test_steady_stream(void)
{
    struct limiter *limiter = limiter_new(7);
    uint64_t key = limiter_source_key(limiter, 1);
    unsigned fits = 0;
    int64_t at_us;

    /* 1000 tries a second for ten seconds, of which 20 a second may pass. */
    for (at_us = 0; at_us < 10 * CLOCK_US_PER_S; at_us += 1000)
        fits += limiter_take(limiter, key, 20, START_US + at_us);
    CU_ASSERT_EQUAL(fits, 20 + 199);
    limiter_free(limiter);
}

static void
test_a_clock_that_goes_back(void)
{
    struct limiter *limiter = limiter_new(7);
    uint64_t key = limiter_source_key(limiter, 1);

    CU_ASSERT_EQUAL(count_fits(limiter, key, 2, START_US, 9), 2);
    CU_ASSERT_EQUAL(count_fits(limiter, key, 2, START_US - 500000, 9), 0);
    CU_ASSERT_EQUAL(count_fits(limiter, key, 2, START_US + 1000000, 9), 2);
    limiter_free(limiter);
}

static void
test_addresses(void)
{
    static const struct {
        const char *claim, *a, *b;
        bool same;
    } rows[] = {
        {"an address and itself", "192.0.2.1", "192.0.2.1", true},
        {"two addresses", "192.0.2.1", "192.0.2.2", false},
        {"an address and its mapped form", "192.0.2.1", "::ffff:192.0.2.1",
         true},
        {"two hosts of one IPv6 network", "2001:db8::1", "2001:db8::ffff:2",
         true},
        {"two IPv6 networks", "2001:db8::1", "2001:db8:0:1::1", false},
        {"an IPv4 address and ::", "0.0.0.0", "::", false},
        {"what is no address shares a limit", "unix:", "nonsense", true},
        {"as does nothing at all", "", "nonsense", true},
    };
    struct limiter *limiter = limiter_new(99);
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t a = limiter_address_key(limiter, 1, slice_of(rows[i].a));
        uint64_t b = limiter_address_key(limiter, 1, slice_of(rows[i].b));

        if ((a == b) != rows[i].same)
            fprintf(stderr, "\n%s: %s, %s\n", rows[i].claim, rows[i].a,
                    rows[i].b);
        CU_ASSERT_EQUAL(a == b, rows[i].same);
        CU_ASSERT_NOT_EQUAL(
            a, limiter_address_key(limiter, 2, slice_of(rows[i].a)));
        CU_ASSERT_NOT_EQUAL(a, limiter_source_key(limiter, 1));
    }
    limiter_free(limiter);
}

static void
test_keys_do_not_share(void)
{
    struct limiter *limiter = limiter_new(1);
    uint64_t one = limiter_source_key(limiter, 1);
    uint64_t two = limiter_source_key(limiter, 2);

    CU_ASSERT_EQUAL(count_fits(limiter, one, 3, START_US, 9), 3);
    CU_ASSERT_EQUAL(count_fits(limiter, two, 3, START_US, 9), 3);
    limiter_free(limiter);
}

/* The table does not grow: a million addresses pass through, and one that has
   used up its share is still known. */
static void
test_a_flood_of_addresses(void)
{
    struct limiter *limiter = limiter_new(42);
    uint64_t noisy = limiter_address_key(limiter, 1, SLICE("192.0.2.66"));
    char text[32];
    uint32_t i;

    CU_ASSERT_EQUAL(count_fits(limiter, noisy, 10, START_US, 20), 10);
    for (i = 0; i < 1000000; i++) {
        uint64_t key;

        snprintf(text, sizeof(text), "10.%u.%u.%u", i >> 16, i >> 8 & 255,
                 i & 255);
        key = limiter_address_key(limiter, 1, slice_of(text));
        if (!limiter_take(limiter, key, 10, START_US))
            CU_FAIL("an address that comes for the first time is refused");
    }
    CU_ASSERT_EQUAL(count_fits(limiter, noisy, 10, START_US, 20), 0);
    limiter_free(limiter);
}

#define THREADS 4
#define TRIES 5000

static struct limiter *shared;
static unsigned shared_fits[THREADS];

static void *
take_many(void *arg)
{
    unsigned *fits = arg;

    *fits = count_fits(shared, limiter_source_key(shared, 1), 1000, START_US,
                       TRIES);
    return NULL;
}

static void
test_threads_share_a_limit(void)
{
    pthread_t threads[THREADS];
    unsigned sum = 0, i;

    shared = limiter_new(3);
    for (i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL_FATAL(
            pthread_create(&threads[i], NULL, take_many, &shared_fits[i]), 0);
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        sum += shared_fits[i];
    }
    CU_ASSERT_EQUAL(sum, 1000);
    limiter_free(shared);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"so many at once, then so many a second", test_limits},
        {"a steady stream", test_steady_stream},
        {"a clock that goes back", test_a_clock_that_goes_back},
        {"which addresses are one", test_addresses},
        {"keys do not share", test_keys_do_not_share},
        {"a flood of addresses", test_a_flood_of_addresses},
        {"threads share a limit", test_threads_share_a_limit},
        CU_TEST_INFO_NULL,
    };

    return unit_run("limiter", tests);
}
