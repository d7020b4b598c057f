/*
 * test_commit.c - unit tests for core/ingest/commit.c, the batch, and its statements.
 */
#include "commit_fixture.h"
#include "unit.h"

#include "dedupe.h"

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
                 "event_id = %llu AND kind = 2 AND lane = (2 << 32) + 1",
                 (unsigned long long)event.id);
        CU_ASSERT_EQUAL(count("jobs", where), rows[i].process_jobs);
        snprintf(where, sizeof(where), "id = %llu AND event_id = %llu",
                 (unsigned long long)event.job_id,
                 (unsigned long long)event.id);
        CU_ASSERT_EQUAL(count("jobs", where), 1);
    }
    CU_ASSERT_EQUAL(count("jobs", "kind = 1 AND lane = 13 << 32"), 1);
    CU_ASSERT_EQUAL(count("jobs", "kind = 1 AND lane = 11 << 32"), 2);
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
             "_binary'{\"q\":\"it''s \\\\\\\\ \xf0\x9f\x98\x80\"}'",
             (unsigned long long)event.id);
    CU_ASSERT_EQUAL(count("events", sql), 1);
    CU_ASSERT_EQUAL(count("jobs", "test = 1 AND lane = 11 << 32 AND "
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
    size_t packet, quarter, i;
    char *large;

    set_up();
    packet = testdb_u64(t.db, "SELECT @@max_allowed_packet");
    quarter = packet / 4;
    large = xmalloc(packet);
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
    memset(large, 'x', packet);
    large[0] = large[quarter] = large[packet - 1] = '"';
    for (i = 0; i < 5; i++) {
        events[i] = make_event("a.b", ROUTE_MATCH);
        events[i].payload = slice_make(large, quarter + 1);
    }
    CU_ASSERT_EQUAL(commit_events(t.committer, events, 5), DB_OK);
    CU_ASSERT_EQUAL(count("events", "LENGTH(payload) > 1000000"), 5);

    /* Larger than a packet may be: refused, and nothing is left. */
    events[4].payload = slice_make(large, packet);
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
    CU_ASSERT_EQUAL(count("jobs", "1"), 3);
    CU_ASSERT_EQUAL(
        count("fanouts f JOIN jobs j ON j.id = f.job_id",
              "j.kind = 3 AND total = 15000 AND LENGTH(subscriptions) - "
              "LENGTH(REPLACE(subscriptions, ',', '')) = 14999"),
        3);

    /* Who wants the order has a job of its own, however many they are. */
    testdb_exec(t.db, "UPDATE config_version SET version = 2");
    testdb_exec(t.db, "UPDATE subscriptions SET ordering = 'fifo', "
                      "config_version = 2");
    CU_ASSERT_EQUAL(commit_events(t.committer, events, 3), DB_OK);
    CU_ASSERT_EQUAL(events[2].matched, 15000);
    CU_ASSERT_EQUAL(count("jobs", "kind = 1"), 45000);
    CU_ASSERT_EQUAL(testdb_u64(t.db, "SELECT COUNT(DISTINCT lane, "
                                     "next_retry_at) FROM jobs "
                                     "WHERE kind = 1"),
                    45000);
    testdb_exec(t.db, "DELETE FROM fanouts");
    testdb_exec(t.db, "DELETE FROM lane_state");
    tear_down();
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

/* The slot of tomorrow, which has the keys of nine days ago. */
static unsigned
slot_of_tomorrow(const struct dedupe_slots *slots)
{
    return (slots->earlier[0] + 2) % DEDUPE_SLOTS;
}

/* A key of yesterday counts, one of nine days ago does not, and a repeated
   event leaves nothing behind that would prolong it. */
static void
test_duplicates_of_yesterday(void)
{
    struct new_event event = make_keyed("k1"), older = make_keyed("k2");
    struct new_event both[2] = {make_keyed("k1"), make_keyed("k3")};
    struct dedupe_slots slots = dedupe_slots_at(clock_wall_us());
    struct buf sql = BUF_INIT(1024);

    set_up();
    sql_raw(&sql,
            "INSERT INTO dedupe (slot, hash, event_id, matched) VALUES (");
    sql_u64(&sql, slots.earlier[0]);
    sql_raw(&sql, ",");
    sql_bytes(&sql, slice_make(event.dedupe_hash, 32));
    sql_raw(&sql, ",4711,3),(");
    sql_u64(&sql, slot_of_tomorrow(&slots));
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

static int
run(void)
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
        {"keys are looked up by range", test_key_look_up_is_a_range},
        CU_TEST_INFO_NULL,
    };

    return unit_run("commit", tests);
}

int
main(void)
{
    return commit_fixture_run(run);
}
