/*
 * test_fastcgi_session.c - unit tests for fcgi/transport/fastcgi_session.c: what a
 * connection makes of bytes, and what it sends.
 */
#include "fastcgi_session.h"

#include "fastcgi_bytes.h"
#include "unit.h"

#define BODY_MAX 1000
#define BIG SIZE_MAX / 2

static const struct fastcgi_rules rules = {.base_path = "", .connections = 9};

/* A web server's end of the wire. */
struct wire {
    struct fastcgi_session session;
    const struct fastcgi_rules *rules;
    struct request request;
    struct buf log; /* the requests that were answered, a line each */
    bool closed;
    bool last; /* the next answer is the last one */
};

static void
open_wire(struct wire *wire)
{
    fastcgi_session_init(&wire->session);
    wire->rules = &rules;
    request_init(&wire->request, BODY_MAX);
    wire->log = BUF_INIT(BIG);
    wire->closed = false;
    wire->last = false;
}

static void
close_wire(struct wire *wire)
{
    fastcgi_session_free(&wire->session);
    request_free(&wire->request);
    buf_free(&wire->log);
}

static void
answer(struct wire *wire)
{
    const struct request *request = &wire->request;
    struct reply reply;

    buf_addf(&wire->log, "%s %.*s %zu%s%s\n",
             request_method_name(request->method), (int)request->path.len,
             request->path.ptr, request->body.len,
             request->body_too_large ? " too large" : "",
             request->body_cut       ? " cut"
             : request->body_refused ? " refused"
                                     : "");
    reply_init(&reply);
    reply_json_text(&reply, 200, SLICE("{}"));
    fastcgi_session_answer(&wire->session, request->method, &reply, wire->last);
    reply_free(&reply);
    request_clear(&wire->request);
}

static void
feed(struct wire *wire, struct slice input)
{
    enum fastcgi_news news;

    if (wire->closed)
        return;
    news = fastcgi_session_take(&wire->session, wire->rules, input,
                                &wire->request);
    while (news == FASTCGI_REQUEST) {
        answer(wire);
        news =
            fastcgi_session_resume(&wire->session, wire->rules, &wire->request);
    }
    wire->closed = news == FASTCGI_CLOSE;
}

static void
feed_in_pieces(struct wire *wire, struct slice input, size_t piece)
{
    while (input.len > 0) {
        size_t len = input.len < piece ? input.len : piece;

        feed(wire, slice_make(input.ptr, len));
        input = slice_make(input.ptr + len, input.len - len);
    }
}

static const char answer_text[] =
    "Status: 200 OK\r\nContent-Type: application/json\r\n"
    "Content-Length: 2\r\n\r\n{}";

static bool
logs(const char *claim, const struct wire *wire, const char *want)
{
    bool same = slice_is(buf_slice(&wire->log), want);

    if (!same)
        fprintf(stderr, "\n%s:\n  got  %s\n  want %s\n", claim,
                wire->log.data == NULL ? "" : wire->log.data, want);
    return same;
}

static void
test_a_request_in_pieces(void)
{
    struct buf bytes = BUF_INIT(BIG), want = BUF_INIT(BIG);
    size_t piece;

    put_post(&bytes, 1, true, "/a/b?c=d", SLICE("hello"));
    put_post(&bytes, 1, false, "/second", SLICE(""));
    put_answer(&want, 1, answer_text);
    put_answer(&want, 1, answer_text);
    for (piece = 1; piece <= bytes.len; piece++) {
        struct wire wire;

        open_wire(&wire);
        feed_in_pieces(&wire, buf_slice(&bytes), piece);
        CU_ASSERT(logs("pieces", &wire, "POST /a/b 5\nPOST /second 0\n"));
        CU_ASSERT(same_bytes("answers", buf_slice(&wire.session.out),
                             buf_slice(&want)));
        CU_ASSERT(!wire.closed);
        close_wire(&wire);
    }
    buf_free(&bytes);
    buf_free(&want);
}

