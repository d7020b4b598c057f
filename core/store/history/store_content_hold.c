/*
 * store_content_hold.c - the content of an event stays until a transaction ends;
 * see store_content.h.
 */
#include "store_content.h"

#include "alloc.h"
#include "sql.h"

#include <stdlib.h>

#define SQL_MAX 65536

static const char *const tables[] = {"events", "events_kept"};

enum db_result
store_content_hold(struct db *db, uint64_t event_id, bool *there)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result = DB_NONE;
    size_t i;

    for (i = 0; i < 2 && result == DB_NONE; i++) {
        struct db_rows *rows = NULL;
        const struct slice *row;

        sql_raw(&sql, "SELECT expunged FROM ");
        sql_raw(&sql, tables[i]);
        sql_raw(&sql, " WHERE id = ");
        sql_u64(&sql, event_id);
        sql_raw(&sql, " LOCK IN SHARE MODE");
        result = db_query_row(db, buf_slice(&sql), &rows, &row);
        buf_clear(&sql);
        if (result == DB_OK) {
            *there = db_u64(row[0], 0) == 0;
            db_rows_free(rows);
        }
    }
    buf_free(&sql);
    return result;
}

/* --- several ---------------------------------------------------------------- */

struct held {
    const uint64_t *event_ids;
    size_t count;
    bool *found;
    bool *there;
    uint64_t *wanted; /* those that were not found yet */
};

static size_t
list_wanted(struct held *held)
{
    size_t i, n = 0;

    for (i = 0; i < held->count; i++)
        if (!held->found[i])
            held->wanted[n++] = held->event_ids[i];
    return n;
}

static void
note(struct held *held, uint64_t event_id, bool there)
{
    size_t i;

    for (i = 0; i < held->count; i++) {
        if (held->event_ids[i] == event_id) {
            held->found[i] = true;
            held->there[i] = there;
        }
    }
}

static enum db_result
hold_in(struct db *db, const char *table, struct held *held)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    size_t count = list_wanted(held);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    if (count == 0)
        return DB_OK;
    sql_raw(&sql, "SELECT e.id, e.expunged FROM ");
    sql_id_table(&sql, held->wanted, count);
    sql_raw(&sql, " x STRAIGHT_JOIN ");
    sql_raw(&sql, table);
    sql_raw(&sql, " e FORCE INDEX (PRIMARY) ON e.id = x.id "
                  "LOCK IN SHARE MODE");
    result = buf_ok(&sql) ? db_query(db, buf_slice(&sql), &rows) : DB_BROKEN;
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    while ((row = db_rows_next(rows)) != NULL)
        note(held, db_u64(row[0], 0), db_u64(row[1], 1) == 0);
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_content_hold_all(struct db *db, const uint64_t *event_ids, size_t count,
                       bool *there)
{
    struct held held = {
        .event_ids = event_ids,
        .count = count,
        .found = xcalloc(count + 1, sizeof(*held.found)),
        .there = there,
        .wanted = xcalloc(count + 1, sizeof(*held.wanted)),
    };
    enum db_result result = DB_OK;
    size_t i;

    for (i = 0; i < count; i++)
        there[i] = false;
    for (i = 0; i < 2 && result == DB_OK; i++)
        result = hold_in(db, tables[i], &held);
    free(held.found);
    free(held.wanted);
    return result;
}
