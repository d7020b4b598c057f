/*
 * test_fastcgi_record.c - unit tests for fcgi/transport/fastcgi_record.c: golden bytes,
 * cut at every place.
 */
#include "fastcgi_record.h"

#include "fastcgi_bytes.h"
#include "unit.h"

#define TEXT_MAX 200000

/* What comes out of the input, as lines; pieces of a stream are joined, so the
   text is the same however the bytes are cut. */
struct telling {
    struct fastcgi_reader reader;
    struct buf text;
    enum fastcgi_kind open; /* the stream whose pieces are being joined */
};

static void
tell(struct telling *telling, const struct fastcgi_event *event)
{
    static const char *const names[] = {
        [FASTCGI_BEGIN] = "begin",    [FASTCGI_ABORT] = "abort",
        [FASTCGI_PARAMS] = "params",  [FASTCGI_STDIN] = "stdin",
        [FASTCGI_GET_VALUES] = "get", [FASTCGI_UNKNOWN] = "unknown",
        [FASTCGI_BROKEN] = "broken",
    };
    bool stream = event->kind == FASTCGI_PARAMS || event->kind == FASTCGI_STDIN;

    if (telling->open != event->kind && telling->open != FASTCGI_MORE) {
        buf_add_char(&telling->text, '\n');
        telling->open = FASTCGI_MORE;
    }
    if (stream && event->data.len > 0 && telling->open == event->kind) {
        buf_add_slice(&telling->text, event->data);
        return;
    }
    if (telling->open != FASTCGI_MORE)
        buf_add_char(&telling->text, '\n');
    telling->open = FASTCGI_MORE;
    buf_addf(&telling->text, "%s %u", names[event->kind], event->id);
    if (event->kind == FASTCGI_BEGIN)
        buf_addf(&telling->text, " role %u%s", event->role,
                 event->keep ? " keep" : "");
    if (event->kind == FASTCGI_UNKNOWN)
        buf_addf(&telling->text, " type %u", event->type);
    if (event->data.len > 0 && event->kind != FASTCGI_BEGIN) {
        buf_add_char(&telling->text, ' ');
        buf_add_slice(&telling->text, event->data);
    }
    if (stream && event->data.len > 0)
        telling->open = event->kind;
    else
        buf_add_char(&telling->text, '\n');
}

static void
feed(struct telling *telling, struct slice input)
{
    struct fastcgi_event event;

    for (;;) {
        fastcgi_read(&telling->reader, &input, &event);
        if (event.kind == FASTCGI_MORE)
            break;
        tell(telling, &event);
        if (event.kind == FASTCGI_BROKEN)
            return;
    }
    CU_ASSERT_EQUAL(input.len, 0);
}

static void
begin_telling(struct telling *telling)
{
    telling->reader = FASTCGI_READER_INIT;
    telling->text = BUF_INIT(TEXT_MAX);
    telling->open = FASTCGI_MORE;
}

static bool
tells(const char *claim, const struct telling *telling, const char *want)
{
    bool same = slice_is(buf_slice(&telling->text), want);

    if (!same)
        fprintf(stderr, "\n%s:\n  got  %s\n  want %s\n", claim,
                telling->text.data, want);
    return same;
}

/* One of everything. */
static const char everything[] =
    /* begin 1, keep */
    "\1\1\0\1\0\10\0\0"
    "\0\1\1\0\0\0\0\0"
    /* params of 1 in two records, three bytes of padding */
    "\1\4\0\1\0\5\3\0"
    "helloppp"
    "\1\4\0\1\0\6\0\0"
    "-world"
    "\1\4\0\1\0\0\0\0"
    /* begin 2, no keep, another role */
    "\1\1\0\2\0\10\1\0"
    "\0\2\0\0\0\0\0\0p"
    /* stdin of 1, then nothing more of it */
    "\1\5\0\1\0\4\4\0"
    "bodypppp"
    "\1\5\0\1\0\0\2\0pp"
    /* abort 2; about the connection: a question, a type nobody knows */
    "\1\2\0\2\0\0\0\0"
    "\1\11\0\0\0\3\0\0"
    "ask"
    "\1\143\0\0\0\2\1\0"
    "xyp"
    /* a request with the largest id */
    "\1\2\377\377\0\0\0\0";

static const char everything_told[] = "begin 1 role 1 keep\n"
                                      "params 1 hello-world\n"
                                      "params 1\n"
                                      "begin 2 role 2\n"
                                      "stdin 1 body\n"
                                      "stdin 1\n"
                                      "abort 2\n"
                                      "get 0 ask\n"
                                      "unknown 0 type 99\n"
                                      "abort 65535\n";

static void
test_cut_in_two_anywhere(void)
{
    const struct slice whole = slice_make(everything, sizeof(everything) - 1);
    size_t cut;

    for (cut = 0; cut <= whole.len; cut++) {
        struct telling telling;

        begin_telling(&telling);
        feed(&telling, slice_make(whole.ptr, cut));
        feed(&telling, slice_make(whole.ptr + cut, whole.len - cut));
        CU_ASSERT(tells("cut in two", &telling, everything_told));
        CU_ASSERT(fastcgi_reader_is_between(&telling.reader));
        buf_free(&telling.text);
    }
}

