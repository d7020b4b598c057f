/*
 * test_sql_waits.c - statements that must not wait for each other, and some
 * that must.
 */
#include "unit.h"
#include "waits.h"

#include "clock.h"
#include "dedupe.h"
#include "id.h"
#include "ingest.h"
#include "kept.h"
#include "lane.h"
#include "partitions.h"
#include "seal.h"
#include "store_delivery.h"
#include "store_disable.h"
#include "store_job.h"
#include "store_outbox.h"
#include "store_rollup.h"
#include "store_subscription.h"
#include "transact.h"

#include <string.h>
#include <time.h>

#define EVENTS 0 /* table of partitions.h */

static struct db *db;        /* looks on */
static struct db *holder;    /* holds what others might wait for */
static struct db *impatient; /* does not wait */

static void
clean(void)
{
    static const char *const tables[] = {
        "jobs",   "deliveries",  "attempts",      "events",
        "outbox", "events_kept", "subscriptions", "rollup_subscriptions",
        "dedupe", "rollup_types"};
    char sql[64];
    size_t i;

    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        snprintf(sql, sizeof(sql), "DELETE FROM %s", tables[i]);
        testdb_exec(db, sql);
        /* What the optimizer knows of a table that is empty most of the
           time. */
        snprintf(sql, sizeof(sql), "ANALYZE TABLE %s", tables[i]);
        testdb_exec(db, sql);
    }
}

static void
hold(const char *sql)
{
    CU_ASSERT_EQUAL_FATAL(db_begin(holder), DB_OK);
    testdb_exec(holder, sql);
}

static void
let_go(void)
{
    db_rollback(holder);
}

/* --- by primary key, beside rows that are not committed ------------------- */

static enum db_result
move_from_outbox(struct db *with)
{
    static struct outbox_row rows[STORE_OUTBOX_MAX];
    const uint64_t ids[] = {1, 3};
    struct db_rows *found = NULL;
    enum db_result result = db_begin(with);
    size_t count = 0;

    if (result == DB_OK)
        result = store_outbox_read(with, ids, 2, 1000, rows, &count, &found);
    if (result == DB_OK) {
        CU_ASSERT_EQUAL(count, 2);
        result = store_outbox_delete(with, rows, count);
    }
    db_rows_free(found);
    if (result == DB_OK)
        return db_commit(with);
    db_rollback(with);
    return result;
}

static enum db_result
cancel_all(struct db *with)
{
    enum db_result result = store_delivery_cancel_all(with, 1, 100);

    CU_ASSERT_EQUAL(testdb_u64(with, "SELECT COUNT(*) FROM deliveries"), 2);
    return result;
}

static enum db_result
sweep_kept(struct db *with)
{
    struct kept_sweep sweep = {.next = 0};
    enum db_result result = DB_OK;
    bool done = false;

    kept_sweep_begin(&sweep);
    while (result == DB_OK && !done)
        result = kept_sweep_step(&sweep, with, &done);
    kept_sweep_end(&sweep);
    return result;
}

static enum db_result
copy_kept(struct db *with)
{
    struct kept_copy copy = {.end = 0};
    enum db_result result = DB_OK;
    bool done = false;

    kept_copy_begin(&copy, 100);
    while (result == DB_OK && !done)
        result = kept_copy_step(&copy, with, &done);
    kept_copy_end(&copy);
    return result;
}

