/*
 * test_transact.c - unit tests for core/db/transact.c
 */
#include "dbproxy.h"
#include "testdb.h"
#include "unit.h"

#include "transact.h"

static struct db *db;      /* the test's own */
static struct db *through; /* may be harmed */
static unsigned runs;      /* of work() */

static enum db_result
work(struct db *with, void *arg)
{
    (void)arg;
    runs++;
    return db_exec(with, SLICE("INSERT INTO t (v) VALUES (1)"), NULL);
}

/* A cluster finds a conflict between two of its nodes only when one of them
   commits: error 1213 then means that nothing has happened. */
static void
test_what_becomes_of_it(void)
{
    static const struct {
        const char *claim;
        const char *text;
        enum dbproxy_when when;
        int failures;
        enum db_result want;
        unsigned runs, rows;
    } rows[] = {
        {"nothing goes wrong", "", DBPROXY_BEFORE, 0, DB_OK, 1, 1},
        {"a deadlock in the middle", "INSERT", DBPROXY_DEADLOCK, 1, DB_OK, 2,
         1},
        {"a deadlock at COMMIT", "COMMIT", DBPROXY_DEADLOCK, 1, DB_OK, 2, 1},
        {"deadlocks at COMMIT twice", "COMMIT", DBPROXY_DEADLOCK, 2, DB_OK, 3,
         1},
        {"deadlocks without end", "COMMIT", DBPROXY_DEADLOCK, 99, DB_AWAY, 3,
         0},
        {"the connection ends in the middle", "INSERT", DBPROXY_BEFORE, 1,
         DB_OK, 2, 1},
        {"the answer to COMMIT is lost", "COMMIT", DBPROXY_AFTER, 1, DB_UNKNOWN,
         1, 1},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum db_result got;
        uint64_t count;

        testdb_exec(db, "CREATE OR REPLACE TABLE t (id INT PRIMARY KEY "
                        "AUTO_INCREMENT, v INT)");
        runs = 0;
        dbproxy_fail(rows[i].text, rows[i].when, rows[i].failures);
        got = transact(through, work, NULL);
        dbproxy_fail(NULL, DBPROXY_BEFORE, 0);
        count = testdb_u64(db, "SELECT COUNT(*) FROM t");
        if (got != rows[i].want || runs != rows[i].runs ||
            count != rows[i].rows)
            fprintf(stderr, "\n%s: got %s after %u runs, %llu rows\n",
                    rows[i].claim, db_result_name(got), runs,
                    (unsigned long long)count);
        CU_ASSERT_EQUAL(got, rows[i].want);
        CU_ASSERT_EQUAL(runs, rows[i].runs);
        CU_ASSERT_EQUAL(count, rows[i].rows);
    }
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"what becomes of it", test_what_becomes_of_it},
        CU_TEST_INFO_NULL,
    };
    struct settings proxied;
    char option[96];
    char *extra[] = {option};
    int rc = EXIT_FAILURE;

    if (!testdb_start() || !dbproxy_open(testdb_settings.db_socket))
        return EXIT_FAILURE;
    snprintf(option, sizeof(option), "db_socket=%s", dbproxy.path);
    if (testdb_load(&proxied, extra, 1)) {
        db = db_new(&testdb_settings);
        through = db_new(&proxied);
        rc = unit_run("transact", tests);
        db_free(through);
        db_free(db);
        settings_free(&proxied);
    }
    dbproxy_end();
    testdb_stop();
    return rc;
}
