/*
 * store_svix_application.c - see store_svix_application.h.
 */
#include "store_svix_application.h"

#include "alloc.h"
#include "id.h"
#include "member.h"
#include "sql.h"
#include "transact.h"

#include <stdlib.h>
#include <string.h>

#define SQL_MAX 262144
#define DEFAULT_APPLICATION 1

/* read_row() takes the cells in this order. */
static const char columns[] =
    "SELECT id, COALESCE(title, name), uid, metadata, throttle_rate, "
    "created_at, COALESCE(updated_at, created_at) FROM applications "
    "WHERE deleted_at IS NULL";

static void
read_row(const struct slice *cell, void *to)
{
    struct svix_application *row = to;

    row->id = (uint32_t)db_u64(cell[0], 0);
    row->name = slice_text(cell[1]);
    row->uid = slice_text(cell[2]);
    row->metadata = slice_text(cell[3]);
    row->throttle_rate = (uint32_t)db_u64(cell[4], 0);
    row->created_at_us = db_time_us(cell[5]);
    row->updated_at_us = db_time_us(cell[6]);
}

static enum db_result
run(struct db *db, struct buf *sql, uint64_t *affected)
{
    enum db_result result =
        buf_ok(sql) ? db_exec(db, buf_slice(sql), affected) : DB_BROKEN;

    buf_clear(sql);
    return result;
}

enum db_result
store_svix_application_find(struct db *db, uint32_t owner, struct slice text,
                            uint32_t *id)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result = DB_NONE;
    uint64_t number;

    sql_raw(&sql, "SELECT id FROM applications WHERE deleted_at IS NULL AND ");
    if (id_parse(ID_APPLICATION, text, &number)) {
        sql_raw(&sql, "id = ");
        sql_u64(&sql, number);
    } else {
        sql_raw(&sql, "uid = ");
        /* As bytes: the column is ASCII, what is looked for may not be. */
        sql_bytes(&sql, text);
    }
    if (owner != 0) {
        sql_raw(&sql, " AND id = ");
        sql_u64(&sql, owner);
    }
    if (buf_ok(&sql))
        result = db_query_row(db, buf_slice(&sql), &rows, &row);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    *id = (uint32_t)db_u64(row[0], 0);
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_svix_application_get(struct db *db, uint32_t id,
                           struct svix_application *row)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    sql_raw(&sql, columns);
    sql_raw(&sql, " AND id = ");
    sql_u64(&sql, id);
    result = db_query_row(db, buf_slice(&sql), &rows, &cell);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    read_row(cell, row);
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_svix_application_list(struct db *db, uint32_t owner,
                            const struct svix_page *page,
                            struct svix_application_list *list)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct svix_rows found;
    enum db_result result;

    sql_raw(&sql, columns);
    if (owner != 0) {
        sql_raw(&sql, " AND id = ");
        sql_u64(&sql, owner);
    }
    svix_page_add(&sql, page, "id", false);
    result =
        svix_page_read(db, &sql, page, sizeof(list->rows[0]), read_row, &found);
    if (result == DB_OK)
        *list =
            (struct svix_application_list){found.rows, found.count, found.more};
    return result;
}

static void
add_changes(struct buf *sql, const struct svix_application_change *change)
{
    if (change->name.ptr != NULL) {
        sql_raw(sql, ", title = ");
        sql_text(sql, change->name);
    }
    if (change->sets_uid) {
        sql_raw(sql, ", uid = ");
        sql_text(sql, change->uid);
    }
    if (change->sets_metadata) {
        sql_raw(sql, ", metadata = ");
        sql_text(sql, change->metadata);
    }
    if (!change->sets_throttle)
        return;
    sql_raw(sql, ", throttle_rate = ");
    if (change->throttle_rate == 0)
        sql_raw(sql, "NULL");
    else
        sql_u64(sql, change->throttle_rate);
}

struct work {
    uint32_t id;
    const struct svix_application_change *change;
};

/* The handle is the name where that is free; one that nobody else has is
   written first, so that a duplicate can only be the uid. */
static enum db_result
insert_work(struct db *db, void *arg)
{
    struct work *work = arg;
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, "INSERT INTO applications SET name = CONCAT(LEFT(");
    sql_text(&sql, work->change->name);
    sql_raw(&sql, ", 230), ' ', UUID_SHORT())");
    add_changes(&sql, work->change);
    result = run(db, &sql, NULL);
    if (result == DB_OK) {
        work->id = (uint32_t)db_insert_id(db);
        sql_raw(&sql,
                "UPDATE IGNORE applications SET name = title WHERE id = ");
        sql_u64(&sql, work->id);
        result = run(db, &sql, NULL);
    }
    buf_free(&sql);
    return result;
}

