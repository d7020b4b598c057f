/*
 * retention.c - rows that are of no more use, outside the partitioned tables.
 */
#include "retention.h"

#include "sql.h"
#include "transact.h"

#define SQL_MAX ((size_t)64 << 10)
#define ROWS 500    /* of one statement */
#define BATCHES 100 /* of one call */

static const char old_answers[] =
    "DELETE FROM idempotency "
    "WHERE created_at < UTC_TIMESTAMP(6) - INTERVAL 24 HOUR LIMIT 500";

static const char old_tests[] =
    "SELECT id FROM subscriptions WHERE adhoc = 1 "
    "AND deleted_at < UTC_TIMESTAMP(6) - INTERVAL 24 HOUR LIMIT 500";

static const char done_tests[] =
    "SELECT id FROM subscriptions WHERE adhoc = 1 AND deleted_at IS NULL "
    "AND created_at < UTC_TIMESTAMP(6) - INTERVAL 1 HOUR LIMIT 500";

/* A plain read: a DELETE with this condition would lock every job. */
static const char unneeded_events[] =
    "SELECT id FROM events_kept "
    "WHERE id NOT IN (SELECT event_id FROM jobs) LIMIT 500";

struct ids {
    uint64_t list[ROWS];
    size_t count;
};

static enum db_result
delete_in_batches(struct db *db, const char *statement)
{
    enum db_result result = DB_OK;
    uint64_t affected = ROWS;
    int batch;

    for (batch = 0; batch < BATCHES && affected == ROWS; batch++) {
        result = db_exec(db, slice_of(statement), &affected);
        if (result != DB_OK)
            break;
    }
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
delete_by_id(struct db *db, const char *statement, const struct ids *ids)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, statement);
    sql_raw(&sql, " IN (");
    sql_u64_list(&sql, ids->list, ids->count);
    sql_raw(&sql, ")");
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
    enum db_result result = delete_by_id(
        db, "DELETE FROM subscription_patterns WHERE subscription_id", ids);

    if (result == DB_OK)
        result = delete_by_id(db, "DELETE FROM subscriptions WHERE id", ids);
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
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;
    uint64_t version;

    result = transact_config_version(db, &version);
    if (result != DB_OK)
        return result;
    sql_raw(&sql, "UPDATE subscriptions SET deleted_at = UTC_TIMESTAMP(6), "
                  "config_version = ");
    sql_u64(&sql, version);
    sql_raw(&sql, " WHERE deleted_at IS NULL AND id IN (");
    sql_u64_list(&sql, ids->list, ids->count);
    sql_raw(&sql, ")");
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
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

static enum db_result
delete_unneeded_events(struct db *db)
{
    struct ids ids;
    enum db_result result = read_ids(db, unneeded_events, &ids);

    if (result != DB_OK || ids.count == 0)
        return result;
    return delete_by_id(db, "DELETE FROM events_kept WHERE id", &ids);
}

enum db_result
retention_sweep(struct db *db)
{
    enum db_result result = delete_in_batches(db, old_answers);

    if (result == DB_OK)
        result = delete_old_tests(db);
    if (result == DB_OK)
        result = mark_done_tests(db);
    if (result == DB_OK)
        result = delete_unneeded_events(db);
    return result;
}
