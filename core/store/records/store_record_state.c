/*
 * store_record_state.c - see store_record_state.h.
 *
 * First a digest and the size of each record are read, which tell nearly all of
 * those that have not changed and most of those that have; then the records
 * that may mean the same in other words.
 */
#include "store_record_state.h"

#include "alloc.h"
#include "encode.h"
#include "record_key.h"
#include "sign.h"

#include <assert.h>
#include <stdlib.h>

#define DIGEST_BYTES 32
/* A character may be written as six, "\u0041"; numbers differ less. */
#define WORDING 6

/* One of the records asked for, while rows are taken over. */
struct search {
    struct record_state *states;
    bool *wanted; /* its data has to be read */
    size_t count;
};

/* Several states may be about one record. */
static struct record_state *
next_state(const struct search *search, const struct slice *cell, size_t *at)
{
    uint32_t source_id = (uint32_t)db_u64(cell[0], 0);

    while (*at < search->count) {
        struct record_state *state = &search->states[(*at)++];

        if (state->source_id == source_id &&
            slice_equal(state->table, cell[1]) &&
            slice_equal(state->record_id, cell[2]))
            return state;
    }
    return NULL;
}

static bool
is_same(struct slice content, struct slice hex)
{
    char own[2 * DIGEST_BYTES + 1];
    uint8_t digest[DIGEST_BYTES];

    sign_sha256(content, digest);
    encode_hex(digest, sizeof(digest), own);
    return slice_is(hex, own);
}

static bool
may_mean_same(struct slice content, uint64_t bytes)
{
    return bytes > 0 && bytes <= (uint64_t)content.len * WORDING &&
           content.len <= bytes * WORDING;
}

/* source_id, table_name, record_id, event_id, deleted, digest, size */
static void
take_head(const struct search *search, const struct slice *cell)
{
    struct record_state *state;
    size_t at = 0;

    while ((state = next_state(search, cell, &at)) != NULL) {
        state->found = true;
        state->event_id = db_u64(cell[3], 0);
        state->deleted = db_u64(cell[4], 0) != 0;
        state->same = !state->deleted && is_same(state->content, cell[5]);
        search->wanted[at - 1] =
            !state->deleted && !state->same &&
            may_mean_same(state->content, db_u64(cell[6], 0));
    }
}

/* source_id, table_name, record_id, event_id, data: unless it was written
   since, which another look will see. */
static void
take_data(const struct search *search, const struct slice *cell)
{
    struct record_state *state;
    size_t at = 0;

    while ((state = next_state(search, cell, &at)) != NULL) {
        if (search->wanted[at - 1] && state->data.ptr == NULL &&
            state->event_id == db_u64(cell[3], 0))
            state->data = slice_copy(cell[4]);
    }
}

/* Of all records, or of those wanted alone. */
static enum db_result
read_rows(struct db *db, const struct search *search, const char *columns,
          bool wanted,
          void (*take)(const struct search *search, const struct slice *cell))
{
    struct buf sql = BUF_INIT(512 + search->count * RECORD_KEY_SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result = DB_OK;
    bool first = true;
    size_t i;

    buf_add_text(&sql, "SELECT r.source_id,r.table_name,r.record_id,"
                       "r.event_id,");
    buf_add_text(&sql, columns);
    buf_add_text(&sql, " FROM ");
    for (i = 0; i < search->count; i++) {
        const struct record_state *state = &search->states[i];
        const struct record_key key = {state->source_id, state->table,
                                       state->record_id};

        if (wanted && !search->wanted[i])
            continue;
        record_key_add(&sql, &key, first);
        first = false;
    }
    buf_add_text(&sql, ")" RECORD_KEY_JOIN);
    assert(buf_ok(&sql));
    if (!first)
        result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    while (result == DB_OK && !first && (cell = db_rows_next(rows)) != NULL)
        take(search, cell);
    if (result == DB_OK && !first)
        db_rows_free(rows);
    return result;
}

enum db_result
store_record_state(struct db *db, struct record_state *states, size_t count)
{
    struct search search = {.states = states, .count = count};
    enum db_result result;
    size_t i;

    for (i = 0; i < count; i++) {
        states[i].found = false;
        states[i].deleted = false;
        states[i].same = false;
        states[i].event_id = 0;
        states[i].data = SLICE_NONE;
    }
    search.wanted = xcalloc(count + 1, sizeof(*search.wanted));
    result = read_rows(db, &search, "r.deleted,SHA2(r.data,256),LENGTH(r.data)",
                       false, take_head);
    if (result == DB_OK)
        result = read_rows(db, &search, "r.data", true, take_data);
    for (i = 0; i < count && result != DB_OK; i++)
        slice_free(&states[i].data);
    free(search.wanted);
    return result;
}
