/*
 * commit_fixture.h - a committer in front of the test database, behind the
 * proxy that can fail, and threads that hand events in.
 */
#ifndef COMMIT_FIXTURE_H
#define COMMIT_FIXTURE_H

#include "commit.h"
#include "dbproxy.h"
#include "testdb.h"

#include "alloc.h"
#include "clock.h"
#include "sql.h"

#include <stdatomic.h>
#include <string.h>

#define THREADS 32
#define EACH 200

/* One committer with what it needs, through the proxy. */
static struct {
    struct settings settings;
    struct sealer *sealer;
    struct catalog *catalog;
    struct id_source ids;
    struct committer *committer;
    struct db *db; /* the test's own, not through the proxy */
} t;

static inline void
set_up(void)
{
    static const uint8_t key[32] = {1};
    char option[96];
    char *extra[] = {option};

    snprintf(option, sizeof(option), "db_socket=%s", dbproxy.path);
    CU_ASSERT_FATAL(testdb_load(&t.settings, extra, 1));
    t.sealer = seal_from_key(key);
    t.catalog = catalog_new(t.sealer);
    id_source_init(&t.ids, 7);
    t.committer = commit_new(&t.settings, t.catalog, &t.ids, NULL);
    t.db = db_new(&testdb_settings);
    dbproxy_fail(NULL, DBPROXY_BEFORE, 0);
    dbproxy_start();
}

static inline void
tear_down(void)
{
    commit_free(t.committer);
    catalog_free(t.catalog);
    seal_close(t.sealer);
    settings_free(&t.settings);
    testdb_exec(t.db, "DELETE FROM events");
    testdb_exec(t.db, "DELETE FROM jobs");
    testdb_exec(t.db, "DELETE FROM dedupe");
    testdb_exec(t.db, "DELETE FROM subscription_patterns");
    testdb_exec(t.db, "DELETE FROM subscriptions");
    testdb_exec(t.db, "UPDATE config_version SET version = 1");
    db_free(t.db);
}

static inline void
subscribe(uint32_t id, const char *pattern)
{
    char sql[256];

    testdb_exec(t.db, "UPDATE config_version SET version = version + 1");
    snprintf(sql, sizeof(sql),
             "INSERT INTO subscriptions (id, application_id, url, secret, "
             "config_version) VALUES (%u, 1, 'https://e.org', '', "
             "(SELECT version FROM config_version))",
             id);
    testdb_exec(t.db, sql);
    snprintf(sql, sizeof(sql),
             "INSERT INTO subscription_patterns VALUES (%u, 0, '%s')", id,
             pattern);
    testdb_exec(t.db, sql);
}

static inline struct new_event
make_event(const char *type, enum event_route route)
{
    return (struct new_event){
        .application_id = 1,
        .source_id = route == ROUTE_PROCESS ? 2 : 0,
        .type = slice_of(type),
        .payload = SLICE("{\"n\":12345678901234567890}"),
        .verified = true,
        .route = route,
    };
}

static inline uint64_t
count(const char *table, const char *where)
{
    char sql[1024];

    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM %s WHERE %s", table,
             where);
    return testdb_u64(t.db, sql);
}

struct acknowledged {
    uint64_t ids[EACH];
    size_t ok, away, broken;
    size_t thread;
    bool poison; /* every tenth event cannot be stored */
};

static inline void *
send_events(void *arg)
{
    struct acknowledged *mine = arg;
    static const char long_type[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    char external[32];
    size_t i;

    for (i = 0; i < EACH; i++) {
        struct new_event event = make_event("a.b", ROUTE_PROCESS_MATCH);

        snprintf(external, sizeof(external), "t%zu-%zu", mine->thread, i);
        event.external_id = slice_of(external);
        if (mine->poison && i % 10 == 9)
            event.type = slice_of(long_type);
        switch (commit_events(t.committer, &event, 1)) {
        case DB_OK:
            mine->ids[mine->ok++] = event.id;
            break;
        case DB_AWAY:
            mine->away++;
            break;
        default:
            mine->broken++;
            break;
        }
    }
    return NULL;
}

/* Runs the threads; returns what each was told. The caller frees it. */
static inline struct acknowledged *
run_threads(bool poison)
{
    struct acknowledged *all = xcalloc(THREADS, sizeof(*all));
    pthread_t threads[THREADS];
    size_t i;

    for (i = 0; i < THREADS; i++) {
        all[i].thread = i;
        all[i].poison = poison;
        pthread_create(&threads[i], NULL, send_events, &all[i]);
    }
    for (i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return all;
}

/* Every acknowledged event is there, and every event is there once and has its
   two jobs. Returns how many were acknowledged. */
static inline size_t
check_acknowledged(const struct acknowledged *all)
{
    struct buf sql = BUF_INIT((size_t)1 << 20);
    size_t i, j, ok = 0;

    testdb_exec(t.db, "CREATE OR REPLACE TABLE acknowledged "
                      "(id BIGINT UNSIGNED PRIMARY KEY)");
    sql_raw(&sql, "INSERT INTO acknowledged VALUES (0)");
    for (i = 0; i < THREADS; i++)
        for (j = 0; j < all[i].ok; j++, ok++) {
            sql_raw(&sql, ",(");
            sql_u64(&sql, all[i].ids[j]);
            sql_raw(&sql, ")");
        }
    testdb_exec(t.db, sql.data); /* fails if an id was given twice */
    buf_free(&sql);
    CU_ASSERT_EQUAL(count("acknowledged a LEFT JOIN events e ON e.id = a.id",
                          "a.id > 0 AND e.id IS NULL"),
                    0);
    CU_ASSERT_EQUAL(
        testdb_u64(t.db, "SELECT COUNT(DISTINCT external_id) FROM events"),
        count("events", "1"));
    CU_ASSERT_EQUAL(testdb_u64(t.db, "SELECT COUNT(*) FROM (SELECT event_id, "
                                     "COUNT(*) n, SUM(kind) kinds FROM jobs "
                                     "GROUP BY event_id) x JOIN events e ON "
                                     "e.id = x.event_id WHERE n = 2 AND "
                                     "kinds = 3"),
                    count("events", "1"));
    CU_ASSERT_EQUAL(count("jobs", "1"), 2 * count("events", "1"));
    return ok;
}

static inline struct new_event
make_keyed(const char *key)
{
    struct new_event event = make_event("a.b", ROUTE_MATCH);

    event_dedupe_hash(&event, "test", 1, slice_of(key));
    return event;
}

/* The database, the proxy, and the program's tests. */
static inline int
commit_fixture_run(int (*run)(void))
{
    int rc;

    /* What the committer has to say about broken rows is not the matter. */
    if (!testdb_start() || !log_open(LOG_FORMAT_TEXT, LOG_ERROR, "/dev/null"))
        return EXIT_FAILURE;
    if (!testdb_migrate() || !dbproxy_open(testdb_settings.db_socket)) {
        testdb_stop();
        return EXIT_FAILURE;
    }
    rc = run();
    dbproxy_end();
    testdb_stop();
    return rc;
}

#endif /* COMMIT_FIXTURE_H */
