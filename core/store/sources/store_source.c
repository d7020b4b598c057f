/*
 * store_source.c - sources in the database: made and changed.
 */
#include "store_source_impl.h"

#include "alloc.h"
#include "json.h"
#include "provider.h"
#include "sql.h"
#include "transact.h"

#include <stdlib.h>
#include <string.h>

enum db_result
store_source_run(struct db *db, struct buf *sql)
{
    enum db_result result =
        buf_ok(sql) ? db_exec(db, buf_slice(sql), NULL) : DB_BROKEN;

    buf_clear(sql);
    return result;
}

enum db_result
store_source_transact(struct db *db,
                      enum db_result (*work)(struct db *db, void *arg),
                      struct source_change *change, enum source_action *action)
{
    enum db_result result = transact(db, work, change);

    /* Nothing was stored, and it is no fault of the database. */
    if (result == DB_NONE && change->action != SOURCE_DONE)
        result = DB_OK;
    if (result == DB_OK)
        *action = change->action;
    source_row_free(&change->row);
    buf_wipe(&change->token);
    return result;
}

/* Rolls back what is wrong otherwise than in the database. */
static enum db_result
refused(const struct source_change *change, enum db_result result)
{
    return result == DB_OK && change->action != SOURCE_DONE ? DB_NONE : result;
}

void
store_source_begin_update(struct buf *sql, const struct source_change *change)
{
    sql_raw(sql, "UPDATE sources SET updated_at = UTC_TIMESTAMP(6), "
                 "config_version = ");
    sql_u64(sql, change->version);
}

enum db_result
store_source_end_update(struct db *db, struct buf *sql,
                        const struct source_change *change)
{
    sql_raw(sql, " WHERE id = ");
    sql_u64(sql, change->row.id);
    return store_source_run(db, sql);
}

/* How a field of the form becomes a column; null stands for its default. */
static const struct {
    enum source_field field;
    const char *column;
    enum { AS_TEXT, AS_NUMBER, AS_JSON, AS_RELAY } as;
} columns[] = {
    {SOURCE_DESCRIPTION_FIELD, "description", AS_TEXT},
    {SOURCE_MAX_ATTEMPTS_FIELD, "max_attempts", AS_NUMBER},
    {SOURCE_RETRY_DELAY_FIELD, "retry_delay", AS_NUMBER},
    {SOURCE_CONCURRENCY_FIELD, "concurrency", AS_NUMBER},
    {SOURCE_RELAY_FIELD, "relay", AS_RELAY},
    {SOURCE_KEY_COLUMNS_FIELD, "key_columns", AS_JSON},
};

static void
add_json(struct buf *sql, struct slice raw)
{
    struct buf text = BUF_INIT(raw.len + 1);

    json_minify(raw, &text);
    sql_text(sql, buf_slice(&text));
    buf_free(&text);
}

static void
add_column(struct buf *sql, const struct body_value *value, int as)
{
    if (value->null)
        sql_raw(sql, "DEFAULT");
    else if (as == AS_TEXT)
        sql_text(sql, slice_make(value->text, value->text_len));
    else if (as == AS_NUMBER)
        sql_i64(sql, value->number);
    else if (as == AS_RELAY)
        sql_raw(sql, value->number == 0 ? "'processed'" : "'received'");
    else
        add_json(sql, value->raw);
}

static void
add_columns(struct buf *sql, const struct source_form *form)
{
    size_t i;

    for (i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
        const struct body_value *value = &form->value[columns[i].field];

        if (!value->given && !value->null)
            continue;
        sql_raw(sql, ", ");
        sql_raw(sql, columns[i].column);
        sql_raw(sql, " = ");
        add_column(sql, value, (int)columns[i].as);
    }
}

static void
replace_text(char **place, const struct body_value *value)
{
    if (!value->given)
        return;
    free(*place);
    *place = xstrdup(value->text);
}

/* What the row is to be, as far as others depend on it. */
static void
apply_form(struct source_change *change, bool is_new)
{
    const struct source_form *form = change->form;
    struct source_row *row = &change->row;

    replace_text(&row->name, &form->value[SOURCE_NAME_FIELD]);
    replace_text(&row->provider, &form->value[SOURCE_PROVIDER_FIELD]);
    if (is_new)
        source_options_init(&row->options, row->provider);
    source_form_options(form, &row->options, row->provider);
    store_source_compose(change, is_new);
}

static void
add_identity(struct buf *sql, const struct source_row *row)
{
    sql_raw(sql, ", name = ");
    sql_text(sql, slice_of(row->name));
    sql_raw(sql, ", provider = ");
    sql_text(sql, slice_of(row->provider));
    sql_raw(sql, ", application_id = ");
    sql_u64(sql, row->application_id);
    sql_raw(sql, ", hook_id = ");
    if (row->hook_id == 0)
        sql_raw(sql, "NULL");
    else
        sql_u64(sql, row->hook_id);
}

static void
add_settings(struct buf *sql, struct source_change *change)
{
    struct buf text = BUF_INIT(SOURCE_JSON_MAX);

    source_options_print(&change->row.options, change->row.provider, &text);
    if (!buf_ok(&text)) {
        change->action = SOURCE_TOO_LARGE;
    } else {
        sql_raw(sql, ", settings = ");
        sql_text(sql, buf_slice(&text));
    }
    buf_free(&text);
}

