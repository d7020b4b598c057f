/*
 * store_payload.c - the statements that read events; see store_payload.h.
 */
#include "store_payload.h"

#include "buf.h"
#include "sql.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#define ID_SQL_MAX 48 /* bytes that one id adds to a statement */

struct seen {
    uint64_t ids[STORE_PAYLOADS_MAX];
    size_t count;
};

static enum db_result
read_from(struct db *db, const char *table, const uint64_t *ids, size_t count,
          struct seen *seen,
          void (*found)(void *arg, const struct stored_event *event), void *arg)
{
    struct buf sql = BUF_INIT(512 + count * ID_SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    sql_raw(&sql, "SELECT e.id,e.application_id,e.source_id,e.type,e.payload,"
                  "e.metadata,e.relayed FROM ");
    sql_id_table(&sql, ids, count);
    sql_raw(&sql, " x STRAIGHT_JOIN ");
    sql_raw(&sql, table);
    sql_raw(&sql, " e FORCE INDEX (PRIMARY) ON e.id=x.id");
    assert(buf_ok(&sql));
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    while ((cell = db_rows_next(rows)) != NULL) {
        const struct stored_event event = {
            .id = db_u64(cell[0], 0),
            .application_id = (uint32_t)db_u64(cell[1], 0),
            .source_id = (uint32_t)db_u64(cell[2], 0),
            .type = cell[3],
            .payload = cell[4],
            .metadata = cell[5],
            .relayed = db_u64(cell[6], 0) != 0,
        };

        seen->ids[seen->count++] = event.id;
        found(arg, &event);
    }
    db_rows_free(rows);
    return DB_OK;
}

static bool
was_seen(const struct seen *seen, uint64_t id)
{
    size_t i;

    for (i = 0; i < seen->count; i++) {
        if (seen->ids[i] == id)
            return true;
    }
    return false;
}

enum db_result
store_payload_read(struct db *db, const uint64_t *ids, size_t count,
                   void (*found)(void *arg, const struct stored_event *event),
                   void *arg)
{
    uint64_t missing[STORE_PAYLOADS_MAX];
    struct seen seen = {.count = 0};
    enum db_result result;
    size_t i, n = 0;

    assert(count > 0 && count <= STORE_PAYLOADS_MAX);
    result = read_from(db, "events", ids, count, &seen, found, arg);
    if (result != DB_OK || seen.count == count)
        return result;
    for (i = 0; i < count; i++) {
        if (!was_seen(&seen, ids[i]))
            missing[n++] = ids[i];
    }
    return read_from(db, "events_kept", missing, n, &seen, found, arg);
}
