/*
 * reply.c - see reply.h.
 */
#include "reply.h"

#include "alloc.h"
#include "json.h"
#include "reply_problem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#define BODY_MAX_BYTES ((size_t)256 * 1024 * 1024)
#define HEADERS_MAX_BYTES 16384
#define KEPT_BODY_BYTES 16384 /* memory a connection keeps for the next */
#define MESSAGE_MAX_BYTES 1024
#define RETRY_AFTER_S 2

#define JSON_TYPE "application/json"

static const struct {
    int status;
    const char *phrase;
} phrases[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
};

const char *
reply_phrase(int status)
{
    size_t i;

    for (i = 0; i < sizeof(phrases) / sizeof(phrases[0]); i++) {
        if (phrases[i].status == status)
            return phrases[i].phrase;
    }
    return "Status";
}

static void
set_defaults(struct reply *reply)
{
    reply->status = 500;
    reply->content_type = JSON_TYPE;
    reply->family = FAMILY_API;
    reply->problem_json = false;
    reply->request = NULL;
    reply->code = NULL;
    reply->reason = NULL;
}

void
reply_init(struct reply *reply)
{
    buf_init(&reply->headers, HEADERS_MAX_BYTES);
    buf_init(&reply->body, BODY_MAX_BYTES);
    set_defaults(reply);
}

void
reply_clear(struct reply *reply)
{
    /* It may have shown a secret for the only time. */
    if (reply->body.cap > KEPT_BODY_BYTES)
        buf_wipe(&reply->body);
    else if (reply->body.len > 0)
        explicit_bzero(reply->body.data, reply->body.len);
    buf_clear(&reply->headers);
    buf_clear(&reply->body);
    set_defaults(reply);
}

void
reply_free(struct reply *reply)
{
    buf_free(&reply->headers);
    buf_wipe(&reply->body);
}

static bool
is_header_text(const char *value)
{
    return strpbrk(value, "\r\n") == NULL;
}

void
reply_header(struct reply *reply, const char *name, const char *value)
{
    assert(name[0] != '\0' && strpbrk(name, "\r\n: ") == NULL);
    if (!is_header_text(value))
        return;
    buf_add_text(&reply->headers, name);
    buf_add_text(&reply->headers, ": ");
    buf_add_text(&reply->headers, value);
    buf_add_text(&reply->headers, "\r\n");
}

void
reply_json_text(struct reply *reply, int status, struct slice json)
{
    reply->status = status;
    reply->content_type = JSON_TYPE;
    buf_clear(&reply->body);
    buf_add_slice(&reply->body, json);
}

void
reply_empty(struct reply *reply, int status)
{
    reply->status = status;
    reply->content_type = NULL;
    buf_clear(&reply->body);
}

static void
add_member(struct buf *out, const char *name, struct slice value)
{
    buf_addf(out, ",\"%s\":", name);
    json_add_string(out, value);
}

static void
begin_error(struct reply *reply, int status, const char *code)
{
    reply->status = status;
    reply->code = code;
    reply->content_type = JSON_TYPE;
    buf_clear(&reply->body);
}

static void
add_error_headers(struct reply *reply)
{
    char seconds[16];

    snprintf(seconds, sizeof(seconds), "%d", RETRY_AFTER_S);
    if (reply->status == 503 || reply->status == 429)
        reply_header(reply, "Retry-After", seconds);
    /* A receiver's 401 is about a signature: no scheme to offer. */
    if (reply->status == 401 &&
        (reply->family == FAMILY_API || reply->family == FAMILY_SVIX))
        reply_header(reply, "WWW-Authenticate", "Bearer realm=\"postern\"");
}

/* Svix has one word for whatever is wrong with a token. */
static const char *
svix_code(const struct reply *reply)
{
    return reply->status == 401 ? "authentication_failed" : reply->code;
}

static void
print_error(struct reply *reply, const char *message, struct slice members)
{
    struct buf *out = &reply->body;

    add_error_headers(reply);
    if (reply->problem_json) {
        reply_problem_error(reply, message, members);
        return;
    }
    if (reply->family == FAMILY_RECEIVE) {
        buf_addf(out, "{\"error\":\"%s\"", reply->code);
        add_member(out, "message", slice_of(message));
    } else if (reply->family == FAMILY_SVIX) {
        buf_addf(out, "{\"code\":\"%s\"", svix_code(reply));
        add_member(out, "detail", slice_of(message));
    } else {
        buf_add_text(out, "{\"detail\":");
        json_add_string(out, slice_of(message));
    }
    if (members.ptr != NULL)
        buf_add_slice(out, members);
    buf_add_char(out, '}');
}

void
reply_error(struct reply *reply, int status, const char *code,
            const char *format, ...)
{
    char message[MESSAGE_MAX_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    begin_error(reply, status, code);
    print_error(reply, message, SLICE_NONE);
}

void
reply_error_members(struct reply *reply, int status, const char *code,
                    struct slice members, const char *format, ...)
{
    char message[MESSAGE_MAX_BYTES];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    begin_error(reply, status, code);
    print_error(reply, message, members);
}

void
reply_problems(struct reply *reply, const struct problems *problems)
{
    begin_error(reply, 422, "validation_error");
    if (reply->problem_json)
        reply_problem_fields(reply, problems);
    else
        problem_print(problems, &reply->body);
}

void
reply_unavailable(struct reply *reply)
{
    reply_error(reply, 503, "unavailable",
                "The database is not available at the moment");
}

void
reply_overloaded(struct reply *reply, const char *message)
{
    reply_error(reply, 503, "overloaded", "%s", message);
}

struct slice
reply_print_head(const struct reply *reply, enum method method, struct buf *out)
{
    bool has_body = reply->status != 204 && reply->status != 304;

    buf_addf(out, "Status: %d %s\r\n", reply->status,
             reply_phrase(reply->status));
    if (has_body && reply->content_type != NULL)
        buf_addf(out, "Content-Type: %s\r\n", reply->content_type);
    if (has_body)
        buf_addf(out, "Content-Length: %zu\r\n", reply->body.len);
    buf_add_slice(out, buf_slice(&reply->headers));
    buf_add_text(out, "\r\n");
    return has_body && method != METHOD_HEAD ? buf_slice(&reply->body)
                                             : slice_make("", 0);
}

void
reply_print(const struct reply *reply, enum method method, struct buf *out)
{
    buf_add_slice(out, reply_print_head(reply, method, out));
}
