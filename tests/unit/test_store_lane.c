/*
 * test_store_lane.c - tests for core/store/store_lane.c against a real
 * database.
 */
#include "store_lane.h"

#include "clock.h"
#include "lane.h"
#include "testdb.h"
#include "unit.h"

static struct db *db;

#define LANE(id) lane_number(LANE_SUBSCRIPTION, (id))

static void
set_up(void)
{
    testdb_exec(db, "DELETE FROM lane_state");
    testdb_exec(db, "DELETE FROM subscriptions");
    testdb_exec(db, "INSERT IGNORE INTO applications (id,name) VALUES (1,'a')");
    testdb_exec(db, "INSERT INTO subscriptions"
                    " (id,application_id,url,secret,config_version,ordering)"
                    " VALUES (1,1,'http://a/','',1,'none'),"
                    "(2,1,'http://b/','',1,'fifo'),"
                    "(3,1,'http://c/','',1,'none')");
}

static void
save(struct lane_row *rows, size_t count)
{
    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    CU_ASSERT_EQUAL_FATAL(store_lane_save(db, rows, count), DB_OK);
    CU_ASSERT_EQUAL_FATAL(db_commit(db), DB_OK);
}

static void
test_what_is_saved_is_loaded(void)
{
    struct lane_rows found = {.rows = NULL};
    int64_t now_us = db_now_us(db);
    struct lane_row rows[] = {
        {.lane = LANE(3),
         .window = 7.25,
         .breaker = LANE_HALF_OPEN,
         .breaker_trips = 4,
         .breaker_until_us = now_us + 5,
         .failing_since_us = now_us - 6,
         .last_success_us = now_us - 7,
         .blocked_until_us = now_us + CLOCK_US_PER_S},
        {.lane = LANE(1), .window = 0, .last_success_us = now_us},
    };

    set_up();
    save(rows, 2);
    CU_ASSERT_EQUAL(store_lane_load(db, 0, 10, &found), DB_OK);
    CU_ASSERT_EQUAL_FATAL(found.count, 2);
    CU_ASSERT(found.now_us >= now_us);
    CU_ASSERT_EQUAL(found.rows[0].lane, LANE(1)); /* by their ids */
    CU_ASSERT_EQUAL(found.rows[0].window, 1);     /* less makes no sense */
    CU_ASSERT_EQUAL(found.rows[0].breaker, LANE_CLOSED);
    CU_ASSERT_EQUAL(found.rows[0].failing_since_us, 0);
    CU_ASSERT_EQUAL(found.rows[1].lane, LANE(3));
    CU_ASSERT_EQUAL(found.rows[1].window, 7.25);
    CU_ASSERT_EQUAL(found.rows[1].breaker, LANE_HALF_OPEN);
    CU_ASSERT_EQUAL(found.rows[1].breaker_trips, 4);
    CU_ASSERT_EQUAL(found.rows[1].breaker_until_us, now_us + 5);
    CU_ASSERT_EQUAL(found.rows[1].failing_since_us, now_us - 6);
    CU_ASSERT_EQUAL(found.rows[1].last_success_us, now_us - 7);
    CU_ASSERT_EQUAL(found.rows[1].blocked_until_us, now_us + CLOCK_US_PER_S);
    CU_ASSERT_FALSE(found.rows[1].fifo);
    CU_ASSERT_EQUAL(store_lane_load(db, 1, 10, &found), DB_OK);
    CU_ASSERT_EQUAL(found.count, 1);
    lane_rows_free(&found);
}

