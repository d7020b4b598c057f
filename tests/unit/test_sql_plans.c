/*
 * test_sql_plans.c - statements whose cost must not grow with the tables:
 * counted in rows and pages read, never in time.
 */
#include "dbproxy.h"
#include "testdb.h"
#include "unit.h"

#include "clock.h"
#include "id.h"
#include "lane.h"
#include "replay_look.h"
#include "store_backlog.h"
#include "store_delivery.h"
#include "store_event.h"
#include "store_job.h"
#include "store_payload.h"
#include "store_receiving.h"
#include "store_requeue.h"
#include "store_source_rejection.h"

#define JOBS 20000 /* in LANES lanes, all of shard 0 */
#define LANES 20
#define FIRST_DUE_US INT64_C(1767225600000000) /* 2026-01-01 */

static struct db *db;
static struct settings proxied;

/* Rows that the statements since count_reads() have looked at. */
static uint64_t
rows_read(void)
{
    return testdb_u64(db, "SELECT SUM(VARIABLE_VALUE) FROM "
                          "information_schema.SESSION_STATUS WHERE "
                          "VARIABLE_NAME IN ('Handler_read_first', "
                          "'Handler_read_key', 'Handler_read_last', "
                          "'Handler_read_next', 'Handler_read_prev', "
                          "'Handler_read_rnd', 'Handler_read_rnd_next')");
}

static void
count_reads(void)
{
    testdb_exec(db, "FLUSH STATUS");
}

static void
check_reads(const char *claim, uint64_t most)
{
    uint64_t got = rows_read();

    if (got > most)
        fprintf(stderr, "\n%s: read %llu rows, at most %llu are needed\n",
                claim, (unsigned long long)got, (unsigned long long)most);
    CU_ASSERT(got <= most);
}

static void
fill_jobs(void)
{
    char sql[512];

    testdb_exec(db, "DELETE FROM jobs");
    snprintf(sql, sizeof(sql),
             "INSERT INTO jobs (id, kind, shard, lane, event_id, "
             "next_retry_at) SELECT seq, 1, 0, (1 + seq MOD %d) << 32, seq, "
             "'2026-01-01' + INTERVAL seq SECOND FROM seq_1_to_%d",
             LANES, JOBS);
    testdb_exec(db, sql);
    testdb_exec(db, "ANALYZE TABLE jobs");
}

static struct lane_read
lane_from(int64_t from_us)
{
    return (struct lane_read){
        .lane = lane_number(LANE_SUBSCRIPTION, 1),
        .shard = 0,
        .limit = 50,
        .from_us = from_us,
    };
}

static void
test_work_is_found_without_walking(void)
{
    const struct lane_read read =
        lane_from(FIRST_DUE_US + (JOBS - 2000) * CLOCK_US_PER_S);
    struct job_page page = {.rows = NULL};
    struct lane_heads heads = {.rows = NULL};
    bool shards[LANE_SHARDS] = {true};

    fill_jobs();
    count_reads();
    CU_ASSERT_EQUAL(store_job_heads(db, shards, &heads), DB_OK);
    CU_ASSERT_EQUAL(heads.count, LANES);
    check_reads("the first job of each lane", 10 * LANES);

    count_reads();
    CU_ASSERT_EQUAL(store_job_tail(db, JOBS - 100, 50, &page), DB_OK);
    CU_ASSERT_EQUAL(page.count, 50);
    check_reads("the newest jobs", 100);

    count_reads();
    CU_ASSERT_EQUAL(store_job_lanes(db, &read, 1, &page), DB_OK);
    CU_ASSERT_EQUAL(page.count, 50);
    CU_ASSERT(page.rows[0].due_us >= read.from_us);
    check_reads("the next jobs of a lane", 300);
    job_page_free(&page);
    lane_heads_free(&heads);
}

