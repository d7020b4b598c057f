/*
 * http_request.c - see http_request.h.
 */
#include "http_request.h"

#include "target.h"

#define HEADER_MAX 8192 /* bytes of one header line */
#define BODY_KEPT 65536 /* bytes of memory that an idle request keeps */

void
request_init(struct request *request)
{
    *request = (struct request){.headers = NULL};
    buf_init(&request->url, 2 * TARGET_URL_MAX);
    buf_init(&request->body, SIZE_MAX);
}

void
request_clear(struct request *request)
{
    if (request->body.cap > BODY_KEPT)
        buf_free(&request->body);
    else
        buf_clear(&request->body);
    buf_clear(&request->url);
    curl_slist_free_all(request->headers);
    request->headers = NULL;
    request->get = false;
    request->timeout_ms = 0;
    request->connect_ms = 0;
    request->answer_kept = 0;
}

void
request_free(struct request *request)
{
    request_clear(request);
    buf_free(&request->body);
    buf_free(&request->url);
}

/* An empty value is written as "name;", which is how libcurl sends it. */
void
request_add_header(struct request *request, const char *name,
                   struct slice value)
{
    struct buf line = BUF_INIT(HEADER_MAX);
    struct curl_slist *longer;
    size_t i;

    buf_add_text(&line, name);
    buf_add_text(&line, value.len == 0 ? ";" : ": ");
    for (i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];

        buf_add_char(&line,
                     (c < 0x20 && c != '\t') || c == 0x7f ? '?' : (char)c);
    }
    longer =
        buf_ok(&line) ? curl_slist_append(request->headers, line.data) : NULL;
    if (longer != NULL)
        request->headers = longer;
    buf_free(&line);
}

bool
request_expect_nothing(struct request *request)
{
    /* Without a value libcurl leaves its own header out. */
    struct curl_slist *longer = curl_slist_append(request->headers, "Expect:");

    if (longer == NULL)
        return false;
    request->headers = longer;
    return true;
}
