/*
 * res_records.c - the mirror: its tables, their records, and search.
 *
 * A cursor is the last id of the page before, in hexadecimal: ids are any text.
 * A name with a slash in it is no segment of a path, so table and id are taken
 * as parameters as well.
 */
#include "res_records.h"

#include "encode.h"
#include "json.h"
#include "member.h"
#include "record_text.h"
#include "resource.h"
#include "store_record_index.h"
#include "store_record_list.h"

#include <stdio.h>
#include <string.h>

#define MISSING "Record not found"
#define NO_SOURCE "Source not found"
#define TABLES_MAX 10000
#define ID_BYTES 255       /* of a record's id */
#define QUERY_BYTES 500    /* of what is searched for */
#define BOOLEAN_BYTES 2048 /* of the same for the database */

/* -- parameters ------------------------------------------------------------------- */

static bool
read_which(struct exchange *exchange, enum record_which *which)
{
    struct slice text = request_query(exchange->request, "deleted");

    *which = RECORDS_LIVE;
    if (text.ptr == NULL || slice_is(text, "no") || slice_is(text, "false"))
        return true;
    *which = RECORDS_DELETED;
    if (slice_is(text, "yes") || slice_is(text, "true"))
        return true;
    *which = RECORDS_ALL;
    if (slice_is(text, "all"))
        return true;
    resource_bad_query(exchange, "deleted", "type_error.enum",
                       "value is not a valid enumeration member; permitted: "
                       "'no', 'yes', 'all'");
    return false;
}

/* bytes: room for what the cursor names. */
static bool
read_cursor(struct exchange *exchange, uint8_t bytes[ID_BYTES],
            struct slice *after)
{
    struct slice text = request_query(exchange->request, "cursor");

    *after = SLICE_NONE;
    if (text.ptr == NULL)
        return true;
    if (text.len > 0 && text.len % 2 == 0 && text.len / 2 <= ID_BYTES &&
        decode_hex(text, bytes, text.len / 2) &&
        json_is_utf8(slice_make(bytes, text.len / 2))) {
        *after = slice_make(bytes, text.len / 2);
        return true;
    }
    resource_bad_query(exchange, "cursor", "value_error.cursor",
                       "not a cursor of this list");
    return false;
}

static void
link_next(struct exchange *exchange, const char *next)
{
    char hex[2 * ID_BYTES + 1];
    size_t len = next == NULL ? 0 : strlen(next);

    if (len == 0 || len > ID_BYTES)
        return;
    encode_hex(next, len, hex);
    resource_link_text(exchange, hex);
}

/* -- tables and records ------------------------------------------------------------- */

static void
send_list(struct exchange *exchange, const struct record_list *list)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    size_t i;

    buf_add_char(&json, '[');
    for (i = 0; i < list->count; i++) {
        member_next(&json);
        record_row_print(&list->rows[i], &json);
    }
    buf_add_char(&json, ']');
    resource_send(exchange, &json);
}

static void
list_records(struct exchange *exchange, struct slice source, struct slice table)
{
    struct record_filter filter = {
        .application_id = resource_owner(exchange),
        .source = source,
        .table = table,
        .record_id = request_query(exchange->request, "record_id"),
    };
    uint8_t after[ID_BYTES];
    struct record_page page;
    enum db_result result;
    struct db *db;

    if (!resource_limit(exchange, &filter.limit) ||
        !read_cursor(exchange, after, &filter.after) ||
        !read_which(exchange, &filter.which) ||
        !resource_time(exchange, "updated_since", &filter.updated_since_us) ||
        (db = resource_db(exchange)) == NULL)
        return;
    result = store_record_list(db, &filter, &page);
    if (!resource_done(exchange, db, result, NO_SOURCE))
        return;
    link_next(exchange, page.next);
    send_list(exchange, &page.list);
    record_page_free(&page);
}

static void
records(struct exchange *exchange)
{
    list_records(exchange, exchange->request->segment[0],
                 exchange->request->segment[1]);
}

