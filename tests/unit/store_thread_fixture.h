/*
 * store_thread_fixture.h - what a worker's store thread has, without the
 * thread: it owns all shards, and talks to the database through dbproxy.h.
 */
#ifndef STORE_THREAD_FIXTURE_H
#define STORE_THREAD_FIXTURE_H

#include "catalog.h"
#include "dbproxy.h"
#include "flush.h"
#include "log.h"
#include "seal.h"
#include "testdb.h"
#include "unit.h"

static struct {
    struct settings settings;
    struct sealer *sealer;
    struct catalog *catalog;
    struct follower follower;
    struct payloads *payloads;
    struct desk desk;
    struct lease lease;
    struct doorbell *doorbell;
    struct db *db; /* through the proxy */
} w;

static struct db *db; /* the test's own */

static inline void
open_store_thread(void)
{
    static const uint8_t key[32] = {1};
    static const struct scheduler_limits limits = {
        .slots = 100,
        .lane_window = 5,
        .tasks = 10000,
        .event_bytes = 1000,
    };
    struct scheduler *scheduler;
    char option[96];
    char *extra[] = {option};

    snprintf(option, sizeof(option), "db_socket=%s", dbproxy.path);
    CU_ASSERT_FATAL(testdb_load(&w.settings, extra, 1));
    w.sealer = seal_from_key(key);
    w.catalog = catalog_new(w.sealer);
    w.db = db_new(&w.settings);
    w.payloads = payloads_new((size_t)64 << 20, 100000);
    follower_init(&w.follower, w.catalog, 5);
    scheduler = scheduler_new(&limits, follower_setup, &w.follower);
    CU_ASSERT_FATAL(desk_init(&w.desk, scheduler, 256));
    lease_init(&w.lease, &w.desk, w.payloads, 30);
    w.doorbell = doorbell_new(dbproxy.dir);
    CU_ASSERT_EQUAL_FATAL(
        follower_refresh(&w.follower, w.db, &w.desk, w.payloads), DB_OK);
    CU_ASSERT_EQUAL_FATAL(lease_tick(&w.lease, w.db), DB_OK);
    CU_ASSERT_EQUAL_FATAL(lease_count(&w.lease), LANE_SHARDS);
}

/* For whatever the thread is to do. */
static inline struct flush_peers
store_thread_peers(void)
{
    return (struct flush_peers){
        .settings = &w.settings,
        .db = w.db,
        .desk = &w.desk,
        .payloads = w.payloads,
        .follower = &w.follower,
        .lease = &w.lease,
        .doorbell = w.doorbell,
    };
}

/* What a crash leaves of it: nothing. */
static inline void
close_store_thread(void)
{
    struct task_list dropped = TASK_LIST_INIT;
    uint32_t shard;

    for (shard = 0; shard < LANE_SHARDS; shard++)
        scheduler_leave_shard(w.desk.scheduler, shard, true, &dropped);
    scheduler_take_dropped(w.desk.scheduler, &dropped);
    payloads_free_tasks(w.payloads, &dropped);
    desk_destroy(&w.desk);
    follower_destroy(&w.follower);
    payloads_free(w.payloads);
    catalog_free(w.catalog);
    seal_close(w.sealer);
    doorbell_free(w.doorbell);
    db_free(w.db);
    settings_free(&w.settings);
    testdb_exec(db, "UPDATE shards SET token = 0, node = 0, "
                    "lease_until = '1971-01-01 00:00:00'");
    testdb_exec(db, "UPDATE nodes SET token = 0, "
                    "lease_until = '1971-01-01 00:00:00'");
}

/* The database, the proxy, db, and the program's tests: its exit code. What is
   logged on the way is not the matter. */
static inline int
store_thread_run(const char *name, CU_TestInfo *tests)
{
    int rc = EXIT_FAILURE;

    if (!testdb_start() || !log_open(LOG_FORMAT_TEXT, LOG_ERROR, "/dev/null"))
        return EXIT_FAILURE;
    if (testdb_migrate() && dbproxy_open(testdb_settings.db_socket)) {
        db = db_new(&testdb_settings);
        rc = unit_run(name, tests);
        dbproxy_end();
        db_free(db);
    }
    testdb_stop();
    return rc;
}

#endif /* STORE_THREAD_FIXTURE_H */
