/*
 * store_shard.c - the statements on leases; see store_shard.h.
 */
#include "store_shard.h"

#include "buf.h"
#include "sql.h"

#include <assert.h>

#define SQL_MAX 8192

static enum db_result
run(struct db *db, struct buf *sql, uint64_t *affected)
{
    enum db_result result;

    assert(buf_ok(sql));
    result = db_exec(db, buf_slice(sql), affected);
    buf_free(sql);
    return result;
}

static void
add_shards(struct buf *sql, const bool chosen[LANE_SHARDS])
{
    uint64_t list[LANE_SHARDS];
    size_t i, n = 0;

    for (i = 0; i < LANE_SHARDS; i++) {
        if (chosen[i])
            list[n++] = i;
    }
    sql_raw(sql, "shard IN (");
    sql_u64_list(sql, list, n);
    sql_raw(sql, ")");
}

static void
add_tokens(struct buf *sql, const uint64_t *tokens, size_t count)
{
    sql_raw(sql, "token IN (");
    sql_u64_list(sql, tokens, count);
    sql_raw(sql, ")");
}

static void
add_lease(struct buf *sql, int lease_s)
{
    sql_raw(sql, "lease_until=UTC_TIMESTAMP(6)+INTERVAL ");
    sql_i64(sql, lease_s);
    sql_raw(sql, " SECOND");
}

enum db_result
store_shard_view(struct db *db, struct shard_view *view)
{
    struct shard_view seen = {.workers = 1};
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    /* A node outlives its worker by some seconds; a lease that ran out tells
       of the death earlier. */
    result = db_query(
        db,
        SLICE("SELECT shard,token,lease_until>UTC_TIMESTAMP(6),"
              "UTC_TIMESTAMP(6),(SELECT COUNT(*) FROM nodes n"
              " WHERE n.role='worker' AND n.token<>0"
              " AND n.lease_until>UTC_TIMESTAMP(6) AND NOT EXISTS"
              " (SELECT 1 FROM shards d WHERE d.node=n.node AND d.token<>0"
              " AND d.lease_until<=UTC_TIMESTAMP(6))) FROM shards"),
        &rows);
    if (result != DB_OK)
        return result;
    while ((cell = db_rows_next(rows)) != NULL) {
        uint64_t shard = db_u64(cell[0], LANE_SHARDS);

        if (shard >= LANE_SHARDS)
            continue;
        seen.shards[shard].token = db_u64(cell[1], 0);
        seen.shards[shard].held = db_u64(cell[2], 0) != 0;
        seen.now_us = db_time_us(cell[3]);
        if (db_u64(cell[4], 1) > 1)
            seen.workers = (uint32_t)db_u64(cell[4], 1);
    }
    db_rows_free(rows);
    *view = seen;
    return DB_OK;
}

enum db_result
store_shard_take(struct db *db, const bool wanted[LANE_SHARDS], uint64_t token,
                 uint32_t node, int lease_s)
{
    struct buf sql = BUF_INIT(SQL_MAX);

    /* A worker that was stopped in the middle of a transaction may lock its
       rows for a while: that must not stop this one as well. */
    sql_raw(&sql, "SET STATEMENT innodb_lock_wait_timeout=0 FOR"
                  " UPDATE shards SET token=");
    sql_u64(&sql, token);
    sql_raw(&sql, ",node=");
    sql_u64(&sql, node);
    sql_raw(&sql, ",");
    add_lease(&sql, lease_s);
    sql_raw(&sql, " WHERE ");
    add_shards(&sql, wanted);
    sql_raw(&sql, " AND (lease_until<=UTC_TIMESTAMP(6) OR token=");
    sql_u64(&sql, token);
    sql_raw(&sql, ")");
    return run(db, &sql, NULL);
}

enum db_result
store_shard_renew(struct db *db, const bool chosen[LANE_SHARDS],
                  const uint64_t *tokens, size_t count, int lease_s)
{
    struct buf sql = BUF_INIT(SQL_MAX);

    sql_raw(&sql, "UPDATE shards SET ");
    add_lease(&sql, lease_s);
    sql_raw(&sql, " WHERE ");
    add_shards(&sql, chosen);
    sql_raw(&sql, " AND ");
    add_tokens(&sql, tokens, count);
    return run(db, &sql, NULL);
}

enum db_result
store_shard_release(struct db *db, const bool chosen[LANE_SHARDS],
                    const uint64_t *tokens, size_t count)
{
    struct buf sql = BUF_INIT(SQL_MAX);

    sql_raw(&sql, "UPDATE shards SET token=0,lease_until=UTC_TIMESTAMP(6)"
                  " WHERE ");
    add_shards(&sql, chosen);
    sql_raw(&sql, " AND ");
    add_tokens(&sql, tokens, count);
    return run(db, &sql, NULL);
}

enum db_result
store_shard_fence(struct db *db, const bool chosen[LANE_SHARDS],
                  const uint64_t *tokens, size_t count, uint64_t *matched)
{
    struct buf sql = BUF_INIT(SQL_MAX);

    sql_raw(&sql, "UPDATE shards SET fence=fence+1 WHERE ");
    add_shards(&sql, chosen);
    sql_raw(&sql, " AND ");
    add_tokens(&sql, tokens, count);
    return run(db, &sql, matched);
}
