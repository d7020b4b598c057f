/*
 * http_answer.c - an HTTP/1.1 answer; see http_answer.h.
 */
#include "http_answer.h"

#include "encode.h"
#include "number.h"

#include <string.h>

#define CHUNK_DIGITS_MAX 8

/* What the head says about the body. */
struct head {
    unsigned status;
    bool has_length, chunked;
    uint64_t length;
    size_t size; /* of the head, with the empty line */
};

static enum http_parse
broken(const char **why, const char *text)
{
    *why = text;
    return HTTP_BROKEN;
}

static struct slice
rest(struct slice text, size_t from)
{
    return slice_make(text.ptr + from, text.len - from);
}

/* The line that starts at `at`, without CR LF; false: it does not end yet. */
static bool
next_line(struct slice bytes, size_t *at, struct slice *line)
{
    const char *end = memchr(bytes.ptr + *at, '\n', bytes.len - *at);
    size_t len;

    if (end == NULL)
        return false;
    len = (size_t)(end - bytes.ptr) - *at;
    *line = slice_make(bytes.ptr + *at, len);
    *at += len + 1;
    if (line->len > 0 && line->ptr[line->len - 1] == '\r')
        line->len--;
    return true;
}

/* "HTTP/1.1 202 Accepted" */
static bool
read_status(struct slice line, unsigned *status)
{
    uint64_t number;

    if (line.len < 12 || memcmp(line.ptr, "HTTP/1.", 7) != 0 ||
        line.ptr[8] != ' ' || (line.len > 12 && line.ptr[12] != ' ') ||
        !number_u64(slice_make(line.ptr + 9, 3), 599, &number) || number < 100)
        return false;
    *status = (unsigned)number;
    return true;
}

static bool
read_header(struct slice line, struct head *head)
{
    const char *colon = memchr(line.ptr, ':', line.len);
    struct slice name, value;
    uint64_t length;

    if (colon == NULL || colon == line.ptr)
        return false;
    name = slice_make(line.ptr, (size_t)(colon - line.ptr));
    value = slice_trim(rest(line, name.len + 1));
    if (slice_is_nocase(name, "transfer-encoding")) {
        if (head->chunked || !slice_is_nocase(value, "chunked"))
            return false;
        head->chunked = true;
    } else if (slice_is_nocase(name, "content-length")) {
        if (!number_u64(value, UINT64_MAX, &length) ||
            (head->has_length && length != head->length))
            return false;
        head->has_length = true;
        head->length = length;
    }
    return !(head->chunked && head->has_length);
}

static enum http_parse
read_head(struct slice bytes, struct head *head, const char **why)
{
    struct slice line;
    size_t at = 0;

    *head = (struct head){.status = 0};
    while (next_line(bytes, &at, &line)) {
        if (head->status == 0) {
            if (!read_status(line, &head->status))
                return broken(why, "it does not speak HTTP/1.1");
        } else if (line.len == 0) {
            head->size = at;
            return HTTP_WHOLE;
        } else if (!read_header(line, head)) {
            return broken(why, "its headers are wrong");
        }
    }
    if (bytes.len > HTTP_HEAD_MAX)
        return broken(why, "its headers do not end");
    return HTTP_MORE;
}

/* "1a" or "1a;extension" */
static bool
chunk_size(struct slice line, size_t *size)
{
    size_t digits = 0, value = 0;

    while (digits < line.len && decode_hex_digit(line.ptr[digits]) >= 0 &&
           digits <= CHUNK_DIGITS_MAX)
        value = value * 16 + (size_t)decode_hex_digit(line.ptr[digits++]);
    if (digits == 0 || digits > CHUNK_DIGITS_MAX ||
        (digits < line.len && line.ptr[digits] != ';' &&
         line.ptr[digits] != ' '))
        return false;
    *size = value;
    return true;
}

static enum http_parse
read_chunks(struct slice bytes, struct buf *body, const char **why)
{
    struct slice line;
    size_t at = 0, size;

    while (next_line(bytes, &at, &line)) {
        if (!chunk_size(line, &size))
            return broken(why, "the body's chunks are wrong");
        if (size == 0)
            return HTTP_WHOLE; /* trailers are of no interest */
        if (size > HTTP_BODY_MAX - body->len)
            return broken(why, "its body is too large");
        if (bytes.len - at < size + 2)
            return HTTP_MORE;
        buf_add(body, bytes.ptr + at, size);
        at += size;
        if (memcmp(bytes.ptr + at, "\r\n", 2) != 0)
            return broken(why, "the body's chunks are wrong");
        at += 2;
    }
    return HTTP_MORE;
}

static enum http_parse
read_body(const struct head *head, struct slice bytes, bool ended,
          struct buf *body, const char **why)
{
    enum http_parse result;

    if (head->status == 204 || head->status == 304)
        return HTTP_WHOLE;
    if (head->chunked) {
        result = read_chunks(bytes, body, why);
        return result == HTTP_MORE && ended
                   ? broken(why, "it closed before its body was whole")
                   : result;
    }
    if ((head->has_length ? head->length : bytes.len) > HTTP_BODY_MAX)
        return broken(why, "its body is too large");
    if (head->has_length && bytes.len < head->length)
        return ended ? broken(why, "it closed before its body was whole")
                     : HTTP_MORE;
    if (!head->has_length && !ended)
        return HTTP_MORE;
    buf_add(body, bytes.ptr,
            head->has_length ? (size_t)head->length : bytes.len);
    return HTTP_WHOLE;
}

enum http_parse
http_answer_parse(struct slice bytes, bool ended, struct http_answer *answer,
                  const char **why)
{
    struct buf body = BUF_INIT(HTTP_BODY_MAX);
    enum http_parse result;
    struct head head;

    do {
        result = read_head(bytes, &head, why);
        if (result == HTTP_MORE && ended)
            return broken(why, bytes.len == 0
                                   ? "it closed without an answer"
                                   : "it closed before its headers were whole");
        if (result != HTTP_WHOLE)
            return result;
        bytes = rest(bytes, head.size);
    } while (head.status < 200);
    result = read_body(&head, bytes, ended, &body, why);
    if (result == HTTP_WHOLE)
        *answer = (struct http_answer){.status = head.status, .body = body};
    else
        buf_free(&body);
    return result;
}
