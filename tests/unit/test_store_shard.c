/*
 * test_store_shard.c - unit tests for core/store/store_shard.c: a shard has one
 * owner at a time, by the database's clock, and who has lost it cannot write.
 */
#include "unit.h"
#include "waits.h"

#include "clock.h"
#include "store_shard.h"

#include <string.h>

#define MINE UINT64_C(11)
#define OTHERS UINT64_C(22)
#define LEASE_S 5

static struct db *db, *other;
static const bool first[LANE_SHARDS] = {true};

static void
start_anew(void)
{
    testdb_exec(db, "UPDATE shards SET token = 0, node = 0, fence = 0, "
                    "lease_until = '1971-01-01 00:00:00'");
}

static uint64_t
owner_of(size_t shard)
{
    struct shard_view view;

    CU_ASSERT_EQUAL_FATAL(store_shard_view(db, &view), DB_OK);
    return view.shards[shard].token;
}

static void
take(struct db *with, uint64_t token)
{
    CU_ASSERT_EQUAL(store_shard_take(with, first, token, 1, LEASE_S), DB_OK);
}

static void
test_taking_is_compare_and_set(void)
{
    struct shard_view view;

    start_anew();
    take(db, MINE);
    CU_ASSERT_EQUAL(owner_of(0), MINE);
    CU_ASSERT_EQUAL(owner_of(1), 0);
    take(other, OTHERS); /* it is held */
    CU_ASSERT_EQUAL(owner_of(0), MINE);

    /* As soon as it has run out by the database's clock, whatever ours says. */
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT lease_until > UTC_TIMESTAMP(6) + "
                                   "INTERVAL 3 SECOND AND lease_until <= "
                                   "UTC_TIMESTAMP(6) + INTERVAL 5 SECOND "
                                   "FROM shards WHERE shard = 0"),
                    1);
    testdb_exec(db, "UPDATE shards SET lease_until = UTC_TIMESTAMP(6) "
                    "WHERE shard = 0");
    CU_ASSERT_EQUAL_FATAL(store_shard_view(db, &view), DB_OK);
    CU_ASSERT_FALSE(view.shards[0].held);
    take(other, OTHERS);
    CU_ASSERT_EQUAL(owner_of(0), OTHERS);
}

static void
test_renewal_is_for_the_owner(void)
{
    const uint64_t mine = MINE;
    struct shard_view view;

    start_anew();
    take(db, MINE);
    /* It ran out, and nobody has taken it: it is still ours. */
    testdb_exec(db, "UPDATE shards SET lease_until = UTC_TIMESTAMP(6) - "
                    "INTERVAL 1 MINUTE WHERE shard = 0");
    CU_ASSERT_EQUAL(store_shard_renew(db, first, &mine, 1, LEASE_S), DB_OK);
    CU_ASSERT_EQUAL_FATAL(store_shard_view(db, &view), DB_OK);
    CU_ASSERT_TRUE(view.shards[0].held);

    testdb_exec(db, "UPDATE shards SET lease_until = UTC_TIMESTAMP(6) "
                    "WHERE shard = 0");
    take(other, OTHERS);
    testdb_exec(db, "UPDATE shards SET lease_until = UTC_TIMESTAMP(6) "
                    "WHERE shard = 0");
    CU_ASSERT_EQUAL(store_shard_renew(db, first, &mine, 1, LEASE_S), DB_OK);
    CU_ASSERT_EQUAL_FATAL(store_shard_view(db, &view), DB_OK);
    CU_ASSERT_FALSE(view.shards[0].held);
    CU_ASSERT_EQUAL(store_shard_release(db, first, &mine, 1), DB_OK);
    CU_ASSERT_EQUAL(owner_of(0), OTHERS);
}

static uint64_t
fence(struct db *with, uint64_t token)
{
    uint64_t matched = 99;

    CU_ASSERT_EQUAL(store_shard_fence(with, first, &token, 1, &matched), DB_OK);
    return matched;
}

/* Who has lost the shard writes nothing. */
static void
test_a_fence_stops_who_has_lost(void)
{
    start_anew();
    take(db, MINE);
    CU_ASSERT_EQUAL(fence(db, MINE), 1);
    CU_ASSERT_EQUAL(fence(db, OTHERS), 0);
    testdb_exec(db, "UPDATE shards SET lease_until = UTC_TIMESTAMP(6) "
                    "WHERE shard = 0");
    take(other, OTHERS);
    CU_ASSERT_EQUAL(fence(db, MINE), 0);
    CU_ASSERT_EQUAL(fence(other, OTHERS), 1);
}

/* A read would not do: two nodes of a cluster see a conflict only between rows
   that both have changed, and a lock that is only read is not known to the
   other node. */
static void
test_a_fence_is_a_write(void)
{
    struct db *impatient = waits_impatient();
    const uint64_t others = OTHERS;
    uint64_t matched;

    start_anew();
    take(db, MINE);
    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    CU_ASSERT_EQUAL(fence(db, MINE), 1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT fence FROM shards WHERE shard = 0"),
                    1);
    /* As long as that transaction lasts nobody takes the shard or writes under
       it, and nobody waits for it either. */
    CU_ASSERT_EQUAL(store_shard_take(other, first, OTHERS, 2, LEASE_S),
                    DB_AGAIN);
    CU_ASSERT_EQUAL(store_shard_fence(impatient, first, &others, 1, &matched),
                    DB_AGAIN);
    CU_ASSERT_EQUAL_FATAL(db_commit(db), DB_OK);
    CU_ASSERT_EQUAL(
        testdb_u64(other, "SELECT fence FROM shards WHERE shard = 0"), 1);
    db_free(impatient);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"taking is compare and set", test_taking_is_compare_and_set},
        {"renewal is for the owner", test_renewal_is_for_the_owner},
        {"a fence stops who has lost", test_a_fence_stops_who_has_lost},
        {"a fence is a write", test_a_fence_is_a_write},
        CU_TEST_INFO_NULL,
    };
    int rc = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    db = db_new(&testdb_settings);
    other = db_new(&testdb_settings);
    if (testdb_migrate())
        rc = unit_run("store_shard", tests);
    db_free(other);
    db_free(db);
    testdb_stop();
    return rc;
}
