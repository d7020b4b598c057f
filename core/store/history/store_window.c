/*
 * store_window.c - see store_window.h.
 */
#include "store_window.h"

#include "id.h"
#include "sql.h"

#define SQL_MAX 1024
#define NO_BOUND ((uint64_t)INT64_MAX)
#define EVENTS_FIRST 256 /* rows */
#define EVENTS_GROWTH 4
#define EVENTS_BUDGET 20000 /* they are wide */

struct store_window
store_window_between(uint64_t before_id, int64_t since_us, int64_t until_us)
{
    struct store_window window = {0, before_id == 0 ? NO_BOUND : before_id};

    if (until_us != 0 && id_floor(until_us) < window.top)
        window.top = id_floor(until_us);
    if (since_us != 0)
        window.low = id_floor(since_us);
    return window;
}

enum db_result
store_window_walk(const struct store_window_plan *plan, void *arg,
                  struct store_window window, uint64_t *next)
{
    uint64_t rows = plan->first, looked_at = 0;
    enum db_result result;
    size_t count = 0;

    *next = 0;
    while (window.top > window.low) {
        struct store_window part = window;

        result = plan->find_floor(arg, &window, rows, &part.low);
        if (result == DB_OK)
            result = plan->read(arg, &part, &count);
        if (result != DB_OK)
            return result == DB_NONE ? DB_OK : result;
        if (count > plan->limit || part.low == window.low)
            return DB_OK;
        window.top = part.low;
        looked_at += rows;
        if (looked_at >= plan->budget) {
            *next = window.top;
            return DB_OK;
        }
        rows *= plan->growth;
        if (rows > plan->budget - looked_at)
            rows = plan->budget - looked_at;
    }
    return DB_OK;
}

void
store_window_select_floor(struct buf *sql, const char *table, const char *index,
                          uint64_t owner, const struct store_window *window,
                          uint64_t rows)
{
    sql_raw(sql, "SELECT id FROM ");
    sql_raw(sql, table);
    sql_raw(sql, " FORCE INDEX (");
    sql_raw(sql, index);
    sql_raw(sql, ") WHERE id >= ");
    sql_u64(sql, window->low);
    sql_raw(sql, " AND id < ");
    sql_u64(sql, window->top);
    if (owner != 0) {
        sql_raw(sql, " AND owner_id = ");
        sql_u64(sql, owner);
    }
    sql_raw(sql, " ORDER BY id DESC LIMIT 1 OFFSET ");
    sql_u64(sql, rows);
}

enum db_result
store_window_query_floor(struct db *db, struct buf *sql, uint64_t *floor)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result =
        buf_ok(sql) ? db_query(db, buf_slice(sql), &rows) : DB_BROKEN;

    buf_clear(sql);
    if (result != DB_OK)
        return result;
    row = db_rows_next(rows);
    if (row != NULL && db_u64(row[0], 0) > *floor)
        *floor = db_u64(row[0], 0);
    db_rows_free(rows);
    return DB_OK;
}

struct events_walk {
    struct db *db;
    enum db_result (*read)(void *arg, const struct store_window *window,
                           size_t *count);
    void *arg;
};

static enum db_result
find_floor_of_events(void *arg, const struct store_window *window,
                     uint64_t rows, uint64_t *floor)
{
    const struct events_walk *walk = arg;
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    store_window_select_floor(&sql, "events", "PRIMARY", 0, window, rows);
    result = store_window_query_floor(walk->db, &sql, floor);
    buf_free(&sql);
    return result;
}

static enum db_result
read_events(void *arg, const struct store_window *window, size_t *count)
{
    const struct events_walk *walk = arg;

    return walk->read(walk->arg, window, count);
}

enum db_result
store_window_walk_events(struct db *db, size_t limit,
                         enum db_result (*read)(void *arg,
                                                const struct store_window *,
                                                size_t *count),
                         void *arg, struct store_window window, uint64_t *next)
{
    const struct store_window_plan plan = {
        .limit = limit,
        .first = EVENTS_FIRST,
        .growth = EVENTS_GROWTH,
        .budget = EVENTS_BUDGET,
        .find_floor = find_floor_of_events,
        .read = read_events,
    };
    struct events_walk walk = {db, read, arg};

    return store_window_walk(&plan, &walk, window, next);
}
