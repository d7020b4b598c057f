/*
 * store_svix_attempt.c - see store_svix_attempt.h.
 */
#include "store_svix_attempt.h"

#include "alloc.h"
#include "delivery_row.h"
#include "id.h"
#include "member.h"
#include "number.h"
#include "sql.h"
#include "transact.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SQL_MAX ((size_t)256 * 1024)
#define ID_LEN (5 + 1 + 13) /* atmpt_ and the delivery's id */

static const char *const status_texts[SVIX_STATUSES] = {
    [SVIX_SUCCESS] = "success",
    [SVIX_PENDING] = "pending",
    [SVIX_FAIL] = "fail",
    [SVIX_SENDING] = "sending",
    [SVIX_CANCELED] = "canceled"};

enum svix_status
svix_status_of(enum delivery_status status)
{
    static const enum svix_status statuses[DELIVERY_STATUSES] = {
        [DELIVERY_PENDING] = SVIX_PENDING,
        [DELIVERY_RETRYING] = SVIX_PENDING,
        [DELIVERY_SUCCESS] = SVIX_SUCCESS,
        [DELIVERY_FAILED] = SVIX_FAIL,
        [DELIVERY_CANCELLED] = SVIX_CANCELED,
        [DELIVERY_SKIPPED] = SVIX_CANCELED};

    return statuses[status];
}

void
svix_status_print(enum svix_status status, struct buf *out)
{
    member_u64(out, "status", (uint64_t)status);
    member_text(out, "statusText", status_texts[status]);
}

static const struct delivery *
find_delivery(const struct delivery_list *deliveries, uint64_t id)
{
    size_t i;

    for (i = 0; i < deliveries->count; i++) {
        if (deliveries->rows[i].id == id)
            return &deliveries->rows[i];
    }
    return NULL;
}

/* What came back, else what went wrong instead. */
static struct slice
response_of(struct slice body, struct slice message)
{
    return slice_copy(body.len > 0 || message.ptr == NULL ? body : message);
}

/* cells: delivery_id, attempt, code, body, message, duration, attempted_at */
static void
add_failed(struct svix_attempt_list *list, const struct delivery *delivery,
           const struct slice *cell)
{
    list->rows[list->count++] = (struct svix_attempt){
        .place = {delivery->id, (uint32_t)db_u64(cell[1], 0)},
        .event_id = delivery->event_id,
        .subscription_id = delivery->subscription_id,
        .event_type = slice_text(slice_of(delivery->event_type)),
        .manual = delivery->retry_of != 0,
        .response_code = (uint32_t)db_u64(cell[2], 0),
        .response = response_of(cell[3], cell[4]),
        .duration_ms = db_i64(cell[5], 0),
        .attempted_at_us = db_time_us(cell[6]),
    };
}

/* The last attempt is told by the delivery itself, if it ended by one. */
static void
add_final(struct svix_attempt_list *list, const struct delivery *delivery)
{
    if (delivery->attempts == 0 || (delivery->status != DELIVERY_SUCCESS &&
                                    delivery->status != DELIVERY_FAILED))
        return;
    list->rows[list->count++] = (struct svix_attempt){
        .place = {delivery->id, delivery->attempts},
        .event_id = delivery->event_id,
        .subscription_id = delivery->subscription_id,
        .event_type = slice_text(slice_of(delivery->event_type)),
        .success = delivery->status == DELIVERY_SUCCESS,
        .manual = delivery->retry_of != 0,
        .response_code = delivery->response_code,
        .response = response_of(delivery->response_body,
                                slice_of(delivery->error_message)),
        .duration_ms = delivery->duration_ms < 0 ? 0 : delivery->duration_ms,
        .attempted_at_us = delivery->completed_at_us,
    };
}

static int
compare(const void *a, const void *b)
{
    const struct svix_attempt *x = a, *y = b;

    if (x->place.delivery_id == y->place.delivery_id &&
        x->place.attempt == y->place.attempt)
        return 0;
    return svix_place_is_behind(y->place, x->place) ? -1 : 1;
}

bool
svix_place_is_behind(struct svix_place b, struct svix_place a)
{
    return b.delivery_id != a.delivery_id ? b.delivery_id < a.delivery_id
                                          : b.attempt < a.attempt;
}

static enum db_result
read_failed(struct db *db, const struct delivery_list *deliveries,
            struct db_rows **rows)
{
    uint64_t *ids = xcalloc(deliveries->count, sizeof(ids[0])), oldest;
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result;
    size_t i;

    oldest = deliveries->rows[0].id;
    for (i = 0; i < deliveries->count; i++) {
        ids[i] = deliveries->rows[i].id;
        if (ids[i] < oldest)
            oldest = ids[i];
    }
    sql_raw(&sql, "SELECT a.delivery_id, a.attempt, a.response_code, "
                  "a.response_body, a.error_message, a.duration_ms, "
                  "a.attempted_at FROM ");
    sql_id_table(&sql, ids, deliveries->count);
    sql_raw(&sql, " x STRAIGHT_JOIN attempts a ON a.delivery_id = x.id "
                  "WHERE a.day >= ");
    delivery_row_day(&sql, oldest);
    result = buf_ok(&sql) ? db_query(db, buf_slice(&sql), rows) : DB_BROKEN;
    buf_free(&sql);
    free(ids);
    return result;
}