static void
test_rows_are_named_by_id(void)
{
    static const struct {
        const char *claim;
        const char *set_up[2];
        const char *held; /* of somebody who has not committed */
        enum db_result (*work)(struct db *with);
    } rows[] = {
        {"rows of the outbox are moved",
         {"INSERT INTO outbox (id, event_type, payload) VALUES "
          "(1, 'a', '{}'), (3, 'a', '{}')"},
         "INSERT INTO outbox (id, event_type, payload) VALUES (2, 'a', '{}')",
         move_from_outbox},
        {"deliveries are cancelled",
         {"INSERT INTO jobs (id, kind, shard, lane, event_id) VALUES "
          "(1, 1, 60, 1 << 32, 1), (3, 1, 60, 1 << 32, 1)",
          "INSERT INTO subscriptions (id, application_id, url, secret, "
          "config_version) VALUES (1, 1, 'u', '', 1)"},
         "INSERT INTO jobs (id, kind, shard, lane, event_id) VALUES "
         "(2, 1, 0, 2 << 32, 1)",
         cancel_all},
        {"events that nobody needs are removed",
         {"INSERT INTO events_kept (id, application_id, source_id, type, "
          "verified, test, relayed, payload, kept_at) VALUES "
          "(1, 1, 0, 'a', 1, 0, 0, '{}', '2026-01-01'), "
          "(3, 1, 0, 'a', 1, 0, 0, '{}', '2026-01-01')"},
         "INSERT INTO events_kept (id, application_id, source_id, type, "
         "verified, test, relayed, payload) VALUES "
         "(2, 1, 0, 'a', 1, 0, 0, '{}')",
         sweep_kept},
        {"events that jobs need are copied",
         {"INSERT INTO jobs (id, kind, shard, lane, event_id) VALUES "
          "(1, 1, 0, 1 << 32, 7)",
          "INSERT INTO events (id, application_id, type, verified, payload) "
          "VALUES (7, 1, 'a', 1, '{}')"},
         "INSERT INTO jobs (id, kind, shard, lane, event_id) VALUES "
         "(2, 1, 0, 2 << 32, 8)",
         copy_kept},
    };
    size_t i, k;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum db_result got;

        clean();
        for (k = 0; k < 2 && rows[i].set_up[k] != NULL; k++)
            testdb_exec(db, rows[i].set_up[k]);
        hold(rows[i].held);
        got = rows[i].work(impatient);
        if (got != DB_OK)
            fprintf(stderr, "\n%s: got %s (%s)\n", rows[i].claim,
                    db_result_name(got), db_error_text(impatient));
        CU_ASSERT_EQUAL(got, DB_OK);
        let_go();
    }
}

/* Jobs belong to the owner of their shard: nobody locks them to take them. */
static void
test_reading_work_takes_no_locks(void)
{
    const struct lane_read read = {
        .lane = lane_number(LANE_SUBSCRIPTION, 1), .shard = 0, .limit = 10};
    bool shards[LANE_SHARDS] = {true};
    struct job_page page = {.rows = NULL};
    struct lane_heads heads = {.rows = NULL};

    clean();
    testdb_exec(db, "INSERT INTO jobs (id, kind, shard, lane, event_id) "
                    "VALUES (1, 1, 0, 1 << 32, 1), (2, 1, 0, 1 << 32, 1)");
    hold("UPDATE jobs SET attempts = 1");
    CU_ASSERT_EQUAL(store_job_tail(impatient, 0, 10, &page), DB_OK);
    CU_ASSERT_EQUAL(page.count, 2);
    CU_ASSERT_EQUAL(store_job_lanes(impatient, &read, 1, &page), DB_OK);
    CU_ASSERT_EQUAL(page.count, 2);
    CU_ASSERT_EQUAL(store_job_heads(impatient, shards, &heads), DB_OK);
    CU_ASSERT_EQUAL(heads.count, 1);
    let_go();
    job_page_free(&page);
    lane_heads_free(&heads);
}

/* --- an outcome that is not known ------------------------------------------ */

/* While another connection's COMMIT is under way, a plain read finds nothing:
   the answer has to wait for it. */
static void
test_finding_out_waits_for_the_undecided(void)
{
    struct new_event event = {.application_id = 1,
                              .type = SLICE("a.b"),
                              .payload = SLICE("{}"),
                              .route = ROUTE_PROCESS};
    struct ingest *batch = ingest_new();
    enum ingest_fate fate = BATCH_COLLIDED;
    struct id_source ids;

    clean();
    id_source_init(&ids, 5);
    ingest_add(batch, &event, &ids, NULL);
    CU_ASSERT_EQUAL_FATAL(db_begin(holder), DB_OK);
    CU_ASSERT_EQUAL_FATAL(ingest_insert(batch, holder, db_now_us(holder)),
                          DB_OK);
    CU_ASSERT_EQUAL(ingest_find_out(batch, impatient, &fate), DB_AGAIN);
    CU_ASSERT_EQUAL_FATAL(db_commit(holder), DB_OK);
    CU_ASSERT_EQUAL(ingest_find_out(batch, impatient, &fate), DB_OK);
    CU_ASSERT_EQUAL(fate, BATCH_WRITTEN);
    ingest_free(batch);
}

static enum db_result
insert_twice(struct db *with, void *arg)
{
    enum db_result result = db_exec(
        with,
        SLICE("INSERT INTO jobs (id, kind, shard, lane, event_id) VALUES "
              "(21, 1, 0, 8, 1)"),
        NULL);

    (void)arg;
    if (result != DB_OK)
        return result;
    return db_exec(with, SLICE("UPDATE jobs SET attempts = 1 WHERE id = 20"),
                   NULL);
}

