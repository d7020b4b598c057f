/*
 * test_store_order.c - unit tests for what a person does to deliveries of a
 * subscription that keeps the order: core/store/history/store_delivery_retry.c,
 * store_delivery_cancel.c, store_unblock.c and store_delivery_window.c.
 */
#include "clock.h"
#include "lane.h"
#include "seal.h"
#include "store_delivery.h"
#include "store_delivery_window.h"
#include "store_subscription.h"
#include "testdb.h"
#include "unit.h"

#include <string.h>

#define LANE(id) lane_number(LANE_SUBSCRIPTION, (id))
#define KEY(id, key) lane_of_key(LANE(id), SLICE(key))
#define FIFO 1 /* subscriptions */
#define PLAIN 2
#define EVENT 77
#define FIRST ((uint64_t)300 * 86400000 << 22) /* an id, long after 2025 */

static struct db *db;
static struct id_source ids;
static struct sealer *sealer;

static void
start_anew(void)
{
    static const char *const statements[] = {
        "DELETE FROM jobs",
        "DELETE FROM deliveries",
        "DELETE FROM attempts",
        "DELETE FROM lane_state",
        "DELETE FROM events",
        "DELETE FROM subscriptions",
        "INSERT INTO subscriptions (id, application_id, url, secret, ordering, "
        "config_version) VALUES (1, 1, 'https://e.org', '', 'fifo', 1), "
        "(2, 1, 'https://e.org', '', 'none', 1)",
        "INSERT INTO events (id, application_id, type, verified, ordering_key, "
        "payload) VALUES (77, 1, 'a', 1, 'key', '{}')",
    };
    size_t i;

    for (i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
        testdb_exec(db, statements[i]);
}

static void
add_job(uint64_t id, uint64_t lane, unsigned attempts, const char *due)
{
    char sql[384];

    snprintf(sql, sizeof(sql),
             "INSERT INTO jobs (id, kind, shard, lane, event_id, attempts, "
             "next_retry_at) VALUES (%llu, 1, %u, %llu, 77, %u, %s)",
             (unsigned long long)id, (unsigned)lane_shard(lane),
             (unsigned long long)lane, attempts, due);
    testdb_exec(db, sql);
}

static void
block(uint64_t lane)
{
    char sql[256];

    snprintf(sql, sizeof(sql),
             "INSERT INTO lane_state (lane, sequence, blocked_until) VALUES "
             "(%llu, UNIX_TIMESTAMP() * 1000000, NOW(6) + INTERVAL 1 HOUR) "
             "ON DUPLICATE KEY UPDATE blocked_until = VALUES(blocked_until)",
             (unsigned long long)lane);
    testdb_exec(db, sql);
}

static uint64_t
blocked_lanes(void)
{
    return testdb_u64(db, "SELECT COUNT(*) FROM lane_state "
                          "WHERE blocked_until IS NOT NULL");
}

static void
retry(uint64_t id, uint64_t *new_id)
{
    enum delivery_action action;

    CU_ASSERT_EQUAL_FATAL(
        store_delivery_retry(db, 1, id, &ids, new_id, &action), DB_OK);
    CU_ASSERT_EQUAL(action, DELIVERY_DONE);
}

static void
cancel(uint64_t id)
{
    enum delivery_action action;

    CU_ASSERT_EQUAL_FATAL(store_delivery_cancel(db, 1, id, &action), DB_OK);
    CU_ASSERT_EQUAL(action, DELIVERY_DONE);
}

static void
test_retry_keeps_the_place(void)
{
    uint64_t new_id = 0;

    start_anew();
    add_job(FIRST, KEY(FIFO, "key"), 2, "'2025-11-01 10:00:00.000001'");
    block(KEY(FIFO, "key"));
    block(KEY(FIFO, "other"));
    retry(FIRST, &new_id);
    CU_ASSERT_EQUAL(new_id, FIRST);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs WHERE "
                                   "next_retry_at = "
                                   "'2025-11-01 10:00:00.000001'"),
                    1);
    CU_ASSERT_EQUAL(blocked_lanes(), 1);
}

/* It waited for a time and has no place yet. */
static void
test_retry_of_what_waits_takes_a_place(void)
{
    uint64_t new_id = 0;

    start_anew();
    block(LANE(FIFO));
    testdb_exec(db, "UPDATE lane_state SET sequence = sequence + 5000000");
    add_job(FIRST, LANE(FIFO), 0, "NOW(6) + INTERVAL 1 DAY");
    retry(FIRST, &new_id);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs j JOIN "
                                   "lane_state l ON l.lane = j.lane AND "
                                   "l.sequence = UNIX_TIMESTAMP(next_retry_at) "
                                   "* 1000000"),
                    1);
    CU_ASSERT_EQUAL(blocked_lanes(), 0);
}

