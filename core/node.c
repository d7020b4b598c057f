/*
 * node.c - the number that makes a process's ids unique.
 */
#include "node.h"

#include "clock.h"
#include "random.h"
#include "sql.h"

#include <string.h>
#include <unistd.h>

#define LEASE_S 3600
#define CANDIDATES 64 /* numbers to choose from: two rarely choose the same */
#define TRIES 5
#define SQL_MAX 1024

static const struct {
    const char *name;
    int lease_s;
} roles[] = {
    [NODE_RESPONDER] = {"responder", LEASE_S},
    [NODE_WORKER] = {"worker", NODE_WORKER_LEASE_S},
    [NODE_CLI] = {"cli", LEASE_S},
};

static int64_t
lease_us(const struct node *node)
{
    return roles[node->role].lease_s * CLOCK_US_PER_S;
}

/* One of those that were free the longest. */
static enum db_result
choose(struct db *db, uint32_t *number)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    const struct slice *row = NULL;
    struct db_rows *rows;
    enum db_result result;
    size_t skip;

    sql_raw(&sql, "SELECT node FROM nodes WHERE lease_until < UTC_TIMESTAMP(6) "
                  "ORDER BY lease_until LIMIT ");
    sql_u64(&sql, CANDIDATES);
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    if (db_rows_count(rows) == 0)
        result = DB_NONE;
    else
        for (skip = random_u32() % db_rows_count(rows) + 1; skip > 0; skip--)
            row = db_rows_next(rows);
    if (row != NULL)
        *number = (uint32_t)db_u64(row[0], 0);
    db_rows_free(rows);
    return result;
}

static void
add_lease(struct buf *sql, const struct node *node)
{
    sql_raw(sql, "lease_until = UTC_TIMESTAMP(6) + INTERVAL ");
    sql_i64(sql, roles[node->role].lease_s);
    sql_raw(sql, " SECOND ");
}

/* DB_NONE: somebody else was quicker. */
static enum db_result
take(struct db *db, struct node *node)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;
    uint64_t affected;
    char host[64] = "";

    (void)gethostname(host, sizeof(host) - 1);
    sql_raw(&sql, "UPDATE nodes SET token = ");
    sql_u64(&sql, node->token);
    sql_raw(&sql, ", role = ");
    sql_text(&sql, slice_of(roles[node->role].name));
    sql_raw(&sql, ", host = ");
    sql_text(&sql, slice_of(host));
    sql_raw(&sql, ", pid = ");
    sql_i64(&sql, getpid());
    sql_raw(&sql, ", ");
    add_lease(&sql, node);
    sql_raw(&sql, "WHERE node = ");
    sql_u64(&sql, node->number);
    sql_raw(&sql, " AND lease_until < UTC_TIMESTAMP(6)");
    result = db_exec(db, buf_slice(&sql), &affected);
    buf_free(&sql);
    if (result == DB_OK && affected == 0)
        return DB_NONE;
    /* Perhaps taken: then nobody uses it for the length of a lease. */
    return result == DB_UNKNOWN ? DB_AGAIN : result;
}

/* Fills *node, role apart. */
static enum db_result
draw(struct db *db, struct node *node)
{
    struct node drawn = {.role = node->role};
    enum db_result result = DB_NONE;
    int tries;

    for (tries = 0; tries < TRIES; tries++) {
        int64_t start_us = clock_mono_us();

        result = choose(db, &drawn.number);
        if (result != DB_OK)
            break;
        drawn.token = random_u64() | 1; /* 0 means none */
        result = take(db, &drawn);
        if (result == DB_OK) {
            drawn.lease_until_mono_us = start_us + lease_us(&drawn);
            *node = drawn;
            break;
        }
        if (result != DB_NONE && result != DB_AGAIN)
            break;
    }
    return result;
}

enum db_result
node_lease(struct db *db, enum node_role role, struct node *node,
           struct id_source *ids)
{
    struct node drawn = {.role = role};
    enum db_result result = draw(db, &drawn);

    if (result != DB_OK)
        return result;
    *node = drawn;
    id_source_init(ids, drawn.number);
    return DB_OK;
}

/* DB_NONE: the number is no longer ours. */
static enum db_result
extend(struct db *db, struct node *node)
{
    int64_t start_us = clock_mono_us();
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;
    uint64_t affected;

    sql_raw(&sql, "UPDATE nodes SET ");
    add_lease(&sql, node);
    sql_raw(&sql, "WHERE node = ");
    sql_u64(&sql, node->number);
    sql_raw(&sql, " AND token = ");
    sql_u64(&sql, node->token);
    result = db_exec(db, buf_slice(&sql), &affected);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    if (affected == 0)
        return DB_NONE;
    node->lease_until_mono_us = start_us + lease_us(node);
    return DB_OK;
}

enum db_result
node_renew(struct db *db, struct node *node, struct id_source *ids)
{
    int64_t left_us = node->lease_until_mono_us - clock_mono_us();
    enum db_result result = DB_NONE;

    if (node->token != 0) {
        if (left_us > lease_us(node) / 2)
            return DB_OK;
        result = extend(db, node);
        if (result == DB_OK)
            return DB_OK;
        if (result != DB_NONE && left_us > 0)
            return DB_OK;
    }
    if (result == DB_NONE)
        result = draw(db, node);
    if (result != DB_OK)
        return result;
    pthread_mutex_lock(&ids->lock);
    ids->node = node->number;
    pthread_mutex_unlock(&ids->lock);
    return DB_OK;
}

void
node_release(struct db *db, struct node *node)
{
    struct buf sql = BUF_INIT(SQL_MAX);

    if (node->token == 0)
        return;
    sql_raw(&sql, "UPDATE nodes SET token = 0, lease_until = UTC_TIMESTAMP(6) "
                  "WHERE node = ");
    sql_u64(&sql, node->number);
    sql_raw(&sql, " AND token = ");
    sql_u64(&sql, node->token);
    /* If this fails, it becomes free by itself when the lease is over. */
    (void)!db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    memset(node, 0, sizeof(*node));
}
