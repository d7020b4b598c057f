/*
 * test_db.c - unit tests for core/db/db.c and its parts, with a real server.
 */
#include "sql.h"
#include "testdb.h"
#include "unit.h"

#include "clock.h"

#include <pthread.h>
#include <string.h>

static void
test_classes(void)
{
    static const struct {
        const char *claim;
        unsigned number;
        enum db_result want;
    } rows[] = {
        {"no error", 0, DB_OK},
        {"a unique key is taken", 1062, DB_DUPLICATE},
        {"a deadlock is repeated", 1213, DB_AGAIN},
        {"a lock wait time-out is repeated", 1205, DB_AGAIN},
        {"a changed record is repeated", 1020, DB_AGAIN},
        {"a statement that took too long is repeated", 1969, DB_AGAIN},
        {"a lost connection is repeated", 2013, DB_AGAIN},
        {"a connection that has gone is repeated", 2006, DB_AGAIN},
        {"a killed connection is repeated", 1927, DB_AGAIN},
        {"no socket", 2002, DB_AWAY},
        {"no host", 2003, DB_AWAY},
        {"too many connections", 1040, DB_AWAY},
        {"too many connections of this user", 1203, DB_AWAY},
        {"too many connections by resource limit", 1226, DB_AWAY},
        {"the server shuts down", 1053, DB_AWAY},
        {"a Galera node is not ready", 1047, DB_AWAY},
        {"the server is read-only", 1290, DB_AWAY},
        {"the disk is full", 1021, DB_AWAY},
        {"a value too long", 1406, DB_BROKEN},
        {"a syntax error", 1064, DB_BROKEN},
        {"no such table", 1146, DB_BROKEN},
        {"wrong password", 1045, DB_BROKEN},
        {"TLS failed", 2026, DB_BROKEN},
        {"a packet too large", 1153, DB_BROKEN},
        {"a number nobody has seen", 65000, DB_BROKEN},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum db_result got = db_classify(rows[i].number);

        if (got != rows[i].want)
            fprintf(stderr, "\n%s: got %s, want %s\n", rows[i].claim,
                    db_result_name(got), db_result_name(rows[i].want));
        CU_ASSERT_EQUAL(got, rows[i].want);
    }
}

/* Each session setting that statements count on. */
static void
test_session(void)
{
    static const struct {
        const char *what;
        const char *want;
    } rows[] = {
        {"@@sql_mode", "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,"
                       "NO_ENGINE_SUBSTITUTION"},
        {"@@time_zone", "+00:00"},
        {"@@tx_isolation", "READ-COMMITTED"},
        {"@@character_set_client", "latin1"}, /* sql_text() says more */
        {"@@character_set_connection", "utf8mb4"},
        {"@@character_set_results", "utf8mb4"},
        {"@@innodb_lock_wait_timeout", "5"},
        {"@@lock_wait_timeout", "5"},
        {"@@idle_transaction_timeout", "10"},
        {"@@max_statement_time", "9.000000"},
    };
    struct db *db = db_new(&testdb_settings);
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct db_rows *result = NULL;
        const struct slice *row;
        char sql[128];

        snprintf(sql, sizeof(sql), "SELECT %s", rows[i].what);
        CU_ASSERT_EQUAL_FATAL(db_query(db, slice_of(sql), &result), DB_OK);
        row = db_rows_next(result);
        CU_ASSERT_PTR_NOT_NULL_FATAL(row);
        if (!slice_is(row[0], rows[i].want))
            fprintf(stderr, "\n%s: got %s, want %s\n", rows[i].what, row[0].ptr,
                    rows[i].want);
        CU_ASSERT(slice_is(row[0], rows[i].want));
        db_rows_free(result);
    }
    CU_ASSERT_EQUAL(db_max_packet(db),
                    testdb_u64(db, "SELECT @@max_allowed_packet"));
    CU_ASSERT(llabs(db_now_us(db) - clock_wall_us()) < CLOCK_US_PER_S);

    db_set_patient(db, true);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT @@max_statement_time = 0"), 1);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT @@character_set_client = 'utf8mb4'"),
                    1);
    db_free(db);
}