static void
test_repetition_stands_at_the_end(void)
{
    uint64_t new_id = 0;
    char sql[256];

    start_anew();
    testdb_exec(db,
                "INSERT INTO deliveries (id, done_day, kind, application_id, "
                "owner_id, event_id, event_type, status, attempts, "
                "duration_ms, completed_at) VALUES (5, UTC_DATE(), 1, 1, 1, "
                "77, 'a', 'failed', 1, 9, NOW(6)), (6, UTC_DATE(), 1, 1, 2, "
                "77, 'a', 'failed', 1, 9, NOW(6))");
    block(KEY(FIFO, "key"));
    testdb_exec(db, "UPDATE lane_state SET sequence = sequence + 5000000");
    retry(5, &new_id);
    snprintf(sql, sizeof(sql),
             "SELECT COUNT(*) FROM jobs j JOIN lane_state l ON "
             "l.lane = j.lane AND l.sequence = "
             "UNIX_TIMESTAMP(next_retry_at) * 1000000 WHERE j.lane = %llu",
             (unsigned long long)KEY(FIFO, "key"));
    CU_ASSERT_EQUAL(testdb_u64(db, sql), 1);
    /* Who does not keep the order has neither lane nor place. */
    retry(6, &new_id);
    CU_ASSERT_EQUAL(
        testdb_u64(db, "SELECT COUNT(*) FROM jobs WHERE lane = 2 << 32"), 1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM lane_state"), 1);
}

static void
test_cancel_unblocks(void)
{
    start_anew();
    add_job(FIRST, LANE(FIFO), 1, "NOW(6)");
    add_job(FIRST + 1, LANE(FIFO), 0, "NOW(6)");
    add_job(FIRST + 2, LANE(PLAIN), 1, "NOW(6)");
    block(LANE(FIFO));
    block(LANE(PLAIN));
    /* It is not the one the lane waits for. */
    cancel(FIRST + 1);
    CU_ASSERT_EQUAL(blocked_lanes(), 2);
    cancel(FIRST);
    CU_ASSERT_EQUAL(blocked_lanes(), 1);
    /* There it is the endpoint that has asked for patience. */
    cancel(FIRST + 2);
    CU_ASSERT_EQUAL(blocked_lanes(), 1);
}

static void
test_cancel_all_covers_the_keys(void)
{
    uint64_t i;

    start_anew();
    for (i = 0; i < 20; i++) {
        char key[16];

        snprintf(key, sizeof(key), "k%llu", (unsigned long long)i);
        add_job(FIRST + i, lane_of_key(LANE(FIFO), slice_of(key)), 0, "NOW()");
    }
    add_job(FIRST + 50, LANE(FIFO), 0, "NOW()");
    add_job(FIRST + 51, LANE(PLAIN), 0, "NOW()");
    /* A source of the same number. */
    add_job(FIRST + 52, lane_number(LANE_SOURCE, FIFO), 0, "NOW()");
    testdb_exec(db, "UPDATE jobs SET shard = (SELECT shard FROM (SELECT * "
                    "FROM jobs) x WHERE lane = 1 << 32 LIMIT 1)");
    CU_ASSERT_EQUAL(store_delivery_cancel_all(db, FIFO, 2000), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs"), 2);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM deliveries WHERE "
                                   "status = 'cancelled' AND owner_id = 1"),
                    21);
}

static void
test_list_covers_the_keys(void)
{
    struct delivery_filter filter = {.subscription_id = FIFO, .limit = 10};
    struct delivery_list list;

    start_anew();
    add_job(FIRST, LANE(FIFO), 0, "NOW()");
    add_job(FIRST + 1, KEY(FIFO, "key"), 1, "NOW()");
    add_job(FIRST + 2, LANE(PLAIN), 0, "NOW()");
    block(KEY(FIFO, "key"));
    CU_ASSERT_EQUAL_FATAL(store_delivery_list(db, &filter, &list), DB_OK);
    CU_ASSERT_EQUAL_FATAL(list.count, 2);
    CU_ASSERT_EQUAL(list.rows[0].id, FIRST + 1);
    CU_ASSERT_EQUAL(list.rows[1].id, FIRST);
    /* When it is tried again the lane says. */
    CU_ASSERT(list.rows[0].next_retry_at_us >
              clock_wall_us() + 3000 * CLOCK_US_PER_S);
    CU_ASSERT(list.rows[1].next_retry_at_us <
              clock_wall_us() + 60 * CLOCK_US_PER_S);
    delivery_list_free(&list);
}

