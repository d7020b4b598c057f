/*
 * store_source_delete.c - a source is removed: its row stays for its history,
 * its secrets do not, and what it still had to do is cancelled.
 */
#include "store_source_impl.h"

#include "lane.h"
#include "sql.h"
#include "transact.h"

#define SQL_BYTES 65536
#define CHUNK 500     /* jobs cancelled by one transaction */
#define AT_ONCE 20000 /* and before the caller has an answer */
#define JOIN_JOBS                                                              \
    " x STRAIGHT_JOIN jobs j FORCE INDEX (PRIMARY) ON j.id = x.id "

/* No secret outlives its source. */
static enum db_result
delete_work(struct db *db, void *arg)
{
    struct source_change *change = arg;
    struct buf sql = BUF_INIT(SQL_BYTES);
    enum db_result result = store_source_lock(db, change);

    if (result == DB_OK) {
        source_options_free(&change->row.options);
        result = store_source_hook(db, change);
    }
    if (result == DB_OK) {
        store_source_begin_update(&sql, change);
        sql_raw(&sql, ", deleted_at = UTC_TIMESTAMP(6), secrets = NULL, "
                      "api_key = NULL, captured_token = NULL, "
                      "handshake = 'none', hook_id = NULL");
        result = store_source_end_update(db, &sql, change);
    }
    buf_free(&sql);
    return result;
}

/* One transaction's share of a source's jobs. */
struct chunk {
    uint32_t source_id;
    enum lane_kind kind;
    size_t count;
};

static enum db_result
find_jobs(struct db *db, struct chunk *chunk, uint64_t ids[CHUNK])
{
    uint64_t lane = lane_number(chunk->kind, chunk->source_id);
    struct buf sql = BUF_INIT(SQL_BYTES);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(&sql, "SELECT id FROM jobs FORCE INDEX (due) WHERE shard = ");
    sql_u64(&sql, lane_shard(lane));
    sql_raw(&sql, " AND lane = ");
    sql_u64(&sql, lane);
    sql_raw(&sql, " LIMIT ");
    sql_u64(&sql, CHUNK);
    sql_raw(&sql, " FOR UPDATE");
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    chunk->count = 0;
    if (result != DB_OK)
        return result;
    while ((row = db_rows_next(rows)) != NULL)
        ids[chunk->count++] = db_u64(row[0], 0);
    db_rows_free(rows);
    return DB_OK;
}

/* A poll job has no event and leaves no history. */
static enum db_result
archive(struct db *db, const struct chunk *chunk, const uint64_t *ids)
{
    struct buf sql = BUF_INIT(SQL_BYTES);
    enum db_result result;

    sql_raw(&sql,
            "INSERT INTO deliveries (id, done_day, kind, test, "
            "application_id, owner_id, event_id, event_type, status, "
            "attempts, retry_of, error_class, error_message, duration_ms, "
            "completed_at) SELECT j.id, UTC_DATE(), j.kind, j.test, "
            "s.application_id, s.id, j.event_id, COALESCE(e.type, k.type, ''), "
            "'cancelled', j.attempts, j.retry_of, 'source_gone', "
            "'source deleted', 0, UTC_TIMESTAMP(6) FROM ");
    sql_id_table(&sql, ids, chunk->count);
    sql_raw(&sql, JOIN_JOBS "JOIN sources s ON s.id = ");
    sql_u64(&sql, chunk->source_id);
    sql_raw(&sql, " LEFT JOIN events e ON e.id = j.event_id "
                  "LEFT JOIN events_kept k ON k.id = j.event_id "
                  "WHERE j.kind = ");
    sql_u64(&sql, JOB_PROCESS);
    result = store_source_run(db, &sql);
    if (result == DB_OK) {
        sql_raw(&sql, "DELETE j FROM ");
        sql_id_table(&sql, ids, chunk->count);
        sql_raw(&sql, JOIN_JOBS);
        result = store_source_run(db, &sql);
    }
    buf_free(&sql);
    return result;
}

static enum db_result
chunk_work(struct db *db, void *arg)
{
    struct chunk *chunk = arg;
    uint64_t ids[CHUNK];
    enum db_result result = find_jobs(db, chunk, ids);

    return result == DB_OK && chunk->count > 0 ? archive(db, chunk, ids)
                                               : result;
}

/* That they cannot be cancelled now is no failure: a worker that comes to one
   finds no source. */
static void
cancel_jobs(struct db *db, uint32_t source_id)
{
    static const enum lane_kind kinds[] = {LANE_SOURCE, LANE_FETCH};
    size_t i, done = 0;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        struct chunk chunk = {source_id, kinds[i], CHUNK};

        while (chunk.count == CHUNK && done < AT_ONCE) {
            if (transact(db, chunk_work, &chunk) != DB_OK)
                return;
            done += chunk.count;
        }
    }
}

/* Short: these tables have few rows of one source. */
static void
forget_rounds(struct db *db, uint32_t source_id)
{
    static const char *const tables[] = {"debounce", "source_cursors",
                                         "source_names"};
    struct buf sql = BUF_INIT(SQL_BYTES);
    size_t i;

    for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        sql_raw(&sql, "DELETE FROM ");
        sql_raw(&sql, tables[i]);
        sql_raw(&sql, " WHERE source_id = ");
        sql_u64(&sql, source_id);
        if (store_source_run(db, &sql) != DB_OK)
            break;
    }
    buf_free(&sql);
}

enum db_result
store_source_delete(struct db *db, uint32_t application_id,
                    const struct source_ref *ref)
{
    struct source_change change = {.application_id = application_id,
                                   .ref = *ref};
    enum db_result result = transact(db, delete_work, &change);

    if (result == DB_OK) {
        cancel_jobs(db, change.row.id);
        forget_rounds(db, change.row.id);
    }
    source_row_free(&change.row);
    buf_wipe(&change.token);
    return result;
}
