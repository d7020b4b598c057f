/*
 * store_source.c - sources in the database: show them, set their secrets.
 */
#include "store_source.h"

#include "alloc.h"
#include "json.h"
#include "sign.h"
#include "sql.h"
#include "transact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL_MAX 16384                                      /* bytes */
#define SECRETS_JSON_MAX (SOURCE_SECRETS_MAX * 2048 + 256) /* bytes */
#define COLUMNS                                                                \
    "SELECT id, application_id, name, provider, secrets, max_attempts, "       \
    "retry_delay, concurrency, relay = 'received', updated_at FROM sources "

/* The JSON array of secrets inside the sealed value, which `json` keeps. */
static bool
reveal_secrets(const struct sealer *sealer, uint32_t application_id,
               uint32_t id, struct slice sealed, struct buf *json,
               struct slice *secrets)
{
    struct seal_place place = {"sources", "secrets", application_id, id};
    struct json_value list, value;
    struct json_member first;
    size_t at = 0;

    *secrets = SLICE("[]");
    if (sealed.ptr == NULL)
        return true;
    if (seal_reveal(sealer, place, sealed, json) != SEAL_OK ||
        !json_read(buf_slice(json), &list, NULL) || list.type != JSON_ARRAY)
        return false;
    if (!json_next(list.text, &at, &first))
        return true;
    if (first.value.type != JSON_OBJECT ||
        !json_find(first.value.text, "secrets", &value) ||
        value.type != JSON_ARRAY)
        return false;
    *secrets = value.text;
    return true;
}

static void
read_row(const struct sealer *sealer, const struct slice *cell,
         struct source_row *row)
{
    struct buf json = BUF_INIT(SECRETS_JSON_MAX);
    struct json_member secret;
    struct slice secrets;
    size_t at = 0;

    memset(row, 0, sizeof(*row));
    row->id = (uint32_t)db_u64(cell[0], 0);
    row->application_id = (uint32_t)db_u64(cell[1], 0);
    snprintf(row->name, sizeof(row->name), "%.*s", (int)cell[2].len,
             cell[2].ptr);
    snprintf(row->provider, sizeof(row->provider), "%.*s", (int)cell[3].len,
             cell[3].ptr);
    row->unreadable = !reveal_secrets(sealer, row->application_id, row->id,
                                      cell[4], &json, &secrets);
    while (!row->unreadable && json_next(secrets, &at, &secret))
        row->secrets++;
    row->max_attempts = (uint32_t)db_u64(cell[5], 0);
    row->retry_delay_s = (uint32_t)db_u64(cell[6], 0);
    row->concurrency = (uint32_t)db_u64(cell[7], 0);
    row->relay_received = db_u64(cell[8], 0) != 0;
    row->updated_at_us = db_time_us(cell[9]);
    buf_wipe(&json);
}

static enum db_result
query_rows(struct db *db, const struct sealer *sealer, const struct buf *sql,
           struct source_list *list)
{
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result =
        buf_ok(sql) ? db_query(db, buf_slice(sql), &rows) : DB_NONE;

    if (result != DB_OK)
        return result;
    list->rows = xcalloc(db_rows_count(rows) + 1, sizeof(*list->rows));
    list->count = 0;
    while ((cell = db_rows_next(rows)) != NULL)
        read_row(sealer, cell, &list->rows[list->count++]);
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_source_list(struct db *db, const struct sealer *sealer,
                  struct source_list *list)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, COLUMNS "ORDER BY id");
    result = query_rows(db, sealer, &sql, list);
    buf_free(&sql);
    return result;
}

void
source_list_free(struct source_list *list)
{
    free(list->rows);
    list->rows = NULL;
    list->count = 0;
}

enum db_result
store_source_get(struct db *db, const struct sealer *sealer, struct slice name,
                 struct source_row *row)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct source_list list = {NULL, 0};
    enum db_result result;

    sql_raw(&sql, COLUMNS "WHERE name = ");
    sql_bytes(&sql, name); /* the column is ASCII, a name asked for any text */
    result = query_rows(db, sealer, &sql, &list);
    if (result == DB_OK && list.count == 0)
        result = DB_NONE;
    if (result == DB_OK)
        *row = list.rows[0];
    source_list_free(&list);
    buf_free(&sql);
    return result;
}

struct change_work {
    const struct sealer *sealer;
    struct slice name;
    const struct source_change *change;
};