/* The server takes back the statement that waited too long, and no more. */
static void
test_a_lock_timeout_rolls_all_of_it_back(void)
{
    clean();
    testdb_exec(db, "INSERT INTO jobs (id, kind, shard, lane, event_id) "
                    "VALUES (20, 1, 0, 8, 1)");
    hold("UPDATE jobs SET attempts = 2 WHERE id = 20");
    CU_ASSERT_EQUAL(transact(impatient, insert_twice, NULL), DB_AWAY);
    CU_ASSERT_EQUAL(
        testdb_u64(impatient, "SELECT COUNT(*) FROM jobs WHERE id = 21"), 0);
    let_go();
    CU_ASSERT_EQUAL(transact(impatient, insert_twice, NULL), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM jobs WHERE id = 21"),
                    1);
}

/* --- order of locks --------------------------------------------------------- */

static enum db_result
insert_subscription(struct db *with)
{
    static const uint8_t key[32] = {1};
    const struct target_nets no_nets = {.count = 0};
    const struct subscription_rules rules = {.allow = &no_nets};
    struct sealer *sealer = seal_from_key(key);
    struct subscription_form form;
    struct subscription_made made;
    struct problems problems;
    enum db_result result;

    problems.count = 0;
    CU_ASSERT_TRUE(subscription_form_read(
        &form, SLICE("{\"url\":\"https://e.org/\",\"events\":[\"a\"]}"), &rules,
        &problems));
    result = store_subscription_insert(with, sealer, &form, 1, false, &made);
    subscription_form_free(&form);
    seal_close(sealer);
    return result;
}

static enum db_result
pause_subscription(struct db *with)
{
    return store_subscription_pause(with, 0, 1, true);
}

static enum db_result
delete_subscription(struct db *with)
{
    return store_subscription_delete(with, 0, 1);
}

static enum db_result
disable_subscription(struct db *with)
{
    return store_disable(with, 1, "410 Gone");
}

/* Whoever changes the configuration takes the version before anything else,
   so that the order of versions is that of the commits: as long as somebody
   else has it, nothing of the change is there and nothing is locked. */
static void
test_the_version_comes_first(void)
{
    static const struct {
        const char *claim;
        enum db_result (*work)(struct db *with);
    } rows[] = {
        {"a subscription is made", insert_subscription},
        {"a subscription is paused", pause_subscription},
        {"a subscription is disabled", disable_subscription},
        {"a subscription is deleted", delete_subscription},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct waits_thread other;
        enum db_result got;

        clean();
        testdb_exec(db, "INSERT INTO subscriptions (id, application_id, url, "
                        "secret, config_version) VALUES (1, 1, 'u', '', 1)");
        hold("UPDATE config_version SET version = version + 1");
        waits_start(&other, rows[i].work);
        CU_ASSERT_TRUE(waits_for(db, "UPDATE config_version"));
        got =
            db_exec(impatient,
                    SLICE("UPDATE subscriptions SET description = 'x'"), NULL);
        if (got != DB_OK)
            fprintf(stderr, "\n%s: got %s\n", rows[i].claim,
                    db_result_name(got));
        CU_ASSERT_EQUAL(got, DB_OK);
        let_go();
        CU_ASSERT_EQUAL(waits_end(&other), DB_OK);
    }
}

/* Two events whose keys are in descending order. */
static struct new_event keyed[2];

static enum db_result
ingest_keyed(struct db *with)
{
    struct ingest *batch = ingest_new();
    struct id_source ids;
    enum db_result result;

    id_source_init(&ids, 6);
    ingest_add(batch, &keyed[0], &ids, NULL);
    ingest_add(batch, &keyed[1], &ids, NULL);
    result = ingest_write(batch, with, db_now_us(with));
    ingest_free(batch);
    return result;
}

static void
add_key(struct buf *sql, const struct new_event *event, unsigned slot)
{
    size_t i;

    buf_clear(sql);
    buf_addf(sql, "INSERT INTO dedupe (slot, hash, event_id) VALUES (%u, x'",
             slot);
    for (i = 0; i < sizeof(event->dedupe_hash); i++)
        buf_addf(sql, "%02x", event->dedupe_hash[i]);
    buf_add_text(sql, "', 1)");
}

/* Who writes keys in another order than everybody else locks one that others
   will want while it waits for one that they have: a deadlock. */
