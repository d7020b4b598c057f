/*
 * svix_attempts.c - list and show attempts.
 *
 * Attempts have no index of their own: a page is made of deliveries, newest
 * first, each with its attempts, the last one first.
 */
#include "svix_attempts.h"

#include "alloc.h"
#include "member.h"
#include "number.h"
#include "store_history.h"
#include "store_svix_attempt.h"
#include "store_svix_endpoint.h"
#include "svix_reply.h"

#include <stdlib.h>
#include <string.h>

#define SEGMENT 1    /* of the endpoint or message in the path */
#define ROUNDS_MAX 4 /* pages of deliveries looked at for one of attempts */
#define ATTEMPT_MISSING "Attempt not found"

struct query {
    size_t limit;
    bool has_place;
    struct svix_place place; /* of the iterator */
    int status;              /* -1 = any */
    int code_class;          /* 0 = none, 200 ...; -1 = any */
    struct slice types;      /* "a,b", or absent */
    int64_t since_us, until_us;
    uint32_t subscription_id; /* 0 = any */
    bool content, with_message;
};

/* What has been found so far. */
struct page {
    struct svix_attempt_list *lists; /* owners of the attempts */
    size_t list_count;
    const struct svix_attempt **rows;
    size_t count;
    struct svix_place last; /* looked at */
    bool more;
};

static bool
read_number(struct exchange *exchange, const char *name, int64_t max,
            int *number)
{
    struct slice text = request_query(exchange->request, name);
    int64_t value;

    *number = -1;
    if (text.ptr == NULL)
        return true;
    if (!number_i64(text, 0, max, &value)) {
        resource_bad_query(exchange, name, "type_error.integer",
                           "value is not a valid integer");
        return false;
    }
    *number = (int)value;
    return true;
}

/* What is kept of a message's channels and tags cannot be asked for here; to
   leave a filter out silently would show more than was asked for. */
static bool
refuse_filter(struct exchange *exchange, const char *name)
{
    if (request_query(exchange->request, name).ptr == NULL)
        return false;
    resource_bad_query(exchange, name, "value_error.unsupported",
                       "this filter is not supported here");
    return true;
}

static bool
read_query(struct exchange *exchange, struct query *query)
{
    struct slice iterator = request_query(exchange->request, "iterator");

    memset(query, 0, sizeof(*query));
    query->types = request_query(exchange->request, "event_types");
    query->content = svix_flag(exchange, "with_content", true);
    query->with_message = svix_flag(exchange, "with_msg", false);
    if (!resource_limit(exchange, &query->limit) ||
        refuse_filter(exchange, "channel") || refuse_filter(exchange, "tag") ||
        !read_number(exchange, "status", SVIX_STATUSES - 1, &query->status) ||
        !read_number(exchange, "status_code_class", 500, &query->code_class) ||
        !resource_time(exchange, "after", &query->since_us) ||
        !resource_time(exchange, "before", &query->until_us))
        return false;
    query->has_place = iterator.ptr != NULL;
    if (!query->has_place || svix_place_parse(iterator, &query->place))
        return true;
    resource_bad_query(exchange, "iterator", "value_error.iterator",
                       "not an iterator of this list");
    return false;
}

static bool
is_listed(struct slice list, struct slice word)
{
    while (list.len > 0) {
        const char *end = memchr(list.ptr, ',', list.len);
        size_t len = end == NULL ? list.len : (size_t)(end - list.ptr);

        if (slice_equal(slice_make(list.ptr, len), word))
            return true;
        list.ptr += end == NULL ? len : len + 1;
        list.len -= end == NULL ? len : len + 1;
    }
    return false;
}

static bool
is_wanted(const struct query *query, const struct svix_attempt *attempt)
{
    int status = attempt->success ? SVIX_SUCCESS : SVIX_FAIL;
    int code_class = (int)(attempt->response_code / 100 * 100);

    return (query->status < 0 || query->status == status) &&
           (query->code_class < 0 || query->code_class == code_class) &&
           (query->types.ptr == NULL ||
            is_listed(query->types, slice_of(attempt->event_type))) &&
           (query->since_us == 0 ||
            attempt->attempted_at_us > query->since_us) &&
           (query->until_us == 0 ||
            attempt->attempted_at_us < query->until_us) &&
           (query->subscription_id == 0 ||
            attempt->subscription_id == query->subscription_id);
}

/* Takes the list over. */
static void
take(struct page *page, const struct query *query,
     struct svix_attempt_list *list)
{
    size_t i;