/* By the session of the gateway, and by that of migrations. */
static void
test_text_of_any_script(void)
{
    static const char text[] = "a'\\ gr\xc3\xb6\xc3\x9f"
                               "er \xe6\xbc\xa2 \xf0\x9f\x98\x80";
    struct db *db = db_new(&testdb_settings);
    int patient;

    for (patient = 0; patient < 2; patient++) {
        struct buf sql = BUF_INIT(1000);
        struct db_rows *rows = NULL;
        const struct slice *row;

        db_set_patient(db, patient == 1);
        buf_add_text(&sql,
                     "SELECT x, CHARSET(x), CHAR_LENGTH(x) FROM (SELECT ");
        sql_text(&sql, SLICE(text));
        buf_add_text(&sql, " x) t");
        CU_ASSERT_EQUAL_FATAL(db_query(db, buf_slice(&sql), &rows), DB_OK);
        row = db_rows_next(rows);
        CU_ASSERT_PTR_NOT_NULL_FATAL(row);
        CU_ASSERT(slice_is(row[0], text));
        CU_ASSERT(slice_is(row[1], "utf8mb4"));
        CU_ASSERT_EQUAL(db_u64(row[2], 0), 14);
        db_rows_free(rows);
        buf_free(&sql);
    }
    db_free(db);
}

/* Many a server is told to have its own way (init_connect,
   skip_character_set_client_handshake): literals with and without an introducer
   would be of two collations, and results of another character set. */
static void
test_text_is_the_sessions_own(void)
{
    static const char text[] = "\xe6\xbc\xa2";
    struct db *root = db_new(&testdb_settings), *db;
    struct settings settings = testdb_settings;
    struct db_rows *rows = NULL;
    const struct slice *row;

    settings.db_user = testdb_name;
    testdb_execf(root, "CREATE OR REPLACE USER %s@localhost", testdb_name);
    testdb_execf(root, "GRANT ALL ON %s.* TO %s@localhost", testdb_name,
                 testdb_name);
    testdb_exec(root, "SET GLOBAL init_connect = 'SET NAMES utf8mb4 COLLATE "
                      "utf8mb4_unicode_ci, character_set_results = latin1'");
    db = db_new(&settings);
    CU_ASSERT_EQUAL(db_connect(db), DB_OK);
    testdb_exec(root, "SET GLOBAL init_connect = DEFAULT");

    CU_ASSERT_EQUAL_FATAL(
        db_query(db,
                 SLICE("SELECT 'a' x UNION ALL SELECT _utf8mb4'\xe6\xbc\xa2'"),
                 &rows),
        DB_OK);
    CU_ASSERT_PTR_NOT_NULL(db_rows_next(rows));
    row = db_rows_next(rows);
    CU_ASSERT_PTR_NOT_NULL_FATAL(row);
    CU_ASSERT(slice_is(row[0], text));
    db_rows_free(rows);
    db_free(db);
    testdb_execf(root, "DROP USER %s@localhost", testdb_name);
    db_free(root);
}

/* It is refused, and known to be the value's fault. */
static void
test_text_that_is_none(void)
{
    struct db *db = db_new(&testdb_settings);
    struct buf sql = BUF_INIT(1000);

    CU_ASSERT_EQUAL_FATAL(
        db_exec(db,
                SLICE("CREATE TEMPORARY TABLE scripts "
                      "(text VARCHAR(20) CHARACTER SET utf8mb4)"),
                NULL),
        DB_OK);
    buf_add_text(&sql, "INSERT INTO scripts VALUES (");
    sql_text(&sql, SLICE("\xc3("));
    buf_add_text(&sql, ")");
    CU_ASSERT_EQUAL(db_exec(db, buf_slice(&sql), NULL), DB_BROKEN);
    CU_ASSERT(db_error_is_of_value(db));
    buf_free(&sql);
    db_free(db);
}

