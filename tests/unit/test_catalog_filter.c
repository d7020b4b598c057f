/*
 * test_catalog_filter.c - unit tests for core/catalog/catalog_filter.c: filters
 * as the database has them, and what they keep back.
 */
#include "catalog.h"

#include "sql.h"
#include "testdb.h"
#include "unit.h"

#include <pthread.h>
#include <string.h>

#define TAKERS 4
#define THREADS 2
#define ROUNDS 1000

/* By number: without a filter, of the data, of the type and the metadata, and
   one that somebody has spoiled by hand. */
static const char *const filters[TAKERS] = {
    "NULL",
    "'{\"data\":{\"amount\":{\"$gte\":100}}}'",
    "'{\"type\":\"order.paid\",\"metadata\":{\"region\":\"eu\"}}'",
    "'{\"data\":'",
};

static struct sealer *sealer;
static struct catalog *catalog;
static const struct catalog_snapshot *snapshot;

static void
insert(struct db *db, uint32_t id)
{
    const struct seal_place place = {"subscriptions", "secret", 1, id};
    struct buf sealed = BUF_INIT(256), sql = BUF_INIT(1024);

    seal_value(sealer, place, SLICE("a secret"), &sealed);
    buf_addf(&sql,
             "INSERT INTO subscriptions SET id = %u, application_id = 1, "
             "url = 'https://example.org/', filter = %s, config_version = "
             "(SELECT version FROM config_version), secret = ",
             (unsigned)id, filters[id - 1]);
    sql_bytes(&sql, buf_slice(&sealed));
    testdb_exec(db, sql.data);
    buf_free(&sealed);
    buf_free(&sql);
}

static void
set_up(void)
{
    static const uint8_t key[32] = {1};
    struct db *db = db_new(&testdb_settings);
    uint32_t id;

    sealer = seal_from_key(key);
    testdb_exec(db, "DELETE FROM subscriptions");
    testdb_exec(db, "UPDATE config_version SET version = version + 1");
    for (id = 1; id <= TAKERS; id++)
        insert(db, id);
    catalog = catalog_new(sealer);
    CU_ASSERT_EQUAL_FATAL(catalog_refresh(catalog, db), DB_OK);
    snapshot = catalog_take(catalog);
    db_free(db);
}

static void
tear_down(void)
{
    catalog_release(snapshot);
    catalog_free(catalog);
    seal_close(sealer);
}

static size_t
ask(const char *type, const char *data, const char *metadata,
    struct taker takers[TAKERS])
{
    unsigned i;

    for (i = 0; i < TAKERS; i++)
        takers[i] = (struct taker){.id = i + 1, .filtered = i > 0};
    return catalog_filter(snapshot, slice_of(type), slice_of(data),
                          slice_of(metadata), takers, TAKERS);
}

static void
test_who_is_left(void)
{
    static const struct {
        const char *claim, *type, *data, *metadata;
        const char *left; /* their numbers */
    } rows[] = {
        {"nothing fits", "a.b", "{}", "{}", "1"},
        {"the data fit", "a.b", "{\"amount\":100}", "{}", "12"},
        {"they do not quite", "a.b", "{\"amount\":99.9}", "{}", "1"},
        {"a text is no number", "a.b", "{\"amount\":\"100\"}", "{}", "1"},
        {"type and metadata fit", "order.paid", "{}", "{\"region\":\"eu\"}",
         "13"},
        {"the type alone", "order.paid", "{}", "{\"region\":\"us\"}", "1"},
        {"all that can", "order.paid", "{\"amount\":1e9}",
         "{\"region\":\"eu\"}", "123"},
        {"no data and no metadata", "order.paid", NULL, NULL, "1"},
        {"data that is no object", "a.b", "[100]", "{}", "1"},
        {"a type to be escaped", "a\"b", "{\"amount\":100}", "{}", "12"},
    };
    struct taker takers[TAKERS];
    size_t i, j, left;

    set_up();
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        left = ask(rows[i].type, rows[i].data, rows[i].metadata, takers);
        if (left != strlen(rows[i].left))
            fprintf(stderr, "\n%s: %zu\n", rows[i].claim, left);
        CU_ASSERT_EQUAL_FATAL(left, strlen(rows[i].left));
        for (j = 0; j < left; j++)
            CU_ASSERT_EQUAL(takers[j].id, (uint32_t)(rows[i].left[j] - '0'));
        /* One by one it is the same. */
        for (j = 1; j <= TAKERS; j++)
            CU_ASSERT_EQUAL(
                catalog_passes(catalog_subscription(snapshot, (uint32_t)j),
                               slice_of(rows[i].type), slice_of(rows[i].data),
                               slice_of(rows[i].metadata)),
                strchr(rows[i].left, (int)('0' + j)) != NULL);
    }
    tear_down();
}

