/*
 * test_counting.c - tests for fcgi/receive/counting.c and
 * core/store/sources/store_receiving.c against a real database.
 */
#include "counting.h"

#include "clock.h"
#include "store_receiving.h"
#include "store_rollup.h"
#include "testdb.h"
#include "unit.h"

#include <pthread.h>
#include <string.h>

#define SLOT 5
#define THREADS 4
#define EACH 1000

static struct db *db;
static struct db_pool *pool;

static struct counting *
begin(void)
{
    testdb_exec(db, "DELETE FROM rollup_receiving");
    return counting_new();
}

static void
add(struct counting *counting, uint32_t source_id, enum counted what, int times)
{
    for (; times > 0; times--)
        counting_add(counting, source_id, what);
}

/* A source's figures as the API shows them. */
static void
expect(const char *claim, uint32_t source_id, int64_t since_us,
       const char *want)
{
    struct receiving_figures figures = {0};
    struct buf got = BUF_INIT(512);

    CU_ASSERT_EQUAL_FATAL(
        store_receiving_read(db, source_id, since_us, &figures), DB_OK);
    receiving_figures_print(&figures, &got);
    if (strcmp(got.data, want) != 0)
        fprintf(stderr, "\n%s: got %s\n", claim, got.data);
    CU_ASSERT_STRING_EQUAL(got.data, want);
    buf_free(&got);
}

#define FIGURES(rejected, ignored, repeated, mismatched)                       \
    "{\"processed\":0,\"failed\":0,\"retries\":0,\"rejected\":" #rejected      \
    ",\"ignored\":" #ignored ",\"repeated\":" #repeated                        \
    ",\"mismatched\":" #mismatched "}"

static void
test_each_source_has_its_own(void)
{
    struct counting *counting = begin();

    counting_flush(counting, pool, SLOT);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM rollup_receiving"), 0);
    add(counting, 7, COUNTED_REJECTED, 3);
    add(counting, 7, COUNTED_IGNORED, 2);
    add(counting, 8, COUNTED_REPEATED, 1);
    counting_flush(counting, pool, SLOT);
    expect("the first", 7, 0, FIGURES(3, 2, 0, 0));
    expect("the second", 8, 0, FIGURES(0, 0, 1, 0));
    expect("nobody", 9, 0, FIGURES(0, 0, 0, 0));

    /* More of it is added; another process has rows of its own. */
    add(counting, 7, COUNTED_REPEATED, 1);
    counting_flush(counting, pool, SLOT);
    add(counting, 7, COUNTED_IGNORED, 1);
    counting_flush(counting, pool, SLOT + 1);
    expect("later", 7, 0, FIGURES(3, 3, 1, 0));
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM rollup_receiving "
                                   "WHERE source_id = 7"),
                    2);
    counting_free(counting);
}

static void
test_without_a_database(void)
{
    struct counting *counting = begin();
    struct settings away = testdb_settings;
    struct db_pool *nowhere;

    away.db_socket = "/nonexistent/socket";
    nowhere = db_pool_new(&away, 1);
    add(counting, 7, COUNTED_IGNORED, 2);
    counting_flush(counting, nowhere, SLOT);
    add(counting, 7, COUNTED_IGNORED, 1);
    add(counting, 8, COUNTED_REJECTED, 1);
    counting_flush(counting, nowhere, SLOT);
    counting_flush(counting, pool, SLOT);
    expect("what had to wait", 7, 0, FIGURES(0, 3, 0, 0));
    expect("and what came later", 8, 0, FIGURES(1, 0, 0, 0));
    db_pool_free(nowhere);
    counting_free(counting);
}

static void *
count_many(void *arg)
{
    add(arg, 7, COUNTED_IGNORED, EACH);
    return NULL;
}

static void
test_many_threads(void)
{
    struct counting *counting = begin();
    pthread_t threads[THREADS];
    size_t i;

    for (i = 0; i < THREADS; i++)
        CU_ASSERT_EQUAL_FATAL(
            pthread_create(&threads[i], NULL, count_many, counting), 0);
    counting_flush(counting, pool, SLOT);
    for (i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    counting_flush(counting, pool, SLOT);
    expect("all of them", 7, 0, FIGURES(0, 4000, 0, 0));
    counting_free(counting);
}

/* The worker's counter lies beside; old hours become one row, and figures of
   the last hours leave them out. */
static void
test_hours(void)
{
    struct counting *counting = begin();
    struct rollup *rollup = rollup_new();
    int64_t now_us = clock_wall_us(),
            long_ago_us = now_us - 90 * CLOCK_US_PER_DAY;
    bool more = true;

    add(counting, 7, COUNTED_IGNORED, 2);
    counting_flush(counting, pool, SLOT);
    rollup_mismatch(rollup, now_us, 7);
    rollup_mismatch(rollup, long_ago_us, 7);
    rollup_mismatch(rollup, long_ago_us, 7);
    CU_ASSERT_EQUAL(rollup_write(db, rollup, SLOT), DB_OK);
    expect("all", 7, 0, FIGURES(0, 2, 0, 3));
    expect("a day", 7, now_us - CLOCK_US_PER_DAY, FIGURES(0, 2, 0, 1));
    while (more)
        CU_ASSERT_EQUAL_FATAL(
            rollup_fold(db, now_us - 30 * CLOCK_US_PER_DAY, &more), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT mismatched FROM rollup_receiving "
                                   "WHERE hour < '1972-01-01'"),
                    2);
    expect("all, folded", 7, 0, FIGURES(0, 2, 0, 3));
    expect("a day, folded", 7, now_us - CLOCK_US_PER_DAY, FIGURES(0, 2, 0, 1));
    rollup_free(rollup);
    counting_free(counting);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"each source has its own", test_each_source_has_its_own},
        {"without a database", test_without_a_database},
        {"many threads", test_many_threads},
        {"hours", test_hours},
        CU_TEST_INFO_NULL,
    };
    int code = EXIT_FAILURE;

    if (!testdb_start())
        return EXIT_FAILURE;
    if (testdb_migrate()) {
        db = db_new(&testdb_settings);
        pool = db_pool_new(&testdb_settings, 2);
        code = unit_run("counting", tests);
        db_pool_free(pool);
        db_free(db);
    }
    testdb_stop();
    return code;
}
