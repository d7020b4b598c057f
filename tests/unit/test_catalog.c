/*
 * test_catalog.c - unit tests for core/catalog/catalog.c and its parts.
 */
#include "catalog.h"
#include "testdb.h"
#include "unit.h"

#include "clock.h"
#include "sql.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#define MANY 10000

static const uint8_t key[32] = {1, 2, 3};
static const uint8_t other_key[32] = {9};

static void
bump(struct db *db)
{
    testdb_exec(db, "UPDATE config_version SET version = version + 1");
}

/* Every row of the table gets the present version. */
static void
stamp(struct db *db, const char *table, const char *where)
{
    char sql[256];

    snprintf(sql, sizeof(sql),
             "UPDATE %s SET config_version = (SELECT version FROM "
             "config_version) WHERE %s",
             table, where);
    testdb_exec(db, sql);
}

static void
clear(struct db *db)
{
    testdb_exec(db, "DELETE FROM subscription_patterns");
    testdb_exec(db, "DELETE FROM subscriptions");
    testdb_exec(db, "DELETE FROM api_tokens");
    testdb_exec(db, "DELETE FROM sources WHERE id > 2");
    testdb_exec(db, "UPDATE sources SET secrets = NULL, settings = NULL, "
                    "api_key = NULL, handshake = 'none', config_version = 1");
    testdb_exec(db, "UPDATE config_version SET version = 1");
}

static void
add_sealed(struct buf *sql, const struct sealer *sealer, const char *table,
           const char *column, uint64_t application, uint64_t row,
           const char *text)
{
    struct buf sealed = BUF_INIT(4096);
    struct seal_place place = {table, column, application, row};

    seal_value(sealer, place, slice_of(text), &sealed);
    sql_bytes(sql, buf_slice(&sealed));
    buf_free(&sealed);
}

static void
insert_subscription(struct db *db, const struct sealer *sealer, uint32_t id,
                    uint32_t application, const char *more, const char *pattern)
{
    struct buf sql = BUF_INIT(8192);
    char text[512];

    buf_addf(&sql,
             "INSERT INTO subscriptions SET id = %u, "
             "application_id = %u, url = 'https://example.org/%u', "
             "config_version = (SELECT version FROM config_version), "
             "secret = ",
             id, application, id);
    snprintf(text, sizeof(text), "secret-%u", id);
    add_sealed(&sql, sealer, "subscriptions", "secret", application, id, text);
    buf_addf(&sql, "%s%s", *more == '\0' ? "" : ", ", more);
    CU_ASSERT_FATAL(buf_ok(&sql));
    testdb_exec(db, sql.data);
    buf_free(&sql);
    if (pattern == NULL)
        return;
    snprintf(text, sizeof(text),
             "INSERT INTO subscription_patterns VALUES (%u, 0, '%s')", id,
             pattern);
    testdb_exec(db, text);
}

