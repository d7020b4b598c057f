/*
 * store_token.c - API tokens in the database: make, show, revoke.
 */
#include "store_token.h"

#include "alloc.h"
#include "encode.h"
#include "random.h"
#include "sign.h"
#include "sql.h"
#include "transact.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL_MAX 4096 /* bytes of one statement */
#define LIST_MAX 10000
#define TOKEN_RANDOM 32 /* bytes */

static const char *const scope_names[] = {
    [SCOPE_ADMIN] = "admin",
    [SCOPE_APP] = "app",
    [SCOPE_SEND] = "send",
    [SCOPE_READ] = "read",
};

const char *
scope_name(enum scope scope)
{
    return scope_names[scope];
}

bool
scope_from_name(struct slice name, enum scope *scope)
{
    size_t i;

    for (i = 0; i < sizeof(scope_names) / sizeof(scope_names[0]); i++) {
        if (slice_is(name, scope_names[i])) {
            *scope = (enum scope)i;
            return true;
        }
    }
    return false;
}

static void
make_text(char text[TOKEN_TEXT_MAX])
{
    uint8_t secret[TOKEN_RANDOM];
    struct buf base64 = BUF_INIT(TOKEN_TEXT_MAX);
    size_t i;

    random_bytes(secret, sizeof(secret));
    encode_base64(slice_make(secret, sizeof(secret)), &base64);
    snprintf(text, TOKEN_TEXT_MAX, "pst_%.43s", base64.data);
    for (i = 0; text[i] != '\0'; i++) {
        if (text[i] == '+')
            text[i] = '-';
        else if (text[i] == '/')
            text[i] = '_';
    }
    OPENSSL_cleanse(secret, sizeof(secret));
    buf_wipe(&base64);
}

struct insertion {
    uint32_t application_id;
    struct slice name;
    enum scope scope;
    uint64_t expires_in_s;
    const char *text;
    uint32_t id;
};

static enum db_result
insert_work(struct db *db, void *arg)
{
    struct insertion *insertion = arg;
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;
    uint8_t hash[32];
    uint64_t version;

    result = transact_config_version(db, &version);
    if (result != DB_OK)
        return result;
    sign_sha256(slice_of(insertion->text), hash);
    sql_raw(&sql, "INSERT INTO api_tokens (application_id, name, scope, "
                  "token_hash, shown, created_at, expires_at, config_version) "
                  "VALUES (");
    sql_u64(&sql, insertion->application_id);
    sql_raw(&sql, ", ");
    sql_text(&sql, insertion->name);
    sql_raw(&sql, ", ");
    sql_text(&sql, slice_of(scope_name(insertion->scope)));
    sql_raw(&sql, ", ");
    sql_bytes(&sql, slice_make(hash, sizeof(hash)));
    sql_raw(&sql, ", ");
    sql_text(&sql, slice_make(insertion->text, 10));
    sql_raw(&sql, ", UTC_TIMESTAMP(6), ");
    if (insertion->expires_in_s == 0) {
        sql_raw(&sql, "NULL, ");
    } else {
        sql_raw(&sql, "UTC_TIMESTAMP(6) + INTERVAL ");
        sql_u64(&sql, insertion->expires_in_s);
        sql_raw(&sql, " SECOND, ");
    }
    sql_u64(&sql, version);
    sql_raw(&sql, ")");
    result = buf_ok(&sql) ? db_exec(db, buf_slice(&sql), NULL) : DB_BROKEN;
    if (result == DB_OK)
        insertion->id = (uint32_t)db_insert_id(db);
    buf_free(&sql);
    return result;
}

enum db_result
store_token_insert(struct db *db, uint32_t application_id, struct slice name,
                   enum scope scope, uint64_t expires_in_s, uint32_t *id,
                   char text[TOKEN_TEXT_MAX])
{
    char made[TOKEN_TEXT_MAX];
    struct insertion insertion = {.application_id = application_id,
                                  .name = name,
                                  .scope = scope,
                                  .expires_in_s = expires_in_s,
                                  .text = made};
    enum db_result result;

    make_text(made);
    result = transact(db, insert_work, &insertion);
    if (result == DB_OK) {
        memcpy(text, made, sizeof(made));
        *id = insertion.id;
    }
    OPENSSL_cleanse(made, sizeof(made));
    return result;
}

static void
read_row(const struct slice *cell, struct token_row *row)
{
    memset(row, 0, sizeof(*row));
    row->id = (uint32_t)db_u64(cell[0], 0);
    row->application_id = (uint32_t)db_u64(cell[1], 0);
    snprintf(row->name, sizeof(row->name), "%.*s", (int)cell[2].len,
             cell[2].ptr);
    if (!scope_from_name(cell[3], &row->scope))
        row->scope = SCOPE_READ; /* a scope of a later version: the least */
    snprintf(row->shown, sizeof(row->shown), "%.*s", (int)cell[4].len,
             cell[4].ptr);
    row->created_at_us = db_time_us(cell[5]);
    row->expires_at_us = db_time_us(cell[6]);
    row->revoked_at_us = db_time_us(cell[7]);
    row->last_used_at_us = db_time_us(cell[8]);
}

enum db_result
store_token_list(struct db *db, struct token_list *list)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    sql_raw(&sql,
            "SELECT id, application_id, name, scope, shown, created_at, "
            "expires_at, revoked_at, last_used_at FROM api_tokens ORDER BY id "
            "LIMIT ");
    sql_u64(&sql, LIST_MAX);
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    list->rows = xcalloc(db_rows_count(rows) + 1, sizeof(*list->rows));
    list->count = 0;
    while ((cell = db_rows_next(rows)) != NULL)
        read_row(cell, &list->rows[list->count++]);
    db_rows_free(rows);
    return DB_OK;
}

void
token_list_free(struct token_list *list)
{
    free(list->rows);
    list->rows = NULL;
    list->count = 0;
}

static enum db_result
revoke_work(struct db *db, void *arg)
{
    const uint32_t *id = arg;
    struct buf sql = BUF_INIT(SQL_MAX);
    uint64_t version, affected = 0;
    enum db_result result = transact_config_version(db, &version);

    if (result != DB_OK)
        return result;
    sql_raw(&sql, "UPDATE api_tokens SET revoked_at = UTC_TIMESTAMP(6), "
                  "config_version = ");
    sql_u64(&sql, version);
    sql_raw(&sql, " WHERE id = ");
    sql_u64(&sql, *id);
    sql_raw(&sql, " AND revoked_at IS NULL");
    result = db_exec(db, buf_slice(&sql), &affected);
    buf_free(&sql);
    return result == DB_OK && affected == 0 ? DB_NONE : result;
}

enum db_result
store_token_revoke(struct db *db, uint32_t id)
{
    return transact(db, revoke_work, &id);
}

enum db_result
store_token_touch(struct db *db, uint32_t token_id)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, "UPDATE api_tokens SET last_used_at = UTC_TIMESTAMP(6) "
                  "WHERE id = ");
    sql_u64(&sql, token_id);
    result = db_exec(db, buf_slice(&sql), NULL);
    buf_free(&sql);
    return result;
}
