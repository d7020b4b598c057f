/*
 * test_inbound_time.c - unit tests for core/inbound/inbound_time.c
 */
#include "inbound_time.h"
#include "unit.h"

#include "clock.h"

static void
test_times(void)
{
    static const struct {
        const char *claim, *text, *want; /* NULL: no time */
    } rows[] = {
        {"Stripe, seconds", "1767279600", "2026-01-01T15:00:00Z"},
        {"Slack, with a fraction", "1767279600.000200",
         "2026-01-01T15:00:00.0002Z"},
        {"a longer fraction is cut", "1767279600.1234567",
         "2026-01-01T15:00:00.123456Z"},
        {"Jira and Linear, milliseconds", "1767279600123",
         "2026-01-01T15:00:00.123Z"},
        {"microseconds", "1767279600123456", "2026-01-01T15:00:00.123456Z"},
        {"nanoseconds", "1767279600123456789", "2026-01-01T15:00:00.123456Z"},
        {"zero", "0", "1970-01-01T00:00:00Z"},
        {"Notion", "2026-01-01T15:00:00.000Z", "2026-01-01T15:00:00Z"},
        {"Shopify", "2026-01-01T10:00:00-05:00", "2026-01-01T15:00:00Z"},
        {"Bitbucket", "2026-01-01T15:00:00.190000+00:00",
         "2026-01-01T15:00:00.19Z"},
        {"Jira's fields", "2026-01-01T09:00:00.612-0600",
         "2026-01-01T15:00:00.612Z"},
        {"GitLab", "2026-01-01 15:00:00 UTC", "2026-01-01T15:00:00Z"},
        {"GitLab, older", "2026-01-01 17:00:00 +0200", "2026-01-01T15:00:00Z"},
        {"PostgreSQL", "2026-01-01 15:00:00+00", "2026-01-01T15:00:00Z"},
        {"Twilio", "Thu, 01 Jan 2026 15:00:00 +0000", "2026-01-01T15:00:00Z"},
        {"a mail", "1 jan 2026 16:00:00 +0100", "2026-01-01T15:00:00Z"},
        {"a header", "Thu, 01 Jan 2026 15:00:00 GMT", "2026-01-01T15:00:00Z"},
        {"white space around it", " 1767279600 ", "2026-01-01T15:00:00Z"},

        {"nothing", "", NULL},
        {"words", "yesterday", NULL},
        {"a negative number", "-1", NULL},
        {"before 1970", "1969-12-31T23:59:59Z", NULL},
        {"an exponent", "1.7e9", NULL},
        {"a fraction of nothing", "1767279600.", NULL},
        {"leading zeros", "0001767279600", NULL},
        {"too many digits", "17672796001234567890", NULL},
        {"a day that is none", "2026-02-30T00:00:00Z", NULL},
        {"a month that is none", "Thu, 01 Jax 2026 15:00:00 +0000", NULL},
        {"an offset that is none", "2026-01-01T15:00:00+99:99", NULL},
        {"a date alone", "2026-01-01", NULL},
        {"a long text",
         "2026-01-01T15:00:00Z                                             "
         "                                      x",
         NULL},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t got_us = -1;
        bool ok = inbound_time(slice_of(rows[i].text), &got_us);
        char got[CLOCK_TEXT_MAX] = "nothing";

        if (ok)
            clock_format_rfc3339(got_us, got);
        if (strcmp(got, rows[i].want == NULL ? "nothing" : rows[i].want) != 0)
            fprintf(stderr, "\n%s: got %s\n", rows[i].claim, got);
        CU_ASSERT_STRING_EQUAL(got,
                               rows[i].want == NULL ? "nothing" : rows[i].want);
        CU_ASSERT(ok || got_us == -1);
    }
    CU_ASSERT_FALSE(inbound_time(slice_make("1\0", 2), &(int64_t){0}));
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"times", test_times},
        CU_TEST_INFO_NULL,
    };

    return unit_run("inbound_time", tests);
}