/* Pages that the statement reads, by its text. */
static uint64_t
pages_of(const char *statement)
{
    static const char key[] = "\"pages_accessed\": ";
    struct buf sql = BUF_INIT(DBPROXY_CAUGHT + 64);
    struct db_rows *rows = NULL;
    const struct slice *row;
    const char *at;
    uint64_t pages = 0;

    buf_addf(&sql, "ANALYZE FORMAT=JSON %s", statement);
    CU_ASSERT_EQUAL_FATAL(db_query(db, buf_slice(&sql), &rows), DB_OK);
    buf_free(&sql);
    row = db_rows_next(rows);
    CU_ASSERT_PTR_NOT_NULL_FATAL(row);
    for (at = strstr(row[0].ptr, key); at != NULL; at = strstr(at + 1, key))
        pages += strtoull(at + sizeof(key) - 1, NULL, 10);
    db_rows_free(rows);
    return pages;
}

/* Pages that a read of the lane costs from there on. */
static uint64_t
lane_pages(struct db *through, int64_t from_us)
{
    struct lane_read read = lane_from(from_us);
    struct job_page page = {.rows = NULL};

    read.limit = 5;
    dbproxy_catch("FROM jobs FORCE INDEX (due)");
    CU_ASSERT_EQUAL_FATAL(store_job_lanes(through, &read, 1, &page), DB_OK);
    job_page_free(&page);
    CU_ASSERT_FATAL(dbproxy.caught[0] != '\0');
    return pages_of(dbproxy.caught);
}

/* Somebody looks at an old state of the database, so nothing that is deleted
   goes away. From its mark on a lane does not walk over what it has done. */
static void
test_a_mark_passes_over_what_is_deleted(void)
{
    struct db *viewer = db_new(&testdb_settings);
    struct db *through = db_new(&proxied);
    uint64_t marked, unmarked;

    fill_jobs();
    testdb_exec(db, "UPDATE jobs SET lane = 1 << 32");
    testdb_exec(viewer, "SET SESSION TRANSACTION ISOLATION LEVEL "
                        "REPEATABLE READ");
    testdb_exec(viewer, "START TRANSACTION WITH CONSISTENT SNAPSHOT");
    CU_ASSERT_EQUAL(testdb_u64(viewer, "SELECT COUNT(*) FROM jobs"), JOBS);
    testdb_exec(db, "DELETE FROM jobs WHERE id <= 19000");

    unmarked = lane_pages(through, 0);
    marked = lane_pages(through, FIRST_DUE_US + 19000 * CLOCK_US_PER_S);
    if (marked == 0 || marked * 2 > unmarked)
        fprintf(stderr, "\n%llu pages from the mark, %llu without it\n",
                (unsigned long long)marked, (unsigned long long)unmarked);
    CU_ASSERT(marked > 0);
    CU_ASSERT(marked * 2 <= unmarked);
    testdb_exec(viewer, "ROLLBACK");
    db_free(through);
    db_free(viewer);
}

static void
count_event(void *arg, const struct stored_event *event)
{
    (void)event;
    ++*(size_t *)arg;
}

static void
test_events_are_read_by_id(void)
{
    const uint64_t ids[] = {7, 4711, 19999};
    size_t found = 0, there = 0;

    testdb_exec(db, "DELETE FROM events");
    testdb_exec(db, "INSERT INTO events (id, application_id, type, verified, "
                    "payload) SELECT seq, 1, 'a.b', 1, '{}' "
                    "FROM seq_1_to_20000");
    count_reads();
    CU_ASSERT_EQUAL(store_payload_read(db, ids, 3, count_event, &found), DB_OK);
    CU_ASSERT_EQUAL(found, 3);
    check_reads("payloads", 30);
    count_reads();
    CU_ASSERT_EQUAL(store_event_count_there(db, ids, 3, &there), DB_OK);
    CU_ASSERT_EQUAL(there, 3);
    check_reads("what a batch has written", 30);
}

#define KEYS 500

