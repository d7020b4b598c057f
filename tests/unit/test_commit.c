/*
 * test_commit.c - unit tests for core/commit.c, the batch, and its statements.
 */
#include "commit.h"
#include "dbproxy.h"
#include "testdb.h"
#include "unit.h"

#include "alloc.h"
#include "clock.h"
#include "dedupe.h"
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

static void
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

static void
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

static void
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

static struct new_event
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

static uint64_t
count(const char *table, const char *where)
{
    char sql[512];

    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM %s WHERE %s", table,
             where);
    return testdb_u64(t.db, sql);
}

static void
test_routes(void)
{
    static const struct {
        const char *claim;
        enum event_route route;
        uint64_t jobs, process_jobs;
        uint32_t matched;
        bool has_job_id;
    } rows[] = {
        {"an inbound event is processed", ROUTE_PROCESS, 1, 1, 0, true},
        {"a triggered one goes to all who want it", ROUTE_MATCH, 2, 0, 2, true},
        {"relayed on receipt: both", ROUTE_PROCESS_MATCH, 3, 1, 2, true},
        {"a test goes to one alone", ROUTE_ONE, 1, 0, 1, true},
    };
    size_t i;

    set_up();
    subscribe(11, "order.*");
    subscribe(12, "order.created");
    subscribe(13, "other");
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct new_event event = make_event("order.created", rows[i].route);
        char where[128];
        bool ok;

        event.source_id = 2;
        event.subscription_id = 13;
        CU_ASSERT_EQUAL_FATAL(commit_events(t.committer, &event, 1), DB_OK);
        snprintf(where, sizeof(where), "event_id = %llu",
                 (unsigned long long)event.id);
        ok = count("jobs", where) == rows[i].jobs &&
             event.matched == rows[i].matched &&
             (event.job_id != 0) == rows[i].has_job_id && !event.duplicate;
        if (!ok)
            fprintf(stderr, "\n%s: got %llu jobs, %u matched\n", rows[i].claim,
                    (unsigned long long)count("jobs", where), event.matched);
        CU_ASSERT(ok);
        snprintf(where, sizeof(where),
                 "event_id = %llu AND kind = 2 AND lane = 2 * 8 + 1",
                 (unsigned long long)event.id);
        CU_ASSERT_EQUAL(count("jobs", where), rows[i].process_jobs);
        snprintf(where, sizeof(where), "id = %llu AND event_id = %llu",
                 (unsigned long long)event.job_id,
                 (unsigned long long)event.id);
        CU_ASSERT_EQUAL(count("jobs", where), 1);
    }
    CU_ASSERT_EQUAL(count("jobs", "kind = 1 AND lane = 13 * 8"), 1);
    CU_ASSERT_EQUAL(count("jobs", "kind = 1 AND lane = 11 * 8"), 2);
    CU_ASSERT_EQUAL(count("jobs", "shard >= 64 OR test <> 0 OR attempts <> 0 "
                                  "OR next_retry_at > UTC_TIMESTAMP(6)"),
                    0);
    tear_down();
}

