/*
 * test_endpoint.c - unit tests for worker/schedule/endpoint.c
 */
#include "endpoint.h"

#include "unit.h"

#include <string.h>

#define S INT64_C(1000000) /* microseconds */
#define MS INT64_C(1000)
#define NEVER INT64_MAX
#define MIDDLE (UINT32_MAX / 2) /* random bits: no jitter, nearly */
#define BOOT INT64_C(77000000)  /* monotonic, when a test begins */
#define WALL INT64_C(1700000000000000)

static const struct endpoint_policy usual = {
    .window_max = 20,
    .breaker_failures = 5,
    .breaker_open_us = 30 * S,
    .breaker_max_us = 3600 * S,
};

static struct endpoint_now
at(int64_t us)
{
    return (struct endpoint_now){BOOT + us, WALL + us, 0};
}

static struct endpoint
fresh(void)
{
    struct endpoint endpoint;

    endpoint_init(&endpoint);
    return endpoint;
}

static bool
may_start(const struct endpoint *endpoint, const struct endpoint_policy *policy,
          int64_t us)
{
    return endpoint_next_start(endpoint, policy, BOOT + us) <= BOOT + us;
}

/* One request at a time, all at the same moment: G good, b bad, B busy with
   Retry-After 10, u busy without, n nothing. Stops where none may start, and
   returns what is left. */
static const char *
play(struct endpoint *endpoint, const struct endpoint_policy *policy,
     const char *answers, int64_t us)
{
    for (; *answers != '\0'; answers++) {
        enum feedback feedback = *answers == 'G'   ? FEEDBACK_GOOD
                                 : *answers == 'b' ? FEEDBACK_BAD
                                 : *answers == 'n' ? FEEDBACK_NONE
                                                   : FEEDBACK_BUSY;

        if (!may_start(endpoint, policy, us))
            break;
        endpoint_start(endpoint, BOOT + us);
        (void)endpoint_end(endpoint, policy, feedback, at(us),
                           *answers == 'B' ? 10 * S : 0, MIDDLE);
    }
    return answers;
}

static void
check(bool holds, const char *claim)
{
    if (!holds)
        fprintf(stderr, "\nnot so: %s\n", claim);
    CU_ASSERT_TRUE(holds);
}

/* After these answers the breaker is in that state; none were refused, unless
   it is open. */
static void
test_what_opens_the_breaker(void)
{
    static const struct {
        const char *claim;
        const char *answers;
        uint32_t failures;
        enum breaker want;
        const char *left;
    } rows[] = {
        {"nothing is closed", "", 5, BREAKER_CLOSED, ""},
        {"4 failures do not open it", "bbbb", 5, BREAKER_CLOSED, ""},
        {"5 in a row do", "bbbbbb", 5, BREAKER_OPEN, "b"},
        {"a good answer begins a new row", "bbbbGbbbb", 5, BREAKER_CLOSED, ""},
        {"after it 5 more open it", "GGGGbbbbb", 5, BREAKER_OPEN, ""},
        {"what was not sent does not end the row", "bbbbnb", 5, BREAKER_OPEN,
         ""},
        {"and is no failure", "nnnnnnnnnnnnnnnn", 5, BREAKER_CLOSED, ""},
        {"4xx is good: it answered", "GGGGGGGGGGGGGGGG", 5, BREAKER_CLOSED, ""},
        {"7 of 10 failed", "bbbGbbbGGb", 5, BREAKER_OPEN, ""},
        {"7 of 9 are too few to tell", "bbbGbbGbb", 5, BREAKER_CLOSED, ""},
        {"6 of 10 are not enough", "bbbGbbGGbG", 5, BREAKER_CLOSED, ""},
        {"the limit is an option", "b", 1, BREAKER_OPEN, ""},
        {"also a large one", "bbbbbbbbb", 100, BREAKER_CLOSED, ""},
        {"though 10 of 10 is 70 %", "bbbbbbbbbb", 100, BREAKER_OPEN, ""},
        {"0: it never opens", "bbbbbbbbbbbbbbbbbbbbbbb", 0, BREAKER_CLOSED, ""},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct endpoint endpoint = fresh();
        struct endpoint_policy policy = usual;
        const char *left;

        policy.breaker_failures = rows[i].failures;
        left = play(&endpoint, &policy, rows[i].answers, 0);
        check(endpoint.breaker == rows[i].want &&
                  strcmp(left, rows[i].left) == 0,
              rows[i].claim);
        check(endpoint.running == 0, "every start has ended");
    }
}