static void
test_rows(void)
{
    struct db *db = db_new(&testdb_settings);
    struct db_rows *rows = NULL;
    const struct slice *first, *second;

    CU_ASSERT_EQUAL_FATAL(
        db_query(db,
                 SLICE("SELECT 18446744073709551615 a, -5 b, NULL c, '' d, "
                       "TIMESTAMP'2026-01-01 15:00:00.25' e "
                       "UNION ALL SELECT 7, 8, 'x', 'a\\0b', NULL"),
                 &rows),
        DB_OK);
    CU_ASSERT_EQUAL(db_rows_count(rows), 2);
    first = db_rows_next(rows);
    second = db_rows_next(rows);
    CU_ASSERT_PTR_NOT_NULL_FATAL(first);
    CU_ASSERT_PTR_NOT_NULL_FATAL(second);
    CU_ASSERT_PTR_NULL(db_rows_next(rows));

    CU_ASSERT_EQUAL(db_u64(first[0], 1), UINT64_MAX);
    CU_ASSERT_EQUAL(db_u64(first[1], 1), 1); /* not a u64: the fallback */
    CU_ASSERT_EQUAL(db_i64(first[1], 1), -5);
    CU_ASSERT_PTR_NULL(first[2].ptr);
    CU_ASSERT_EQUAL(db_i64(first[2], 42), 42);
    CU_ASSERT_PTR_NOT_NULL(first[3].ptr); /* empty is not NULL */
    CU_ASSERT_EQUAL(first[3].len, 0);
    CU_ASSERT_EQUAL(db_time_us(first[4]), INT64_C(1767279600250000));
    CU_ASSERT_EQUAL(second[3].len, 3); /* bytes may be anything */
    CU_ASSERT_EQUAL(memcmp(second[3].ptr, "a\0b", 3), 0);
    CU_ASSERT_EQUAL(db_time_us(second[4]), 0);
    db_rows_free(rows);

    CU_ASSERT_EQUAL(
        db_query(db, SLICE("SELECT 1 FROM DUAL WHERE 1 = 0"), &rows), DB_OK);
    CU_ASSERT_EQUAL(db_rows_count(rows), 0);
    CU_ASSERT_PTR_NULL(db_rows_next(rows));
    db_rows_free(rows);
    db_free(db);
}