static enum db_result
read_urls(struct db *db, struct svix_attempt_list *list)
{
    uint64_t *ids = xcalloc(list->count + 1, sizeof(ids[0]));
    struct buf sql = BUF_INIT(SQL_MAX);
    struct db_rows *rows = NULL;
    const struct slice *cell;
    enum db_result result;
    size_t i;

    for (i = 0; i < list->count; i++)
        ids[i] = list->rows[i].subscription_id;
    sql_raw(&sql, "SELECT id, url FROM subscriptions WHERE id IN (");
    sql_u64_list(&sql, ids, list->count);
    sql_raw(&sql, ")");
    result = buf_ok(&sql) ? db_query(db, buf_slice(&sql), &rows) : DB_BROKEN;
    buf_free(&sql);
    free(ids);
    if (result != DB_OK)
        return result;
    while ((cell = db_rows_next(rows)) != NULL) {
        for (i = 0; i < list->count; i++) {
            if (list->rows[i].subscription_id == db_u64(cell[0], 0))
                list->rows[i].url = slice_text(cell[1]);
        }
    }
    db_rows_free(rows);
    return DB_OK;
}

enum db_result
store_svix_attempt_read(struct db *db, const struct delivery_list *deliveries,
                        struct svix_attempt_list *list)
{
    struct svix_attempt_list found = {NULL, 0};
    struct db_rows *rows = NULL;
    const struct slice *cell;
    const struct delivery *delivery;
    enum db_result result = DB_OK;
    size_t i;

    if (deliveries->count == 0) {
        *list = found;
        return DB_OK;
    }
    result = read_failed(db, deliveries, &rows);
    if (result != DB_OK)
        return result;
    found.rows =
        xcalloc(db_rows_count(rows) + deliveries->count, sizeof(found.rows[0]));
    while ((cell = db_rows_next(rows)) != NULL) {
        delivery = find_delivery(deliveries, db_u64(cell[0], 0));
        if (delivery != NULL)
            add_failed(&found, delivery, cell);
    }
    db_rows_free(rows);
    for (i = 0; i < deliveries->count; i++)
        add_final(&found, &deliveries->rows[i]);
    qsort(found.rows, found.count, sizeof(found.rows[0]), compare);
    if (found.count > 0)
        result = read_urls(db, &found);
    if (result != DB_OK)
        svix_attempt_list_free(&found);
    else
        *list = found;
    return result;
}

/* The attempt is in one of the two tables. */
static enum db_result
expunge_work(struct db *db, void *arg)
{
    static const char *const parts[][2] = {
        {"UPDATE attempts SET response_body = NULL WHERE delivery_id = ",
         " AND attempt = "},
        {"UPDATE deliveries SET response_body = NULL WHERE id = ",
         " AND attempts = "},
    };
    static const char *const days[] = {" AND day >= ", " AND done_day >= "};
    const struct svix_place *place = arg;
    struct buf sql = BUF_INIT(SQL_MAX);
    enum db_result result = DB_OK;
    size_t i;

    for (i = 0; i < 2 && result == DB_OK; i++) {
        sql_raw(&sql, parts[i][0]);
        sql_u64(&sql, place->delivery_id);
        sql_raw(&sql, parts[i][1]);
        sql_u64(&sql, place->attempt);
        sql_raw(&sql, days[i]);
        delivery_row_day(&sql, place->delivery_id);
        result = db_exec(db, buf_slice(&sql), NULL);
        buf_clear(&sql);
    }
    buf_free(&sql);
    return result;
}

enum db_result
store_svix_attempt_expunge(struct db *db, struct svix_place place)
{
    return transact(db, expunge_work, &place);
}

void
svix_place_format(struct svix_place place, char out[SVIX_ATTEMPT_TEXT_MAX])
{
    char id[ID_TEXT_MAX];

    id_format("atmpt", place.delivery_id, id);
    (void)snprintf(out, SVIX_ATTEMPT_TEXT_MAX, "%s%03u", id,
                   (unsigned)place.attempt);
}

bool
svix_place_parse(struct slice text, struct svix_place *place)
{
    uint64_t id, number;

    if (text.len < ID_LEN + 3 ||
        !id_parse("atmpt", slice_make(text.ptr, ID_LEN), &id))
        return false;
    text = slice_make(text.ptr + ID_LEN, text.len - ID_LEN);
    while (text.len > 1 && text.ptr[0] == '0')
        text = slice_make(text.ptr + 1, text.len - 1);
    if (!number_u64(text, UINT16_MAX, &number))
        return false;
    *place = (struct svix_place){id, (uint32_t)number};
    return true;
}

void
svix_attempt_list_free(struct svix_attempt_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++) {
        free(list->rows[i].url);
        free(list->rows[i].event_type);
        slice_free(&list->rows[i].response);
    }
    free(list->rows);
    memset(list, 0, sizeof(*list));
}

void
svix_attempt_print(const struct svix_attempt *attempt, bool content,
                   const struct svix_message *message, struct buf *out)
{
    char id[SVIX_ATTEMPT_TEXT_MAX];
    struct slice response = attempt->response;

    if (!content || response.ptr == NULL)
        response = SLICE("");
    svix_place_format(attempt->place, id);
    buf_add_char(out, '{');
    member_text(out, "id", id);
    member_id(out, "msgId", ID_MESSAGE, attempt->event_id);
    member_id(out, "endpointId", ID_ENDPOINT, attempt->subscription_id);
    member_text(out, "url", attempt->url == NULL ? "" : attempt->url);
    svix_status_print(attempt->success ? SVIX_SUCCESS : SVIX_FAIL, out);
    member_u64(out, "triggerType", attempt->manual ? 1 : 0);
    member_u64(out, "responseStatusCode", attempt->response_code);
    member_u64(out, "responseDurationMs", (uint64_t)attempt->duration_ms);
    member_slice(out, "response", response);
    member_time(out, "timestamp", attempt->attempted_at_us);
    if (message != NULL) {
        member_name(out, "msg");
        svix_message_print(message, content, out);
    }
    buf_add_char(out, '}');
}
