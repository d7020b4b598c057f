/*
 * test_subscription_health.c - what a page of subscriptions says about their
 * endpoints, against a real database.
 */
#include "store_subscription.h"

#include "testdb.h"
#include "unit.h"

#include <string.h>

static struct db *db;

#define PAST "2026-01-15 10:00:00.000000"
#define PAST_SHOWN "\"2026-01-15T10:00:00Z\""
#define FUTURE "2037-01-15 10:00:00.250000"
#define FUTURE_SHOWN "\"2037-01-15T10:00:00.25Z\""

static const struct {
    const char *claim;
    const char *ordering;
    /* breaker, breaker_until, blocked_until, failing_since, last_success_at;
       NULL: there is no row */
    const char *lane;
    const char *state;
    const char *failing_since;
    const char *next_attempt_at;
    const char *last_success_at;
} rows[] = {
    {"of one that was never asked nothing is known", "none", NULL, "unknown",
     "null", "null", "null"},
    {"a good answer makes it healthy", "none",
     "'closed',NULL,NULL,NULL,'" PAST "'", "healthy", "null", "null",
     PAST_SHOWN},
    {"a failure alone does not make it failing", "none",
     "'closed',NULL,NULL,'" PAST "','" PAST "'", "healthy", PAST_SHOWN, "null",
     PAST_SHOWN},
    {"nor does it make one healthy that never answered", "none",
     "'closed',NULL,NULL,'" PAST "',NULL", "unknown", PAST_SHOWN, "null",
     "null"},
    {"an open breaker does, and says until when", "none",
     "'open','" FUTURE "',NULL,'" PAST "',NULL", "failing", PAST_SHOWN,
     FUTURE_SHOWN, "null"},
    {"whose time has passed: the next delivery is its probe", "none",
     "'open','" PAST "',NULL,'" PAST "','" PAST "'", "failing", PAST_SHOWN,
     "null", PAST_SHOWN},
    {"it is failing while it is probed", "none",
     "'half_open','" PAST "',NULL,'" PAST "',NULL", "failing", PAST_SHOWN,
     "null", "null"},
    {"a Retry-After holds back a healthy one too", "none",
     "'closed',NULL,'" FUTURE "',NULL,'" PAST "'", "healthy", "null",
     FUTURE_SHOWN, PAST_SHOWN},
    {"and counts where it ends after the breaker's time", "none",
     "'open','" PAST "','" FUTURE "','" PAST "',NULL", "failing", PAST_SHOWN,
     FUTURE_SHOWN, "null"},
    {"the place of a FIFO queue is no Retry-After", "fifo",
     "'closed',NULL,'" FUTURE "',NULL,'" PAST "'", "healthy", "null", "null",
     PAST_SHOWN},
};

#define COUNT (sizeof(rows) / sizeof(rows[0]))

static void
make_rows(void)
{
    size_t i;

    testdb_exec(db, "DELETE FROM lane_state");
    testdb_exec(db, "DELETE FROM subscriptions");
    testdb_exec(db, "INSERT IGNORE INTO applications (id,name) VALUES (1,'a')");
    for (i = 0; i < COUNT; i++) {
        testdb_execf(db,
                     "INSERT INTO subscriptions (id,application_id,url,secret,"
                     "config_version,ordering) VALUES (%zu,1,'http://a/','',1,"
                     "'%s')",
                     i + 1, rows[i].ordering);
        if (rows[i].lane == NULL)
            continue;
        testdb_execf(db,
                     "INSERT INTO lane_state (lane,breaker,breaker_until,"
                     "blocked_until,failing_since,last_success_at) VALUES "
                     "(%zu << 32,%s)",
                     i + 1, rows[i].lane);
        /* That of an ordering key is none of the endpoint's. */
        testdb_execf(db,
                     "INSERT INTO lane_state (lane,breaker,failing_since) "
                     "VALUES ((%zu << 32) + 8,'open','" PAST "')",
                     i + 1);
    }
}

static void
test_each_row_says_how_its_endpoint_does(void)
{
    struct subscription_list list;
    size_t i;

    make_rows();
    CU_ASSERT_EQUAL_FATAL(store_subscription_list(db, 1, 0, 250, &list), DB_OK);
    CU_ASSERT_EQUAL_FATAL(list.count, COUNT);
    for (i = 0; i < COUNT; i++) {
        struct buf got = BUF_INIT(1024), want = BUF_INIT(1024);

        subscription_health_print(&list.rows[i].health, &got);
        buf_addf(&want,
                 "\"health\":{\"state\":\"%s\",\"failing_since\":%s,"
                 "\"next_attempt_at\":%s,\"last_success_at\":%s}",
                 rows[i].state, rows[i].failing_since, rows[i].next_attempt_at,
                 rows[i].last_success_at);
        if (strcmp(got.data, want.data) != 0)
            fprintf(stderr, "%s\n  got:  %s\n  want: %s\n", rows[i].claim,
                    got.data, want.data);
        CU_ASSERT_STRING_EQUAL(got.data, want.data);
        buf_free(&got);
        buf_free(&want);
    }
    subscription_list_free(&list);
}

/* The view is the other place that says so. */
static void
test_the_view_agrees(void)
{
    struct buf sql = BUF_INIT(1024);
    size_t i;

    make_rows();
    for (i = 0; i < COUNT; i++) {
        buf_clear(&sql);
        buf_addf(&sql,
                 "SELECT COUNT(*) FROM report_endpoint_health WHERE "
                 "subscription_id = %zu AND state = 'failing'",
                 i + 1);
        CU_ASSERT_EQUAL(testdb_u64(db, sql.data),
                        strcmp(rows[i].state, "failing") == 0);
    }
    buf_free(&sql);
}

static uint64_t
rows_read(void)
{
    return testdb_u64(db, "SELECT SUM(VARIABLE_VALUE) FROM"
                          " information_schema.SESSION_STATUS WHERE"
                          " VARIABLE_NAME LIKE 'Handler_read%'");
}

static void
test_a_page_costs_the_same_beside_many_lanes(void)
{
    struct subscription_list list;
    uint64_t before, after;

    make_rows();
    testdb_exec(db, "INSERT INTO lane_state (lane,failing_since)"
                    " SELECT (500 << 32) + (seq << 3),UTC_TIMESTAMP(6)"
                    " FROM seq_0_to_20000");
    testdb_exec(db, "ANALYZE TABLE lane_state, subscriptions");
    before = rows_read();
    CU_ASSERT_EQUAL_FATAL(store_subscription_list(db, 1, 0, 5, &list), DB_OK);
    after = rows_read();
    CU_ASSERT_EQUAL(list.count, 5);
    CU_ASSERT_TRUE(list.more);
    /* Reading the counters themselves takes some hundred. */
    CU_ASSERT(after - before < 5000);
    subscription_list_free(&list);
    testdb_exec(db, "DELETE FROM lane_state");
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"each row says how its endpoint does",
         test_each_row_says_how_its_endpoint_does},
        {"the view agrees", test_the_view_agrees},
        {"a page costs the same beside many lanes",
         test_a_page_costs_the_same_beside_many_lanes},
        CU_TEST_INFO_NULL,
    };
    int rc = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate()) {
        db = db_new(&testdb_settings);
        rc = unit_run("subscription_health", tests);
        db_free(db);
    }
    testdb_stop();
    return rc;
}
