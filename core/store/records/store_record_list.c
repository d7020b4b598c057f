/*
 * store_record_list.c - see store_record_list.h.
 *
 * A page is read within a window of ids, so that a filter which few records
 * match costs no more than the window; and the sizes are read before the
 * records, so that a page of large ones is cut in time.
 */
#include "store_record_list.h"

#include "alloc.h"
#include "member.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define SQL_MAX 16384                /* bytes of one statement */
#define WINDOW 5000                  /* records looked at for one page */
#define PAGE_BYTES (8 * 1024 * 1024) /* of data; the first record always fits */
#define NO_FIELDS ",NULL"

struct paging {
    struct db *db;
    const struct record_filter *filter;
    uint64_t source_id;
    struct slice floor; /* the last id of the window; absent: no window */
    struct buf sql;
};

static enum db_result
query(struct paging *paging, struct db_rows **rows)
{
    enum db_result result = DB_BROKEN;

    if (buf_ok(&paging->sql))
        result = db_query(paging->db, buf_slice(&paging->sql), rows);
    buf_clear(&paging->sql);
    return result;
}

static void
add_source(const struct record_filter *filter, struct buf *sql)
{
    /* As bytes: the column is ASCII, what is looked for may not be. */
    sql_raw(sql, "s.name = ");
    sql_bytes(sql, filter->source);
    sql_raw(sql, " AND s.deleted_at IS NULL");
    if (filter->application_id != 0) {
        sql_raw(sql, " AND s.application_id = ");
        sql_u64(sql, filter->application_id);
    }
}

static enum db_result
find_source(struct paging *paging)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(&paging->sql, "SELECT s.id FROM sources s WHERE ");
    add_source(paging->filter, &paging->sql);
    result = query(paging, &rows);
    if (result != DB_OK)
        return result;
    row = db_rows_next(rows);
    if (row == NULL)
        result = DB_NONE;
    else
        paging->source_id = db_u64(row[0], 0);
    db_rows_free(rows);
    return result;
}

static void
add_range(struct paging *paging)
{
    const struct record_filter *filter = paging->filter;
    struct buf *sql = &paging->sql;

    sql_raw(sql, " WHERE r.source_id = ");
    sql_u64(sql, paging->source_id);
    sql_raw(sql, " AND r.table_name = ");
    sql_text(sql, filter->table);
    if (filter->record_id.ptr != NULL) {
        sql_raw(sql, " AND r.record_id = ");
        sql_text(sql, filter->record_id);
    }
    if (filter->after.ptr != NULL) {
        sql_raw(sql, " AND r.record_id > ");
        sql_text(sql, filter->after);
    }
}

static enum db_result
find_floor(struct paging *paging)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(&paging->sql,
            "SELECT r.record_id FROM records r FORCE INDEX (PRIMARY)");
    add_range(paging);
    sql_raw(&paging->sql, " ORDER BY r.record_id LIMIT 1 OFFSET ");
    sql_u64(&paging->sql, WINDOW);
    result = query(paging, &rows);
    if (result != DB_OK)
        return result;
    row = db_rows_next(rows);
    if (row != NULL)
        paging->floor = slice_copy(row[0]);
    db_rows_free(rows);
    return DB_OK;
}

static void
add_conditions(struct paging *paging, struct slice last)
{
    const struct record_filter *filter = paging->filter;
    struct buf *sql = &paging->sql;

    add_range(paging);
    if (last.ptr != NULL) {
        sql_raw(sql, " AND r.record_id <= ");
        sql_text(sql, last);
    }
    if (filter->which != RECORDS_ALL)
        sql_raw(sql, filter->which == RECORDS_LIVE ? " AND r.deleted = 0"
                                                   : " AND r.deleted = 1");
    if (filter->updated_since_us != 0) {
        sql_raw(sql, " AND r.updated_at >= ");
        sql_time(sql, filter->updated_since_us);
    }
    sql_raw(sql, " ORDER BY r.record_id LIMIT ");
}

/* Those that fit on the page: the id of the last, and how many they are;
   *more: others of the window follow. */
static enum db_result
choose(struct paging *paging, size_t *count, struct slice *last, bool *more)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;
    uint64_t bytes = 0;

    sql_raw(&paging->sql, "SELECT r.record_id,COALESCE(LENGTH(r.data),0)"
                          " FROM records r FORCE INDEX (PRIMARY)");
    add_conditions(paging, paging->floor);
    sql_u64(&paging->sql, paging->filter->limit + 1);
    result = query(paging, &rows);
    if (result != DB_OK)
        return result;
    while ((row = db_rows_next(rows)) != NULL) {
        bytes += db_u64(row[1], 0);
        *more = *count == paging->filter->limit ||
                (*count > 0 && bytes > PAGE_BYTES);
        if (*more)
            break;
        slice_free(last);
        *last = slice_copy(row[0]);
        (*count)++;
    }
    db_rows_free(rows);
    return DB_OK;
}

static enum db_result
read_chosen(struct paging *paging, size_t count, struct slice last,
            struct record_list *list)
{
    enum db_result result;

