/*
 * store_subscription.c - subscriptions in the database: make, change, remove.
 */
#include "store_subscription.h"

#include "sql.h"
#include "store_delivery.h"
#include "store_unblock.h"
#include "subscription_columns.h"
#include "subscription_sealed.h"
#include "transact.h"

#include <openssl/crypto.h>
#include <string.h>

#define SQL_MAX 1048576        /* bytes of one statement */
#define CANCELLED_AT_ONCE 2000 /* jobs of a deleted subscription */

/* What one of the transactions below works on. */
struct change {
    const struct sealer *sealer;
    const struct subscription_form *form;
    uint32_t application_id; /* 0 = any, until lock_row() has found it */
    uint32_t id;
    bool flag; /* adhoc, paused */
    bool made; /* inserted by this transaction */
    uint64_t version;
    struct slice secret; /* to be sealed; absent = stays */
};

static enum db_result
run(struct db *db, struct buf *sql)
{
    enum db_result result =
        buf_ok(sql) ? db_exec(db, buf_slice(sql), NULL) : DB_BROKEN;

    buf_clear(sql);
    return result;
}

/* Only what is there, not deleted and the caller's own may change. */
static enum db_result
lock_row(struct db *db, struct change *change)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(&sql, "SELECT application_id FROM subscriptions WHERE id = ");
    sql_u64(&sql, change->id);
    sql_raw(&sql, " AND deleted_at IS NULL AND adhoc = 0");
    if (change->application_id != 0) {
        sql_raw(&sql, " AND application_id = ");
        sql_u64(&sql, change->application_id);
    }
    sql_raw(&sql, " FOR UPDATE");
    result = db_query_row(db, buf_slice(&sql), &rows, &row);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    change->application_id = (uint32_t)db_u64(row[0], 0);
    db_rows_free(rows);
    return DB_OK;
}

static enum db_result
start_change(struct db *db, struct change *change)
{
    enum db_result result = transact_config_version(db, &change->version);

    return result == DB_OK ? lock_row(db, change) : result;
}

static enum db_result
write_patterns(struct db *db, const struct change *change, struct buf *sql)
{
    const struct body_value *events = &change->form->value[FORM_EVENTS];
    enum db_result result;
    size_t i;

    if (!events->given)
        return DB_OK;
    sql_raw(sql, "DELETE FROM subscription_patterns WHERE subscription_id = ");
    sql_u64(sql, change->id);
    result = run(db, sql);
    if (result != DB_OK)
        return result;
    sql_raw(sql, "INSERT INTO subscription_patterns "
                 "(subscription_id, position, pattern) VALUES ");
    for (i = 0; i < events->item_count; i++) {
        const struct body_item *item = &events->items[i];

        sql_raw(sql, i == 0 ? "(" : ", (");
        sql_u64(sql, change->id);
        sql_raw(sql, ", ");
        sql_u64(sql, i);
        sql_raw(sql, ", ");
        sql_text(sql, slice_make(item->text, item->text_len));
        sql_raw(sql, ")");
    }
    return run(db, sql);
}

/* A deleted subscription no longer needs its uid. */
static enum db_result
write_uid(struct db *db, const struct change *change, struct buf *sql)
{
    enum db_result result = DB_OK;

    if (!change->form->sets_uid)
        return DB_OK;
    if (change->form->uid.ptr != NULL) {
        sql_raw(sql, "UPDATE subscriptions SET uid = NULL "
                     "WHERE deleted_at IS NOT NULL AND application_id = ");
        sql_u64(sql, change->application_id);
        sql_raw(sql, " AND uid = ");
        sql_bytes(sql, change->form->uid);
        result = run(db, sql);
    }
    if (result != DB_OK)
        return result;
    sql_raw(sql, "UPDATE subscriptions SET uid = ");
    sql_bytes(sql, change->form->uid);
    sql_raw(sql, " WHERE id = ");
    sql_u64(sql, change->id);
    return run(db, sql);
}

/* The row exists and is locked: everything that the form says. Of a new one
   the two times stay equal. */
static enum db_result
write_row(struct db *db, const struct change *change, struct buf *sql)
{
    const struct subscription_seal seal = {change->sealer,
                                           change->application_id, change->id};
    enum db_result result;

    sql_raw(sql, change->made ? "UPDATE subscriptions SET config_version = "
                              : "UPDATE subscriptions SET "
                                "updated_at = UTC_TIMESTAMP(6), "
                                "config_version = ");
    sql_u64(sql, change->version);
    subscription_columns_add(sql, change->form);
    subscription_sealed_add(sql, &seal, change->form);
    if (change->secret.ptr != NULL) {
        sql_raw(sql, ", secret = ");
        subscription_seal_text(sql, &seal, "secret", change->secret);
    }
    sql_raw(sql, " WHERE id = ");
    sql_u64(sql, change->id);
    result = run(db, sql);
    if (result == DB_OK)
        result = write_uid(db, change, sql);
    return result == DB_OK ? write_patterns(db, change, sql) : result;
}

