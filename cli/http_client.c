/*
 * http_client.c - one HTTP request; see http_client.h.
 */
#include "http_client.h"

#include "clock.h"
#include "target.h"
#include "version.h"
#include "wire.h"

#include <stdlib.h>

#define READ_CHUNK 16384

/* Whoever types a command may talk to whom he likes. */
static bool
read_url(struct slice text, struct target_url *url, struct buf *why)
{
    struct target_nets all = {.count = 0};
    enum target_result result;

    if (!target_nets_parse("0.0.0.0/0 ::/0", &all, why))
        return false;
    result = target_check_url(text, false, &all, url);
    if (result == TARGET_OK)
        return true;
    buf_add_text(why, target_result_text(result));
    return false;
}

static void
add_head(const struct http_request *request, const struct target_url *url,
         struct buf *out)
{
    bool bracketed = memchr(url->host.ptr, ':', url->host.len) != NULL;
    struct slice path = url->path;

    buf_add_text(out, "POST ");
    if (path.len == 0 || path.ptr[0] != '/')
        buf_add_char(out, '/');
    buf_add_slice(out, path);
    buf_add_text(out,
                 bracketed ? " HTTP/1.1\r\nHost: [" : " HTTP/1.1\r\nHost: ");
    buf_add_slice(out, url->host);
    buf_addf(out, "%s:%u\r\n", bracketed ? "]" : "", (unsigned)url->port);
    buf_add_text(out, "User-Agent: postern/" POSTERN_VERSION "\r\n"
                      "Connection: close\r\n");
    buf_addf(out, "Content-Length: %zu\r\n", request->body.len);
    buf_add_slice(out, request->headers);
    buf_add_text(out, "\r\n");
}

/* Reads until the answer is whole. */
static bool
read_answer(struct wire *wire, struct http_answer *answer, struct buf *why)
{
    /* Chunks of one byte take six; what is larger is not ours to read. */
    struct buf bytes = BUF_INIT(HTTP_HEAD_MAX + 6 * HTTP_BODY_MAX);
    enum http_parse result = HTTP_MORE;
    const char *reason = "its answer is too large";
    ssize_t n = 1;

    while (result == HTTP_MORE && n > 0) {
        char *room = buf_reserve(&bytes, READ_CHUNK);

        if (room == NULL) {
            result = HTTP_BROKEN;
            break;
        }
        n = wire_read(wire, room, READ_CHUNK, why);
        if (n < 0)
            break;
        buf_advance(&bytes, (size_t)n);
        result = http_answer_parse(buf_slice(&bytes), n == 0, answer, &reason);
    }
    if (result == HTTP_BROKEN)
        buf_add_text(why, reason);
    buf_free(&bytes);
    return result == HTTP_WHOLE;
}

bool
http_post(const struct http_request *request, struct http_answer *answer,
          struct buf *why)
{
    struct buf head = BUF_INIT(HTTP_HEAD_MAX);
    struct wire *wire = NULL;
    struct target_url url;
    bool answered = false;

    if (!read_url(request->url, &url, why))
        return false;
    wire = wire_open(&url, request->ca_file,
                     clock_mono_us() + request->timeout_us, why);
    if (wire == NULL)
        return false;
    add_head(request, &url, &head);
    if (!buf_ok(&head))
        buf_add_text(why, "the headers are too long");
    else
        answered = wire_write(wire, buf_slice(&head), why) &&
                   wire_write(wire, request->body, why) &&
                   read_answer(wire, answer, why);
    wire_close(wire);
    buf_free(&head);
    return answered;
}
