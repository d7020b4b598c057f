/*
 * store_subscription_rotate.c - a new secret for a subscription, the old one
 * signing beside it for a while.
 */
#include "store_subscription.h"

#include "sign_pair.h"
#include "sql.h"
#include "subscription_sealed.h"
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
    /* The present ones; empty if there is none, or none that can be read. */
    struct buf old;
    struct buf old_pair;
    bool has_pair;
};

/* What no key opens signs nothing: it is just replaced. */
static void
reveal(const struct rotation *rotation, const char *column, struct slice cell,
       struct buf *text)
{
    const struct seal_place place = {"subscriptions", column,
                                     rotation->application_id, rotation->id};

    buf_clear(text);
    if (cell.ptr == NULL ||
        seal_reveal(rotation->sealer, place, cell, text) != SEAL_OK)
        buf_clear(text);
}

static enum db_result
read_present(struct db *db, struct rotation *rotation)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(&sql, "SELECT application_id, secret, signing_pair "
                  "FROM subscriptions WHERE id = ");
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
    rotation->has_pair = row[2].ptr != NULL;
    reveal(rotation, "secret", row[1], &rotation->old);
    reveal(rotation, "signing_pair", row[2], &rotation->old_pair);
    db_rows_free(rows);
    return DB_OK;
}

static void
add_old(struct buf *sql, const struct subscription_seal *seal,
        const char *column, const struct buf *text, bool kept)
{
    sql_raw(sql, ", ");
    sql_raw(sql, column);
    sql_raw(sql, " = ");
    if (kept && text->len > 0)
        subscription_seal_text(sql, seal, column, buf_slice(text));
    else
        sql_raw(sql, "NULL");
}

static void
add_new_pair(struct buf *sql, const struct subscription_seal *seal)
{
    char private_text[SIGN_PRIVATE_TEXT_MAX], public_text[SIGN_PUBLIC_TEXT_MAX];

    sign_make_pair(private_text, public_text);
    sql_raw(sql, ", signing_pair = ");
    subscription_seal_text(sql, seal, "signing_pair", slice_of(private_text));
    sql_raw(sql, ", public_key = ");
    sql_text(sql, slice_of(public_text));
    OPENSSL_cleanse(private_text, sizeof(private_text));
}

static void
print_update(const struct rotation *rotation, struct buf *sql)
{
    const struct subscription_seal seal = {
        rotation->sealer, rotation->application_id, rotation->id};
    bool kept = rotation->grace_s > 0 &&
                (rotation->old.len > 0 || rotation->old_pair.len > 0);

    sql_raw(sql, "UPDATE subscriptions SET updated_at = UTC_TIMESTAMP(6), "
                 "config_version = ");
    sql_u64(sql, rotation->version);
    sql_raw(sql, ", secret = ");
    subscription_seal_text(sql, &seal, "secret", slice_of(rotation->secret));
    add_old(sql, &seal, "old_secret", &rotation->old, kept);
    add_old(sql, &seal, "old_signing_pair", &rotation->old_pair, kept);
    if (rotation->has_pair)
        add_new_pair(sql, &seal);
    sql_raw(sql, ", old_secret_expires_at = ");
    if (kept) {
        sql_raw(sql, "UTC_TIMESTAMP(6) + INTERVAL ");
        sql_u64(sql, rotation->grace_s);
        sql_raw(sql, " SECOND");
    } else {
        sql_raw(sql, "NULL");
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
    enum db_result result;

    sign_make_secret(secret);
    result = store_subscription_rotate_to(db, sealer, application_id, id,
                                          grace_s, secret);
    if (result == DB_OK) {
        made->id = id;
        memcpy(made->secret, secret, sizeof(secret));
    }
    OPENSSL_cleanse(secret, sizeof(secret));
    return result;
}

enum db_result
store_subscription_rotate_to(struct db *db, const struct sealer *sealer,
                             uint32_t application_id, uint32_t id,
                             uint32_t grace_s, const char *secret)
{
    struct rotation rotation = {.sealer = sealer,
                                .application_id = application_id,
                                .id = id,
                                .grace_s = grace_s,
                                .secret = secret,
                                .old = BUF_INIT(SIGN_SECRET_MAX + 1),
                                .old_pair = BUF_INIT(SIGN_PRIVATE_TEXT_MAX)};
    enum db_result result = transact(db, rotate_work, &rotation);

    buf_wipe(&rotation.old);
    buf_wipe(&rotation.old_pair);
    return result;
}