static void
test_failures_far_apart_are_not_one_sample(void)
{
    struct endpoint endpoint = fresh();

    (void)play(&endpoint, &usual, "bbbbGbbGb", 0);
    (void)play(&endpoint, &usual, "b", 300 * S - 1);
    CU_ASSERT_EQUAL(endpoint.breaker, BREAKER_OPEN);
    endpoint = fresh();
    (void)play(&endpoint, &usual, "bbbbGbbGb", 0);
    (void)play(&endpoint, &usual, "b", 301 * S);
    CU_ASSERT_EQUAL(endpoint.breaker, BREAKER_CLOSED);
}

/* How long it is open after so many trips. */
static void
test_open_times(void)
{
    static const struct {
        const char *claim;
        uint32_t trips;
        uint32_t random;
        int64_t want_us;
    } rows[] = {
        {"30 s at first, 20 % less at the least", 0, 0, 24 * S},
        {"and 20 % more at the most", 0, UINT32_MAX, 36 * S},
        {"twice as long after one trip", 1, UINT32_MAX, 72 * S},
        {"four times after two", 2, 0, 96 * S},
        {"64 times after six", 6, 0, 1536 * S},
        {"never longer than an hour", 7, UINT32_MAX, 3600 * S},
        {"but spread below it", 7, 0, 2880 * S},
        {"however often", UINT32_MAX, UINT32_MAX, 3600 * S},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct endpoint endpoint = fresh();
        int64_t got;

        (void)play(&endpoint, &usual, "bbbb", 0);
        endpoint.trips = rows[i].trips;
        endpoint_start(&endpoint, BOOT);
        CU_ASSERT_TRUE(endpoint_end(&endpoint, &usual, FEEDBACK_BAD, at(0), 0,
                                    rows[i].random));
        got = endpoint.open_until_us - BOOT;
        check(got <= rows[i].want_us && got >= rows[i].want_us - 1,
              rows[i].claim);
    }
}

static void
test_a_failed_probe_doubles_the_time(void)
{
    struct endpoint endpoint = fresh();
    int64_t now = 0, before = 0;
    int i;

    (void)play(&endpoint, &usual, "bbbbb", 0);
    for (i = 0; i < 12; i++) {
        int64_t open = endpoint.open_until_us - (BOOT + now);

        CU_ASSERT(open <= 3600 * S);
        CU_ASSERT(open > before * 3 / 2 || open > 2800 * S);
        CU_ASSERT_FALSE(may_start(&endpoint, &usual, now));
        CU_ASSERT_FALSE(may_start(&endpoint, &usual, now + open - 1));
        CU_ASSERT_TRUE(endpoint_is_open(&endpoint, BOOT + now + open - 1));
        now += open;
        CU_ASSERT_FALSE(endpoint_is_open(&endpoint, BOOT + now));
        CU_ASSERT_STRING_EQUAL(play(&endpoint, &usual, "bb", now), "b");
        CU_ASSERT_EQUAL(endpoint.breaker, BREAKER_OPEN);
        before = open;
    }
    CU_ASSERT_EQUAL(endpoint.failing_since_wall_us, WALL);
    now = endpoint.open_until_us - BOOT;
    (void)play(&endpoint, &usual, "G", now);
    CU_ASSERT_EQUAL(endpoint.breaker, BREAKER_CLOSED);
    CU_ASSERT_EQUAL(endpoint.trips, 0);
    CU_ASSERT_EQUAL(endpoint.failing_since_wall_us, 0);
    (void)play(&endpoint, &usual, "bbbbb", now);
    CU_ASSERT(endpoint.open_until_us <= BOOT + now + 30 * S); /* anew */
}

