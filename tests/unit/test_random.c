/*
 * test_random.c - unit tests for base/random.c
 */
#include "random.h"

#include "unit.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

/* A child must not give out what its parent has fetched in advance. */
static void
test_a_fork_draws_its_own(void)
{
    enum { COUNT = 200 };
    uint64_t mine[COUNT], theirs[COUNT];
    int ends[2], i, j;
    pid_t child;

    (void)random_u64(); /* something is in store */
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        for (i = 0; i < COUNT; i++)
            theirs[i] = random_u64();
        _exit(write(ends[1], theirs, sizeof(theirs)) != sizeof(theirs));
    }
    for (i = 0; i < COUNT; i++)
        mine[i] = random_u64();
    CU_ASSERT_EQUAL(read(ends[0], theirs, sizeof(theirs)), sizeof(theirs));
    CU_ASSERT_EQUAL(waitpid(child, NULL, 0), child);
    for (i = 0; i < COUNT; i++)
        for (j = 0; j < COUNT; j++)
            CU_ASSERT(mine[i] != theirs[j]);
    close(ends[0]);
    close(ends[1]);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"large requests are filled", test_large_requests_are_filled},
        {"nothing past the end", test_nothing_past_the_end},
        {"every bit of a number moves", test_every_bit_of_a_number_moves},
        {"a fork draws its own", test_a_fork_draws_its_own},
        CU_TEST_INFO_NULL,
    };

    return unit_run("random", tests);
}
