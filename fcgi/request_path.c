/*
 * request_path.c - path and query of a request, from the variables in which
 * web servers pass them; see request.h.
 */
#include "request_impl.h"

#include "encode.h"
#include "json.h"

#include <assert.h>

/* Reads "%41" at text.ptr[at]. -1: no complete escape. */
static int
escape_value(struct slice text, size_t at)
{
    int high, low;

    if (text.len - at < 3)
        return -1;
    high = decode_hex_digit(text.ptr[at + 1]);
    low = decode_hex_digit(text.ptr[at + 2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/* Appends the decoded path. False: it cannot be one of ours. */
static bool
decode_path(struct slice raw, struct buf *out)
{
    size_t i, start = out->len;

    for (i = 0; i < raw.len; i++) {
        int value = (unsigned char)raw.ptr[i];

        if (value == '%') {
            value = escape_value(raw, i);
            if (value < 0 || value == '/')
                return false;
            i += 2;
        }
        if (value == '\0')
            return false;
        buf_add_char(out, (char)value);
    }
    return json_is_utf8(slice_make(out->data + start, out->len - start));
}

/* Appends one half of a pair and its NUL. False: it holds NUL or is no text. */
static bool
decode_query_part(struct slice raw, struct buf *out)
{
    size_t i, start = out->len;

    for (i = 0; i < raw.len; i++) {
        int value = (unsigned char)raw.ptr[i];

        if (value == '+')
            value = ' ';
        if (value == '%' && escape_value(raw, i) >= 0) {
            value = escape_value(raw, i);
            i += 2;
        }
        if (value == '\0')
            return false;
        buf_add_char(out, (char)value);
    }
    if (!json_is_utf8(slice_make(out->data + start, out->len - start)))
        return false;
    buf_add_char(out, '\0');
    return true;
}

static struct slice
slice_from(struct slice text, size_t at)
{
    return slice_make(text.ptr + at, text.len - at);
}

/* Splits at the first `c`; without one, *rest is empty. */
static struct slice
slice_until(struct slice text, char c, struct slice *rest)
{
    const char *end = text.len == 0 ? NULL : memchr(text.ptr, c, text.len);
    size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);

    *rest = end == NULL ? slice_make("", 0) : slice_from(text, len + 1);
    return slice_make(text.ptr, len);
}

static void
decode_query(struct request *request)
{
    struct buf *out = &request->storage;
    struct slice rest = request->query;
    const char *data = out->data;
    size_t start = out->len;

    while (rest.len > 0) {
        struct slice pair = slice_until(rest, '&', &rest), value;
        struct slice name = slice_until(pair, '=', &value);
        size_t before = out->len;

        if (name.len == 0)
            continue;
        /* A bad pair is taken back: buf has no other way to shrink. */
        if (!decode_query_part(name, out) || !decode_query_part(value, out))
            out->len = before;
    }
    assert(out->data == data); /* request->path points there */
    request->query_pairs = slice_make(data + start, out->len - start);
}

struct slice
request_query(const struct request *request, const char *name)
{
    struct slice rest = request->query_pairs;

    while (rest.len > 0) {
        struct slice got = slice_until(rest, '\0', &rest);
        struct slice value = slice_until(rest, '\0', &rest);

        if (slice_is(got, name))
            return value;
    }
    return SLICE_NONE;
}

static bool
starts_with(struct slice text, struct slice prefix)
{
    return text.len >= prefix.len &&
           memcmp(text.ptr, prefix.ptr, prefix.len) == 0;
}

/* `path` without `prefix` where that is a whole number of its segments. */
static struct slice
without_prefix(struct slice path, struct slice prefix)
{
    if (prefix.len == 0 || !starts_with(path, prefix))
        return path;
    if (path.len > prefix.len && path.ptr[prefix.len] != '/')
        return path;
    return slice_from(path, prefix.len);
}

/*
 * The path as the client wrote it. REQUEST_URI is the one variable that every
 * server gives undecoded; the others are for servers that leave it out.
 * Without rewriting rules the program's own name stands in front
 * (/postern.fcgi/health), which a server tells by a PATH_INFO.
 */
static struct slice
raw_path(const struct request *request, struct slice *query)
{
    struct slice uri = request_param(request, "REQUEST_URI");
    struct slice info = request_param(request, "PATH_INFO"), path, rest;

    *query = request_param(request, "QUERY_STRING");
    if (uri.len == 0) {
        path = info.len > 0 ? info : request_param(request, "SCRIPT_NAME");
        return path.ptr == NULL ? slice_make("", 0) : path;
    }
    if (uri.ptr[0] != '/') {
        /* absolute form: http://host/path */
        const char *slashes = strstr(uri.ptr, "://");
        const char *start = slashes == NULL ? NULL : strchr(slashes + 3, '/');

        uri = start == NULL ? SLICE("/") : slice_of(start);
    }
    path = slice_until(uri, '?', &rest);
    if (query->ptr == NULL)
        *query = rest;
    if (info.len > 0 && info.ptr[0] == '/')
        path = without_prefix(path, request_param(request, "SCRIPT_NAME"));
    return path;
}

bool
request_read_path(struct request *request, const char *base_path)
{
    struct slice raw = raw_path(request, &request->query), path;
    size_t start = request->storage.len;

    request->path = SLICE("");
    /* Slices of the storage must not move, so all of it is reserved before the
       first. Decoding makes nothing longer, but each pair of the query ends
       with two NULs, also where neither '=' nor '&' stood: "a&b" becomes six
       bytes. */
    if (buf_reserve(&request->storage, raw.len + 2 * request->query.len + 2) ==
        NULL)
        return false;
    if (!decode_path(raw, &request->storage))
        return false;
    path =
        slice_make(request->storage.data + start, request->storage.len - start);
    path = without_prefix(path, slice_of(base_path));
    if (path.len > 1 && path.ptr[path.len - 1] == '/')
        path.len--;
    if (path.len > 0 && path.ptr[0] != '/')
        return false;
    request->path = path.len == 0 ? SLICE("/") : path;
    decode_query(request);
    return true;
}