/* Unchanged unless something is given; where the application changes, which
   sealed values are bound to, it has to be given anew. */
static void
add_api_key(struct buf *sql, const struct source_change *change)
{
    const struct body_value *key = &change->form->value[SOURCE_API_KEY_FIELD];

    if (key->given)
        store_source_add_sealed(sql, change, "api_key",
                                slice_make(key->text, key->text_len));
    else if (key->null || change->move_to != 0)
        sql_raw(sql, ", api_key = NULL");
}

/* The row exists: everything that it is to be. */
static enum db_result
write_row(struct db *db, struct source_change *change, bool is_new)
{
    struct buf sql = BUF_INIT(SOURCE_SQL_MAX);
    enum db_result result = store_source_hook(db, change);

    if (result != DB_OK)
        return result;
    store_source_begin_update(&sql, change);
    add_identity(&sql, &change->row);
    add_columns(&sql, change->form);
    add_settings(&sql, change);
    add_api_key(&sql, change);
    store_source_add_secrets(&sql, change);
    if (change->move_to != 0)
        sql_raw(&sql, ", captured_token = NULL, handshake = 'none'");
    else if (is_new &&
             provider_named(change->row.provider)->handshake ==
                 HANDSHAKE_NOTION &&
             verifier_list_secrets(&change->row.verifiers) == 0)
        sql_raw(&sql, ", handshake = 'awaiting'");
    result = store_source_end_update(db, &sql, change);
    if (result == DB_DUPLICATE) {
        change->action = SOURCE_NAME_TAKEN;
        result = DB_NONE;
    }
    buf_free(&sql);
    return result;
}

/* Sealing needs the number of the row: it is made first, without a name, and
   then filled. */
static enum db_result
insert_bare(struct db *db, struct source_change *change)
{
    struct buf sql = BUF_INIT(SOURCE_SQL_MAX);
    enum db_result result = transact_config_version(db, &change->version);

    if (result == DB_OK) {
        sql_raw(&sql, "INSERT INTO sources (application_id, name, provider, "
                      "deleted_at, config_version) VALUES (");
        sql_u64(&sql, change->application_id);
        sql_raw(&sql, ", '', '', UTC_TIMESTAMP(6), ");
        sql_u64(&sql, change->version);
        sql_raw(&sql, ")");
        result = store_source_run(db, &sql);
    }
    buf_free(&sql);
    return result;
}

static enum db_result
insert_work(struct db *db, void *arg)
{
    struct source_change *change = arg;
    struct buf sql = BUF_INIT(SOURCE_SQL_MAX);
    enum db_result result = insert_bare(db, change);

    change->action = SOURCE_DONE;
    if (result != DB_OK)
        goto out;
    source_row_free(&change->row);
    change->row.id = (uint32_t)db_insert_id(db);
    change->row.application_id = change->application_id;
    change->made->id = change->row.id;
    apply_form(change, true);
    result = refused(change, result);
    if (result == DB_OK)
        result = write_row(db, change, true);
    if (result != DB_OK)
        goto out;
    /* Both times stay equal in a new row. */
    sql_raw(&sql, "UPDATE sources SET deleted_at = NULL, "
                  "updated_at = created_at");
    result = store_source_end_update(db, &sql, change);
    if (result == DB_DUPLICATE)
        change->action = SOURCE_NAME_TAKEN;
    result = result == DB_DUPLICATE ? DB_NONE : refused(change, result);
out:
    buf_free(&sql);
    return result;
}

enum db_result
store_source_insert(struct db *db, const struct sealer *sealer,
                    const struct source_form *form, uint32_t application_id,
                    struct source_made *made, enum source_action *action)
{
    struct source_change change = {.sealer = sealer,
                                   .form = form,
                                   .application_id = application_id,
                                   .made = made};

    enum db_result result = store_source_let_name_rest(db, form);

    memset(made, 0, sizeof(*made));
    if (result != DB_OK)
        return result;
    return store_source_transact(db, insert_work, &change, action);
}

static enum db_result
update_work(struct db *db, void *arg)
{
    struct source_change *change = arg;
    enum db_result result = store_source_lock(db, change);

    change->action = SOURCE_DONE;
    if (result != DB_OK)
        return result;
    apply_form(change, false);
    if (change->move_to == change->row.application_id)
        change->move_to = 0;
    if (change->move_to != 0)
        change->row.application_id = change->move_to;
    result = refused(change, result);
    if (result == DB_OK)
        result = write_row(db, change, false);
    return refused(change, result);
}

enum db_result
store_source_update(struct db *db, const struct sealer *sealer,
                    const struct source_form *form, uint32_t application_id,
                    const struct source_ref *ref, uint32_t move_to,
                    enum source_action *action)
{
    struct source_change change = {.sealer = sealer,
                                   .form = form,
                                   .application_id = application_id,
                                   .ref = *ref,
                                   .move_to = move_to};
    enum db_result result = store_source_let_name_rest(db, form);

    if (result != DB_OK)
        return result;
    return store_source_transact(db, update_work, &change, action);
}