/* However many keys there are, they are one range of the index. */
static void
test_keys_are_one_range(void)
{
    struct buf sql = BUF_INIT(1024);
    struct db_rows *rows = NULL;
    const struct slice *row;
    uint64_t i;

    start_anew();
    testdb_exec(db, "BEGIN");
    for (i = 0; i < 3000; i++)
        add_job(FIRST + i, LANE((uint32_t)(10 + i)), 0, "NOW()");
    testdb_exec(db, "COMMIT");
    testdb_exec(db, "ANALYZE TABLE jobs PERSISTENT FOR ALL");
    buf_add_text(&sql, "EXPLAIN SELECT id FROM jobs FORCE INDEX (due) WHERE 1");
    store_delivery_window_add_lane(&sql, "lane", "shard", FIFO);
    CU_ASSERT_EQUAL_FATAL(db_query(db, buf_slice(&sql), &rows), DB_OK);
    row = db_rows_next(rows);
    CU_ASSERT_PTR_NOT_NULL_FATAL(row);
    CU_ASSERT(slice_is(row[3], "range"));        /* type */
    CU_ASSERT(slice_is(row[5], "due"));          /* key */
    CU_ASSERT(slice_is(row[6], "9"));            /* key_len: shard and lane */
    CU_ASSERT(db_u64(row[8], UINT64_MAX) < 300); /* of 3000 */
    db_rows_free(rows);
    buf_free(&sql);
}

/* --- the subscription changes ------------------------------------------------ */

static void
patch(const char *json)
{
    static struct target_nets no_nets;
    const struct subscription_rules rules = {.allow = &no_nets, .part = true};
    struct subscription_form form;
    struct problems problems;

    problems.count = 0;
    CU_ASSERT_FATAL(
        subscription_form_read(&form, slice_of(json), &rules, &problems));
    CU_ASSERT_EQUAL(store_subscription_update(db, sealer, &form, 1, FIFO),
                    DB_OK);
    subscription_form_free(&form);
}

static void
test_patch_of_the_order(void)
{
    start_anew();
    add_job(FIRST, LANE(FIFO), 1, "'2025-11-01 10:00:00.000001'");
    add_job(FIRST + 1, KEY(FIFO, "key"), 0, "'2025-11-01 10:00:00.000002'");
    block(LANE(FIFO));
    block(KEY(FIFO, "key"));
    block(LANE(PLAIN));
    patch("{\"rate_limit\":7}");
    CU_ASSERT_EQUAL(blocked_lanes(), 3);
    patch("{\"ordering\":\"none\"}");
    CU_ASSERT_EQUAL(blocked_lanes(), 1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM subscriptions WHERE "
                                   "id = 1 AND ordering = 'none' AND "
                                   "rate_limit = 7"),
                    1);
    patch("{\"ordering\":\"fifo\",\"on_exhausted\":\"pause\","
          "\"rate_limit\":null}");
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM subscriptions WHERE "
                                   "id = 1 AND ordering = 'fifo' AND "
                                   "on_exhausted = 'pause' AND rate_limit = 0"),
                    1);
    /* What waits keeps its time. */
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs WHERE "
                                   "next_retry_at < '2025-11-02'"),
                    2);
}

static void
test_resume(void)
{
    struct subscription_row row;

    start_anew();
    testdb_exec(db, "UPDATE subscriptions SET paused = 1, "
                    "paused_reason = 'a delivery has failed' WHERE id = 1");
    block(LANE(FIFO));
    block(KEY(FIFO, "key"));
    block(LANE(PLAIN));
    CU_ASSERT_EQUAL_FATAL(store_subscription_get(db, 1, FIFO, &row), DB_OK);
    CU_ASSERT_STRING_EQUAL(row.paused_reason, "a delivery has failed");
    subscription_row_free(&row);
    CU_ASSERT_EQUAL(store_subscription_pause(db, 1, FIFO, false), DB_OK);
    CU_ASSERT_EQUAL_FATAL(store_subscription_get(db, 1, FIFO, &row), DB_OK);
    CU_ASSERT_PTR_NULL(row.paused_reason);
    CU_ASSERT_FALSE(row.paused);
    subscription_row_free(&row);
    CU_ASSERT_EQUAL(blocked_lanes(), 1);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a retry by hand keeps the place and unblocks the lane",
         test_retry_keeps_the_place},
        {"a retry of what waits for a time takes a place",
         test_retry_of_what_waits_takes_a_place},
        {"a repetition stands at the end of its lane",
         test_repetition_stands_at_the_end},
        {"cancelling the first one unblocks the lane", test_cancel_unblocks},
        {"cancelling all covers the lanes of keys",
         test_cancel_all_covers_the_keys},
        {"lists cover the lanes of keys", test_list_covers_the_keys},
        {"the lanes of a subscription are one range of the index",
         test_keys_are_one_range},
        {"a patch of the order leaves the jobs alone", test_patch_of_the_order},
        {"resuming clears the reason and unblocks", test_resume},
        CU_TEST_INFO_NULL,
    };
    static const uint8_t key[32] = {1};
    int rc;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (!testdb_migrate()) {
        testdb_stop();
        return EXIT_FAILURE;
    }
    db = db_new(&testdb_settings);
    sealer = seal_from_key(key);
    id_source_init(&ids, 5);
    rc = unit_run("store_order", tests);
    seal_close(sealer);
    db_free(db);
    testdb_stop();
    return rc;
}
