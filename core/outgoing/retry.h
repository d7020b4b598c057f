/*
 * retry.h - when does a failed job try again?
 *
 * Pure arithmetic: no clock, no I/O. With a policy of `retries` and `delay_s`
 * the wait after the n-th failed attempt (n from 1) is
 *
 *      wait(n) = delay_s * 2^(n-1)        from the end of the attempt
 *
 * or schedule_s[n-1] where a schedule is given. Jitter only lengthens a wait,
 * by at most 10 %. A receiver that asks for longer (Retry-After) gets it
 * within [wait, max(2 * wait, 1 hour)], jitter included.
 */
#ifndef RETRY_H
#define RETRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RETRY_WAIT_MAX_S (30 * 86400) /* no wait is ever longer */

struct retry_policy {
    uint32_t retries; /* attempts after the first */
    uint32_t delay_s;
    const uint32_t *schedule_s; /* schedule_count = 0: delay doubles */
    size_t schedule_count;      /* when > 0, the number of retries */
};

/*
 * attempt    number of the attempt that failed, from 1
 * asked_s    Retry-After in seconds, 0 = not asked
 * random     32 uniform bits
 * wait_us    out: written only when true is returned
 * False: that was the last attempt.
 */
bool retry_after_failure(const struct retry_policy *policy, uint32_t attempt,
                         uint32_t asked_s, uint32_t random, int64_t *wait_us)
    __attribute__((warn_unused_result));

#endif /* RETRY_H */
