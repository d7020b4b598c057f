/*
 * request.c - see request.h.
 */
#include "request_impl.h"

#include "clock.h"
#include "encode.h"
#include "random.h"

#include <ctype.h>
#include <stdio.h>

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

    if (body.cap > REQUEST_KEPT_BYTES)
        buf_free(&body);
    if (storage.cap > REQUEST_KEPT_BYTES)
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

struct slice
request_param(const struct request *request, const char *name)
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
        return present(request_param(request, "CONTENT_TYPE"));
    if (slice_is_nocase(slice_of(name), "Content-Length"))
        return present(request_param(request, "CONTENT_LENGTH"));
    write_variable(name, variable);
    value = request_param(request, variable);
    /* Apache renames what a RewriteRule has set for the script. */
    if (value.ptr == NULL && strcmp(variable, "HTTP_AUTHORIZATION") == 0)
        value = request_param(request, "REDIRECT_HTTP_AUTHORIZATION");
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
    method = request_param(request, "REQUEST_METHOD");
    make_id(request->id);
    request->started_mono_us = clock_mono_us();
    request->arrived_wall_us = clock_wall_us();
    request->method = read_method(method);
    request->remote_address = request_param(request, "REMOTE_ADDR");
    request->https =
        slice_is(request_param(request, "HTTPS"), "on") ||
        slice_is(request_param(request, "REQUEST_SCHEME"), "https");
    return request_read_path(request, base_path) && method.len > 0;
}