static void
test_keys_are_written_in_their_order(void)
{
    struct buf sql = BUF_INIT(512);
    struct waits_thread other;
    unsigned slot = dedupe_slots_at(db_now_us(db)).write[0];
    const char *names[2] = {"k1", "k2"};
    size_t i;

    clean();
    for (i = 0; i < 2; i++) {
        keyed[i] = (struct new_event){.application_id = 1,
                                      .type = SLICE("a.b"),
                                      .payload = SLICE("{}"),
                                      .route = ROUTE_PROCESS};
        event_dedupe_hash(&keyed[i], "test", 1, slice_of(names[i]));
    }
    if (memcmp(keyed[0].dedupe_hash, keyed[1].dedupe_hash, 32) < 0) {
        struct new_event first = keyed[0];

        keyed[0] = keyed[1];
        keyed[1] = first;
    }
    add_key(&sql, &keyed[1], slot);
    hold(sql.data);
    waits_start(&other, ingest_keyed);
    CU_ASSERT_TRUE(waits_for(db, "INSERT INTO dedupe"));
    add_key(&sql, &keyed[0], slot);
    CU_ASSERT_EQUAL(db_exec(impatient, buf_slice(&sql), NULL), DB_OK);
    let_go();
    CU_ASSERT_EQUAL(waits_end(&other), DB_OK);
    buf_free(&sql);
}

/* --- counters --------------------------------------------------------------- */

static void
test_writers_have_counters_of_their_own(void)
{
    struct rollup *rollup = rollup_new();
    int64_t now_us = db_now_us(db);

    clean();
    rollup_delivery(rollup, now_us, 7, SLICE("a.b"), ROLLUP_SUCCESS, 1000);
    CU_ASSERT_EQUAL_FATAL(db_begin(holder), DB_OK);
    CU_ASSERT_EQUAL(rollup_write(holder, rollup, 1), DB_OK);
    CU_ASSERT_EQUAL(rollup_write(impatient, rollup, 2), DB_OK);
    CU_ASSERT_EQUAL(db_commit(holder), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT SUM(successful) FROM "
                                   "rollup_subscriptions"),
                    2);
    rollup_free(rollup);
}

/* --- tables that are altered ------------------------------------------------ */

static enum db_result
drop_a_day(struct db *with)
{
    struct partitions_old old = {.count = 1};
    int64_t today = partitions_day(db_now_us(with));

    old.days[0] = today;
    return partitions_drop(with, EVENTS, &old);
}

/* Somebody reads for long: the day is not dropped now, and nobody who inserts
   has to queue up behind the attempt - but for the moment that one attempt
   takes to fail. */
static void
test_dropping_a_day_holds_nobody_up(void)
{
    struct timespec pause = {.tv_nsec = 2000000};
    struct waits_thread other;
    unsigned n, refused = 0;
    char sql[160];

    clean();
    CU_ASSERT_EQUAL_FATAL(partitions_make(db, db_now_us(db)), DB_OK);
    CU_ASSERT_EQUAL_FATAL(db_begin(holder), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(holder, "SELECT COUNT(*) FROM events"), 0);
    testdb_exec(impatient, "SET SESSION lock_wait_timeout = 1");
    waits_start(&other, drop_a_day);
    for (n = 0; n < 100; n++) {
        snprintf(sql, sizeof(sql),
                 "INSERT INTO events (id, application_id, type, verified, "
                 "payload) VALUES (%u, 1, 'a', 1, '{}')",
                 n + 1);
        refused += db_exec(impatient, slice_of(sql), NULL) != DB_OK;
        nanosleep(&pause, NULL);
    }
    CU_ASSERT_EQUAL(refused, 0);
    CU_ASSERT_EQUAL(waits_end(&other), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM events"), 100);
    let_go();
    testdb_exec(impatient, "SET SESSION lock_wait_timeout = 0");
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"rows are named by id, whatever others insert",
         test_rows_are_named_by_id},
        {"reading work takes no locks", test_reading_work_takes_no_locks},
        {"finding out waits for the undecided",
         test_finding_out_waits_for_the_undecided},
        {"a lock time-out rolls all of it back",
         test_a_lock_timeout_rolls_all_of_it_back},
        {"the version comes first", test_the_version_comes_first},
        {"keys are written in their order",
         test_keys_are_written_in_their_order},
        {"writers have counters of their own",
         test_writers_have_counters_of_their_own},
        {"dropping a day holds nobody up", test_dropping_a_day_holds_nobody_up},
        CU_TEST_INFO_NULL,
    };
    int rc = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    db = db_new(&testdb_settings);
    holder = db_new(&testdb_settings);
    if (testdb_migrate()) {
        impatient = waits_impatient();
        rc = unit_run("sql_waits", tests);
        db_free(impatient);
    }
    db_free(holder);
    db_free(db);
    testdb_stop();
    return rc;
}
