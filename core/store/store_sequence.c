/*
 * store_sequence.c - places in FIFO lanes.
 */
#include "store_sequence.h"

#include "alloc.h"
#include "lane.h"
#include "sql.h"

#include <assert.h>
#include <stdlib.h>

#define LANES 1000         /* of one statement */
#define LANE_SQL_BYTES 96  /* that one lane adds to it */
#define FIXED_BYTES 1024   /* all the rest */
#define SWEEP_ROWS 10000   /* looked at by one sweep */
#define SWEEP_REMOVED 1000 /* by one sweep */

static int
compare_wants(const void *a, const void *b)
{
    const struct sequence_want *left = a, *right = b;

    if (left->lane != right->lane)
        return left->lane < right->lane ? -1 : 1;
    return (left->at > right->at) - (left->at < right->at);
}

/* Where the wants of another lane begin. */
static size_t
end_of_lane(const struct sequence_want *wants, size_t count, size_t from)
{
    size_t end = from;

    while (end < count && wants[end].lane == wants[from].lane)
        end++;
    return end;
}

/* Adds up to LANES lanes to the statement. Returns how many wants that were. */
static size_t
add_lanes(struct buf *sql, const struct sequence_want *wants, size_t count)
{
    size_t i = 0, end, lanes;

    sql_raw(sql, "INSERT INTO lane_state (lane,sequence) "
                 "SELECT x.lane,t.now+x.n-1 FROM (");
    for (lanes = 0; lanes < LANES && i < count; lanes++, i = end) {
        end = end_of_lane(wants, count, i);
        sql_raw(sql, lanes == 0 ? "SELECT " : " UNION ALL SELECT ");
        sql_u64(sql, wants[i].lane);
        sql_raw(sql, lanes == 0 ? " lane," : ",");
        sql_u64(sql, end - i);
        if (lanes == 0)
            sql_raw(sql, " n");
    }
    sql_raw(sql, ") x,(SELECT "
                 "CAST(UNIX_TIMESTAMP(NOW(6))*1000000 AS UNSIGNED) now) t "
                 "ORDER BY x.lane ON DUPLICATE KEY UPDATE "
                 "sequence=GREATEST(lane_state.sequence+x.n,VALUES(sequence)) "
                 "RETURNING lane,sequence");
    return i;
}

/* One row for each lane: the last of the places it has given. */
static enum db_result
give_places(struct db_rows *rows, struct sequence_want *wants, size_t count)
{
    enum db_result result = DB_OK;
    const struct slice *row;
    size_t i = 0;

    while (i < count && (row = db_rows_next(rows)) != NULL) {
        size_t end = end_of_lane(wants, count, i), k;
        int64_t last_us = db_i64(row[1], 0);

        if (db_u64(row[0], 0) != wants[i].lane)
            break;
        for (k = i; k < end; k++)
            wants[k].place_us = last_us - (int64_t)(end - 1 - k);
        i = end;
    }
    if (i < count)
        result = DB_BROKEN; /* not what was asked for */
    db_rows_free(rows);
    return result;
}

enum db_result
store_sequence_take(struct db *db, struct sequence_want *wants, size_t count)
{
    struct buf sql = BUF_INIT((size_t)LANES * LANE_SQL_BYTES + FIXED_BYTES);
    enum db_result result = DB_OK;
    size_t done = 0;

    if (count > 0)
        qsort(wants, count, sizeof(*wants), compare_wants);
    while (done < count && result == DB_OK) {
        struct db_rows *rows = NULL;
        size_t n = add_lanes(&sql, wants + done, count - done);

        assert(buf_ok(&sql));
        result = db_query(db, buf_slice(&sql), &rows);
        buf_clear(&sql);
        if (result == DB_OK)
            result = give_places(rows, wants + done, n);
        done += n;
    }
    buf_free(&sql);
    return result;
}

enum db_result
store_sequence_take_in(struct script *script, struct sequence_want *wants,
                       size_t count)
{
    enum db_result result = DB_OK;
    size_t done = 0;

    if (count > 0)
        qsort(wants, count, sizeof(*wants), compare_wants);
    while (done < count && result == DB_OK) {
        struct db_rows *rows = NULL;
        size_t n =
            add_lanes(script_statement(script), wants + done, count - done);

        result = script_query(script, &rows);
        if (result == DB_OK)
            result = give_places(rows, wants + done, n);
        done += n;
    }
    return result;
}

