/*
 * test_clock.c - unit tests for base/clock.c
 */
#include "clock.h"

#include "unit.h"

#include <string.h>
#include <time.h>

#define UNTOUCHED INT64_C(-4711)
#define S CLOCK_US_PER_S

static void
test_formats(void)
{
    static const struct {
        int64_t us;
        const char *rfc3339, *log, *sql;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z", "1970-01-01 00:00:00",
         "1970-01-01 00:00:00.000000"},
        {1767279600 * S, "2026-01-01T15:00:00Z", "2026-01-01 15:00:00",
         "2026-01-01 15:00:00.000000"},
        {1767279600 * S + 500000, "2026-01-01T15:00:00.5Z",
         "2026-01-01 15:00:00", "2026-01-01 15:00:00.500000"},
        {1767279600 * S + 1, "2026-01-01T15:00:00.000001Z",
         "2026-01-01 15:00:00", "2026-01-01 15:00:00.000001"},
        {1767279600 * S + 123450, "2026-01-01T15:00:00.12345Z",
         "2026-01-01 15:00:00", "2026-01-01 15:00:00.123450"},
        {-1, "1969-12-31T23:59:59.999999Z", "1969-12-31 23:59:59",
         "1969-12-31 23:59:59.999999"},
        {1709164800 * S, "2024-02-29T00:00:00Z", "2024-02-29 00:00:00",
         "2024-02-29 00:00:00.000000"},
        {INT64_C(-62135596800) * S, "0001-01-01T00:00:00Z",
         "0001-01-01 00:00:00", "0001-01-01 00:00:00.000000"},
        {INT64_C(253402300799) * S + 999999, "9999-12-31T23:59:59.999999Z",
         "9999-12-31 23:59:59", "9999-12-31 23:59:59.999999"},
        {INT64_MAX, "9999-12-31T23:59:59.999999Z", "9999-12-31 23:59:59",
         "9999-12-31 23:59:59.999999"},
        {INT64_MIN, "0001-01-01T00:00:00Z", "0001-01-01 00:00:00",
         "0001-01-01 00:00:00.000000"},
    };
    char text[CLOCK_TEXT_MAX];
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        clock_format_rfc3339(rows[i].us, text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].rfc3339);
        clock_format_rfc3339_ms(rows[i].us, text);
        CU_ASSERT_EQUAL(strlen(text), strlen("2026-01-01T15:00:00.000Z"));
        CU_ASSERT_EQUAL(strncmp(text, rows[i].sql, 10), 0);
        CU_ASSERT_EQUAL(strncmp(text + 11, rows[i].sql + 11, 12), 0);
        CU_ASSERT_STRING_EQUAL(text + 23, "Z");
        clock_format_log(rows[i].us, text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].log);
        clock_format_sql(rows[i].us, text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].sql);
    }
}

static void
test_parse(void)
{
    static const struct {
        const char *text;
        int64_t want;
    } rows[] = {
        {"2026-01-01T15:00:00Z", 1767279600 * S},
        {"2026-01-01t15:00:00z", 1767279600 * S},
        {"2026-01-01 15:00:00Z", 1767279600 * S},
        {"2026-01-01T16:30:00+01:30", 1767279600 * S},
        {"2026-01-01T07:00:00-08:00", 1767279600 * S},
        {"2026-01-01T15:00:00-00:00", 1767279600 * S},
        {"2026-01-01 15:00:00+00", 1767279600 * S},
        {"2026-01-01 10:00:00-05", 1767279600 * S},
        {"2026-01-01 15:00:00", 1767279600 * S},
        {"2026-01-01T15:00:00", 1767279600 * S},
        {"2026-01-01 15:00:00.25+00", 1767279600 * S + 250000},
        {"2026-01-01T15:00:00.1Z", 1767279600 * S + 100000},
        {"2026-01-01T15:00:00.123456Z", 1767279600 * S + 123456},
        {"2026-01-01T15:00:00.123456789Z", 1767279600 * S + 123456},
        {"2026-01-01T00:00:00+14:00", 1767175200 * S},
        {"2024-02-29T00:00:00Z", 1709164800 * S},
        {"2000-02-29T00:00:00Z", 951782400 * S},
        {"1969-12-31T23:59:59.999999Z", -1},
        {"0001-01-01T00:00:00Z", INT64_C(-62135596800) * S},
        {"9999-12-31T23:59:59Z", INT64_C(253402300799) * S},
        {"2016-12-31T23:59:60Z", 1483228799 * S + 999999},
        {"2016-12-31T23:59:60.5Z", 1483228799 * S + 999999},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t got = UNTOUCHED;

        CU_ASSERT(clock_parse(slice_of(rows[i].text), &got));
        if (got != rows[i].want)
            fprintf(stderr, "\n%s: got %lld, want %lld\n", rows[i].text,
                    (long long)got, (long long)rows[i].want);
        CU_ASSERT_EQUAL(got, rows[i].want);
    }
}

