/*
 * resource.c - what the management API's resources have in common.
 */
#include "resource.h"

#include "clock.h"
#include "encode.h"
#include "inbound.h"
#include "json.h"
#include "log.h"
#include "number.h"
#include "sign.h"

#include <stdio.h>
#include <string.h>

#define LINK_MAX 8192 /* bytes of a Link header */
#define ETAG_BYTES 16

uint32_t
resource_owner(const struct exchange *exchange)
{
    if (exchange->caller.scope == SCOPE_ADMIN)
        return 0;
    return exchange->caller.application_id;
}

bool
resource_is_admin(struct exchange *exchange)
{
    if (exchange->caller.scope == SCOPE_ADMIN)
        return true;
    reply_error(exchange->reply, 403, "permission_denied",
                "Only a token of scope admin may do this");
    return false;
}

struct db *
resource_db(struct exchange *exchange)
{
    struct db *db = NULL;

    exchange->must_wait = !exchange->may_wait;
    if (exchange->may_wait)
        db = db_pool_take(exchange->app->pool);
    if (db == NULL)
        reply_unavailable(exchange->reply);
    return db;
}

static void
reply_broken(struct exchange *exchange, const struct db *db)
{
    log_error("postern.api",
              LOG_FIELDS(LOG_TEXT("request_id", exchange->request->id),
                         LOG_TEXT("error", db_error_text(db))),
              "Statement refused by the database");
    reply_error(exchange->reply, 500, "internal_error",
                "Internal server error");
}

bool
resource_done(struct exchange *exchange, struct db *db, enum db_result result,
              const char *missing)
{
    switch (result) {
    case DB_OK:
        break;
    case DB_NONE:
        reply_error(exchange->reply, 404, "not_found", "%s", missing);
        break;
    case DB_DUPLICATE:
    case DB_BROKEN:
        reply_broken(exchange, db);
        break;
    case DB_AGAIN:
    case DB_AWAY:
    case DB_UNKNOWN:
        reply_unavailable(exchange->reply);
        break;
    }
    db_pool_give(exchange->app->pool, db);
    return result == DB_OK;
}

bool
resource_parse_subscription(struct slice text, uint32_t *id)
{
    uint64_t number;

    if (!number_u64(text, UINT32_MAX, &number) &&
        !(id_parse(ID_ENDPOINT, text, &number) && number <= UINT32_MAX))
        return false;
    if (number == 0)
        return false;
    *id = (uint32_t)number;
    return true;
}

bool
resource_subscription_id(struct exchange *exchange, uint32_t *id)
{
    if (resource_parse_subscription(exchange->request->segment[0], id))
        return true;
    reply_error(exchange->reply, 404, "not_found", "Webhook not found");
    return false;
}

bool
resource_id(struct exchange *exchange, const char *prefix, const char *missing,
            uint64_t *id)
{
    if (id_parse(prefix, exchange->request->segment[0], id))
        return true;
    reply_error(exchange->reply, 404, "not_found", "%s", missing);
    return false;
}

bool
resource_check_body(struct exchange *exchange, size_t max)
{
    const struct request *request = exchange->request;

    if (request->body_too_large || request->body.len > max) {
        reply_error(exchange->reply, 413, "payload_too_large",
                    "The request body is larger than %zu bytes", max);
        return false;
    }
    if (request->body.len > 0 &&
        !inbound_is_json(request_header(request, "Content-Type"))) {
        reply_error(exchange->reply, 415, "unsupported_media_type",
                    "The request body must be application/json");
        return false;
    }
    return true;
}

void
resource_bad_query(struct exchange *exchange, const char *name,
                   const char *type, const char *msg)
{
    struct reply *reply = exchange->reply;
    struct buf *body = &reply->body;

    reply_error(reply, 422, "validation_error", "%s: %s", name, msg);
    if (reply->problem_json)
        return;
    buf_clear(body);
    buf_add_text(body, "{\"detail\":[{\"loc\":[\"query\",");
    json_add_string(body, slice_of(name));
    buf_add_text(body, "],\"msg\":");
    json_add_string(body, slice_of(msg));
    buf_add_text(body, ",\"type\":");
    json_add_string(body, slice_of(type));
    buf_add_text(body, "}]}");
}

static bool
read_limit(struct exchange *exchange, size_t *limit)
{
    struct slice text = request_query(exchange->request, "limit");
    int64_t number;

    *limit = RESOURCE_LIMIT;
    if (text.ptr == NULL)
        return true;
    if (!number_i64(text, INT64_MIN, INT64_MAX, &number)) {
        resource_bad_query(exchange, "limit", "type_error.integer",
                           "value is not a valid integer");
        return false;
    }
    if (number < 1) {
        resource_bad_query(exchange, "limit", "value_error.number.not_ge",
                           "ensure this value is greater than or equal to 1");
        return false;
    }
    if (number > RESOURCE_LIMIT_MAX) {
        resource_bad_query(exchange, "limit", "value_error.number.not_le",
                           "ensure this value is less than or equal to 250");
        return false;
    }
    *limit = (size_t)number;
    return true;
}

/* A pair that is not text is not found by request_query(); to leave such a
   filter out silently would show more than was asked for. */
