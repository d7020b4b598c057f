/*
 * test_store_delivery.c - unit tests for core/store/store_delivery*.c and
 * core/store/history/delivery_row.c
 */
#include "unit.h"

#include "clock.h"
#include "lane.h"
#include "store_delivery.h"
#include "testdb.h"

#include <string.h>

#define MINUTE_US INT64_C(60000000)

static struct db *db;
static int64_t start_us; /* a moment of today; ids count from there */

static uint64_t
id_at(unsigned minute, unsigned n)
{
    return id_floor(start_us + minute * MINUTE_US) + n;
}

static void
clean(void)
{
    static const char *const tables[] = {"jobs", "deliveries", "attempts",
                                         "events", "subscriptions"};
    struct buf sql = BUF_INIT(256);
    size_t i;

    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        buf_clear(&sql);
        buf_addf(&sql, "DELETE FROM %s", tables[i]);
        testdb_exec(db, sql.data);
    }
    buf_free(&sql);
    testdb_exec(db, "INSERT INTO subscriptions (id, application_id, url, "
                    "secret, config_version) VALUES (1, 1, 'u', '', 1), "
                    "(2, 2, 'u', '', 1)");
}

static void
add_event(uint64_t id, const char *type)
{
    char sql[512];

    snprintf(sql, sizeof(sql),
             "INSERT IGNORE INTO events (id, application_id, type, verified, "
             "payload) VALUES (%llu, 1, '%s', 1, '{}')",
             (unsigned long long)id, type);
    testdb_exec(db, sql);
}

static void
add_job(uint64_t id, uint64_t event, uint32_t subscription, unsigned attempts,
        unsigned kind)
{
    uint64_t lane = lane_number(LANE_SUBSCRIPTION, subscription);
    char sql[512];

    snprintf(sql, sizeof(sql),
             "INSERT INTO jobs (id, kind, shard, lane, event_id, attempts, "
             "next_retry_at) VALUES (%llu, %u, %u, %llu, %llu, %u, "
             "UTC_TIMESTAMP(6) + INTERVAL 1 HOUR)",
             (unsigned long long)id, kind, (unsigned)lane_shard(lane),
             (unsigned long long)lane, (unsigned long long)event, attempts);
    testdb_exec(db, sql);
    if (attempts == 0)
        return;
    snprintf(sql, sizeof(sql),
             "INSERT INTO attempts (delivery_id, attempt, day, owner_id, "
             "event_id, kind, response_code, error_class, error_message, "
             "response_body, duration_ms, attempted_at) VALUES (%llu, %u, "
             "UTC_DATE(), %u, %llu, 1, 503, 'http', 'HTTP 503', 'busy', 7, "
             "UTC_TIMESTAMP(6))",
             (unsigned long long)id, attempts, (unsigned)subscription,
             (unsigned long long)event);
    testdb_exec(db, sql);
}

static void
add_done(uint64_t id, uint64_t event, uint32_t subscription, const char *status,
         unsigned code)
{
    char sql[512];

    snprintf(sql, sizeof(sql),
             "INSERT INTO deliveries (id, done_day, kind, application_id, "
             "owner_id, event_id, event_type, status, attempts, "
             "response_code, error_class, duration_ms, completed_at) VALUES "
             "(%llu, UTC_DATE(), 1, %u, %u, %llu, 'done.type', '%s', 1, %u, "
             "%s, 9, UTC_TIMESTAMP(6))",
             (unsigned long long)id, (unsigned)subscription,
             (unsigned)subscription, (unsigned long long)event, status, code,
             code >= 300 ? "'http'" : "NULL");
    testdb_exec(db, sql);
}

/* Reads all pages and compares the ids, newest first. */
static void
check_list(const char *claim, struct delivery_filter filter,
           const uint64_t *want, size_t count)
{
    struct delivery_list list;
    size_t n = 0, pages = 0, i;

    do {
        CU_ASSERT_EQUAL_FATAL(store_delivery_list(db, &filter, &list), DB_OK);
        CU_ASSERT_TRUE(list.count <= filter.limit);
        for (i = 0; i < list.count; i++, n++) {
            bool same = n < count && list.rows[i].id == want[n];

            if (!same)
                fprintf(stderr, "\n%s: row %zu is %llu\n", claim, n,
                        (unsigned long long)list.rows[i].id);
            CU_ASSERT_TRUE(same);
        }
        filter.before_id = list.next;
        delivery_list_free(&list);
        pages++;
    } while (filter.before_id != 0 && pages < 50);
    if (n != count)
        fprintf(stderr, "\n%s: %zu rows, want %zu\n", claim, n, count);
    CU_ASSERT_EQUAL(n, count);
    CU_ASSERT_TRUE(pages < 50);
}