/* Whatever the statistics say of a slot that was emptied a moment ago. */
static void
test_keys_are_read_by_range(void)
{
    static uint8_t hashes[KEYS][32];
    static struct store_key keys[KEYS];
    struct dedupe_slots slots = dedupe_slots_at(FIRST_DUE_US);
    struct store_found_key *found = NULL;
    struct script script = SCRIPT_INIT;
    size_t count = 0, i;
    char sql[256];

    for (i = 0; i < KEYS; i++) {
        hashes[i][0] = (uint8_t)(i >> 8);
        hashes[i][1] = (uint8_t)i;
        keys[i] = (struct store_key){.hash = hashes[i], .event_id = i + 1};
    }
    testdb_exec(db, "TRUNCATE TABLE dedupe");
    testdb_exec(db, "ALTER TABLE dedupe STATS_AUTO_RECALC = 0");
    testdb_exec(db, "ANALYZE TABLE dedupe");
    snprintf(sql, sizeof(sql),
             "INSERT INTO dedupe (slot, hash, event_id) "
             "SELECT %u, UNHEX(SHA2(seq, 256)), seq FROM seq_1_to_20000",
             slots.write[0]);
    testdb_exec(db, sql);
    count_reads();
    script_begin(&script, db);
    CU_ASSERT_EQUAL(
        store_event_claim_keys(&script, &slots, keys, KEYS, &found, &count),
        DB_OK);
    CU_ASSERT_EQUAL(count, KEYS);
    check_reads("the keys of a batch", 12 * KEYS);
    script_rollback(&script);
    script_free(&script);
    free(found);
}

/* The views that join live and finished ones read all of both first. */
static void
test_a_page_of_deliveries_reads_a_page(void)
{
    struct delivery_filter filter = {.limit = 20};
    struct delivery_list list;
    char sql[768];

    fill_jobs();
    snprintf(sql, sizeof(sql),
             "INSERT INTO deliveries (id, done_day, kind, application_id, "
             "owner_id, event_id, event_type, status, attempts, duration_ms, "
             "completed_at) SELECT %llu + seq, UTC_DATE(), 1, 1, 1, seq, "
             "'a.b', 'success', 1, 1, UTC_TIMESTAMP(6) FROM seq_1_to_20000",
             (unsigned long long)id_floor(clock_wall_us()));
    testdb_exec(db, sql);
    testdb_exec(db, "INSERT INTO subscriptions (id, application_id, url, "
                    "secret, config_version) SELECT seq, 1, 'u', '', 1 "
                    "FROM seq_1_to_20");
    count_reads();
    CU_ASSERT_EQUAL_FATAL(store_delivery_list(db, &filter, &list), DB_OK);
    CU_ASSERT_EQUAL(list.count, 20);
    check_reads("the newest deliveries", 5000);
    delivery_list_free(&list);

    filter.subscription_id = 1;
    count_reads();
    CU_ASSERT_EQUAL_FATAL(store_delivery_list(db, &filter, &list), DB_OK);
    CU_ASSERT_EQUAL(list.count, 20);
    check_reads("the newest deliveries of a subscription", 5000);
    delivery_list_free(&list);

    /* What a page would cost if it were read through the view. */
    count_reads();
    CU_ASSERT(testdb_u64(db, "SELECT id FROM webhook_deliveries "
                             "ORDER BY id DESC LIMIT 1") > 0);
    CU_ASSERT(rows_read() > 40000);
}

/* Repeats look for the deliveries of their events, and for jobs by id. */
static void
test_repeats_are_looked_up_by_event(void)
{
    struct store_requeue list[20];
    struct script script = SCRIPT_INIT;
    size_t i, failed = 0;

    fill_jobs();
    testdb_exec(db, "DELETE FROM deliveries");
    testdb_exec(db, "INSERT INTO deliveries (id, done_day, kind, "
                    "application_id, owner_id, event_id, event_type, status, "
                    "attempts, duration_ms, completed_at) SELECT seq, "
                    "UTC_DATE(), 2, 1, 1, seq, 'a.b', 'failed', 1, 1, "
                    "UTC_TIMESTAMP(6) FROM seq_1_to_20000");
    for (i = 0; i < 20; i++)
        list[i] = (struct store_requeue){
            .event_id = 1 + 100 * i, .remade_id = i % 2 == 0 ? 1 + 100 * i : 0};
    count_reads();
    script_begin(&script, db);
    CU_ASSERT_EQUAL(store_requeue_find(&script, list, 20), DB_OK);
    check_reads("the processing of 20 repeats", 300);
    script_rollback(&script);
    script_free(&script);
    /* The others have a live job of the same number. */
    for (i = 0; i < 20; i++)
        failed += list[i].failed_id != 0;
    CU_ASSERT_EQUAL(failed, 10);
    testdb_exec(db, "DELETE FROM deliveries");
}

