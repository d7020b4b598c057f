/*
 * store_source_read.c - sources as they are in the database.
 */
#include "store_source_impl.h"

#include "alloc.h"
#include "id.h"
#include "json.h"
#include "sql.h"
#include "transact.h"

#include <stdlib.h>
#include <string.h>

#define QUERY_MAX 4096 /* bytes of a statement without values of size */

enum column {
    COL_ID,
    COL_APPLICATION,
    COL_NAME,
    COL_PROVIDER,
    COL_DESCRIPTION,
    COL_SECRETS,
    COL_HAS_API_KEY,
    COL_HANDSHAKE,
    COL_KEY_COLUMNS,
    COL_ATTEMPTS,
    COL_RETRY_DELAY,
    COL_CONCURRENCY,
    COL_RELAY,
    COL_HOOK,
    COL_CREATED,
    COL_UPDATED,
    COL_SETTINGS,
    COL_TOKEN
};

#define SELECT                                                                 \
    "SELECT id, application_id, name, provider, description, secrets, "        \
    "api_key IS NOT NULL, handshake, key_columns, max_attempts, "              \
    "retry_delay, concurrency, relay = 'received', hook_id, created_at, "      \
    "updated_at, settings, captured_token FROM sources "                       \
    "WHERE deleted_at IS NULL"

struct source_ref
source_ref_of(struct slice text)
{
    struct source_ref ref = {0, text};
    uint64_t id;

    if (id_parse(ID_SOURCE, text, &id) && id > 0 && id <= UINT32_MAX)
        ref = (struct source_ref){(uint32_t)id, SLICE_NONE};
    return ref;
}

/* sealer NULL: the caller has nothing to do with secrets. */
static void
read_verifiers(const struct sealer *sealer, struct slice sealed,
               struct source_row *row)
{
    struct seal_place place = {"sources", "secrets", row->application_id,
                               row->id};
    struct buf text = BUF_INIT(VERIFIER_JSON_MAX);

    if (sealed.ptr == NULL || sealer == NULL)
        return;
    row->unreadable = seal_reveal(sealer, place, sealed, &text) != SEAL_OK ||
                      !verifier_list_read(buf_slice(&text), &row->verifiers);
    buf_wipe(&text);
}

/* What a hand-made row has wrong stays as the provider has it. */
static void
read_settings(struct slice text, struct source_row *row)
{
    struct problems ignored = {.count = 0};
    struct json_value object;

    source_options_init(&row->options, row->provider);
    if (text.ptr != NULL && json_read(text, &object, NULL) &&
        object.type == JSON_OBJECT)
        source_options_read(&row->options, row->provider, object.text, NULL,
                            &ignored);
}

static char *
text_or_empty(struct slice cell)
{
    return cell.ptr == NULL ? xstrdup("") : slice_text(cell);
}

static void
read_row(const struct sealer *sealer, const struct slice *cell,
         struct source_row *row)
{
    memset(row, 0, sizeof(*row));
    row->id = (uint32_t)db_u64(cell[COL_ID], 0);
    row->application_id = (uint32_t)db_u64(cell[COL_APPLICATION], 0);
    row->name = text_or_empty(cell[COL_NAME]);
    row->provider = text_or_empty(cell[COL_PROVIDER]);
    row->description = text_or_empty(cell[COL_DESCRIPTION]);
    read_verifiers(sealer, cell[COL_SECRETS], row);
    row->has_api_key = db_u64(cell[COL_HAS_API_KEY], 0) != 0;
    row->handshake = text_or_empty(cell[COL_HANDSHAKE]);
    row->key_columns = slice_text(cell[COL_KEY_COLUMNS]);
    row->max_attempts = (uint32_t)db_u64(cell[COL_ATTEMPTS], 0);
    row->retry_delay_s = (uint32_t)db_u64(cell[COL_RETRY_DELAY], 0);
    row->concurrency = (uint32_t)db_u64(cell[COL_CONCURRENCY], 0);
    row->relay_received = db_u64(cell[COL_RELAY], 0) != 0;
    row->hook_id = (uint32_t)db_u64(cell[COL_HOOK], 0);
    row->created_at_us = db_time_us(cell[COL_CREATED]);
    row->updated_at_us = db_time_us(cell[COL_UPDATED]);
    read_settings(cell[COL_SETTINGS], row);
}