/* The row of a FIFO subscription also has what belongs to its order. */
static void
test_order_is_left_as_it_is(void)
{
    struct lane_rows found = {.rows = NULL};
    int64_t now_us = db_now_us(db);
    struct lane_block block = {LANE(2), now_us + 5 * CLOCK_US_PER_S};
    struct lane_row row = {
        .lane = LANE(2),
        .window = 5,
        .breaker = LANE_OPEN,
        .blocked_until_us = now_us + 99 * CLOCK_US_PER_S,
        .fifo = true,
    };

    set_up();
    testdb_exec(db, "INSERT INTO lane_state (lane,sequence) VALUES (2<<32,77)");
    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    CU_ASSERT_EQUAL_FATAL(store_lane_block(db, &block, 1), DB_OK);
    CU_ASSERT_EQUAL_FATAL(db_commit(db), DB_OK);
    save(&row, 1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT sequence FROM lane_state"), 77);
    CU_ASSERT_EQUAL(store_lane_load(db, 0, 10, &found), DB_OK);
    CU_ASSERT_EQUAL_FATAL(found.count, 1);
    CU_ASSERT_TRUE(found.rows[0].fifo);
    CU_ASSERT_EQUAL(found.rows[0].breaker, LANE_OPEN);
    CU_ASSERT_EQUAL(found.rows[0].blocked_until_us,
                    now_us + 5 * CLOCK_US_PER_S);
    lane_rows_free(&found);
}

static void
test_only_what_matters_is_loaded(void)
{
    struct lane_rows found = {.rows = NULL};
    int64_t now_us = db_now_us(db);
    struct lane_row rows[] = {
        {.lane = LANE(1),
         .window = 9,
         .last_success_us = now_us - 3600 * CLOCK_US_PER_S},
        {.lane = LANE(3), .window = 9, .last_success_us = now_us},
    };

    set_up();
    save(rows, 2);
    /* A key of it, and a receiver that was deleted. */
    testdb_exec(db, "INSERT INTO lane_state (lane,failing_since)"
                    " VALUES (3<<32|8,UTC_TIMESTAMP(6)),"
                    "(2<<32,UTC_TIMESTAMP(6))");
    testdb_exec(db, "UPDATE subscriptions SET deleted_at=UTC_TIMESTAMP(6)"
                    " WHERE id=2");
    CU_ASSERT_EQUAL(store_lane_load(db, 0, 10, &found), DB_OK);
    CU_ASSERT_EQUAL_FATAL(found.count, 1);
    CU_ASSERT_EQUAL(found.rows[0].lane, LANE(3));
    lane_rows_free(&found);
}

/* Whoever has not been told of the last success does not deny it. */
static void
test_last_success_is_not_forgotten(void)
{
    struct lane_row row = {
        .lane = LANE(1), .window = 5, .last_success_us = db_now_us(db)};

    set_up();
    save(&row, 1);
    row.last_success_us = 0;
    save(&row, 1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT last_success_at IS NOT NULL "
                                   "FROM lane_state"),
                    1);
}

/* Most rows are those of ordering keys: they must not be walked over. */
static void
test_load_goes_by_the_subscriptions(void)
{
    struct lane_rows found = {.rows = NULL};
    uint64_t before, after;

    set_up();
    testdb_exec(db, "INSERT INTO lane_state (lane,failing_since)"
                    " SELECT 3<<32|seq<<3,UTC_TIMESTAMP(6)"
                    " FROM seq_0_to_20000");
    testdb_exec(db, "ANALYZE TABLE lane_state, subscriptions");
    before = testdb_u64(db, "SELECT SUM(VARIABLE_VALUE) FROM"
                            " information_schema.SESSION_STATUS WHERE"
                            " VARIABLE_NAME LIKE 'Handler_read%'");
    CU_ASSERT_EQUAL(store_lane_load(db, 0, 10, &found), DB_OK);
    after = testdb_u64(db, "SELECT SUM(VARIABLE_VALUE) FROM"
                           " information_schema.SESSION_STATUS WHERE"
                           " VARIABLE_NAME LIKE 'Handler_read%'");
    CU_ASSERT_EQUAL(found.count, 1);
    /* Reading the counters themselves takes some hundred. */
    CU_ASSERT(after - before < 5000);
    lane_rows_free(&found);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"what is saved is loaded", test_what_is_saved_is_loaded},
        {"order is left as it is", test_order_is_left_as_it_is},
        {"a last success is not forgotten", test_last_success_is_not_forgotten},
        {"only what matters is loaded", test_only_what_matters_is_loaded},
        {"load goes by the subscriptions", test_load_goes_by_the_subscriptions},
        CU_TEST_INFO_NULL,
    };
    int code = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate()) {
        db = db_new(&testdb_settings);
        code = unit_run("store_lane", tests);
        db_free(db);
    }
    testdb_stop();
    return code;
}