/* However many deliveries, jobs and events there are. */
static void
test_a_step_of_a_replay_reads_a_chunk(void)
{
    const struct replay_range range = {
        .after = 1000, .before = 20001, .limit = 50};
    struct replay_deliveries deliveries;
    struct replay_waiting waiting = {.count = 0};
    struct replay_events events;
    struct replay_inbound inbound[20];
    uint64_t ids[50];
    size_t i, processed;
    char sql[128];

    fill_jobs();
    testdb_exec(db, "DELETE FROM deliveries");
    testdb_exec(db, "DELETE FROM events");
    testdb_exec(db, "INSERT INTO events (id, application_id, type, verified, "
                    "payload) SELECT seq, 1, 'a.b', 1, '{}' "
                    "FROM seq_1_to_20000");
    /* Each event has gone to a hundred subscriptions. */
    testdb_exec(db, "INSERT INTO deliveries (id, done_day, kind, "
                    "application_id, owner_id, event_id, event_type, status, "
                    "attempts, duration_ms, completed_at) SELECT seq, "
                    "UTC_DATE(), 1, 1, 1 + seq MOD 100, 1 + seq DIV 100, "
                    "'a.b', 'failed', 1, 1, UTC_TIMESTAMP(6) "
                    "FROM seq_1_to_20000");
    for (i = 0; i < 50; i++)
        ids[i] = 100 + i;
    for (i = 0; i < 20; i++)
        inbound[i] = (struct replay_inbound){100 + i, 1};

    count_reads();
    CU_ASSERT_EQUAL(replay_look_deliveries(db, 3, &range, &deliveries), DB_OK);
    CU_ASSERT_EQUAL(deliveries.count, 50);
    check_reads("the next deliveries of a subscription", 120);
    replay_deliveries_free(&deliveries);
    count_reads();
    CU_ASSERT_EQUAL(replay_look_siblings(db, 3, 20001, ids, 50, &deliveries),
                    DB_OK);
    CU_ASSERT_EQUAL(deliveries.count, 50);
    check_reads("what became of 50 events at one of a hundred", 700);
    replay_deliveries_free(&deliveries);
    count_reads();
    CU_ASSERT_EQUAL(replay_look_processed(db, inbound, 20, &processed), DB_OK);
    check_reads("which of 20 events were processed", 300);
    count_reads();
    CU_ASSERT_EQUAL(replay_look_events(db, &range, &events), DB_OK);
    CU_ASSERT_EQUAL(events.count, 50);
    check_reads("the next events", 120);
    replay_events_free(&events);
    count_reads();
    CU_ASSERT_EQUAL(replay_look_events_of(db, ids, 50, &events), DB_OK);
    CU_ASSERT_EQUAL(events.count, 50);
    check_reads("50 events by id", 500);
    replay_events_free(&events);
    /* One lane of many has twenty thousand, and no more are looked at. */
    snprintf(sql, sizeof(sql), "UPDATE jobs SET lane = 3 << 32, shard = %u",
             lane_shard(lane_number(LANE_SUBSCRIPTION, 3)));
    testdb_exec(db, sql);
    count_reads();
    CU_ASSERT_EQUAL(replay_look_waiting(db, 1, 3, &waiting), DB_OK);
    CU_ASSERT(waiting.busy);
    check_reads("what waits for a subscription", 2 * REPLAY_BACKLOG + 300);
    replay_waiting_free(&waiting);
    testdb_exec(db, "DELETE FROM deliveries");
}

