/*
 * test_http_answer.c - unit tests for cli/http_answer.c
 */
#include "http_answer.h"

#include "unit.h"

#include <string.h>

/* How an answer is read, all of it at once or piece by piece. */
struct whole_case {
    const char *name;
    const char *bytes;
    bool ended;
    unsigned status;
    const char *body;
};

static const struct whole_case wholes[] = {
    {"a length", "HTTP/1.1 202 Accepted\r\nContent-Length: 5\r\n\r\nhello",
     false, 202, "hello"},
    {"what follows a length is not part of it",
     "HTTP/1.1 200 OK\r\ncontent-length:2\r\n\r\nokHTTP/1.1 500 ", false, 200,
     "ok"},
    {"chunks, with an extension",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     "3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
     false, 200, "abc0123456789"},
    {"neither: until the connection ends",
     "HTTP/1.0 404 Not Found\r\nServer: x\r\n\r\ngone", true, 404, "gone"},
    {"no content", "HTTP/1.1 204 No Content\r\n\r\n", false, 204, ""},
    {"interim answers are skipped",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\n"
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1",
     false, 200, "1"},
    {"the same length twice",
     "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok",
     false, 200, "ok"},
    {"lines that end with LF alone", "HTTP/1.1 200\nContent-Length: 2\n\nok",
     false, 200, "ok"},
};

static void
test_whole_answers(void)
{
    size_t i, cut;

    for (i = 0; i < sizeof(wholes) / sizeof(wholes[0]); i++) {
        const struct whole_case *c = &wholes[i];
        struct slice bytes = slice_of(c->bytes);
        struct http_answer answer = {.status = 0};
        const char *why = NULL;
        enum http_parse result =
            http_answer_parse(bytes, c->ended, &answer, &why);

        if (result != HTTP_WHOLE || answer.status != c->status ||
            !slice_is(buf_slice(&answer.body), c->body)) {
            printf("\n    %s: got %d, %u (%s)", c->name, result, answer.status,
                   why == NULL ? "" : why);
            CU_FAIL("whole answer");
        }
        CU_PASS("read");
        buf_free(&answer.body);
        /* No beginning of it is an answer, or wrong. */
        for (cut = 0; cut < strcspn(c->bytes, "\n"); cut++)
            CU_ASSERT_EQUAL(http_answer_parse(slice_make(bytes.ptr, cut), false,
                                              &answer, &why),
                            HTTP_MORE);
    }
}

static const struct {
    const char *name;
    const char *bytes;
    bool ended;
} brokens[] = {
    {"nothing at all", "", true},
    {"another protocol", "SSH-2.0-OpenSSH_9.2\r\n", false},
    {"HTTP/2's preface", "HTTP/2 200 OK\r\n\r\n", false},
    {"a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", false},
    {"a status that is none", "HTTP/1.1 999 OK\r\n\r\n", false},
    {"a header without a name", "HTTP/1.1 200 OK\r\n: x\r\n\r\n", false},
    {"a header without a colon", "HTTP/1.1 200 OK\r\nrubbish\r\n\r\n", false},
    {"two lengths",
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
     false},
    {"a length that is none", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
     false},
    {"a length and chunks",
     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: "
     "chunked\r\n\r\n",
     false},
    {"an encoding that is not understood",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", false},
    {"a body above the bound",
     "HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\n", false},
    {"a body that is cut off",
     "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", true},
    {"chunks that are cut off",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", true},
    {"a chunk of no size",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", false},
    {"a chunk of too many digits",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
     "0000000000000001\r\na\r\n",
     false},
    {"a chunk above the bound",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100001\r\n", false},
    {"a chunk that does not end where it says",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n",
     false},
    {"headers that are cut off", "HTTP/1.1 200 OK\r\nContent-Le", true},
    {"an interim answer and no other", "HTTP/1.1 100 Continue\r\n\r\n", true},
};

static void
test_broken_answers(void)
{
    size_t i;

    for (i = 0; i < sizeof(brokens) / sizeof(brokens[0]); i++) {
        struct http_answer answer = {.status = 7};
        const char *why = NULL;
        enum http_parse result = http_answer_parse(
            slice_of(brokens[i].bytes), brokens[i].ended, &answer, &why);

        if (result != HTTP_BROKEN || why == NULL || answer.status != 7)
            printf("\n    %s: got %d", brokens[i].name, result);
        CU_ASSERT_EQUAL(result, HTTP_BROKEN);
        CU_ASSERT_PTR_NOT_NULL(why);
        CU_ASSERT_EQUAL(answer.status, 7);
    }
}

static void
test_headers_have_a_bound(void)
{
    struct buf bytes = BUF_INIT(HTTP_HEAD_MAX * 2);
    struct http_answer answer = {.status = 0};
    const char *why = NULL;

    buf_add_text(&bytes, "HTTP/1.1 200 OK\r\n");
    while (bytes.len <= HTTP_HEAD_MAX)
        buf_add_text(&bytes, "X-Filler: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n");
    CU_ASSERT_EQUAL(http_answer_parse(buf_slice(&bytes), false, &answer, &why),
                    HTTP_BROKEN);
    CU_ASSERT_STRING_EQUAL(why, "its headers do not end");
    buf_free(&bytes);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"whole answers, and none of their beginnings", test_whole_answers},
        {"what is wrong is refused", test_broken_answers},
        {"headers have a bound", test_headers_have_a_bound},
        CU_TEST_INFO_NULL,
    };

    return unit_run("http_answer", tests);
}