static void
test_one_probe_only(void)
{
    struct endpoint endpoint = fresh();
    int64_t now;

    (void)play(&endpoint, &usual, "G", 0);
    endpoint_start(&endpoint, BOOT);
    endpoint_start(&endpoint, BOOT); /* these two take long */
    (void)play(&endpoint, &usual, "bbbbb", 0);
    CU_ASSERT_EQUAL(endpoint.breaker, BREAKER_CLOSED); /* unproven: window 1 */
    endpoint = fresh();
    (void)play(&endpoint, &usual, "GGGG", 0);
    while (endpoint.running < 5)
        endpoint_start(&endpoint, BOOT);
    (void)endpoint_end(&endpoint, &usual, FEEDBACK_BAD, at(0), 0, MIDDLE);
    (void)endpoint_end(&endpoint, &usual, FEEDBACK_BAD, at(0), 0, MIDDLE);
    (void)endpoint_end(&endpoint, &usual, FEEDBACK_BAD, at(0), 0, MIDDLE);
    endpoint.failures = 4;
    CU_ASSERT_TRUE(
        endpoint_end(&endpoint, &usual, FEEDBACK_BAD, at(0), 0, MIDDLE));
    CU_ASSERT_EQUAL(endpoint.breaker, BREAKER_OPEN);
    now = endpoint.open_until_us - BOOT;

    /* One of before is in flight still: it must not be taken for the probe. */
    CU_ASSERT_EQUAL(endpoint_next_start(&endpoint, &usual, BOOT + now), NEVER);
    CU_ASSERT_FALSE(
        endpoint_end(&endpoint, &usual, FEEDBACK_GOOD, at(now), 0, MIDDLE));
    CU_ASSERT_EQUAL(endpoint.breaker, BREAKER_OPEN);

    CU_ASSERT_TRUE(may_start(&endpoint, &usual, now));
    endpoint_start(&endpoint, BOOT + now);
    CU_ASSERT_EQUAL(endpoint.breaker, BREAKER_HALF_OPEN);
    CU_ASSERT_EQUAL(endpoint_next_start(&endpoint, &usual, BOOT + now), NEVER);
    CU_ASSERT_TRUE(endpoint_is_open(&endpoint, BOOT + now));

    /* It came to nothing: another one, and only one. */
    CU_ASSERT_FALSE(
        endpoint_end(&endpoint, &usual, FEEDBACK_NONE, at(now), 0, MIDDLE));
    CU_ASSERT_TRUE(may_start(&endpoint, &usual, now));
    CU_ASSERT_FALSE(endpoint_is_open(&endpoint, BOOT + now));
    endpoint_start(&endpoint, BOOT + now);
    CU_ASSERT_EQUAL(endpoint_next_start(&endpoint, &usual, BOOT + now), NEVER);
    CU_ASSERT_TRUE(
        endpoint_end(&endpoint, &usual, FEEDBACK_GOOD, at(now), 0, MIDDLE));
    CU_ASSERT_EQUAL(endpoint.breaker, BREAKER_CLOSED);
}

/* Late answers, good or bad, of before it opened. */
static void
test_stragglers_change_nothing(void)
{
    static const enum feedback late[] = {FEEDBACK_GOOD, FEEDBACK_BAD,
                                         FEEDBACK_NONE, FEEDBACK_BUSY};
    size_t i;

    for (i = 0; i < 4; i++) {
        struct endpoint endpoint = fresh(), before;

        (void)play(&endpoint, &usual, "G", 0);
        endpoint_start(&endpoint, BOOT);
        endpoint_start(&endpoint, BOOT);
        endpoint.failures = 4;
        (void)endpoint_end(&endpoint, &usual, FEEDBACK_BAD, at(0), 0, MIDDLE);
        before = endpoint;
        CU_ASSERT_EQUAL(before.breaker, BREAKER_OPEN);
        CU_ASSERT_FALSE(
            endpoint_end(&endpoint, &usual, late[i], at(5 * S), 0, MIDDLE));
        CU_ASSERT_EQUAL(endpoint.breaker, BREAKER_OPEN);
        CU_ASSERT_EQUAL(endpoint.open_until_us, before.open_until_us);
        CU_ASSERT_EQUAL(endpoint.trips, before.trips);
        CU_ASSERT_EQUAL(endpoint.failing_since_wall_us,
                        before.failing_since_wall_us);
        CU_ASSERT_EQUAL(endpoint.running, 0);
    }
}

