/*
 * store_history_event.c - one event with its data and its deliveries, and how
 * events are shown.
 */
#include "store_history.h"

#include "alloc.h"
#include "delivery_row.h"
#include "id.h"
#include "member.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define SQL_MAX 8192 /* bytes of one statement */
#define DELIVERIES_MAX 1000

static void
read_event(const struct slice *cell, struct event_row *row)
{
    memset(row, 0, sizeof(*row));
    row->id = db_u64(cell[0], 0);
    row->application_id = (uint32_t)db_u64(cell[1], 0);
    row->type = xstrndup(cell[2].ptr, cell[2].len);
    row->source = slice_text(cell[3]);
    row->verified = db_u64(cell[4], 0) != 0;
    row->ordering_key = slice_text(cell[7]);
    row->expunged = db_u64(cell[8], 0) != 0;
    if (row->expunged)
        return;
    row->data = slice_copy(cell[5]);
    row->metadata = slice_copy(cell[6]);
}

static enum db_result
read_from(struct db *db, const char *table, uint32_t application_id,
          uint64_t id, struct event_row *row)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    sql_raw(&sql, "SELECT e.id, e.application_id, e.type, s.name, e.verified, "
                  "e.payload, e.metadata, e.ordering_key, e.expunged FROM ");
    sql_raw(&sql, table);
    sql_raw(&sql, " e LEFT JOIN sources s ON s.id = e.source_id "
                  "WHERE e.id = ");
    sql_u64(&sql, id);
    if (application_id != 0) {
        sql_raw(&sql, " AND e.application_id = ");
        sql_u64(&sql, application_id);
    }
    result = db_query_row(db, buf_slice(&sql), &rows, &cell);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    read_event(cell, row);
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_event_get(struct db *db, uint32_t application_id, uint64_t id,
                struct event_row *row)
{
    enum db_result result = read_from(db, "events", application_id, id, row);

    if (result == DB_NONE)
        result = read_from(db, "events_kept", application_id, id, row);
    return result;
}

/* The jobs made since the event, as far as the budget goes: *end is the first
   id beyond it, or 0. */
static enum db_result
find_end(struct db *db, uint64_t event_id, struct buf *sql, uint64_t *end)
{
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    sql_raw(sql, "SELECT id FROM jobs WHERE id > ");
    sql_u64(sql, event_id);
    sql_raw(sql, " ORDER BY id LIMIT 1 OFFSET ");
    sql_u64(sql, STORE_DELIVERY_BUDGET);
    result = db_query(db, buf_slice(sql), &rows);
    buf_clear(sql);
    if (result != DB_OK)
        return result;
    cell = db_rows_next(rows);
    *end = cell == NULL ? 0 : db_u64(cell[0], 0);
    db_rows_free(rows);
    return DB_OK;
}

static enum db_result
read_live(struct db *db, uint64_t event_id, struct buf *sql,
          struct delivery_list *list, bool *complete)
{
    uint64_t end = 0;
    enum db_result result = find_end(db, event_id, sql, &end);

    if (result != DB_OK)
        return result;
    *complete = end == 0;
    delivery_row_select_live(sql, event_id, false);
    sql_raw(sql, " AND j.event_id = ");
    sql_u64(sql, event_id);
    sql_raw(sql, " AND j.id > ");
    sql_u64(sql, event_id);
    if (end != 0) {
        sql_raw(sql, " AND j.id < ");
        sql_u64(sql, end);
    }
    sql_raw(sql, " ORDER BY j.id LIMIT ");
    sql_u64(sql, DELIVERIES_MAX);
    result = delivery_row_query(db, sql, list);
    buf_clear(sql);
    return result;
}

static enum db_result
read_done(struct db *db, uint64_t event_id, struct buf *sql,
          struct delivery_list *list)
{
    enum db_result result;

