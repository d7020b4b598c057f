/*
 * test_retry.c - unit tests for core/outgoing/retry.c
 */
#include "retry.h"

#include "unit.h"

#define UNTOUCHED INT64_C(-7)
#define S INT64_C(1000000) /* microseconds */
#define MOST UINT32_MAX
#define LONGEST (RETRY_WAIT_MAX_S * INT64_C(1000000))

static const uint32_t schedule[] = {5, 300, 1800, UINT32_MAX};

/* Each row is one sentence of the contract in retry.h. */
static void
test_waits(void)
{
    static const struct {
        const char *claim;
        struct retry_policy policy;
        uint32_t attempt, asked_s, random;
        int64_t want_us;
    } rows[] = {
#define DOUBLING(retries, delay) {retries, delay, NULL, 0}
#define SCHEDULE                                                               \
    {                                                                          \
        0, 0, schedule, 4                                                      \
    }
        {"the first failure waits delay_s", DOUBLING(3, 2), 1, 0, 0, 2 * S},
        {"the second twice that", DOUBLING(3, 2), 2, 0, 0, 4 * S},
        {"the third four times", DOUBLING(3, 2), 3, 0, 0, 8 * S},
        {"no delay is no delay", DOUBLING(3, 0), 3, 0, 0, 0},
        {"no delay has no jitter", DOUBLING(3, 0), 3, 0, MOST, 0},
        {"jitter adds up to 10 %", DOUBLING(3, 2), 1, 0, MOST, 2200000},
        {"half the bits, half of it", DOUBLING(3, 2), 1, 0, MOST / 2, 2100000},
        {"doubling stops at the longest wait", DOUBLING(40, 1), 40, 0, 0,
         RETRY_WAIT_MAX_S * S},
        {"no overflow at the far end", DOUBLING(MOST, MOST), MOST, 0, MOST,
         RETRY_WAIT_MAX_S * S},
        {"jitter does not pass the longest wait", DOUBLING(3, RETRY_WAIT_MAX_S),
         1, 0, MOST, RETRY_WAIT_MAX_S * S},
        {"nor does Retry-After", DOUBLING(3, RETRY_WAIT_MAX_S), 1, MOST, MOST,
         RETRY_WAIT_MAX_S * S},
        {"jitter of a long wait does not overflow", DOUBLING(3, 864000), 1, 0,
         MOST, INT64_C(950399999980)},
        {"a schedule is taken as it stands", SCHEDULE, 1, 0, 0, 5 * S},
        {"step by step", SCHEDULE, 3, 0, 0, 1800 * S},
        {"and is bounded too", SCHEDULE, 4, 0, 0, RETRY_WAIT_MAX_S * S},
        {"Retry-After lengthens", DOUBLING(3, 2), 1, 30, 0, 30 * S},
        {"Retry-After never shortens", DOUBLING(3, 60), 2, 30, 0, 120 * S},
        {"a short wait may grow to an hour", DOUBLING(3, 2), 1, 86400, 0,
         3600 * S},
        {"a long one to twice its length", DOUBLING(3, 7200), 1, 86400, 0,
         14400 * S},
        {"jitter stays within that bound", DOUBLING(3, 2), 1, 3600, MOST,
         3600 * S},
        {"below it, jitter lengthens as always", DOUBLING(3, 2), 1, 30, MOST,
         33 * S},
        {"just the hour", DOUBLING(3, 1800), 1, 3601, 0, 3600 * S},
        {"just above the hour", DOUBLING(3, 1801), 1, 9999, 0, 3602 * S},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t got = UNTOUCHED;

        CU_ASSERT_TRUE(retry_after_failure(&rows[i].policy, rows[i].attempt,
                                           rows[i].asked_s, rows[i].random,
                                           &got));
        if (got != rows[i].want_us)
            fprintf(stderr, "\n%s: got %lld us, want %lld us\n", rows[i].claim,
                    (long long)got, (long long)rows[i].want_us);
        CU_ASSERT_EQUAL(got, rows[i].want_us);
    }
}

static void
test_gives_up(void)
{
    static const struct {
        const char *claim;
        struct retry_policy policy;
        uint32_t attempt;
        bool want;
    } rows[] = {
        {"three retries: attempt 3 is followed by one", DOUBLING(3, 2), 3,
         true},
        {"attempt 4 is the last", DOUBLING(3, 2), 4, false},
        {"so is any later one", DOUBLING(3, 2), MOST, false},
        {"no retries: the first is the last", DOUBLING(0, 2), 1, false},
        {"a schedule counts its steps", SCHEDULE, 4, true},
        {"and no more", SCHEDULE, 5, false},
        {"whatever `retries` says", {9, 2, schedule, 2}, 3, false},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t wait_us = UNTOUCHED;
        bool got = retry_after_failure(&rows[i].policy, rows[i].attempt, 60, 0,
                                       &wait_us);

        if (got != rows[i].want)
            fprintf(stderr, "\n%s\n", rows[i].claim);
        CU_ASSERT_EQUAL(got, rows[i].want);
        CU_ASSERT_EQUAL(wait_us == UNTOUCHED, !rows[i].want);
    }
}

/* Whatever the random bits, the wait is in [wait, 1.1 * wait]. */
static void
test_jitter_stays_in_bounds(void)
{
    static const uint32_t delays[] = {1, 2, 7, 3600, 86400, 2000000};
    size_t i;

    for (i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
        const struct retry_policy policy = DOUBLING(1, delays[i]);
        int64_t before = 0, low = delays[i] * S;
        uint64_t random;

        for (random = 0; random <= UINT32_MAX; random += 0x00fffff1) {
            int64_t got = UNTOUCHED;

            CU_ASSERT_TRUE(
                retry_after_failure(&policy, 1, 0, (uint32_t)random, &got));
            CU_ASSERT(got >= low && got <= low + low / 10);
            CU_ASSERT(got >= before);
            before = got;
        }
        CU_ASSERT(before > low);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"waits", test_waits},
        {"gives up", test_gives_up},
        {"jitter stays in bounds", test_jitter_stays_in_bounds},
        CU_TEST_INFO_NULL,
    };

    return unit_run("retry", tests);
}
