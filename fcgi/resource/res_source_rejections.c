/*
 * res_source_rejections.c - what a source refused, and why.
 */
#include "res_source_impl.h"

#include "member.h"
#include "number.h"
#include "rejection_reason.h"
#include "store_source_rejection.h"

#define REASONS_BYTES 1024

static bool
check_reason(struct exchange *exchange, struct slice reason)
{
    struct buf msg = BUF_INIT(REASONS_BYTES);

    if (reason.ptr == NULL || rejection_reason_known(REJECTION_SOURCE, reason))
        return true;
    buf_add_text(&msg, "value is not a valid enumeration member; permitted: ");
    rejection_reasons_print(REJECTION_SOURCE, &msg);
    resource_bad_query(exchange, "reason", "type_error.enum", msg.data);
    buf_free(&msg);
    return false;
}

static bool
read_filter(struct exchange *exchange, struct rejection_filter *filter)
{
    struct slice status = request_query(exchange->request, "status");
    uint64_t number = 0;

    filter->reason = request_query(exchange->request, "reason");
    if (!resource_page(exchange, ID_REJECTION, &filter->limit,
                       &filter->before_id) ||
        !check_reason(exchange, filter->reason))
        return false;
    if (status.ptr != NULL &&
        (!number_u64(status, 599, &number) || number < 100)) {
        resource_bad_query(exchange, "status", "value_error.response_code",
                           "a status code such as 401");
        return false;
    }
    filter->status = (unsigned)number;
    return true;
}

void
res_source_rejections(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct source_ref ref = res_source_ref(exchange);
    struct rejection_filter filter = {0};
    struct rejection_list page = {NULL, 0, 0};
    struct source_row row;
    enum db_result result;
    struct db *db;
    size_t i;

    if (!read_filter(exchange, &filter) || (db = resource_db(exchange)) == NULL)
        return;
    result = store_source_get(db, exchange->app->sealer,
                              resource_owner(exchange), &ref, &row);
    if (result == DB_OK) {
        filter.source_id = row.id;
        source_row_free(&row);
        result = store_source_rejection_list(db, &filter, &page);
    }
    if (!resource_done(exchange, db, result, RES_SOURCE_MISSING))
        return;
    buf_add_char(&json, '[');
    for (i = 0; i < page.count; i++) {
        member_next(&json);
        rejection_print(&page.rows[i], &json);
    }
    buf_add_char(&json, ']');
    resource_link_next(exchange, ID_REJECTION, page.next);
    rejection_list_free(&page);
    resource_send(exchange, &json);
}