void
source_row_free(struct source_row *row)
{
    free(row->name);
    free(row->provider);
    free(row->description);
    free(row->handshake);
    free(row->key_columns);
    verifier_list_free(&row->verifiers);
    source_options_free(&row->options);
    memset(row, 0, sizeof(*row));
}

void
source_list_free(struct source_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++)
        source_row_free(&list->rows[i]);
    free(list->rows);
    *list = (struct source_list){NULL, 0, false};
}

static void
add_application(struct buf *sql, uint32_t application_id)
{
    if (application_id == 0)
        return;
    sql_raw(sql, " AND application_id = ");
    sql_u64(sql, application_id);
}

/* The column is ASCII, a name asked for any text. */
static void
add_ref(struct buf *sql, const struct source_ref *ref)
{
    if (ref->id != 0) {
        sql_raw(sql, " AND id = ");
        sql_u64(sql, ref->id);
    } else {
        sql_raw(sql, " AND live_name = ");
        sql_bytes(sql, ref->name);
    }
}

enum db_result
store_source_list(struct db *db, const struct sealer *sealer,
                  uint32_t application_id, uint32_t after, size_t limit,
                  struct source_list *list)
{
    struct buf sql = BUF_INIT(QUERY_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    sql_raw(&sql, SELECT " AND id > ");
    sql_u64(&sql, after);
    add_application(&sql, application_id);
    sql_raw(&sql, " ORDER BY id LIMIT ");
    sql_u64(&sql, limit + 1);
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    *list = (struct source_list){
        xcalloc(db_rows_count(rows) + 1, sizeof(*list->rows)), 0, false};
    while ((cell = db_rows_next(rows)) != NULL) {
        list->more = list->count == limit;
        if (!list->more)
            read_row(sealer, cell, &list->rows[list->count++]);
    }
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_source_get(struct db *db, const struct sealer *sealer,
                 uint32_t application_id, const struct source_ref *ref,
                 struct source_row *row)
{
    struct buf sql = BUF_INIT(QUERY_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result = DB_NONE; /* a name too long for any */

    sql_raw(&sql, SELECT);
    add_application(&sql, application_id);
    add_ref(&sql, ref);
    if (buf_ok(&sql))
        result = db_query_row(db, buf_slice(&sql), &rows, &cell);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    read_row(sealer, cell, row);
    db_rows_free(rows);
    return DB_OK;
}

/* A token that no key opens is none. */
static void
read_token(struct source_change *change, struct slice sealed)
{
    struct seal_place place = {"sources", "captured_token",
                               change->row.application_id, change->row.id};

    buf_wipe(&change->token);
    buf_init(&change->token, VERIFIER_SECRET_BYTES);
    if (change->sealer != NULL && sealed.ptr != NULL &&
        seal_reveal(change->sealer, place, sealed, &change->token) != SEAL_OK)
        buf_clear(&change->token);
}

enum db_result
store_source_lock(struct db *db, struct source_change *change)
{
    struct buf sql = BUF_INIT(QUERY_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result = transact_config_version(db, &change->version);

    if (result != DB_OK)
        return result;
    sql_raw(&sql, SELECT);
    add_application(&sql, change->application_id);
    add_ref(&sql, &change->ref);
    sql_raw(&sql, " FOR UPDATE");
    result = buf_ok(&sql) ? db_query_row(db, buf_slice(&sql), &rows, &cell)
                          : DB_NONE;
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    source_row_free(&change->row);
    read_row(change->sealer, cell, &change->row);
    read_token(change, cell[COL_TOKEN]);
    db_rows_free(rows);
    return DB_OK;
}
