/*
 * floor_rows.c - see floor_rows.h.
 */
#include "floor_rows.h"

#include "alloc.h"
#include "sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SQL_MAX (16u << 20)

void
floor_rows_expect(struct db *db, enum db_result result, const char *what)
{
    if (result == DB_OK)
        return;
    fprintf(stderr, "%s: %s: %s\n", what, db_result_name(result),
            db_error_text(db));
    exit(EXIT_FAILURE);
}

void
floor_rows_settings(struct settings *settings, const char *path)
{
    struct buf why = BUF_INIT(4096);

    if (path == NULL || !settings_load(settings, path, environ, &why)) {
        fprintf(stderr, "--config: %s\n",
                why.len > 0 ? why.data : "postern.conf of a running stack");
        exit(64);
    }
    buf_free(&why);
}

static void
run_all(struct db *db, const char *const *statements)
{
    for (; *statements != NULL; statements++)
        floor_rows_expect(db, db_exec(db, slice_of(*statements), NULL),
                          *statements);
}

void
floor_rows_drop(struct db *db)
{
    static const char *const statements[] = {
        "DROP TABLE IF EXISTS floor_events, floor_jobs, floor_deliveries",
        NULL};

    run_all(db, statements);
}

void
floor_rows_make(struct db *db)
{
    static const char *const statements[] = {
        "CREATE TABLE floor_events LIKE events",
        "CREATE TABLE floor_jobs LIKE jobs",
        "CREATE TABLE floor_deliveries LIKE deliveries", NULL};

    floor_rows_drop(db);
    run_all(db, statements);
}

void
floor_rows_insert(struct db *db, uint64_t first, uint64_t batch, uint64_t bytes)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    char *payload = xcalloc(bytes + 1, 1);
    struct db_many many = {.count = 4, .begins = true, .commits = true};
    uint64_t i;

    memset(payload, 'x', bytes);
    sql_raw(&sql, "START TRANSACTION;INSERT INTO floor_events "
                  "(id, application_id, source_id, type, verified, payload) "
                  "VALUES ");
    for (i = 0; i < batch; i++) {
        sql_raw(&sql, i == 0 ? "(" : ",(");
        sql_u64(&sql, first + i);
        sql_raw(&sql, ",1,1,'supabase.orders.insert',1,");
        sql_bytes(&sql, slice_make(payload, bytes));
        sql_raw(&sql, ")");
    }
    sql_raw(&sql, ";INSERT INTO floor_jobs "
                  "(id, kind, shard, lane, event_id) VALUES ");
    for (i = 0; i < batch; i++) {
        sql_raw(&sql, i == 0 ? "(" : ",(");
        sql_u64(&sql, first + i);
        sql_raw(&sql, ",2,0,9,");
        sql_u64(&sql, first + i);
        sql_raw(&sql, ")");
    }
    sql_raw(&sql, ";COMMIT");
    many.sql = buf_slice(&sql);
    floor_rows_expect(db, db_exec_many(db, &many), "insert");
    buf_free(&sql);
    free(payload);
}
