/*
 * store_outbox.c - the statements on table `outbox`; see store_outbox.h.
 */
#include "store_outbox.h"

#include "buf.h"
#include "sql.h"

#include <assert.h>

#define SQL_MAX ((size_t)1024 + STORE_OUTBOX_MAX * 48)
#define EXCERPT_BYTES 200

#define ROW_BYTES "LENGTH(o.payload)+COALESCE(LENGTH(o.metadata),0)"

/* By primary key, whatever the optimizer thinks of a table that is empty most
   of the time: a scan would meet rows that are not committed yet. */
#define JOIN_OUTBOX                                                            \
    " x STRAIGHT_JOIN outbox o FORCE INDEX (PRIMARY) ON o.id=x.id"

enum row_cell {
    CELL_ID,
    CELL_APPLICATION_ID,
    CELL_APPLICATION,
    CELL_EVENT_TYPE,
    CELL_PAYLOAD,
    CELL_METADATA,
    CELL_EXTERNAL_ID,
    CELL_CHANNELS,
    CELL_ORDERING_KEY,
    CELL_DELIVER_AT,
    CELL_BYTES
};

enum db_result
store_outbox_list(struct db *db, uint64_t after_id, struct outbox_list *list)
{
    struct buf sql = BUF_INIT(256);
    const struct slice *cell;
    struct db_rows *rows = NULL;
    enum db_result result;

    sql_raw(&sql, "SELECT id FROM outbox FORCE INDEX (PRIMARY) WHERE id>");
    sql_u64(&sql, after_id);
    sql_raw(&sql, " ORDER BY id LIMIT ");
    sql_u64(&sql, STORE_OUTBOX_MAX);
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    list->count = 0;
    while ((cell = db_rows_next(rows)) != NULL)
        list->ids[list->count++] = db_u64(cell[0], 0);
    list->more = list->count == STORE_OUTBOX_MAX;
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_outbox_fit(struct db *db, uint64_t max_bytes, struct outbox_list *list)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    const struct slice *cell;
    struct db_rows *rows = NULL;
    uint64_t bytes = 0, last = 0;
    enum db_result result;
    size_t n;

    sql_raw(&sql, "SELECT o.id," ROW_BYTES " FROM ");
    sql_id_table(&sql, list->ids, list->count);
    sql_raw(&sql, JOIN_OUTBOX " ORDER BY o.id");
    assert(buf_ok(&sql));
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    while ((cell = db_rows_next(rows)) != NULL) {
        bytes += db_u64(cell[1], 0);
        if (last != 0 && bytes > max_bytes)
            break;
        last = db_u64(cell[0], 0);
    }
    db_rows_free(rows);
    if (cell != NULL) {
        for (n = 0; n < list->count && list->ids[n] <= last; n++)
            continue;
        list->count = n;
        list->more = true;
    }
    return DB_OK;
}

static void
add_select(struct buf *sql, const uint64_t *ids, size_t count, size_t item_max)
{
    sql_raw(sql, "SELECT o.id,(SELECT a.id FROM applications a "
                 "WHERE a.name=o.application),o.application,o.event_type,"
                 "IF(" ROW_BYTES ">");
    sql_u64(sql, item_max);
    sql_raw(sql, ",LEFT(o.payload,");
    sql_u64(sql, EXCERPT_BYTES);
    sql_raw(sql, "),o.payload),IF(" ROW_BYTES ">");
    sql_u64(sql, item_max);
    sql_raw(sql, ",NULL,o.metadata),o.external_id,o.channels,o.ordering_key,"
                 "o.deliver_at," ROW_BYTES " FROM ");
    sql_id_table(sql, ids, count);
    /* What somebody holds is left for later instead of waited for: a wait
       would hold up every delivery's result. Nothing hangs on the rows that
       are skipped, so it does no harm where SKIP LOCKED means nothing. */
    sql_raw(sql, JOIN_OUTBOX " ORDER BY o.id FOR UPDATE SKIP LOCKED");
}

static struct outbox_row
row_of(const struct slice *cell)
{
    return (struct outbox_row){
        .id = db_u64(cell[CELL_ID], 0),
        .application_id = (uint32_t)db_u64(cell[CELL_APPLICATION_ID], 0),
        .application = cell[CELL_APPLICATION],
        .event_type = cell[CELL_EVENT_TYPE],
        .payload = cell[CELL_PAYLOAD],
        .metadata = cell[CELL_METADATA],
        .external_id = cell[CELL_EXTERNAL_ID],
        .channels = cell[CELL_CHANNELS],
        .ordering_key = cell[CELL_ORDERING_KEY],
        .deliver_at_us = db_time_us(cell[CELL_DELIVER_AT]),
        .bytes = db_u64(cell[CELL_BYTES], 0),
    };
}

enum db_result
store_outbox_read(struct db *db, const uint64_t *ids, size_t count,
                  size_t item_max, struct outbox_row *rows, size_t *row_count,
                  struct db_rows **found)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    const struct slice *cell;
    enum db_result result;
    size_t n = 0;

    assert(count > 0 && count <= STORE_OUTBOX_MAX);
    add_select(&sql, ids, count, item_max);
    assert(buf_ok(&sql));
    result = db_query(db, buf_slice(&sql), found);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    while ((cell = db_rows_next(*found)) != NULL)
        rows[n++] = row_of(cell);
    *row_count = n;
    return DB_OK;
}

enum db_result
store_outbox_delete(struct db *db, const struct outbox_row *rows, size_t count)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    uint64_t ids[STORE_OUTBOX_MAX], deleted = 0;
    enum db_result result;
    size_t i;

    assert(count > 0 && count <= STORE_OUTBOX_MAX);
    for (i = 0; i < count; i++)
        ids[i] = rows[i].id;
    sql_raw(&sql, "DELETE o FROM ");
    sql_id_table(&sql, ids, count);
    sql_raw(&sql, JOIN_OUTBOX);
    assert(buf_ok(&sql));
    result = db_exec(db, buf_slice(&sql), &deleted);
    buf_free(&sql);
    return result == DB_OK && deleted != count ? DB_AGAIN : result;
}