static void
test_live_and_finished_in_one_order(void)
{
    uint64_t a = id_at(0, 1), b = id_at(1, 1), c = id_at(2, 1), d = id_at(3, 1);
    const uint64_t all[] = {d, c, b, a}, one[] = {c, a}, two[] = {d, b};
    const uint64_t pending[] = {c}, live[] = {d, c}, failed[] = {b};
    size_t limit;

    clean();
    add_event(a, "done.type");
    add_event(c, "live.type");
    add_done(a, a, 1, "success", 200);
    add_done(b, a, 2, "failed", 404);
    add_job(c, c, 1, 0, 1);
    add_job(d, c, 2, 2, 1);
    add_job(id_at(4, 1), c, 1, 0, 2); /* an inbound event */
    testdb_exec(db, "UPDATE jobs SET test = 1 WHERE kind = 2");

    for (limit = 1; limit <= 4; limit++) {
        check_list("all", (struct delivery_filter){.limit = limit}, all, 4);
        check_list(
            "of application 1",
            (struct delivery_filter){.limit = limit, .application_id = 1}, one,
            2);
        check_list(
            "of subscription 2",
            (struct delivery_filter){.limit = limit, .subscription_id = 2}, two,
            2);
    }
    check_list("another's subscription",
               (struct delivery_filter){
                   .limit = 9, .application_id = 1, .subscription_id = 2},
               NULL, 0);
    check_list("pending",
               (struct delivery_filter){.limit = 9,
                                        .statuses = 1u << DELIVERY_PENDING},
               pending, 1);
    check_list(
        "failed",
        (struct delivery_filter){.limit = 9, .statuses = 1u << DELIVERY_FAILED},
        failed, 1);
    check_list(
        "4xx",
        (struct delivery_filter){.limit = 9, .code_min = 400, .code_max = 499},
        failed, 1);
    check_list(
        "by type of a live one",
        (struct delivery_filter){.limit = 9, .event_type = SLICE("live.type")},
        live, 2);
    check_list(
        "by error class, live and finished",
        (struct delivery_filter){.limit = 9, .error_class = SLICE("http")}, two,
        2);
    check_list("a type that is SQL",
               (struct delivery_filter){.limit = 9,
                                        .event_type = SLICE("' OR '1'='1")},
               NULL, 0);
    check_list("since",
               (struct delivery_filter){.limit = 9,
                                        .since_us = start_us + 2 * MINUTE_US},
               live, 2);
    check_list("until, not included",
               (struct delivery_filter){.limit = 9,
                                        .until_us = start_us + 1 * MINUTE_US},
               &all[3], 1);
}

/* More rows than one window holds: what matches seldom is still found. */
static void
test_windows(void)
{
    uint64_t first = id_at(0, 0), want[3] = {first + 3000, first + 1500, first};
    char sql[1024];

    clean();
    snprintf(sql, sizeof(sql),
             "INSERT INTO deliveries (id, done_day, kind, application_id, "
             "owner_id, event_id, event_type, status, attempts, duration_ms, "
             "completed_at) SELECT %llu + seq, UTC_DATE(), 1, 1, 1, 1, 't', "
             "IF(seq %% 1500 = 0, 'failed', 'success'), 1, 1, "
             "UTC_TIMESTAMP(6) FROM seq_0_to_4000",
             (unsigned long long)first);
    testdb_exec(db, sql);
    check_list("seldom",
               (struct delivery_filter){.limit = 50,
                                        .statuses = 1u << DELIVERY_FAILED},
               want, 3);
    check_list("seldom, by pages",
               (struct delivery_filter){.limit = 1,
                                        .subscription_id = 1,
                                        .statuses = 1u << DELIVERY_FAILED},
               want, 3);
}