static void
test_keeping(void)
{
    struct buf bytes = BUF_INIT(BIG);
    struct wire wire;

    open_wire(&wire);
    put_post(&bytes, 1, true, "/", SLICE(""));
    feed(&wire, buf_slice(&bytes));
    CU_ASSERT(wire.session.keep);
    buf_clear(&bytes);
    put_post(&bytes, 1, false, "/", SLICE(""));
    feed(&wire, buf_slice(&bytes));
    CU_ASSERT(!wire.session.keep);
    close_wire(&wire);
    buf_free(&bytes);
}

/* A web server that would keep the connection sees that it must not. */
static void
test_last_answer(void)
{
    struct buf bytes = BUF_INIT(BIG), want = BUF_INIT(BIG);
    unsigned keep;

    for (keep = 0; keep < 2; keep++) {
        struct wire wire;

        buf_clear(&bytes);
        buf_clear(&want);
        put_post(&bytes, 1, keep == 1, "/", SLICE(""));
        put_answer(&want, 1, answer_text);
        if (keep == 1)
            put_record(&want, GET_VALUES_RESULT, 0, "", 0, 0);
        open_wire(&wire);
        wire.last = true;
        feed(&wire, buf_slice(&bytes));
        CU_ASSERT(same_bytes("the last answer", buf_slice(&wire.session.out),
                             buf_slice(&want)));
        close_wire(&wire);
    }
    buf_free(&bytes);
    buf_free(&want);
}

static void
test_many_requests(void)
{
    struct buf one = BUF_INIT(BIG);
    struct wire wire;
    size_t i, lines = 0;

    open_wire(&wire);
    put_post(&one, 1, true, "/x", SLICE("0123456789"));
    for (i = 0; i < 10000; i++) {
        feed_in_pieces(&wire, buf_slice(&one), 1 + i % one.len);
        fastcgi_session_sent(&wire.session);
        CU_ASSERT_EQUAL(wire.session.out.len, 0);
    }
    for (i = 0; i < wire.log.len; i++)
        lines += wire.log.data[i] == '\n';
    CU_ASSERT_EQUAL(lines, 10000);
    CU_ASSERT(!wire.closed);
    CU_ASSERT(wire.session.left.cap < 10000);
    close_wire(&wire);
    buf_free(&one);
}

static void
test_bodies(void)
{
    static char content[200000];
    static const struct {
        const char *claim;
        size_t sent, announced; /* 0: no length, as of chunked ones */
        const char *want;
    } rows[] = {
        {"as much as is kept", BODY_MAX, BODY_MAX, "POST / 1000\n"},
        {"one byte more", BODY_MAX + 1, BODY_MAX + 1, "POST / 0 too large\n"},
        {"very much more", 200000, 200000, "POST / 0 too large\n"},
        {"no length", 10, 0, "POST / 10\n"},
        {"less than announced", 10, 11, "POST / 10 cut\n"},
        {"nothing of what was announced", 0, 11, "POST / 0 cut\n"},
    };
    size_t i, piece;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (piece = 1; piece < 65536; piece = piece * 8 + 7) {
            struct buf bytes = BUF_INIT(BIG), pairs = BUF_INIT(BIG);
            char length[32];
            struct wire wire;

            open_wire(&wire);
            put_pair(&pairs, "REQUEST_METHOD", "POST");
            put_pair(&pairs, "REQUEST_URI", "/");
            snprintf(length, sizeof(length), "%zu", rows[i].announced);
            if (rows[i].announced > 0)
                put_pair(&pairs, "CONTENT_LENGTH", length);
            put_begin(&bytes, 1, 1, false);
            put_stream(&bytes, PARAMS, 1, buf_slice(&pairs), piece, 5);
            put_stream(&bytes, STDIN, 1, slice_make(content, rows[i].sent),
                       piece, 3);
            feed_in_pieces(&wire, buf_slice(&bytes), 4099);
            CU_ASSERT(logs(rows[i].claim, &wire, rows[i].want));
            close_wire(&wire);
            buf_free(&bytes);
            buf_free(&pairs);
        }
}

/* Large bodies have a share of what there is for all; each gives it back,
   however it ends. */