static void
test_columns(void)
{
    struct new_event event = make_event("a.b", ROUTE_MATCH);
    struct new_event nobody = make_event("a.b", ROUTE_MATCH);
    const struct slice channels[] = {SLICE("c'1")};
    char sql[512];

    set_up();
    subscribe(11, "a.b");
    event.payload = SLICE("{\"q\":\"it's \\\\ \xf0\x9f\x98\x80\"}");
    event.metadata = SLICE("{\"m\":1}");
    event.external_id = SLICE("ext'1");
    event.channels_json = SLICE("[\"c'1\"]");
    event.channels = channels;
    event.channel_count = 1;
    event.verified = false;
    event.test = true;
    event.deliver_at_us = INT64_C(1893456000000000); /* 2030-01-01 */
    CU_ASSERT_EQUAL_FATAL(commit_events(t.committer, &event, 1), DB_OK);
    snprintf(sql, sizeof(sql),
             "id = %llu AND application_id = 1 AND source_id = 0 AND "
             "type = 'a.b' AND verified = 0 AND test = 1 AND "
             "external_id = 'ext''1' AND channels = '[\"c''1\"]' AND "
             "metadata = '{\"m\":1}' AND payload = "
             "'{\"q\":\"it''s \\\\\\\\ \xf0\x9f\x98\x80\"}'",
             (unsigned long long)event.id);
    CU_ASSERT_EQUAL(count("events", sql), 1);
    CU_ASSERT_EQUAL(count("jobs", "test = 1 AND lane = 88 AND "
                                  "next_retry_at = '2030-01-01'"),
                    1);

    nobody.application_id = 5; /* nobody wants it: stored all the same */
    CU_ASSERT_EQUAL_FATAL(commit_events(t.committer, &nobody, 1), DB_OK);
    CU_ASSERT_EQUAL(nobody.matched, 0);
    CU_ASSERT_EQUAL(nobody.job_id, 0);
    CU_ASSERT_EQUAL(count("events", "application_id = 5 AND metadata IS NULL "
                                    "AND external_id IS NULL"),
                    1);
    CU_ASSERT_EQUAL(count("jobs", "1"), 1);
    tear_down();
}

/* What was there before the request is matched, what has gone is not. */
static void
test_fresh_catalog(void)
{
    uint32_t id;

    set_up();
    for (id = 21; id < 31; id++) {
        struct new_event event = make_event("a.b", ROUTE_MATCH);

        subscribe(id, "a.b");
        CU_ASSERT_EQUAL_FATAL(commit_events(t.committer, &event, 1), DB_OK);
        CU_ASSERT_EQUAL(event.matched, id - 20);
    }
    testdb_exec(t.db, "UPDATE config_version SET version = version + 1");
    testdb_exec(t.db, "UPDATE subscriptions SET active = 0, config_version = "
                      "(SELECT version FROM config_version)");
    {
        struct new_event event = make_event("a.b", ROUTE_MATCH);

        CU_ASSERT_EQUAL_FATAL(commit_events(t.committer, &event, 1), DB_OK);
        CU_ASSERT_EQUAL(event.matched, 0);
    }
    tear_down();
}

struct acknowledged {
    uint64_t ids[EACH];
    size_t ok, away, broken;
    size_t thread;
    bool poison; /* every tenth event cannot be stored */
};

static void *
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
static struct acknowledged *
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
static size_t
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

static void
test_many_threads(void)
{
    struct acknowledged *all;

    set_up();
    subscribe(11, "a.b");
    all = run_threads(false);
    CU_ASSERT_EQUAL(check_acknowledged(all), THREADS * EACH);
    CU_ASSERT_EQUAL(count("events", "1"), THREADS * EACH);
    free(all);
    tear_down();
}

/* A row that the database refuses fails alone. */
static void
test_poison(void)
{
    struct acknowledged *all;
    size_t i;

    set_up();
    subscribe(11, "a.b");
    all = run_threads(true);
    CU_ASSERT_EQUAL(check_acknowledged(all), THREADS * EACH * 9 / 10);
    for (i = 0; i < THREADS; i++) {
        CU_ASSERT_EQUAL(all[i].broken, EACH / 10);
        CU_ASSERT_EQUAL(all[i].away, 0);
    }
    CU_ASSERT_EQUAL(count("events", "1"), THREADS * EACH * 9 / 10);
    free(all);
    tear_down();
}

