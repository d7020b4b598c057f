/*
 * test_lane.c - lane numbers: owners apart, keys together.
 */
#include "lane.h"
#include "unit.h"

#include <stdio.h>

static const uint64_t subscription = UINT64_C(5) << 32;

static void
test_a_number_gives_back_what_it_was_made_of(void)
{
    uint64_t lane = lane_number(LANE_SOURCE, 4294967295u);

    CU_ASSERT_EQUAL(lane_kind_of(lane), LANE_SOURCE);
    CU_ASSERT_EQUAL(lane_owner_id(lane), 4294967295u);
    CU_ASSERT_EQUAL(lane_number(LANE_SUBSCRIPTION, 5), subscription);
    CU_ASSERT_NOT_EQUAL(lane_number(LANE_SOURCE, 5), subscription);
}

static void
test_a_key_keeps_owner_kind_and_shard(void)
{
    char text[32];
    int i;

    for (i = 0; i < 1000; i++) {
        uint64_t base = lane_number(LANE_SUBSCRIPTION, (uint32_t)i + 1), lane;

        (void)snprintf(text, sizeof(text), "customer-%d", i);
        lane = lane_of_key(base, slice_of(text));
        CU_ASSERT_NOT_EQUAL(lane, base);
        CU_ASSERT_EQUAL(lane_base(lane), base);
        CU_ASSERT_EQUAL(lane_owner_id(lane), lane_owner_id(base));
        CU_ASSERT_EQUAL(lane_kind_of(lane), LANE_SUBSCRIPTION);
        CU_ASSERT_EQUAL(lane_shard(lane), lane_shard(base));
        CU_ASSERT(lane_shard(lane) < LANE_SHARDS);
    }
}

static void
test_keys_are_told_apart(void)
{
    uint64_t a = lane_of_key(subscription, SLICE("a"));

    CU_ASSERT_EQUAL(lane_of_key(subscription, SLICE("a")), a);
    CU_ASSERT_NOT_EQUAL(lane_of_key(subscription, SLICE("b")), a);
    CU_ASSERT_NOT_EQUAL(lane_of_key(subscription, SLICE("")), subscription);
    CU_ASSERT_EQUAL(lane_of_key(subscription, SLICE_NONE), subscription);
}

/* What is stored must be found again by later versions. */
static void
test_a_key_has_its_lane_for_ever(void)
{
    CU_ASSERT_EQUAL(lane_of_key(subscription, SLICE("order-17")) - subscription,
                    UINT64_C(0xdd4a3868));
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a number gives back what it was made of",
         test_a_number_gives_back_what_it_was_made_of},
        {"a key keeps owner, kind and shard",
         test_a_key_keeps_owner_kind_and_shard},
        {"keys are told apart", test_keys_are_told_apart},
        {"a key has its lane for ever", test_a_key_has_its_lane_for_ever},
        CU_TEST_INFO_NULL,
    };

    return unit_run("lane", tests);
}
