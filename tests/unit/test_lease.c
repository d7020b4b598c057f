/*
 * test_lease.c - unit tests for worker/store/lease.c: which shards a worker
 * takes.
 */
#include "lease.h"
#include "proxied.h"
#include "unit.h"
#include "worker_fixture.h"

static uint64_t
free_shards(void)
{
    return testdb_u64(t.late, "SELECT COUNT(*) FROM shards WHERE token = 0");
}

/* As if somebody else had had half of them, and ended. */
static void
give_up_half(void)
{
    testdb_exec(t.late, "UPDATE shards SET token = 0, lease_until = "
                        "'1971-01-01 00:00:00' WHERE shard < 32");
}

static void
test_what_is_free_is_taken(void)
{
    set_up(&testdb_settings);
    give_up_half();
    CU_ASSERT_EQUAL(lease_tick(&t.lease, t.db), DB_OK);
    CU_ASSERT_EQUAL(lease_count(&t.lease), LANE_SHARDS);
    CU_ASSERT_EQUAL(free_shards(), 0);
    tear_down();
}

/* Another one would have to wait until this one's last transfer has ended, and
   nobody would work in them meanwhile. */
static void
test_who_ends_takes_nothing(void)
{
    set_up(&testdb_settings);
    lease_end_taking(&t.lease);
    give_up_half();
    CU_ASSERT_EQUAL(lease_tick(&t.lease, t.db), DB_OK);
    CU_ASSERT_EQUAL(lease_tick(&t.lease, t.db), DB_OK);
    CU_ASSERT_EQUAL(lease_count(&t.lease), LANE_SHARDS / 2);
    CU_ASSERT_EQUAL(free_shards(), LANE_SHARDS / 2);
    /* What it has it keeps. */
    testdb_exec(t.late, "UPDATE shards SET lease_until = UTC_TIMESTAMP(6) "
                        "WHERE token <> 0");
    CU_ASSERT_EQUAL(lease_tick(&t.lease, t.db), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(t.late, "SELECT COUNT(*) FROM shards WHERE "
                                       "lease_until > UTC_TIMESTAMP(6)"),
                    LANE_SHARDS / 2);
    tear_down();
}

/* Nobody else takes them as long as their leases last: all their work would
   wait. */
static void
test_what_was_taken_in_vain_is_taken_up_again(void)
{
    static const struct {
        const char *text;
        enum dbproxy_when when;
        int times; /* a read is tried again at once */
    } rows[] = {
        {"UPDATE shards SET token", DBPROXY_AFTER, 1},
        {"FROM subscriptions s STRAIGHT_JOIN lane_state", DBPROXY_BEFORE, 2},
        {"FROM sources s STRAIGHT_JOIN lane_state", DBPROXY_BEFORE, 2},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        set_up(&proxied);
        give_up_half();
        dbproxy_fail(rows[i].text, rows[i].when, rows[i].times);
        CU_ASSERT_NOT_EQUAL(lease_tick(&t.lease, t.db), DB_OK);
        CU_ASSERT_EQUAL(atomic_load(&dbproxy.failures), 0);
        CU_ASSERT_EQUAL(lease_count(&t.lease), LANE_SHARDS / 2);
        /* Its time begins anew with ours. */
        testdb_exec(t.late, "UPDATE shards SET lease_until = lease_until -"
                            " INTERVAL 30 SECOND WHERE shard < 32");
        CU_ASSERT_EQUAL(lease_tick(&t.lease, t.db), DB_OK);
        CU_ASSERT_EQUAL(lease_count(&t.lease), LANE_SHARDS);
        CU_ASSERT_EQUAL(
            testdb_u64(t.late, "SELECT COUNT(*) FROM shards WHERE lease_until >"
                               " UTC_TIMESTAMP(6) + INTERVAL 50 SECOND"),
            LANE_SHARDS);
        dbproxy_fail(NULL, DBPROXY_BEFORE, 0);
        tear_down();
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"what is free is taken", test_what_is_free_is_taken},
        {"who ends takes nothing", test_who_ends_takes_nothing},
        {"what was taken in vain is taken up again",
         test_what_was_taken_in_vain_is_taken_up_again},
        CU_TEST_INFO_NULL,
    };

    return proxied_run("lease", tests);
}