/* One request's events are written together or not at all. */
static void
test_all_or_none(void)
{
    enum { MANY = 1000 };
    struct new_event *events = xcalloc(MANY, sizeof(*events));
    char *large = xcalloc(1, (size_t)20 << 20);
    size_t i;

    set_up();
    subscribe(11, "a.b");
    for (i = 0; i < MANY; i++)
        events[i] = make_event("a.b", ROUTE_MATCH);
    CU_ASSERT_EQUAL(commit_events(t.committer, events, 0), DB_OK);
    CU_ASSERT_EQUAL(commit_events(t.committer, events, MANY), DB_OK);
    CU_ASSERT_EQUAL(count("events", "1"), MANY);
    CU_ASSERT_EQUAL(count("jobs", "1"), MANY);
    for (i = 1; i < MANY; i++)
        CU_ASSERT_FATAL(events[i].id > events[i - 1].id);

    events[MANY - 1].application_id = 1;
    events[MANY - 1].type = SLICE("\xff\xfe"); /* no text at all */
    CU_ASSERT_EQUAL(commit_events(t.committer, events, MANY), DB_BROKEN);
    CU_ASSERT_EQUAL(count("events", "1"), MANY);

    /* Larger than one packet together: several packets, one transaction. */
    memset(large, 'x', (size_t)20 << 20);
    large[0] = large[5 << 20] = '"';
    for (i = 0; i < 5; i++) {
        events[i] = make_event("a.b", ROUTE_MATCH);
        events[i].payload = slice_make(large, (5 << 20) + 1);
    }
    CU_ASSERT_EQUAL(commit_events(t.committer, events, 5), DB_OK);
    CU_ASSERT_EQUAL(count("events", "LENGTH(payload) = 5242881"), 5);

    /* Larger than a packet may be: refused, and nothing is left. */
    events[4].payload = slice_make(large, (size_t)20 << 20);
    CU_ASSERT_EQUAL(commit_events(t.committer, events, 5), DB_BROKEN);
    CU_ASSERT_EQUAL(count("events", "1"), MANY + 5);
    events[4].payload = SLICE("{}");
    CU_ASSERT_EQUAL(commit_events(t.committer, events + 4, 1), DB_OK);
    free(large);
    free(events);
    tear_down();
}

static void
test_many_matches(void)
{
    struct new_event events[3];
    size_t i;

    set_up();
    testdb_exec(t.db, "INSERT INTO subscriptions (id, application_id, url, "
                      "secret, config_version) SELECT seq, 1, 'https://e.org', "
                      "'', 1 FROM seq_1_to_15000");
    testdb_exec(t.db, "INSERT INTO subscription_patterns SELECT seq, 0, 'a.*' "
                      "FROM seq_1_to_15000");
    for (i = 0; i < 3; i++)
        events[i] = make_event("a.b", ROUTE_MATCH);
    CU_ASSERT_EQUAL(commit_events(t.committer, events, 3), DB_OK);
    CU_ASSERT_EQUAL(events[2].matched, 15000);
    CU_ASSERT_EQUAL(count("jobs", "1"), 45000);
    CU_ASSERT_EQUAL(testdb_u64(t.db, "SELECT COUNT(DISTINCT lane) FROM jobs"),
                    15000);
    tear_down();
}

static struct new_event
make_keyed(const char *key)
{
    struct new_event event = make_event("a.b", ROUTE_MATCH);

    event_dedupe_hash(&event, "test", 1, slice_of(key));
    return event;
}

static void
test_duplicates(void)
{
    struct new_event first = make_keyed("k1"), again = make_keyed("k1");
    struct new_event mixed[4] = {make_keyed("k2"), make_keyed("k1"),
                                 make_keyed("k2"),
                                 make_event("a.b", ROUTE_MATCH)};

    set_up();
    subscribe(11, "a.b");
    CU_ASSERT_EQUAL_FATAL(commit_events(t.committer, &first, 1), DB_OK);
    CU_ASSERT_FALSE(first.duplicate);
    subscribe(12, "a.b"); /* does not change what the first was told */
    CU_ASSERT_EQUAL_FATAL(commit_events(t.committer, &again, 1), DB_OK);
    CU_ASSERT(again.duplicate);
    CU_ASSERT_EQUAL(again.id, first.id);
    CU_ASSERT_EQUAL(again.matched, 1);
    CU_ASSERT_EQUAL(count("events", "1"), 1);
    CU_ASSERT_EQUAL(count("jobs", "1"), 1);

    /* New, known, twice in one request, and without a key. */
    CU_ASSERT_EQUAL_FATAL(commit_events(t.committer, mixed, 4), DB_OK);
    CU_ASSERT_FALSE(mixed[0].duplicate);
    CU_ASSERT_EQUAL(mixed[0].matched, 2);
    CU_ASSERT(mixed[1].duplicate);
    CU_ASSERT_EQUAL(mixed[1].id, first.id);
    CU_ASSERT(mixed[2].duplicate);
    CU_ASSERT_EQUAL(mixed[2].id, mixed[0].id);
    CU_ASSERT_EQUAL(mixed[2].matched, 2);
    CU_ASSERT_FALSE(mixed[3].duplicate);
    CU_ASSERT_EQUAL(count("events", "1"), 3);
    CU_ASSERT_EQUAL(count("jobs", "1"), 5);
    CU_ASSERT_EQUAL(testdb_u64(t.db, "SELECT COUNT(DISTINCT event_id) "
                                     "FROM dedupe"),
                    2);
    tear_down();
}