static bool
is_query_text(const struct request *request)
{
    size_t pairs = 0, halves = 0, i;
    bool at_name = true;

    for (i = 0; i < request->query.len; i++) {
        char c = request->query.ptr[i];

        if (at_name && c != '&' && c != '=')
            pairs++;
        at_name = c == '&';
    }
    for (i = 0; i < request->query_pairs.len; i++)
        halves += request->query_pairs.ptr[i] == '\0';
    return halves == 2 * pairs;
}

bool
resource_limit(struct exchange *exchange, size_t *limit)
{
    if (is_query_text(exchange->request))
        return read_limit(exchange, limit);
    resource_bad_query(exchange, "query", "value_error.unicode",
                       "not UTF-8, or null characters");
    return false;
}

bool
resource_page(struct exchange *exchange, const char *prefix, size_t *limit,
              uint64_t *cursor)
{
    struct slice text = request_query(exchange->request, "cursor");

    *cursor = 0;
    if (!resource_limit(exchange, limit))
        return false;
    if (text.ptr != NULL && !id_parse(prefix, text, cursor)) {
        resource_bad_query(exchange, "cursor", "value_error.cursor",
                           "not a cursor of this list");
        return false;
    }
    return true;
}

bool
resource_time(struct exchange *exchange, const char *name, int64_t *us)
{
    struct slice text = request_query(exchange->request, name);

    *us = 0;
    if (text.ptr == NULL)
        return true;
    if (!clock_parse(text, us)) {
        resource_bad_query(exchange, name, "value_error.datetime",
                           "invalid datetime format");
        return false;
    }
    return true;
}

/* What may not stand as it is between the angle brackets of a Link. */
static void
add_uri(struct buf *out, struct slice text)
{
    size_t i;

    for (i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c <= ' ' || c >= 0x7f || strchr("\"<>\\^`{|}", c) != NULL)
            buf_addf(out, "%%%02X", c);
        else
            buf_add_char(out, (char)c);
    }
}

/* The query as it came, its cursor left out. */
static void
add_query(struct buf *out, struct slice query)
{
    static const struct slice cursor = {"cursor=", 7};

    while (query.len > 0) {
        const char *end = memchr(query.ptr, '&', query.len);
        size_t len = end == NULL ? query.len : (size_t)(end - query.ptr);

        if (len > 0 && !(len >= cursor.len &&
                         memcmp(query.ptr, cursor.ptr, cursor.len) == 0)) {
            add_uri(out, slice_make(query.ptr, len));
            buf_add_char(out, '&');
        }
        query.ptr += len;
        query.len -= len;
        if (query.len > 0) {
            query.ptr++;
            query.len--;
        }
    }
}

void
resource_link_next(struct exchange *exchange, const char *prefix,
                   uint64_t cursor)
{
    char id[ID_TEXT_MAX];

    if (cursor == 0)
        return;
    id_format(prefix, cursor, id);
    resource_link_text(exchange, id);
}

void
resource_link_text(struct exchange *exchange, const char *cursor)
{
    struct buf link = BUF_INIT(LINK_MAX);

    buf_add_char(&link, '<');
    add_uri(&link, slice_of(exchange->app->settings->base_path));
    add_uri(&link, exchange->request->path);
    buf_add_char(&link, '?');
    add_query(&link, exchange->request->query);
    buf_addf(&link, "cursor=%s>; rel=\"next\"", cursor);
    if (buf_ok(&link))
        reply_header(exchange->reply, "Link", link.data);
    buf_free(&link);
}

void
resource_send_status(struct exchange *exchange, int status, struct buf *json)
{
    if (buf_ok(json))
        reply_json_text(exchange->reply, status, buf_slice(json));
    else
        reply_error(exchange->reply, 500, "internal_error",
                    "The answer is too large: ask for fewer items");
    buf_wipe(json); /* it may show a secret for the only time */
}

/* RFC 9110, 13.1.2: a list of tags, or *; weak comparison. */
static bool
has_tag(struct slice list, const char *tag)
{
    size_t len = strlen(tag), i;

    if (list.ptr == NULL)
        return false;
    if (slice_is(slice_trim(list), "*"))
        return true;
    for (i = 0; i + len <= list.len; i++) {
        if (memcmp(list.ptr + i, tag, len) == 0)
            return true;
    }
    return false;
}

void
resource_send(struct exchange *exchange, struct buf *json)
{
    uint8_t digest[32];
    char hex[2 * ETAG_BYTES + 1];
    char tag[2 * ETAG_BYTES + 3];

    if (!buf_ok(json)) {
        resource_send_status(exchange, 500, json);
        return;
    }
    sign_sha256(buf_slice(json), digest);
    encode_hex(digest, ETAG_BYTES, hex);
    (void)snprintf(tag, sizeof(tag), "\"%s\"", hex);
    if (has_tag(request_header(exchange->request, "If-None-Match"), tag)) {
        reply_empty(exchange->reply, 304);
        buf_free(json);
    } else {
        resource_send_status(exchange, 200, json);
    }
    reply_header(exchange->reply, "ETag", tag);
}

void
resource_send_shown(struct exchange *exchange, int status, struct buf *json)
{
    if (status == 200)
        resource_send(exchange, json);
    else
        resource_send_status(exchange, status, json);
}