enum db_result
store_svix_application_insert(struct db *db,
                              const struct svix_application_change *change,
                              uint32_t *id)
{
    struct work work = {.change = change};
    enum db_result result = transact(db, insert_work, &work);

    if (result == DB_OK)
        *id = work.id;
    return result;
}

static enum db_result
update_work(struct db *db, void *arg)
{
    struct work *work = arg;
    struct buf sql = BUF_INIT(SQL_MAX);
    uint64_t affected = 0;
    enum db_result result;

    sql_raw(&sql, "UPDATE applications SET updated_at = UTC_TIMESTAMP(6)");
    add_changes(&sql, work->change);
    sql_raw(&sql, " WHERE deleted_at IS NULL AND id = ");
    sql_u64(&sql, work->id);
    result = run(db, &sql, &affected);
    buf_free(&sql);
    return result == DB_OK && affected == 0 ? DB_NONE : result;
}

enum db_result
store_svix_application_update(struct db *db, uint32_t id,
                              const struct svix_application_change *change)
{
    struct work work = {.id = id, .change = change};

    return transact(db, update_work, &work);
}

static enum db_result
check_unused(struct db *db, uint32_t id, struct buf *sql)
{
    struct db_rows *rows = NULL;
    const struct slice *row;
    enum db_result result;

    sql_raw(sql,
            "SELECT EXISTS (SELECT 1 FROM sources WHERE application_id = ");
    sql_u64(sql, id);
    sql_raw(sql, ") FROM applications WHERE deleted_at IS NULL AND id = ");
    sql_u64(sql, id);
    sql_raw(sql, " FOR UPDATE");
    result = db_query_row(db, buf_slice(sql), &rows, &row);
    buf_clear(sql);
    if (result != DB_OK)
        return result;
    if (id == DEFAULT_APPLICATION || db_u64(row[0], 1) != 0)
        result = DB_DUPLICATE;
    db_rows_free(rows);
    return result;
}

/* Jobs of its endpoints are cancelled by the worker when they are due. */
static enum db_result
delete_work(struct db *db, void *arg)
{
    static const char *const parts[][2] = {
        {"UPDATE subscriptions SET deleted_at = UTC_TIMESTAMP(6), uid = NULL, "
         "config_version = ",
         " WHERE deleted_at IS NULL AND application_id = "},
        {"UPDATE api_tokens SET revoked_at = UTC_TIMESTAMP(6), "
         "config_version = ",
         " WHERE revoked_at IS NULL AND application_id = "},
    };
    const struct work *work = arg;
    struct buf sql = BUF_INIT(SQL_MAX);
    uint64_t version = 0;
    enum db_result result = transact_config_version(db, &version);
    size_t i;

    if (result == DB_OK)
        result = check_unused(db, work->id, &sql);
    for (i = 0; result == DB_OK && i < sizeof(parts) / sizeof(parts[0]); i++) {
        sql_raw(&sql, parts[i][0]);
        sql_u64(&sql, version);
        sql_raw(&sql, parts[i][1]);
        sql_u64(&sql, work->id);
        result = run(db, &sql, NULL);
    }
    if (result == DB_OK) {
        /* Name and uid are free for another one. */
        sql_raw(&sql, "UPDATE applications SET deleted_at = UTC_TIMESTAMP(6), "
                      "uid = NULL, name = CONCAT(LEFT(name, 220), "
                      "' (deleted ', id, ')') WHERE id = ");
        sql_u64(&sql, work->id);
        result = run(db, &sql, NULL);
    }
    buf_free(&sql);
    return result;
}

enum db_result
store_svix_application_delete(struct db *db, uint32_t id)
{
    struct work work = {.id = id};

    return transact(db, delete_work, &work);
}

void
svix_application_free(struct svix_application *row)
{
    free(row->name);
    free(row->uid);
    free(row->metadata);
    memset(row, 0, sizeof(*row));
}

void
svix_application_list_free(struct svix_application_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++)
        svix_application_free(&list->rows[i]);
    free(list->rows);
    memset(list, 0, sizeof(*list));
}

void
svix_application_print(const struct svix_application *row, struct buf *out)
{
    buf_add_char(out, '{');
    member_id(out, "id", ID_APPLICATION, row->id);
    member_text(out, "uid", row->uid);
    member_text(out, "name", row->name);
    member_u64_or_null(out, "throttleRate", row->throttle_rate);
    member_u64_or_null(out, "rateLimit", row->throttle_rate);
    member_raw(out, "metadata", slice_of(row->metadata), "{}");
    member_time(out, "createdAt", row->created_at_us);
    member_time(out, "updatedAt", row->updated_at_us);
    buf_add_char(out, '}');
}