/* A key of yesterday counts, one of the day before does not, and a repeated
   event leaves nothing behind that would prolong it. */
static void
test_duplicates_of_yesterday(void)
{
    struct new_event event = make_keyed("k1"), older = make_keyed("k2");
    struct new_event both[2] = {make_keyed("k1"), make_keyed("k3")};
    struct dedupe_slots slots = dedupe_slots_at(clock_wall_us());
    unsigned today = slots.write[0];
    struct buf sql = BUF_INIT(1024);

    set_up();
    sql_raw(&sql,
            "INSERT INTO dedupe (slot, hash, event_id, matched) VALUES (");
    sql_u64(&sql, slots.yesterday);
    sql_raw(&sql, ",");
    sql_bytes(&sql, slice_make(event.dedupe_hash, 32));
    sql_raw(&sql, ",4711,3),(");
    sql_u64(&sql, 3 - today - slots.yesterday);
    sql_raw(&sql, ",");
    sql_bytes(&sql, slice_make(older.dedupe_hash, 32));
    sql_raw(&sql, ",4712,3)");
    testdb_exec(t.db, sql.data);

    CU_ASSERT_EQUAL_FATAL(commit_events(t.committer, &event, 1), DB_OK);
    CU_ASSERT(event.duplicate);
    CU_ASSERT_EQUAL(event.id, 4711);
    CU_ASSERT_EQUAL(event.matched, 3);
    CU_ASSERT_EQUAL_FATAL(commit_events(t.committer, both, 2), DB_OK);
    CU_ASSERT(both[0].duplicate);
    CU_ASSERT_FALSE(both[1].duplicate);
    CU_ASSERT_EQUAL_FATAL(commit_events(t.committer, &older, 1), DB_OK);
    if (slots.write_count == 1) { /* near midnight that slot is tomorrow's */
        CU_ASSERT_FALSE(older.duplicate);
        CU_ASSERT_EQUAL(count("dedupe", "event_id = 4711"), 1);
        CU_ASSERT_EQUAL(count("dedupe", "1"), 4);
    }
    buf_free(&sql);
    tear_down();
}

struct sender {
    struct committer *committer;
    uint64_t id; /* that it was answered, 0 = none */
    bool first;
};

static void *
send_same_key(void *arg)
{
    struct new_event event = make_keyed("same");
    struct sender *sender = arg;

    if (commit_events(sender->committer, &event, 1) == DB_OK) {
        sender->id = event.id;
        sender->first = !event.duplicate;
    }
    return NULL;
}

/* Two committers do what two processes do. */
static void
test_same_key_at_once(void)
{
    struct sender senders[THREADS] = {{NULL, 0, false}};
    struct committer *other;
    pthread_t threads[THREADS];
    size_t i, firsts = 0;

    set_up();
    other = commit_new(&t.settings, t.catalog, &t.ids, NULL);
    for (i = 0; i < THREADS; i++) {
        senders[i].committer = i % 2 == 0 ? t.committer : other;
        pthread_create(&threads[i], NULL, send_same_key, &senders[i]);
    }
    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        firsts += senders[i].first ? 1 : 0;
        CU_ASSERT_NOT_EQUAL(senders[i].id, 0);
        CU_ASSERT_EQUAL(senders[i].id, senders[0].id);
    }
    CU_ASSERT_EQUAL(firsts, 1);
    CU_ASSERT_EQUAL(count("events", "1"), 1);
    commit_free(other);
    tear_down();
}

