/*
 * test_random.c - unit tests for base/random.c
 */
#include "random.h"

#include "unit.h"

#include <string.h>

/* getrandom(2) may give large requests in parts; the rest must be asked for. */
static void
test_large_requests_are_filled(void)
{
    static unsigned char bytes[1 << 20];
    size_t seen[256] = {0}, i;

    random_bytes(bytes, sizeof(bytes));
    for (i = sizeof(bytes) / 2; i < sizeof(bytes); i++)
        seen[bytes[i]]++;
    for (i = 0; i < 256; i++)
        CU_ASSERT(seen[i] > 1000); /* 2048 expected: 23 sigma away */
}

static void
test_nothing_past_the_end(void)
{
    unsigned char bytes[10];

    memset(bytes, 0xa5, sizeof(bytes));
    random_bytes(bytes, 0);
    CU_ASSERT_EQUAL(bytes[0], 0xa5);
    random_bytes(bytes, 8);
    CU_ASSERT_EQUAL(bytes[8], 0xa5);
    CU_ASSERT_EQUAL(bytes[9], 0xa5);
}

static void
test_every_bit_of_a_number_moves(void)
{
    uint64_t ones = 0, zeros = 0;
    uint32_t ones32 = 0, zeros32 = 0;
    int i;

    for (i = 0; i < 200; i++) {
        uint64_t wide = random_u64();
        uint32_t narrow = random_u32();

        ones |= wide;
        zeros |= ~wide;
        ones32 |= narrow;
        zeros32 |= ~narrow;
    }
    CU_ASSERT_EQUAL(ones, UINT64_MAX);
    CU_ASSERT_EQUAL(zeros, UINT64_MAX);
    CU_ASSERT_EQUAL(ones32, UINT32_MAX);
    CU_ASSERT_EQUAL(zeros32, UINT32_MAX);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"large requests are filled", test_large_requests_are_filled},
        {"nothing past the end", test_nothing_past_the_end},
        {"every bit of a number moves", test_every_bit_of_a_number_moves},
        CU_TEST_INFO_NULL,
    };

    return unit_run("random", tests);
}