/* How many may be started one after the other without an end. */
static uint32_t
width(struct endpoint endpoint, const struct endpoint_policy *policy,
      int64_t us)
{
    uint32_t n = 0;

    while (n < 1000 && may_start(&endpoint, policy, us)) {
        endpoint_start(&endpoint, BOOT + us);
        n++;
    }
    return n;
}

static void
good(struct endpoint *endpoint, const struct endpoint_policy *policy, int n)
{
    while (n-- > 0)
        (void)play(endpoint, policy, "G", 0);
}

static void
test_window(void)
{
    struct endpoint endpoint = fresh();
    struct endpoint_policy policy = usual;
    int i;

    check(width(endpoint, &policy, 0) == 1, "unproven: one at a time");
    good(&endpoint, &policy, 1);
    check(width(endpoint, &policy, 0) == 5, "it begins at 5");
    good(&endpoint, &policy, 5);
    check(width(endpoint, &policy, 0) == 6, "and grows by 1/window");
    good(&endpoint, &policy, 1000);
    check(width(endpoint, &policy, 0) == 20, "to the configured maximum");
    policy.window_max = 7;
    check(width(endpoint, &policy, 0) == 7, "a smaller maximum holds at once");
    policy.window_max = 20;
    check(width(endpoint, &policy, 0) == 20, "as does a larger one");
    policy.window_max = 7;
    good(&endpoint, &policy, 1);
    policy.window_max = 20;
    check(width(endpoint, &policy, 0) == 7, "but an answer makes it final");
    policy.window_max = 1;
    good(&endpoint, &policy, 100);
    check(width(endpoint, &policy, 0) == 1, "a maximum of one is one");

    policy.window_max = 20;
    endpoint.window = 10;
    (void)play(&endpoint, &policy, "bbb", 0);
    check(width(endpoint, &policy, 0) == 1, "a failure unproves");
    check(endpoint.window == 9, "a failing run takes one, once");
    (void)play(&endpoint, &policy, "G", 0);
    check(width(endpoint, &policy, 0) == 9, "a good answer proves");
    for (i = 0; i < 100; i++)
        (void)play(&endpoint, &policy, "bGGGG", 0);
    check(endpoint.window >= 1 && endpoint.window < 6,
          "one in five failing keeps it small");
    endpoint.window = 1;
    (void)play(&endpoint, &policy, "b", 0);
    check(endpoint.window == 1, "never below one");
    (void)play(&endpoint, &policy, "G", 0);
    check(endpoint_is_proven(&endpoint, BOOT + 600 * S - 1),
          "proven for ten minutes");
    check(!endpoint_is_proven(&endpoint, BOOT + 600 * S), "and not longer");
    endpoint_doubt(&endpoint, BOOT);
    check(endpoint_is_proven(&endpoint, BOOT), "a doubt of then leaves it");
    endpoint_doubt(&endpoint, BOOT + 1);
    check(!endpoint_is_proven(&endpoint, BOOT + 1), "a later one does not");
    (void)play(&endpoint, &policy, "G", S);
    check(endpoint_is_proven(&endpoint, BOOT + S), "and it proves it anew");
}

static void
test_no_doubt_while_the_host_is_young(void)
{
    const struct endpoint_now now = {5 * S, WALL, 0};
    const struct endpoint_state state = {.last_good_wall_us = WALL - 540 * S};
    struct endpoint endpoint = fresh();

    endpoint_take_over(&endpoint, &usual, &state, now);
    endpoint_doubt(&endpoint, 0);
    check(endpoint_is_proven(&endpoint, 5 * S), "nobody doubts it");
    check(!endpoint_is_proven(&endpoint, 65 * S), "it ends all the same");
}

