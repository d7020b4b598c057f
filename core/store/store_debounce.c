/*
 * store_debounce.c - the statements on `debounce`; see store_debounce.h.
 */
#include "store_debounce.h"

#include "buf.h"
#include "insert.h"
#include "sign.h"
#include "sql.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define KEY_SQL_MAX 320 /* bytes a key adds to a statement: escaped, at worst */
#define SWEEP_ROWS 500

void
debounce_key_make(struct debounce_key *key, uint32_t source_id,
                  const char *table, const char *record_id)
{
    uint32_t table_len = (uint32_t)strlen(table);
    uint32_t record_len = (uint32_t)strlen(record_id);
    const struct slice parts[] = {
        slice_make(&table_len, sizeof(table_len)),
        slice_make(table, table_len),
        slice_make(&record_len, sizeof(record_len)),
        slice_make(record_id, record_len),
    };

    key->source_id = source_id;
    sign_sha256_parts(parts, sizeof(parts) / sizeof(parts[0]), key->entity);
}

int
debounce_key_compare(const struct debounce_key *a, const struct debounce_key *b)
{
    if (a->source_id != b->source_id)
        return a->source_id < b->source_id ? -1 : 1;
    return memcmp(a->entity, b->entity, sizeof(a->entity));
}

static void
add_keys(struct buf *sql, const struct debounce_round *rounds, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++) {
        sql_raw(sql, i == 0 ? "(SELECT " : " UNION ALL SELECT ");
        sql_u64(sql, rounds[i].key.source_id);
        sql_raw(sql, i == 0 ? " s," : ",");
        sql_bytes(sql, slice_make(rounds[i].key.entity, DEBOUNCE_KEY_BYTES));
        if (i == 0)
            sql_raw(sql, " e");
    }
    sql_raw(sql, ") x STRAIGHT_JOIN debounce d FORCE INDEX (PRIMARY)"
                 " ON d.source_id=x.s AND d.entity=x.e");
}

enum round_cell {
    CELL_SOURCE,
    CELL_ENTITY,
    CELL_EVENT,
    CELL_TYPE,
    CELL_ACTION,
    CELL_VERSION,
    CELL_FIRST,
    CELL_DUE,
    CELL_JOB, /* NULL: gone; so are those behind it */
    CELL_KIND,
    CELL_SHARD,
    CELL_LANE,
    CELL_ATTEMPTS,
    CELL_RETRY_OF,
    CELL_RETRY_AT
};

static struct debounce_round *
find_round(struct debounce_round *rounds, size_t count,
           const struct slice *cell)
{
    uint32_t source_id = (uint32_t)db_u64(cell[CELL_SOURCE], 0);
    size_t i;

    for (i = 0; i < count; i++) {
        if (rounds[i].key.source_id == source_id &&
            slice_equal(cell[CELL_ENTITY],
                        slice_make(rounds[i].key.entity, DEBOUNCE_KEY_BYTES)))
            return &rounds[i];
    }
    return NULL;
}

static void
take_round(struct debounce_round *round, const struct slice *cell)
{
    uint64_t action = db_u64(cell[CELL_ACTION], INBOUND_OTHER);

    round->found = true;
    round->event_id = db_u64(cell[CELL_EVENT], 0);
    round->action =
        action <= INBOUND_OTHER ? (enum inbound_action)action : INBOUND_OTHER;
    (void)snprintf(round->event_type, sizeof(round->event_type), "%s",
                   cell[CELL_TYPE].ptr);
    round->version_us = db_i64(cell[CELL_VERSION], 0);
    round->first_us = db_time_us(cell[CELL_FIRST]);
    round->due_us = db_time_us(cell[CELL_DUE]);
    round->job = (struct job_row){
        .id = db_u64(cell[CELL_JOB], 0),
        .lane = db_u64(cell[CELL_LANE], 0),
        .event_id = round->event_id,
        .retry_of = db_u64(cell[CELL_RETRY_OF], 0),
        .due_us = db_time_us(cell[CELL_RETRY_AT]),
        .attempts = (uint32_t)db_u64(cell[CELL_ATTEMPTS], 0),
        .kind = (uint8_t)db_u64(cell[CELL_KIND], 0),
        .shard = (uint8_t)db_u64(cell[CELL_SHARD], 0),
    };
}

