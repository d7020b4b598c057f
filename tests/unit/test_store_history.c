/*
 * test_store_history.c - unit tests for core/store/store_history*.c
 */
#include "unit.h"

#include "clock.h"
#include "id.h"
#include "store_history.h"
#include "testdb.h"

#include <stdarg.h>
#include <string.h>

static struct db *db;
static uint64_t first; /* ids count from here */

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void
run(const char *format, ...)
{
    struct buf sql = BUF_INIT(1024);
    va_list args;

    va_start(args, format);
    buf_vaddf(&sql, format, args);
    va_end(args);
    testdb_exec(db, sql.data);
    buf_free(&sql);
}

static unsigned long long
id_of(unsigned n)
{
    return (unsigned long long)(first + n);
}

/* Six events: 5 is a test, 4 came from a source, 3 belongs to another. */
static void
seed(void)
{
    static const char *const tables[] = {
        "DELETE FROM events", "DELETE FROM events_kept", "DELETE FROM jobs",
        "DELETE FROM deliveries", "DELETE FROM subscriptions"};
    unsigned i;

    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        testdb_exec(db, tables[i]);
    testdb_exec(db, "INSERT INTO subscriptions (id, application_id, url, "
                    "secret, config_version) VALUES (1, 1, 'u', '', 1)");
    for (i = 0; i < 6; i++)
        run("INSERT INTO events (id, application_id, type, verified, metadata, "
            "payload) VALUES (%llu, 1, 'a.type', 1, '{\"m\":1.50}', "
            "'{\"n\":12345678901234567890}')",
            id_of(i));
    run("UPDATE events SET test = 1 WHERE id = %llu", id_of(5));
    run("UPDATE events SET source_id = 1, type = 'b', verified = 0 "
        "WHERE id = %llu",
        id_of(4));
    run("UPDATE events SET application_id = 2 WHERE id = %llu", id_of(3));
    run("INSERT INTO deliveries (event_id, id, done_day, kind, application_id, "
        "owner_id, event_type, status, attempts, duration_ms, completed_at) "
        "VALUES (%llu, %llu, UTC_DATE(), 1, 1, 1, 'a.type', 'success', 1, 1, "
        "UTC_TIMESTAMP(6))",
        id_of(2), id_of(102));
    run("INSERT INTO jobs (event_id, id, kind, shard, lane) "
        "VALUES (%llu, %llu, 1, 0, 1 << 32)",
        id_of(2), id_of(103));
    run("INSERT INTO jobs (event_id, id, kind, shard, lane) "
        "VALUES (%llu, %llu, 2, 0, (1 << 32) + 1)",
        id_of(4), id_of(104));
}

static void
check_list(const char *claim, struct event_filter filter, const unsigned *want,
           size_t count)
{
    struct event_list list;
    size_t n = 0, i, pages = 0;

    do {
        CU_ASSERT_EQUAL_FATAL(store_event_list(db, &filter, &list), DB_OK);
        CU_ASSERT_TRUE(list.live_known);
        for (i = 0; i < list.count; i++, n++) {
            bool same = n < count && list.rows[i].id == first + want[n];

            if (!same)
                fprintf(stderr, "\n%s: row %zu is event %d\n", claim, n,
                        (int)(list.rows[i].id - first));
            CU_ASSERT_TRUE(same);
        }
        filter.before_id = list.next;
        event_list_free(&list);
        pages++;
    } while (filter.before_id != 0 && pages < 20);
    CU_ASSERT_EQUAL(n, count);
}

static void
test_pages_and_filters(void)
{
    static const unsigned all[] = {4, 3, 2, 1, 0}, mine[] = {4, 2, 1, 0};
    static const unsigned sourced[] = {4}, other[] = {3};
    size_t limit;

    seed();
    for (limit = 1; limit < 7; limit++) {
        check_list("all", (struct event_filter){.limit = limit}, all, 5);
        check_list("mine",
                   (struct event_filter){.limit = limit, .application_id = 1},
                   mine, 4);
    }
    check_list("another's",
               (struct event_filter){.limit = 9, .application_id = 2}, other,
               1);
    check_list("by type", (struct event_filter){.limit = 9, .type = SLICE("b")},
               sourced, 1);
    check_list("by source",
               (struct event_filter){.limit = 9, .source = SLICE("supabase")},
               sourced, 1);
    check_list("in the future",
               (struct event_filter){
                   .limit = 9, .since_us = clock_wall_us() + CLOCK_US_PER_DAY},
               NULL, 0);
    check_list("long ago",
               (struct event_filter){
                   .limit = 9, .until_us = clock_wall_us() - CLOCK_US_PER_DAY},
               NULL, 0);
}