/* Sealing needs the number of the row: it is made first, then filled. */
static enum db_result
insert_work(struct db *db, void *arg)
{
    struct change *change = arg;
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result = transact_config_version(db, &change->version);

    if (result != DB_OK)
        goto out;
    sql_raw(&sql, "INSERT INTO subscriptions "
                  "(application_id, adhoc, url, secret, config_version) "
                  "VALUES (");
    sql_u64(&sql, change->application_id);
    sql_raw(&sql, ", ");
    sql_bool(&sql, change->flag);
    sql_raw(&sql, ", '', '', ");
    sql_u64(&sql, change->version);
    sql_raw(&sql, ")");
    result = run(db, &sql);
    if (result != DB_OK)
        goto out;
    change->id = (uint32_t)db_insert_id(db);
    change->made = true;
    result = write_row(db, change, &sql);
out:
    buf_free(&sql);
    return result;
}

enum db_result
store_subscription_insert(struct db *db, const struct sealer *sealer,
                          const struct subscription_form *form,
                          uint32_t application_id, bool adhoc,
                          struct subscription_made *made)
{
    const struct body_value *secret = &form->value[FORM_SECRET];
    struct change change = {.sealer = sealer,
                            .form = form,
                            .application_id = application_id,
                            .flag = adhoc};
    char made_secret[SIGN_SECRET_TEXT_MAX];
    enum db_result result;

    if (secret->given) {
        change.secret = slice_make(secret->text, secret->text_len);
    } else {
        sign_make_secret(made_secret);
        change.secret = slice_of(made_secret);
    }
    result = transact(db, insert_work, &change);
    if (result == DB_OK) {
        made->id = change.id;
        memcpy(made->secret, change.secret.ptr, change.secret.len);
        made->secret[change.secret.len] = '\0';
    }
    OPENSSL_cleanse(made_secret, sizeof(made_secret));
    return result;
}

static bool
gives_up_order(const struct subscription_form *form)
{
    const struct body_value *value = &form->value[FORM_ORDERING];

    return value->null ||
           (value->given &&
            strcmp(subscription_form_word(form, FORM_ORDERING), "none") == 0);
}

static enum db_result
update_work(struct db *db, void *arg)
{
    struct change *change = arg;
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result = start_change(db, change);

    if (result == DB_OK)
        result = write_row(db, change, &sql);
    if (result == DB_OK && gives_up_order(change->form))
        result = store_unblock_subscription(db, change->id);
    buf_free(&sql);
    return result;
}

enum db_result
store_subscription_update(struct db *db, const struct sealer *sealer,
                          const struct subscription_form *form,
                          uint32_t application_id, uint32_t id)
{
    const struct body_value *secret = &form->value[FORM_SECRET];
    struct change change = {.sealer = sealer,
                            .form = form,
                            .application_id = application_id,
                            .id = id};

    if (secret->given)
        change.secret = slice_make(secret->text, secret->text_len);
    return transact(db, update_work, &change);
}

static enum db_result
set_row(struct db *db, const struct change *change, const char *assignment)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, "UPDATE subscriptions SET updated_at = UTC_TIMESTAMP(6), "
                  "config_version = ");
    sql_u64(&sql, change->version);
    sql_raw(&sql, assignment);
    sql_raw(&sql, " WHERE id = ");
    sql_u64(&sql, change->id);
    result = run(db, &sql);
    buf_free(&sql);
    return result;
}

static enum db_result
delete_work(struct db *db, void *arg)
{
    struct change *change = arg;
    enum db_result result = start_change(db, change);

    if (result != DB_OK)
        return result;
    return set_row(db, change, ", deleted_at = UTC_TIMESTAMP(6)");
}

/* Its jobs would otherwise stay until they are due, which may take days. That
   they cannot be cancelled now is no failure: the worker does it then. */
enum db_result
store_subscription_delete(struct db *db, uint32_t application_id, uint32_t id)
{
    struct change change = {.application_id = application_id, .id = id};
    enum db_result result = transact(db, delete_work, &change);

    if (result == DB_OK)
        (void)!store_delivery_cancel_all(db, id, CANCELLED_AT_ONCE);
    return result;
}

/* Who goes on wants to see it: what waits for its next attempt in a FIFO lane
   has it now. */
static enum db_result
pause_work(struct db *db, void *arg)
{
    struct change *change = arg;
    enum db_result result = start_change(db, change);

    if (result == DB_OK)
        result = set_row(db, change,
                         change->flag ? ", paused = 1"
                                      : ", paused = 0, paused_reason = NULL");
    if (result == DB_OK && !change->flag)
        result = store_unblock_subscription(db, change->id);
    return result;
}

enum db_result
store_subscription_pause(struct db *db, uint32_t application_id, uint32_t id,
                         bool paused)
{
    struct change change = {
        .application_id = application_id, .id = id, .flag = paused};

    return transact(db, pause_work, &change);
}
