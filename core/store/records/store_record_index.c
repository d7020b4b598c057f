/*
 * store_record_index.c - carrying changed records into search; see
 * store_record_index.h.
 */
#include "store_record_index.h"

#include "alloc.h"
#include "insert.h"
#include "record_key.h"
#include "record_text.h"
#include "sql.h"

#include <assert.h>
#include <stdlib.h>

#define TABLE_JOIN                                                             \
    " x STRAIGHT_JOIN record_search r FORCE INDEX (PRIMARY)"                   \
    " ON r.source_id=x.s AND r.table_name=x.t AND r.record_id=x.r"

/* One record that has changed; slices point into the rows read. */
struct changed {
    struct record_key key;
    uint64_t mark;
    bool deleted;
    bool known;        /* to the search */
    struct slice data; /* absent: deleted, or too large */
};

struct piece {
    struct changed list[RECORD_INDEX_PIECE];
    size_t count;
    struct db_rows *rows;
};

static int
compare(const void *left, const void *right)
{
    const struct changed *a = left, *b = right;

    return record_key_compare(&a->key, &b->key);
}

static enum db_result
read_piece(struct db *db, uint64_t after, struct piece *piece)
{
    struct buf sql = BUF_INIT(1024);
    const struct slice *cell;
    enum db_result result;

    sql_raw(&sql,
            "SELECT r.source_id,r.table_name,r.record_id,r.dirty,r.deleted,"
            "s.source_id IS NOT NULL,IF(LENGTH(r.data)<=");
    sql_u64(&sql, RECORD_INDEX_BYTES);
    sql_raw(&sql, ",r.data,NULL) FROM records r FORCE INDEX (dirty)"
                  " LEFT JOIN record_search s ON s.source_id=r.source_id AND"
                  " s.table_name=r.table_name AND s.record_id=r.record_id"
                  " WHERE r.dirty > ");
    sql_u64(&sql, after);
    sql_raw(&sql, " ORDER BY r.dirty LIMIT ");
    sql_u64(&sql, RECORD_INDEX_PIECE);
    assert(buf_ok(&sql));
    result = db_query(db, buf_slice(&sql), &piece->rows);
    buf_free(&sql);
    while (result == DB_OK && (cell = db_rows_next(piece->rows)) != NULL)
        piece->list[piece->count++] = (struct changed){
            .key = {(uint32_t)db_u64(cell[0], 0), cell[1], cell[2]},
            .mark = db_u64(cell[3], 0),
            .deleted = db_u64(cell[4], 0) != 0,
            .known = db_u64(cell[5], 0) != 0,
            .data = cell[6],
        };
    return result;
}

enum db_result
store_record_is_marked(struct db *db, uint64_t after)
{
    struct buf sql = BUF_INIT(256);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(&sql, "SELECT 1 FROM records FORCE INDEX (dirty) WHERE dirty > ");
    sql_u64(&sql, after);
    sql_raw(&sql, " LIMIT 1");
    assert(buf_ok(&sql));
    result = db_query_row(db, buf_slice(&sql), &rows, &row);
    buf_free(&sql);
    if (result == DB_OK)
        db_rows_free(rows);
    return result;
}

static enum db_result
write_words(struct db *db, const struct piece *piece)
{
    struct buf text = BUF_INIT((size_t)2 * RECORD_TEXT_BYTES);
    struct insert insert;
    size_t i;

    insert_begin(&insert, db,
                 "INSERT INTO record_search (source_id,table_name,record_id,"
                 "text) VALUES ",
                 " ON DUPLICATE KEY UPDATE text=VALUES(text)");
    for (i = 0; i < piece->count; i++) {
        const struct changed *changed = &piece->list[i];

        if (changed->deleted)
            continue;
        buf_clear(&text);
        record_text_add(changed->key.record_id, changed->data, &text);
        insert_row(&insert, changed->key.table.len +
                                changed->key.record_id.len + text.len);
        sql_u64(&insert.sql, changed->key.source_id);
        sql_raw(&insert.sql, ",");
        sql_text(&insert.sql, changed->key.table);
        sql_raw(&insert.sql, ",");
        sql_text(&insert.sql, changed->key.record_id);
        sql_raw(&insert.sql, ",");
        sql_text(&insert.sql, buf_slice(&text));
        insert_row_end(&insert);
    }
    buf_free(&text);
    return insert_finish(&insert);
}