static void
test_transactions(void)
{
    struct db *db = db_new(&testdb_settings);
    uint64_t affected = 99;

    testdb_exec(db, "CREATE OR REPLACE TABLE t (id INT PRIMARY KEY, v INT)");
    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    testdb_exec(db, "INSERT INTO t VALUES (1, 1)");
    CU_ASSERT_EQUAL(db_exec(db, SLICE("INSERT INTO t VALUES (1, 2)"), NULL),
                    DB_DUPLICATE);
    CU_ASSERT_EQUAL(db_error_number(db), 1062);
    db_rollback(db);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM t"), 0);

    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    testdb_exec(db, "INSERT INTO t VALUES (1, 1)");
    CU_ASSERT_EQUAL(db_commit(db), DB_OK);

    /* A forgotten transaction is rolled back by the next, not committed. */
    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    testdb_exec(db, "INSERT INTO t VALUES (2, 2)");
    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    CU_ASSERT_EQUAL(db_commit(db), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM t"), 1);

    /* Matched rows count, changed or not. */
    CU_ASSERT_EQUAL(
        db_exec(db, SLICE("UPDATE t SET v = 1 WHERE id = 1"), &affected),
        DB_OK);
    CU_ASSERT_EQUAL(affected, 1);
    db_free(db);
}

static void
test_many(void)
{
    struct db *db = db_new(&testdb_settings);
    struct db_rows *rows = NULL;
    struct db_many many = {
        .sql = SLICE("BEGIN;INSERT INTO m VALUES (1);"
                     "INSERT INTO m VALUES (2);SELECT id FROM m ORDER BY id"),
        .count = 4,
        .begins = true,
        .rows = &rows,
    };
    const struct slice *row;

    testdb_exec(db, "CREATE OR REPLACE TABLE m (id INT PRIMARY KEY)");
    CU_ASSERT_EQUAL_FATAL(db_exec_many(db, &many), DB_OK);
    CU_ASSERT_EQUAL(db_rows_count(rows), 2);
    row = db_rows_next(rows);
    CU_ASSERT_PTR_NOT_NULL_FATAL(row);
    CU_ASSERT(slice_is(row[0], "1"));
    db_rows_free(rows);

    many = (struct db_many){.sql = SLICE("INSERT INTO m VALUES (3);COMMIT"),
                            .count = 2,
                            .commits = true};
    CU_ASSERT_EQUAL(db_exec_many(db, &many), DB_OK);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM m"), 3);

    /* The third fails: nothing after it runs, nothing is committed. */
    many = (struct db_many){.sql = SLICE("BEGIN;INSERT INTO m VALUES (4);"
                                         "INSERT INTO m VALUES (1);COMMIT"),
                            .count = 4,
                            .begins = true,
                            .commits = true};
    CU_ASSERT_EQUAL(db_exec_many(db, &many), DB_DUPLICATE);
    CU_ASSERT_EQUAL(many.failed, 2);
    db_rollback(db);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM m"), 3);

    /* A wrong count is a mistake of ours and noticed. */
    many = (struct db_many){.sql = SLICE("BEGIN;SELECT 1;COMMIT"),
                            .count = 2,
                            .begins = true,
                            .commits = true};
    CU_ASSERT_EQUAL(db_exec_many(db, &many), DB_BROKEN);
    db_rollback(db);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM m"), 3);
    db_free(db);
}

static uint64_t
connection_of(struct db *db)
{
    return testdb_u64(db, "SELECT CONNECTION_ID()");
}

static void
kill_connection(uint64_t id)
{
    struct db *killer = db_new(&testdb_settings);
    char sql[128];

    snprintf(sql, sizeof(sql), "KILL %llu", (unsigned long long)id);
    testdb_exec(killer, sql);
    snprintf(sql, sizeof(sql),
             "SELECT COUNT(*) FROM information_schema.PROCESSLIST "
             "WHERE ID = %llu",
             (unsigned long long)id);
    while (testdb_u64(killer, sql) > 0)
        ;
    db_free(killer);
}

static void
test_lost_connection(void)
{
    struct db *db = db_new(&testdb_settings);
    struct db_many many;

    testdb_exec(db, "CREATE OR REPLACE TABLE l (id INT PRIMARY KEY)");

    /* Between statements: the next one connects again. */
    kill_connection(connection_of(db));
    testdb_exec(db, "INSERT INTO l VALUES (1)");
    kill_connection(connection_of(db));
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM l"), 1);
    kill_connection(connection_of(db));
    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);

    /* Inside a transaction nothing reconnects: it is over. */
    testdb_exec(db, "INSERT INTO l VALUES (2)");
    kill_connection(connection_of(db));
    CU_ASSERT_EQUAL(db_exec(db, SLICE("INSERT INTO l VALUES (3)"), NULL),
                    DB_AGAIN);
    CU_ASSERT_EQUAL(db_exec(db, SLICE("INSERT INTO l VALUES (4)"), NULL),
                    DB_AGAIN);
    CU_ASSERT_FALSE(db_connected(db));
    CU_ASSERT_EQUAL(db_commit(db), DB_AGAIN);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM l"), 1);

    /* During COMMIT: nobody knows. */
    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    testdb_exec(db, "INSERT INTO l VALUES (5)");
    kill_connection(connection_of(db));
    CU_ASSERT_EQUAL(db_commit(db), DB_UNKNOWN);

    CU_ASSERT_EQUAL_FATAL(db_begin(db), DB_OK);
    kill_connection(connection_of(db));
    many = (struct db_many){.sql = SLICE("INSERT INTO l VALUES (6);COMMIT"),
                            .count = 2,
                            .commits = true};
    switch (db_exec_many(db, &many)) {
    case DB_UNKNOWN: /* the packet had left */
    case DB_AGAIN:   /* it could not leave */
        break;
    default:
        CU_FAIL("a lost connection is unknown or again");
    }
    db_rollback(db);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT COUNT(*) FROM l WHERE id = 6"), 0);
    db_free(db);
}

