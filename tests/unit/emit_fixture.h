/*
 * emit_fixture.h - events that a worker makes itself, and what is in the
 * database afterwards.
 */
#ifndef EMIT_FIXTURE_H
#define EMIT_FIXTURE_H

#include "emit.h"
#include "log.h"
#include "unit.h"
#include "worker_fixture.h"

#include <string.h>

static struct emit *emit;

/* Subscriptions of application 1: 1 wants "cache.invalidated" of channel
   "source:crm", 2 all of "task.*"; 3 is another application's and wants all. */
static inline void
begin(void)
{
    set_up(&testdb_settings);
    testdb_exec(t.late, "DELETE FROM process_waits");
    testdb_exec(t.late,
                "INSERT IGNORE INTO applications (id,name) VALUES (2,'b')");
    testdb_exec(t.late,
                "INSERT INTO subscriptions (id,application_id,url,secret,"
                "config_version,channels) VALUES"
                " (1,1,'https://a/','',1,'[\"source:crm\"]'),"
                "(2,1,'https://b/','',1,NULL),(3,2,'https://c/','',1,NULL)");
    testdb_exec(t.late, "INSERT INTO subscription_patterns VALUES"
                        " (1,0,'cache.invalidated'),(2,0,'task.*'),(3,0,'*')");
    testdb_exec(t.late, "UPDATE config_version SET version = version + 1");
    testdb_exec(t.late, "UPDATE subscriptions SET config_version ="
                        " (SELECT version FROM config_version)");
    CU_ASSERT_EQUAL_FATAL(
        follower_refresh(&t.follower, t.db, &t.desk, t.payloads), DB_OK);
    emit = emit_new(&t.lease.ids);
    emit_begin(emit, t.follower.snapshot);
}

static inline void
end(void)
{
    emit_free(emit);
    tear_down();
}

static inline void
write_all(void)
{
    CU_ASSERT_EQUAL_FATAL(db_begin(t.db), DB_OK);
    CU_ASSERT_EQUAL_FATAL(emit_write(emit, t.db, db_now_us(t.db)), DB_OK);
    CU_ASSERT_EQUAL_FATAL(db_commit(t.db), DB_OK);
}

/* The first cell of the first row; "none" if there is none. */
static inline void
expect_cell(const char *claim, const char *sql, const char *want)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    struct slice got = SLICE("none");
    enum db_result result = db_query_row(t.late, slice_of(sql), &rows, &row);

    CU_ASSERT_FATAL(result == DB_OK || result == DB_NONE);
    if (result == DB_OK)
        got = row[0].ptr == NULL ? SLICE("NULL") : row[0];
    if (!slice_is(got, want))
        fprintf(stderr, "\n%s: got %.*s\n", claim, (int)got.len, got.ptr);
    CU_ASSERT(slice_is(got, want));
    if (result == DB_OK)
        db_rows_free(rows);
}

/* "type payload" of every event, by id. */
static inline void
expect_events(const char *claim, const char *want)
{
    write_all();
    expect_cell(claim,
                "SELECT COALESCE(GROUP_CONCAT(CONCAT(type,' ',"
                "CONVERT(payload USING utf8mb4)) ORDER BY id SEPARATOR '\\n'),"
                "'') FROM events",
                want);
    testdb_exec(t.late, "DELETE FROM jobs");
    testdb_exec(t.late, "DELETE FROM events");
    emit_begin(emit, t.follower.snapshot);
}

#endif /* EMIT_FIXTURE_H */