static void
test_window_after_the_probe(void)
{
    static const uint32_t want[] = {1, 2, 3, 4, 5, 5, 5, 5, 5, 5, 6};
    struct endpoint endpoint = fresh();
    int64_t now;
    size_t i;

    good(&endpoint, &usual, 1000);
    (void)play(&endpoint, &usual, "bbbbb", 0);
    now = endpoint.open_until_us - BOOT;
    for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
        (void)play(&endpoint, &usual, "G", now);
        CU_ASSERT_EQUAL(width(endpoint, &usual, now), want[i]);
    }
    /* A failure ends the fast growth. */
    (void)play(&endpoint, &usual, "bbbbb", now);
    now = endpoint.open_until_us - BOOT;
    (void)play(&endpoint, &usual, "GGGbG", now);
    CU_ASSERT_EQUAL(width(endpoint, &usual, now), 2);
}

static void
test_busy(void)
{
    struct endpoint endpoint = fresh();

    good(&endpoint, &usual, 1);
    (void)play(&endpoint, &usual, "B", 0);
    check(!may_start(&endpoint, &usual, 10 * S - 1), "waits as asked");
    check(may_start(&endpoint, &usual, 10 * S), "and not longer");
    check(endpoint.breaker == BREAKER_CLOSED && endpoint.failures == 0,
          "429 is no failure");
    check(width(endpoint, &usual, 10 * S) == 4, "it takes one off the window");
    (void)play(&endpoint, &usual, "u", 20 * S);
    check(!may_start(&endpoint, &usual, 21 * S - 1), "a second if not asked");
    check(may_start(&endpoint, &usual, 21 * S), "one second");
    endpoint_start(&endpoint, BOOT + 30 * S);
    endpoint_start(&endpoint, BOOT + 30 * S);
    endpoint_start(&endpoint, BOOT + 30 * S);
    check(endpoint_end(&endpoint, &usual, FEEDBACK_BUSY, at(31 * S), 60 * S, 0),
          "a wait is worth writing down");
    check(!endpoint_end(&endpoint, &usual, FEEDBACK_BUSY, at(32 * S), 1 * S, 0),
          "one that changes nothing is not");
    check(endpoint.blocked_until_us == BOOT + 91 * S,
          "the longest wait counts");
    check(endpoint.window > 2.1 && endpoint.window < 2.3,
          "several at once take one together");
    check(endpoint_end(&endpoint, &usual, FEEDBACK_BUSY, at(33 * S), 99 * S, 0),
          "one that asks for more is");
}

static void
test_busy_at_the_edges(void)
{
    struct endpoint endpoint = fresh();
    int64_t now;

    endpoint_start(&endpoint, BOOT);
    (void)endpoint_end(&endpoint, &usual, FEEDBACK_BUSY, at(0), NEVER / 2, 0);
    check(endpoint.blocked_until_us == BOOT + 3600 * S, "an hour at most");
    endpoint = fresh();
    (void)play(&endpoint, &usual, "bbbbb", 0);
    now = endpoint.open_until_us - BOOT;
    endpoint_start(&endpoint, BOOT + now);
    check(endpoint_end(&endpoint, &usual, FEEDBACK_BUSY, at(now), 5 * S, 0),
          "a probe that finds it busy is worth writing down");
    check(endpoint.breaker == BREAKER_CLOSED, "it is there, after all");
    check(!may_start(&endpoint, &usual, now + 5 * S - 1), "but waits");
    check(width(endpoint, &usual, now + 5 * S) == 1, "and is not proven");
}

static void
test_what_is_worth_writing_down(void)
{
    static const struct {
        const char *claim;
        const char *before;
        enum feedback feedback;
        bool want;
    } rows[] = {
        {"the first good answer is not", "", FEEDBACK_GOOD, false},
        {"the first failure is", "G", FEEDBACK_BAD, true},
        {"the second is not", "b", FEEDBACK_BAD, false},
        {"opening is", "bbbb", FEEDBACK_BAD, true},
        {"the end of a failing run is", "bb", FEEDBACK_GOOD, true},
        {"429 is: nothing else comes while it waits", "bb", FEEDBACK_BUSY,
         true},
        {"nothing is not", "bb", FEEDBACK_NONE, false},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct endpoint endpoint = fresh();

        (void)play(&endpoint, &usual, rows[i].before, 0);
        endpoint_start(&endpoint, BOOT);
        check(endpoint_end(&endpoint, &usual, rows[i].feedback, at(0), 0,
                           MIDDLE) == rows[i].want,
              rows[i].claim);
    }
}