static void
test_cannot_connect(void)
{
    static const struct {
        const char *claim;
        const char *option, *second;
        enum db_result want;
        const char *said; /* a part of the text */
    } rows[] = {
        {"no server on the socket", "db_socket=/nonexistent/s.sock", NULL,
         DB_AWAY, "/nonexistent/s.sock"},
        {"no server on the port", "db_host=127.0.0.1", "db_port=1", DB_AWAY,
         "127.0.0.1"},
        {"an unknown account", "db_user=nobody_here", "db_password=s3cret",
         DB_BROKEN, "nobody_here"},
        {"an unknown database", "db_name=postern_no_such_database", NULL,
         DB_BROKEN, "postern_no_such_database"},
        {"TLS wanted from a server without it",
         "db_tls_ca=/etc/ssl/certs/ca-certificates.crt", NULL, DB_BROKEN,
         "TLS"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char first[128], second[128];
        char *extra[] = {first, second};
        struct settings settings;
        enum db_result got;
        struct db *db;

        snprintf(first, sizeof(first), "%s", rows[i].option);
        snprintf(second, sizeof(second), "%s",
                 rows[i].second == NULL ? rows[i].option : rows[i].second);
        CU_ASSERT_FATAL(testdb_load(&settings, extra, 2));
        db = db_new(&settings);
        got = db_connect(db);
        if (got != rows[i].want ||
            strstr(db_error_text(db), rows[i].said) == NULL)
            fprintf(stderr, "\n%s: got %s (%u, %s), want %s\n", rows[i].claim,
                    db_result_name(got), db_error_number(db), db_error_text(db),
                    db_result_name(rows[i].want));
        CU_ASSERT_EQUAL(got, rows[i].want);
        CU_ASSERT_PTR_NOT_NULL(strstr(db_error_text(db), rows[i].said));
        CU_ASSERT_PTR_NULL(strstr(db_error_text(db), "s3cret"));
        CU_ASSERT_FALSE(db_connected(db));
        db_free(db);
        settings_free(&settings);
    }
}

static void
test_error_text_shows_no_values(void)
{
    static const char *const statements[] = {
        "INSERT INTO v VALUES ('hunter''2')",     /* duplicate */
        "INSERT INTO v SET k = 'hunter2' WHERE",  /* syntax */
        "SELECT CAST('hunter2' AS no_such_type)", /* syntax */
        "INSERT INTO v (n) VALUES ('hunter2')",   /* not a number */
    };
    struct db *db = db_new(&testdb_settings);
    size_t i;

    testdb_exec(db, "CREATE OR REPLACE TABLE v (k VARCHAR(20) NOT NULL DEFAULT "
                    "'', n INT, PRIMARY KEY (k))");
    testdb_exec(db, "INSERT INTO v VALUES ('hunter''2', 1)");
    for (i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
        CU_ASSERT_NOT_EQUAL(db_exec(db, slice_of(statements[i]), NULL), DB_OK);
        CU_ASSERT_NOT_EQUAL(db_error_number(db), 0);
        CU_ASSERT_PTR_NULL(strstr(db_error_text(db), "hunter"));
    }
    /* Names are not values. */
    CU_ASSERT_EQUAL(
        db_exec(db, SLICE("INSERT INTO v (k) VALUES (REPEAT('x', 21))"), NULL),
        DB_BROKEN);
    CU_ASSERT_PTR_NOT_NULL(strstr(db_error_text(db), "column 'k'"));
    db_free(db);
}

/* An account without privileges meets init_connect, which sets a clock. */
static void
test_clock(void)
{
    static const struct {
        const char *claim;
        int offset_s;
        enum db_result want;
    } rows[] = {
        {"two minutes ahead is refused", 120, DB_BROKEN},
        {"two minutes behind is refused", -120, DB_BROKEN},
        {"five seconds are only warned about", 5, DB_OK},
    };
    char user[64], user_option[80], sql[256];
    char *extra[] = {user_option};
    struct db *admin = db_new(&testdb_settings);
    struct settings settings;
    size_t i;

    snprintf(user, sizeof(user), "pt%ld", (long)getpid());
    snprintf(user_option, sizeof(user_option), "db_user=%s", user);
    snprintf(sql, sizeof(sql), "CREATE OR REPLACE USER %s@localhost", user);
    testdb_exec(admin, sql);
    snprintf(sql, sizeof(sql), "GRANT SELECT ON %s.* TO %s@localhost",
             testdb_name, user);
    testdb_exec(admin, sql);
    CU_ASSERT_FATAL(testdb_load(&settings, extra, 1));
    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct db *db = db_new(&settings);
        enum db_result got;

        snprintf(sql, sizeof(sql),
                 "SET GLOBAL init_connect = "
                 "'SET timestamp = UNIX_TIMESTAMP(NOW(6)) + %d'",
                 rows[i].offset_s);
        testdb_exec(admin, sql);
        got = db_connect(db);
        if (got != rows[i].want)
            fprintf(stderr, "\n%s: got %s (%s)\n", rows[i].claim,
                    db_result_name(got), db_error_text(db));
        CU_ASSERT_EQUAL(got, rows[i].want);
        if (got == DB_OK) {
            int64_t off_us = db_now_us(db) - clock_wall_us() -
                             rows[i].offset_s * CLOCK_US_PER_S;

            CU_ASSERT(llabs(off_us) < CLOCK_US_PER_S);
        } else {
            CU_ASSERT_PTR_NOT_NULL(strstr(db_error_text(db), "clock"));
        }
        db_free(db);
    }
    testdb_exec(admin, "SET GLOBAL init_connect = ''");
    snprintf(sql, sizeof(sql), "DROP USER %s@localhost", user);
    testdb_exec(admin, sql);
    db_free(admin);
    settings_free(&settings);
}

