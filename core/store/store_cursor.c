/*
 * store_cursor.c - the statements on `source_cursors`; see store_cursor.h.
 */
#include "store_cursor.h"

#include "alloc.h"
#include "lane.h"
#include "sql.h"
#include "store_flush.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define SQL_MAX 8192 /* bytes of a statement about one cursor */
#define ERROR_MAX 500
#define COLUMNS "c.source_id,c.table_name,c.job_id,c.position"

void
cursor_list_free(struct cursor_list *list)
{
    free(list->rows);
    *list = (struct cursor_list){NULL, 0};
}

static enum db_result
query(struct db *db, struct buf *sql, struct cursor_list *list)
{
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    cursor_list_free(list);
    assert(buf_ok(sql));
    result = db_query(db, buf_slice(sql), &rows);
    buf_free(sql);
    if (result != DB_OK)
        return result;
    list->rows = xcalloc(db_rows_count(rows) + 1, sizeof(*list->rows));
    while ((cell = db_rows_next(rows)) != NULL) {
        struct cursor *row = &list->rows[list->count++];

        row->source_id = (uint32_t)db_u64(cell[0], 0);
        (void)snprintf(row->table, sizeof(row->table), "%s", cell[1].ptr);
        row->job_id = db_u64(cell[2], 0);
        (void)snprintf(row->position, sizeof(row->position), "%s", cell[3].ptr);
        row->has_job = db_u64(cell[4], 0) != 0;
    }
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_cursor_list(struct db *db, struct cursor_list *list)
{
    struct buf sql = BUF_INIT(SQL_MAX);

    sql_raw(&sql, "SELECT " COLUMNS ",j.id FROM source_cursors c"
                  " LEFT JOIN jobs j FORCE INDEX (PRIMARY) ON j.id=c.job_id"
                  " ORDER BY c.source_id,c.table_name");
    return query(db, &sql, list);
}

enum db_result
store_cursor_of_jobs(struct db *db, const uint64_t *job_ids, size_t count,
                     struct cursor_list *list)
{
    struct buf sql = BUF_INIT(SQL_MAX + count * 48);

    sql_raw(&sql, "SELECT " COLUMNS ",0 FROM ");
    sql_id_table(&sql, job_ids, count);
    sql_raw(&sql, " x JOIN source_cursors c ON c.job_id=x.id");
    return query(db, &sql, list);
}

enum db_result
store_cursor_start(struct db *db, const struct cursor *cursor)
{
    const struct new_job job = {
        .id = cursor->job_id,
        .event_id = 0,
        .lane = lane_number(LANE_FETCH, cursor->source_id),
        .kind = JOB_POLL,
    };
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result = store_flush_new_jobs(db, &job, 1);

    sql_raw(&sql, "INSERT INTO source_cursors (source_id,table_name,job_id,"
                  "position) VALUES (");
    sql_u64(&sql, cursor->source_id);
    sql_raw(&sql, ",");
    sql_text(&sql, slice_of(cursor->table));
    sql_raw(&sql, ",");
    sql_u64(&sql, cursor->job_id);
    sql_raw(&sql, ",");
    sql_text(&sql, slice_of(cursor->position));
    sql_raw(&sql, ") ON DUPLICATE KEY UPDATE job_id=VALUES(job_id)");
    if (result == DB_OK)
        result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}

enum db_result
store_cursor_stop(struct db *db, const struct cursor *cursor)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, "DELETE FROM jobs WHERE id=");
    sql_u64(&sql, cursor->job_id);
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_clear(&sql);
    sql_raw(&sql, "DELETE FROM source_cursors WHERE source_id=");
    sql_u64(&sql, cursor->source_id);
    sql_raw(&sql, " AND table_name=");
    sql_text(&sql, slice_of(cursor->table));
    if (result == DB_OK)
        result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}

enum db_result
store_cursor_advance(struct db *db, uint64_t job_id, const char *position,
                     struct slice error)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    if (error.len > ERROR_MAX)
        error.len = ERROR_MAX;
    sql_raw(&sql, "UPDATE source_cursors SET position=");
    sql_text(&sql, slice_of(position));
    sql_raw(&sql, ",polled_at=UTC_TIMESTAMP(6),error=");
    sql_text(&sql, error);
    sql_raw(&sql, " WHERE job_id=");
    sql_u64(&sql, job_id);
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}