static void
test_one_with_its_attempts(void)
{
    uint64_t id = id_at(0, 1);
    struct delivery delivery;
    struct attempt_list attempts;
    struct buf json = BUF_INIT(8192);

    clean();
    add_event(id, "live.type");
    add_job(id, id, 1, 1, 1);
    CU_ASSERT_EQUAL(store_delivery_get(db, 2, id, &delivery), DB_NONE);
    CU_ASSERT_EQUAL(store_delivery_get(db, 1, id + 1, &delivery), DB_NONE);
    CU_ASSERT_EQUAL_FATAL(store_delivery_get(db, 1, id, &delivery), DB_OK);
    CU_ASSERT_EQUAL_FATAL(store_delivery_attempts(db, &delivery, &attempts),
                          DB_OK);
    CU_ASSERT_EQUAL(delivery.status, DELIVERY_RETRYING);
    CU_ASSERT_EQUAL(delivery.response_code, 503);
    CU_ASSERT_TRUE(slice_is(delivery.response_body, "busy"));
    CU_ASSERT_EQUAL(delivery.duration_ms, 7);
    CU_ASSERT_TRUE(delivery.next_retry_at_us > start_us);
    CU_ASSERT_EQUAL(delivery.completed_at_us, 0);
    CU_ASSERT_EQUAL(attempts.count, 1);
    delivery_print(&delivery, &attempts, &json);
    CU_ASSERT_PTR_NOT_NULL(strstr(json.data, "\"status\":\"retrying\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(
        json.data, "\"attempts\":[{\"attempt\":1,\"status\":\"failed\""));
    attempt_list_free(&attempts);
    delivery_free(&delivery);

    /* It is finished by a second attempt. */
    testdb_exec(db, "DELETE FROM jobs");
    add_done(id, id, 1, "success", 200);
    testdb_exec(db, "UPDATE deliveries SET attempts = 2");
    CU_ASSERT_EQUAL_FATAL(store_delivery_get(db, 0, id, &delivery), DB_OK);
    CU_ASSERT_EQUAL_FATAL(store_delivery_attempts(db, &delivery, &attempts),
                          DB_OK);
    CU_ASSERT_EQUAL_FATAL(attempts.count, 2);
    CU_ASSERT_EQUAL(attempts.rows[1].attempt, 2);
    CU_ASSERT_EQUAL(attempts.rows[1].response_code, 200);
    CU_ASSERT_EQUAL(attempts.rows[1].attempted_at_us, delivery.completed_at_us);
    attempt_list_free(&attempts);
    delivery_free(&delivery);
    buf_free(&json);
}

static void
test_retry(void)
{
    uint64_t id = id_at(0, 1), live = id_at(1, 1), new_id = 0;
    enum delivery_action action;
    struct id_source ids;
    struct delivery delivery;

    clean();
    id_source_init(&ids, 5);
    add_event(id, "done.type");
    add_done(id, id, 1, "failed", 500);
    add_job(live, id, 1, 2, 1);

    CU_ASSERT_EQUAL(store_delivery_retry(db, 2, id, &ids, &new_id, &action),
                    DB_NONE);
    CU_ASSERT_EQUAL_FATAL(
        store_delivery_retry(db, 1, id, &ids, &new_id, &action), DB_OK);
    CU_ASSERT_EQUAL(action, DELIVERY_DONE);
    CU_ASSERT_TRUE(new_id > id);
    CU_ASSERT_EQUAL_FATAL(store_delivery_get(db, 1, new_id, &delivery), DB_OK);
    CU_ASSERT_EQUAL(delivery.retry_of, id);
    CU_ASSERT_EQUAL(delivery.event_id, id);
    CU_ASSERT_EQUAL(delivery.status, DELIVERY_PENDING);
    delivery_free(&delivery);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs WHERE retry_of "
                                   "IS NOT NULL AND shard = "
                                   "(SELECT shard FROM jobs WHERE retry_of "
                                   "IS NULL)"),
                    1);

    CU_ASSERT_EQUAL_FATAL(
        store_delivery_retry(db, 1, live, &ids, &new_id, &action), DB_OK);
    CU_ASSERT_EQUAL(new_id, live);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs WHERE attempts "
                                   "= 2 AND next_retry_at <= "
                                   "UTC_TIMESTAMP(6)"),
                    1);

    testdb_exec(db, "UPDATE deliveries SET test = 1");
    CU_ASSERT_EQUAL(store_delivery_retry(db, 1, id, &ids, &new_id, &action),
                    DB_OK);
    CU_ASSERT_EQUAL(action, DELIVERY_IS_TEST);
    testdb_exec(db, "UPDATE deliveries SET test = 0");
    testdb_exec(db, "UPDATE subscriptions SET deleted_at = NOW()");
    CU_ASSERT_EQUAL(store_delivery_retry(db, 1, id, &ids, &new_id, &action),
                    DB_OK);
    CU_ASSERT_EQUAL(action, DELIVERY_NO_TARGET);
    testdb_exec(db, "DELETE FROM events");
    CU_ASSERT_EQUAL(store_delivery_retry(db, 1, id, &ids, &new_id, &action),
                    DB_OK);
    CU_ASSERT_EQUAL(action, DELIVERY_NO_EVENT);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs"), 2);
}