static void
test_rows(void)
{
    struct db *db = db_new(&testdb_settings);
    struct sealer *sealer = seal_from_key(key);
    struct catalog *catalog = catalog_new(sealer);
    const struct catalog_snapshot *snapshot = catalog_take(catalog);
    const struct subscription *sub;
    const struct source *source;
    const struct token *token;
    struct buf sql = BUF_INIT(8192);
    uint8_t hash[32];

    /* Empty before the first refresh. */
    CU_ASSERT_EQUAL(catalog_version(snapshot), 0);
    CU_ASSERT_PTR_NULL(catalog_subscription(snapshot, 1));
    CU_ASSERT_PTR_NULL(catalog_source_named(snapshot, SLICE("supabase")));
    catalog_release(snapshot);

    buf_addf(&sql, "format = 'payload', channels = '[\"a\",\"b\\\\u00e9\"]', "
                   "retry_schedule = '[5,60]', timeout_s = 7, paused = 1, "
                   "max_concurrency = 3, retry_count = 9, retry_delay = 11, "
                   "rate_limit = 12, ordering = 'fifo', "
                   "on_exhausted = 'pause', "
                   "old_secret_expires_at = '2026-01-01 15:00:00', "
                   "old_secret = ");
    add_sealed(&sql, sealer, "subscriptions", "old_secret", 1, 5, "older");
    buf_addf(&sql, ", headers = ");
    add_sealed(&sql, sealer, "subscriptions", "headers", 1, 5,
               "{\"X-One\":\"1\",\"X-Two\":\"t\\\"w\"}");
    insert_subscription(db, sealer, 5, 1, sql.data, "order.*");
    testdb_exec(db, "INSERT INTO subscription_patterns VALUES (5, 1, 'x.y')");
    buf_clear(&sql);
    buf_addf(&sql, "UPDATE sources SET secrets = ");
    add_sealed(&sql, sealer, "sources", "secrets", 1, 1,
               "[{\"kind\":\"hmac\",\"secrets\":[\"new\",\"old\"]},"
               "{\"kind\":\"token\",\"header\":\"X-Key\"}]");
    buf_addf(&sql, ", api_key = ");
    add_sealed(&sql, sealer, "sources", "api_key", 1, 1, "service key");
    buf_addf(&sql, ", key_columns = '{\"t\":[\"a\"]}', relay = 'received', "
                   "settings = '{\"queue_size\":9,\"watch\":[\"users\"]}', "
                   "handshake = 'awaiting' WHERE id = 1");
    testdb_exec(db, sql.data);
    testdb_exec(db, "INSERT INTO api_tokens (id, application_id, name, scope, "
                    "token_hash, shown, expires_at, config_version) VALUES "
                    "(1, 1, 't', 'send', REPEAT('h', 32), 'x', "
                    "'2026-01-01 15:00:00', 1), "
                    "(2, 7, 'u', 'admin', REPEAT('a', 32), 'x', NULL, 1)");

    CU_ASSERT_EQUAL_FATAL(catalog_refresh(catalog, db), DB_OK);
    snapshot = catalog_take(catalog);
    CU_ASSERT_EQUAL(catalog_version(snapshot), 1);
    sub = catalog_subscription(snapshot, 5);
    CU_ASSERT_PTR_NOT_NULL_FATAL(sub);
    CU_ASSERT_STRING_EQUAL(sub->url, "https://example.org/5");
    CU_ASSERT_STRING_EQUAL(sub->secret, "secret-5");
    CU_ASSERT_STRING_EQUAL(sub->old_secret, "older");
    CU_ASSERT_EQUAL(sub->old_secret_until_us, INT64_C(1767279600000000));
    CU_ASSERT(sub->active);
    CU_ASSERT(sub->paused);
    CU_ASSERT_FALSE(sub->adhoc);
    CU_ASSERT_EQUAL(sub->format, FORMAT_PAYLOAD);
    CU_ASSERT_EQUAL(sub->timeout_s, 7);
    CU_ASSERT_EQUAL(sub->max_concurrency, 3);
    CU_ASSERT_EQUAL(sub->rate_limit, 12);
    CU_ASSERT(sub->fifo);
    CU_ASSERT(sub->pause_exhausted);
    CU_ASSERT_EQUAL(sub->retry_count, 9);
    CU_ASSERT_EQUAL(sub->retry_delay_s, 11);
    CU_ASSERT_EQUAL_FATAL(sub->schedule_count, 2);
    CU_ASSERT_EQUAL(sub->schedule_s[1], 60);
    CU_ASSERT_EQUAL_FATAL(sub->channel_count, 2);
    CU_ASSERT_STRING_EQUAL(sub->channels[1], "b\xc3\xa9");
    CU_ASSERT_EQUAL_FATAL(sub->header_count, 2);
    CU_ASSERT_STRING_EQUAL(sub->headers[0].name, "X-One");
    CU_ASSERT_STRING_EQUAL(sub->headers[1].value, "t\"w");
    CU_ASSERT_EQUAL_FATAL(sub->pattern_count, 2);
    CU_ASSERT_STRING_EQUAL(sub->patterns[0], "order.*");
    CU_ASSERT_STRING_EQUAL(sub->patterns[1], "x.y");

    source = catalog_source_named(snapshot, SLICE("supabase"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(source);
    CU_ASSERT_PTR_EQUAL(catalog_source(snapshot, 1), source);
    CU_ASSERT_EQUAL_FATAL(source->verifier_count, 2);
    CU_ASSERT_STRING_EQUAL(source->verifiers[0].header, "X-Webhook-Signature");
    CU_ASSERT_EQUAL_FATAL(source->verifiers[0].secret_count, 2);
    CU_ASSERT(slice_is(source->verifiers[0].secrets[0], "new"));
    CU_ASSERT(slice_is(source->verifiers[0].secrets[1], "old"));
    CU_ASSERT_STRING_EQUAL(source->verifiers[1].header, "X-Key");
    CU_ASSERT_STRING_EQUAL(source->api_key, "service key");
    CU_ASSERT_EQUAL(source->handshake, HANDSHAKE_AWAITING);
    CU_ASSERT_EQUAL(source->options.queue_size, 9);
    CU_ASSERT_EQUAL_FATAL(source->options.watch.count, 1);
    CU_ASSERT_STRING_EQUAL(source->options.watch.list[0], "users");
    CU_ASSERT(source->options.mirror); /* as the provider has it */
    CU_ASSERT_FALSE(source->secrets_unreadable);
    CU_ASSERT(slice_is(source->key_columns, "{\"t\":[\"a\"]}"));
    CU_ASSERT_EQUAL(source->relay, RELAY_RECEIVED);
    CU_ASSERT_PTR_NOT_NULL(catalog_source_named(snapshot, SLICE("notion")));
    CU_ASSERT_PTR_NULL(catalog_source_named(snapshot, SLICE("supabas")));
    CU_ASSERT_PTR_NULL(catalog_source_named(snapshot, SLICE("supabase2")));

    memset(hash, 'h', sizeof(hash));
    token = catalog_token(snapshot, hash);
    CU_ASSERT_PTR_NOT_NULL_FATAL(token);
    CU_ASSERT_EQUAL(token->id, 1);
    CU_ASSERT_EQUAL(token->scope, SCOPE_SEND);
    CU_ASSERT_EQUAL(token->expires_at_us, INT64_C(1767279600000000));
    memset(hash, 'a', sizeof(hash));
    token = catalog_token(snapshot, hash);
    CU_ASSERT_PTR_NOT_NULL_FATAL(token);
    CU_ASSERT_EQUAL(token->application_id, 7);
    CU_ASSERT_EQUAL(token->expires_at_us, 0);
    hash[31] = 'b';
    CU_ASSERT_PTR_NULL(catalog_token(snapshot, hash));
    catalog_release(snapshot);

    catalog_free(catalog);
    seal_close(sealer);
    buf_free(&sql);
    clear(db);
    db_free(db);
}

static void
test_unreadable_secrets(void)
{
    struct db *db = db_new(&testdb_settings);
    struct sealer *sealer = seal_from_key(key);
    struct sealer *other = seal_from_key(other_key);
    struct catalog *catalog = catalog_new(sealer);
    const struct catalog_snapshot *snapshot;
    const struct subscription *sub;
    struct buf sql = BUF_INIT(4096);

    insert_subscription(db, other, 1, 1, "", "a");
    insert_subscription(db, sealer, 2, 1, "", "a");
    testdb_exec(db, "UPDATE subscriptions SET secret = CONCAT(secret, 'x') "
                    "WHERE id = 2");
    insert_subscription(db, sealer, 3, 1, "", "a");
    buf_addf(&sql, "UPDATE sources SET secrets = ");
    add_sealed(&sql, other, "sources", "secrets", 1, 1, "[]");
    buf_addf(&sql, " WHERE id = 1");
    testdb_exec(db, sql.data);

    CU_ASSERT_EQUAL_FATAL(catalog_refresh(catalog, db), DB_OK);
    snapshot = catalog_take(catalog);
    sub = catalog_subscription(snapshot, 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(sub);
    CU_ASSERT_PTR_NULL(sub->secret); /* another key */
    sub = catalog_subscription(snapshot, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(sub);
    CU_ASSERT_PTR_NULL(sub->secret); /* damaged */
    sub = catalog_subscription(snapshot, 3);
    CU_ASSERT_PTR_NOT_NULL_FATAL(sub);
    CU_ASSERT_STRING_EQUAL(sub->secret, "secret-3");
    CU_ASSERT(catalog_source(snapshot, 1)->secrets_unreadable);
    CU_ASSERT_EQUAL(catalog_source(snapshot, 1)->verifier_count, 0);
    catalog_release(snapshot);
    catalog_free(catalog);
    seal_close(sealer);
    seal_close(other);
    buf_free(&sql);
    clear(db);
    db_free(db);
}

/* A deleted source leaves, its name is free at once, and a watch list that
   nobody has given is the configuration's. */
static void
test_sources(void)
{
    struct db *db = db_new(&testdb_settings);
    struct sealer *sealer = seal_from_key(key);
    struct catalog *catalog = catalog_new(sealer);
    struct settings settings = testdb_settings;
    const struct catalog_snapshot *snapshot;
    const struct source *source;

    settings.notion_database_id = "db1";
    catalog_use_settings(catalog, &settings);
    testdb_exec(db, "INSERT INTO sources (id, application_id, name, provider, "
                    "settings, config_version) VALUES (7, 3, 'mine', 'notion', "
                    "'{\"watch\":[\"other\"],\"tabel\":1}', 1)");
    CU_ASSERT_EQUAL_FATAL(catalog_refresh(catalog, db), DB_OK);
    snapshot = catalog_take(catalog);
    source = catalog_source_named(snapshot, SLICE("notion"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(source);
    CU_ASSERT_EQUAL_FATAL(source->options.watch.count, 1);
    CU_ASSERT_STRING_EQUAL(source->options.watch.list[0], "db1");
    CU_ASSERT_EQUAL(source->handshake, HANDSHAKE_IDLE);
    source = catalog_source_named(snapshot, SLICE("mine"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(source);
    CU_ASSERT_EQUAL(source->id, 7);
    CU_ASSERT_STRING_EQUAL(source->options.watch.list[0], "other");
    source = catalog_source_named(snapshot, SLICE("supabase"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(source);
    CU_ASSERT_EQUAL(source->options.watch.count, 0);
    catalog_release(snapshot);

    bump(db);
    testdb_exec(db, "UPDATE sources SET deleted_at = NOW(6) WHERE id = 7");
    testdb_exec(db, "INSERT INTO sources (id, application_id, name, provider, "
                    "config_version) VALUES (8, 3, 'mine', 'hmac', 1)");
    stamp(db, "sources", "id > 2");
    CU_ASSERT_EQUAL_FATAL(catalog_refresh(catalog, db), DB_OK);
    snapshot = catalog_take(catalog);
    CU_ASSERT_PTR_NULL(catalog_source(snapshot, 7));
    source = catalog_source_named(snapshot, SLICE("mine"));
    CU_ASSERT_PTR_NOT_NULL_FATAL(source);
    CU_ASSERT_EQUAL(source->id, 8);
    catalog_release(snapshot);
    catalog_free(catalog);
    seal_close(sealer);
    clear(db);
    db_free(db);
}

static void
test_changes(void)
{
    struct db *db = db_new(&testdb_settings);
    struct sealer *sealer = seal_from_key(key);
    struct catalog *catalog = catalog_new(sealer);
    const struct catalog_snapshot *before, *after;
    const struct subscription *unchanged;
    uint64_t statements;
    uint8_t hash[32];
    struct taker taker;

    memset(hash, 'h', sizeof(hash));
    insert_subscription(db, sealer, 1, 1, "", "a");
    insert_subscription(db, sealer, 2, 1, "", "a");
    insert_subscription(db, sealer, 3, 1, "", "a");
    testdb_exec(db, "INSERT INTO api_tokens (id, application_id, name, scope, "
                    "token_hash, shown, config_version) VALUES "
                    "(1, 1, 't', 'app', REPEAT('h', 32), 'x', 1)");
    CU_ASSERT_EQUAL_FATAL(catalog_refresh(catalog, db), DB_OK);
    before = catalog_take(catalog);
    unchanged = catalog_subscription(before, 1);

    /* The same version: one statement, the same snapshot. */
    statements = db_statements(db);
    CU_ASSERT_EQUAL(catalog_refresh(catalog, db), DB_OK);
    CU_ASSERT_EQUAL(db_statements(db), statements + 1);

    /* One changed, one deleted, one new, a token revoked. */
    bump(db);
    testdb_exec(db, "UPDATE subscriptions SET url = 'https://new.example' "
                    "WHERE id = 2");
    testdb_exec(db, "UPDATE subscription_patterns SET pattern = 'b' "
                    "WHERE subscription_id = 2");
    testdb_exec(db, "UPDATE subscriptions SET deleted_at = NOW(6) "
                    "WHERE id = 3");
    testdb_exec(db, "UPDATE api_tokens SET revoked_at = NOW(6)");
    stamp(db, "subscriptions", "id IN (2, 3)");
    stamp(db, "api_tokens", "1");
    insert_subscription(db, sealer, 4, 1, "", "a");
    CU_ASSERT_EQUAL(catalog_refresh(catalog, db), DB_OK);
    after = catalog_take(catalog);
    CU_ASSERT_EQUAL(catalog_version(after), 2);
    CU_ASSERT_PTR_EQUAL(catalog_subscription(after, 1), unchanged);
    CU_ASSERT_STRING_EQUAL(catalog_subscription(after, 2)->url,
                           "https://new.example");
    CU_ASSERT_PTR_NULL(catalog_subscription(after, 3));
    CU_ASSERT_PTR_NOT_NULL(catalog_subscription(after, 4));
    CU_ASSERT_PTR_NULL(catalog_token(after, hash));
    CU_ASSERT_EQUAL(catalog_match(after, 1, SLICE("a"), NULL, 0, &taker, 1), 2);
    CU_ASSERT_EQUAL(catalog_match(after, 1, SLICE("b"), NULL, 0, &taker, 1), 1);
    CU_ASSERT_EQUAL(taker.id, 2);

    /* What was taken before has not changed. */
    CU_ASSERT_STRING_EQUAL(catalog_subscription(before, 2)->url,
                           "https://example.org/2");
    CU_ASSERT_PTR_NOT_NULL(catalog_subscription(before, 3));
    CU_ASSERT_PTR_NOT_NULL(catalog_token(before, hash));
    CU_ASSERT_EQUAL(catalog_match(before, 1, SLICE("a"), NULL, 0, &taker, 1),
                    3);
    catalog_release(before);
    catalog_release(after);

    /* A database restored from a backup has an older version: all anew. */
    testdb_exec(db, "UPDATE config_version SET version = 1");
    testdb_exec(db, "DELETE FROM subscriptions WHERE id IN (1, 2, 3)");
    stamp(db, "subscriptions", "1");
    CU_ASSERT_EQUAL(catalog_refresh(catalog, db), DB_OK);
    after = catalog_take(catalog);
    CU_ASSERT_EQUAL(catalog_version(after), 1);
    CU_ASSERT_PTR_NULL(catalog_subscription(after, 1));
    CU_ASSERT_PTR_NOT_NULL(catalog_subscription(after, 4));
    CU_ASSERT_EQUAL(catalog_match(after, 1, SLICE("a"), NULL, 0, &taker, 1), 1);
    catalog_release(after);

    catalog_free(catalog);
    seal_close(sealer);
    clear(db);
    db_free(db);
}

static void
test_match(void)
{
    static const struct {
        const char *claim;
        uint32_t application;
        const char *type;
        const char *channel; /* of the event */
        uint32_t want[8];    /* ascending, 0 ends */
    } rows[] = {
        {"exact type, prefix and all",
         1,
         "order.created",
         NULL,
         {1, 2, 3, 4, 8, 9, 0}},
        {"a deeper type", 1, "order.created.eu", NULL, {2, 3, 4, 9, 0}},
        {"the middle of a deeper type", 1, "order.paid.eu", NULL, {2, 3, 4, 0}},
        {"the bare prefix is not below itself", 1, "order", NULL, {3, 0}},
        {"not a part of a word", 1, "orders.created", NULL, {3, 0}},
        {"letter case matters", 1, "Order.created", NULL, {3, 0}},
        {"another application", 2, "order.created", NULL, {5, 0}},
        {"an application without any", 3, "order.created", NULL, {0}},
        {"channel named by both",
         1,
         "order.created",
         "red",
         {1, 2, 3, 4, 8, 9, 0}},
        {"channel of the event only",
         1,
         "order.created",
         "blue",
         {1, 2, 3, 4, 9, 0}},
        {"no type at all", 1, "", NULL, {0}},
    };
    struct db *db = db_new(&testdb_settings);
    struct sealer *sealer = seal_from_key(key);
    struct catalog *catalog = catalog_new(sealer);
    const struct catalog_snapshot *snapshot;
    size_t i, j, k;

    insert_subscription(db, sealer, 1, 1, "", "order.created");
    insert_subscription(db, sealer, 2, 1, "", "order.*");
    insert_subscription(db, sealer, 3, 1, "paused = 1", "*");
    /* Several patterns that match, one of them twice: counts once. */
    insert_subscription(db, sealer, 4, 1, "", "order.*");
    testdb_exec(db, "INSERT INTO subscription_patterns VALUES "
                    "(4, 1, 'order.created'), (4, 2, 'order.created'), "
                    "(4, 3, 'order.*')");
    insert_subscription(db, sealer, 5, 2, "", "*");
    insert_subscription(db, sealer, 6, 1, "active = 0", "*");
    insert_subscription(db, sealer, 7, 1, "adhoc = 1", "*");
    insert_subscription(db, sealer, 8, 1, "channels = '[\"red\"]'",
                        "order.created");
    insert_subscription(db, sealer, 9, 1, "", "order.created");
    testdb_exec(db, "INSERT INTO subscription_patterns VALUES "
                    "(9, 1, 'order.created.*')");
    insert_subscription(db, sealer, 10, 1,
                        "disabled_at = NOW(), disabled_reason = '410'", "*");
    insert_subscription(db, sealer, 11, 4, "ordering = 'fifo'", "*");
    CU_ASSERT_EQUAL_FATAL(catalog_refresh(catalog, db), DB_OK);
    snapshot = catalog_take(catalog);
    CU_ASSERT_PTR_NOT_NULL(catalog_subscription(snapshot, 7)); /* for tests */

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice channel = slice_of(rows[i].channel);
        struct taker got[8] = {{0}};
        size_t count =
            catalog_match(snapshot, rows[i].application, slice_of(rows[i].type),
                          &channel, rows[i].channel == NULL ? 0 : 1, got, 8);
        bool ok = true;

        for (j = 0; rows[i].want[j] != 0; j++) {
            for (k = 0; k < count && got[k].id != rows[i].want[j]; k++)
                ;
            ok = ok && k < count;
        }
        ok = ok && j == count;
        if (!ok) {
            fprintf(stderr, "\n%s: got", rows[i].claim);
            for (k = 0; k < count && k < 8; k++)
                fprintf(stderr, " %u", (unsigned)got[k].id);
            fprintf(stderr, "\n");
        }
        CU_ASSERT(ok);
    }
    /* Who wants them in order is told along. */
    {
        struct taker got[1] = {{0}};

        CU_ASSERT_EQUAL(catalog_match(snapshot, 4, SLICE("a"), NULL, 0, got, 1),
                        1);
        CU_ASSERT_EQUAL(got[0].id, 11);
        CU_ASSERT(got[0].fifo);
        (void)catalog_match(snapshot, 2, SLICE("a"), NULL, 0, got, 1);
        CU_ASSERT_FALSE(got[0].fifo);
    }
    /* No more than asked for, but all are counted. */
    {
        struct taker got[3] = {{0}, {0}, {.id = 77}};

        CU_ASSERT_EQUAL(
            catalog_match(snapshot, 1, SLICE("order.created"), NULL, 0, got, 2),
            6);
        CU_ASSERT_EQUAL(got[2].id, 77);
        CU_ASSERT_EQUAL(catalog_match(snapshot, 1, SLICE("order.created"), NULL,
                                      0, NULL, 0),
                        6);
    }
    catalog_release(snapshot);
    catalog_free(catalog);
    seal_close(sealer);
    clear(db);
    db_free(db);
}

struct race {
    struct catalog *catalog;
    atomic_bool stop;
    atomic_uint wrong;
};

/* A reader of snapshots: subscription 1 is there in each, and matched. */
static void *
read_snapshots(void *arg)
{
    struct race *race = arg;

    while (!atomic_load(&race->stop)) {
        const struct catalog_snapshot *snapshot = catalog_take(race->catalog);
        const struct subscription *sub = catalog_subscription(snapshot, 1);
        struct taker taker = {0};

        if (sub == NULL || strncmp(sub->url, "https://", 8) != 0 ||
            catalog_match(snapshot, 1, SLICE("a"), NULL, 0, &taker, 1) != 1 ||
            taker.id != 1)
            atomic_fetch_add(&race->wrong, 1);
        catalog_release(snapshot);
    }
    return NULL;
}

/* Changes subscription 1, refreshes, and must see its own change. */
static void *
change_and_refresh(void *arg)
{
    struct race *race = arg;
    struct db *db = db_new(&testdb_settings);
    int i;

    for (i = 0; i < 40; i++) {
        const struct catalog_snapshot *snapshot;
        uint64_t mine;

        if (db_begin(db) != DB_OK ||
            db_exec(db,
                    SLICE("UPDATE config_version SET version = "
                          "LAST_INSERT_ID(version + 1)"),
                    NULL) != DB_OK)
            break;
        mine = db_insert_id(db);
        testdb_exec(db, "UPDATE subscriptions SET config_version = (SELECT "
                        "version FROM config_version) WHERE id = 1");
        if (db_commit(db) != DB_OK ||
            catalog_refresh(race->catalog, db) != DB_OK)
            break;
        snapshot = catalog_take(race->catalog);
        if (catalog_version(snapshot) < mine)
            atomic_fetch_add(&race->wrong, 1);
        catalog_release(snapshot);
    }
    db_free(db);
    if (i < 40)
        atomic_fetch_add(&race->wrong, 1);
    return NULL;
}

static void
test_threads(void)
{
    struct db *db = db_new(&testdb_settings);
    struct sealer *sealer = seal_from_key(key);
    struct race race = {.catalog = catalog_new(sealer)};
    pthread_t readers[2], writers[4];
    size_t i;

    insert_subscription(db, sealer, 1, 1, "", "a");
    CU_ASSERT_EQUAL_FATAL(catalog_refresh(race.catalog, db), DB_OK);
    for (i = 0; i < 2; i++)
        pthread_create(&readers[i], NULL, read_snapshots, &race);
    for (i = 0; i < 4; i++)
        pthread_create(&writers[i], NULL, change_and_refresh, &race);
    for (i = 0; i < 4; i++)
        pthread_join(writers[i], NULL);
    atomic_store(&race.stop, true);
    for (i = 0; i < 2; i++)
        pthread_join(readers[i], NULL);
    CU_ASSERT_EQUAL(atomic_load(&race.wrong), 0);
    catalog_free(race.catalog);
    seal_close(sealer);
    clear(db);
    db_free(db);
}

/* Many subscriptions, each with one pattern; one of them changes. */
static void
test_many(void)
{
    struct db *db = db_new(&testdb_settings);
    struct sealer *sealer = seal_from_key(key);
    struct catalog *catalog = catalog_new(sealer);
    const struct catalog_snapshot *snapshot;
    int64_t start_us, query_us, refresh_us, match_us;
    struct taker takers[4];
    int i;

    testdb_exec(db, "INSERT INTO subscriptions (id, application_id, url, "
                    "secret, config_version) SELECT seq, 1, 'https://e.org', "
                    "'', 1 FROM seq_1_to_10000");
    testdb_exec(db, "INSERT INTO subscription_patterns SELECT seq, 0, "
                    "CONCAT('type', seq DIV 10, '.created') "
                    "FROM seq_1_to_10000");
    /* The warnings about the secrets, which are none, are not the matter. */
    CU_ASSERT_FATAL(log_open(LOG_FORMAT_TEXT, LOG_ERROR, NULL));
    CU_ASSERT_EQUAL_FATAL(catalog_refresh(catalog, db), DB_OK);
    CU_ASSERT_FATAL(log_open(LOG_FORMAT_TEXT, LOG_INFO, NULL));

    insert_subscription(db, sealer, MANY + 1, 1, "", "type7.*");
    refresh_us = INT64_MAX;
    for (i = 0; i < 5; i++) {
        bump(db);
        stamp(db, "subscriptions", "id = 10001");
        start_us = clock_mono_us();
        CU_ASSERT_EQUAL(catalog_refresh(catalog, db), DB_OK);
        query_us = clock_mono_us() - start_us;
        if (query_us < refresh_us)
            refresh_us = query_us;
    }
    snapshot = catalog_take(catalog);
    start_us = clock_mono_us();
    for (i = 0; i < 1000; i++)
        CU_ASSERT_EQUAL(catalog_match(snapshot, 1, SLICE("type7.created"), NULL,
                                      0, takers, 4),
                        11);
    match_us = clock_mono_us() - start_us;
    printf("(%d subscriptions: refresh of one %lld us with its SQL, match "
           "%.1f us) ",
           MANY, (long long)refresh_us, (double)match_us / 1000);
    catalog_release(snapshot);
    catalog_free(catalog);
    seal_close(sealer);
    clear(db);
    db_free(db);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"rows are read", test_rows},
        {"unreadable secrets", test_unreadable_secrets},
        {"sources come and go", test_sources},
        {"changes come, snapshots stay", test_changes},
        {"matching", test_match},
        {"several threads", test_threads},
        {"ten thousand subscriptions", test_many},
        CU_TEST_INFO_NULL,
    };
    int rc;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (!testdb_migrate()) {
        testdb_stop();
        return EXIT_FAILURE;
    }
    rc = unit_run("catalog", tests);
    testdb_stop();
    return rc;
}
