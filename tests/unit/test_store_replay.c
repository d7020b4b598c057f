/*
 * test_store_replay.c - unit tests for core/store/replays/store_replay.c,
 * core/store/replays/store_replay_step.c and core/store/replays/replay_row.c
 */
#include "clock.h"
#include "lane.h"
#include "store_replay.h"
#include "store_replay_step.h"
#include "testdb.h"
#include "unit.h"

static struct db *db;
static struct id_source ids;

static void
start_anew(void)
{
    static const char *const statements[] = {
        "DELETE FROM replays",
        "DELETE FROM jobs",
        "DELETE FROM deliveries",
        "DELETE FROM subscriptions",
        "INSERT INTO subscriptions (id, application_id, url, secret, adhoc, "
        "deleted_at, config_version) VALUES (1, 1, 'u', '', 0, NULL, 1), "
        "(2, 2, 'u', '', 0, NULL, 1), (3, 1, 'u', '', 1, NULL, 1), "
        "(4, 1, 'u', '', 0, NOW(), 1)",
    };
    size_t i;

    for (i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
        testdb_exec(db, statements[i]);
}

static enum db_result
insert(uint32_t application, uint32_t subscription, bool confirmed,
       uint64_t *id)
{
    const struct replay wanted = {
        .application_id = application,
        .subscription_id = subscription,
        .kind = REPLAY_RETRY,
        .since_us = clock_wall_us() - CLOCK_US_PER_DAY,
        .until_us = clock_wall_us(),
        .filter = {.status = DELIVERY_CANCELLED,
                   .types = {SLICE("a.b")},
                   .type_count = 1},
        .rate = 7,
    };

    return store_replay_insert(db, &ids, &wanted, confirmed, id);
}

static uint64_t
made(bool confirmed)
{
    uint64_t id = 0;

    CU_ASSERT_EQUAL_FATAL(insert(1, 1, confirmed, &id), DB_OK);
    return id;
}

static struct replay
read_one(uint64_t id)
{
    struct replay replay = {.id = 0};

    CU_ASSERT_EQUAL_FATAL(store_replay_get(db, 0, id, &replay), DB_OK);
    replay_free(&replay);
    return replay;
}

static void
test_made_with_its_job(void)
{
    struct replay replay;
    uint64_t id, lane;

    start_anew();
    id = made(false);
    CU_ASSERT_EQUAL_FATAL(store_replay_get(db, 1, id, &replay), DB_OK);
    CU_ASSERT_EQUAL(replay.status, REPLAY_COUNTING);
    CU_ASSERT_EQUAL(replay.subscription_id, 1);
    CU_ASSERT_EQUAL(replay.rate, 7);
    CU_ASSERT_EQUAL(replay.filter.status, DELIVERY_CANCELLED);
    CU_ASSERT(slice_is(replay.filter.types[0], "a.b"));
    CU_ASSERT_EQUAL(replay.confirmed_at_us, 0);
    replay_free(&replay);
    lane = testdb_u64(db, "SELECT j.lane FROM jobs j JOIN replays r "
                          "ON r.job_id = j.id WHERE j.kind = 4");
    CU_ASSERT_EQUAL(lane, lane_number(LANE_REPLAY, 1));
}

static void
test_whose_it_is(void)
{
    static const struct {
        const char *claim;
        uint32_t application, subscription;
        enum db_result want;
        uint32_t owner;
    } rows[] = {
        {"of one's own subscription", 1, 1, DB_OK, 1},
        {"of another's", 1, 2, DB_NONE, 0},
        {"of any, by an administrator", 0, 2, DB_OK, 2},
        {"of one that is not there", 0, 99, DB_NONE, 0},
        {"of one made for a test", 1, 3, DB_NONE, 0},
        {"of a deleted one", 1, 4, DB_NONE, 0},
        {"of all of an application", 2, 0, DB_OK, 2},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum db_result got;
        uint64_t id = 0;

        start_anew();
        got = insert(rows[i].application, rows[i].subscription, false, &id);
        if (got != rows[i].want)
            fprintf(stderr, "\n%s: %s\n", rows[i].claim, db_result_name(got));
        CU_ASSERT_EQUAL(got, rows[i].want);
        if (got == DB_OK)
            CU_ASSERT_EQUAL(read_one(id).application_id, rows[i].owner);
        CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs"),
                        got == DB_OK);
    }
}

static void
test_anothers_is_not_there(void)
{
    struct replay_list list;
    struct replay replay;
    bool changed;
    uint64_t id;

    start_anew();
    id = made(false);
    CU_ASSERT_EQUAL(store_replay_get(db, 2, id, &replay), DB_NONE);
    CU_ASSERT_EQUAL(store_replay_confirm(db, &ids, 2, id, &changed), DB_NONE);
    CU_ASSERT_EQUAL(store_replay_cancel(db, 2, id, &changed), DB_NONE);
    CU_ASSERT_EQUAL(store_replay_cancel_live(db, 2, id), DB_NONE);
    CU_ASSERT_EQUAL_FATAL(
        store_replay_list(db, 2, REPLAY_STATUSES, 0, 10, &list), DB_OK);
    CU_ASSERT_EQUAL(list.count, 0);
    replay_list_free(&list);
    CU_ASSERT_EQUAL(read_one(id).status, REPLAY_COUNTING);
}

