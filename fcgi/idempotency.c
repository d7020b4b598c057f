/*
 * idempotency.c - see idempotency.h.
 */
#include "idempotency.h"

#include "log.h"
#include "sign.h"

#include <stdint.h>

#define LOGGER "postern.http"
#define HEADER "Idempotency-Key"
#define PACKED_MAX_BYTES ((size_t)14 * 1024 * 1024)

bool
idempotency_key_is_valid(struct slice key)
{
    size_t i;

    if (key.len == 0 || key.len > IDEMPOTENCY_KEY_MAX)
        return false;
    for (i = 0; i < key.len; i++) {
        if (key.ptr[i] < ' ' || key.ptr[i] > '~')
            return false;
    }
    return true;
}

/* The types an answer can have; the line that stands for each. */
static const char *const packed_types[] = {"application/json",
                                           "application/problem+json"};

void
idempotency_pack(const struct reply *reply, struct buf *out)
{
    buf_addf(out, "%s\r\n",
             reply->content_type == NULL ? "" : reply->content_type);
    buf_add_slice(out, buf_slice(&reply->headers));
    buf_add_text(out, "\r\n");
    buf_add_slice(out, buf_slice(&reply->body));
}

/* The text before the next CR LF; false if there is none. */
static bool
next_line(struct slice *rest, struct slice *line)
{
    const char *end =
        rest->len == 0 ? NULL : memmem(rest->ptr, rest->len, "\r\n", 2);

    if (end == NULL)
        return false;
    *line = slice_make(rest->ptr, (size_t)(end - rest->ptr));
    rest->ptr += line->len + 2;
    rest->len -= line->len + 2;
    return true;
}

bool
idempotency_unpack(struct slice packed, int status, struct reply *reply)
{
    struct slice rest = packed, line, headers;
    const char *type = NULL;
    size_t i;

    if (!next_line(&rest, &line))
        return false;
    for (i = 0; i < sizeof(packed_types) / sizeof(packed_types[0]); i++) {
        if (slice_is(line, packed_types[i]))
            type = packed_types[i];
    }
    if (type == NULL && line.len > 0)
        return false;
    headers = rest;
    do {
        if (!next_line(&rest, &line))
            return false;
    } while (line.len > 0);
    headers.len = (size_t)(line.ptr - headers.ptr);
    reply->status = status;
    reply->content_type = type;
    buf_clear(&reply->headers);
    buf_add_slice(&reply->headers, headers);
    buf_clear(&reply->body);
    buf_add_slice(&reply->body, rest);
    return true;
}

static void
hash_key(struct idempotency_key *key, const struct request *request,
         struct slice value)
{
    const char *method = request_method_name(request->method);
    struct buf text = BUF_INIT(SIZE_MAX / 2);

    /* No part can hold the separator: the path is refused with NUL, the
       others are ASCII. */
    buf_add(&text, method, strlen(method) + 1);
    buf_add_slice(&text, request->path);
    buf_add_char(&text, '\0');
    buf_add_slice(&text, value);
    sign_sha256(buf_slice(&text), key->key_hash);
    buf_free(&text);
    sign_sha256(buf_slice(&request->body), key->body_hash);
}

static struct seal_place
place_of(const struct idempotency_key *key)
{
    uint64_t row = 0;
    size_t i;

    for (i = 0; i < sizeof(row); i++)
        row = row << 8 | key->key_hash[i];
    return (struct seal_place){"idempotency", "response", key->application_id,
                               row};
}

static void
refuse_key(struct reply *reply, const char *code, const char *message)
{
    struct buf body = BUF_INIT(1024);

    if (reply->problem_json) {
        reply_error(reply, 422, code, HEADER ": %s", message);
        return;
    }
    buf_addf(&body,
             "{\"detail\":[{\"loc\":[\"header\",\"" HEADER "\"],"
             "\"msg\":\"%s\",\"type\":\"value_error.idempotency\"}]}",
             message);
    reply_json_text(reply, 422, buf_slice(&body));
    reply->code = code;
    buf_free(&body);
}

