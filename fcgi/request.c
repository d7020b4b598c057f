/*
 * request.c - see request.h.
 */
#include "request.h"

#include "clock.h"
#include "encode.h"
#include "id.h"
#include "json.h"
#include "random.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>

#define KEPT_BYTES 16384 /* memory a connection keeps for the next */
#define PARAM_NAME_MAX 128
#define STORAGE_MAX_BYTES (512 * 1024) /* path and query; servers cut earlier */

static const char *const method_names[] = {
    [METHOD_GET] = "GET",         [METHOD_HEAD] = "HEAD",
    [METHOD_POST] = "POST",       [METHOD_PUT] = "PUT",
    [METHOD_PATCH] = "PATCH",     [METHOD_DELETE] = "DELETE",
    [METHOD_OPTIONS] = "OPTIONS", [METHOD_OTHER] = "OTHER",
};

const char *
request_method_name(enum method method)
{
    return method_names[method];
}

void
request_init(struct request *request, size_t max_body)
{
    *request = (struct request){.method = METHOD_OTHER};
    buf_init(&request->body, max_body);
    buf_init(&request->storage, STORAGE_MAX_BYTES);
}

void
request_clear(struct request *request)
{
    struct buf body = request->body, storage = request->storage;

    if (body.cap > KEPT_BYTES)
        buf_free(&body);
    if (storage.cap > KEPT_BYTES)
        buf_free(&storage);
    buf_clear(&body);
    buf_clear(&storage);
    *request = (struct request){
        .method = METHOD_OTHER, .body = body, .storage = storage};
}

void
request_free(struct request *request)
{
    buf_free(&request->body);
    buf_free(&request->storage);
}

/* Where names end, so that looking for one of them is not reading them all. */
static void
note_name_lengths(struct request *request)
{
    size_t i;

    for (i = 0; i < REQUEST_NAMES && request->params[i] != NULL; i++) {
        const char *end = strchr(request->params[i], '=');
        size_t len = end == NULL ? 0 : (size_t)(end - request->params[i]);

        request->name_len[i] = len <= UINT16_MAX ? (uint16_t)len : 0;
    }
}

/* The CGI variable of that name; absent: ptr NULL. */
static struct slice
param(const struct request *request, const char *name)
{
    char *const *params = request->params;
    size_t len = strlen(name), i;

    for (i = 0; params != NULL && params[i] != NULL; i++) {
        if (i < REQUEST_NAMES && request->name_len[i] != 0 &&
            request->name_len[i] != len)
            continue;
        if (strncmp(params[i], name, len) == 0 && params[i][len] == '=')
            return slice_of(params[i] + len + 1);
    }
    return SLICE_NONE;
}

/* A web server passes CONTENT_TYPE as "" when the client sent none. */
static struct slice
present(struct slice value)
{
    return value.len == 0 ? SLICE_NONE : value;
}

/* "X-Request-Id" as CGI names it. */
static void
write_variable(const char *name, char variable[PARAM_NAME_MAX])
{
    size_t at = strlen("HTTP_"), i;

    memcpy(variable, "HTTP_", at);
    for (i = 0; name[i] != '\0' && at + 1 < PARAM_NAME_MAX; i++) {
        unsigned char c = (unsigned char)name[i];

        variable[at++] = c == '-' ? '_' : (char)toupper(c);
    }
    variable[at] = '\0';
}

struct slice
request_header(const struct request *request, const char *name)
{
    char variable[PARAM_NAME_MAX];
    struct slice value;

    if (slice_is_nocase(slice_of(name), "Content-Type"))
        return present(param(request, "CONTENT_TYPE"));
    if (slice_is_nocase(slice_of(name), "Content-Length"))
        return present(param(request, "CONTENT_LENGTH"));
    write_variable(name, variable);
    value = param(request, variable);
    /* Apache renames what a RewriteRule has set for the script. */
    if (value.ptr == NULL && strcmp(variable, "HTTP_AUTHORIZATION") == 0)
        value = param(request, "REDIRECT_HTTP_AUTHORIZATION");
    return value;
}

bool
request_header_repeats(const struct request *request, const char *name)
{
    char variable[PARAM_NAME_MAX];
    size_t count = 0, len, i;

    write_variable(name, variable);
    len = strlen(variable);
    for (i = 0; request->params != NULL && request->params[i] != NULL; i++)
        count += strncmp(request->params[i], variable, len) == 0 &&
                 request->params[i][len] == '=';
    return count > 1;
}

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
    struct slice uri = param(request, "REQUEST_URI");
    struct slice info = param(request, "PATH_INFO"), path, rest;

    *query = param(request, "QUERY_STRING");
    if (uri.len == 0) {
        path = info.len > 0 ? info : param(request, "SCRIPT_NAME");
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
        path = without_prefix(path, param(request, "SCRIPT_NAME"));
    return path;
}

static bool
read_path(struct request *request, const char *base_path)
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

static enum method
read_method(struct slice name)
{
    unsigned i;

    for (i = 0; i < METHOD_OTHER; i++) {
        if (slice_is(name, method_names[i]))
            return (enum method)i;
    }
    return METHOD_OTHER;
}

static void
make_id(char out[REQUEST_ID_MAX])
{
    char text[14];

    encode_base32_u64(random_u64() >> 1, text);
    snprintf(out, REQUEST_ID_MAX, "req_%s", text);
}

bool
request_read_params(struct request *request, const char *base_path,
                    char *const *params)
{
    struct slice method;

    request->params = params;
    note_name_lengths(request);
    method = param(request, "REQUEST_METHOD");
    make_id(request->id);
    request->started_mono_us = clock_mono_us();
    request->arrived_wall_us = clock_wall_us();
    request->method = read_method(method);
    request->remote_address = param(request, "REMOTE_ADDR");
    request->https = slice_is(param(request, "HTTPS"), "on") ||
                     slice_is(param(request, "REQUEST_SCHEME"), "https");
    return read_path(request, base_path) && method.len > 0;
}

/* "1.2.3.4", "1.2.3.4:567", "::1", "[::1]:567": the address alone. */
static struct slice
without_port(struct slice address)
{
    const char *end;

    if (address.len > 0 && address.ptr[0] == '[') {
        end = memchr(address.ptr, ']', address.len);
        return end == NULL ? address
                           : slice_make(address.ptr + 1,
                                        (size_t)(end - address.ptr) - 1);
    }
    if (address.len == 0)
        return address;
    end = memchr(address.ptr, ':', address.len);
    if (end != NULL &&
        memchr(end + 1, ':', address.len - (size_t)(end - address.ptr) - 1) ==
            NULL)
        return slice_make(address.ptr, (size_t)(end - address.ptr));
    return address;
}

void
request_trust_proxies(struct request *request,
                      const struct target_nets *trusted)
{
    struct slice list, proto, item;

    if (trusted->count == 0 ||
        !target_nets_contain_text(trusted, request->remote_address))
        return;
    proto = request_header(request, "X-Forwarded-Proto");
    if (proto.ptr != NULL)
        request->https = slice_is_nocase(slice_trim(proto), "https");
    list = request_header(request, "X-Forwarded-For");
    while (list.len > 0) {
        size_t at = list.len;

        while (at > 0 && list.ptr[at - 1] != ',')
            at--;
        item = without_port(slice_trim(slice_from(list, at)));
        if (item.len == 0)
            return;
        request->remote_address = item;
        if (!target_nets_contain_text(trusted, item))
            return;
        list.len = at == 0 ? 0 : at - 1;
    }
}
