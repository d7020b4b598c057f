/*
 * replay_fixture.h - a worker's store thread that has nothing but replays to
 * do, and a history for them: events 1..n of a moment, each with a failed
 * delivery to subscription 1.
 */
#ifndef REPLAY_FIXTURE_H
#define REPLAY_FIXTURE_H

#include "clock.h"
#include "id.h"
#include "replay.h"
#include "store_job.h"
#include "store_replay.h"
#include "store_thread_fixture.h"

static struct replayer *replayer;
static struct id_source ids;
static uint64_t events_from; /* ids of the events and deliveries count from */
static uint64_t deliveries_from;

static inline void
open_worker(void)
{
    struct flush_peers peers;

    open_store_thread();
    peers = store_thread_peers();
    replayer = replayer_new(&peers);
}

static inline void
close_worker(void)
{
    replayer_free(replayer);
    close_store_thread();
}

static inline void
start_anew(void)
{
    static const char *const statements[] = {
        "DELETE FROM events",
        "DELETE FROM jobs",
        "DELETE FROM deliveries",
        "DELETE FROM replays",
        "DELETE FROM lane_state",
        "DELETE FROM subscriptions",
        "DELETE FROM subscription_patterns",
        "UPDATE config_version SET version = 2",
        "INSERT INTO subscriptions (id, application_id, url, secret, "
        "config_version) VALUES (1, 1, 'https://e.org', '', 2), "
        "(2, 1, 'https://e.org', '', 2), (3, 2, 'https://e.org', '', 2)",
        "INSERT INTO subscription_patterns VALUES (1, 0, 'a.*'), "
        "(2, 0, 'a.*'), (3, 0, 'a.*')",
    };
    size_t i;

    for (i = 0; i < sizeof(statements) / sizeof(statements[0]); i++)
        testdb_exec(db, statements[i]);
    events_from = id_floor(clock_wall_us() - 60 * CLOCK_US_PER_S);
    deliveries_from = id_floor(clock_wall_us() - 50 * CLOCK_US_PER_S);
    dbproxy_fail(NULL, DBPROXY_BEFORE, 0);
}

static inline void
add_events(unsigned n)
{
    char sql[384];

    snprintf(sql, sizeof(sql),
             "INSERT INTO events (id, application_id, type, verified, payload) "
             "SELECT %llu + seq, 1, 'a.b', 1, '{}' FROM seq_1_to_%u",
             (unsigned long long)events_from, n);
    testdb_exec(db, sql);
}

/* One for each of the first n events. */
static inline void
add_deliveries(unsigned n, unsigned subscription, const char *status)
{
    char sql[512];

    snprintf(sql, sizeof(sql),
             "INSERT INTO deliveries (id, done_day, kind, application_id, "
             "owner_id, event_id, event_type, status, attempts, duration_ms, "
             "completed_at) SELECT %llu + %u * 100000 + seq, UTC_DATE(), 1, 1, "
             "%u, %llu + seq, 'a.b', '%s', 1, 1, UTC_TIMESTAMP(6) "
             "FROM seq_1_to_%u",
             (unsigned long long)deliveries_from, subscription, subscription,
             (unsigned long long)events_from, status, n);
    testdb_exec(db, sql);
}

static inline uint64_t
count(const char *what)
{
    return testdb_count(db, what);
}

static inline uint64_t
make_replay(enum replay_kind kind, uint32_t subscription, uint32_t rate,
            bool confirmed)
{
    const struct replay wanted = {
        .application_id = 1,
        .subscription_id = subscription,
        .kind = kind,
        .until_us = clock_wall_us(),
        .filter = {.status = DELIVERY_FAILED},
        .rate = rate,
    };
    uint64_t id = 0;

    CU_ASSERT_EQUAL_FATAL(
        store_replay_insert(db, &ids, &wanted, confirmed, &id), DB_OK);
    return id;
}

static inline struct replay
replay_of(uint64_t id)
{
    struct replay replay = {.id = 0};

    CU_ASSERT_EQUAL_FATAL(store_replay_get(db, 0, id, &replay), DB_OK);
    replay_free(&replay);
    return replay;
}

/* Reads the replay jobs there are and hands them over. */
static inline void
take_replays(void)
{
    struct job_page page = {NULL, 0, 0, 0};
    struct scheduler_now now = {.now_us = clock_mono_us()};
    struct scheduler *s = w.desk.scheduler;
    struct task *task;
    size_t i, served;

    CU_ASSERT_EQUAL_FATAL(store_job_tail(db, 0, 100000, &page), DB_OK);
    now.database_us = page.now_us;
    for (i = 0; i < page.count; i++) {
        if (page.rows[i].kind != JOB_REPLAY)
            continue;
        task = scheduler_offer(s, &page.rows[i], &now);
        if (task == NULL)
            continue; /* it is known */
        CU_ASSERT_EQUAL_FATAL(
            payloads_serve(w.payloads, w.db, &task, 1, &served), DB_OK);
        scheduler_ready(s, task);
    }
    job_page_free(&page);
    while ((task = scheduler_next_local(s)) != NULL) {
        CU_ASSERT_EQUAL(task->job.kind, JOB_REPLAY);
        task->attempt = (struct attempt){.body = NULL};
        scheduler_end(s, task, clock_mono_us(), 0);
        replayer_add(replayer, task);
    }
}

/* All deliveries that wait succeed. */
static inline void
deliver_all(void)
{
    testdb_exec(db, "START TRANSACTION");
    testdb_exec(db,
                "INSERT INTO deliveries (id, done_day, kind, application_id, "
                "owner_id, event_id, event_type, status, attempts, retry_of, "
                "duration_ms, completed_at) SELECT id, UTC_DATE(), 1, 1, "
                "lane >> 32, event_id, 'a.b', 'success', 1, retry_of, 1, "
                "UTC_TIMESTAMP(6) FROM jobs WHERE kind = 1");
    testdb_exec(db, "DELETE FROM jobs WHERE kind = 1");
    testdb_exec(db, "COMMIT");
}

#endif /* REPLAY_FIXTURE_H */