/* The stored answer again, or the reason why there is none. */
static void
answer_repeat(struct exchange *exchange, const struct idempotency_key *key,
              const struct idempotency_found *found)
{
    struct buf text = BUF_INIT(PACKED_MAX_BYTES);
    struct reply *reply = exchange->reply;

    if (!found->same_body) {
        refuse_key(reply, "idempotency_key_reused",
                   "this key was used with another body");
    } else if (found->status == 0) {
        reply_error(reply, 409, "idempotency_key_in_use",
                    "The first request with this " HEADER
                    " is still under way");
        reply_header(reply, "Retry-After", "1");
    } else if (seal_reveal(exchange->app->sealer, place_of(key),
                           buf_slice(&found->sealed), &text) == SEAL_OK &&
               idempotency_unpack(buf_slice(&text), found->status, reply)) {
        reply_header(reply, "Idempotent-Replayed", "true");
    } else {
        reply_error(reply, 409, "idempotency_answer_lost",
                    "A request with this " HEADER
                    " was done, but its answer cannot be read any more");
    }
    buf_wipe(&text);
}

bool
idempotency_is_asked(const struct request *request)
{
    return request_header(request, HEADER).ptr != NULL;
}

bool
idempotency_begin(struct exchange *exchange, struct idempotency *idempotency)
{
    struct slice value = request_header(exchange->request, HEADER);
    struct idempotency_key *key = &idempotency->key;
    struct idempotency_found found;
    enum db_result result = DB_AWAY;
    struct db *db;

    idempotency->claimed = false;
    if (value.ptr == NULL)
        return true;
    if (!idempotency_key_is_valid(value)) {
        refuse_key(exchange->reply, "idempotency_key_invalid",
                   "the key must be 1 to 255 printable characters");
        return false;
    }
    key->application_id = exchange->caller.application_id;
    hash_key(key, exchange->request, value);
    db = db_pool_take(exchange->app->pool);
    if (db != NULL) {
        result = store_idempotency_claim(db, key, &found);
        db_pool_give(exchange->app->pool, db);
    }
    if (result == DB_OK) {
        idempotency->claimed = true;
        return true;
    }
    if (result == DB_DUPLICATE) {
        answer_repeat(exchange, key, &found);
        buf_free(&found.sealed);
    } else {
        reply_unavailable(exchange->reply);
    }
    return false;
}

static enum db_result
keep(struct exchange *exchange, struct db *db,
     const struct idempotency_key *key)
{
    struct buf text = BUF_INIT(PACKED_MAX_BYTES);
    struct buf sealed = BUF_INIT(PACKED_MAX_BYTES + SEAL_OVERHEAD);
    enum db_result result;

    idempotency_pack(exchange->reply, &text);
    if (buf_ok(&text)) {
        seal_value(exchange->app->sealer, place_of(key), buf_slice(&text),
                   &sealed);
        result = store_idempotency_keep(db, key, exchange->reply->status,
                                        buf_slice(&sealed));
    } else {
        result = store_idempotency_drop(db, key);
    }
    /* The answer may show a secret that was made for it. */
    buf_wipe(&text);
    buf_free(&sealed);
    return result;
}

void
idempotency_end(struct exchange *exchange,
                const struct idempotency *idempotency)
{
    const struct idempotency_key *key = &idempotency->key;
    enum db_result result = DB_AWAY;
    struct db *db;

    if (!idempotency->claimed)
        return;
    db = db_pool_take(exchange->app->pool);
    if (db != NULL) {
        result = exchange->reply->status >= 500
                     ? store_idempotency_drop(db, key)
                     : keep(exchange, db, key);
        db_pool_give(exchange->app->pool, db);
    }
    if (result != DB_OK)
        log_warning(LOGGER,
                    LOG_FIELDS(LOG_TEXT("request_id", exchange->request->id)),
                    "The answer could not be kept under its " HEADER
                    ": a repeat within a minute gets 409");
}