/* The option was set to 0 while it was open. */
static void
test_breaker_that_is_switched_off(void)
{
    struct endpoint endpoint = fresh();
    struct endpoint_policy policy = usual;
    int64_t now;

    (void)play(&endpoint, &policy, "bbbbb", 0);
    policy.breaker_failures = 0;
    now = endpoint.open_until_us - BOOT;
    CU_ASSERT_STRING_EQUAL(play(&endpoint, &policy, "bbbbbbbbbbbbb", now), "");
    CU_ASSERT_EQUAL(endpoint.breaker, BREAKER_CLOSED);
}

/* --- rate --------------------------------------------------------------------- */

/* xorshift: the same numbers at every run. */
static uint32_t
bits(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state >> 32);
}

#define MOST_RATE 10000

/* The times of the last `rate` starts: the oldest is more than a second ago
   whenever another one is made. */
struct history {
    int64_t at_us[MOST_RATE];
    uint64_t count;
};

/* Somewhat faster than the rate allows, with moments in which time stands
   still, and a pause now and then. */
static int64_t
step_us(uint64_t *random, uint32_t rate)
{
    if (bits(random) % (4 * rate + 1000) == 0)
        return bits(random) % (3 * S);
    if (bits(random) % 3 == 0)
        return 0;
    return bits(random) % (S / rate / 4 + 2);
}

static void
run_rate(uint32_t rate, uint64_t seed)
{
    static struct history history;
    struct endpoint endpoint = fresh();
    struct endpoint_policy policy = usual;
    int64_t now = BOOT, waited = 0;
    uint64_t random = seed;
    uint64_t tries = 300000;

    history.count = 0;
    policy.rate = rate;
    policy.window_max = UINT32_MAX;
    while (tries-- > 0) {
        int64_t next = endpoint_next_start(&endpoint, &policy, now);
        int64_t step = step_us(&random, rate);

        if (next > now) {
            CU_ASSERT(next <= now + S + 50 * MS);
            step = bits(&random) % 2 == 0 ? next - now : step;
            waited++;
        } else {
            int64_t *oldest = &history.at_us[history.count++ % rate];

            if (history.count > rate && now - *oldest < S)
                CU_FAIL_FATAL("more starts within a second than allowed");
            *oldest = now;
            endpoint_start(&endpoint, now);
            (void)endpoint_end(&endpoint, &policy, FEEDBACK_GOOD,
                               (struct endpoint_now){now, WALL, 0}, 0, 0);
        }
        now += step;
    }
    CU_ASSERT(waited > 100);
    CU_ASSERT(history.count > rate);
}

static void
test_rates(void)
{
    static const uint32_t rates[] = {1, 7, 1000, MOST_RATE};
    size_t i;
    uint64_t seed;

    for (i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        for (seed = 1; seed <= 3; seed++)
            run_rate(rates[i], seed * UINT64_C(0x9e3779b97f4a7c15));
    }
}

/* Asked as often as it wants to be, it starts nearly as many as it may. */
static void
test_rate_is_reached(void)
{
    static const uint32_t rates[] = {1, 7, 1000, MOST_RATE};
    size_t i;

    for (i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        struct endpoint endpoint = fresh();
        struct endpoint_policy policy = usual;
        int64_t now = BOOT;
        uint64_t starts = 0;

        policy.rate = rates[i];
        while (now < BOOT + 21 * S) {
            int64_t next = endpoint_next_start(&endpoint, &policy, now);

            if (next > now) {
                now = next;
                continue;
            }
            endpoint_start(&endpoint, now);
            (void)endpoint_end(&endpoint, &policy, FEEDBACK_GOOD,
                               (struct endpoint_now){now, WALL, 0}, 0, 0);
            starts++;
        }
        CU_ASSERT(starts >= 20 * (uint64_t)rates[i]);
        CU_ASSERT(starts <= 21 * (uint64_t)rates[i]);
    }
}

