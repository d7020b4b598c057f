/*
 * fuzz_request.c - CGI variables as a web server sends them: path, query,
 * headers and the address behind proxies.
 *
 * Input: lines of NAME=value, as in a CGI environment.
 */
#include "fuzz.h"

#include "json.h"
#include "request.h"

#define PARAMS_MAX 64

/* Cuts the text into lines; params end with NULL. */
static void
split(char *text, char *params[PARAMS_MAX + 1])
{
    size_t count = 0;
    char *newline;

    for (; *text != '\0' && count < PARAMS_MAX; text = newline + 1) {
        newline = strchr(text, '\n');
        if (strchr(text, '=') != NULL)
            params[count++] = text;
        if (newline == NULL)
            break;
        *newline = '\0';
    }
    params[count] = NULL;
}

static void
check_query(const struct request *request)
{
    static const char *const names[] = {"a", "limit", "cursor", "", "\xc3\xa4"};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct slice value = request_query(request, names[i]);

        if (value.ptr == NULL)
            continue;
        FUZZ_CHECK(json_is_utf8(value));
        FUZZ_CHECK(value.len == 0 ||
                   memchr(value.ptr, '\0', value.len) == NULL);
    }
}

/* Decoded once only, and a path for the router. */
static void
check_path(struct slice path, bool readable)
{
    if (!readable)
        return;
    FUZZ_CHECK(path.len > 0 && path.ptr[0] == '/');
    FUZZ_CHECK(json_is_utf8(path));
    FUZZ_CHECK(memchr(path.ptr, '\0', path.len) == NULL);
}

static void
try_request(char *const *params, const char *base_path,
            const struct target_nets *trusted)
{
    struct slice before;
    struct request request;
    bool readable;

    request_init(&request, 100);
    readable = request_read_params(&request, base_path, params);
    check_path(request.path, readable);
    check_query(&request);
    before = request.remote_address;
    request_trust_proxies(&request, trusted);
    if (!target_nets_contain_text(trusted, before))
        FUZZ_CHECK(slice_equal(request.remote_address, before));
    (void)request_header(&request, "X-Webhook-Signature");
    (void)request_header(&request, "Content-Type");
    request_free(&request);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = slice_text(slice_make(data, size));
    struct target_nets trusted = {.count = 0}, nobody = {.count = 0};
    struct buf why = BUF_INIT(512);
    char *params[PARAMS_MAX + 1];

    FUZZ_CHECK(target_nets_parse("10.0.0.0/8, ::1", &trusted, &why));
    split(text, params);
    try_request(params, "", &nobody);
    try_request(params, "/hooks", &trusted);
    free(text);
    buf_free(&why);
    return 0;
}