/* The answer to COMMIT never comes, or COMMIT never arrives: both ways the
   event is there once, and acknowledged. */
static void
test_lost_commit(void)
{
    static const struct {
        const char *claim;
        const char *text;
        enum dbproxy_when when;
        int failures;
        enum db_result want;
    } rows[] = {
        {"the answer is lost", ";COMMIT", DBPROXY_AFTER, 1, DB_OK},
        {"the packet is lost", ";COMMIT", DBPROXY_BEFORE, 1, DB_OK},
        {"the packet is lost three times", ";COMMIT", DBPROXY_BEFORE, 3, DB_OK},
        {"the answer is lost, and that to the question what happened",
         " events ", DBPROXY_AFTER, 2, DB_OK},
        {"the packet is lost again and again", ";COMMIT", DBPROXY_BEFORE, 100,
         DB_AWAY},
        {"the version cannot be read at first", "config_version",
         DBPROXY_BEFORE, 1, DB_OK},
    };
    size_t i;

    set_up();
    subscribe(11, "a.b");
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int keyed;

        for (keyed = 0; keyed < 2; keyed++) {
            struct new_event event = make_event("a.b", ROUTE_MATCH);
            struct new_event after = make_event("a.c", ROUTE_MATCH);
            enum db_result got;
            char where[64];
            bool ok;

            if (keyed == 1)
                event = make_keyed(rows[i].claim);
            dbproxy_fail(rows[i].text, rows[i].when, rows[i].failures);
            got = commit_events(t.committer, &event, 1);
            dbproxy_fail(NULL, DBPROXY_BEFORE, 0);
            if (got == DB_OK)
                snprintf(where, sizeof(where), "id = %llu",
                         (unsigned long long)event.id);
            else
                snprintf(where, sizeof(where), "1");
            ok = got == rows[i].want && !event.duplicate &&
                 count("events", where) == (got == DB_OK ? 1 : 0) &&
                 count("jobs", "1") == (got == DB_OK ? 1 : 0);
            if (!ok)
                fprintf(stderr, "\n%s: got %s, %llu events\n", rows[i].claim,
                        db_result_name(got),
                        (unsigned long long)count("events", "1"));
            CU_ASSERT(ok);
            testdb_exec(t.db, "DELETE FROM events");
            testdb_exec(t.db, "DELETE FROM jobs");
            /* Life goes on, at the latest after the short time for which
               nobody asks. */
            while ((got = commit_events(t.committer, &after, 1)) == DB_AWAY)
                ;
            CU_ASSERT_EQUAL(got, DB_OK);
            testdb_exec(t.db, "DELETE FROM events");
        }
    }
    tear_down();
}

static void *
break_things(void *arg)
{
    atomic_bool *stop = arg;
    unsigned round = 0;

    while (!atomic_load(stop)) {
        struct timespec pause = {.tv_nsec = 7000000};

        dbproxy_fail(round % 3 == 0 ? "INSERT INTO jobs" : ";COMMIT",
                     round % 2 == 0 ? DBPROXY_AFTER : DBPROXY_BEFORE, 1);
        round++;
        nanosleep(&pause, NULL);
    }
    return NULL;
}

/* Connections die in mid-run: nothing acknowledged is missing, nothing is
   there twice. */
static void
test_broken_connections(void)
{
    struct acknowledged *all;
    atomic_bool stop = false;
    pthread_t breaker;
    size_t i, away = 0, ok;

    set_up();
    subscribe(11, "a.b");
    pthread_create(&breaker, NULL, break_things, &stop);
    all = run_threads(true);
    atomic_store(&stop, true);
    pthread_join(breaker, NULL);
    ok = check_acknowledged(all);
    for (i = 0; i < THREADS; i++) {
        away += all[i].away;
        CU_ASSERT(all[i].broken <= EACH / 10);
    }
    CU_ASSERT(ok > 0);
    /* What was not acknowledged may be there only if nobody could say. */
    CU_ASSERT(count("events", "1") <= ok + away);
    free(all);
    tear_down();
}

static atomic_uint kills;

