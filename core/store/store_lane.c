/*
 * store_lane.c - see store_lane.h.
 */
#include "store_lane.h"

#include "alloc.h"
#include "buf.h"
#include "insert.h"
#include "lane.h"
#include "sql.h"

#include <assert.h>
#include <stdlib.h>

#define WINDOW_MAX 100000 /* far above any */
#define WINDOW_PARTS 1000 /* as exact as it is stored */

static int
compare_rows(const void *left, const void *right)
{
    const struct lane_row *a = left, *b = right;

    return a->lane < b->lane ? -1 : a->lane > b->lane;
}

static int
compare_blocks(const void *left, const void *right)
{
    const struct lane_block *a = left, *b = right;

    return a->lane < b->lane ? -1 : a->lane > b->lane;
}

static void
add_time(struct buf *sql, int64_t wall_us)
{
    sql_raw(sql, ",");
    if (wall_us > 0)
        sql_time(sql, wall_us);
    else
        sql_raw(sql, "NULL");
}

static void
add_window(struct buf *sql, double window)
{
    if (!(window >= 1))
        window = 1;
    if (window > WINDOW_MAX)
        window = WINDOW_MAX;
    sql_raw(sql, ",");
    sql_i64(sql, (int64_t)(window * WINDOW_PARTS));
    sql_raw(sql, "/1000,");
}

static void
add_row(struct insert *insert, const struct lane_row *row)
{
    struct buf *sql = &insert->sql;

    insert_row(insert, 0);
    sql_u64(sql, row->lane);
    add_window(sql, row->window);
    sql_u64(sql, (uint64_t)row->breaker + 1); /* an ENUM counts from 1 */
    sql_raw(sql, ",");
    sql_u64(sql, row->breaker_trips);
    add_time(sql, row->breaker_until_us);
    add_time(sql, row->failing_since_us);
    add_time(sql, row->last_success_us);
    if (!row->fifo)
        add_time(sql, row->blocked_until_us);
    insert_row_end(insert);
}

#define COLUMNS                                                                \
    "lane,window_size,breaker,breaker_trips,breaker_until,failing_since,"      \
    "last_success_at"
#define UPDATES                                                                \
    " ON DUPLICATE KEY UPDATE window_size=VALUES(window_size),"                \
    "breaker=VALUES(breaker),breaker_trips=VALUES(breaker_trips),"             \
    "breaker_until=VALUES(breaker_until),"                                     \
    "failing_since=VALUES(failing_since),"                                     \
    "last_success_at=COALESCE(VALUES(last_success_at),last_success_at)"

/* Those of one kind: they differ in a column. */
static enum db_result
save(struct db *db, const struct lane_row *rows, size_t count, bool fifo)
{
    struct insert insert;
    size_t i;

    if (fifo)
        insert_begin(&insert, db,
                     "INSERT INTO lane_state (" COLUMNS ") VALUES ", UPDATES);
    else
        insert_begin(&insert, db,
                     "INSERT INTO lane_state (" COLUMNS
                     ",blocked_until) VALUES ",
                     UPDATES ",blocked_until=VALUES(blocked_until)");
    for (i = 0; i < count; i++) {
        if (rows[i].fifo == fifo)
            add_row(&insert, &rows[i]);
    }
    return insert_finish(&insert);
}

enum db_result
store_lane_save(struct db *db, struct lane_row *rows, size_t count)
{
    enum db_result result;

    if (count == 0)
        return DB_OK;
    qsort(rows, count, sizeof(*rows), compare_rows);
    result = save(db, rows, count, false);
    return result == DB_OK ? save(db, rows, count, true) : result;
}

enum db_result
store_lane_block(struct db *db, struct lane_block *blocks, size_t count)
{
    struct insert insert;
    size_t i;

    if (count == 0)
        return DB_OK;
    qsort(blocks, count, sizeof(*blocks), compare_blocks);
    insert_begin(&insert, db,
                 "INSERT INTO lane_state (lane,blocked_until) VALUES ",
                 " ON DUPLICATE KEY UPDATE "
                 "blocked_until=VALUES(blocked_until)");
    for (i = 0; i < count; i++) {
        insert_row(&insert, 0);
        sql_u64(&insert.sql, blocks[i].lane);
        add_time(&insert.sql, blocks[i].until_us);
        insert_row_end(&insert);
    }
    return insert_finish(&insert);
}

