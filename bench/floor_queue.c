/*
 * floor_queue.c - how many jobs a second MariaDB can hand out and file away:
 * read by primary key with their events, archive and delete in one durable
 * transaction. One connection, as the worker has. Prints one line of JSON.
 */
#include "clock.h"
#include "flags.h"
#include "floor_rows.h"
#include "sql.h"

#include <stdio.h>
#include <stdlib.h>

#define SQL_MAX (4u << 20)

/* Reads up to `batch` jobs behind `last` and their payloads. */
static size_t
read_jobs(struct db *db, uint64_t last, uint64_t batch, uint64_t *ids)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    size_t count = 0;

    sql_raw(&sql, "SELECT j.id, j.event_id, j.lane, j.attempts, e.type, "
                  "e.payload FROM floor_jobs j JOIN floor_events e "
                  "ON e.id = j.event_id WHERE j.id > ");
    sql_u64(&sql, last);
    sql_raw(&sql, " ORDER BY j.id LIMIT ");
    sql_u64(&sql, batch);
    floor_rows_expect(db, db_query(db, buf_slice(&sql), &rows), "read");
    while (count < batch && (row = db_rows_next(rows)) != NULL)
        ids[count++] = db_u64(row[0], 0);
    db_rows_free(rows);
    buf_free(&sql);
    return count;
}

static void
file_away(struct db *db, const uint64_t *ids, size_t count)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_many many = {.count = 4, .begins = true, .commits = true};
    size_t i;

    sql_raw(&sql, "START TRANSACTION;INSERT INTO floor_deliveries (id, "
                  "done_day, kind, application_id, owner_id, event_id, "
                  "event_type, status, attempts, response_code, "
                  "response_body, duration_ms, completed_at) VALUES ");
    for (i = 0; i < count; i++) {
        sql_raw(&sql, i == 0 ? "(" : ",(");
        sql_u64(&sql, ids[i]);
        sql_raw(&sql, ",UTC_DATE(),1,1,1,");
        sql_u64(&sql, ids[i]);
        sql_raw(&sql, ",'bench.0','success',1,200,'ok',1,UTC_TIMESTAMP(6))");
    }
    sql_raw(&sql, ";DELETE j FROM ");
    sql_id_table(&sql, ids, count);
    sql_raw(&sql, " x STRAIGHT_JOIN floor_jobs j ON j.id = x.id;COMMIT");
    many.sql = buf_slice(&sql);
    floor_rows_expect(db, db_exec_many(db, &many), "file away");
    buf_free(&sql);
}

static uint64_t
drain(struct db *db, uint64_t batch)
{
    uint64_t ids[FLOOR_BATCH_MAX], last = 0, done = 0;
    size_t count;

    while ((count = read_jobs(db, last, batch, ids)) > 0) {
        file_away(db, ids, count);
        last = ids[count - 1];
        done += count;
    }
    return done;
}

int
main(int argc, char **argv)
{
    const char *config = NULL;
    uint64_t batch = 256, count = 40000, done, at;
    const struct flag flags[] = {
        {"config", "postern.conf of a running stack", NULL, &config, 0},
        {"count", "jobs (40000)", &count, NULL, 1000000},
        {"batch", "jobs in a transaction (256)", &batch, NULL, FLOOR_BATCH_MAX},
        {NULL, NULL, NULL, NULL, 0},
    };
    struct settings settings;
    struct db *db;
    int64_t start_us;
    double took;

    flags_read(flags, argc, argv);
    if (batch == 0)
        return 64;
    floor_rows_settings(&settings, config);
    db = db_new(&settings);
    floor_rows_expect(db, db_connect(db), "connect");
    floor_rows_make(db);
    for (at = 0; at < count; at += 200)
        floor_rows_insert(db, at + 1, 200, 600);
    start_us = clock_mono_us();
    done = drain(db, batch);
    took = (double)(clock_mono_us() - start_us) / 1e6;
    printf("{\"rows\":%llu,\"seconds\":%.4f,\"per_second\":%.1f}\n",
           (unsigned long long)done, took, (double)done / took);
    floor_rows_drop(db);
    db_free(db);
    settings_free(&settings);
    return done == at ? EXIT_SUCCESS : EXIT_FAILURE;
}
