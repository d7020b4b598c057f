/*
 * test_number.c - unit tests for base/number.c
 */
#include "number.h"

#include "unit.h"

#define UNTOUCHED 4711

static void
test_i64(void)
{
    static const struct {
        const char *text;
        int64_t min, max;
        bool good;
        int64_t want;
    } rows[] = {
        {"0", 0, 9, true, 0},
        {"-0", -1, 1, true, 0},
        {"9", 0, 9, true, 9},
        {"10", 0, 9, false, UNTOUCHED},
        {"-5", -5, 9, true, -5},
        {"-6", -5, 9, false, UNTOUCHED},
        {"9223372036854775807", INT64_MIN, INT64_MAX, true, INT64_MAX},
        {"9223372036854775808", INT64_MIN, INT64_MAX, false, UNTOUCHED},
        {"-9223372036854775808", INT64_MIN, INT64_MAX, true, INT64_MIN},
        {"-9223372036854775809", INT64_MIN, INT64_MAX, false, UNTOUCHED},
        {"99999999999999999999999", INT64_MIN, INT64_MAX, false, UNTOUCHED},
        {"", 0, 9, false, UNTOUCHED},
        {"-", -9, 9, false, UNTOUCHED},
        {"--1", -9, 9, false, UNTOUCHED},
        {"+1", 0, 9, false, UNTOUCHED},
        {"01", 0, 9, false, UNTOUCHED},
        {"-01", -9, 9, false, UNTOUCHED},
        {"00", 0, 9, false, UNTOUCHED},
        {" 1", 0, 9, false, UNTOUCHED},
        {"1 ", 0, 9, false, UNTOUCHED},
        {"1.0", 0, 9, false, UNTOUCHED},
        {"1e2", 0, 999, false, UNTOUCHED},
        {"0x1", 0, 9, false, UNTOUCHED},
        {"\xd9\xa1", 0, 9, false, UNTOUCHED}, /* ARABIC-INDIC DIGIT ONE */
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t got = UNTOUCHED;
        bool good =
            number_i64(slice_of(rows[i].text), rows[i].min, rows[i].max, &got);

        if (good != rows[i].good || got != rows[i].want)
            fprintf(stderr, "\n\"%s\": got %d, %lld\n", rows[i].text, good,
                    (long long)got);
        CU_ASSERT_EQUAL(good, rows[i].good);
        CU_ASSERT_EQUAL(got, rows[i].want);
    }
}

static void
test_u64(void)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool good;
        uint64_t want;
    } rows[] = {
        {"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
        {"18446744073709551616", UINT64_MAX, false, UNTOUCHED},
        {"28446744073709551615", UINT64_MAX, false, UNTOUCHED},
        {"0", 0, true, 0},
        {"1", 0, false, UNTOUCHED},
        {"-0", 9, false, UNTOUCHED},
        {"-1", UINT64_MAX, false, UNTOUCHED},
        {"", 9, false, UNTOUCHED},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t got = UNTOUCHED;
        bool good = number_u64(slice_of(rows[i].text), rows[i].max, &got);

        CU_ASSERT_EQUAL(good, rows[i].good);
        CU_ASSERT_EQUAL(got, rows[i].want);
    }
}

static void
test_bytes_behind_the_slice_do_not_count(void)
{
    uint64_t got = UNTOUCHED;

    CU_ASSERT(number_u64(slice_make("1234", 2), 99, &got));
    CU_ASSERT_EQUAL(got, 12);
    CU_ASSERT(!number_u64(slice_make("1\0002", 3), 999, &got));
    CU_ASSERT(!number_u64(SLICE_NONE, 999, &got));
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"signed", test_i64},
        {"unsigned", test_u64},
        {"bytes behind the slice do not count",
         test_bytes_behind_the_slice_do_not_count},
        CU_TEST_INFO_NULL,
    };

    return unit_run("number", tests);
}
