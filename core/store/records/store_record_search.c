/*
 * store_record_search.c - asking the full-text index; see
 * store_record_index.h.
 */
#include "sql.h"
#include "store_record_index.h"

#define SQL_MAX 16384 /* bytes of the statement */
#define BEST_FIRST "ORDER BY x.score DESC,x.source_id,x.table_name,x.record_id"
#define SAME_RECORD                                                            \
    " ON r.source_id=x.source_id AND r.table_name=x.table_name"                \
    " AND r.record_id=x.record_id"

static void
add_sources(const struct record_search *search, struct buf *sql)
{
    sql_raw(sql, " AND source_id IN (SELECT id FROM sources"
                 " WHERE deleted_at IS NULL");
    if (search->application_id != 0) {
        sql_raw(sql, " AND application_id = ");
        sql_u64(sql, search->application_id);
    }
    if (search->source.ptr != NULL) {
        sql_raw(sql, " AND name = ");
        sql_bytes(sql, search->source);
    }
    sql_raw(sql, ")");
}

static void
add_match(const struct record_search *search, struct buf *sql)
{
    sql_raw(sql, "MATCH(text) AGAINST (");
    sql_text(sql, search->query);
    sql_raw(sql, " IN BOOLEAN MODE)");
}

/* Records x that the index names, the best ones first. */
static void
add_named(const struct record_search *search, struct buf *sql)
{
    sql_raw(sql, "(SELECT source_id,table_name,record_id,");
    add_match(search, sql);
    sql_raw(sql, " score FROM record_search FORCE INDEX (text) WHERE ");
    add_match(search, sql);
    add_sources(search, sql);
    if (search->table.ptr != NULL) {
        sql_raw(sql, " AND table_name = ");
        sql_text(sql, search->table);
    }
    sql_raw(sql, " ORDER BY score DESC,source_id,table_name,record_id LIMIT ");
    sql_u64(sql, search->limit);
    sql_raw(sql, ") x");
}

/* The index names the records; what they are now is asked of the mirror, first
   their sizes alone, so that an answer of large ones ends in time. */
static void
add_statement(const struct record_search *search, struct buf *sql)
{
    sql_raw(sql, "SELECT " RECORD_ROW_COLUMNS
                 ",NULL FROM (SELECT x.*,SUM(LENGTH(r.data)) OVER (" BEST_FIRST
                 " ROWS UNBOUNDED PRECEDING) bytes FROM ");
    add_named(search, sql);
    sql_raw(sql, " STRAIGHT_JOIN records r FORCE INDEX (PRIMARY)" SAME_RECORD
                 " WHERE r.deleted=0 AND LENGTH(r.data)<=");
    sql_u64(sql, RECORD_INDEX_BYTES);
    sql_raw(sql,
            ") x STRAIGHT_JOIN records r FORCE INDEX (PRIMARY)" SAME_RECORD
            " STRAIGHT_JOIN sources s ON s.id=r.source_id WHERE x.bytes<=");
    sql_u64(sql, RECORD_FOUND_BYTES);
    sql_raw(sql, " " BEST_FIRST);
}

enum db_result
store_record_search(struct db *db, const struct record_search *search,
                    struct record_list *list)
{
    struct record_list found = {NULL, 0};
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result = DB_BROKEN;

    add_statement(search, &sql);
    if (buf_ok(&sql))
        result = record_list_query(db, buf_slice(&sql), &found);
    buf_free(&sql);
    if (result == DB_OK)
        *list = found;
    return result;
}
