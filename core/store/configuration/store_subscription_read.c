/*
 * store_subscription_read.c - subscriptions in the database: one, a page of
 * them, and how they are shown.
 */
#include "store_subscription.h"

#include "alloc.h"
#include "id.h"
#include "json.h"
#include "member.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define SQL_MAX 65536              /* bytes of one statement */
#define EVENTS_MAX (100 * 255 * 7) /* patterns as JSON, escaped */

/* What is asked for; read_row() takes the cells in this order. */
static const char columns[] =
    "SELECT id, application_id, url, description, active, paused, "
    "disabled_reason, disabled_at, headers_shown, metadata, channels, "
    "retry_schedule, format, retry_count, retry_delay, timeout_s, "
    "max_concurrency, created_at, updated_at, paused_reason, rate_limit, "
    "ordering, on_exhausted, template, template_type, cloudevents_source, "
    "filter, auth_shown, public_key, signature_headers, certificate_shown, "
    "batch_size, batch_wait_ms, ttl_s, "
    "capture_responses, " SUBSCRIPTION_HEALTH_COLUMNS
    " FROM subscriptions " SUBSCRIPTION_HEALTH_JOIN
    " WHERE deleted_at IS NULL AND adhoc = 0";

static char *
copy(struct slice cell)
{
    return cell.ptr == NULL ? xstrdup("") : xstrndup(cell.ptr, cell.len);
}

static void
read_row(const struct slice *cell, struct subscription_row *row)
{
    memset(row, 0, sizeof(*row));
    row->id = (uint32_t)db_u64(cell[0], 0);
    row->application_id = (uint32_t)db_u64(cell[1], 0);
    row->url = copy(cell[2]);
    row->description = copy(cell[3]);
    row->active = db_u64(cell[4], 0) != 0;
    row->paused = db_u64(cell[5], 0) != 0;
    row->disabled_reason = slice_text(cell[6]);
    row->disabled_at_us = db_time_us(cell[7]);
    row->headers = copy(cell[8]);
    row->metadata = copy(cell[9]);
    row->channels = copy(cell[10]);
    row->retry_schedule = copy(cell[11]);
    row->format = copy(cell[12]);
    row->retry_count = (uint32_t)db_u64(cell[13], 0);
    row->retry_delay_s = (uint32_t)db_u64(cell[14], 0);
    row->timeout_s = (uint32_t)db_u64(cell[15], 0);
    row->max_concurrency = (uint32_t)db_u64(cell[16], 0);
    row->created_at_us = db_time_us(cell[17]);
    row->updated_at_us = db_time_us(cell[18]);
    row->paused_reason = slice_text(cell[19]);
    row->rate_limit = (uint32_t)db_u64(cell[20], 0);
    row->ordering = copy(cell[21]);
    row->on_exhausted = copy(cell[22]);
    row->template = slice_text(cell[23]);
    row->template_type = copy(cell[24]);
    row->cloudevents_source = slice_text(cell[25]);
    row->filter = copy(cell[26]);
    row->auth = copy(cell[27]);
    row->public_key = slice_text(cell[28]);
    row->signature_headers = copy(cell[29]);
    row->certificate = copy(cell[30]);
    row->batch_size = (uint32_t)db_u64(cell[31], 0);
    row->batch_wait_ms = (uint32_t)db_u64(cell[32], 0);
    row->ttl_s = (uint32_t)db_u64(cell[33], 0);
    row->capture_responses = db_u64(cell[34], 1) != 0;
    subscription_health_read(cell + 35, strcmp(row->ordering, "fifo") == 0,
                             &row->health);
}

/* One row's patterns, from where the result stands; *cell is the row to look
   at next. */
static char *
take_events(struct db_rows *rows, const struct slice **cell, uint32_t id)
{
    struct buf json = BUF_INIT(EVENTS_MAX);

    buf_add_char(&json, '[');
    while (*cell != NULL && db_u64((*cell)[0], 0) == id) {
        member_next(&json);
        json_add_string(&json, (*cell)[1]);
        *cell = db_rows_next(rows);
    }
    buf_add_char(&json, ']');
    return buf_take(&json);
}

/* rows are in id order, as the patterns come. */
static enum db_result
read_events(struct db *db, struct subscription_row *rows, size_t count)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *found = NULL;
    const struct slice *cell;
    enum db_result result;
    size_t i;

    if (count == 0)
        return DB_OK;
    sql_raw(&sql, "SELECT subscription_id, pattern FROM subscription_patterns "
                  "WHERE subscription_id IN (");
    for (i = 0; i < count; i++) {
        if (i > 0)
            sql_raw(&sql, ",");
        sql_u64(&sql, rows[i].id);
    }
    sql_raw(&sql, ") ORDER BY subscription_id, position");
    result = db_query(db, buf_slice(&sql), &found);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    cell = db_rows_next(found);
    for (i = 0; i < count; i++)
        rows[i].events = take_events(found, &cell, rows[i].id);
    db_rows_free(found);
    return DB_OK;
}

static enum db_result
read_page(struct db *db, struct slice sql, struct subscription_list *list)
{
    struct db_rows *found = NULL;
    const struct slice *cell;
    enum db_result result = db_query(db, sql, &found);

    if (result != DB_OK)
        return result;
    list->count = 0;
    list->more = false;
    list->rows = xcalloc(db_rows_count(found) + 1, sizeof(list->rows[0]));
    while ((cell = db_rows_next(found)) != NULL)
        read_row(cell, &list->rows[list->count++]);
    db_rows_free(found);
    result = read_events(db, list->rows, list->count);
    if (result != DB_OK)
        subscription_list_free(list);
    return result;
}