static void
list_tables(struct exchange *exchange, struct slice source)
{
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct record_tables found;
    enum db_result result;
    struct db *db = resource_db(exchange);
    size_t i;

    if (db == NULL)
        return;
    result = store_record_tables(db, resource_owner(exchange), source,
                                 SLICE_NONE, TABLES_MAX, &found);
    if (!resource_done(exchange, db, result, NO_SOURCE))
        return;
    buf_add_char(&json, '[');
    for (i = 0; i < found.count; i++) {
        member_next(&json);
        record_table_print(&found.rows[i], &json);
    }
    buf_add_char(&json, ']');
    record_tables_free(&found);
    resource_send(exchange, &json);
}

/* Left out silently, what picks records would show every table. */
static bool
picks_no_record(struct exchange *exchange)
{
    static const char *const names[] = {"deleted", "updated_since",
                                        "record_id"};
    char why[64];
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (request_query(exchange->request, names[i]).ptr != NULL) {
            (void)snprintf(why, sizeof(why), "field required with '%s'",
                           names[i]);
            resource_bad_query(exchange, "table", "value_error.missing", why);
            return false;
        }
    return true;
}

static void
tables(struct exchange *exchange)
{
    struct slice source = request_query(exchange->request, "source");
    struct slice table = request_query(exchange->request, "table");

    if (table.ptr == NULL) {
        if (picks_no_record(exchange))
            list_tables(exchange, source);
    } else if (source.ptr != NULL) {
        list_records(exchange, source, table);
    } else {
        resource_bad_query(exchange, "source", "value_error.missing",
                           "field required with 'table'");
    }
}

static void
get(struct exchange *exchange)
{
    const struct request *request = exchange->request;
    const struct record_filter filter = {
        .application_id = resource_owner(exchange),
        .source = request->segment[0],
        .table = request->segment[1],
        .record_id = request->segment[2],
    };
    struct buf json = BUF_INIT(RESOURCE_JSON_MAX);
    struct record_list found;
    enum db_result result;
    struct db *db = resource_db(exchange);

    if (db == NULL)
        return;
    result = store_record_get(db, &filter, &found);
    if (!resource_done(exchange, db, result, MISSING))
        return;
    record_row_print(&found.rows[0], &json);
    record_list_free(&found);
    resource_send(exchange, &json);
}

/* -- search ------------------------------------------------------------------------- */

static bool
read_words(struct exchange *exchange, struct buf *query)
{
    struct slice words = request_query(exchange->request, "q");

    if (words.ptr == NULL)
        resource_bad_query(exchange, "q", "value_error.missing",
                           "field required");
    else if (words.len > QUERY_BYTES)
        resource_bad_query(exchange, "q", "value_error.any_str.max_length",
                           "ensure this value has at most 500 bytes");
    else if (!record_text_query(words, query))
        resource_bad_query(exchange, "q", "value_error",
                           "needs a word of three letters or more that is not "
                           "as common as 'the'");
    else
        return true;
    return false;
}

static void
search(struct exchange *exchange)
{
    struct buf query = BUF_INIT(BOOLEAN_BYTES);
    struct record_search wanted = {
        .application_id = resource_owner(exchange),
        .source = request_query(exchange->request, "source"),
        .table = request_query(exchange->request, "table"),
    };
    struct record_list found;
    struct db *db;

    if (resource_limit(exchange, &wanted.limit) &&
        read_words(exchange, &query) && (db = resource_db(exchange)) != NULL) {
        wanted.query = buf_slice(&query);
        if (resource_done(exchange, db,
                          store_record_search(db, &wanted, &found), MISSING)) {
            send_list(exchange, &found);
            record_list_free(&found);
        }
    }
    buf_free(&query);
}

const struct route records_routes[] = {
    {METHOD_GET, "/api/records", ACCESS_READ, FAMILY_API, false, tables},
    {METHOD_GET, "/api/records/search", ACCESS_READ, FAMILY_API, false, search},
    {METHOD_GET, "/api/records/{source}/{table}", ACCESS_READ, FAMILY_API,
     false, records},
    {METHOD_GET, "/api/records/{source}/{table}/{id}", ACCESS_READ, FAMILY_API,
     false, get},
};
const size_t records_route_count =
    sizeof(records_routes) / sizeof(records_routes[0]);
