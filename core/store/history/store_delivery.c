/*
 * store_delivery.c - one delivery, its attempts, and how they are shown.
 */
#include "store_delivery.h"

#include "alloc.h"
#include "delivery_row.h"
#include "member.h"
#include "sql.h"

#include <stdlib.h>
#include <string.h>

#define SQL_MAX 8192 /* bytes of one statement */

static const char *const status_names[] = {
    [DELIVERY_PENDING] = "pending",     [DELIVERY_RETRYING] = "retrying",
    [DELIVERY_SUCCESS] = "success",     [DELIVERY_FAILED] = "failed",
    [DELIVERY_CANCELLED] = "cancelled", [DELIVERY_SKIPPED] = "skipped",
};

const char *
delivery_status_name(enum delivery_status status)
{
    return status_names[status];
}

bool
delivery_status_from_name(struct slice name, enum delivery_status *status)
{
    size_t i;

    for (i = 0; i < DELIVERY_STATUSES; i++) {
        if (slice_is(name, status_names[i])) {
            *status = (enum delivery_status)i;
            return true;
        }
    }
    return false;
}

/* Live ones first: what is finished between the two statements is found by the
   second. */
enum db_result
store_delivery_get(struct db *db, uint32_t application_id, uint64_t id,
                   struct delivery *delivery)
{
    struct delivery_list found = {NULL, 0, 0};
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;

    delivery_row_select_live(&sql, id, false);
    sql_raw(&sql, " AND j.id = ");
    sql_u64(&sql, id);
    result = delivery_row_query(db, &sql, &found);
    buf_clear(&sql);
    if (result == DB_OK && found.count == 0) {
        delivery_row_select_done(&sql, "");
        sql_raw(&sql, " AND d.id = ");
        sql_u64(&sql, id);
        sql_raw(&sql, " AND d.done_day >= ");
        delivery_row_day(&sql, id);
        result = delivery_row_query(db, &sql, &found);
    }
    buf_free(&sql);
    if (result == DB_OK &&
        (found.count == 0 || (application_id != 0 &&
                              found.rows[0].application_id != application_id)))
        result = DB_NONE;
    if (result == DB_OK) {
        *delivery = found.rows[0];
        found.rows[0] = found.rows[--found.count]; /* moved */
    }
    delivery_list_free(&found);
    return result;
}

static void
read_attempt(const struct slice *cell, struct delivery_attempt *row)
{
    row->attempt = (uint32_t)db_u64(cell[0], 0);
    row->response_code = (uint32_t)db_u64(cell[1], 0);
    row->response_body = slice_copy(cell[2]);
    row->error_class = slice_text(cell[3]);
    row->error_message = slice_text(cell[4]);
    row->duration_ms = db_i64(cell[5], 0);
    row->attempted_at_us = db_time_us(cell[6]);
}

/* The last attempt is told by the delivery itself, unless it ended in some
   other way than by an attempt. */
static bool
has_final_attempt(const struct delivery *delivery)
{
    return delivery->attempts > 0 && (delivery->status == DELIVERY_SUCCESS ||
                                      delivery->status == DELIVERY_FAILED);
}

static void
add_final_attempt(const struct delivery *delivery, struct attempt_list *list)
{
    struct delivery_attempt *row = &list->rows[list->count++];

    row->attempt = delivery->attempts;
    row->response_code = delivery->response_code;
    row->response_body = slice_copy(delivery->response_body);
    row->error_class = slice_text(slice_of(delivery->error_class));
    row->error_message = slice_text(slice_of(delivery->error_message));
    row->duration_ms = delivery->duration_ms;
    row->attempted_at_us = delivery->completed_at_us;
}

enum db_result
store_delivery_attempts(struct db *db, const struct delivery *delivery,
                        struct attempt_list *list)
{
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;