    page->lists[page->list_count++] = *list;
    for (i = 0; i < list->count; i++) {
        const struct svix_attempt *attempt = &list->rows[i];

        if (query->has_place &&
            !svix_place_is_behind(attempt->place, query->place))
            continue;
        if (page->count == query->limit) {
            page->more = true;
            return;
        }
        page->last = attempt->place;
        if (is_wanted(query, attempt))
            page->rows[page->count++] = attempt;
    }
}

static void
page_free(struct page *page)
{
    size_t i;

    for (i = 0; i < page->list_count; i++)
        svix_attempt_list_free(&page->lists[i]);
    free(page->lists);
    free(page->rows);
}

static void
page_init(struct page *page, const struct query *query)
{
    memset(page, 0, sizeof(*page));
    page->lists = xcalloc(ROUNDS_MAX, sizeof(page->lists[0]));
    page->rows = xcalloc(query->limit, sizeof(page->rows[0]));
    page->last = query->place;
}

/* The messages of the page, where they are asked for. */
static enum db_result
read_messages(struct db *db, uint32_t application_id, const struct query *query,
              const struct page *page, struct svix_message_list *messages)
{
    uint64_t *ids;
    enum db_result result;
    size_t i, count = 0;

    if (!query->with_message || page->count == 0)
        return DB_OK;
    ids = xcalloc(page->count, sizeof(ids[0]));
    for (i = 0; i < page->count; i++) {
        if (i == 0 || page->rows[i]->event_id != ids[count - 1])
            ids[count++] = page->rows[i]->event_id;
    }
    result = store_svix_message_read(db, application_id, ids, count, messages);
    free(ids);
    return result;
}

static void
send_page(struct exchange *exchange, struct db *db, enum db_result result,
          uint32_t application_id, const struct query *query,
          const struct page *page)
{
    struct svix_message_list messages = {NULL, 0, 0};
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    char iterator[SVIX_ATTEMPT_TEXT_MAX];
    size_t i;

    if (result == DB_OK)
        result = read_messages(db, application_id, query, page, &messages);
    if (!resource_done(exchange, db, result, SVIX_MESSAGE_MISSING))
        return;
    buf_add_text(&json, "{\"data\":[");
    for (i = 0; i < page->count; i++) {
        member_next(&json);
        svix_attempt_print(page->rows[i], query->content,
                           svix_message_in(&messages, page->rows[i]->event_id),
                           &json);
    }
    svix_place_format(page->last, iterator);
    buf_add_char(&json, ']');
    member_text(&json, "iterator",
                page->last.delivery_id == 0 ? NULL : iterator);
    member_text(&json, "prevIterator", NULL);
    member_bool(&json, "done", !page->more);
    buf_add_char(&json, '}');
    svix_message_list_free(&messages);
    resource_send(exchange, &json);
}

/* One page of deliveries: true in *more if there are others. */
static enum db_result
read_round(struct db *db, struct delivery_filter *filter,
           const struct query *query, struct page *page)
{
    struct delivery_list deliveries = {NULL, 0, 0};
    struct svix_attempt_list list;
    enum db_result result = store_delivery_list(db, filter, &deliveries);

    if (result != DB_OK)
        return result;
    result = store_svix_attempt_read(db, &deliveries, &list);
    if (result == DB_OK)
        take(page, query, &list);
    if (result == DB_OK && !page->more && deliveries.next != 0) {
        page->more = true;
        page->last = (struct svix_place){deliveries.next, 0};
    }
    filter->before_id = deliveries.next;
    delivery_list_free(&deliveries);
    return result;
}

static void
of_endpoint(struct exchange *exchange)
{
    struct delivery_filter filter = {.application_id = 0};
    enum db_result result = DB_OK;
    struct query query;
    struct page page;
    struct db *db;

    if (!read_query(exchange, &query) ||
        (db = svix_endpoint_db(exchange, SEGMENT, &filter.application_id,
                               &filter.subscription_id)) == NULL)
        return;
    page_init(&page, &query);
    filter.limit = query.limit;
    filter.until_us = query.until_us;
    if (query.has_place)
        filter.before_id =
            query.place.delivery_id + (query.place.attempt > 0 ? 1 : 0);
    do {
        page.more = false;
        result = read_round(db, &filter, &query, &page);
    } while (result == DB_OK && page.more && page.count < query.limit &&
             page.list_count < ROUNDS_MAX && filter.before_id != 0);
    send_page(exchange, db, result, filter.application_id, &query, &page);
    page_free(&page);
}

