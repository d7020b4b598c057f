/*
 * store_requeue.c - the SQL of events that are processed again.
 */
#include "store_requeue.h"

#include "alloc.h"
#include "lane.h"
#include "sql.h"

#include <stdlib.h>

#define JOB_BYTES 160

static const char jobs_head[] =
    "INSERT INTO jobs (id,kind,shard,lane,event_id,retry_of) VALUES ";

static struct store_requeue *
find(struct store_requeue *list, size_t count, uint64_t event_id)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (list[i].event_id == event_id)
            return &list[i];
    return NULL;
}

/* Both tables in one statement, so that a job which ends meanwhile is in one
   of them. */
static void
add_select(struct buf *sql, const struct store_requeue *list, size_t count)
{
    uint64_t *ids = xcalloc(count, sizeof(*ids));
    size_t i, jobs = 0;

    for (i = 0; i < count; i++)
        ids[i] = list[i].event_id;
    sql_raw(sql, "SELECT d.event_id,d.id,d.status='failed' FROM ");
    sql_id_table(sql, ids, count);
    sql_raw(sql, " x STRAIGHT_JOIN deliveries d FORCE INDEX (event) "
                 "ON d.event_id=x.id WHERE d.kind=");
    sql_u64(sql, JOB_PROCESS);
    for (i = 0; i < count; i++)
        if (list[i].remade_id != 0)
            ids[jobs++] = list[i].remade_id;
    if (jobs > 0) {
        sql_raw(sql, " UNION ALL SELECT j.event_id,j.id,0 FROM ");
        sql_id_table(sql, ids, jobs);
        sql_raw(sql, " y STRAIGHT_JOIN jobs j ON j.id=y.id");
    }
    free(ids);
}

enum db_result
store_requeue_find(struct script *script, struct store_requeue *list,
                   size_t count)
{
    uint64_t *newest = xcalloc(count, sizeof(*newest));
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    add_select(script_statement(script), list, count);
    result = script_query(script, &rows);
    while (result == DB_OK && (row = db_rows_next(rows)) != NULL) {
        uint64_t id = db_u64(row[1], 0);
        struct store_requeue *one = find(list, count, db_u64(row[0], 0));

        if (one == NULL || id < newest[one - list])
            continue;
        newest[one - list] = id;
        one->failed_id = db_u64(row[2], 0) != 0 ? id : 0;
    }
    if (result == DB_OK)
        db_rows_free(rows);
    free(newest);
    return result;
}

void
store_requeue_add(struct script *script, const struct store_new_job *job,
                  uint64_t failed_id, const uint8_t hash[32])
{
    struct buf *sql = script_row(script, jobs_head, "", JOB_BYTES);
    unsigned slot;

    sql_raw(sql, "(");
    sql_u64(sql, job->id);
    sql_raw(sql, ",");
    sql_u64(sql, job->kind);
    sql_raw(sql, ",");
    sql_u64(sql, lane_shard(job->lane));
    sql_raw(sql, ",");
    sql_u64(sql, job->lane);
    sql_raw(sql, ",");
    sql_u64(sql, job->event_id);
    sql_raw(sql, ",");
    sql_u64(sql, failed_id);
    sql_raw(sql, ")");

    sql = script_statement(script);
    sql_raw(sql, "UPDATE dedupe FORCE INDEX (PRIMARY) SET job_id=");
    sql_u64(sql, job->id);
    sql_raw(sql, " WHERE slot IN (");
    for (slot = 0; slot < DEDUPE_SLOTS; slot++) {
        sql_raw(sql, slot == 0 ? "" : ",");
        sql_u64(sql, slot);
    }
    sql_raw(sql, ") AND hash=");
    sql_bytes(sql, slice_make(hash, 32));
    sql_raw(sql, " AND event_id=");
    sql_u64(sql, job->event_id);
}
