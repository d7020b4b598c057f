/*
 * test_store_job.c - tests for core/store/store_job.c against a real database.
 */
#include "store_job.h"

#include "clock.h"
#include "testdb.h"
#include "unit.h"

static struct db *db;

#define LANE(id) lane_number(LANE_SUBSCRIPTION, (id))

static struct lane_read
read_of(uint32_t subscription, bool fifo)
{
    return (struct lane_read){
        .lane = LANE(subscription),
        .shard = lane_shard(LANE(subscription)),
        .limit = 10,
        .fifo = fifo,
    };
}

static void
add(uint64_t id, uint32_t subscription, int64_t due_us, bool test)
{
    char sql[512], due[CLOCK_TEXT_MAX];

    clock_format_sql(due_us, due);
    (void)snprintf(
        sql, sizeof(sql),
        "INSERT INTO jobs (id,kind,test,shard,lane,event_id,next_retry_at)"
        " VALUES (%llu,1,%d,%u,%llu,1,'%s')",
        (unsigned long long)id, test, lane_shard(LANE(subscription)),
        (unsigned long long)LANE(subscription), due);
    testdb_exec(db, sql);
}

static void
set_up(void)
{
    testdb_exec(db, "DELETE FROM jobs");
    testdb_exec(db, "DELETE FROM lane_state");
}

static void
test_lanes_come_in_their_order(void)
{
    struct lane_read reads[] = {read_of(1, true), read_of(2, false)};
    struct job_page page = {.rows = NULL};
    int64_t now_us = db_now_us(db);

    set_up();
    add(30, 1, now_us - 3, false);
    add(20, 1, now_us - 2, false);
    add(11, 1, now_us - 1, false);
    add(10, 1, now_us - 1, false);
    add(40, 2, now_us, false);
    testdb_exec(db, "INSERT INTO lane_state (lane,blocked_until)"
                    " VALUES (1<<32,UTC_TIMESTAMP(6)+INTERVAL 9 SECOND),"
                    "(2<<32,UTC_TIMESTAMP(6)+INTERVAL 9 SECOND)");
    CU_ASSERT_EQUAL_FATAL(store_job_lanes(db, reads, 2, &page), DB_OK);
    CU_ASSERT_EQUAL_FATAL(page.count, 5);
    CU_ASSERT_EQUAL(page.rows[0].id, 30);
    CU_ASSERT_EQUAL(page.rows[1].id, 20);
    CU_ASSERT_EQUAL(page.rows[2].id, 10); /* the same moment: by id */
    CU_ASSERT_EQUAL(page.rows[3].id, 11);
    CU_ASSERT_EQUAL(page.rows[4].id, 40);
    CU_ASSERT_EQUAL(page.rows[0].due_us, now_us - 3);
    CU_ASSERT(page.rows[0].blocked_us > now_us + 8 * CLOCK_US_PER_S);
    CU_ASSERT_EQUAL(page.rows[3].blocked_us, page.rows[0].blocked_us);
    CU_ASSERT_EQUAL(page.rows[4].blocked_us, 0); /* not asked for */
    CU_ASSERT(page.now_us >= now_us);
    job_page_free(&page);
}

static void
test_lane_without_a_row_does_not_wait(void)
{
    struct lane_read read = read_of(1, true);
    struct job_page page = {.rows = NULL};

    set_up();
    add(1, 1, db_now_us(db), false);
    CU_ASSERT_EQUAL_FATAL(store_job_lanes(db, &read, 1, &page), DB_OK);
    CU_ASSERT_EQUAL_FATAL(page.count, 1);
    CU_ASSERT_EQUAL(page.rows[0].blocked_us, 0);
    job_page_free(&page);
}

static void
test_tests_are_found_among_others(void)
{
    struct job_page page = {.rows = NULL};
    int64_t now_us = db_now_us(db);
    uint64_t i;

    set_up();
    for (i = 1; i <= 50; i++)
        add(i, 1, now_us, i % 20 == 0);
    CU_ASSERT_EQUAL_FATAL(store_job_tests(db, 0, 10, &page), DB_OK);
    CU_ASSERT_EQUAL_FATAL(page.count, 2);
    CU_ASSERT_EQUAL(page.rows[0].id, 20);
    CU_ASSERT_TRUE(page.rows[0].test);
    CU_ASSERT_EQUAL(page.rows[1].id, 40);
    CU_ASSERT_EQUAL_FATAL(store_job_tests(db, 20, 10, &page), DB_OK);
    CU_ASSERT_EQUAL(page.count, 1);
    CU_ASSERT_EQUAL_FATAL(store_job_tests(db, 40, 10, &page), DB_OK);
    CU_ASSERT_EQUAL(page.count, 0);
    CU_ASSERT_EQUAL_FATAL(store_job_tail(db, 40, 5, &page), DB_OK);
    CU_ASSERT_EQUAL(page.count, 5);
    job_page_free(&page);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"lanes come in their order", test_lanes_come_in_their_order},
        {"a lane without a row does not wait",
         test_lane_without_a_row_does_not_wait},
        {"tests are found among others", test_tests_are_found_among_others},
        CU_TEST_INFO_NULL,
    };
    int code = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate()) {
        db = db_new(&testdb_settings);
        code = unit_run("store_job", tests);
        db_free(db);
    }
    testdb_stop();
    return code;
}
