/*
 * store_record.c - the statements that write `records`; see store_record.h.
 */
#include "store_record.h"

#include "alloc.h"
#include "insert.h"
#include "record_fields.h"
#include "record_key.h"
#include "sql.h"

#include <assert.h>
#include <stdlib.h>

struct mirror {
    struct db_rows *rows; /* what the last changes found */
    struct buf fields[2]; /* of one record, before and after a change */
};

/* What is there of one record while its changes are gone through. */
struct state {
    bool exists;
    int64_t version_us;
    uint64_t event_id;
    struct slice data;   /* absent: deleted, or too large */
    struct slice fields; /* or absent */
};

struct mirror *
mirror_new(void)
{
    struct mirror *mirror = xcalloc(1, sizeof(*mirror));

    /* A name more than the bound may be added before it is looked at. */
    buf_init(&mirror->fields[0], (size_t)2 * RECORD_FIELDS_BYTES);
    buf_init(&mirror->fields[1], (size_t)2 * RECORD_FIELDS_BYTES);
    return mirror;
}

static void
forget(struct mirror *mirror)
{
    db_rows_free(mirror->rows);
    mirror->rows = NULL;
}

void
mirror_free(struct mirror *mirror)
{
    if (mirror == NULL)
        return;
    forget(mirror);
    buf_free(&mirror->fields[0]);
    buf_free(&mirror->fields[1]);
    free(mirror);
}

/* -- order ---------------------------------------------------------------------- */

static struct record_key
key_of(const struct record_change *change)
{
    return (struct record_key){change->source_id, change->table,
                               change->record_id};
}

