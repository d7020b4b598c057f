/*
 * testdb.h - a database of its own for a test program.
 *
 * $POSTERN_TEST_DB_SOCKET names the socket of a MariaDB that belongs to the
 * tests (user root, no password). testdb_start() creates the database
 * postern_test_PID there, testdb_stop() drops it.
 */
#ifndef TESTDB_H
#define TESTDB_H

#include "db.h"
#include "schema.h"
#include "settings.h"

#include <CUnit/CUnit.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct settings testdb_settings;
static char testdb_name[64];
static char testdb_socket_option[256];
static char testdb_name_option[80];

/* A statement of the test itself; anything but success is fatal. */
static inline void
testdb_exec(struct db *db, const char *sql)
{
    enum db_result result = db_exec(db, slice_of(sql), NULL);

    if (result != DB_OK)
        fprintf(stderr, "\n%s: %s (%s)\n", sql, db_result_name(result),
                db_error_text(db));
    CU_ASSERT_EQUAL_FATAL(result, DB_OK);
}

/* The same of a format. */
static inline void testdb_execf(struct db *db, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static inline void
testdb_execf(struct db *db, const char *format, ...)
{
    struct buf sql = BUF_INIT(65536);
    va_list args;

    va_start(args, format);
    buf_vaddf(&sql, format, args);
    va_end(args);
    testdb_exec(db, sql.data);
    buf_free(&sql);
}

/* The first cell of the first row as a number; fatal if there is none. */
static inline uint64_t
testdb_u64(struct db *db, const char *sql)
{
    struct db_rows *rows = NULL;
    enum db_result result = db_query(db, slice_of(sql), &rows);
    const struct slice *row;
    uint64_t value;

    if (result != DB_OK)
        fprintf(stderr, "\n%s: %s (%s)\n", sql, db_result_name(result),
                db_error_text(db));
    CU_ASSERT_EQUAL_FATAL(result, DB_OK);
    row = db_rows_next(rows);
    CU_ASSERT_PTR_NOT_NULL_FATAL(row);
    value = db_u64(row[0], UINT64_MAX);
    db_rows_free(rows);
    return value;
}

/* Rows of "events", or of "events WHERE id = 1". */
static inline uint64_t
testdb_count(struct db *db, const char *what)
{
    char sql[1100];

    snprintf(sql, sizeof(sql), "SELECT COUNT(*) FROM %s", what);
    return testdb_u64(db, sql);
}

/* Settings for the test server; every other option has its default. */
static inline bool
testdb_load(struct settings *settings, char *const *extra, size_t count)
{
    char *overrides[16] = {testdb_socket_option, testdb_name_option,
                           (char[]){"db_user=root"}};
    struct buf why = BUF_INIT(1024);
    size_t i;
    bool ok;

    for (i = 0; i < count && i < 13; i++)
        overrides[3 + i] = extra[i];
    ok = settings_load_with(settings, "/dev/null", (char *[]){NULL}, overrides,
                            3 + i, &why);
    if (!ok)
        fprintf(stderr, "%s\n", buf_slice(&why).ptr);
    buf_free(&why);
    return ok;
}

/* Runs one statement without choosing a database. */
static inline bool
testdb_outside(const char *verb)
{
    struct settings settings = testdb_settings;
    struct db *db;
    char sql[128];
    bool ok;

    settings.db_name = "";
    db = db_new(&settings);
    snprintf(sql, sizeof(sql), "%s %s", verb, testdb_name);
    ok = db_exec(db, slice_of(sql), NULL) == DB_OK;
    if (!ok)
        fprintf(stderr, "%s: %s\n", sql, db_error_text(db));
    db_free(db);
    return ok;
}

/* False, with one line on stderr: the tests cannot run. */
static inline bool
testdb_start(void)
{
    const char *socket = getenv("POSTERN_TEST_DB_SOCKET");

    if (socket == NULL || *socket == '\0') {
        fprintf(stderr, "needs POSTERN_TEST_DB_SOCKET\n");
        return false;
    }
    snprintf(testdb_name, sizeof(testdb_name), "postern_test_%ld",
             (long)getpid());
    snprintf(testdb_socket_option, sizeof(testdb_socket_option), "db_socket=%s",
             socket);
    snprintf(testdb_name_option, sizeof(testdb_name_option), "db_name=%s",
             testdb_name);
    return testdb_load(&testdb_settings, NULL, 0) &&
           testdb_outside("CREATE OR REPLACE DATABASE");
}

static inline void
testdb_stop(void)
{
    (void)testdb_outside("DROP DATABASE IF EXISTS");
    settings_free(&testdb_settings);
}

/* Brings all tables into the test database. */
static inline bool
testdb_migrate(void)
{
    struct db *db = db_new(&testdb_settings);
    struct buf why = BUF_INIT(4096);
    enum db_result result = schema_migrate(db, NULL, NULL, &why);

    if (result != DB_OK)
        fprintf(stderr, "%s: %s\n", db_result_name(result),
                buf_slice(&why).ptr);
    buf_free(&why);
    db_free(db);
    return result == DB_OK;
}

#endif /* TESTDB_H */
