/*
 * store_source_hook.c - the subscription that a source's invalidate_url is: to
 * cache.invalidated, on the channel of that source alone.
 *
 * It is one like any other, with a secret of its own that POST
 * /api/webhooks/{id}/rotate-secret shows; what is changed in it by hand stays,
 * but for URL, application and channel, which follow the source.
 */
#include "store_source_impl.h"

#include "sql.h"

#include <openssl/crypto.h>

#define SQL_BYTES 16384
#define CHANNEL "source:"
#define EVENT "cache.invalidated"

static void
add_channel(struct buf *sql, const struct source_row *row)
{
    struct buf text = BUF_INIT(256);

    /* A source's name has no character that JSON escapes. */
    buf_addf(&text, "[\"" CHANNEL "%s\"]", row->name);
    sql_text(sql, buf_slice(&text));
    buf_free(&text);
}

/* What follows the source. */
static void
add_following(struct buf *sql, const struct source_change *change)
{
    sql_raw(sql, "config_version = ");
    sql_u64(sql, change->version);
    sql_raw(sql, ", updated_at = UTC_TIMESTAMP(6), url = ");
    sql_text(sql, slice_of(change->row.options.invalidate_url));
    sql_raw(sql, ", channels = ");
    add_channel(sql, &change->row);
}

static void
add_secret(struct buf *sql, const struct source_change *change)
{
    struct seal_place place = {"subscriptions", "secret",
                               change->row.application_id, change->row.hook_id};
    struct buf sealed = BUF_INIT(SIGN_SECRET_TEXT_MAX + SEAL_OVERHEAD);
    char secret[SIGN_SECRET_TEXT_MAX];

    sign_make_secret(secret);
    seal_value(change->sealer, place, slice_of(secret), &sealed);
    sql_raw(sql, ", secret = ");
    sql_bytes(sql, buf_slice(&sealed));
    OPENSSL_cleanse(secret, sizeof(secret));
    buf_free(&sealed);
}

static enum db_result
insert_hook(struct db *db, struct source_change *change, struct buf *sql)
{
    enum db_result result;

    sql_raw(sql, "INSERT INTO subscriptions (application_id, url, secret, "
                 "config_version) VALUES (");
    sql_u64(sql, change->row.application_id);
    sql_raw(sql, ", '', '', ");
    sql_u64(sql, change->version);
    sql_raw(sql, ")");
    result = store_source_run(db, sql);
    if (result != DB_OK)
        return result;
    change->row.hook_id = (uint32_t)db_insert_id(db);
    sql_raw(sql, "UPDATE subscriptions SET ");
    add_following(sql, change);
    add_secret(sql, change);
    sql_raw(sql, ", description = CONCAT('Cache invalidation of source ', ");
    sql_text(sql, slice_of(change->row.name));
    sql_raw(sql, ") WHERE id = ");
    sql_u64(sql, change->row.hook_id);
    result = store_source_run(db, sql);
    if (result != DB_OK)
        return result;
    sql_raw(sql, "INSERT INTO subscription_patterns (subscription_id, "
                 "position, pattern) VALUES (");
    sql_u64(sql, change->row.hook_id);
    sql_raw(sql, ", 0, '" EVENT "')");
    return store_source_run(db, sql);
}

/* *found: it is there, and of the application of the source. */
static enum db_result
update_hook(struct db *db, struct source_change *change, struct buf *sql,
            bool *found)
{
    uint64_t affected = 0;
    enum db_result result;

    sql_raw(sql, "UPDATE subscriptions SET ");
    add_following(sql, change);
    sql_raw(sql, " WHERE deleted_at IS NULL AND id = ");
    sql_u64(sql, change->row.hook_id);
    sql_raw(sql, " AND application_id = ");
    sql_u64(sql, change->row.application_id);
    result = buf_ok(sql) ? db_exec(db, buf_slice(sql), &affected) : DB_BROKEN;
    buf_clear(sql);
    *found = affected > 0;
    return result;
}

static enum db_result
remove_hook(struct db *db, struct source_change *change, struct buf *sql)
{
    sql_raw(sql, "UPDATE subscriptions SET deleted_at = UTC_TIMESTAMP(6), "
                 "config_version = ");
    sql_u64(sql, change->version);
    sql_raw(sql, " WHERE deleted_at IS NULL AND id = ");
    sql_u64(sql, change->row.hook_id);
    change->row.hook_id = 0;
    return store_source_run(db, sql);
}

enum db_result
store_source_hook(struct db *db, struct source_change *change)
{
    struct buf sql = BUF_INIT(SQL_BYTES);
    bool wanted = change->row.options.invalidate_url != NULL, found = false;
    enum db_result result = DB_OK;

    if (wanted && change->row.hook_id != 0)
        result = update_hook(db, change, &sql, &found);
    if (result == DB_OK && change->row.hook_id != 0 && !found)
        result = remove_hook(db, change, &sql);
    if (result == DB_OK && wanted && !found)
        result = insert_hook(db, change, &sql);
    buf_free(&sql);
    return result;
}