static void *
use_pool(void *arg)
{
    struct db_pool *pool = arg;
    uintptr_t failures = 0;
    int i;

    for (i = 0; i < 50; i++) {
        struct db *db = db_pool_take(pool);
        struct db_rows *rows = NULL;

        if (db == NULL || db_query(db, SLICE("SELECT 1"), &rows) != DB_OK)
            failures++;
        db_rows_free(rows);
        db_pool_give(pool, db);
    }
    return (void *)failures;
}

static void
test_pool(void)
{
    char *extra[] = {(char[]){"db_timeout_s=1"}, (char[]){"db_idle_s=1"}};
    struct settings settings;
    struct db_pool *pool;
    struct db *db, *other;
    pthread_t threads[8];
    struct timespec idle = {.tv_sec = 1, .tv_nsec = 50000000};
    int64_t start_us;
    size_t i;

    CU_ASSERT_FATAL(testdb_load(&settings, extra, 2));
    pool = db_pool_new(&settings, 2);
    for (i = 0; i < 8; i++)
        pthread_create(&threads[i], NULL, use_pool, pool);
    for (i = 0; i < 8; i++) {
        void *failures;

        pthread_join(threads[i], &failures);
        CU_ASSERT_PTR_NULL(failures);
    }

    /* All taken: bounded waiting, then none. */
    db = db_pool_take(pool);
    other = db_pool_take(pool);
    CU_ASSERT_PTR_NOT_NULL_FATAL(db);
    CU_ASSERT_PTR_NOT_NULL_FATAL(other);
    start_us = clock_mono_us();
    CU_ASSERT_PTR_NULL(db_pool_take(pool));
    CU_ASSERT(clock_mono_us() - start_us >= 900 * CLOCK_US_PER_MS);

    /* An open transaction does not outlive its borrower. */
    CU_ASSERT_EQUAL(db_begin(db), DB_OK);
    db_pool_give(pool, db);
    CU_ASSERT_PTR_EQUAL(db_pool_take(pool), db);
    CU_ASSERT_EQUAL(testdb_u64(db, "SELECT @@in_transaction"), 0);

    db_pool_give(pool, other);
    db_pool_give(pool, db);
    db_pool_reap(pool);
    CU_ASSERT(db_connected(db));
    nanosleep(&idle, NULL); /* idleness is what is tested */
    db_pool_reap(pool);
    CU_ASSERT_FALSE(db_connected(db));
    CU_ASSERT_FALSE(db_connected(other));
    db_pool_free(pool);
    settings_free(&settings);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"error numbers have classes", test_classes},
        {"the session is set up", test_session},
        {"text of any script comes back", test_text_of_any_script},
        {"text does not depend on the server's settings",
         test_text_is_the_sessions_own},
        {"text that is not UTF-8 is refused", test_text_that_is_none},
        {"rows", test_rows},
        {"transactions", test_transactions},
        {"many statements in one packet", test_many},
        {"a lost connection", test_lost_connection},
        {"what keeps from connecting is said", test_cannot_connect},
        {"error texts show no values", test_error_text_shows_no_values},
        {"a wrong clock is noticed", test_clock},
        {"the pool is bounded", test_pool},
        CU_TEST_INFO_NULL,
    };
    int rc;

    if (!testdb_start())
        return EXIT_FAILURE;
    rc = unit_run("db", tests);
    testdb_stop();
    return rc;
}