/* --- the lanes of old ordering keys ---------------------------------------- */

struct quiet {
    uint64_t lanes[SWEEP_REMOVED];
    size_t count;
};

/* Key lanes that nobody has taken a place in for a day. */
static enum db_result
find_quiet(struct db *db, uint64_t *after, struct quiet *quiet)
{
    struct buf sql = BUF_INIT(FIXED_BYTES);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;
    uint64_t seen = 0, last = 0;

    sql_raw(&sql, "SELECT lane,lane & ");
    sql_u64(&sql, LANE_KEY_BITS);
    sql_raw(&sql, " <> 0 AND sequence < (UNIX_TIMESTAMP()-86400)*1000000 "
                  "AND COALESCE(blocked_until < NOW(6) - INTERVAL 1 DAY,1) "
                  "FROM lane_state WHERE lane > ");
    sql_u64(&sql, *after);
    sql_raw(&sql, " ORDER BY lane LIMIT ");
    sql_u64(&sql, SWEEP_ROWS);
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    quiet->count = 0;
    while (quiet->count < SWEEP_REMOVED && (row = db_rows_next(rows)) != NULL) {
        seen++;
        last = db_u64(row[0], 0);
        if (db_u64(row[1], 0) != 0)
            quiet->lanes[quiet->count++] = last;
    }
    *after = seen < db_rows_count(rows) || seen == SWEEP_ROWS ? last : 0;
    db_rows_free(rows);
    return DB_OK;
}

/* Takes those that still have jobs out of the list. */
static enum db_result
leave_out_busy(struct db *db, struct quiet *quiet)
{
    struct buf sql =
        BUF_INIT((size_t)SWEEP_REMOVED * LANE_SQL_BYTES + FIXED_BYTES);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;
    size_t i, kept = 0;

    sql_raw(&sql, "SELECT x.lane FROM (");
    for (i = 0; i < quiet->count; i++) {
        sql_raw(&sql, i == 0 ? "SELECT " : " UNION ALL SELECT ");
        sql_u64(&sql, lane_shard(quiet->lanes[i]));
        sql_raw(&sql, i == 0 ? " shard," : ",");
        sql_u64(&sql, quiet->lanes[i]);
        if (i == 0)
            sql_raw(&sql, " lane");
    }
    sql_raw(&sql, ") x WHERE NOT EXISTS (SELECT 1 FROM jobs j "
                  "FORCE INDEX (due) WHERE j.shard=x.shard AND j.lane=x.lane)");
    assert(buf_ok(&sql));
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    while (kept < quiet->count && (row = db_rows_next(rows)) != NULL)
        quiet->lanes[kept++] = db_u64(row[0], 0);
    quiet->count = kept;
    db_rows_free(rows);
    return DB_OK;
}

/* One that was used since has a newer place, and stays. */
static enum db_result
remove_quiet(struct db *db, const struct quiet *quiet)
{
    struct buf sql =
        BUF_INIT((size_t)SWEEP_REMOVED * LANE_SQL_BYTES + FIXED_BYTES);
    enum db_result result;

    sql_raw(&sql, "DELETE l FROM ");
    sql_id_table(&sql, quiet->lanes, quiet->count);
    sql_raw(&sql, " x STRAIGHT_JOIN lane_state l FORCE INDEX (PRIMARY) "
                  "ON l.lane=x.id "
                  "WHERE l.sequence < (UNIX_TIMESTAMP()-86400)*1000000");
    assert(buf_ok(&sql));
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}

enum db_result
store_sequence_sweep(struct db *db, uint64_t *after)
{
    struct quiet *quiet = xcalloc(1, sizeof(*quiet));
    enum db_result result = find_quiet(db, after, quiet);

    if (result == DB_OK && quiet->count > 0)
        result = leave_out_busy(db, quiet);
    if (result == DB_OK && quiet->count > 0)
        result = remove_quiet(db, quiet);
    free(quiet);
    return result;
}
