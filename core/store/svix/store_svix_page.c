/*
 * store_svix_page.c - see store_svix_page.h.
 */
#include "store_svix_page.h"

#include "alloc.h"
#include "sql.h"

void
svix_page_add(struct buf *sql, const struct svix_page *page, const char *column,
              bool is_text)
{
    bool down = svix_page_reads_down(page);

    if (page->after.ptr != NULL) {
        sql_raw(sql, " AND ");
        sql_raw(sql, column);
        sql_raw(sql, down ? " < " : " > ");
        if (is_text)
            sql_text(sql, page->after);
        else
            sql_u64(sql, page->after_id);
    }
    sql_raw(sql, " ORDER BY ");
    sql_raw(sql, column);
    sql_raw(sql, down ? " DESC LIMIT " : " LIMIT ");
    sql_u64(sql, page->limit + 1);
}

void
svix_page_turn(void *rows, size_t count, size_t size)
{
    char *low = rows, *high = low + count * size;

    while (count >= 2 && (high -= size) > low) {
        size_t i;

        for (i = 0; i < size; i++) {
            char byte = low[i];

            low[i] = high[i];
            high[i] = byte;
        }
        low += size;
    }
}

enum db_result
svix_page_read(struct db *db, struct buf *sql, const struct svix_page *page,
               size_t size, void (*read)(const struct slice *cell, void *row),
               struct svix_rows *found)
{
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;
    char *at;

    result = buf_ok(sql) ? db_query(db, buf_slice(sql), &rows) : DB_BROKEN;
    buf_free(sql);
    if (result != DB_OK)
        return result;
    *found = (struct svix_rows){
        .rows = xcalloc(db_rows_count(rows) + 1, size),
        .more = db_rows_count(rows) > page->limit,
    };
    for (at = found->rows;
         found->count < page->limit && (cell = db_rows_next(rows)) != NULL;
         at += size) {
        read(cell, at);
        found->count++;
    }
    db_rows_free(rows);
    if (page->backward)
        svix_page_turn(found->rows, found->count, size);
    return DB_OK;
}
