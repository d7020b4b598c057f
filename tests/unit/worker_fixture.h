/*
 * worker_fixture.h - a worker without its threads, which owns all shards: for
 * tests of what the store thread does.
 */
#ifndef WORKER_FIXTURE_H
#define WORKER_FIXTURE_H

#include "catalog.h"
#include "clock.h"
#include "desk.h"
#include "doorbell.h"
#include "follower.h"
#include "lease.h"
#include "payloads.h"
#include "scheduler.h"
#include "seal.h"
#include "testdb.h"

static struct {
    struct db *db;   /* the worker's */
    struct db *late; /* the test's own */
    struct sealer *sealer;
    struct catalog *catalog;
    struct payloads *payloads;
    struct follower follower;
    struct desk desk;
    struct lease lease;
    struct doorbell *doorbell;
} t;

/* settings: how the worker connects; they have to stay. */
static inline void
set_up(const struct settings *settings)
{
    static const uint8_t key[32] = {1};
    const struct scheduler_limits limits = {
        .slots = 100,
        .lane_window = 10,
        .tasks = 1000,
        .bytes = (size_t)1 << 24,
        .event_bytes = 102400,
        .inflight_bytes = (size_t)1 << 24,
        .breaker_failures = 5,
        .breaker_open_us = 30 * CLOCK_US_PER_S,
        .breaker_max_us = 3600 * CLOCK_US_PER_S,
    };

    t.db = db_new(settings);
    t.late = db_new(&testdb_settings);
    t.sealer = seal_from_key(key);
    t.catalog = catalog_new(t.sealer);
    t.payloads = payloads_new((size_t)1 << 24, 102400);
    t.doorbell = doorbell_new("");
    follower_init(&t.follower, t.catalog, 10);
    CU_ASSERT_FATAL(desk_init(
        &t.desk, scheduler_new(&limits, follower_setup, &t.follower), 100));
    lease_init(&t.lease, &t.desk, t.payloads, 60);
    CU_ASSERT_EQUAL_FATAL(lease_tick(&t.lease, t.db), DB_OK);
    CU_ASSERT_EQUAL_FATAL(lease_count(&t.lease), LANE_SHARDS);
}

static inline void
tear_down(void)
{
    static const char *const tables[] = {
        "jobs",       "events",     "dedupe",        "outbox",
        "rejections", "deliveries", "subscriptions", "subscription_patterns"};
    struct task_list dropped = TASK_LIST_INIT;
    struct scheduler *scheduler = desk_lock(&t.desk);
    uint32_t shard;
    char sql[64];
    size_t i;

    for (shard = 0; shard < LANE_SHARDS; shard++)
        scheduler_leave_shard(scheduler, shard, true, &dropped);
    desk_unlock(&t.desk);
    payloads_free_tasks(t.payloads, &dropped);
    lease_release(&t.lease, t.db);
    desk_destroy(&t.desk);
    follower_destroy(&t.follower);
    doorbell_free(t.doorbell);
    payloads_free(t.payloads);
    catalog_free(t.catalog);
    seal_close(t.sealer);
    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        snprintf(sql, sizeof(sql), "DELETE FROM %s", tables[i]);
        testdb_exec(t.late, sql);
    }
    testdb_exec(t.late, "UPDATE nodes SET token = 0, "
                        "lease_until = '1971-01-01 00:00:00'");
    db_free(t.late);
    db_free(t.db);
}

#endif /* WORKER_FIXTURE_H */