    delivery_row_select_done(sql, "FORCE INDEX (event)");
    sql_raw(sql, " AND d.event_id = ");
    sql_u64(sql, event_id);
    sql_raw(sql, " AND d.done_day >= ");
    delivery_row_day(sql, event_id);
    sql_raw(sql, " LIMIT ");
    sql_u64(sql, DELIVERIES_MAX);
    result = delivery_row_query(db, sql, list);
    buf_clear(sql);
    return result;
}

enum db_result
store_event_deliveries(struct db *db, uint64_t event_id,
                       struct delivery_list *list, bool *complete)
{
    struct delivery_list found = {NULL, 0, 0};
    struct buf sql = BUF_INIT(SQL_MAX);
    bool all = true;
    enum db_result result = read_live(db, event_id, &sql, &found, &all);

    if (result == DB_OK)
        result = read_done(db, event_id, &sql, &found);
    buf_free(&sql);
    if (result != DB_OK) {
        delivery_list_free(&found);
        return result;
    }
    delivery_row_sort(&found);
    all = all && found.count < DELIVERIES_MAX;
    *list = found;
    *complete = all;
    return DB_OK;
}

enum db_result
store_event_processing(struct db *db, struct event_row *rows, size_t count)
{
    struct processing *list = xcalloc(count + 1, sizeof(*list));
    enum db_result result;
    bool complete;
    size_t i, n = 0;

    for (i = 0; i < count; i++) {
        if (rows[i].source != NULL)
            list[n++].event_id = rows[i].id;
    }
    result = store_processing_read(db, list, n, &complete);
    for (i = 0, n = 0; i < count && result == DB_OK; i++) {
        if (rows[i].source != NULL)
            rows[i].processing = list[n++];
    }
    free(list);
    return result;
}

void
event_row_free(struct event_row *row)
{
    processing_free(&row->processing);
    free(row->type);
    free(row->source);
    free(row->ordering_key);
    slice_free(&row->data);
    slice_free(&row->metadata);
    memset(row, 0, sizeof(*row));
}

/* What list and single object have in common; the brace stays open. */
static void
print_head(const struct event_row *row, struct buf *out)
{
    buf_add_char(out, '{');
    member_id(out, "id", ID_EVENT, row->id);
    member_text(out, "event", row->type);
    member_text(out, "event_type", row->type);
    member_id(out, "application", ID_APPLICATION, row->application_id);
    member_text(out, "source", row->source);
    member_time(out, "timestamp", id_time_us(row->id));
    member_bool(out, "verified", row->verified);
    member_bool(out, "content_removed", row->expunged);
}

static void
print_tail(const struct event_row *row, struct buf *out)
{
    member_name(out, "processing");
    processing_print(&row->processing, out);
    buf_add_char(out, '}');
}

void
event_print_summary(const struct event_row *row, bool live_known,
                    struct buf *out)
{
    uint64_t done = row->succeeded + row->failed + row->other;

    print_head(row, out);
    member_name(out, "deliveries");
    buf_add_char(out, '{');
    if (live_known) {
        member_u64(out, "total", done + row->live);
    } else {
        member_text(out, "total", NULL);
    }
    member_u64(out, "success", row->succeeded);
    member_u64(out, "failed", row->failed);
    if (live_known)
        member_u64(out, "pending", row->live);
    else
        member_text(out, "pending", NULL);
    buf_add_char(out, '}');
    print_tail(row, out);
}

void
event_print(const struct event_row *row, const struct delivery_list *deliveries,
            bool complete, struct buf *out)
{
    size_t i;

    print_head(row, out);
    member_text(out, "ordering_key", row->ordering_key);
    member_raw(out, "data", row->data, "null");
    member_raw(out, "metadata", row->metadata, "{}");
    member_name(out, "deliveries");
    buf_add_char(out, '[');
    for (i = 0; i < deliveries->count; i++) {
        member_next(out);
        delivery_print(&deliveries->rows[i], NULL, out);
    }
    buf_add_char(out, ']');
    member_bool(out, "deliveries_complete", complete);
    print_tail(row, out);
}
