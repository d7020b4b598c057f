/*
 * store_source_token.c - a new secret for a source: rotated, or sent by the
 * provider and confirmed by an operator.
 */
#include "store_source_impl.h"

#include "provider.h"
#include "sql.h"

#include <openssl/crypto.h>
#include <string.h>

static const struct verifier preset = {.kind = VERIFIER_PRESET};

static enum db_result
write_secrets(struct db *db, struct source_change *change, const char *more)
{
    struct buf sql = BUF_INIT(SOURCE_SQL_MAX);
    enum db_result result = DB_NONE;

    change->row.unreadable = false;
    store_source_begin_update(&sql, change);
    store_source_add_secrets(&sql, change);
    sql_raw(&sql, more);
    if (change->action == SOURCE_DONE)
        result = store_source_end_update(db, &sql, change);
    buf_wipe(&sql);
    return result;
}

static void
note_made(struct source_change *change, struct slice secret)
{
    change->made->id = change->row.id;
    memcpy(change->made->secret, secret.ptr, secret.len);
    change->made->secret[secret.len] = '\0';
}

/* One that we make cannot be what the provider signs with, where it is the
   provider that chooses. */
static bool
may_make(const struct source_row *row)
{
    const struct verifier_list *list = &row->verifiers;
    bool usual =
        list->count == 0 || strcmp(list->list[0].kind, VERIFIER_PRESET) == 0;

    return !usual || provider_named(row->provider)->secret_is_ours;
}

static enum db_result
rotate_work(struct db *db, void *arg)
{
    struct source_change *change = arg;
    struct source_row *row = &change->row;
    char made[SIGN_SECRET_TEXT_MAX] = "";
    struct slice secret = change->secret;
    enum db_result result = store_source_lock(db, change);

    change->action = SOURCE_DONE;
    if (result != DB_OK)
        return result;
    if (row->unreadable && !change->flag)
        change->action = SOURCE_UNREADABLE;
    else if (secret.ptr == NULL && !may_make(row))
        change->action = SOURCE_NOT_OURS;
    if (change->action != SOURCE_DONE)
        return DB_NONE;
    if (secret.ptr == NULL) {
        sign_make_secret(made);
        secret = slice_of(made);
    }
    if (row->verifiers.count == 0)
        (void)!verifier_list_add(&row->verifiers, &preset);
    verifier_set_secret(&row->verifiers.list[0], secret, !change->flag);
    if (!store_source_takes(row)) {
        change->action = SOURCE_BAD_SECRET;
        result = DB_NONE;
    } else {
        result = write_secrets(db, change, "");
    }
    if (result == DB_OK)
        note_made(change, secret);
    OPENSSL_cleanse(made, sizeof(made));
    return result;
}

enum db_result
store_source_rotate(struct db *db, const struct sealer *sealer,
                    uint32_t application_id, const struct source_ref *ref,
                    struct slice secret, bool drop_others,
                    struct source_made *made, enum source_action *action)
{
    struct source_change change = {.sealer = sealer,
                                   .application_id = application_id,
                                   .ref = *ref,
                                   .secret = secret,
                                   .flag = drop_others,
                                   .made = made};

    memset(made, 0, sizeof(*made));
    return store_source_transact(db, rotate_work, &change, action);
}

static enum db_result
await_work(struct db *db, void *arg)
{
    struct source_change *change = arg;
    struct buf sql = BUF_INIT(SOURCE_SQL_MAX);
    enum db_result result = store_source_lock(db, change);

    change->action = SOURCE_DONE;
    if (result == DB_OK &&
        provider_named(change->row.provider)->handshake != HANDSHAKE_NOTION) {
        change->action = SOURCE_NO_HANDSHAKE;
        result = DB_NONE;
    }
    if (result == DB_OK) {
        store_source_begin_update(&sql, change);
        sql_raw(&sql, ", handshake = 'awaiting', captured_token = NULL");
        result = store_source_end_update(db, &sql, change);
    }
    buf_free(&sql);
    return result;
}

enum db_result
store_source_await(struct db *db, uint32_t application_id,
                   const struct source_ref *ref, enum source_action *action)
{
    struct source_change change = {.application_id = application_id,
                                   .ref = *ref};

    return store_source_transact(db, await_work, &change, action);
}

/* The provider's usual verifiers, wherever they stand in the list. */
static struct verifier *
usual_verifier(struct source_row *row)
{
    size_t i;

    for (i = 0; i < row->verifiers.count; i++)
        if (strcmp(row->verifiers.list[i].kind, VERIFIER_PRESET) == 0 ||
            strcmp(row->verifiers.list[i].kind, row->provider) == 0)
            return &row->verifiers.list[i];
    if (!verifier_list_add(&row->verifiers, &preset))
        return NULL;
    return &row->verifiers.list[row->verifiers.count - 1];
}

static enum db_result
confirm_work(struct db *db, void *arg)
{
    struct source_change *change = arg;
    struct source_row *row = &change->row;
    struct verifier *verifier;
    enum db_result result = store_source_lock(db, change);

    change->action = SOURCE_DONE;
    if (result != DB_OK)
        return result;
    if (provider_named(row->provider)->handshake != HANDSHAKE_NOTION) {
        change->action = SOURCE_NO_HANDSHAKE;
        return DB_NONE; /* nothing is written */
    }
    verifier = usual_verifier(row);
    if (change->token.len == 0 || strcmp(row->handshake, "captured") != 0)
        change->action = SOURCE_NOT_CAPTURED;
    else if (row->unreadable && change->flag)
        change->action = SOURCE_UNREADABLE;
    else if (verifier == NULL)
        change->action = SOURCE_TOO_LARGE;
    if (change->action != SOURCE_DONE)
        return DB_NONE;
    verifier_set_secret(verifier, buf_slice(&change->token), change->flag);
    result = write_secrets(db, change,
                           ", handshake = 'none', captured_token = NULL");
    if (result == DB_OK)
        note_made(change, buf_slice(&change->token));
    return result;
}

enum db_result
store_source_confirm(struct db *db, const struct sealer *sealer,
                     uint32_t application_id, const struct source_ref *ref,
                     bool keep_others, struct source_made *made,
                     enum source_action *action)
{
    struct source_change change = {.sealer = sealer,
                                   .application_id = application_id,
                                   .ref = *ref,
                                   .flag = keep_others,
                                   .made = made};

    memset(made, 0, sizeof(*made));
    return store_source_transact(db, confirm_work, &change, action);
}
