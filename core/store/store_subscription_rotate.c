/*
 * store_subscription_rotate.c - a new secret for a subscription, the old one
 * signing beside it for a while.
 */
#include "store_subscription.h"

#include "sql.h"
#include "transact.h"

#include <openssl/crypto.h>
#include <string.h>

#define SQL_MAX 16384 /* bytes of one statement */

struct rotation {
    const struct sealer *sealer;
    uint32_t application_id; /* 0 = any, until the row has been read */
    uint32_t id;
    uint32_t grace_s;
    const char *secret;
    uint64_t version;
    struct buf old; /* the present secret; empty if it cannot be unsealed */
};

static enum db_result
read_present(struct db *db, struct rotation *rotation)
{
    struct seal_place place = {"subscriptions", "secret", 0, rotation->id};
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(&sql, "SELECT application_id, secret FROM subscriptions "
                  "WHERE id = ");
    sql_u64(&sql, rotation->id);
    sql_raw(&sql, " AND deleted_at IS NULL AND adhoc = 0");
    if (rotation->application_id != 0) {
        sql_raw(&sql, " AND application_id = ");
        sql_u64(&sql, rotation->application_id);
    }
    sql_raw(&sql, " FOR UPDATE");
    result = db_query_row(db, buf_slice(&sql), &rows, &row);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    rotation->application_id = (uint32_t)db_u64(row[0], 0);
    place.application = rotation->application_id;
    buf_clear(&rotation->old);
    /* A secret that no key opens signs nothing: it is just replaced. */
    if (seal_reveal(rotation->sealer, place, row[1], &rotation->old) != SEAL_OK)
        buf_clear(&rotation->old);
    db_rows_free(rows);
    return DB_OK;
}

static void
add_sealed(struct buf *sql, const struct rotation *rotation, const char *column,
           struct slice text)
{
    struct seal_place place = {"subscriptions", column,
                               rotation->application_id, rotation->id};
    struct buf sealed = BUF_INIT(text.len + SEAL_OVERHEAD + 1);

    seal_value(rotation->sealer, place, text, &sealed);
    sql_bytes(sql, buf_slice(&sealed));
    buf_free(&sealed);
}

static void
print_update(const struct rotation *rotation, struct buf *sql)
{
    sql_raw(sql, "UPDATE subscriptions SET updated_at = UTC_TIMESTAMP(6), "
                 "config_version = ");
    sql_u64(sql, rotation->version);
    sql_raw(sql, ", secret = ");
    add_sealed(sql, rotation, "secret", slice_of(rotation->secret));
    if (rotation->grace_s > 0 && rotation->old.len > 0) {
        sql_raw(sql, ", old_secret = ");
        add_sealed(sql, rotation, "old_secret", buf_slice(&rotation->old));
        sql_raw(sql, ", old_secret_expires_at = UTC_TIMESTAMP(6) + INTERVAL ");
        sql_u64(sql, rotation->grace_s);
        sql_raw(sql, " SECOND");
    } else {
        sql_raw(sql, ", old_secret = NULL, old_secret_expires_at = NULL");
    }
    sql_raw(sql, " WHERE id = ");
    sql_u64(sql, rotation->id);
}

static enum db_result
rotate_work(struct db *db, void *arg)
{
    struct rotation *rotation = arg;
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result = transact_config_version(db, &rotation->version);

    if (result == DB_OK)
        result = read_present(db, rotation);
    if (result != DB_OK)
        return result;
    print_update(rotation, &sql);
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}

enum db_result
store_subscription_rotate(struct db *db, const struct sealer *sealer,
                          uint32_t application_id, uint32_t id,
                          uint32_t grace_s, struct subscription_made *made)
{
    char secret[SIGN_SECRET_TEXT_MAX];
    struct rotation rotation = {.sealer = sealer,
                                .application_id = application_id,
                                .id = id,
                                .grace_s = grace_s,
                                .secret = secret,
                                .old = BUF_INIT(SIGN_SECRET_MAX + 1)};
    enum db_result result;

    sign_make_secret(secret);
    result = transact(db, rotate_work, &rotation);
    if (result == DB_OK) {
        made->id = id;
        memcpy(made->secret, secret, sizeof(secret));
    }
    buf_wipe(&rotation.old);
    OPENSSL_cleanse(secret, sizeof(secret));
    return result;
}