    sql_raw(&sql, "SELECT attempt, response_code, response_body, error_class, "
                  "error_message, duration_ms, attempted_at "
                  "FROM attempts WHERE delivery_id = ");
    sql_u64(&sql, delivery->id);
    sql_raw(&sql, " AND day >= ");
    delivery_row_day(&sql, delivery->id);
    sql_raw(&sql, " ORDER BY attempt");
    result = db_query(db, buf_slice(&sql), &rows);
    buf_free(&sql);
    if (result != DB_OK)
        return result;
    list->count = 0;
    list->rows = xcalloc(db_rows_count(rows) + 1, sizeof(list->rows[0]));
    while ((cell = db_rows_next(rows)) != NULL)
        read_attempt(cell, &list->rows[list->count++]);
    db_rows_free(rows);
    if (has_final_attempt(delivery))
        add_final_attempt(delivery, list);
    return DB_OK;
}

void
delivery_free(struct delivery *delivery)
{
    free(delivery->event_type);
    slice_free(&delivery->response_body);
    free(delivery->error_class);
    free(delivery->error_message);
    memset(delivery, 0, sizeof(*delivery));
}

void
delivery_list_free(struct delivery_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++)
        delivery_free(&list->rows[i]);
    free(list->rows);
    memset(list, 0, sizeof(*list));
}

void
attempt_list_free(struct attempt_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++) {
        slice_free(&list->rows[i].response_body);
        free(list->rows[i].error_class);
        free(list->rows[i].error_message);
    }
    free(list->rows);
    memset(list, 0, sizeof(*list));
}

static void
print_number_or_null(struct buf *out, const char *name, int64_t value,
                     int64_t none)
{
    if (value == none)
        member_text(out, name, NULL);
    else
        member_u64(out, name, (uint64_t)value);
}

static void
print_attempt(const struct delivery *delivery,
              const struct delivery_attempt *attempt, struct buf *out)
{
    bool good = delivery->status == DELIVERY_SUCCESS &&
                attempt->attempt == delivery->attempts;

    member_next(out);
    buf_add_char(out, '{');
    member_u64(out, "attempt", attempt->attempt);
    member_text(out, "status", good ? "success" : "failed");
    member_time(out, "attempted_at", attempt->attempted_at_us);
    print_number_or_null(out, "response_code", attempt->response_code, 0);
    member_text(out, "error_class", attempt->error_class);
    member_text(out, "error_message", attempt->error_message);
    member_slice(out, "response_body", attempt->response_body);
    print_number_or_null(out, "duration_ms", attempt->duration_ms, -1);
    buf_add_char(out, '}');
}

void
delivery_print(const struct delivery *delivery,
               const struct attempt_list *attempts, struct buf *out)
{
    size_t i;

    buf_add_char(out, '{');
    member_id(out, "id", ID_DELIVERY, delivery->id);
    member_id(out, "event_id", ID_EVENT, delivery->event_id);
    member_text(out, "event_type", delivery->event_type);
    member_u64(out, "subscription_id", delivery->subscription_id);
    member_u64(out, "webhook_id", delivery->subscription_id);
    member_text(out, "status", delivery_status_name(delivery->status));
    member_u64(out, "attempt_count", delivery->attempts);
    print_number_or_null(out, "response_code", delivery->response_code, 0);
    member_slice(out, "response_body", delivery->response_body);
    member_text(out, "error_class", delivery->error_class);
    member_text(out, "error_message", delivery->error_message);
    print_number_or_null(out, "duration_ms", delivery->duration_ms, -1);
    member_time(out, "created_at", id_time_us(delivery->id));
    member_time(out, "next_retry_at", delivery->next_retry_at_us);
    member_time(out, "completed_at", delivery->completed_at_us);
    member_id(out, "retry_of", ID_DELIVERY, delivery->retry_of);
    if (attempts != NULL) {
        member_name(out, "attempts");
        buf_add_char(out, '[');
        for (i = 0; i < attempts->count; i++)
            print_attempt(delivery, &attempts->rows[i], out);
        buf_add_char(out, ']');
    }
    buf_add_char(out, '}');
}