    sql_raw(&paging->sql, "SELECT " RECORD_ROW_COLUMNS NO_FIELDS
                          " FROM records r FORCE INDEX (PRIMARY)"
                          " STRAIGHT_JOIN sources s ON s.id = r.source_id");
    add_conditions(paging, last);
    sql_u64(&paging->sql, count);
    result = DB_BROKEN;
    if (buf_ok(&paging->sql))
        result = record_list_query(paging->db, buf_slice(&paging->sql), list);
    buf_clear(&paging->sql);
    return result;
}

static enum db_result
read_page(struct paging *paging, struct record_page *page)
{
    struct slice last = SLICE_NONE;
    bool more = false;
    size_t count = 0;
    enum db_result result = find_source(paging);

    if (result == DB_OK)
        result = find_floor(paging);
    if (result == DB_OK)
        result = choose(paging, &count, &last, &more);
    if (result == DB_OK && count > 0)
        result = read_chosen(paging, count, last, &page->list);
    if (result == DB_OK)
        page->next = slice_text(more ? last : paging->floor);
    slice_free(&last);
    return result;
}

enum db_result
store_record_list(struct db *db, const struct record_filter *filter,
                  struct record_page *page)
{
    struct paging paging = {
        .db = db, .filter = filter, .sql = BUF_INIT(SQL_MAX)};
    struct record_page found = {{NULL, 0}, NULL};
    enum db_result result = read_page(&paging, &found);

    slice_free(&paging.floor);
    buf_free(&paging.sql);
    if (result == DB_OK)
        *page = found;
    else
        record_page_free(&found);
    return result;
}

void
record_page_free(struct record_page *page)
{
    record_list_free(&page->list);
    free(page->next);
    page->next = NULL;
}

enum db_result
store_record_get(struct db *db, const struct record_filter *filter,
                 struct record_list *list)
{
    struct record_list found = {NULL, 0};
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result = DB_BROKEN;

    sql_raw(&sql, "SELECT " RECORD_ROW_COLUMNS ",r.fields FROM sources s"
                  " STRAIGHT_JOIN records r FORCE INDEX (PRIMARY)"
                  " ON r.source_id = s.id WHERE ");
    add_source(filter, &sql);
    sql_raw(&sql, " AND r.table_name = ");
    sql_text(&sql, filter->table);
    sql_raw(&sql, " AND r.record_id = ");
    sql_text(&sql, filter->record_id);
    if (buf_ok(&sql))
        result = record_list_query(db, buf_slice(&sql), &found);
    buf_free(&sql);
    if (result == DB_OK && found.count == 0)
        result = DB_NONE;
    if (result == DB_OK)
        *list = found;
    else
        record_list_free(&found);
    return result;
}

/* -- tables ---------------------------------------------------------------------- */

static void
add_tables(uint32_t application_id, struct slice source, struct slice table,
           struct buf *sql)
{
    sql_raw(sql, "SELECT s.name,x.table_name,t.records,t.changed_at FROM"
                 " (SELECT DISTINCT source_id,table_name FROM records) x"
                 " JOIN sources s ON s.id = x.source_id"
                 " LEFT JOIN record_tables t ON t.source_id = x.source_id"
                 " AND t.table_name = x.table_name WHERE s.deleted_at IS NULL");
    if (application_id != 0) {
        sql_raw(sql, " AND s.application_id = ");
        sql_u64(sql, application_id);
    }
    if (source.ptr != NULL) {
        sql_raw(sql, " AND s.name = ");
        sql_bytes(sql, source);
    }
    if (table.ptr != NULL) {
        sql_raw(sql, " AND x.table_name = ");
        sql_text(sql, table);
    }
    sql_raw(sql, " ORDER BY s.name,x.table_name LIMIT ");
}

static void
read_tables(struct db_rows *rows, size_t limit, struct record_tables *tables)
{
    const struct slice *cell;

    *tables = (struct record_tables){
        .rows = xcalloc(db_rows_count(rows) + 1, sizeof(tables->rows[0])),
        .more = db_rows_count(rows) > limit,
    };
    while (tables->count < limit && (cell = db_rows_next(rows)) != NULL)
        tables->rows[tables->count++] = (struct record_table){
            .source = slice_text(cell[0]),
            .table = slice_text(cell[1]),
            .records = db_u64(cell[2], 0),
            .changed_us = db_time_us(cell[3]),
        };
}

enum db_result
store_record_tables(struct db *db, uint32_t application_id, struct slice source,
                    struct slice table, size_t limit,
                    struct record_tables *tables)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    enum db_result result = DB_BROKEN;

    add_tables(application_id, source, table, &sql);
    sql_u64(&sql, limit + 1);
    if (buf_ok(&sql))
        result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    read_tables(rows, limit, tables);
    db_rows_free(rows);
    return DB_OK;
}

void
record_tables_free(struct record_tables *tables)
{
    size_t i;

    for (i = 0; i < tables->count; i++) {
        free(tables->rows[i].source);
        free(tables->rows[i].table);
    }
    free(tables->rows);
    *tables = (struct record_tables){NULL, 0, false};
}

void
record_table_print(const struct record_table *table, struct buf *out)
{
    buf_add_char(out, '{');
    member_text(out, "source", table->source);
    member_text(out, "table", table->table);
    member_u64(out, "records", table->records);
    member_time(out, "changed_at", table->changed_us);
    buf_add_char(out, '}');
}
