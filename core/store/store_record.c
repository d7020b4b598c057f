/*
 * store_record.c - the statements on `records`; see store_record.h.
 */
#include "store_record.h"

#include "buf.h"
#include "insert.h"
#include "sql.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define KEY_SQL_MAX (2 * (128 + 255) + 64) /* bytes a key adds to a SELECT */

static int
compare_text(struct slice a, struct slice b)
{
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = shorter == 0 ? 0 : memcmp(a.ptr, b.ptr, shorter);

    if (order != 0)
        return order;
    return a.len == b.len ? 0 : a.len < b.len ? -1 : 1;
}

static int
compare_keys(const struct record_change *a, const struct record_change *b)
{
    int order;

    if (a->source_id != b->source_id)
        return a->source_id < b->source_id ? -1 : 1;
    order = compare_text(a->table, b->table);
    return order != 0 ? order : compare_text(a->record_id, b->record_id);
}

static bool
is_newer(const struct record_change *change, int64_t version_us,
         uint64_t event_id)
{
    if (change->version_us != version_us)
        return change->version_us > version_us;
    return change->event_id > event_id;
}

/* By key, and the oldest state of each record first. */
static int
compare_changes(const void *left, const void *right)
{
    const struct record_change *a = left, *b = right;
    int order = compare_keys(a, b);

    if (order != 0)
        return order;
    if (is_newer(a, b->version_us, b->event_id))
        return 1;
    return is_newer(b, a->version_us, a->event_id) ? -1 : 0;
}

static void
add_key(struct buf *sql, const struct record_change *change, bool first)
{
    sql_raw(sql, first ? "(SELECT " : " UNION ALL SELECT ");
    sql_u64(sql, change->source_id);
    sql_raw(sql, first ? " s," : ",");
    sql_text(sql, change->table);
    sql_raw(sql, first ? " COLLATE utf8mb4_nopad_bin t," : ",");
    sql_text(sql, change->record_id);
    sql_raw(sql, first ? " COLLATE utf8mb4_nopad_bin r" : "");
}

static void
mark_stale(struct record_change *changes, size_t count,
           const struct slice *cell)
{
    struct record_change stored = {
        .source_id = (uint32_t)db_u64(cell[0], 0),
        .table = cell[1],
        .record_id = cell[2],
        .version_us = db_i64(cell[3], 0),
        .event_id = db_u64(cell[4], 0),
    };
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_keys(&changes[middle], &stored) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < count && compare_keys(&changes[low], &stored) == 0; low++)
        changes[low].stale =
            !is_newer(&changes[low], stored.version_us, stored.event_id);
}

static enum db_result
find_stale(struct db *db, struct record_change *changes, size_t count)
{
    struct buf sql = BUF_INIT(512 + count * KEY_SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;
    bool first = true;
    size_t i;

    sql_raw(&sql, "SELECT r.source_id,r.table_name,r.record_id,r.version_us,"
                  "r.event_id FROM ");
    for (i = 0; i < count; i++) {
        changes[i].stale = false;
        if (i > 0 && compare_keys(&changes[i - 1], &changes[i]) == 0)
            continue;
        add_key(&sql, &changes[i], first);
        first = false;
    }
    /* A table that has just begun to grow looks small enough to be scanned. */
    sql_raw(&sql,
            ") x STRAIGHT_JOIN records r FORCE INDEX (PRIMARY)"
            " ON r.source_id=x.s AND r.table_name=x.t AND r.record_id=x.r");
    assert(buf_ok(&sql));
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    while ((cell = db_rows_next(rows)) != NULL)
        mark_stale(changes, count, cell);
    db_rows_free(rows);
    return DB_OK;
}

/*
 * Assignments run from left to right and see the columns already assigned, so
 * version_us and event_id, which the guard reads, come last; once event_id is
 * new, GREATEST() alone decides about version_us.
 */
#define NEWER                                                                  \
    "(VALUES(version_us)>version_us OR (VALUES(version_us)=version_us"         \
    " AND VALUES(event_id)>event_id))"

static const char upsert_tail[] =
    " ON DUPLICATE KEY UPDATE"
    " data=IF(" NEWER ",VALUES(data),data),"
    " deleted=IF(" NEWER ",VALUES(deleted),deleted),"
    " updated_at=IF(" NEWER ",VALUES(updated_at),updated_at),"
    " event_id=IF(" NEWER ",VALUES(event_id),event_id),"
    " version_us=GREATEST(version_us,VALUES(version_us))";

static void
add_change(struct insert *insert, const struct record_change *change)
{
    struct buf *sql = &insert->sql;

    insert_row(insert,
               change->table.len + change->record_id.len + change->data.len);
    sql_u64(sql, change->source_id);
    sql_raw(sql, ",");
    sql_text(sql, change->table);
    sql_raw(sql, ",");
    sql_text(sql, change->record_id);
    sql_raw(sql, ",");
    sql_i64(sql, change->version_us);
    sql_raw(sql, ",");
    sql_u64(sql, change->event_id);
    sql_raw(sql, change->deleted ? ",1," : ",0,");
    sql_bytes(sql, change->deleted ? SLICE_NONE : change->data);
    sql_raw(sql, ",UTC_TIMESTAMP(6)");
    insert_row_end(insert);
}

enum db_result
store_record_apply(struct db *db, struct record_change *changes, size_t count)
{
    struct insert insert;
    enum db_result result;
    size_t i;

    if (count == 0)
        return DB_OK;
    qsort(changes, count, sizeof(*changes), compare_changes);
    result = find_stale(db, changes, count);
    if (result != DB_OK)
        return result;
    insert_begin(&insert, db,
                 "INSERT INTO records (source_id,table_name,record_id,"
                 "version_us,event_id,deleted,data,updated_at) VALUES ",
                 upsert_tail);
    for (i = 0; i < count; i++) {
        /* Of several changes of one record only the last needs writing. */
        if (changes[i].stale ||
            (i + 1 < count && compare_keys(&changes[i], &changes[i + 1]) == 0))
            continue;
        add_change(&insert, &changes[i]);
    }
    return insert_finish(&insert);
}