/* [{"kind":"hmac","secrets":[new, the present ones...]}], sealed. */
static enum db_result
seal_secrets(const struct change_work *work, uint32_t application_id,
             uint32_t id, struct slice present, struct buf *sealed)
{
    struct seal_place place = {"sources", "secrets", application_id, id};
    struct buf json = BUF_INIT(SECRETS_JSON_MAX);
    struct buf out = BUF_INIT(SECRETS_JSON_MAX);
    enum db_result result = DB_OK;
    struct json_member secret;
    struct slice secrets;
    size_t at = 0, count = 1;

    buf_add_text(&out, "[{\"kind\":\"hmac\",\"secrets\":[");
    json_add_string(&out, work->change->secret);
    if (work->change->keep_others) {
        if (!reveal_secrets(work->sealer, application_id, id, present, &json,
                            &secrets)) {
            result = DB_BROKEN;
            goto out;
        }
        while (count < SOURCE_SECRETS_MAX && json_next(secrets, &at, &secret)) {
            buf_add_char(&out, ',');
            buf_add_slice(&out, secret.value.text);
            count++;
        }
    }
    buf_add_text(&out, "]}]");
    if (buf_ok(&out))
        seal_value(work->sealer, place, buf_slice(&out), sealed);
    else
        result = DB_BROKEN;
out:
    buf_wipe(&json);
    buf_wipe(&out);
    return result;
}

static void
add_numbers(struct buf *sql, const struct source_change *change)
{
    const struct {
        const char *set;
        uint32_t value;
    } numbers[] = {
        {", max_attempts = ", change->max_attempts},
        {", retry_delay = ", change->retry_delay_s},
        {", concurrency = ", change->concurrency},
    };
    size_t i;

    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        if (numbers[i].value != 0) {
            sql_raw(sql, numbers[i].set);
            sql_u64(sql, numbers[i].value);
        }
    }
    if (change->relay.ptr != NULL) {
        sql_raw(sql, ", relay = ");
        sql_text(sql, change->relay);
    }
}

static enum db_result
update_row(struct db *db, const struct change_work *work, uint64_t version,
           const struct slice *cell)
{
    struct buf sealed = BUF_INIT(SECRETS_JSON_MAX + SEAL_OVERHEAD);
    struct buf sql = BUF_INIT(SQL_MAX + 2 * SECRETS_JSON_MAX);
    uint32_t application_id = (uint32_t)db_u64(cell[1], 0);
    uint32_t id = (uint32_t)db_u64(cell[0], 0);
    enum db_result result = DB_OK;

    sql_raw(&sql, "UPDATE sources SET updated_at = UTC_TIMESTAMP(6), "
                  "config_version = ");
    sql_u64(&sql, version);
    if (work->change->clear_secrets)
        sql_raw(&sql, ", secrets = NULL");
    if (work->change->secret.ptr != NULL) {
        result = seal_secrets(work, application_id, id, cell[4], &sealed);
        sql_raw(&sql, ", secrets = ");
        sql_bytes(&sql, buf_slice(&sealed));
    }
    add_numbers(&sql, work->change);
    sql_raw(&sql, " WHERE id = ");
    sql_u64(&sql, id);
    if (result == DB_OK)
        result = buf_ok(&sql) ? db_exec(db, buf_slice(&sql), NULL) : DB_BROKEN;
    buf_free(&sealed);
    buf_free(&sql);
    return result;
}

static enum db_result
change_source(struct db *db, void *arg)
{
    const struct change_work *work = arg;
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    uint64_t version;
    enum db_result result = transact_config_version(db, &version);

    if (result != DB_OK)
        goto out;
    sql_raw(&sql, COLUMNS "WHERE name = ");
    sql_bytes(&sql, work->name);
    sql_raw(&sql, " FOR UPDATE");
    result = buf_ok(&sql) ? db_query(db, buf_slice(&sql), &rows) : DB_NONE;
    if (result != DB_OK)
        goto out;
    cell = db_rows_next(rows);
    result = cell == NULL ? DB_NONE : update_row(db, work, version, cell);
    db_rows_free(rows);
out:
    buf_free(&sql);
    return result;
}

enum db_result
store_source_change(struct db *db, const struct sealer *sealer,
                    struct slice name, const struct source_change *change)
{
    struct change_work work = {sealer, name, change};

    return transact(db, change_source, &work);
}