static void
test_rate_and_the_clock(void)
{
    struct endpoint endpoint = fresh();
    struct endpoint_policy policy = usual;

    policy.rate = 3;
    check(strlen(play(&endpoint, &policy, "GGGGG", 0)) == 2,
          "three, while the clock stands still");
    check(strlen(play(&endpoint, &policy, "G", -2 * S)) == 1,
          "none, if it goes back");
    check(strlen(play(&endpoint, &policy, "G", S - 1)) == 1,
          "none within the second");
    check(strlen(play(&endpoint, &policy, "GGGGG", S + 50 * MS)) == 2,
          "three, after it");
    check(strlen(play(&endpoint, &policy, "GGGGG", 400000000 * S)) == 2,
          "three, after a jump of years");
    policy.rate = 5;
    check(strlen(play(&endpoint, &policy, "GGGGG", 400000000 * S)) == 3,
          "a larger rate allows the difference");
    policy.rate = 1;
    check(strlen(play(&endpoint, &policy, "G", 400000001 * S)) == 1,
          "a smaller one holds at once");
    policy.rate = 0;
    good(&endpoint, &policy, 70000); /* more than a slice counts */
    policy.rate = UINT32_MAX;
    check(!may_start(&endpoint, &policy, 400000001 * S - S),
          "what was started without a limit counts when there is one");
}

/* --- what survives --------------------------------------------------------------- */

static void
test_first_second_counts_as_full(void)
{
    static const struct endpoint_state *const none = NULL;
    struct endpoint_policy policy = usual;
    struct endpoint endpoint = fresh();
    int64_t next;

    policy.rate = MOST_RATE;
    endpoint_take_over(&endpoint, &policy, none, at(0));
    next = endpoint_next_start(&endpoint, &policy, BOOT);
    CU_ASSERT(next > BOOT + S && next <= BOOT + S + 50 * MS);
    CU_ASSERT_EQUAL(endpoint.window, ENDPOINT_WINDOW_START);
    policy.rate = 0;
    CU_ASSERT_TRUE(may_start(&endpoint, &policy, 0));
}

/* Another process: its monotonic clock has begun anew, the wall clock is off
   by so much. */
static struct endpoint
survive(const struct endpoint *before, int64_t us, int64_t off_us)
{
    const struct endpoint_now then = {5 * S, WALL + us + off_us, 0};
    struct endpoint_state state;
    struct endpoint after;

    endpoint_save(before, at(us), &state);
    endpoint_init(&after);
    endpoint_take_over(&after, &usual, &state, then);
    return after;
}

static void
test_saved_and_restored(void)
{
    struct endpoint endpoint = fresh(), after;
    int64_t left;

    good(&endpoint, &usual, 40);
    after = survive(&endpoint, 60 * S, 0);
    CU_ASSERT_EQUAL(after.window, endpoint.window);
    CU_ASSERT_EQUAL(after.proven_until_us, 5 * S + 540 * S);
    CU_ASSERT_EQUAL(after.last_good_wall_us, WALL);
    CU_ASSERT_EQUAL(after.breaker, BREAKER_CLOSED);
    after = survive(&endpoint, 601 * S, 0);
    CU_ASSERT_FALSE(endpoint_is_proven(&after, 5 * S));

    (void)play(&endpoint, &usual, "B", 0);
    after = survive(&endpoint, 4 * S, 0);
    CU_ASSERT_EQUAL(after.blocked_until_us, 5 * S + 6 * S);

    endpoint = fresh();
    (void)play(&endpoint, &usual, "Gbbbbb", 0);
    left = endpoint.open_until_us - BOOT;
    after = survive(&endpoint, 10 * S, 0);
    CU_ASSERT_EQUAL(after.breaker, BREAKER_OPEN);
    CU_ASSERT_EQUAL(after.open_until_us, 5 * S + left - 10 * S);
    CU_ASSERT_EQUAL(after.trips, 1);
    CU_ASSERT_EQUAL(after.failing_since_wall_us, WALL);
    CU_ASSERT_FALSE(endpoint_is_proven(&after, 5 * S));
}

