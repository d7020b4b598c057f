/*
 * store_record_file.c - see store_record_file.h.
 */
#include "store_record_file.h"

#include "sql.h"

#include <assert.h>
#include <stdlib.h>

#define SQL_MAX 2048     /* bytes of one statement */
#define SKIP_SQL_MAX 640 /* and so many for each that is left out */

enum db_result
store_record_file_next(struct db *db, int64_t since_us,
                       const struct record_file_skip *skip, size_t skip_count,
                       struct record_file_due *due)
{
    struct buf sql = BUF_INIT(SQL_MAX + skip_count * SKIP_SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;
    size_t i;

    sql_raw(&sql,
            "SELECT t.source_id,s.name,t.table_name,t.changes,t.written_at"
            " FROM record_tables t JOIN sources s ON s.id=t.source_id"
            " WHERE s.deleted_at IS NULL AND (t.changes<>t.written"
            " OR t.written_at IS NULL OR t.written_at<");
    sql_time(&sql, since_us);
    sql_raw(&sql, ")");
    for (i = 0; i < skip_count; i++) {
        sql_raw(&sql, " AND NOT (t.source_id=");
        sql_u64(&sql, skip[i].source_id);
        sql_raw(&sql, " AND t.table_name=");
        sql_text(&sql, slice_of(skip[i].table));
        sql_raw(&sql, ")");
    }
    sql_raw(&sql, " ORDER BY t.written_at,t.source_id,t.table_name LIMIT 1");
    assert(buf_ok(&sql));
    result = db_query_row(db, buf_slice(&sql), &rows, &row);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    *due = (struct record_file_due){
        .source_id = (uint32_t)db_u64(row[0], 0),
        .source = slice_text(row[1]),
        .table = slice_text(row[2]),
        .changes = db_u64(row[3], 0),
        .written_us = db_time_us(row[4]),
    };
    db_rows_free(rows);
    return DB_OK;
}

void
record_file_due_free(struct record_file_due *due)
{
    free(due->source);
    free(due->table);
    due->source = NULL;
    due->table = NULL;
}

enum db_result
store_record_file_done(struct db *db, const struct record_file_due *due)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, "UPDATE record_tables SET written=");
    sql_u64(&sql, due->changes);
    sql_raw(&sql, ",written_at=UTC_TIMESTAMP(6) WHERE source_id=");
    sql_u64(&sql, due->source_id);
    sql_raw(&sql, " AND table_name=");
    sql_text(&sql, slice_of(due->table));
    assert(buf_ok(&sql));
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}