static void *
kill_connections(void *arg)
{
    atomic_bool *stop = arg;
    struct db *db = db_new(&testdb_settings);

    while (!atomic_load(stop)) {
        struct timespec pause = {.tv_nsec = 5000000};
        struct db_rows *rows = NULL;
        const struct slice *row;

        if (db_query(db,
                     SLICE("SELECT ID FROM information_schema.PROCESSLIST "
                           "WHERE DB = DATABASE() AND "
                           "(INFO LIKE '%INSERT INTO%' OR INFO = 'COMMIT') "
                           "AND ID <> CONNECTION_ID()"),
                     &rows) != DB_OK)
            continue;
        while ((row = db_rows_next(rows)) != NULL) {
            char sql[64];

            snprintf(sql, sizeof(sql), "KILL %.*s", (int)row[0].len,
                     row[0].ptr);
            if (db_exec(db, slice_of(sql), NULL) == DB_OK)
                atomic_fetch_add(&kills, 1);
        }
        db_rows_free(rows);
        nanosleep(&pause, NULL);
    }
    db_free(db);
    return NULL;
}

static void
test_killed_connections(void)
{
    struct acknowledged *all;
    atomic_bool stop = false;
    pthread_t killer;
    size_t i, away = 0, ok;

    set_up();
    subscribe(11, "a.b");
    pthread_create(&killer, NULL, kill_connections, &stop);
    all = run_threads(false);
    atomic_store(&stop, true);
    pthread_join(killer, NULL);
    CU_ASSERT(atomic_load(&kills) > 0);
    ok = check_acknowledged(all);
    for (i = 0; i < THREADS; i++) {
        away += all[i].away;
        CU_ASSERT_EQUAL(all[i].broken, 0);
    }
    CU_ASSERT(count("events", "1") <= ok + away);
    free(all);
    tear_down();
}

/* Ids that somebody else has had: others are drawn. */
static void
test_taken_ids(void)
{
    struct new_event event = make_event("a.b", ROUTE_PROCESS);
    uint64_t from;
    char sql[256];

    set_up();
    from = id_next(&t.ids) + ((uint64_t)1 << 22) * 200; /* 200 ms ahead */
    snprintf(sql, sizeof(sql),
             "INSERT INTO jobs (id, kind, shard, lane, event_id) "
             "SELECT %llu + seq, 1, 0, 8, 1 FROM seq_1_to_6",
             (unsigned long long)from);
    testdb_exec(t.db, sql);
    t.ids.last = from; /* the next ones are taken */
    CU_ASSERT_EQUAL_FATAL(commit_events(t.committer, &event, 1), DB_OK);
    CU_ASSERT(event.id > from + 6);
    CU_ASSERT_EQUAL(count("events", "1"), 1);
    CU_ASSERT_EQUAL(count("jobs", "kind = 2"), 1);
    tear_down();
}