static void
test_counts(void)
{
    struct event_list list;
    struct event_filter filter = {.limit = 9};
    struct buf json = BUF_INIT(4096);

    seed();
    CU_ASSERT_EQUAL_FATAL(store_event_list(db, &filter, &list), DB_OK);
    CU_ASSERT_EQUAL_FATAL(list.count, 5);
    CU_ASSERT_STRING_EQUAL(list.rows[0].source, "supabase");
    CU_ASSERT_EQUAL(list.rows[0].live, 0); /* processing is no delivery */
    CU_ASSERT_EQUAL(list.rows[2].succeeded, 1);
    CU_ASSERT_EQUAL(list.rows[2].live, 1);
    event_print_summary(&list.rows[2], true, &json);
    CU_ASSERT_PTR_NOT_NULL(strstr(json.data,
                                  "\"deliveries\":{\"total\":2,\"success\":1,"
                                  "\"failed\":0,\"pending\":1}"));
    buf_clear(&json);
    event_print_summary(&list.rows[2], false, &json);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(json.data, "\"deliveries\":{\"total\":null,\"success\":1,"
                          "\"failed\":0,\"pending\":null}"));
    event_list_free(&list);
    buf_free(&json);
}

static void
test_one_event(void)
{
    struct event_row row;
    struct delivery_list deliveries;
    struct buf json = BUF_INIT(8192);
    bool complete = false;

    seed();
    CU_ASSERT_EQUAL(store_event_get(db, 2, first + 2, &row), DB_NONE);
    CU_ASSERT_EQUAL(store_event_get(db, 1, first + 99, &row), DB_NONE);
    CU_ASSERT_EQUAL_FATAL(store_event_get(db, 1, first + 2, &row), DB_OK);
    CU_ASSERT_EQUAL_FATAL(
        store_event_deliveries(db, row.id, &deliveries, &complete), DB_OK);
    CU_ASSERT_TRUE(complete);
    CU_ASSERT_EQUAL_FATAL(deliveries.count, 2);
    CU_ASSERT_EQUAL(deliveries.rows[0].status, DELIVERY_PENDING);
    CU_ASSERT_EQUAL(deliveries.rows[1].status, DELIVERY_SUCCESS);
    event_print(&row, &deliveries, complete, &json);
    CU_ASSERT_PTR_NOT_NULL(strstr(json.data, "\"source\":null,"));
    CU_ASSERT_PTR_NOT_NULL(
        strstr(json.data, "\"data\":{\"n\":12345678901234567890},"
                          "\"metadata\":{\"m\":1.50},\"deliveries\":[{"));
    delivery_list_free(&deliveries);
    event_row_free(&row);
    buf_free(&json);

    /* Its day is gone; a live job has kept it. */
    testdb_exec(db, "INSERT INTO events_kept "
                    "SELECT *, UTC_TIMESTAMP(6) FROM events");
    testdb_exec(db, "DELETE FROM events");
    CU_ASSERT_EQUAL_FATAL(store_event_get(db, 1, first + 2, &row), DB_OK);
    CU_ASSERT_STRING_EQUAL(row.type, "a.type");
    event_row_free(&row);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"pages and filters", test_pages_and_filters},
        {"counts", test_counts},
        {"one event", test_one_event},
        CU_TEST_INFO_NULL,
    };
    int status = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    first = id_floor(clock_wall_us() - 60 * CLOCK_US_PER_S);
    if (testdb_migrate()) {
        db = db_new(&testdb_settings);
        status = unit_run("store_history", tests);
        db_free(db);
    }
    testdb_stop();
    return status;
}