static void
test_cut_in_pieces(void)
{
    const struct slice whole = slice_make(everything, sizeof(everything) - 1);
    size_t piece, at;

    for (piece = 1; piece < 20; piece++) {
        struct telling telling;

        begin_telling(&telling);
        for (at = 0; at < whole.len; at += piece)
            feed(&telling,
                 slice_make(whole.ptr + at,
                            whole.len - at < piece ? whole.len - at : piece));
        CU_ASSERT(tells("cut in pieces", &telling, everything_told));
        buf_free(&telling.text);
    }
}

static void
test_truncated(void)
{
    struct telling telling;
    size_t len;

    /* Whatever is missing, what has come says nothing that is not there. */
    for (len = 0; len < sizeof(everything) - 1; len++) {
        begin_telling(&telling);
        feed(&telling, slice_make(everything, len));
        CU_ASSERT(telling.text.len < sizeof(everything_told) - 1);
        if (telling.text.len > 0)
            CU_ASSERT_EQUAL(
                memcmp(telling.text.data, everything_told, telling.text.len),
                0);
        buf_free(&telling.text);
    }
}

static void
test_broken(void)
{
    const struct {
        const char *claim;
        struct slice bytes;
        const char *want;
    } rows[] = {
        {"another version", SLICE("\2\1\0\1\0\10\0\0"), "broken 1\n"},
        {"HTTP", SLICE("GET / HTTP/1.1\r\n"), "broken 21536\n"},
        {"a begin without content", SLICE("\1\1\0\1\0\0\0\0"), "broken 1\n"},
        {"a begin that is too short",
         SLICE("\1\1\0\1\0\7\0\0"
               "\0\1\1\0\0\0\0"),
         "broken 1\n"},
        {"a begin of no request",
         SLICE("\1\1\0\0\0\10\0\0"
               "\0\1\1\0\0\0\0\0"),
         "broken 0\n"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct telling telling;
        struct slice more = slice_make(everything, sizeof(everything) - 1);
        struct fastcgi_event event;

        begin_telling(&telling);
        feed(&telling, rows[i].bytes);
        CU_ASSERT(tells(rows[i].claim, &telling, rows[i].want));
        /* It stays so. */
        fastcgi_read(&telling.reader, &more, &event);
        CU_ASSERT_EQUAL(event.kind, FASTCGI_BROKEN);
        buf_free(&telling.text);
    }
}

/* A begin may grow in a later version, and nobody needs a longer question. */
static void
test_longer_than_kept(void)
{
    static char content[65535];
    struct telling telling;
    struct fastcgi_event event;
    struct buf bytes = BUF_INIT(200000);
    struct slice input;

    content[1] = 1;
    put_record(&bytes, BEGIN, 7, content, sizeof(content), 255);
    put_record(&bytes, GET_VALUES, 0, content, sizeof(content), 0);
    begin_telling(&telling);
    input = buf_slice(&bytes);
    fastcgi_read(&telling.reader, &input, &event);
    CU_ASSERT_EQUAL(event.kind, FASTCGI_BEGIN);
    CU_ASSERT_EQUAL(event.role, FASTCGI_RESPONDER);
    fastcgi_read(&telling.reader, &input, &event);
    CU_ASSERT_EQUAL(event.kind, FASTCGI_GET_VALUES);
    CU_ASSERT_EQUAL(event.data.len, FASTCGI_KEPT_BYTES);
    fastcgi_read(&telling.reader, &input, &event);
    CU_ASSERT_EQUAL(event.kind, FASTCGI_MORE);
    CU_ASSERT(fastcgi_reader_is_between(&telling.reader));
    buf_free(&bytes);
}

static void
test_largest_record(void)
{
    static char content[65535];
    struct telling telling;
    struct buf bytes = BUF_INIT(200000);

    memset(content, 'x', sizeof(content));
    put_record(&bytes, STDIN, 1, content, sizeof(content), 255);
    put_record(&bytes, STDIN, 1, "", 0, 255);
    begin_telling(&telling);
    feed(&telling, buf_slice(&bytes));
    CU_ASSERT_EQUAL(telling.text.len,
                    strlen("stdin 1 \nstdin 1\n") + sizeof(content));
    buf_free(&telling.text);
    buf_free(&bytes);
}

static void
test_answers(void)
{
    static const char want[] = "\1\6\1\2\0\5\0\0"
                               "hello"
                               "\1\3\1\2\0\10\0\0"
                               "\0\0\0\0\0\0\0\0"
                               "\1\3\0\3\0\10\0\0"
                               "\0\0\0\0\1\0\0\0"
                               "\1\3\0\4\0\10\0\0"
                               "\0\0\0\0\3\0\0\0"
                               "\1\13\0\0\0\10\0\0"
                               "\143\0\0\0\0\0\0\0";
    struct buf out = BUF_INIT(1000);
    size_t begun;

    begun = fastcgi_begin_stdout(&out);
    buf_add_text(&out, "hello");
    fastcgi_end_stdout(&out, 0x102, begun);
    fastcgi_add_end(&out, 0x102, FASTCGI_COMPLETE);
    fastcgi_add_end(&out, 3, FASTCGI_CANT_MPX_CONN);
    fastcgi_add_end(&out, 4, FASTCGI_UNKNOWN_ROLE);
    fastcgi_add_unknown_type(&out, 99);
    CU_ASSERT(same_bytes("answers", buf_slice(&out),
                         slice_make(want, sizeof(want) - 1)));
    buf_free(&out);
}

/* Records end at 65,535 bytes; nothing is lost or doubled at the seams. */
static void
test_large_answers(void)
{
    static const size_t sizes[] = {0,     1,      65534,  65535,
                                   65536, 131070, 131071, 200001};
    size_t s, i;

    for (s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        struct buf got = BUF_INIT(SIZE_MAX / 2), want = BUF_INIT(SIZE_MAX / 2);
        struct buf data = BUF_INIT(SIZE_MAX / 2);
        struct slice rest;

        for (i = 0; i < sizes[s]; i++)
            buf_add_char(&data, (char)(i % 251));
        buf_add_text(&got, "before");
        buf_add_text(&want, "before");
        for (rest = buf_slice(&data); rest.len > 0;) {
            size_t len = rest.len < 65535 ? rest.len : 65535;

            put_record(&want, STDOUT, 9, rest.ptr, len, 0);
            rest = slice_make(rest.ptr + len, rest.len - len);
        }
        fastcgi_add_stdout(&got, 9, buf_slice(&data));
        CU_ASSERT(
            same_bytes("a large answer", buf_slice(&got), buf_slice(&want)));
        buf_free(&data);
        buf_free(&want);
        buf_free(&got);
    }
}

/* What is written straight into the buffer makes one record at most. */
static void
test_room_of_a_record(void)
{
    static char content[65535];
    struct buf got = BUF_INIT(SIZE_MAX / 2), want = BUF_INIT(SIZE_MAX / 2);
    size_t begun;

    put_record(&want, STDOUT, 9, content, sizeof(content), 0);
    begun = fastcgi_begin_stdout(&got);
    CU_ASSERT_EQUAL(fastcgi_stdout_room(&got, begun), sizeof(content));
    buf_add(&got, content, 5);
    CU_ASSERT_EQUAL(fastcgi_stdout_room(&got, begun), sizeof(content) - 5);
    buf_add(&got, content, sizeof(content) - 5);
    CU_ASSERT_EQUAL(fastcgi_stdout_room(&got, begun), 0);
    fastcgi_end_stdout(&got, 9, begun);
    CU_ASSERT(same_bytes("full", buf_slice(&got), buf_slice(&want)));
    /* Nothing in it: no record, which would end the stream. */
    begun = fastcgi_begin_stdout(&got);
    fastcgi_end_stdout(&got, 9, begun);
    CU_ASSERT(same_bytes("empty", buf_slice(&got), buf_slice(&want)));
    buf_free(&want);
    buf_free(&got);
}

static void
test_values(void)
{
    static const char asked[] = "\16\0FCGI_MAX_CONNS"
                                "\15\0FCGI_MAX_REQS"
                                "\17\0FCGI_MPXS_CONNS"
                                "\5\0OTHER"
                                "\17\0FCGI_MPXS"; /* cut off */
    static const char want[] = "\1\12\0\0\0\67\0\0"
                               "\16\3FCGI_MAX_CONNS512"
                               "\15\3FCGI_MAX_REQS512"
                               "\17\1FCGI_MPXS_CONNS0";
    struct buf out = BUF_INIT(1000);

    fastcgi_add_values(&out, slice_make(asked, sizeof(asked) - 1), 512);
    CU_ASSERT(same_bytes("values", buf_slice(&out),
                         slice_make(want, sizeof(want) - 1)));
    buf_clear(&out);
    fastcgi_add_values(&out, SLICE(""), 512);
    CU_ASSERT(
        same_bytes("no values", buf_slice(&out), SLICE("\1\12\0\0\0\0\0\0")));
    buf_free(&out);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"cut in two anywhere", test_cut_in_two_anywhere},
        {"cut in pieces", test_cut_in_pieces},
        {"truncated", test_truncated},
        {"broken", test_broken},
        {"longer than kept", test_longer_than_kept},
        {"largest record", test_largest_record},
        {"answers", test_answers},
        {"large answers", test_large_answers},
        {"room of a record", test_room_of_a_record},
        {"values", test_values},
        CU_TEST_INFO_NULL,
    };

    return unit_run("fastcgi_record", tests);
}