static void
test_database_away(void)
{
    struct new_event event = make_event("a.b", ROUTE_PROCESS);
    int64_t start_us, took_us;
    struct acknowledged *all;
    size_t i;

    set_up();
    CU_ASSERT_EQUAL_FATAL(commit_events(t.committer, &event, 1), DB_OK);
    dbproxy_stop();
    start_us = clock_mono_us();
    all = run_threads(false);
    took_us = clock_mono_us() - start_us;
    for (i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL(all[i].away, EACH);
    if (took_us > 2 * CLOCK_US_PER_S)
        fprintf(stderr, "\n%d refusals took %lld us\n", THREADS * EACH,
                (long long)took_us);
    CU_ASSERT(took_us < 2 * CLOCK_US_PER_S);
    CU_ASSERT_EQUAL(count("events", "1"), 1);

    dbproxy_start();
    start_us = clock_mono_us();
    while (commit_events(t.committer, &event, 1) != DB_OK &&
           clock_mono_us() - start_us < 5 * CLOCK_US_PER_S)
        ;
    CU_ASSERT(clock_mono_us() - start_us < CLOCK_US_PER_S);
    CU_ASSERT_EQUAL(count("events", "1"), 2);
    free(all);
    tear_down();
}

/* A wrong password is no fault of the events. */
static void
test_refused(void)
{
    struct new_event events[2] = {make_event("a.b", ROUTE_PROCESS),
                                  make_event("a.b", ROUTE_PROCESS)};
    char *extra[] = {(char[]){"db_user=nobody_here"},
                     (char[]){"db_password=wrong"}};
    struct committer *committer;
    struct settings settings;

    set_up();
    CU_ASSERT_FATAL(testdb_load(&settings, extra, 2));
    committer = commit_new(&settings, t.catalog, &t.ids, NULL);
    CU_ASSERT_EQUAL(commit_events(committer, events, 2), DB_AWAY);
    commit_free(committer);
    settings_free(&settings);
    tear_down();
}

static void
test_reap(void)
{
    char *extra[] = {(char[]){"db_idle_s=1"}};
    struct timespec idle = {.tv_sec = 1, .tv_nsec = 100000000};
    struct new_event event = make_event("a.b", ROUTE_PROCESS);
    struct committer *committer;
    struct settings settings;
    const char connections[] = "information_schema.PROCESSLIST";
    const char ours[] = "DB = DATABASE() AND ID <> CONNECTION_ID()";

    set_up();
    CU_ASSERT_FATAL(testdb_load(&settings, extra, 1));
    committer = commit_new(&settings, t.catalog, &t.ids, NULL);
    CU_ASSERT_EQUAL_FATAL(commit_events(committer, &event, 1), DB_OK);
    commit_reap(committer);
    CU_ASSERT_EQUAL(count(connections, ours), 1);
    nanosleep(&idle, NULL); /* idleness is what is tested */
    commit_reap(committer);
    while (count(connections, ours) > 0) /* the server takes note */
        ;
    CU_ASSERT_EQUAL(commit_events(committer, &event, 1), DB_OK);
    commit_free(committer);
    settings_free(&settings);
    tear_down();
}

/* Keys are read by ranges of the primary key, also from an empty table. */
static void
test_key_look_up_is_a_range(void)
{
    struct db_rows *rows = NULL;
    const struct slice *row;

    set_up();
    CU_ASSERT_EQUAL_FATAL(
        db_query(t.db,
                 SLICE("EXPLAIN SELECT slot,hash,event_id,matched FROM dedupe "
                       "FORCE INDEX (PRIMARY) WHERE slot IN (0,1) AND hash IN "
                       "(REPEAT('a',32),REPEAT('b',32),REPEAT('c',32))"),
                 &rows),
        DB_OK);
    row = db_rows_next(rows);
    CU_ASSERT_PTR_NOT_NULL_FATAL(row);
    CU_ASSERT(slice_is(row[3], "range"));
    db_rows_free(rows);
    tear_down();
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"routes", test_routes},
        {"columns", test_columns},
        {"the catalog is fresh", test_fresh_catalog},
        {"many threads", test_many_threads},
        {"a poison row fails alone", test_poison},
        {"all or none of a request", test_all_or_none},
        {"many matches", test_many_matches},
        {"repeated events", test_duplicates},
        {"repeated events of yesterday", test_duplicates_of_yesterday},
        {"the same key at the same time", test_same_key_at_once},
        {"a lost COMMIT", test_lost_commit},
        {"broken connections", test_broken_connections},
        {"killed connections", test_killed_connections},
        {"ids that are taken", test_taken_ids},
        {"the database is away", test_database_away},
        {"the database refuses us", test_refused},
        {"an idle connection is closed", test_reap},
        {"keys are looked up by range", test_key_look_up_is_a_range},
        CU_TEST_INFO_NULL,
    };
    int rc;

    /* What the committer has to say about broken rows is not the matter. */
    if (!testdb_start() || !log_open(LOG_FORMAT_TEXT, LOG_ERROR, "/dev/null"))
        return EXIT_FAILURE;
    if (!testdb_migrate() || !dbproxy_open(testdb_settings.db_socket)) {
        testdb_stop();
        return EXIT_FAILURE;
    }
    rc = unit_run("commit", tests);
    dbproxy_end();
    testdb_stop();
    return rc;
}