static void
test_confirmed_once(void)
{
    struct replay replay;
    bool changed = false;
    uint64_t id, job;

    start_anew();
    id = made(false);
    job = read_one(id).job_id;
    /* While it is counted it is only noted. */
    CU_ASSERT_EQUAL(store_replay_confirm(db, &ids, 1, id, &changed), DB_OK);
    CU_ASSERT(changed);
    CU_ASSERT_EQUAL(read_one(id).status, REPLAY_COUNTING);
    CU_ASSERT_EQUAL(read_one(id).job_id, job);
    CU_ASSERT_EQUAL(store_replay_confirm(db, &ids, 1, id, &changed), DB_OK);
    CU_ASSERT_FALSE(changed);

    testdb_exec(db, "DELETE FROM jobs");
    testdb_exec(db, "UPDATE replays SET status = 'planned', job_id = NULL, "
                    "confirmed_at = NULL, cursor_id = 5, skipped = 3");
    CU_ASSERT_EQUAL(store_replay_confirm(db, &ids, 1, id, &changed), DB_OK);
    CU_ASSERT(changed);
    replay = read_one(id);
    CU_ASSERT_EQUAL(replay.status, REPLAY_RUNNING);
    CU_ASSERT_EQUAL(replay.cursor_id, 0);
    CU_ASSERT_EQUAL(replay.skipped, 0);
    CU_ASSERT(replay.job_id > job);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs"), 1);
    CU_ASSERT_EQUAL(store_replay_confirm(db, &ids, 1, id, &changed), DB_OK);
    CU_ASSERT_FALSE(changed);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs"), 1);
}

static void
test_cancelled_once(void)
{
    bool changed = false;
    uint64_t id;

    start_anew();
    id = made(true);
    CU_ASSERT_EQUAL(store_replay_cancel(db, 1, id, &changed), DB_OK);
    CU_ASSERT(changed);
    CU_ASSERT_EQUAL(read_one(id).status, REPLAY_CANCELLED);
    CU_ASSERT(read_one(id).finished_at_us > 0);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs"), 0);
    CU_ASSERT_EQUAL(store_replay_cancel(db, 1, id, &changed), DB_OK);
    CU_ASSERT_FALSE(changed);
    CU_ASSERT_EQUAL(store_replay_confirm(db, &ids, 1, id, &changed), DB_OK);
    CU_ASSERT_FALSE(changed);
}

static void
test_deleted(void)
{
    static const char *const states[] = {"planned", "counting"};
    struct replay replay;
    bool changed;
    uint64_t id;
    size_t i;

    for (i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        char sql[128];

        start_anew();
        id = made(false);
        snprintf(sql, sizeof(sql), "UPDATE replays SET status = '%s'",
                 states[i]);
        testdb_exec(db, sql);
        testdb_exec(db, "UPDATE subscriptions SET deleted_at = NOW() "
                        "WHERE id = 1");
        changed = true;
        CU_ASSERT_EQUAL(store_replay_confirm(db, &ids, 1, id, &changed), DB_OK);
        CU_ASSERT_FALSE(changed);
        CU_ASSERT_EQUAL_FATAL(store_replay_get(db, 0, id, &replay), DB_OK);
        CU_ASSERT_EQUAL(replay.status, REPLAY_CANCELLED);
        CU_ASSERT_PTR_NOT_NULL_FATAL(replay.error);
        CU_ASSERT_STRING_EQUAL(replay.error, REPLAY_DELETED);
        CU_ASSERT_EQUAL(replay.confirmed_at_us, 0);
        CU_ASSERT(replay.finished_at_us > 0);
        replay_free(&replay);
        CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs"), 0);
    }
}

/* Jobs 11 to 14, of which the row knows. */
static uint64_t
running_with_jobs(void)
{
    uint64_t id = made(true);
    char sql[256];

    testdb_exec(db, "UPDATE replays SET status = 'running', made = 4, "
                    "live = '11,12,13,14'");
    snprintf(sql, sizeof(sql),
             "INSERT INTO jobs (id, kind, shard, lane, event_id) "
             "SELECT seq, 1, %u, 1 << 32, seq FROM seq_11_to_14",
             lane_shard(lane_number(LANE_SUBSCRIPTION, 1)));
    testdb_exec(db, sql);
    return id;
}

static void
end_job(unsigned id, const char *status)
{
    char sql[384];

    snprintf(sql, sizeof(sql),
             "INSERT INTO deliveries (id, done_day, kind, application_id, "
             "owner_id, event_id, event_type, status, attempts, duration_ms, "
             "completed_at) VALUES (%u, UTC_DATE(), 1, 1, 1, 5, 'a', '%s', 1, "
             "1, UTC_TIMESTAMP(6))",
             id, status);
    testdb_exec(db, sql);
    snprintf(sql, sizeof(sql), "DELETE FROM jobs WHERE id = %u", id);
    testdb_exec(db, sql);
}

