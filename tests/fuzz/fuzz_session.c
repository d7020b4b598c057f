/*
 * fuzz_session.c - a whole connection from a web server: however its bytes are
 * cut, the same requests are read and the same answers are owed.
 *
 * Input: two bytes that say where to cut, then what the web server sends.
 */
#include "fuzz.h"

#include "fastcgi_session.h"
#include "json.h"

#define BODY_MAX 512 /* small, so that inputs pass it */
#define LOG_MAX ((size_t)1 << 22)

static const struct fastcgi_rules rules = {"/hooks", 64, NULL};

static void
note_slice(struct buf *journal, struct slice text)
{
    buf_addf(journal, " %d:", text.ptr != NULL);
    buf_add_slice(journal, text);
}

/* Everything of the request that does not depend on the clock. */
static void
note_request(struct buf *journal, const struct request *request)
{
    size_t i;

    FUZZ_CHECK(request->body.len <= BODY_MAX);
    FUZZ_CHECK(json_is_utf8(request->path));
    buf_addf(journal, "%s", request_method_name(request->method));
    note_slice(journal, request->path);
    note_slice(journal, request->query);
    note_slice(journal, request_query(request, "a"));
    note_slice(journal, request->remote_address);
    note_slice(journal, request_header(request, "X-Webhook-Signature"));
    note_slice(journal, buf_slice(&request->body));
    buf_addf(journal, " %d%d%d\n", request->https, request->body_cut,
             request->body_too_large);
    for (i = 0; request->params[i] != NULL; i++) {
        FUZZ_CHECK(strchr(request->params[i], '=') > request->params[i]);
        buf_addf(journal, "%s\n", request->params[i]);
    }
}

/* False: that was the last one, as the web server or we want it. */
static bool
answer(struct fastcgi_session *session, struct request *request)
{
    bool last = request->body_too_large;
    struct reply reply;

    reply_init(&reply);
    reply_json_text(&reply, 200, SLICE("{\"status\":\"ok\"}"));
    fastcgi_session_answer(session, request->method, &reply, last);
    reply_free(&reply);
    request_clear(request);
    FUZZ_CHECK(session->stage == FASTCGI_IDLE);
    return session->keep && !last;
}

/* False: the connection is to be closed. */
static bool
take(struct fastcgi_session *session, struct slice chunk,
     struct request *request, struct buf *journal)
{
    enum fastcgi_news news =
        fastcgi_session_take(session, &rules, chunk, request);

    while (news == FASTCGI_REQUEST) {
        FUZZ_CHECK(session->stage == FASTCGI_WHOLE);
        note_request(journal, request);
        if (!answer(session, request))
            return false;
        news = fastcgi_session_resume(session, &rules, request);
    }
    return news == FASTCGI_WAIT;
}

/* In chunks of at most `most` bytes, whose sizes follow from a seed, or (0) in
   one piece. */
static void
run(struct slice input, size_t most, uint32_t seed, struct buf *journal)
{
    struct fastcgi_session session;
    struct request request;
    bool open = true;

    buf_init(journal, LOG_MAX);
    fastcgi_session_init(&session);
    request_init(&request, BODY_MAX);
    while (input.len > 0 && open) {
        size_t len = most == 0 ? input.len : 1 + (seed >> 16) % most;
        struct slice chunk =
            slice_make(input.ptr, len < input.len ? len : input.len);

        seed = seed * 1664525u + 1013904223u;
        input = slice_make(input.ptr + chunk.len, input.len - chunk.len);
        open = take(&session, chunk, &request, journal);
    }
    buf_addf(journal, "%s at stage %d\n", open ? "open" : "closed",
             (int)session.stage);
    buf_add_slice(journal, buf_slice(&session.out));
    FUZZ_CHECK(buf_ok(journal) && buf_ok(&session.out));
    request_free(&request);
    fastcgi_session_free(&session);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf whole, cut;
    struct slice input;

    if (size < 2)
        return 0;
    input = slice_make(data + 2, size - 2);
    run(input, 0, 0, &whole);
    run(input, 1 + data[0], data[1], &cut);
    FUZZ_CHECK(slice_equal(buf_slice(&whole), buf_slice(&cut)));
    buf_free(&cut);
    run(input, 1, 0, &cut);
    FUZZ_CHECK(slice_equal(buf_slice(&whole), buf_slice(&cut)));
    buf_free(&cut);
    buf_free(&whole);
    return 0;
}