static void
test_memory_for_bodies(void)
{
    static char content[200000];
    enum { KEPT = 16384 };
    static const struct {
        const char *claim;
        size_t memory, sent, pieces;
        size_t used; /* before the end of the body */
        const char *want;
    } rows[] = {
        {"a small body needs none", 0, KEPT - 1, 1000, 0, "POST / 16383\n"},
        {"one byte more does", 2 * KEPT - 1, KEPT, 1000, 0,
         "POST / 0 refused\n"},
        {"it doubles as it grows", 2 * KEPT, KEPT, 1000, 2 * KEPT,
         "POST / 16384\n"},
        {"byte by byte", 2 * KEPT, KEPT, 1, 2 * KEPT, "POST / 16384\n"},
        {"what it has counts", 4 * KEPT, 4 * KEPT - 1, 9999, 4 * KEPT,
         "POST / 65535\n"},
        {"until there is no more", 4 * KEPT, 4 * KEPT, 9999, 0,
         "POST / 0 refused\n"},
        {"not more than may be kept", 100001, 100000, 9999, 100001,
         "POST / 100000\n"},
        {"larger than may be kept", 100001, 200000, 9999, 0,
         "POST / 0 too large\n"},
        {"refused, and larger still", 4 * KEPT, 200000, 9999, 0,
         "POST / 0 refused\n"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct body_budget bodies;
        const struct fastcgi_rules bounded = {"", 9, &bodies};
        struct buf bytes = BUF_INIT(BIG);
        struct wire wire;

        body_budget_init(&bodies, rows[i].memory);
        open_wire(&wire);
        wire.rules = &bounded;
        wire.request.body.max = 100000;
        put_post(&bytes, 1, true, "/", slice_make(content, rows[i].sent));
        feed_in_pieces(&wire, slice_make(bytes.data, bytes.len - 1),
                       rows[i].pieces);
        if (atomic_load(&bodies.used) != rows[i].used)
            fprintf(stderr, "\n%s: %zu bytes are used\n", rows[i].claim,
                    atomic_load(&bodies.used));
        CU_ASSERT_EQUAL(atomic_load(&bodies.used), rows[i].used);
        CU_ASSERT(wire.request.body.cap <= KEPT ||
                  wire.request.body.cap <= rows[i].used);
        feed(&wire, slice_make(bytes.data + bytes.len - 1, 1));
        CU_ASSERT(logs(rows[i].claim, &wire, rows[i].want));
        CU_ASSERT_EQUAL(atomic_load(&bodies.used), 0);
        close_wire(&wire);
        buf_free(&bytes);
    }
}

/* Given up by the web server, or with the connection. */
static void
test_memory_of_bodies_that_never_end(void)
{
    static char content[60000];
    struct body_budget bodies;
    const struct fastcgi_rules bounded = {"", 9, &bodies};
    struct buf bytes = BUF_INIT(BIG);
    struct wire wire;
    unsigned i;

    body_budget_init(&bodies, 65536);
    put_begin(&bytes, 1, 1, true);
    put_stream(&bytes, PARAMS, 1, SLICE("\1\1AB"), 65535, 0);
    put_record(&bytes, STDIN, 1, content, sizeof(content), 0);
    for (i = 0; i < 3; i++) {
        open_wire(&wire);
        wire.rules = &bounded;
        wire.request.body.max = 100000;
        feed(&wire, buf_slice(&bytes));
        CU_ASSERT_EQUAL(atomic_load(&bodies.used), 65536);
        if (i == 0) {
            struct buf abort = BUF_INIT(BIG);

            put_record(&abort, ABORT, 1, "", 0, 0);
            feed(&wire, buf_slice(&abort));
            buf_free(&abort);
        } else if (i == 1) {
            fastcgi_session_clear(&wire.session);
        } else {
            fastcgi_session_free(&wire.session);
        }
        CU_ASSERT_EQUAL(atomic_load(&bodies.used), 0);
        close_wire(&wire);
    }
    buf_free(&bytes);
}

/* A large body goes straight into its records, behind one with the head. */
static void
test_large_answer(void)
{
    static const char head[] = "Status: 200 OK\r\nContent-Type: "
                               "application/json\r\nContent-Length: "
                               "200000\r\n\r\n";
    static char content[200000];
    const char done[8] = {0};
    struct buf want = BUF_INIT(BIG);
    struct fastcgi_session session;
    struct reply reply;
    size_t at;

    memset(content, 'x', sizeof(content));
    put_record(&want, STDOUT, 7, head, sizeof(head) - 1, 0);
    for (at = 0; at < sizeof(content); at += 65535)
        put_record(&want, STDOUT, 7, content,
                   sizeof(content) - at < 65535 ? sizeof(content) - at : 65535,
                   0);
    put_record(&want, END, 7, done, sizeof(done), 0);
    fastcgi_session_init(&session);
    session.id = 7;
    reply_init(&reply);
    reply_json_text(&reply, 200, slice_make(content, sizeof(content)));
    fastcgi_session_answer(&session, METHOD_GET, &reply, false);
    CU_ASSERT(same_bytes("a large answer", buf_slice(&session.out),
                         buf_slice(&want)));
    fastcgi_session_sent(&session);
    /* Without the body where there is to be none. */
    fastcgi_session_answer(&session, METHOD_HEAD, &reply, false);
    CU_ASSERT_EQUAL(session.out.len, 8 + sizeof(head) - 1 + 16);
    reply_free(&reply);
    fastcgi_session_free(&session);
    buf_free(&want);
}

static void
test_endless_body(void)
{
    static char content[65535];
    struct buf record = BUF_INIT(BIG), start = BUF_INIT(BIG);
    struct wire wire;
    size_t i;

    open_wire(&wire);
    put_begin(&start, 1, 1, false);
    put_record(&start, PARAMS, 1, "", 0, 0);
    feed(&wire, buf_slice(&start));
    put_record(&record, STDIN, 1, content, sizeof(content), 0);
    for (i = 0; i < 1100 && !wire.closed; i++)
        feed(&wire, buf_slice(&record));
    CU_ASSERT(wire.closed); /* after 64 MB that nobody wants */
    CU_ASSERT(i > 1000);
    CU_ASSERT(wire.request.body.cap <= BODY_MAX + 1);
    close_wire(&wire);
    buf_free(&record);
    buf_free(&start);
}

/* What cannot be read is answered all the same: by the router, who sees that
   it has no path. */
static void
test_unreadable_params(void)
{
    static char much[60000];
    struct buf bytes = BUF_INIT(BIG);
    struct wire wire;
    size_t i;

    open_wire(&wire);
    put_begin(&bytes, 1, 1, true);
    put_stream(&bytes, PARAMS, 1, SLICE("\1\77A"), 65535, 0);
    put_stream(&bytes, STDIN, 1, SLICE("body"), 65535, 0);
    put_begin(&bytes, 1, 1, true);
    for (i = 0; i < 3; i++)
        put_record(&bytes, PARAMS, 1, much, sizeof(much), 0);
    put_stream(&bytes, PARAMS, 1, SLICE(""), 1, 0);
    put_stream(&bytes, STDIN, 1, SLICE("body"), 65535, 0);
    put_post(&bytes, 1, true, "/good", SLICE(""));
    feed_in_pieces(&wire, buf_slice(&bytes), 4096);
    CU_ASSERT(logs("unreadable", &wire, "OTHER  4\nOTHER  4\nPOST /good 0\n"));
    /* Nor does a connection that is kept keep what came on it. */
    CU_ASSERT(wire.session.params.text.cap <= 16384);
    CU_ASSERT_EQUAL(wire.session.params.text.len, 0);
    close_wire(&wire);
    buf_free(&bytes);
}

static void
test_interleaved_requests(void)
{
    struct buf first = BUF_INIT(BIG), second = BUF_INIT(BIG);
    struct buf want = BUF_INIT(BIG), mixed = BUF_INIT(BIG);
    const char busy[8] = {0, 0, 0, 0, 1, 0, 0, 0};
    struct wire wire;

    /* The second begins after half of the first, its records in between. */
    put_begin(&mixed, 1, 1, true);
    put_begin(&mixed, 2, 1, true);
    put_record(&mixed, PARAMS, 1, "\16\4REQUEST_METHODPOST", 20, 0);
    put_stream(&mixed, PARAMS, 2, SLICE("\1\1AB"), 65535, 0);
    put_record(&mixed, PARAMS, 1, "\13\4REQUEST_URI/one", 17, 0);
    put_record(&mixed, PARAMS, 1, "", 0, 0);
    put_record(&mixed, STDIN, 1, "abc", 3, 0);
    put_stream(&mixed, STDIN, 2, SLICE("xyz"), 1, 0);
    put_record(&mixed, ABORT, 2, "", 0, 0);
    put_record(&mixed, STDIN, 1, "", 0, 0);
    put_record(&want, END, 2, busy, sizeof(busy), 0);
    put_answer(&want, 1, answer_text);
    open_wire(&wire);
    feed_in_pieces(&wire, buf_slice(&mixed), 11);
    CU_ASSERT(logs("interleaved", &wire, "POST /one 3\n"));
    CU_ASSERT(same_bytes("refused, then answered", buf_slice(&wire.session.out),
                         buf_slice(&want)));
    CU_ASSERT(!wire.closed);
    close_wire(&wire);
    buf_free(&first);
    buf_free(&second);
    buf_free(&want);
    buf_free(&mixed);
}

static void
test_abort(void)
{
    const char done[8] = {0};
    struct buf bytes = BUF_INIT(BIG), want = BUF_INIT(BIG);
    struct wire wire;

    put_record(&want, END, 1, done, sizeof(done), 0);
    put_answer(&want, 1, answer_text);
    put_begin(&bytes, 1, 1, true);
    put_stream(&bytes, PARAMS, 1, SLICE("\1\1AB"), 65535, 0);
    put_record(&bytes, STDIN, 1, "half", 4, 0);
    put_record(&bytes, ABORT, 1, "", 0, 0);
    put_record(&bytes, STDIN, 1, "late", 4, 0); /* was on its way */
    put_post(&bytes, 1, true, "/next", SLICE("body"));
    open_wire(&wire);
    feed_in_pieces(&wire, buf_slice(&bytes), 7);
    CU_ASSERT(logs("the next one is whole", &wire, "POST /next 4\n"));
    CU_ASSERT(
        same_bytes("abort", buf_slice(&wire.session.out), buf_slice(&want)));
    close_wire(&wire);

    /* Not kept: nothing more is to be expected. */
    buf_clear(&bytes);
    put_begin(&bytes, 1, 1, false);
    put_record(&bytes, ABORT, 1, "", 0, 0);
    open_wire(&wire);
    feed(&wire, buf_slice(&bytes));
    CU_ASSERT(wire.closed);
    CU_ASSERT_EQUAL(wire.session.out.len, 16);
    close_wire(&wire);
    buf_free(&bytes);
    buf_free(&want);
}

static void
test_other_roles(void)
{
    const char unknown[8] = {0, 0, 0, 0, 3, 0, 0, 0};
    unsigned keep;

    for (keep = 0; keep < 2; keep++) {
        struct buf bytes = BUF_INIT(BIG), want = BUF_INIT(BIG);
        struct wire wire;

        put_record(&want, END, 5, unknown, sizeof(unknown), 0);
        put_begin(&bytes, 5, 2, keep == 1); /* an authorizer */
        open_wire(&wire);
        feed(&wire, buf_slice(&bytes));
        CU_ASSERT(same_bytes("another role", buf_slice(&wire.session.out),
                             buf_slice(&want)));
        CU_ASSERT_EQUAL(wire.closed, keep == 0);
        close_wire(&wire);
        buf_free(&bytes);
        buf_free(&want);
    }
}

static void
test_questions(void)
{
    struct buf bytes = BUF_INIT(BIG), want = BUF_INIT(BIG);
    const char type[8] = {42, 0, 0, 0, 0, 0, 0, 0};
    struct wire wire;

    put_record(&bytes, GET_VALUES, 0, "\16\0FCGI_MAX_CONNS", 16, 0);
    put_record(&bytes, 42, 0, "xyz", 3, 0);
    put_record(&bytes, 42, 1, "xyz", 3, 0);   /* of no request */
    put_record(&bytes, DATA, 1, "xyz", 3, 0); /* for another role */
    put_record(&want, GET_VALUES_RESULT, 0, "\16\1FCGI_MAX_CONNS9", 17, 0);
    put_record(&want, UNKNOWN_TYPE, 0, type, sizeof(type), 0);
    open_wire(&wire);
    feed_in_pieces(&wire, buf_slice(&bytes), 3);
    CU_ASSERT(same_bytes("questions", buf_slice(&wire.session.out),
                         buf_slice(&want)));
    CU_ASSERT(!wire.closed);

    /* Who asks on and on and never reads is not listened to for ever. */
    while (!wire.closed && wire.session.out.len < 1000000)
        feed(&wire, buf_slice(&bytes));
    CU_ASSERT(wire.closed);
    close_wire(&wire);
    buf_free(&bytes);
    buf_free(&want);
}

static void
test_nonsense(void)
{
    struct buf bytes = BUF_INIT(BIG);
    struct wire wire;

    /* A body before the variables have ended. */
    put_begin(&bytes, 1, 1, true);
    put_record(&bytes, STDIN, 1, "x", 1, 0);
    open_wire(&wire);
    feed(&wire, buf_slice(&bytes));
    CU_ASSERT(wire.closed);
    close_wire(&wire);

    /* Variables after their end. */
    buf_clear(&bytes);
    put_begin(&bytes, 1, 1, true);
    put_record(&bytes, PARAMS, 1, "", 0, 0);
    put_record(&bytes, PARAMS, 1, "\1\1AB", 4, 0);
    open_wire(&wire);
    feed(&wire, buf_slice(&bytes));
    CU_ASSERT(wire.closed);
    close_wire(&wire);

    /* A second request with the id of the first one, which has not ended. */
    buf_clear(&bytes);
    put_begin(&bytes, 1, 1, true);
    put_record(&bytes, PARAMS, 1, "\1\1AB", 4, 0);
    put_begin(&bytes, 1, 1, true);
    open_wire(&wire);
    feed(&wire, buf_slice(&bytes));
    CU_ASSERT(wire.closed);
    CU_ASSERT_EQUAL(wire.session.out.len, 0);
    close_wire(&wire);

    /* No FastCGI at all. */
    open_wire(&wire);
    feed(&wire, SLICE("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    CU_ASSERT(wire.closed);
    CU_ASSERT_EQUAL(wire.session.out.len, 0);
    close_wire(&wire);
    buf_free(&bytes);
}

/* A secret that was shown once is not left in memory for the next answer. */
static void
test_sent_is_wiped(void)
{
    struct wire wire;
    struct buf bytes = BUF_INIT(BIG);
    size_t cap, i, left = 0;

    open_wire(&wire);
    put_post(&bytes, 1, true, "/", SLICE(""));
    feed(&wire, buf_slice(&bytes));
    CU_ASSERT(wire.session.out.len > 0);
    fastcgi_session_sent(&wire.session);
    cap = wire.session.out.cap;
    CU_ASSERT_FATAL(cap > 0);
    for (i = 0; i < sizeof(answer_text); i++)
        left += wire.session.out.data[i] != '\0';
    CU_ASSERT_EQUAL(left, 0);
    close_wire(&wire);
    buf_free(&bytes);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"a request in pieces", test_a_request_in_pieces},
        {"keeping", test_keeping},
        {"last answer", test_last_answer},
        {"many requests", test_many_requests},
        {"bodies", test_bodies},
        {"memory for bodies", test_memory_for_bodies},
        {"memory of bodies that never end",
         test_memory_of_bodies_that_never_end},
        {"large answer", test_large_answer},
        {"endless body", test_endless_body},
        {"unreadable params", test_unreadable_params},
        {"interleaved requests", test_interleaved_requests},
        {"abort", test_abort},
        {"other roles", test_other_roles},
        {"questions", test_questions},
        {"nonsense", test_nonsense},
        {"sent is wiped", test_sent_is_wiped},
        CU_TEST_INFO_NULL,
    };

    return unit_run("fastcgi_session", tests);
}