static void
of_message(struct exchange *exchange)
{
    struct slice endpoint = request_query(exchange->request, "endpoint_id");
    struct delivery_list deliveries = {NULL, 0, 0};
    struct svix_attempt_list list;
    uint32_t application_id;
    enum db_result result = DB_OK;
    struct query query;
    struct page page;
    bool complete;
    uint64_t id;
    struct db *db;

    if (!read_query(exchange, &query) ||
        (db = svix_message_db(exchange, SEGMENT, &application_id, &id)) == NULL)
        return;
    page_init(&page, &query);
    if (endpoint.ptr != NULL)
        result = store_svix_endpoint_find(db, application_id, endpoint,
                                          &query.subscription_id);
    if (result == DB_OK)
        result = store_event_deliveries(db, id, &deliveries, &complete);
    if (result == DB_OK)
        result = store_svix_attempt_read(db, &deliveries, &list);
    if (result == DB_OK)
        take(&page, &query, &list);
    send_page(exchange, db, result, application_id, &query, &page);
    delivery_list_free(&deliveries);
    page_free(&page);
}

/* The attempt of the path, of the message of the path. */
static enum db_result
find_attempt(struct exchange *exchange, struct db *db, uint32_t application_id,
             uint64_t event_id, struct svix_attempt_list *list, size_t *index)
{
    struct delivery_list deliveries = {xcalloc(1, sizeof(struct delivery)), 1,
                                       0};
    struct svix_place place;
    enum db_result result = DB_NONE;

    if (svix_place_parse(exchange->request->segment[SEGMENT + 1], &place))
        result = store_delivery_get(db, application_id, place.delivery_id,
                                    deliveries.rows);
    if (result == DB_OK && deliveries.rows[0].event_id != event_id)
        result = DB_NONE;
    if (result == DB_OK)
        result = store_svix_attempt_read(db, &deliveries, list);
    delivery_list_free(&deliveries);
    if (result != DB_OK)
        return result;
    for (*index = 0; *index < list->count; (*index)++) {
        if (list->rows[*index].place.attempt == place.attempt)
            return DB_OK;
    }
    return DB_NONE;
}

static void
get(struct exchange *exchange)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct svix_attempt_list list = {NULL, 0};
    bool content = svix_flag(exchange, "with_content", true);
    uint32_t application_id;
    enum db_result result;
    uint64_t event_id;
    size_t index = 0;
    struct db *db =
        svix_message_db(exchange, SEGMENT, &application_id, &event_id);

    if (db == NULL)
        return;
    result =
        find_attempt(exchange, db, application_id, event_id, &list, &index);
    if (resource_done(exchange, db, result, ATTEMPT_MISSING)) {
        svix_attempt_print(&list.rows[index], content, NULL, &json);
        resource_send(exchange, &json);
    }
    svix_attempt_list_free(&list);
}

static void
expunge(struct exchange *exchange)
{
    struct svix_attempt_list list = {NULL, 0};
    uint32_t application_id;
    enum db_result result;
    uint64_t event_id;
    size_t index = 0;
    struct db *db =
        svix_message_db(exchange, SEGMENT, &application_id, &event_id);

    if (db == NULL)
        return;
    result =
        find_attempt(exchange, db, application_id, event_id, &list, &index);
    if (result == DB_OK)
        result = store_svix_attempt_expunge(db, list.rows[index].place);
    if (resource_done(exchange, db, result, ATTEMPT_MISSING))
        reply_empty(exchange->reply, 204);
    svix_attempt_list_free(&list);
}

#define PATH "/api/v1/app/{app}"

const struct route svix_attempts_routes[] = {
    {METHOD_GET, PATH "/attempt/endpoint/{id}", ACCESS_READ, FAMILY_SVIX, false,
     of_endpoint},
    {METHOD_GET, PATH "/attempt/msg/{id}", ACCESS_READ, FAMILY_SVIX, false,
     of_message},
    {METHOD_GET, PATH "/msg/{id}/attempt/{attempt}", ACCESS_READ, FAMILY_SVIX,
     false, get},
    {METHOD_DELETE, PATH "/msg/{id}/attempt/{attempt}/content", ACCESS_MANAGE,
     FAMILY_SVIX, false, expunge},
};
const size_t svix_attempts_route_count =
    sizeof(svix_attempts_routes) / sizeof(svix_attempts_routes[0]);
