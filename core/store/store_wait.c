/*
 * store_wait.c - see store_wait.h.
 */
#include "store_wait.h"

#include "alloc.h"
#include "delivery_row.h"
#include "insert.h"
#include "sql.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ID_SQL_MAX 48 /* bytes that an id adds to a statement */
#define SWEEP_ROWS 500

enum db_result
store_wait_add(struct db *db, const struct wait_for *waits, size_t count)
{
    struct insert insert;
    size_t i;

    insert_begin(&insert, db,
                 "INSERT INTO process_waits (job_id,delivery_id) VALUES ", "");
    for (i = 0; i < count; i++) {
        insert_row(&insert, 0);
        sql_u64(&insert.sql, waits[i].job_id);
        sql_raw(&insert.sql, ",");
        sql_u64(&insert.sql, waits[i].delivery_id);
        insert_row_end(&insert);
    }
    return insert_finish(&insert);
}

static struct process_wait *
find(struct process_wait *waits, size_t count, uint64_t job_id)
{
    size_t i;

    for (i = 0; i < count; i++) {
        if (waits[i].job_id == job_id)
            return &waits[i];
    }
    return NULL;
}

/* A delivery that is neither a job nor in the archive any more has ended long
   ago. One that ends between two reads is met as both, or as a job. None is
   older than the job that waits for it, so no older day is looked into. */
static void
add_question(struct buf *sql, const struct process_wait *waits, size_t count)
{
    uint64_t *ids = xcalloc(count, sizeof(*ids)), oldest = UINT64_MAX;
    size_t i;

    for (i = 0; i < count; i++) {
        ids[i] = waits[i].job_id;
        oldest = ids[i] < oldest ? ids[i] : oldest;
    }
    sql_raw(sql, "SELECT w.job_id,COUNT(j.id),"
                 "COALESCE(SUM(d.status IN ('failed')),0) FROM ");
    sql_id_table(sql, ids, count);
    sql_raw(sql, " x STRAIGHT_JOIN process_waits w FORCE INDEX (PRIMARY)"
                 " ON w.job_id=x.id"
                 " LEFT JOIN jobs j ON j.id=w.delivery_id"
                 " LEFT JOIN deliveries d ON d.id=w.delivery_id"
                 " AND d.done_day>=");
    delivery_row_day(sql, oldest);
    sql_raw(sql, " GROUP BY w.job_id");
    free(ids);
}

enum db_result
store_wait_look(struct db *db, struct process_wait *waits, size_t count)
{
    struct buf sql = BUF_INIT(1024 + count * ID_SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;
    size_t i;

    if (count == 0)
        return DB_OK;
    add_question(&sql, waits, count);
    assert(buf_ok(&sql));
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    for (i = 0; i < count; i++)
        waits[i].state = WAIT_NONE;
    while ((cell = db_rows_next(rows)) != NULL) {
        struct process_wait *wait = find(waits, count, db_u64(cell[0], 0));

        if (wait == NULL)
            continue;
        if (db_u64(cell[1], 0) > 0)
            wait->state = WAIT_PENDING;
        else
            wait->state = db_u64(cell[2], 0) > 0 ? WAIT_FAILED : WAIT_DONE;
    }
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_wait_end(struct db *db, const uint64_t *job_ids, size_t count)
{
    struct buf sql = BUF_INIT(256 + count * ID_SQL_MAX);
    enum db_result result;

    if (count == 0)
        return DB_OK;
    sql_raw(&sql, "DELETE w FROM ");
    sql_id_table(&sql, job_ids, count);
    sql_raw(&sql, " x STRAIGHT_JOIN process_waits w ON w.job_id=x.id");
    assert(buf_ok(&sql));
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}

enum db_result
store_wait_sweep(struct db *db, bool *more)
{
    struct buf sql = BUF_INIT(256);
    uint64_t removed = 0;
    enum db_result result;

    sql_raw(&sql, "DELETE FROM process_waits WHERE NOT EXISTS (SELECT 1 FROM"
                  " jobs WHERE jobs.id = process_waits.job_id) LIMIT ");
    sql_u64(&sql, SWEEP_ROWS);
    assert(buf_ok(&sql));
    result = db_exec(db, buf_slice(&sql), &removed);
    buf_free(&sql);
    if (result == DB_OK)
        *more = removed == SWEEP_ROWS;
    return result;
}
