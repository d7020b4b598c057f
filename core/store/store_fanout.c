/*
 * store_fanout.c - events for very many subscriptions.
 */
#include "store_fanout.h"

#include "alloc.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define SQL_MAX 1024
#define ROW_BYTES 192 /* the fixed columns of a row */
#define ID_BYTES 11   /* one id of the list, with its comma */

static const char head[] =
    "INSERT INTO fanouts (job_id,config_version,deliver_at,total,"
    "subscriptions) VALUES ";

static size_t
row_bytes(const struct new_fanout *fanout)
{
    return ROW_BYTES + fanout->count * ID_BYTES;
}

static void
add_row(struct buf *sql, const struct new_fanout *fanout)
{
    size_t i;

    sql_raw(sql, "(");
    sql_u64(sql, fanout->job_id);
    sql_raw(sql, ",");
    sql_u64(sql, fanout->config_version);
    sql_raw(sql, ",");
    if (fanout->deliver_at_us == 0)
        sql_raw(sql, "NULL");
    else
        sql_time(sql, fanout->deliver_at_us);
    sql_raw(sql, ",");
    sql_u64(sql, fanout->count);
    for (i = 0; i < fanout->count; i++) {
        sql_raw(sql, i == 0 ? ",'" : ",");
        sql_u64(sql, fanout->takers[i].id);
    }
    sql_raw(sql, "')");
}

void
store_fanout_add(struct script *script, const struct new_fanout *fanout)
{
    /* Digits are not escaped: half of what is said to script_row() is needed. */
    add_row(script_row(script, head, "", row_bytes(fanout) / 2 + 1), fanout);
}

enum db_result
store_fanout_insert(struct db *db, const struct new_fanout *fanout)
{
    struct buf sql = BUF_INIT(sizeof(head) + row_bytes(fanout));
    enum db_result result;

    sql_raw(&sql, head);
    add_row(&sql, fanout);
    result = buf_ok(&sql) ? db_exec(db, buf_slice(&sql), NULL) : DB_BROKEN;
    buf_free(&sql);
    return result;
}

/* The numbers of "1,2,3" behind the first `skip`. */
static void
read_ids(struct slice list, size_t total, size_t skip, struct fanout_rest *rest)
{
    const char *at = list.ptr, *end = list.ptr + list.len;
    size_t i;

    rest->ids = xcalloc(total > skip ? total - skip : 1, sizeof(*rest->ids));
    for (i = 0; at < end && i < total; i++) {
        uint32_t id = 0;

        for (; at < end && *at >= '0' && *at <= '9'; at++)
            id = id * 10 + (uint32_t)(*at - '0');
        at++; /* the comma */
        if (i >= skip)
            rest->ids[rest->count++] = id;
    }
}

enum db_result
store_fanout_read(struct db *db, uint64_t job_id, struct fanout_rest *rest)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(&sql, "SELECT f.config_version,f.deliver_at,f.done,f.total,"
                  "f.subscriptions,COALESCE(e.ordering_key,k.ordering_key) "
                  "FROM fanouts f JOIN jobs j ON j.id=f.job_id "
                  "LEFT JOIN events e ON e.id=j.event_id "
                  "LEFT JOIN events_kept k ON k.id=j.event_id "
                  "WHERE f.job_id=");
    sql_u64(&sql, job_id);
    result = db_query_row(db, buf_slice(&sql), &rows, &row);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    *rest = (struct fanout_rest){
        .config_version = db_u64(row[0], 0),
        .deliver_at_us = db_time_us(row[1]),
        .done = (uint32_t)db_u64(row[2], 0),
        .ordering_key = slice_copy(row[5]),
    };
    read_ids(row[4], (size_t)db_u64(row[3], 0), rest->done, rest);
    db_rows_free(rows);
    return DB_OK;
}

void
fanout_rest_free(struct fanout_rest *rest)
{
    free(rest->ids);
    slice_free(&rest->ordering_key);
    memset(rest, 0, sizeof(*rest));
}

enum db_result
store_fanout_lock(struct db *db, uint64_t job_id, uint32_t *done)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(&sql, "SELECT done FROM fanouts WHERE job_id=");
    sql_u64(&sql, job_id);
    sql_raw(&sql, " FOR UPDATE");
    result = db_query_row(db, buf_slice(&sql), &rows, &row);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    *done = (uint32_t)db_u64(row[0], 0);
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_fanout_advance(struct db *db, uint64_t job_id, uint32_t done)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, "UPDATE fanouts SET done=");
    sql_u64(&sql, done);
    sql_raw(&sql, " WHERE job_id=");
    sql_u64(&sql, job_id);
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}

enum db_result
store_fanout_remove(struct db *db, uint64_t job_id, bool *removed)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;
    uint64_t affected = 0;

    sql_raw(&sql, "DELETE FROM fanouts WHERE job_id=");
    sql_u64(&sql, job_id);
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_clear(&sql);
    if (result == DB_OK) {
        sql_raw(&sql, "DELETE FROM jobs WHERE id=");
        sql_u64(&sql, job_id);
        result = db_exec(db, buf_slice(&sql), &affected);
    }
    buf_free(&sql);
    *removed = result == DB_OK && affected == 1;
    return result;
}
