/*
 * svix_reply.c - see svix_reply.h.
 */
#include "svix_reply.h"

#include "id.h"
#include "member.h"
#include "store_svix_application.h"
#include "store_svix_endpoint.h"
#include "store_svix_message.h"

#include <stdio.h>
#include <string.h>

#define ITERATOR_MAX 1024

struct db *
svix_application_db(struct exchange *exchange, uint32_t *id)
{
    struct db *db = resource_db(exchange);
    enum db_result result;

    if (db == NULL)
        return NULL;
    result = store_svix_application_find(db, resource_owner(exchange),
                                         exchange->request->segment[0], id);
    if (result == DB_OK)
        return db;
    (void)resource_done(exchange, db, result, SVIX_APP_MISSING);
    return NULL;
}

struct db *
svix_endpoint_db(struct exchange *exchange, size_t segment,
                 uint32_t *application_id, uint32_t *id)
{
    struct db *db = svix_application_db(exchange, application_id);
    enum db_result result;

    if (db == NULL)
        return NULL;
    result = store_svix_endpoint_find(db, *application_id,
                                      exchange->request->segment[segment], id);
    if (result == DB_OK)
        return db;
    (void)resource_done(exchange, db, result, SVIX_ENDPOINT_MISSING);
    return NULL;
}

struct db *
svix_message_db(struct exchange *exchange, size_t segment,
                uint32_t *application_id, uint64_t *id)
{
    struct db *db = svix_application_db(exchange, application_id);
    enum db_result result;

    if (db == NULL)
        return NULL;
    result = store_svix_message_find(db, *application_id,
                                     exchange->request->segment[segment], id);
    if (result == DB_OK)
        return db;
    (void)resource_done(exchange, db, result, SVIX_MESSAGE_MISSING);
    return NULL;
}

bool
svix_done(struct exchange *exchange, struct db *db, enum db_result result,
          const char *missing, const char *taken)
{
    if (result != DB_DUPLICATE)
        return resource_done(exchange, db, result, missing);
    db_pool_give(exchange->app->pool, db);
    reply_error(exchange->reply, 409, "conflict", "%s", taken);
    return false;
}

static bool
read_order(struct exchange *exchange, struct svix_page *page)
{
    struct slice order = request_query(exchange->request, "order");

    page->descending = slice_is(order, "descending");
    if (order.ptr == NULL || page->descending || slice_is(order, "ascending"))
        return true;
    resource_bad_query(exchange, "order", "type_error.enum",
                       "value is not a valid enumeration member; permitted: "
                       "'ascending', 'descending'");
    return false;
}

bool
svix_page(struct exchange *exchange, const char *prefix, struct svix_page *page)
{
    struct slice text = request_query(exchange->request, "iterator");

    memset(page, 0, sizeof(*page));
    if (!resource_limit(exchange, &page->limit) || !read_order(exchange, page))
        return false;
    if (text.ptr == NULL)
        return true;
    if (text.len > 0 && text.ptr[0] == '-') {
        page->backward = true;
        text = slice_make(text.ptr + 1, text.len - 1);
    }
    page->after = text;
    if (prefix == NULL || id_parse(prefix, text, &page->after_id))
        return true;
    resource_bad_query(exchange, "iterator", "value_error.iterator",
                       "not an iterator of this list");
    return false;
}

bool
svix_page_down(struct exchange *exchange, const char *prefix,
               struct svix_page *page)
{
    if (!svix_page(exchange, prefix, page))
        return false;
    if (page->backward) {
        resource_bad_query(exchange, "iterator", "value_error.iterator",
                           "this list is read in one direction only");
        return false;
    }
    if (request_query(exchange->request, "order").ptr != NULL &&
        !page->descending) {
        resource_bad_query(exchange, "order", "value_error.order",
                           "this list begins with the newest");
        return false;
    }
    return true;
}

bool
svix_flag(const struct exchange *exchange, const char *name, bool otherwise)
{
    struct slice text = request_query(exchange->request, name);

    if (text.ptr == NULL)
        return otherwise;
    return slice_is_nocase(text, "true") || slice_is(text, "1");
}

/* A page that is empty hands the iterator back: a later one may not be. */
void
svix_send_list(struct exchange *exchange, struct buf *json,
               const struct svix_page *page, const char *first,
               const char *last, bool more)
{
    struct buf before = BUF_INIT(ITERATOR_MAX);

    buf_add_char(json, ']');
    if (last == NULL && page->after.ptr != NULL)
        member_slice(json, "iterator", page->after);
    else
        member_text(json, "iterator", last);
    if (first != NULL && page->after.ptr != NULL)
        buf_addf(&before, "-%s", first);
    member_text(json, "prevIterator", before.data);
    buf_free(&before);
    member_bool(json, "done", !more);
    buf_add_char(json, '}');
    resource_send(exchange, json);
}

void
svix_send_id_list(struct exchange *exchange, struct buf *json,
                  const struct svix_page *page, const char *prefix,
                  uint64_t first, uint64_t last, bool more)
{
    char texts[2][ID_TEXT_MAX];

    if (last != 0) {
        id_format(prefix, first, texts[0]);
        id_format(prefix, last, texts[1]);
    }
    svix_send_list(exchange, json, page, last == 0 ? NULL : texts[0],
                   last == 0 ? NULL : texts[1], more);
}

void
svix_send_down_list(struct exchange *exchange, struct buf *json,
                    const char *prefix, uint64_t next, uint64_t last)
{
    char id[ID_TEXT_MAX];

    if (next != 0 || last != 0)
        id_format(prefix, next != 0 ? next : last, id);
    buf_add_char(json, ']');
    member_text(json, "iterator", next == 0 && last == 0 ? NULL : id);
    member_text(json, "prevIterator", NULL);
    member_bool(json, "done", next == 0);
    buf_add_char(json, '}');
    resource_send(exchange, json);
}

void
svix_check_uid(const struct body_value *value, void *context,
               struct problems *problems)
{
    static const char letters[] = "-_.0123456789abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    (void)context;
    if (strspn(value->text, letters) != value->text_len)
        problem_add(problems, value->name, NULL, "value_error.str.regex",
                    "string does not match regex \"^[a-zA-Z0-9\\-_.]+$\"");
}

bool
svix_read_body(struct exchange *exchange, const struct body_field *table,
               size_t count, bool part, struct body_value *values)
{
    const struct body_options options = {part, NULL};
    struct slice body = buf_slice(&exchange->request->body);
    struct problems problems;

    problems.count = 0;
    if (!resource_check_body(exchange,
                             (size_t)exchange->app->settings->max_body))
        return false;
    /* The clients send none where everything is optional. */
    if (body.len == 0)
        body = SLICE("{}");
    if (body_read(body, table, count, &options, values, &problems))
        return true;
    reply_problems(exchange->reply, &problems);
    return false;
}

void
svix_rename_problems(struct problems *problems, const struct svix_name *names)
{
    const struct svix_name *name;
    size_t i;

    for (i = 0; i < problems->count; i++) {
        char *loc = problems->list[i].loc[0];

        for (name = names; name->ours != NULL; name++) {
            if (strcmp(loc, name->ours) != 0)
                continue;
            (void)snprintf(loc, sizeof(problems->list[i].loc[0]), "%s",
                           name->theirs);
            break;
        }
    }
}