/* Among those of all sources, and of all hours. */
static void
test_a_source_is_read_by_itself(void)
{
    struct rejection_filter filter = {
        .scope = REJECTION_SOURCE, .source_id = 7, .limit = 20};
    struct rejection_list list;
    struct receiving_figures figures = {0};

    testdb_exec(db, "DELETE FROM rejections");
    testdb_exec(db, "INSERT INTO rejections (id, source_id, status, reason, "
                    "day) SELECT seq, seq MOD 100, 401, 'no_secret', "
                    "UTC_DATE() FROM seq_1_to_20000");
    testdb_exec(db, "ANALYZE TABLE rejections");
    count_reads();
    CU_ASSERT_EQUAL_FATAL(store_source_rejection_list(db, &filter, &list),
                          DB_OK);
    CU_ASSERT_EQUAL(list.count, 20);
    check_reads("the newest rejections of a source", 100);
    rejection_list_free(&list);

    testdb_exec(db, "DELETE FROM rollup_sources");
    testdb_exec(db, "DELETE FROM rollup_receiving");
    testdb_exec(db, "INSERT INTO rollup_sources (hour, source_id, action, "
                    "slot, processed) SELECT '2026-01-01' + INTERVAL seq DIV "
                    "100 HOUR, seq MOD 100, 'insert', 1, 1 "
                    "FROM seq_1_to_20000");
    testdb_exec(db, "INSERT INTO rollup_receiving (hour, source_id, slot, "
                    "ignored) SELECT hour, source_id, 1, 2 "
                    "FROM rollup_sources");
    testdb_exec(db, "ANALYZE TABLE rollup_sources, rollup_receiving");
    count_reads();
    CU_ASSERT_EQUAL(store_receiving_read(db, 7, 0, &figures), DB_OK);
    CU_ASSERT_EQUAL(figures.processed, 200);
    CU_ASSERT_EQUAL(figures.ignored, 400);
    check_reads("the figures of a source", 500);
    count_reads();
    CU_ASSERT_EQUAL(
        store_receiving_read(db, 7, FIRST_DUE_US + 190 * 3600 * CLOCK_US_PER_S,
                             &figures),
        DB_OK);
    CU_ASSERT_EQUAL(figures.processed, 10);
    check_reads("those of the last hours", 50);
    testdb_exec(db, "DELETE FROM rollup_sources");
    testdb_exec(db, "DELETE FROM rollup_receiving");
    testdb_exec(db, "DELETE FROM rejections");
}

static void
test_a_queue_is_counted_up_to_its_bound(void)
{
    uint64_t lane = lane_number(LANE_SOURCE, 7);
    uint32_t count = 0;
    char sql[256];

    fill_jobs();
    snprintf(sql, sizeof(sql),
             "UPDATE jobs SET kind = 2, shard = %u, lane = %llu "
             "WHERE id <= 15000",
             (unsigned)lane_shard(lane), (unsigned long long)lane);
    testdb_exec(db, sql);
    testdb_exec(db, "ANALYZE TABLE jobs");
    count_reads();
    CU_ASSERT_EQUAL(store_backlog_count(db, 7, 100, &count), DB_OK);
    CU_ASSERT_EQUAL(count, 100);
    check_reads("the queue of a source", 400);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"work is found without walking", test_work_is_found_without_walking},
        {"a mark passes over what is deleted",
         test_a_mark_passes_over_what_is_deleted},
        {"events are read by id", test_events_are_read_by_id},
        {"keys are read by range", test_keys_are_read_by_range},
        {"a page of deliveries reads a page",
         test_a_page_of_deliveries_reads_a_page},
        {"repeats are looked up by event", test_repeats_are_looked_up_by_event},
        {"a step of a replay reads a chunk",
         test_a_step_of_a_replay_reads_a_chunk},
        {"a source is read by itself", test_a_source_is_read_by_itself},
        {"a queue is counted up to its bound",
         test_a_queue_is_counted_up_to_its_bound},
        CU_TEST_INFO_NULL,
    };
    char option[96];
    char *extra[] = {option};
    int rc = EXIT_FAILURE;

    if (!testdb_start() || !dbproxy_open(testdb_settings.db_socket))
        return EXIT_FAILURE;
    snprintf(option, sizeof(option), "db_socket=%s", dbproxy.path);
    db = db_new(&testdb_settings);
    if (testdb_migrate() && testdb_load(&proxied, extra, 1)) {
        rc = unit_run("sql_plans", tests);
        settings_free(&proxied);
    }
    db_free(db);
    dbproxy_end();
    testdb_stop();
    return rc;
}