static enum db_result
exec(struct db *db, struct buf *sql)
{
    enum db_result result;

    assert(buf_ok(sql));
    result = db_exec(db, buf_slice(sql), NULL);
    buf_free(sql);
    return result;
}

static enum db_result
forget_deleted(struct db *db, const struct piece *piece)
{
    struct buf sql = BUF_INIT(512 + piece->count * RECORD_KEY_SQL_MAX);
    bool first = true;
    size_t i;

    sql_raw(&sql, "DELETE r FROM ");
    for (i = 0; i < piece->count; i++) {
        if (!piece->list[i].deleted || !piece->list[i].known)
            continue;
        record_key_add(&sql, &piece->list[i].key, first);
        first = false;
    }
    if (first) {
        buf_free(&sql);
        return DB_OK;
    }
    sql_raw(&sql, ")" TABLE_JOIN);
    return exec(db, &sql);
}

/* A record whose mark is another one now has changed again: it stays marked. */
static enum db_result
clear_marks(struct db *db, const struct piece *piece)
{
    struct buf sql = BUF_INIT(512 + piece->count * (RECORD_KEY_SQL_MAX + 64));
    size_t i;

    sql_raw(&sql, "UPDATE ");
    for (i = 0; i < piece->count; i++) {
        record_key_add(&sql, &piece->list[i].key, i == 0);
        sql_raw(&sql, ",");
        sql_u64(&sql, piece->list[i].mark);
        sql_raw(&sql, i == 0 ? " m" : "");
    }
    sql_raw(&sql, ")" RECORD_KEY_JOIN " SET r.dirty=NULL WHERE r.dirty=x.m");
    return exec(db, &sql);
}

static bool
is_same_table(const struct changed *a, const struct changed *b)
{
    return a->key.source_id == b->key.source_id &&
           slice_equal(a->key.table, b->key.table);
}

/* Whether the search knows a record tells whether it has been counted. */
static enum db_result
count_tables(struct db *db, const struct piece *piece)
{
    struct insert insert;
    size_t i, next;

    insert_begin(&insert, db,
                 "INSERT INTO record_tables (source_id,table_name,records,"
                 "changes,changed_at) VALUES ",
                 " ON DUPLICATE KEY UPDATE records=records+VALUES(records),"
                 "changes=changes+1,changed_at=VALUES(changed_at)");
    for (i = 0; i < piece->count; i = next) {
        const struct changed *changed = &piece->list[i];
        int64_t more = 0;

        for (next = i;
             next < piece->count && is_same_table(changed, &piece->list[next]);
             next++) {
            if (piece->list[next].deleted == piece->list[next].known)
                more += piece->list[next].deleted ? -1 : 1;
        }
        insert_row(&insert, changed->key.table.len);
        sql_u64(&insert.sql, changed->key.source_id);
        sql_raw(&insert.sql, ",");
        sql_text(&insert.sql, changed->key.table);
        sql_raw(&insert.sql, ",");
        sql_i64(&insert.sql, more);
        sql_raw(&insert.sql, ",1,UTC_TIMESTAMP(6)");
        insert_row_end(&insert);
    }
    return insert_finish(&insert);
}

static uint64_t
last_mark(const struct piece *piece)
{
    uint64_t last = 0;
    size_t i;

    for (i = 0; i < piece->count; i++) {
        if (piece->list[i].mark > last)
            last = piece->list[i].mark;
    }
    return last;
}

/* In the order of the primary key, as all who write `records` lock it. */
static enum db_result
carry(struct db *db, struct piece *piece)
{
    enum db_result result;

    qsort(piece->list, piece->count, sizeof(piece->list[0]), compare);
    result = write_words(db, piece);
    if (result == DB_OK)
        result = forget_deleted(db, piece);
    if (result == DB_OK)
        result = count_tables(db, piece);
    return result == DB_OK ? clear_marks(db, piece) : result;
}

enum db_result
store_record_index(struct db *db, uint64_t after, struct record_indexed *done)
{
    struct piece piece = {.count = 0};
    enum db_result result = read_piece(db, after, &piece);

    if (result != DB_OK)
        return result;
    if (piece.count > 0)
        result = carry(db, &piece);
    if (result == DB_OK)
        *done = (struct record_indexed){piece.count, last_mark(&piece)};
    db_rows_free(piece.rows);
    return result;
}
