/*
 * retry.c - when does a failed job try again? See retry.h for the formula.
 */
#include "retry.h"

#include <assert.h>

#define US_PER_S UINT64_C(1000000)
#define ASKED_MAX_S UINT64_C(3600)

static uint64_t
smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t
larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* Doubles step by step and stops at the longest wait, so that no attempt
   number can shift the delay out of its type. */
static uint64_t
planned_s(const struct retry_policy *policy, uint32_t attempt)
{
    uint64_t wait_s;

    if (policy->schedule_count > 0)
        return smaller(policy->schedule_s[attempt - 1], RETRY_WAIT_MAX_S);
    wait_s = policy->delay_s;
    while (attempt > 1 && wait_s > 0 && wait_s < RETRY_WAIT_MAX_S) {
        wait_s *= 2;
        attempt--;
    }
    return smaller(wait_s, RETRY_WAIT_MAX_S);
}

/* 0 to 10 % of wait_us. The product of the whole would not fit 64 bits. */
static uint64_t
jitter_us(uint64_t wait_us, uint32_t random)
{
    uint64_t choices = wait_us / 10 + 1;

    return (choices >> 32) * random + (((choices & UINT32_MAX) * random) >> 32);
}

bool
retry_after_failure(const struct retry_policy *policy, uint32_t attempt,
                    uint32_t asked_s, uint32_t random, int64_t *wait_us)
{
    size_t retries =
        policy->schedule_count > 0 ? policy->schedule_count : policy->retries;
    uint64_t planned, longest_s, asked, us;

    assert(attempt > 0);
    if (attempt > retries)
        return false;

    planned = planned_s(policy, attempt);
    longest_s = smaller(larger(2 * planned, ASKED_MAX_S), RETRY_WAIT_MAX_S);
    asked = smaller(asked_s, longest_s);
    if (asked > planned) {
        us = asked * US_PER_S;
        us = smaller(us + jitter_us(us, random), longest_s * US_PER_S);
    } else {
        us = planned * US_PER_S;
        us = smaller(us + jitter_us(us, random), RETRY_WAIT_MAX_S * US_PER_S);
    }
    *wait_us = (int64_t)us;
    return true;
}
