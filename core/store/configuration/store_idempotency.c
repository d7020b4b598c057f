/*
 * store_idempotency.c - see store_idempotency.h.
 */
#include "store_idempotency.h"

#include "sql.h"

#define ANSWER_MAX_BYTES ((size_t)15 * 1024 * 1024) /* MEDIUMBLOB holds 16 */
#define TRIES 3

/* Appends " WHERE" and the primary key. */
static void
where_key(struct buf *sql, const struct idempotency_key *key)
{
    sql_raw(sql, " WHERE application_id = ");
    sql_u64(sql, key->application_id);
    sql_raw(sql, " AND key_hash = ");
    sql_bytes(sql, slice_make(key->key_hash, sizeof(key->key_hash)));
}

/* Runs and frees. */
static enum db_result
run(struct db *db, struct buf *sql)
{
    enum db_result result =
        buf_ok(sql) ? db_exec(db, buf_slice(sql), NULL) : DB_BROKEN;

    buf_free(sql);
    return result;
}

static enum db_result
insert(struct db *db, const struct idempotency_key *key)
{
    struct buf sql = BUF_INIT(1024);

    sql_raw(&sql, "INSERT INTO idempotency"
                  " (application_id, key_hash, body_hash, status) VALUES (");
    sql_u64(&sql, key->application_id);
    sql_raw(&sql, ", ");
    sql_bytes(&sql, slice_make(key->key_hash, sizeof(key->key_hash)));
    sql_raw(&sql, ", ");
    sql_bytes(&sql, slice_make(key->body_hash, sizeof(key->body_hash)));
    sql_raw(&sql, ", 0)");
    return run(db, &sql);
}

enum db_result
store_idempotency_drop(struct db *db, const struct idempotency_key *key)
{
    struct buf sql = BUF_INIT(1024);

    sql_raw(&sql, "DELETE FROM idempotency");
    where_key(&sql, key);
    return run(db, &sql);
}

/* Rows that count no longer. */
#define STALE                                                                  \
    "(created_at < UTC_TIMESTAMP(6) - INTERVAL 24 HOUR OR (status = 0"         \
    " AND created_at < UTC_TIMESTAMP(6) - INTERVAL 60 SECOND))"

/* Looks again: somebody else may have removed it and claimed the key. */
static enum db_result
drop_stale(struct db *db, const struct idempotency_key *key)
{
    struct buf sql = BUF_INIT(1024);

    sql_raw(&sql, "DELETE FROM idempotency");
    where_key(&sql, key);
    sql_raw(&sql, " AND " STALE);
    return run(db, &sql);
}

/* DB_NONE: there is none, or none that counts any more (*stale). */
static enum db_result
find(struct db *db, const struct idempotency_key *key,
     struct idempotency_found *found, bool *stale)
{
    struct buf sql = BUF_INIT(1024);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(&sql,
            "SELECT body_hash, status, response, " STALE " FROM idempotency");
    where_key(&sql, key);
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    row = db_rows_next(rows);
    *stale = row != NULL && db_u64(row[3], 0) == 1;
    result = row == NULL || *stale ? DB_NONE : DB_OK;
    if (result == DB_OK) {
        found->same_body = slice_equal(
            row[0], slice_make(key->body_hash, sizeof(key->body_hash)));
        found->status = (int)db_u64(row[1], 0);
        buf_init(&found->sealed, ANSWER_MAX_BYTES);
        buf_add_slice(&found->sealed, row[2]);
    }
    db_rows_free(rows);
    return result;
}

enum db_result
store_idempotency_claim(struct db *db, const struct idempotency_key *key,
                        struct idempotency_found *found)
{
    enum db_result result;
    int i;

    for (i = 0; i < TRIES; i++) {
        bool stale = false;

        result = insert(db, key);
        if (result == DB_AGAIN)
            continue;
        if (result != DB_DUPLICATE)
            return result;
        result = find(db, key, found, &stale);
        if (result == DB_OK)
            return DB_DUPLICATE;
        if (result == DB_NONE && stale)
            result = drop_stale(db, key);
        if (result != DB_OK && result != DB_NONE && result != DB_AGAIN)
            return result;
    }
    return DB_AWAY;
}

enum db_result
store_idempotency_keep(struct db *db, const struct idempotency_key *key,
                       int status, struct slice sealed)
{
    struct buf sql = BUF_INIT(2 * ANSWER_MAX_BYTES + 1024);

    if (sealed.len > ANSWER_MAX_BYTES)
        return store_idempotency_drop(db, key);
    sql_raw(&sql, "UPDATE idempotency SET status = ");
    sql_u64(&sql, (uint64_t)status);
    sql_raw(&sql, ", response = ");
    sql_bytes(&sql, sealed);
    where_key(&sql, key);
    sql_raw(&sql, " AND status = 0 AND body_hash = ");
    sql_bytes(&sql, slice_make(key->body_hash, sizeof(key->body_hash)));
    return run(db, &sql);
}