static void
test_what_became_of_its_deliveries(void)
{
    struct replay replay;
    uint64_t id;

    start_anew();
    id = running_with_jobs();
    CU_ASSERT_EQUAL(read_one(id).live_count, 4);
    end_job(12, "success");
    end_job(13, "failed");
    testdb_exec(db, "DELETE FROM jobs WHERE id = 14"); /* no history of it */
    replay = read_one(id);
    CU_ASSERT_EQUAL(replay.live_count, 1);
    CU_ASSERT_EQUAL(replay.live[0], 11);
    CU_ASSERT_EQUAL(replay.succeeded, 1);
    CU_ASSERT_EQUAL(replay.failed, 1);
    CU_ASSERT_EQUAL(replay.cancelled, 0);
    /* Looking writes nothing: asked again it says the same. */
    CU_ASSERT_EQUAL(read_one(id).succeeded, 1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT succeeded FROM replays"), 0);
}

static void
test_its_deliveries_are_cancelled(void)
{
    struct replay replay;
    uint64_t id;

    start_anew();
    id = running_with_jobs();
    end_job(12, "success");
    CU_ASSERT_EQUAL(store_replay_cancel_live(db, 1, id), DB_OK);
    replay = read_one(id);
    CU_ASSERT_EQUAL(replay.live_count, 0);
    CU_ASSERT_EQUAL(replay.succeeded, 1);
    CU_ASSERT_EQUAL(replay.cancelled, 3);
}

static void
test_steps_of_the_worker(void)
{
    struct replay replay;
    bool changed = false;
    uint64_t id, job;

    start_anew();
    id = running_with_jobs();
    job = read_one(id).job_id;
    end_job(11, "success");
    CU_ASSERT_EQUAL(store_replay_lock(db, job + 1, &replay), DB_NONE);
    CU_ASSERT_EQUAL_FATAL(store_replay_lock(db, job, &replay), DB_OK);
    CU_ASSERT_EQUAL(store_replay_settle(db, &replay, &changed), DB_OK);
    CU_ASSERT(changed);
    CU_ASSERT_EQUAL(store_replay_settle(db, &replay, &changed), DB_OK);
    CU_ASSERT_FALSE(changed);
    replay.cursor_id = 4711;
    CU_ASSERT_EQUAL(store_replay_save(db, &replay), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT cursor_id FROM replays WHERE "
                                   "live = '12,13,14' AND succeeded = 1"),
                    4711);
    replay.status = REPLAY_DONE;
    CU_ASSERT_EQUAL(store_replay_leave(db, &replay), DB_OK);
    CU_ASSERT_EQUAL(store_replay_leave(db, &replay), DB_AGAIN);
    CU_ASSERT_EQUAL(read_one(id).job_id, 0);
    CU_ASSERT(read_one(id).finished_at_us > 0);
    replay_free(&replay);
}

static void
test_pages(void)
{
    struct replay_list list;
    uint64_t made_ids[5];
    size_t i;

    start_anew();
    for (i = 0; i < 5; i++)
        made_ids[i] = made(false);
    CU_ASSERT_EQUAL_FATAL(
        store_replay_list(db, 1, REPLAY_STATUSES, 0, 3, &list), DB_OK);
    CU_ASSERT_EQUAL_FATAL(list.count, 3);
    CU_ASSERT_EQUAL(list.rows[0].id, made_ids[4]);
    CU_ASSERT_EQUAL(list.next, made_ids[2]);
    replay_list_free(&list);
    CU_ASSERT_EQUAL_FATAL(
        store_replay_list(db, 1, REPLAY_COUNTING, made_ids[2], 3, &list),
        DB_OK);
    CU_ASSERT_EQUAL_FATAL(list.count, 2);
    CU_ASSERT_EQUAL(list.rows[1].id, made_ids[0]);
    CU_ASSERT_EQUAL(list.next, 0);
    replay_list_free(&list);
    CU_ASSERT_EQUAL_FATAL(store_replay_list(db, 1, REPLAY_DONE, 0, 3, &list),
                          DB_OK);
    CU_ASSERT_EQUAL(list.count, 0);
    replay_list_free(&list);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"made with its job", test_made_with_its_job},
        {"whose it is", test_whose_it_is},
        {"another application's is not there", test_anothers_is_not_there},
        {"confirmed once", test_confirmed_once},
        {"a deleted subscription's is ended instead", test_deleted},
        {"cancelled once", test_cancelled_once},
        {"what became of its deliveries", test_what_became_of_its_deliveries},
        {"its deliveries are cancelled", test_its_deliveries_are_cancelled},
        {"steps of the worker", test_steps_of_the_worker},
        {"pages", test_pages},
        CU_TEST_INFO_NULL,
    };
    int rc;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (!testdb_migrate()) {
        testdb_stop();
        return EXIT_FAILURE;
    }
    db = db_new(&testdb_settings);
    id_source_init(&ids, 1022);
    rc = unit_run("store_replay", tests);
    db_free(db);
    testdb_stop();
    return rc;
}