static void
test_parse_refuses(void)
{
    static const char *const rows[] = {
        "",
        "2026-01-01",
        "2026-01-01T15:00Z",
        "2026-01-01T15:00:00ZZ",
        "2026-01-01T15:00:00 Z",
        " 2026-01-01T15:00:00Z",
        "2026-01-01T15:00:00Z ",
        "2026-01-01_15:00:00Z",
        "2026-1-01T15:00:00Z",
        "26-01-01T15:00:00Z",
        "02026-01-01T15:00:00Z",
        "-026-01-01T15:00:00Z",
        "2026-00-01T15:00:00Z",
        "2026-13-01T15:00:00Z",
        "2026-01-00T15:00:00Z",
        "2026-01-32T15:00:00Z",
        "2026-04-31T15:00:00Z",
        "2026-02-29T15:00:00Z",
        "1900-02-29T15:00:00Z",
        "2024-02-30T15:00:00Z",
        "0000-01-01T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T15:60:00Z",
        "2026-01-01T15:00:61Z",
        "2026-01-01T15:00:00.Z",
        "2026-01-01T15:00:00,5Z",
        "2026-01-01T15:00:00.1234567890Z",
        "2026-01-01T15:00:00+24:00",
        "2026-01-01T15:00:00+01:60",
        "2026-01-01T15:00:00+1",
        "2026-01-01T15:00:00+0100",
        "2026-01-01T15:00:00+01:",
        "2026-01-01T15:00:00+",
        "2026-01-01T15:00:00UTC",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "1767279600",
        "now",
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t got = UNTOUCHED;
        bool good = clock_parse(slice_of(rows[i]), &got);

        if (good)
            fprintf(stderr, "\n\"%s\" was taken\n", rows[i]);
        CU_ASSERT(!good);
        CU_ASSERT_EQUAL(got, UNTOUCHED);
    }
    CU_ASSERT(!clock_parse(SLICE_NONE, &(int64_t){0}));
    CU_ASSERT(!clock_parse(SLICE("2026-01-01T15:00:00\0"), &(int64_t){0}));
}

static void
test_parse_sql(void)
{
    int64_t got = UNTOUCHED;

    CU_ASSERT(clock_parse_sql(SLICE("2026-01-01 15:00:00"), &got));
    CU_ASSERT_EQUAL(got, 1767279600 * S);
    CU_ASSERT(clock_parse_sql(SLICE("2026-01-01 15:00:00.123456"), &got));
    CU_ASSERT_EQUAL(got, 1767279600 * S + 123456);
    got = UNTOUCHED;
    CU_ASSERT(!clock_parse_sql(SLICE("0000-00-00 00:00:00"), &got));
    CU_ASSERT(!clock_parse_sql(SLICE("2026-01-01T15:00:00"), &got));
    CU_ASSERT(!clock_parse_sql(SLICE("2026-01-01 15:00:00Z"), &got));
    CU_ASSERT(!clock_parse_sql(SLICE("2026-01-01 15:00:00.1234567"), &got));
    CU_ASSERT(!clock_parse_sql(SLICE("2026-01-01"), &got));
    CU_ASSERT_EQUAL(got, UNTOUCHED);
}

/* Every day of the calendar, in steps that meet all of them in a few
   centuries, agrees with the C library's idea of UTC. */
static void
test_calendar_agrees_with_libc(void)
{
    char ours[CLOCK_TEXT_MAX], theirs[CLOCK_TEXT_MAX];
    int64_t s = INT64_C(-62135596800), back;

    for (; s <= INT64_C(253402300799); s += 86400 * 37 + 3607) {
        time_t t = (time_t)s;
        struct tm tm;

        (void)gmtime_r(&t, &tm);
        (void)snprintf(theirs, sizeof(theirs), "%04d-%02d-%02d %02d:%02d:%02d",
                       (tm.tm_year + 1900) % 10000, (tm.tm_mon + 1) % 100,
                       tm.tm_mday % 100, tm.tm_hour % 100, tm.tm_min % 100,
                       tm.tm_sec % 100);
        clock_format_log(s * S, ours);
        CU_ASSERT_STRING_EQUAL_FATAL(ours, theirs);
        CU_ASSERT_FATAL(clock_parse_sql(slice_of(ours), &back));
        CU_ASSERT_EQUAL_FATAL(back, s * S);
    }
}

static void
test_clocks_run(void)
{
    int64_t mono = clock_mono_us(), wall = clock_wall_us();

    CU_ASSERT(clock_mono_us() >= mono);
    CU_ASSERT(wall > 1735689600 * S);
    CU_ASSERT(wall / S - (int64_t)time(NULL) <= 1);
    CU_ASSERT((int64_t)time(NULL) - wall / S <= 1);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"formats", test_formats},
        {"parse", test_parse},
        {"parse refuses everything else", test_parse_refuses},
        {"parse_sql", test_parse_sql},
        {"the calendar agrees with libc", test_calendar_agrees_with_libc},
        {"clocks run", test_clocks_run},
        CU_TEST_INFO_NULL,
    };

    return unit_run("clock", tests);
}