/* --- loading --------------------------------------------------------------- */

enum lane_cell {
    CELL_LANE,
    CELL_WINDOW, /* in thousandths */
    CELL_BREAKER,
    CELL_TRIPS,
    CELL_UNTIL,
    CELL_FAILING,
    CELL_SUCCESS,
    CELL_BLOCKED,
    CELL_FIFO,
    CELL_NOW
};

void
lane_rows_free(struct lane_rows *rows)
{
    free(rows->rows);
    *rows = (struct lane_rows){NULL, 0, 0, 0};
}

static struct lane_row
row_of(const struct slice *cell)
{
    uint64_t breaker = db_u64(cell[CELL_BREAKER], 1);

    return (struct lane_row){
        .lane = db_u64(cell[CELL_LANE], 0),
        .window = (double)db_u64(cell[CELL_WINDOW], 0) / WINDOW_PARTS,
        .breaker = breaker >= 1 && breaker <= 3
                       ? (enum lane_breaker)(breaker - 1)
                       : LANE_CLOSED,
        .breaker_trips = (uint32_t)db_u64(cell[CELL_TRIPS], 0),
        .breaker_until_us = db_time_us(cell[CELL_UNTIL]),
        .failing_since_us = db_time_us(cell[CELL_FAILING]),
        .last_success_us = db_time_us(cell[CELL_SUCCESS]),
        .blocked_until_us = db_time_us(cell[CELL_BLOCKED]),
        .fifo = db_u64(cell[CELL_FIFO], 0) != 0,
    };
}

#define STATE_COLUMNS                                                          \
    "SELECT l.lane,CAST(l.window_size*1000 AS UNSIGNED),l.breaker+0,"          \
    "l.breaker_trips,l.breaker_until,l.failing_since,l.last_success_at,"       \
    "l.blocked_until,"

#define WORTH_KNOWING                                                          \
    "(l.breaker<>'closed' OR l.failing_since IS NOT NULL"                      \
    " OR l.blocked_until>UTC_TIMESTAMP(6)"                                     \
    " OR l.last_success_at>UTC_TIMESTAMP(6)-INTERVAL 10 MINUTE)"

static enum db_result
load(struct db *db, struct buf *sql, struct lane_rows *rows)
{
    struct db_rows *found = NULL;
    const struct slice *cell;
    enum db_result result;

    rows->count = 0;
    rows->now_us = 0;
    assert(buf_ok(sql));
    result = db_query(db, buf_slice(sql), &found);
    buf_free(sql);
    if (result != DB_OK)
        return result;
    if (db_rows_count(found) > rows->cap) {
        rows->cap = db_rows_count(found);
        rows->rows = xreallocarray(rows->rows, rows->cap, sizeof(*rows->rows));
    }
    while ((cell = db_rows_next(found)) != NULL) {
        if (rows->count == 0)
            rows->now_us = db_time_us(cell[CELL_NOW]);
        rows->rows[rows->count++] = row_of(cell);
    }
    db_rows_free(found);
    return DB_OK;
}

enum db_result
store_lane_load(struct db *db, uint32_t after_id, size_t limit,
                struct lane_rows *rows)
{
    struct buf sql = BUF_INIT(2048);

    /* By the subscriptions: most rows are those of ordering keys. */
    sql_raw(&sql, STATE_COLUMNS
            "s.ordering='fifo',UTC_TIMESTAMP(6) FROM subscriptions s"
            " STRAIGHT_JOIN lane_state l ON l.lane=s.id<<32"
            " WHERE s.deleted_at IS NULL AND " WORTH_KNOWING " AND s.id>");
    sql_u64(&sql, after_id);
    sql_raw(&sql, " ORDER BY s.id LIMIT ");
    sql_u64(&sql, limit);
    return load(db, &sql, rows);
}

enum db_result
store_lane_load_sources(struct db *db, struct lane_rows *rows)
{
    struct buf sql = BUF_INIT(2048);

    sql_raw(&sql, STATE_COLUMNS "0,UTC_TIMESTAMP(6) FROM sources s"
                                " STRAIGHT_JOIN lane_state l ON l.lane="
                                "(s.id<<32)|");
    sql_u64(&sql, LANE_FETCH);
    sql_raw(&sql, " WHERE " WORTH_KNOWING);
    return load(db, &sql, rows);
}
