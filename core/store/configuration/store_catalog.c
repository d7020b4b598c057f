/*
 * store_catalog.c - the SQL that reads configuration changes.
 */
#include "store_catalog.h"

#include "sql.h"

#define SQL_MAX 2048

enum db_result
store_catalog_version(struct db *db, uint64_t *version)
{
    const struct slice *row;
    struct db_rows *rows;
    enum db_result result;

    result = db_query(
        db, SLICE("SELECT version FROM config_version WHERE id = 1"), &rows);
    if (result != DB_OK)
        return result;
    row = db_rows_next(rows);
    if (row == NULL)
        result = DB_BROKEN; /* a schema without its one row */
    else
        *version = db_u64(row[0], 0);
    db_rows_free(rows);
    return result;
}

static enum db_result
read_since(struct db *db, const char *select, const char *not_gone,
           const char *order, uint64_t seen, struct db_rows **rows)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, select);
    sql_u64(&sql, seen);
    if (seen == 0)
        sql_raw(&sql, not_gone);
    sql_raw(&sql, order);
    result = db_query(db, buf_slice(&sql), rows);
    buf_free(&sql);
    return result;
}

enum db_result
store_catalog_subscriptions(struct db *db, uint64_t seen, struct db_rows **rows)
{
    return read_since(
        db,
        "SELECT id, application_id, url, active = 1 AND disabled_at IS NULL, "
        "paused, adhoc, deleted_at IS NOT NULL, secret, old_secret, "
        "old_secret_expires_at, headers, format, channels, retry_count, "
        "retry_delay, retry_schedule, timeout_s, max_concurrency, rate_limit, "
        "ordering = 'fifo', on_exhausted = 'pause', template, template_type, "
        "cloudevents_source, filter, auth, signing_pair, old_signing_pair, "
        "signature_headers, client_certificate, batch_size, batch_wait_ms, "
        "ttl_s, capture_responses, config_version FROM subscriptions WHERE "
        "config_version > ",
        " AND deleted_at IS NULL", " ORDER BY id", seen, rows);
}

enum db_result
store_catalog_patterns(struct db *db, uint64_t seen, struct db_rows **rows)
{
    return read_since(db,
                      "SELECT p.subscription_id, p.pattern FROM subscriptions "
                      "s JOIN subscription_patterns p "
                      "ON p.subscription_id = s.id WHERE s.config_version > ",
                      " AND s.deleted_at IS NULL",
                      " ORDER BY p.subscription_id, p.position", seen, rows);
}

enum db_result
store_catalog_sources(struct db *db, uint64_t seen, struct db_rows **rows)
{
    return read_since(
        db,
        "SELECT id, application_id, name, provider, secrets, key_columns, "
        "max_attempts, retry_delay, concurrency, relay, settings, api_key, "
        "handshake, deleted_at IS NOT NULL, config_version "
        "FROM sources WHERE config_version > ",
        " AND deleted_at IS NULL", " ORDER BY id", seen, rows);
}

enum db_result
store_catalog_tokens(struct db *db, uint64_t seen, struct db_rows **rows)
{
    return read_since(db,
                      "SELECT id, application_id, scope, expires_at, "
                      "token_hash, revoked_at IS NOT NULL, config_version "
                      "FROM api_tokens WHERE config_version > ",
                      " AND revoked_at IS NULL", " ORDER BY id", seen, rows);
}

enum db_result
store_catalog_event_types(struct db *db, uint64_t seen, struct db_rows **rows)
{
    return read_since(db,
                      "SELECT id, name, json_schema, validate = 0 OR "
                      "json_schema IS NULL OR deleted_at IS NOT NULL, "
                      "config_version FROM event_types "
                      "WHERE config_version > ",
                      " AND validate = 1 AND json_schema IS NOT NULL "
                      "AND deleted_at IS NULL",
                      " ORDER BY id", seen, rows);
}