static void
test_restored_in_the_middle_of_a_probe(void)
{
    struct endpoint endpoint = fresh(), after;
    int64_t now;

    (void)play(&endpoint, &usual, "bbbbb", 0);
    now = endpoint.open_until_us - BOOT;
    endpoint_start(&endpoint, BOOT + now);
    after = survive(&endpoint, now + S, 0);
    CU_ASSERT_EQUAL(after.breaker, BREAKER_OPEN);
    CU_ASSERT(endpoint_next_start(&after, &usual, 5 * S) <= 5 * S);
    endpoint_start(&after, 5 * S);
    CU_ASSERT_EQUAL(after.breaker, BREAKER_HALF_OPEN);
    CU_ASSERT_EQUAL(endpoint_next_start(&after, &usual, 5 * S), NEVER);
}

static void
test_restored_with_another_clock(void)
{
    struct endpoint endpoint = fresh(), after;

    (void)play(&endpoint, &usual, "GBbbbbb", 0);
    after = survive(&endpoint, 0, -400 * 86400 * S);
    check(after.blocked_until_us == 5 * S + 3600 * S, "an hour is the most");
    endpoint = fresh();
    (void)play(&endpoint, &usual, "bbbbb", 0);
    after = survive(&endpoint, 0, -400 * 86400 * S);
    check(after.open_until_us == 5 * S + usual.breaker_max_us,
          "the longest time is the most");
    after = survive(&endpoint, 0, 400 * 86400 * S);
    check(endpoint_next_start(&after, &usual, 5 * S) <= 5 * S,
          "a clock set forward ends the wait");
    endpoint = fresh();
    good(&endpoint, &usual, 1);
    after = survive(&endpoint, 0, -400 * 86400 * S);
    check(after.proven_until_us == 5 * S + 600 * S, "ten minutes are the most");
}

static void
test_nonsense_is_not_restored(void)
{
    static const double windows[] = {0, -5, 1e300, 0.0 / 1.0};
    struct endpoint endpoint;
    size_t i;

    for (i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        const struct endpoint_state state = {.window = windows[i]};

        endpoint_init(&endpoint);
        endpoint_take_over(&endpoint, &usual, &state, at(0));
        CU_ASSERT(endpoint.window >= 1 && endpoint.window <= 20);
    }
}

/* Its shard was lost and has come back while one was in flight. */
static void
test_what_is_in_flight_stays_counted(void)
{
    struct endpoint endpoint = fresh();

    endpoint_start(&endpoint, BOOT);
    endpoint_take_over(&endpoint, &usual, NULL, at(0));
    CU_ASSERT_EQUAL(endpoint.running, 1);
    CU_ASSERT_EQUAL(endpoint_next_start(&endpoint, &usual, BOOT), NEVER);
    CU_ASSERT_FALSE(
        endpoint_end(&endpoint, &usual, FEEDBACK_NONE, at(0), 0, 0));
    CU_ASSERT_TRUE(may_start(&endpoint, &usual, 0));
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"what opens the breaker", test_what_opens_the_breaker},
        {"failures far apart are not one sample",
         test_failures_far_apart_are_not_one_sample},
        {"how long it is open", test_open_times},
        {"a failed probe doubles the time",
         test_a_failed_probe_doubles_the_time},
        {"one probe only", test_one_probe_only},
        {"stragglers change nothing", test_stragglers_change_nothing},
        {"the window", test_window},
        {"the window after the probe", test_window_after_the_probe},
        {"no doubt while the host is young",
         test_no_doubt_while_the_host_is_young},
        {"busy", test_busy},
        {"busy at the edges", test_busy_at_the_edges},
        {"what is worth writing down", test_what_is_worth_writing_down},
        {"a breaker that is switched off", test_breaker_that_is_switched_off},
        {"a rate is never exceeded", test_rates},
        {"a rate is reached", test_rate_is_reached},
        {"a rate and the clock", test_rate_and_the_clock},
        {"the first second counts as full", test_first_second_counts_as_full},
        {"saved and restored", test_saved_and_restored},
        {"restored in the middle of a probe",
         test_restored_in_the_middle_of_a_probe},
        {"restored with another clock", test_restored_with_another_clock},
        {"nonsense is not restored", test_nonsense_is_not_restored},
        {"what is in flight stays counted",
         test_what_is_in_flight_stays_counted},
        CU_TEST_INFO_NULL,
    };

    return unit_run("endpoint", tests);
}
