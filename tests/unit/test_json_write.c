/*
 * test_json_write.c - unit tests for base/json_write.c: any bytes as a string
 */
#include "json.h"

#include "unit.h"

#include <string.h>

#define BAD "\xef\xbf\xbd"

static void
test_add_string(void)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *want;
    } rows[] = {
        {"", 0, "\"\""},
        {"plain / text", 12, "\"plain / text\""},
        {"\"\\\b\f\n\r\t", 7, "\"\\\"\\\\\\b\\f\\n\\r\\t\""},
        {"\0\x01\x1f\x7f", 4, "\"\\u0000\\u0001\\u001f\x7f\""},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9,
         "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"a\xff"
         "b",
         3, "\"a" BAD "b\""},
        {"\xc0\xaf", 2, "\"" BAD BAD "\""},
        {"\xed\xa0\x80", 3, "\"" BAD BAD BAD "\""},
        {"cut\xe2\x82", 5, "\"cut" BAD BAD "\""},
        {"0123456789\n0123456789", 21, "\"0123456789\\n0123456789\""},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct buf out = BUF_INIT(100);
        struct json_value value;

        json_add_string(&out, slice_make(rows[i].bytes, rows[i].len));
        if (!slice_is(buf_slice(&out), rows[i].want))
            fprintf(stderr, "\ngot %s, want %s\n", out.data, rows[i].want);
        CU_ASSERT(slice_is(buf_slice(&out), rows[i].want));
        CU_ASSERT(json_read(buf_slice(&out), &value, NULL));
        buf_free(&out);
    }
}

static void
test_absent_is_the_empty_string(void)
{
    struct buf out = BUF_INIT(100);

    json_add_string(&out, SLICE_NONE);
    CU_ASSERT(slice_is(buf_slice(&out), "\"\""));
    buf_free(&out);
}

static void
test_every_byte_comes_back(void)
{
    struct buf out = BUF_INIT(1000), back = BUF_INIT(200);
    char bytes[128];
    size_t i;

    for (i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)i;
    json_add_string(&out, slice_make(bytes, sizeof(bytes)));
    json_decode_string(buf_slice(&out), &back);
    CU_ASSERT(slice_equal(buf_slice(&back), slice_make(bytes, sizeof(bytes))));
    buf_free(&out);
    buf_free(&back);
}

static void
test_the_bound_holds(void)
{
    struct buf out = BUF_INIT(9);

    json_add_string(&out, SLICE("0123456"));
    CU_ASSERT(buf_ok(&out));
    buf_clear(&out);
    json_add_string(&out, SLICE("01234567"));
    CU_ASSERT(!buf_ok(&out));
    buf_free(&out);
}

static void
test_is_utf8(void)
{
    CU_ASSERT(json_is_utf8(SLICE_NONE));
    CU_ASSERT(json_is_utf8(SLICE("")));
    CU_ASSERT(json_is_utf8(SLICE("0123456789abcdef\0\x01 plain")));
    CU_ASSERT(json_is_utf8(SLICE("0123456\xc3\xa4 \xf4\x8f\xbf\xbf")));
    CU_ASSERT(!json_is_utf8(SLICE("0123456\xc3")));
    CU_ASSERT(!json_is_utf8(SLICE("01234567\xff")));
    CU_ASSERT(!json_is_utf8(SLICE("0123456\xed\xa0\x80")));
    CU_ASSERT(!json_is_utf8(SLICE("\xf4\x90\x80\x80")));
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"add a string", test_add_string},
        {"absent is the empty string", test_absent_is_the_empty_string},
        {"every byte comes back", test_every_byte_comes_back},
        {"the bound holds", test_the_bound_holds},
        {"is it UTF-8", test_is_utf8},
        CU_TEST_INFO_NULL,
    };

    return unit_run("json_write", tests);
}
