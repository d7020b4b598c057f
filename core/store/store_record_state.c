/*
 * store_record_state.c - see store_record_state.h.
 */
#include "store_record_state.h"

#include "record_key.h"

#include <assert.h>

static void
take(struct record_state *states, size_t count, const struct slice *cell)
{
    uint32_t source_id = (uint32_t)db_u64(cell[0], 0);
    size_t i;

    for (i = 0; i < count; i++) {
        struct record_state *state = &states[i];

        if (state->found || state->source_id != source_id ||
            !slice_equal(state->table, cell[1]) ||
            !slice_equal(state->record_id, cell[2]))
            continue;
        state->found = true;
        state->event_id = db_u64(cell[3], 0);
        state->deleted = db_u64(cell[4], 0) != 0;
        state->data = slice_copy(cell[5]);
    }
}

enum db_result
store_record_state(struct db *db, struct record_state *states, size_t count)
{
    struct buf sql = BUF_INIT(512 + count * RECORD_KEY_SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;
    size_t i;

    for (i = 0; i < count; i++) {
        states[i].found = false;
        states[i].data = SLICE_NONE;
    }
    if (count == 0)
        return DB_OK;
    buf_add_text(&sql, "SELECT r.source_id,r.table_name,r.record_id,"
                       "r.event_id,r.deleted,r.data FROM ");
    for (i = 0; i < count; i++) {
        const struct record_key key = {states[i].source_id, states[i].table,
                                       states[i].record_id};

        record_key_add(&sql, &key, i == 0);
    }
    buf_add_text(&sql, ")" RECORD_KEY_JOIN);
    assert(buf_ok(&sql));
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    while ((cell = db_rows_next(rows)) != NULL)
        take(states, count, cell);
    db_rows_free(rows);
    return DB_OK;
}