/* Deleted since the index was asked: its filter cannot be. */
static void
test_somebody_who_is_gone(void)
{
    struct taker takers[] = {{.id = 1}, {.id = 99, .filtered = true}};

    set_up();
    CU_ASSERT_EQUAL(catalog_filter(snapshot, SLICE("a.b"), SLICE("{}"),
                                   SLICE("{}"), takers, 2),
                    1);
    CU_ASSERT_EQUAL(takers[0].id, 1);
    tear_down();
}

static void
test_what_was_kept_back_is_counted(void)
{
    struct filtered_count counts[TAKERS];
    struct taker takers[TAKERS];

    set_up();
    CU_ASSERT(!catalog_has_filtered(catalog));
    CU_ASSERT_EQUAL(catalog_take_filtered(catalog, counts, TAKERS), 0);
    CU_ASSERT_EQUAL(ask("a.b", "{}", "{}", takers), 1);
    CU_ASSERT_EQUAL(ask("a.b", "{\"amount\":100}", "{}", takers), 2);
    CU_ASSERT_FALSE(catalog_passes(catalog_subscription(snapshot, 2),
                                   SLICE("a.b"), SLICE("{}"), SLICE("{}")));
    CU_ASSERT(catalog_has_filtered(catalog));
    /* In two goes. */
    CU_ASSERT_EQUAL_FATAL(catalog_take_filtered(catalog, counts, 2), 2);
    CU_ASSERT_EQUAL(counts[0].subscription_id, 2);
    CU_ASSERT_EQUAL(counts[0].events, 1);
    CU_ASSERT_EQUAL(counts[1].subscription_id, 3);
    CU_ASSERT_EQUAL(counts[1].events, 2);
    CU_ASSERT(catalog_has_filtered(catalog));
    CU_ASSERT_EQUAL_FATAL(catalog_take_filtered(catalog, counts, TAKERS), 1);
    CU_ASSERT_EQUAL(counts[0].subscription_id, 4);
    CU_ASSERT_EQUAL(counts[0].events, 2);
    CU_ASSERT(!catalog_has_filtered(catalog));
    tear_down();
}

static void *
ask_often(void *arg)
{
    struct taker takers[TAKERS];
    unsigned i;

    (void)arg;
    for (i = 0; i < ROUNDS; i++)
        CU_ASSERT_EQUAL(ask("a.b", "{}", "{}", takers), 1);
    return NULL;
}

/* While others count, somebody takes what there is: nothing is lost. */
static void
test_counting_from_several_threads(void)
{
    struct filtered_count counts[TAKERS];
    uint64_t sums[TAKERS + 1] = {0};
    pthread_t threads[THREADS];
    size_t i, n;

    set_up();
    for (i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, ask_often, NULL);
    for (i = 0; i < 2 * ROUNDS; i++) {
        if (i == ROUNDS) {
            pthread_join(threads[0], NULL);
            pthread_join(threads[1], NULL);
        }
        n = catalog_take_filtered(catalog, counts, 1);
        if (n == 1)
            sums[counts[0].subscription_id] += counts[0].events;
    }
    CU_ASSERT(!catalog_has_filtered(catalog));
    for (i = 2; i <= TAKERS; i++)
        CU_ASSERT_EQUAL(sums[i], THREADS * ROUNDS);
    tear_down();
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"who is left", test_who_is_left},
        {"somebody who is gone", test_somebody_who_is_gone},
        {"what was kept back is counted", test_what_was_kept_back_is_counted},
        {"counting from several threads", test_counting_from_several_threads},
        CU_TEST_INFO_NULL,
    };
    int failed;

    if (!testdb_start())
        return EXIT_FAILURE;
    failed =
        testdb_migrate() ? unit_run("catalog_filter", tests) : EXIT_FAILURE;
    testdb_stop();
    return failed;
}
