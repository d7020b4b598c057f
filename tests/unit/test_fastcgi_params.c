/*
 * test_fastcgi_params.c - unit tests for fcgi/transport/fastcgi_params.c
 */
#include "fastcgi_params.h"

#include "fastcgi_bytes.h"
#include "unit.h"

/* The list as one line each; "unreadable" if it is that. */
static bool
reads(const char *claim, struct slice stream, size_t piece, const char *want)
{
    struct fastcgi_params params;
    struct buf got = BUF_INIT(100000);
    size_t at, i;
    bool same;

    fastcgi_params_init(&params);
    for (at = 0; at < stream.len; at += piece)
        fastcgi_params_add(&params,
                           slice_make(stream.ptr + at, stream.len - at < piece
                                                           ? stream.len - at
                                                           : piece));
    if (!fastcgi_params_end(&params)) {
        buf_add_text(&got, "unreadable\n");
        CU_ASSERT_PTR_NULL(params.list[0]);
    }
    for (i = 0; params.list[i] != NULL; i++)
        buf_addf(&got, "%s\n", params.list[i]);
    same = slice_is(buf_slice(&got), want);
    if (!same)
        fprintf(stderr, "\n%s:\n  got  %s\n  want %s\n", claim,
                got.data == NULL ? "" : got.data, want);
    buf_free(&got);
    fastcgi_params_free(&params);
    return same;
}

static void
test_pairs(void)
{
    const struct {
        const char *claim;
        struct slice stream;
        const char *want;
    } rows[] = {
        {"nothing", SLICE(""), ""},
        {"a pair", SLICE("\1\2ABC"), "A=BC\n"},
        {"a value may be empty, with '=' or anything else",
         SLICE("\1\0A\1\2B==\1\3C\xff\x01\n"), "A=\nB===\nC=\xff\x01\n\n"},
        {"lengths of four bytes", SLICE("\x80\0\0\1\x80\0\0\2ABC\1\1DE"),
         "A=BC\nD=E\n"},
        {"mixed lengths", SLICE("\x80\0\0\1\2ABC\1\x80\0\0\2ABC"),
         "A=BC\nA=BC\n"},
        {"no name is no variable", SLICE("\0\1X\1\1AB"), "A=B\n"},
        {"nor is one with '='", SLICE("\3\1A=BC\1\1DE"), "D=E\n"},
        {"NUL in a name", SLICE("\2\1A\0B\1\1CD"), "unreadable\n"},
        {"NUL in a value", SLICE("\1\2AB\0\1\1CD"), "unreadable\n"},
        {"one byte missing", SLICE("\1\1AB\1\2AB"), "unreadable\n"},
        {"one byte too many", SLICE("\1\1AB\1"), "unreadable\n"},
        {"a length that is cut off", SLICE("\1\1AB\1\x80\0\0"), "unreadable\n"},
        {"a name of 2 GiB", SLICE("\xff\xff\xff\xff\1AB"), "unreadable\n"},
        {"both of 2 GiB", SLICE("\xff\xff\xff\xff\xff\xff\xff\xff"),
         "unreadable\n"},
        {"a value one longer than what is there", SLICE("\1\x80\0\0\2AB"),
         "unreadable\n"},
    };
    size_t i, piece;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (piece = 1; piece < 8; piece++)
            CU_ASSERT(
                reads(rows[i].claim, rows[i].stream, piece, rows[i].want));
}

static void
test_too_many_pairs(void)
{
    struct fastcgi_params params;
    size_t count, i;

    for (count = FASTCGI_PARAMS_MAX - 1; count <= FASTCGI_PARAMS_MAX + 1;
         count++) {
        bool fits = count <= FASTCGI_PARAMS_MAX;

        fastcgi_params_init(&params);
        for (i = 0; i < count; i++)
            fastcgi_params_add(&params, SLICE("\1\1AB"));
        CU_ASSERT_EQUAL(fastcgi_params_end(&params), fits);
        for (i = 0; params.list[i] != NULL; i++)
            CU_ASSERT_STRING_EQUAL(params.list[i], "A=B");
        CU_ASSERT_EQUAL(i, fits ? count : 0);
        fastcgi_params_free(&params);
    }
}

static void
test_too_many_bytes(void)
{
    static char piece[1024];
    struct fastcgi_params params;
    size_t i;

    fastcgi_params_init(&params);
    for (i = 0; i < 10 * FASTCGI_PARAMS_BYTES / sizeof(piece); i++)
        fastcgi_params_add(&params, slice_make(piece, sizeof(piece)));
    CU_ASSERT(params.text.cap <= FASTCGI_PARAMS_BYTES + 1);
    CU_ASSERT(!fastcgi_params_end(&params));
    CU_ASSERT_PTR_NULL(params.list[0]);

    /* The next request finds nothing of it. */
    fastcgi_params_clear(&params);
    fastcgi_params_add(&params, SLICE("\1\1AB"));
    CU_ASSERT(fastcgi_params_end(&params));
    CU_ASSERT_STRING_EQUAL(params.list[0], "A=B");
    CU_ASSERT_PTR_NULL(params.list[1]);
    fastcgi_params_free(&params);
}

static void
test_long_value(void)
{
    static char value[60001];
    struct fastcgi_params params;
    struct buf stream = BUF_INIT(100000);

    memset(value, 'v', sizeof(value) - 1);
    put_pair(&stream, "HTTP_COOKIE", value);
    put_pair(&stream, "A", "B");
    fastcgi_params_init(&params);
    fastcgi_params_add(&params, buf_slice(&stream));
    CU_ASSERT(fastcgi_params_end(&params));
    CU_ASSERT_EQUAL(strlen(params.list[0]), 12 + sizeof(value) - 1);
    CU_ASSERT_STRING_EQUAL(params.list[0] + 12, value);
    CU_ASSERT_STRING_EQUAL(params.list[1], "A=B");
    CU_ASSERT_PTR_NULL(params.list[2]);
    fastcgi_params_free(&params);
    buf_free(&stream);
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"pairs", test_pairs},
        {"too many pairs", test_too_many_pairs},
        {"too many bytes", test_too_many_bytes},
        {"long value", test_long_value},
        CU_TEST_INFO_NULL,
    };

    return unit_run("fastcgi_params", tests);
}
