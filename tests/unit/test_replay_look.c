/*
 * test_replay_look.c - unit tests for core/store/replays/replay_look.c: what became of an
 * event at a subscription, however often it was repeated.
 */
#include "unit.h"

#include "clock.h"
#include "id.h"
#include "replay_look.h"
#include "testdb.h"

#define REPEATS 5000

static struct db *db;
static uint64_t from; /* the ids of events and of deliveries count from it */

/* Deliveries first..last of that event. */
static void
add_deliveries(unsigned first, unsigned last, unsigned event,
               unsigned subscription, const char *columns)
{
    testdb_execf(db,
                 "INSERT INTO deliveries (id, done_day, kind, application_id, "
                 "owner_id, event_id, event_type, status, attempts, "
                 "response_code, error_class, duration_ms, completed_at) "
                 "SELECT %llu + seq, UTC_DATE(), 1, 1, %u, %llu, 'a.b', %s, 1, "
                 "UTC_TIMESTAMP(6) FROM seq_%u_to_%u",
                 (unsigned long long)from, subscription,
                 (unsigned long long)from + event, columns, first, last);
}

static void
start_anew(void)
{
    from = id_floor(clock_wall_us() - 3600 * CLOCK_US_PER_S);
    testdb_exec(db, "DELETE FROM deliveries");
}

static struct replay_deliveries
siblings_before(unsigned delivery)
{
    const uint64_t ids[] = {from + 1, from + 2, from + 3};
    struct replay_deliveries found;

    CU_ASSERT_EQUAL_FATAL(
        replay_look_siblings(db, 1, from + delivery, ids, 3, &found), DB_OK);
    return found;
}

static bool
has(const struct replay_deliveries *found, unsigned delivery, unsigned event,
    enum delivery_status status)
{
    size_t i;

    for (i = 0; i < found->count; i++)
        if (found->list[i].id == from + delivery)
            return found->list[i].event_id == from + event &&
                   found->list[i].status == status;
    return false;
}

static void
test_no_more_than_there_are_ways_to_end(void)
{
    struct replay_deliveries found;

    start_anew();
    add_deliveries(1, REPEATS, 1, 1,
                   "'failed', 1, 500 + seq % 2, IF(seq % 5, 'http', NULL)");
    add_deliveries(REPEATS + 1, REPEATS + 1, 2, 1, "'success', 1, 200, NULL");
    found = siblings_before(REPEATS + 2);
    /* Two statuses of HTTP, with a class and without. */
    CU_ASSERT_EQUAL(found.count, 5);
    CU_ASSERT(has(&found, REPEATS, 1, DELIVERY_FAILED));
    CU_ASSERT(has(&found, REPEATS - 1, 1, DELIVERY_FAILED));
    CU_ASSERT(has(&found, REPEATS + 1, 2, DELIVERY_SUCCESS));
    replay_deliveries_free(&found);
}

static void
test_the_last_one_before_and_the_last_one_of_all(void)
{
    struct replay_deliveries found;

    start_anew();
    add_deliveries(1, 30, 1, 1, "'failed', 1, 500, 'http'");
    add_deliveries(31, 31, 1, 1, "'success', 1, 200, NULL");
    found = siblings_before(20);
    CU_ASSERT_EQUAL(found.count, 3);
    CU_ASSERT(has(&found, 19, 1, DELIVERY_FAILED));
    CU_ASSERT(has(&found, 30, 1, DELIVERY_FAILED));
    CU_ASSERT(has(&found, 31, 1, DELIVERY_SUCCESS));
    replay_deliveries_free(&found);
}

static void
test_what_a_filter_can_tell_apart_is_told_apart(void)
{
    struct replay_deliveries found;
    size_t i;

    start_anew();
    add_deliveries(1, 1, 1, 1, "'failed', 1, 500, 'http'");
    add_deliveries(2, 2, 1, 1, "'failed', 1, 503, 'http'");
    add_deliveries(3, 3, 1, 1, "'failed', 1, NULL, 'timeout'");
    add_deliveries(4, 4, 1, 1, "'cancelled', 1, NULL, NULL");
    found = siblings_before(9);
    CU_ASSERT_EQUAL_FATAL(found.count, 4);
    for (i = 0; i < 4; i++) {
        const struct replay_delivery *one = &found.list[i];

        if (one->id == from + 2) {
            CU_ASSERT_EQUAL(one->code, 503);
            CU_ASSERT(slice_is(one->class, "http"));
            CU_ASSERT(slice_is(one->type, "a.b"));
        }
        if (one->id == from + 3) {
            CU_ASSERT_EQUAL(one->code, 0);
            CU_ASSERT(slice_is(one->class, "timeout"));
        }
    }
    CU_ASSERT(has(&found, 4, 1, DELIVERY_CANCELLED));
    replay_deliveries_free(&found);
}

static void
test_others_and_tests_are_left_out(void)
{
    struct replay_deliveries found;

    start_anew();
    add_deliveries(1, 1, 1, 2, "'success', 1, 200, NULL"); /* another's */
    add_deliveries(2, 2, 4, 1, "'success', 1, 200, NULL"); /* not asked for */
    add_deliveries(3, 4, 2, 1, "'failed', 1, 500, 'http'");
    add_deliveries(5, 5, 3, 1, "'success', 1, 200, NULL");
    testdb_exec(db, "UPDATE deliveries SET test = 1 WHERE status = 'success' "
                    "AND owner_id = 1");
    testdb_execf(db, "UPDATE deliveries SET kind = 2 WHERE id = %llu",
                 (unsigned long long)from + 4); /* a source's */
    found = siblings_before(9);
    CU_ASSERT_EQUAL(found.count, 1);
    CU_ASSERT(has(&found, 3, 2, DELIVERY_FAILED));
    replay_deliveries_free(&found);
    CU_ASSERT_EQUAL(replay_look_siblings(db, 1, from, NULL, 0, &found), DB_OK);
    CU_ASSERT_EQUAL(found.count, 0);
    replay_deliveries_free(&found);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"no more than there are ways to end",
         test_no_more_than_there_are_ways_to_end},
        {"the last one before a moment, and the last one of all",
         test_the_last_one_before_and_the_last_one_of_all},
        {"what a filter can tell apart is told apart",
         test_what_a_filter_can_tell_apart_is_told_apart},
        {"others', and tests, are left out",
         test_others_and_tests_are_left_out},
        CU_TEST_INFO_NULL,
    };
    int rc = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    db = db_new(&testdb_settings);
    if (testdb_migrate())
        rc = unit_run("replay_look", tests);
    db_free(db);
    testdb_stop();
    return rc;
}