static void
test_cancel(void)
{
    uint64_t id = id_at(0, 1);
    enum delivery_action action;
    struct delivery delivery;
    struct attempt_list attempts;

    clean();
    add_event(id, "live.type");
    add_job(id, id, 1, 2, 1);
    CU_ASSERT_EQUAL(store_delivery_cancel(db, 2, id, &action), DB_NONE);
    CU_ASSERT_EQUAL_FATAL(store_delivery_cancel(db, 1, id, &action), DB_OK);
    CU_ASSERT_EQUAL(action, DELIVERY_DONE);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs"), 0);
    CU_ASSERT_EQUAL_FATAL(store_delivery_get(db, 1, id, &delivery), DB_OK);
    CU_ASSERT_EQUAL(delivery.status, DELIVERY_CANCELLED);
    CU_ASSERT_EQUAL(delivery.attempts, 2);
    CU_ASSERT_STRING_EQUAL(delivery.event_type, "live.type");
    CU_ASSERT_STRING_EQUAL(delivery.error_message, "HTTP 503");
    /* The second attempt is a row of its own: it is not told twice. */
    CU_ASSERT_EQUAL_FATAL(store_delivery_attempts(db, &delivery, &attempts),
                          DB_OK);
    CU_ASSERT_EQUAL(attempts.count, 1);
    attempt_list_free(&attempts);
    delivery_free(&delivery);
    CU_ASSERT_EQUAL(store_delivery_cancel(db, 1, id, &action), DB_OK);
    CU_ASSERT_EQUAL(action, DELIVERY_FINISHED);
    CU_ASSERT_EQUAL(store_delivery_cancel(db, 2, id, &action), DB_NONE);
}

/* More than one transaction's share, and what belongs to others stays. */
static void
test_cancel_all(void)
{
    unsigned i;

    clean();
    for (i = 0; i < 503; i++)
        add_job(id_at(0, i), 1, 1, 0, 1);
    add_job(id_at(1, 0), 1, 1, 2, 1);
    add_job(id_at(1, 1), 1, 2, 0, 1);
    CU_ASSERT_EQUAL(store_delivery_cancel_all(db, 1, 2000), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM deliveries WHERE "
                                   "status = 'cancelled' AND owner_id = 1 "
                                   "AND application_id = 1"),
                    504);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs"), 1);
    CU_ASSERT_EQUAL(store_delivery_cancel_all(db, 1, 2000), DB_OK);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"live and finished in one order", test_live_and_finished_in_one_order},
        {"windows", test_windows},
        {"one with its attempts", test_one_with_its_attempts},
        {"retry", test_retry},
        {"cancel", test_cancel},
        {"cancel all", test_cancel_all},
        CU_TEST_INFO_NULL,
    };
    int status = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    start_us = clock_wall_us() - 10 * MINUTE_US;
    start_us -= start_us % MINUTE_US;
    if (testdb_migrate()) {
        db = db_new(&testdb_settings);
        status = unit_run("store_delivery", tests);
        db_free(db);
    }
    testdb_stop();
    return status;
}
