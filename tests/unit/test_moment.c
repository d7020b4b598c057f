/*
 * test_moment.c - unit tests for cli/moment.c
 */
#include "moment.h"
#include "unit.h"

#include "clock.h"

#define NOON INT64_C(1767268800000000) /* 2026-01-01T12:00:00Z */

static void
test_times(void)
{
    static const struct {
        const char *text;
        int64_t want_us;
    } rows[] = {
        {"2026-01-01T12:00:00Z", NOON},
        {"2026-01-01T13:00:00+01:00", NOON},
        {"0s", NOON},
        {"90s", NOON - 90 * CLOCK_US_PER_S},
        {"30m", NOON - 1800 * CLOCK_US_PER_S},
        {"24h", NOON - CLOCK_US_PER_DAY},
        {"7d", NOON - 7 * CLOCK_US_PER_DAY},
        {"20454d", NOON - 20454 * CLOCK_US_PER_DAY},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t got_us = 0;

        CU_ASSERT_TRUE(moment_read(rows[i].text, NOON, &got_us));
        CU_ASSERT_EQUAL(got_us, rows[i].want_us);
    }
}

static void
test_no_times(void)
{
    static const char *const texts[] = {
        "",
        "7",
        "d",
        "-7d",
        "+7d",
        "7 d",
        "7w",
        "1.5h",
        "7days",
        "20455d",
        "soon",
        "2026-02-30T00:00:00Z",
        "99999999999999999999s",
    };
    size_t i;

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        int64_t got_us = 5;

        if (moment_read(texts[i], NOON, &got_us))
            fprintf(stderr, "\n'%s' was taken\n", texts[i]);
        CU_ASSERT_EQUAL(got_us, 5);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"times", test_times},
        {"no times", test_no_times},
        CU_TEST_INFO_NULL,
    };

    return unit_run("moment", tests);
}