static int
compare_keys(const struct record_change *a, const struct record_change *b)
{
    const struct record_key x = key_of(a), y = key_of(b);

    return record_key_compare(&x, &y);
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

/* -- what is there --------------------------------------------------------------- */

static void
add_keys(struct buf *sql, const struct record_change *changes, size_t count)
{
    bool first = true;
    size_t i;

    for (i = 0; i < count; i++) {
        const struct record_key key = key_of(&changes[i]);

        if (i > 0 && compare_keys(&changes[i - 1], &changes[i]) == 0)
            continue;
        record_key_add(sql, &key, first);
        first = false;
    }
    sql_raw(sql, ")" RECORD_KEY_JOIN);
}

#define IF_SMALL(column)                                                       \
    "IF(LENGTH(r.data)<=524288,r." column ",NULL)" /* RECORD_OLD_MAX */

static enum db_result
read_states(struct db *db, const struct record_change *changes, size_t count,
            struct db_rows **rows)
{
    struct buf sql = BUF_INIT(512 + count * RECORD_KEY_SQL_MAX);
    enum db_result result;

    sql_raw(&sql,
            "SELECT r.source_id,r.table_name,r.record_id,r.version_us,"
            "r.event_id," IF_SMALL("data") "," IF_SMALL("fields") " FROM ");
    add_keys(&sql, changes, count);
    assert(buf_ok(&sql));
    result = db_query(db, buf_slice(&sql), rows);
    buf_free(&sql);
    return result;
}

/* The first change of the row's record; count if there is none. */
static size_t
find_first(const struct record_change *changes, size_t count,
           const struct slice *cell)
{
    const struct record_change stored = {
        .source_id = (uint32_t)db_u64(cell[0], 0),
        .table = cell[1],
        .record_id = cell[2],
    };
    size_t low = 0, high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_keys(&changes[middle], &stored) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && compare_keys(&changes[low], &stored) == 0 ? low
                                                                    : count;
}

/* states[i] of the first change of each record that exists. */
static void
note_states(struct db_rows *rows, const struct record_change *changes,
            size_t count, struct state *states)
{
    const struct slice *cell;

    while ((cell = db_rows_next(rows)) != NULL) {
        size_t i = find_first(changes, count, cell);

        if (i < count)
            states[i] = (struct state){
                .exists = true,
                .version_us = db_i64(cell[3], 0),
                .event_id = db_u64(cell[4], 0),
                .data = cell[5],
                .fields = cell[6],
            };
    }
}

/* -- writing --------------------------------------------------------------------- */

/*
 * Assignments run from left to right and see the columns already assigned, so
 * version_us and event_id, which the guard reads, come last; once event_id is
 * new, GREATEST() alone decides about version_us.
 */
#define NEWER                                                                  \
    "(VALUES(version_us)>version_us OR (VALUES(version_us)=version_us"         \
    " AND VALUES(event_id)>event_id))"
#define SET(column) " " column "=IF(" NEWER ",VALUES(" column ")," column "),"

static const char upsert_tail[] = " ON DUPLICATE KEY UPDATE" SET("data")
    SET("fields") SET("deleted") SET("verified")
        SET("updated_at") " stale=IF(" NEWER ",0,stale),"
                          " revision=revision+IF(" NEWER ",1,0),"
                          " dirty=IF(" NEWER
                          ",GREATEST(VALUES(dirty),COALESCE(dirty,0)+1),dirty)"
                          "," SET("event_id") " version_us=GREATEST(version_us,"
                                              "VALUES(version_us))";

static const char *const verified_words[] = {
    [RECORD_UNVERIFIED] = ",'no',",
    [RECORD_VERIFIED] = ",'yes',",
    [RECORD_DIFFERS] = ",'differs',",
};

static void
add_change(struct insert *insert, const struct record_change *change,
           struct slice fields, int64_t now_us)
{
    struct buf *sql = &insert->sql;

    insert_row(insert, change->table.len + change->record_id.len +
                           change->data.len + fields.len);
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
    sql_raw(sql, ",");
    sql_text(sql, fields);
    sql_raw(sql, verified_words[change->verified]);
    sql_u64(sql, (uint64_t)now_us);
    sql_raw(sql, ",UTC_TIMESTAMP(6)");
    insert_row_end(insert);
}

/* What the change makes of the record. */
static void
step(struct mirror *mirror, struct record_change *change, struct state *state)
{
    struct buf *old = &mirror->fields[0], *now = &mirror->fields[1];
    const struct record_step fields = {
        .old = state->data,
        .old_fields = state->fields,
        .now = change->deleted ? SLICE_NONE : change->data,
        .version_us = change->version_us,
        .event_id = change->event_id,
        .verified = change->verified != RECORD_UNVERIFIED,
    };
    struct buf swap;
    bool has;

    change->old = state->data;
    buf_clear(now);
    has = record_fields_add(&fields, now) && buf_ok(now);
    *state = (struct state){
        .exists = true,
        .version_us = change->version_us,
        .event_id = change->event_id,
        .data = fields.now,
        .fields = has ? buf_slice(now) : SLICE_NONE,
    };
    /* What was written becomes what is there; the bytes stay where they are. */
    swap = *old;
    *old = *now;
    *now = swap;
}

/* Of several changes of one record only the last needs writing. */
static void
write_record(struct mirror *mirror, struct insert *insert,
             struct record_change *changes, size_t count, struct state state,
             int64_t now_us)
{
    const struct record_change *last = NULL;
    size_t i;

    for (i = 0; i < count; i++) {
        changes[i].stale =
            state.exists &&
            !is_newer(&changes[i], state.version_us, state.event_id);
        changes[i].old = SLICE_NONE;
        if (changes[i].stale)
            continue;
        step(mirror, &changes[i], &state);
        last = &changes[i];
    }
    if (last != NULL)
        add_change(insert, last, state.fields, now_us);
}

static enum db_result
write_all(struct mirror *mirror, struct db *db, struct record_change *changes,
          size_t count, const struct state *states, int64_t now_us)
{
    struct insert insert;
    size_t first, next;

    insert_begin(&insert, db,
                 "INSERT INTO records (source_id,table_name,record_id,"
                 "version_us,event_id,deleted,data,fields,verified,dirty,"
                 "updated_at) VALUES ",
                 upsert_tail);
    for (first = 0; first < count; first = next) {
        next = first + 1;
        while (next < count &&
               compare_keys(&changes[first], &changes[next]) == 0)
            next++;
        write_record(mirror, &insert, changes + first, next - first,
                     states[first], now_us);
    }
    return insert_finish(&insert);
}

enum db_result
store_record_apply(struct mirror *mirror, struct db *db,
                   struct record_change *changes, size_t count, int64_t now_us)
{
    struct state *states;
    enum db_result result;

    forget(mirror);
    if (count == 0)
        return DB_OK;
    qsort(changes, count, sizeof(*changes), compare_changes);
    result = read_states(db, changes, count, &mirror->rows);
    if (result != DB_OK)
        return result;
    states = xcalloc(count, sizeof(*states));
    note_states(mirror->rows, changes, count, states);
    result = write_all(mirror, db, changes, count, states, now_us);
    free(states);
    return result;
}

enum db_result
store_record_doubt(struct db *db, struct record_change *changes, size_t count)
{
    struct buf sql = BUF_INIT(512 + count * RECORD_KEY_SQL_MAX);
    enum db_result result;

    if (count == 0)
        return DB_OK;
    qsort(changes, count, sizeof(*changes), compare_changes);
    sql_raw(&sql, "UPDATE ");
    add_keys(&sql, changes, count);
    sql_raw(&sql, " SET r.stale=1 WHERE r.deleted=0");
    assert(buf_ok(&sql));
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}
