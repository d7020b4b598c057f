/*
 * test_store_health.c - tests for core/store/counts/store_health.c against a real database.
 */
#include "store_health.h"

#include "clock.h"
#include "id.h"
#include "lane.h"
#include "schema.h"
#include "testdb.h"
#include "unit.h"

#include <stdarg.h>

#define LEASE_S 15

static struct db *db;

static struct health
read_health(void)
{
    struct health health = {.schema = 0};

    CU_ASSERT_EQUAL_FATAL(store_health_read(db, LEASE_S, &health), DB_OK);
    return health;
}

static void exec_format(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

static void
exec_format(const char *format, ...)
{
    char sql[512];
    va_list args;

    va_start(args, format);
    vsnprintf(sql, sizeof(sql), format, args);
    va_end(args);
    testdb_exec(db, sql);
}

static void
test_new_database(void)
{
    struct health health = read_health();

    CU_ASSERT_EQUAL(health.queue_size, 0);
    CU_ASSERT_EQUAL(health.processed, 0);
    CU_ASSERT_EQUAL(health.failed, 0);
    CU_ASSERT_EQUAL(health.last_event_us, 0);
    CU_ASSERT_FALSE(health.worker_alive);
    CU_ASSERT_EQUAL(health.worker_seen_s, -1);
    CU_ASSERT_EQUAL(health.schema,
                    schema_migrations[schema_migration_count - 1].version);
}

/* Source jobs count, however many deliveries stand among them. */
static void
test_queue(void)
{
    uint64_t source = lane_number(LANE_SOURCE, 1);
    uint64_t subscription = lane_number(LANE_SUBSCRIPTION, 1);

    exec_format("INSERT INTO jobs (id, kind, shard, lane, event_id)"
                " SELECT seq, 2, %lu, %llu, 1 FROM seq_1_to_7",
                (unsigned long)lane_shard(source), (unsigned long long)source);
    exec_format("INSERT INTO jobs (id, kind, shard, lane, event_id)"
                " SELECT 100 + seq, 1, %lu, %llu, 1 FROM seq_1_to_9",
                (unsigned long)lane_shard(subscription),
                (unsigned long long)subscription);
    CU_ASSERT_EQUAL(read_health().queue_size, 7);
    testdb_exec(db, "DELETE FROM jobs");
}

static void
test_totals(void)
{
    struct health health;

    testdb_exec(db, "INSERT INTO rollup_sources (hour, source_id, action, slot,"
                    " processed, failed, b3, b4) VALUES"
                    " ('1971-01-01', 1, 'insert', 0, 1000, 10, 500, 500),"
                    " (DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%d %H:00:00'),"
                    "  1, 'insert', 1, 3, 1, 3, 1),"
                    " (DATE_FORMAT(UTC_TIMESTAMP(), '%Y-%m-%d %H:00:00'),"
                    "  2, 'other', 2, 4, 0, 0, 4)");
    health = read_health();
    CU_ASSERT_EQUAL(health.processed, 1007);
    CU_ASSERT_EQUAL(health.failed, 11);
    /* Only the last hours make the percentiles. */
    CU_ASSERT_EQUAL(health.bucket[3], 3);
    CU_ASSERT_EQUAL(health.bucket[4], 5);
    CU_ASSERT_EQUAL(health.bucket[0], 0);
    testdb_exec(db, "DELETE FROM rollup_sources");
}

static void
test_last_event(void)
{
    const unsigned long long inbound = 1ULL << 40, triggered = 1ULL << 41;
    int64_t hour_us = 0;

    exec_format("INSERT INTO events (id, application_id, source_id, type,"
                " verified, payload) VALUES (%llu, 1, 1, 'a', 1, '{}'),"
                " (%llu, 1, 0, 'a', 1, '{}')",
                inbound, triggered);
    CU_ASSERT_EQUAL(read_health().last_event_us, id_time_us(inbound));

    /* Beyond the cap the hour of processing stands in. */
    exec_format("INSERT INTO events (id, application_id, source_id, type,"
                " verified, payload) SELECT %llu + seq, 1, 0, 'a', 1, '{}'"
                " FROM seq_1_to_%d",
                triggered, HEALTH_EVENTS_CAP);
    testdb_exec(db, "INSERT INTO rollup_sources (hour, source_id, action,"
                    " slot) VALUES ('2026-01-01 15:00:00', 1, 'insert', 0),"
                    " ('1971-01-01', 1, 'insert', 0)");
    CU_ASSERT(clock_parse(SLICE("2026-01-01T15:00:00Z"), &hour_us));
    CU_ASSERT_EQUAL(read_health().last_event_us, hour_us);
    testdb_exec(db, "DELETE FROM events");
    testdb_exec(db, "DELETE FROM rollup_sources");
}

static void
test_worker(void)
{
    struct health health;

    testdb_exec(db, "UPDATE shards SET lease_until ="
                    " UTC_TIMESTAMP(6) + INTERVAL 10 SECOND, token = 9"
                    " WHERE shard = 3");
    health = read_health();
    CU_ASSERT(health.worker_alive);
    CU_ASSERT(health.worker_seen_s >= 5 && health.worker_seen_s <= 7);

    testdb_exec(db, "UPDATE shards SET lease_until ="
                    " UTC_TIMESTAMP(6) - INTERVAL 60 SECOND WHERE shard = 3");
    health = read_health();
    CU_ASSERT_FALSE(health.worker_alive);
    CU_ASSERT(health.worker_seen_s >= 74 && health.worker_seen_s <= 77);

    /* Given back a minute ago, not run out. */
    testdb_exec(db, "UPDATE shards SET token = 0 WHERE shard = 3");
    health = read_health();
    CU_ASSERT_FALSE(health.worker_alive);
    CU_ASSERT(health.worker_seen_s >= 59 && health.worker_seen_s <= 62);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"new database", test_new_database},
        {"queue", test_queue},
        {"totals", test_totals},
        {"last event", test_last_event},
        {"worker", test_worker},
        CU_TEST_INFO_NULL,
    };
    int end = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate()) {
        db = db_new(&testdb_settings);
        end = unit_run("store_health", tests);
        db_free(db);
    }
    testdb_stop();
    return end;
}
