/*
 * test_history_plans.c - pages of a long history: a million deliveries, a
 * hundred thousand of them still to be made. Whatever is asked for, no
 * statement reads a table from end to end, and a page reads no more than its
 * budget.
 */
#include "dbproxy.h"
#include "old_days.h"
#include "testdb.h"
#include "unit.h"

#include "lane.h"
#include "store_delivery.h"
#include "store_history.h"

#define DONE 1000000
#define LIVE 100000
#define DAYS 30
#define OWNERS 40 /* subscriptions, of four applications */
#define PAGE 20   /* rows of a page */
/* Some index entries for each row that a page may look at: an attempt is looked
   up in every day that its job may have seen, which is one more around
   midnight. */
#define READS_MAX (12 * STORE_DELIVERY_BUDGET)

static struct db *db, *through;
static struct settings proxied;
static int64_t now_us;

/* Which shard the lane of each subscription has, as a list for ELT(). */
static void
add_shards(struct buf *sql)
{
    uint32_t i;

    for (i = 1; i <= OWNERS; i++)
        buf_addf(sql, "%s%u", i == 1 ? "" : ",",
                 (unsigned)lane_shard(lane_number(LANE_SUBSCRIPTION, i)));
}

static void
fill_jobs(unsigned long long first)
{
    struct buf shards = BUF_INIT(1024);

    add_shards(&shards);
    testdb_execf(
        db,
        "INSERT INTO events (id, application_id, type, verified, payload) "
        "SELECT %llu + (seq * 2000 << 22), 1 + seq %% 4, "
        "CONCAT('type.', seq %% 7), 1, '{}' FROM seq_1_to_%d",
        first, LIVE);
    testdb_execf(db,
                 "INSERT INTO jobs (id, kind, shard, lane, event_id, attempts, "
                 "next_retry_at) SELECT %llu + 1 + (seq * 2000 << 22), 1, "
                 "ELT(1 + seq %% %d, %s), 1 + seq %% %d << 32, "
                 "%llu + (seq * 2000 << 22), seq %% 3, UTC_TIMESTAMP(6) "
                 "FROM seq_1_to_%d",
                 first, OWNERS, shards.data, OWNERS, first, LIVE);
    testdb_execf(
        db,
        "INSERT INTO attempts (delivery_id, attempt, day, owner_id, event_id, "
        "kind, response_code, error_class, duration_ms, attempted_at) "
        "SELECT id, attempts, DATE(FROM_UNIXTIME((id >> 22) / 1000 + "
        "1735689600)), lane >> 32, event_id, 1, 503, 'http', 1, "
        "UTC_TIMESTAMP(6) FROM jobs WHERE attempts > 0");
    buf_free(&shards);
}

static void
test_fill(void)
{
    unsigned long long month = id_floor(now_us - DAYS * OLD_DAYS_DAY);
    unsigned long long days = id_floor(now_us - 3 * OLD_DAYS_DAY);

    old_days_make(db, partitions_day(now_us) - DAYS - 1);
    testdb_execf(db,
                 "INSERT INTO subscriptions (id, application_id, url, secret, "
                 "config_version) SELECT seq, 1 + seq %% 4, 'u', '', 1 "
                 "FROM seq_1_to_%d",
                 OWNERS);
    testdb_execf(
        db,
        "INSERT INTO deliveries (id, done_day, kind, application_id, "
        "owner_id, event_id, event_type, status, attempts, response_code, "
        "error_class, duration_ms, completed_at) "
        "SELECT x.id, DATE(x.at), 1, 1 + (1 + x.seq %% %d) %% 4, "
        "1 + x.seq %% %d, x.id - 1, CONCAT('type.', x.seq %% 7), "
        "ELT(1 + x.seq %% 4, 'success', 'failed', 'success', 'cancelled'), 1, "
        "IF(x.seq %% 4 = 1, 500, 200), IF(x.seq %% 4 = 1, 'http', NULL), 5, "
        "x.at FROM (SELECT seq, %llu + (seq * 2590 << 22) id, "
        "UTC_TIMESTAMP(6) - INTERVAL %d DAY + INTERVAL seq * 2590 * 1000 "
        "MICROSECOND at FROM seq_1_to_%d) x",
        OWNERS, OWNERS, month, DAYS, DONE);
    fill_jobs(days);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM deliveries"), DONE);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs"), LIVE);
}

/* --- how statements are run ------------------------------------------------
 */

