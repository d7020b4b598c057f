/*
 * test_rate.c - unit tests for worker/schedule/rate.c
 */
#include "rate.h"
#include "unit.h"

#include <stdbool.h>

#define MS INT64_C(1000)
#define SECOND INT64_C(1000000)
#define BOOT (1000 * SECOND)

static bool
allows(const struct rate *rate, uint32_t limit, int64_t us)
{
    return rate_allows_at(rate, limit) <= BOOT + us;
}

static void
test_what_is_not_sent_yet_counts(void)
{
    struct rate rate = {0};
    int64_t sent;

    rate_start(&rate);
    rate_start(&rate);
    CU_ASSERT_FALSE(allows(&rate, 2, 100 * SECOND));
    CU_ASSERT_EQUAL(rate_allows_at(&rate, 2), INT64_MAX);
    CU_ASSERT_TRUE(allows(&rate, 3, 0));
    /* Sent late, it holds its place for a second more. */
    sent = rate_sent(&rate, BOOT + 5 * SECOND);
    CU_ASSERT_NOT_EQUAL(sent, 0);
    CU_ASSERT_EQUAL(rate_allows_at(&rate, 1), INT64_MAX);
    rate_end(&rate, 0, BOOT + 5 * SECOND); /* the other one never was */
    CU_ASSERT_FALSE(allows(&rate, 1, 6 * SECOND));
    CU_ASSERT_TRUE(allows(&rate, 1, 6 * SECOND + RATE_WAY_US + 50 * MS));
}

/* Until it is answered nobody knows when it has arrived. */
static void
test_an_answer_tells_that_it_has_arrived(void)
{
    static const struct {
        const char *claim;
        int64_t answer_us; /* after it was sent */
        int64_t until_us;  /* it counts at least, and 50 ms at most after */
    } rows[] = {
        {"at once", 0, SECOND},
        {"after 100 ms", 100 * MS, SECOND + 100 * MS},
        {"later than it may be under way", 9 * SECOND, SECOND + RATE_WAY_US},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rate rate = {0};
        int64_t sent, at_us;

        rate_start(&rate);
        sent = rate_sent(&rate, BOOT);
        if (rows[i].answer_us < SECOND)
            rate_end(&rate, sent, BOOT + rows[i].answer_us);
        at_us = rate_allows_at(&rate, 1);
        if (at_us < BOOT + rows[i].until_us ||
            at_us > BOOT + rows[i].until_us + RATE_SLICE_US)
            fprintf(stderr, "\n%s: %lld us\n", rows[i].claim,
                    (long long)(at_us - BOOT));
        CU_ASSERT(at_us >= BOOT + rows[i].until_us);
        CU_ASSERT(at_us <= BOOT + rows[i].until_us + RATE_SLICE_US);
        if (rows[i].answer_us >= SECOND)
            rate_end(&rate, sent, BOOT + rows[i].answer_us);
        CU_ASSERT_TRUE(allows(&rate, 1, 9 * SECOND));
    }
}

/* xorshift: the same numbers at every run. */
static uint32_t
below(uint64_t *state, uint32_t n)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 33) % n;
}

#define FLIGHTS 64

/* Requests that are sent late and arrive later: no second of the receiver has
   more than the limit. */
static void
run_uneven(uint32_t limit, uint64_t seed)
{
    struct {
        int64_t sends_us, arrives_us, ends_us, sent;
        bool open;
    } flights[FLIGHTS] = {{0}};
    int64_t arrivals[4096];
    struct rate rate = {0};
    size_t count = 0, i, k;
    int64_t now_us;

    for (now_us = BOOT; now_us < BOOT + 60 * SECOND; now_us += 5 * MS) {
        for (i = 0; i < FLIGHTS; i++) {
            if (!flights[i].open)
                continue;
            if (flights[i].sent == 0 && now_us >= flights[i].sends_us) {
                flights[i].sent = rate_sent(&rate, now_us);
                flights[i].arrives_us = now_us + below(&seed, 200000);
                flights[i].ends_us =
                    flights[i].arrives_us + below(&seed, 2000000);
                arrivals[count++] = flights[i].arrives_us;
            }
            if (flights[i].sent != 0 && now_us >= flights[i].ends_us) {
                rate_end(&rate, flights[i].sent, now_us);
                flights[i].open = false;
            }
        }
        for (i = 0; i < FLIGHTS && count < 4000; i++) {
            if (flights[i].open || rate_allows_at(&rate, limit) > now_us)
                continue;
            rate_start(&rate);
            flights[i].open = true;
            flights[i].sent = 0;
            flights[i].sends_us = now_us + below(&seed, 600000);
        }
    }
    for (i = 0; i < count; i++) {
        size_t same = 0;

        for (k = 0; k < count; k++)
            same += arrivals[k] >= arrivals[i] &&
                    arrivals[k] < arrivals[i] + SECOND;
        if (same > limit)
            CU_FAIL_FATAL("a second has more than the limit");
    }
    CU_ASSERT(count >= 60 * (size_t)limit / 3);
}

static void
test_no_second_of_the_receiver_has_more(void)
{
    uint64_t seed;

    for (seed = 1; seed <= 5; seed++) {
        run_uneven(1, seed * UINT64_C(0x9e3779b97f4a7c15));
        run_uneven(10, seed * UINT64_C(0x9e3779b97f4a7c15));
        run_uneven(30, seed * UINT64_C(0x9e3779b97f4a7c15));
    }
}

/* Somebody else has sent, nobody knows what. */
static void
test_a_second_that_is_not_known_is_full(void)
{
    struct rate rate = {0};
    int64_t at_us;

    rate_start(&rate);
    rate_fill(&rate, BOOT);
    at_us = rate_allows_at(&rate, 10000);
    CU_ASSERT(at_us >= BOOT + SECOND && at_us <= BOOT + SECOND + 50 * MS);
    rate_end(&rate, rate_sent(&rate, BOOT), BOOT);
    CU_ASSERT_EQUAL(rate_allows_at(&rate, 10000), at_us);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"what is not sent yet counts", test_what_is_not_sent_yet_counts},
        {"an answer tells that it has arrived",
         test_an_answer_tells_that_it_has_arrived},
        {"no second of the receiver has more",
         test_no_second_of_the_receiver_has_more},
        {"a second that is not known is full",
         test_a_second_that_is_not_known_is_full},
        CU_TEST_INFO_NULL,
    };

    return unit_run("rate", tests);
}