static void
add_owner(struct buf *sql, uint32_t application_id)
{
    if (application_id == 0)
        return;
    sql_raw(sql, " AND application_id = ");
    sql_u64(sql, application_id);
}

enum db_result
store_subscription_get(struct db *db, uint32_t application_id, uint32_t id,
                       struct subscription_row *row)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct subscription_list list;
    enum db_result result;

    sql_raw(&sql, columns);
    add_owner(&sql, application_id);
    sql_raw(&sql, " AND id = ");
    sql_u64(&sql, id);
    result = read_page(db, buf_slice(&sql), &list);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    if (list.count == 0) {
        result = DB_NONE;
    } else {
        *row = list.rows[0];
        list.count = 0; /* moved */
    }
    subscription_list_free(&list);
    return result;
}

enum db_result
store_subscription_list(struct db *db, uint32_t application_id,
                        uint32_t after_id, size_t limit,
                        struct subscription_list *list)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, columns);
    add_owner(&sql, application_id);
    sql_raw(&sql, " AND id > ");
    sql_u64(&sql, after_id);
    sql_raw(&sql, " ORDER BY id LIMIT ");
    sql_u64(&sql, limit + 1);
    result = read_page(db, buf_slice(&sql), list);
    buf_free(&sql);
    if (result == DB_OK && list->count > limit) {
        subscription_row_free(&list->rows[--list->count]);
        list->more = true;
    }
    return result;
}

enum db_result
store_subscription_read(struct db *db, const uint64_t *ids, size_t count,
                        struct subscription_list *list)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    sql_raw(&sql, columns);
    sql_raw(&sql, " AND id IN (");
    sql_u64_list(&sql, ids, count);
    sql_raw(&sql, ") ORDER BY id");
    result = buf_ok(&sql) ? read_page(db, buf_slice(&sql), list) : DB_BROKEN;
    buf_free(&sql);
    return result;
}

void
subscription_row_free(struct subscription_row *row)
{
    free(row->url);
    free(row->description);
    free(row->events);
    free(row->disabled_reason);
    free(row->paused_reason);
    free(row->ordering);
    free(row->on_exhausted);
    free(row->headers);
    free(row->metadata);
    free(row->channels);
    free(row->retry_schedule);
    free(row->format);
    free(row->template);
    free(row->template_type);
    free(row->cloudevents_source);
    free(row->filter);
    free(row->auth);
    free(row->public_key);
    free(row->signature_headers);
    free(row->certificate);
    memset(row, 0, sizeof(*row));
}

void
subscription_list_free(struct subscription_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++)
        subscription_row_free(&list->rows[i]);
    free(list->rows);
    memset(list, 0, sizeof(*list));
}

static void
print_batch(const struct subscription_row *row, struct buf *out)
{
    if (row->batch_size == 0) {
        member_raw(out, "batch", SLICE("null"), "null");
        return;
    }
    member_name(out, "batch");
    buf_add_char(out, '{');
    member_u64(out, "max_size", row->batch_size);
    member_u64(out, "max_wait_ms", row->batch_wait_ms);
    buf_add_char(out, '}');
}

void
subscription_print(const struct subscription_row *row, const char *secret,
                   struct buf *out)
{
    buf_add_char(out, '{');
    member_u64(out, "id", row->id);
    member_text(out, "url", row->url);
    member_text(out, "description", row->description);
    member_raw(out, "events", slice_of(row->events), "[]");
    member_raw(out, "event_types", slice_of(row->events), "[]");
    member_bool(out, "active", row->active);
    member_bool(out, "paused", row->paused);
    member_text(out, "paused_reason", row->paused_reason);
    member_text(out, "disabled_reason", row->disabled_reason);
    member_time(out, "disabled_at", row->disabled_at_us);
    subscription_health_print(&row->health, out);
    if (secret != NULL)
        member_text(out, "secret", secret);
    member_u64(out, "retry_count", row->retry_count);
    member_u64(out, "retry_delay", row->retry_delay_s);
    member_raw(out, "retry_schedule", slice_of(row->retry_schedule), "null");
    member_u64(out, "timeout", row->timeout_s);
    member_u64(out, "timeout_seconds", row->timeout_s);
    member_raw(out, "headers", slice_of(row->headers), "{}");
    member_raw(out, "metadata", slice_of(row->metadata), "{}");
    member_text(out, "format", row->format);
    member_text(out, "template", row->template);
    member_text(out, "template_type",
                row->template == NULL ? NULL : row->template_type);
    member_text(out, "cloudevents_source", row->cloudevents_source);
    member_raw(out, "filter", slice_of(row->filter), "null");
    member_raw(out, "auth", slice_of(row->auth), "null");
    member_raw(out, "client_certificate", slice_of(row->certificate), "null");
    member_bool(out, "ed25519", row->public_key != NULL);
    member_text(out, "public_key", row->public_key);
    member_text(out, "signature_headers", row->signature_headers);
    member_raw(out, "channels", slice_of(row->channels), "[]");
    member_u64(out, "max_concurrency", row->max_concurrency);
    member_u64(out, "rate_limit", row->rate_limit);
    member_text(out, "ordering", row->ordering);
    member_text(out, "on_exhausted", row->on_exhausted);
    print_batch(row, out);
    if (row->ttl_s > 0)
        member_u64(out, "ttl_seconds", row->ttl_s);
    else
        member_raw(out, "ttl_seconds", SLICE("null"), "null");
    member_bool(out, "capture_responses", row->capture_responses);
    member_id(out, "application", ID_APPLICATION, row->application_id);
    member_time(out, "created_at", row->created_at_us);
    member_time(out, "updated_at", row->updated_at_us);
    buf_add_char(out, '}');
}
