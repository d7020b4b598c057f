/*
 * store_node.c - the SQL of node numbers.
 */
#include "store_node.h"

#include "sql.h"

#include <unistd.h>

#define SQL_MAX 1024

enum db_result
store_node_free(struct db *db, uint32_t *numbers, size_t max, size_t *count)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    const struct slice *row;
    struct db_rows *rows;
    enum db_result result;

    sql_raw(&sql, "SELECT node FROM nodes WHERE lease_until < UTC_TIMESTAMP(6) "
                  "ORDER BY lease_until LIMIT ");
    sql_u64(&sql, max);
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    *count = 0;
    while (*count < max && (row = db_rows_next(rows)) != NULL)
        numbers[(*count)++] = (uint32_t)db_u64(row[0], 0);
    db_rows_free(rows);
    return DB_OK;
}

static void
add_lease(struct buf *sql, int lease_s)
{
    sql_raw(sql, "lease_until = UTC_TIMESTAMP(6) + INTERVAL ");
    sql_i64(sql, lease_s);
    sql_raw(sql, " SECOND ");
}

static void
add_place(struct buf *sql, uint32_t number, uint64_t token)
{
    sql_raw(sql, "WHERE node = ");
    sql_u64(sql, number);
    sql_raw(sql, " AND token = ");
    sql_u64(sql, token);
}

static enum db_result
run(struct db *db, struct buf *sql)
{
    uint64_t affected = 0;
    enum db_result result = db_exec(db, buf_slice(sql), &affected);

    buf_free(sql);
    return result == DB_OK && affected == 0 ? DB_NONE : result;
}

enum db_result
store_node_take(struct db *db, uint32_t number, uint64_t token,
                const char *role, int lease_s)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    char host[64] = "";

    (void)gethostname(host, sizeof(host) - 1);
    sql_raw(&sql, "UPDATE nodes SET token = ");
    sql_u64(&sql, token);
    sql_raw(&sql, ", role = ");
    sql_text(&sql, slice_of(role));
    sql_raw(&sql, ", host = ");
    sql_text(&sql, slice_of(host));
    sql_raw(&sql, ", pid = ");
    sql_i64(&sql, getpid());
    sql_raw(&sql, ", ");
    add_lease(&sql, lease_s);
    sql_raw(&sql, "WHERE lease_until < UTC_TIMESTAMP(6) AND node = ");
    sql_u64(&sql, number);
    return run(db, &sql);
}

enum db_result
store_node_extend(struct db *db, uint32_t number, uint64_t token, int lease_s)
{
    struct buf sql = BUF_INIT(SQL_MAX);

    sql_raw(&sql, "UPDATE nodes SET ");
    add_lease(&sql, lease_s);
    add_place(&sql, number, token);
    return run(db, &sql);
}

enum db_result
store_node_give_back(struct db *db, uint32_t number, uint64_t token)
{
    struct buf sql = BUF_INIT(SQL_MAX);

    sql_raw(&sql,
            "UPDATE nodes SET token = 0, lease_until = UTC_TIMESTAMP(6) ");
    add_place(&sql, number, token);
    return run(db, &sql);
}