/* No table is read from end to end, nor a whole index. */
static bool
plan_is_good(const char *statement)
{
    struct buf sql = BUF_INIT(DBPROXY_CAUGHT + 16);
    struct db_rows *rows = NULL;
    const struct slice *row;
    bool good = true;

    buf_addf(&sql, "EXPLAIN %s", statement);
    CU_ASSERT_EQUAL_FATAL(db_query(db, buf_slice(&sql), &rows), DB_OK);
    while ((row = db_rows_next(rows)) != NULL) {
        /* id, select_type, table, type, ... */
        bool derived = row[2].ptr != NULL && row[2].ptr[0] == '<';

        if (row[3].ptr != NULL && !derived &&
            (slice_is(row[3], "ALL") || slice_is(row[3], "index"))) {
            fprintf(stderr, "\n%s of %s: %s\n", row[3].ptr, row[2].ptr,
                    statement);
            good = false;
        }
    }
    db_rows_free(rows);
    buf_free(&sql);
    return good;
}

/* The statement of the page that has the text in it, if there is one. */
static void
check_plan(const struct delivery_filter *filter, const char *text)
{
    struct delivery_list list;

    dbproxy_catch(text);
    CU_ASSERT_EQUAL_FATAL(store_delivery_list(through, filter, &list), DB_OK);
    delivery_list_free(&list);
    if (dbproxy.caught[0] != '\0')
        CU_ASSERT(plan_is_good(dbproxy.caught));
}

static void
check_plans(const struct delivery_filter *filter)
{
    check_plan(filter, "FROM jobs j ");
    check_plan(filter, "FROM deliveries d ");
    check_plan(filter, "FROM jobs FORCE INDEX (PRIMARY)");
    check_plan(filter, "FROM deliveries FORCE INDEX");
}

static uint64_t
rows_read(void)
{
    return testdb_u64(db, "SELECT SUM(VARIABLE_VALUE) FROM "
                          "information_schema.SESSION_STATUS WHERE "
                          "VARIABLE_NAME LIKE 'Handler\\_read\\_%'");
}

/* --- what can be asked for -------------------------------------------------
 */

static const unsigned statuses[] = {
    0,
    1u << DELIVERY_PENDING,
    1u << DELIVERY_RETRYING,
    1u << DELIVERY_SUCCESS,
    1u << DELIVERY_FAILED,
    1u << DELIVERY_CANCELLED,
    1u << DELIVERY_SKIPPED,
};

#define STATUSES (sizeof(statuses) / sizeof(statuses[0]))
#define CHOICES (STATUSES * 2 * 2 * 2 * 3 * 2 * 2)

/* The n-th combination of what the API can ask for. */
static struct delivery_filter
choice(size_t n, int64_t since_us, int64_t until_us)
{
    struct delivery_filter filter = {.limit = PAGE, .since_us = since_us};

    filter.statuses = statuses[n % STATUSES];
    n /= STATUSES;
    if (n % 2 == 1)
        filter.event_type = SLICE("type.3");
    n /= 2;
    if (n % 2 == 1)
        filter.subscription_id = 7;
    n /= 2;
    if (n % 2 == 1)
        filter.application_id = 4;
    n /= 2;
    if (n % 3 == 1)
        filter.code_min = filter.code_max = 500;
    else if (n % 3 == 2)
        filter.code_min = 500, filter.code_max = 599;
    n /= 3;
    if (n % 2 == 1)
        filter.error_class = SLICE("http");
    n /= 2;
    if (n % 2 == 1)
        filter.until_us = until_us;
    return filter;
}

static void
test_plans(void)
{
    int64_t until_us = now_us - 3600 * CLOCK_US_PER_S;
    size_t n;

    /* A span of some thousand rows: it is the plans that count here. */
    for (n = 0; n < CHOICES; n++) {
        struct delivery_filter filter =
            choice(n, now_us - 2 * 3600 * CLOCK_US_PER_S, until_us);

        check_plans(&filter);
    }
}