enum db_result
store_debounce_read(struct db *db, struct debounce_round *rounds, size_t count)
{
    struct buf sql = BUF_INIT(1024 + count * KEY_SQL_MAX);
    struct db_rows *rows = NULL;
    struct debounce_round *round;
    const struct slice *cell;
    enum db_result result;
    size_t i;

    for (i = 0; i < count; i++)
        rounds[i].found = false;
    if (count == 0)
        return DB_OK;
    sql_raw(&sql, "SELECT d.source_id,d.entity,d.event_id,d.event_type,"
                  "d.action,d.version_us,d.first_at,d.due_at,j.id,j.kind,"
                  "j.shard,j.lane,j.attempts,j.retry_of,j.next_retry_at FROM ");
    add_keys(&sql, rounds, count);
    sql_raw(&sql, " LEFT JOIN jobs j FORCE INDEX (PRIMARY) ON j.id=d.job_id"
                  " FOR UPDATE");
    assert(buf_ok(&sql));
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    while ((cell = db_rows_next(rows)) != NULL) {
        round = find_round(rounds, count, cell);
        if (round != NULL)
            take_round(round, cell);
    }
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_debounce_write(struct db *db, const struct debounce_round *rounds,
                     size_t count)
{
    struct insert insert;
    size_t i;

    insert_begin(&insert, db,
                 "INSERT INTO debounce (source_id,entity,job_id,event_id,"
                 "event_type,action,version_us,first_at,due_at) VALUES ",
                 " ON DUPLICATE KEY UPDATE job_id=VALUES(job_id),"
                 "event_id=VALUES(event_id),event_type=VALUES(event_type),"
                 "action=VALUES(action),version_us=VALUES(version_us),"
                 "first_at=VALUES(first_at),due_at=VALUES(due_at)");
    for (i = 0; i < count; i++) {
        const struct debounce_round *round = &rounds[i];
        struct buf *sql = &insert.sql;

        insert_row(&insert, DEBOUNCE_KEY_BYTES + sizeof(round->event_type));
        sql_u64(sql, round->key.source_id);
        sql_raw(sql, ",");
        sql_bytes(sql, slice_make(round->key.entity, DEBOUNCE_KEY_BYTES));
        sql_raw(sql, ",");
        sql_u64(sql, round->job.id);
        sql_raw(sql, ",");
        sql_u64(sql, round->event_id);
        sql_raw(sql, ",");
        sql_text(sql, slice_of(round->event_type));
        sql_raw(sql, ",");
        sql_u64(sql, round->action);
        sql_raw(sql, ",");
        sql_i64(sql, round->version_us);
        sql_raw(sql, ",");
        sql_time(sql, round->first_us);
        sql_raw(sql, ",");
        sql_time(sql, round->due_us);
        insert_row_end(&insert);
    }
    return insert_finish(&insert);
}

enum db_result
store_debounce_end(struct db *db, const struct debounce_round *rounds,
                   size_t count)
{
    struct buf sql = BUF_INIT(512 + count * KEY_SQL_MAX);
    enum db_result result;

    if (count == 0)
        return DB_OK;
    sql_raw(&sql, "DELETE d FROM ");
    add_keys(&sql, rounds, count);
    assert(buf_ok(&sql));
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}

enum db_result
store_debounce_sweep(struct db *db, bool *more)
{
    struct buf sql = BUF_INIT(512);
    uint64_t removed = 0;
    enum db_result result;

    sql_raw(&sql, "DELETE FROM debounce WHERE due_at < UTC_TIMESTAMP(6) -"
                  " INTERVAL 1 DAY AND NOT EXISTS (SELECT 1 FROM jobs"
                  " WHERE jobs.id = debounce.job_id) LIMIT ");
    sql_u64(&sql, SWEEP_ROWS);
    result = db_exec(db, buf_slice(&sql), &removed);
    buf_free(&sql);
    if (result == DB_OK)
        *more = removed == SWEEP_ROWS;
    return result;
}
