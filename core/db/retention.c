/*
 * retention.c - rows that are of no more use, outside the partitioned tables.
 */
#include "retention.h"

#include "sql.h"
#include "transact.h"

#include <stdio.h>

#define SQL_MAX ((size_t)64 << 10)
#define ROWS 500 /* of one statement */

static const char old_answers[] =
    "DELETE FROM idempotency "
    "WHERE created_at < UTC_TIMESTAMP(6) - INTERVAL 24 HOUR LIMIT 500";

static const char old_replays[] =
    "DELETE FROM replays "
    "WHERE finished_at < UTC_TIMESTAMP(6) - INTERVAL 90 DAY LIMIT 500";

/* A plan that nobody confirms: what it has counted is long out of date. */
static const char forgotten_plans[] =
    "UPDATE replays SET status = 'cancelled', "
    "error = 'nobody confirmed it within 7 days', "
    "finished_at = UTC_TIMESTAMP(6) "
    "WHERE status = 'planned' "
    "AND created_at < UTC_TIMESTAMP(6) - INTERVAL 7 DAY LIMIT 500";

static const char old_tests[] =
    "SELECT id FROM subscriptions WHERE adhoc = 1 "
    "AND deleted_at < UTC_TIMESTAMP(6) - INTERVAL 24 HOUR LIMIT 500";

static const char done_tests[] =
    "SELECT id FROM subscriptions WHERE adhoc = 1 AND deleted_at IS NULL "
    "AND created_at < UTC_TIMESTAMP(6) - INTERVAL 1 HOUR LIMIT 500";

struct ids {
    uint64_t list[ROWS];
    size_t count;
};

static enum db_result
delete_old(struct db *db, const char *statement, bool *more)
{
    uint64_t affected = 0;
    enum db_result result = db_exec(db, slice_of(statement), &affected);

    *more = *more || (result == DB_OK && affected == ROWS);
    return result;
}

static enum db_result
read_ids(struct db *db, const char *statement, struct ids *ids)
{
    const struct slice *row;
    struct db_rows *rows;
    enum db_result result = db_query(db, slice_of(statement), &rows);

    if (result != DB_OK)
        return result;
    ids->count = 0;
    while (ids->count < ROWS && (row = db_rows_next(rows)) != NULL)
        ids->list[ids->count++] = db_u64(row[0], 0);
    db_rows_free(rows);
    return DB_OK;
}

static enum db_result
run_by_id(struct db *db, const char *verb, const struct ids *ids,
          const char *rest)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, verb);
    sql_id_table(&sql, ids->list, ids->count);
    sql_raw(&sql, rest);
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}

/* By id: a DELETE that looks for them would wait for every subscription that
   is being changed. */
static enum db_result
delete_tests(struct db *db, void *arg)
{
    const struct ids *ids = arg;
    enum db_result result =
        run_by_id(db, "DELETE p FROM ", ids,
                  " x STRAIGHT_JOIN subscription_patterns p "
                  "FORCE INDEX (PRIMARY) ON p.subscription_id = x.id");

    if (result == DB_OK)
        result = run_by_id(db, "DELETE s FROM ", ids,
                           " x STRAIGHT_JOIN subscriptions s "
                           "FORCE INDEX (PRIMARY) ON s.id = x.id");
    return result;
}

static enum db_result
delete_old_tests(struct db *db)
{
    struct ids ids;
    enum db_result result = read_ids(db, old_tests, &ids);

    if (result != DB_OK || ids.count == 0)
        return result;
    return transact(db, delete_tests, &ids);
}

static enum db_result
mark_deleted(struct db *db, void *arg)
{
    const struct ids *ids = arg;
    enum db_result result;
    uint64_t version;
    char rest[256];

    result = transact_config_version(db, &version);
    if (result != DB_OK)
        return result;
    (void)snprintf(rest, sizeof(rest),
                   " x STRAIGHT_JOIN subscriptions s FORCE INDEX (PRIMARY) "
                   "ON s.id = x.id SET s.deleted_at = UTC_TIMESTAMP(6), "
                   "s.config_version = %llu WHERE s.deleted_at IS NULL",
                   (unsigned long long)version);
    return run_by_id(db, "UPDATE ", ids, rest);
}

static enum db_result
mark_done_tests(struct db *db)
{
    struct ids ids;
    enum db_result result = read_ids(db, done_tests, &ids);

    if (result != DB_OK || ids.count == 0)
        return result;
    return transact(db, mark_deleted, &ids);
}

enum db_result
retention_sweep(struct db *db, bool *more)
{
    enum db_result result;

    *more = false;
    result = delete_old(db, old_answers, more);
    if (result == DB_OK)
        result = delete_old(db, old_replays, more);
    if (result == DB_OK)
        result = delete_old(db, forgotten_plans, more);
    if (result == DB_OK)
        result = delete_old_tests(db);
    if (result == DB_OK)
        result = mark_done_tests(db);
    return result;
}