/* Without a span of time: what is seldom, and what there is none of. */
static void
test_pages_are_bounded(void)
{
    static const struct {
        const char *claim;
        struct delivery_filter filter;
    } rows[] = {
        {"everything", {.limit = PAGE}},
        {"a status that nothing has",
         {.statuses = 1u << DELIVERY_SKIPPED, .limit = PAGE}},
        {"a type that nothing has",
         {.event_type = {"no.such", 7}, .limit = PAGE}},
        {"a code that nothing has",
         {.code_min = 418, .code_max = 418, .limit = PAGE}},
        {"an error that nothing has",
         {.error_class = {"dns", 3}, .limit = PAGE}},
        {"successes that went wrong",
         {.statuses = 1u << DELIVERY_SUCCESS,
          .error_class = {"http", 4},
          .limit = PAGE}},
        {"a subscription that has none",
         {.subscription_id = 4711, .limit = PAGE}},
        {"an application that has none",
         {.application_id = 4711, .limit = PAGE}},
        {"what one subscription has none of",
         {.subscription_id = 7, .event_type = {"no.such", 7}, .limit = PAGE}},
        {"what one application has none of",
         {.application_id = 4,
          .code_min = 418,
          .code_max = 418,
          .limit = PAGE}},
        {"live ones of a type that nothing has",
         {.statuses = 1u << DELIVERY_RETRYING,
          .event_type = {"no.such", 7},
          .limit = PAGE}},
        {"live ones of one subscription that went wrong in another way",
         {.statuses = 1u << DELIVERY_RETRYING,
          .subscription_id = 7,
          .error_class = {"dns", 3},
          .limit = PAGE}},
        {"all at once",
         {.application_id = 4,
          .subscription_id = 7,
          .statuses = 1u << DELIVERY_FAILED,
          .event_type = {"no.such", 7},
          .code_min = 500,
          .code_max = 599,
          .error_class = {"http", 4},
          .limit = PAGE}},
    };
    struct delivery_list list;
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t read;

        testdb_exec(db, "FLUSH STATUS");
        CU_ASSERT_EQUAL_FATAL(store_delivery_list(db, &rows[i].filter, &list),
                              DB_OK);
        read = rows_read();
        if (read > READS_MAX)
            fprintf(stderr, "\n%s: read %llu\n", rows[i].claim,
                    (unsigned long long)read);
        CU_ASSERT(read <= READS_MAX);
        CU_ASSERT(list.count <= PAGE);
        check_plans(&rows[i].filter);
        delivery_list_free(&list);
    }
}

/* Page by page: nothing is overlooked, nothing met twice, and an empty page
   says where the next one goes on. */
static void
test_a_seldom_match_is_found_in_the_end(void)
{
    struct delivery_filter filter = {.event_type = {"seldom", 6},
                                     .limit = PAGE};
    struct delivery_list list;
    size_t found = 0, pages = 0;
    uint64_t last = UINT64_MAX;

    testdb_execf(
        db,
        "UPDATE deliveries SET event_type = 'seldom' WHERE id IN "
        "(SELECT * FROM (SELECT id FROM deliveries ORDER BY id LIMIT 3) x)");
    do {
        size_t i;

        CU_ASSERT_EQUAL_FATAL(store_delivery_list(db, &filter, &list), DB_OK);
        for (i = 0; i < list.count; i++) {
            CU_ASSERT(list.rows[i].id < last);
            last = list.rows[i].id;
            found++;
        }
        CU_ASSERT_FATAL(list.next == 0 || filter.before_id == 0 ||
                        list.next < filter.before_id);
        filter.before_id = list.next;
        delivery_list_free(&list);
        CU_ASSERT_FATAL(++pages < 100);
    } while (filter.before_id != 0);
    CU_ASSERT_EQUAL(found, 3);
    CU_ASSERT(pages > 5);
}

static void
test_events(void)
{
    static const struct event_filter filters[] = {
        {.limit = PAGE},
        {.type = {"no.such", 7}, .limit = PAGE},
        {.application_id = 4711, .limit = PAGE},
        {.source = {"no-such", 7}, .limit = PAGE},
        {.application_id = 2, .type = {"type.3", 6}, .limit = PAGE},
    };
    struct event_list list;
    size_t i;

    for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        testdb_exec(db, "FLUSH STATUS");
        CU_ASSERT_EQUAL_FATAL(store_event_list(db, &filters[i], &list), DB_OK);
        CU_ASSERT(rows_read() <= READS_MAX);
        event_list_free(&list);
        dbproxy_catch("FROM events e LEFT JOIN");
        CU_ASSERT_EQUAL_FATAL(store_event_list(through, &filters[i], &list),
                              DB_OK);
        event_list_free(&list);
        CU_ASSERT_FATAL(dbproxy.caught[0] != '\0');
        CU_ASSERT(plan_is_good(dbproxy.caught));
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a million deliveries", test_fill},
        {"no statement reads a whole table", test_plans},
        {"a page reads no more than its budget", test_pages_are_bounded},
        {"a seldom match is found in the end",
         test_a_seldom_match_is_found_in_the_end},
        {"the same for events", test_events},
        CU_TEST_INFO_NULL,
    };
    char option[96];
    char *extra[] = {option};
    int rc = EXIT_FAILURE;

    if (!testdb_start() || !dbproxy_open(testdb_settings.db_socket))
        return EXIT_FAILURE;
    snprintf(option, sizeof(option), "db_socket=%s", dbproxy.path);
    db = db_new(&testdb_settings);
    db_set_patient(db, true);
    now_us = clock_wall_us();
    if (testdb_migrate() && testdb_load(&proxied, extra, 1)) {
        through = db_new(&proxied);
        rc = unit_run("history_plans", tests);
        db_free(through);
        settings_free(&proxied);
    }
    db_free(db);
    dbproxy_end();
    testdb_stop();
    return rc;
}
