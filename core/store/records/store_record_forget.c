/*
 * store_record_forget.c - what is mirrored of a source goes with it; see
 * store_record.h.
 */
#include "store_record.h"

#include "sql.h"

#include <assert.h>

#define PIECE 1000 /* rows of one table */

/* DB_NONE: nothing is left of any. */
static enum db_result
find_source(struct db *db, uint64_t *source_id)
{
    const struct slice sql = SLICE(
        "SELECT s.id FROM sources s WHERE s.deleted_at IS NOT NULL AND ("
        "EXISTS (SELECT 1 FROM records r WHERE r.source_id=s.id) OR "
        "EXISTS (SELECT 1 FROM record_search r WHERE r.source_id=s.id) OR "
        "EXISTS (SELECT 1 FROM record_tables r WHERE r.source_id=s.id))"
        " LIMIT 1");
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result = db_query_row(db, sql, &rows, &row);

    if (result != DB_OK)
        return result;
    *source_id = db_u64(row[0], 0);
    db_rows_free(rows);
    return DB_OK;
}

static enum db_result
remove_from(struct db *db, const char *table, uint64_t source_id)
{
    struct buf sql = BUF_INIT(256);
    enum db_result result;

    sql_raw(&sql, "DELETE FROM ");
    sql_raw(&sql, table);
    sql_raw(&sql, " WHERE source_id=");
    sql_u64(&sql, source_id);
    sql_raw(&sql, " LIMIT ");
    sql_u64(&sql, PIECE);
    assert(buf_ok(&sql));
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}

enum db_result
store_record_forget(struct db *db, bool *more)
{
    static const char *const tables[] = {"records", "record_search",
                                         "record_tables"};
    uint64_t source_id = 0;
    enum db_result result = find_source(db, &source_id);
    size_t i;

    *more = result == DB_OK;
    for (i = 0; i < sizeof(tables) / sizeof(tables[0]) && result == DB_OK; i++)
        result = remove_from(db, tables[i], source_id);
    return result == DB_NONE ? DB_OK : result;
}
