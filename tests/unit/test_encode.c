/*
 * test_encode.c - unit tests for base/encode.c
 */
#include "encode.h"

#include "unit.h"

#include <string.h>

static void
test_hex(void)
{
    static const uint8_t bytes[] = {0x00, 0x0f, 0xf0, 0xff, 0x5a};
    uint8_t back[5];
    char text[11];

    encode_hex(bytes, sizeof(bytes), text);
    CU_ASSERT_STRING_EQUAL(text, "000ff0ff5a");
    CU_ASSERT(decode_hex(slice_of(text), back, 5));
    CU_ASSERT_EQUAL(memcmp(back, bytes, 5), 0);
    CU_ASSERT(decode_hex(SLICE("000FF0fF5A"), back, 5));
    CU_ASSERT_EQUAL(memcmp(back, bytes, 5), 0);
    encode_hex(bytes, 0, text);
    CU_ASSERT_STRING_EQUAL(text, "");
}

static void
test_wrong_hex(void)
{
    uint8_t out[2];

    CU_ASSERT(!decode_hex(SLICE("abc"), out, 2));
    CU_ASSERT(!decode_hex(SLICE("abcde"), out, 2));
    CU_ASSERT(!decode_hex(SLICE("abcdef"), out, 2));
    CU_ASSERT(!decode_hex(SLICE("abcg"), out, 2));
    CU_ASSERT(!decode_hex(SLICE("ab:d"), out, 2));
    CU_ASSERT(!decode_hex(SLICE("ab/d"), out, 2));
    CU_ASSERT(!decode_hex(SLICE("ab@d"), out, 2));
    CU_ASSERT(!decode_hex(SLICE("ab d"), out, 2));
    CU_ASSERT(!decode_hex(SLICE("0xab"), out, 2));
    CU_ASSERT(!decode_hex(SLICE_NONE, out, 2));
}

/* RFC 4648, section 10. */
static const struct {
    const char *plain, *text;
} vectors[] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "+/+/"},
};

static void
test_base64(void)
{
    size_t i;

    for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        struct buf out = BUF_INIT(8);
        uint8_t back[6];
        int len = decode_base64(slice_of(vectors[i].text), back, 6);

        encode_base64(slice_of(vectors[i].plain), &out);
        CU_ASSERT(slice_is(buf_slice(&out), vectors[i].text));
        CU_ASSERT_EQUAL(len, (int)strlen(vectors[i].plain));
        CU_ASSERT_EQUAL(memcmp(back, vectors[i].plain, (size_t)len), 0);
        buf_free(&out);
    }
}

static void
test_wrong_base64(void)
{
    static const char *const rows[] = {
        "Z",
        "Zg",
        "Zg=",
        "Zg===",
        "=",
        "====",
        "Z===",
        "Zg==Zg==",
        "Zh==",
        "Zm9=",
        "Zg= =",
        "Zm9v\n",
        " Zm9v",
        "Zm-v",
        "Zm_v",
        "Zm=v",
        "Zm9v====",
        "Zm9v\xc3",
        "\xff\xff\xff\xff",
    };
    uint8_t out[16];
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int got = decode_base64(slice_of(rows[i]), out, sizeof(out));

        if (got != -1)
            fprintf(stderr, "\n\"%s\": got %d\n", rows[i], got);
        CU_ASSERT_EQUAL(got, -1);
    }
    CU_ASSERT_EQUAL(decode_base64(SLICE("Zm9vYmFy"), out, 5), -1);
    CU_ASSERT_EQUAL(decode_base64(SLICE("Zm9vYmFy"), out, 6), 6);
}

static void
test_base64_respects_the_bound(void)
{
    struct buf out = BUF_INIT(7);

    encode_base64(SLICE("foobar"), &out);
    CU_ASSERT(!buf_ok(&out));
    CU_ASSERT_EQUAL(out.len, 0);
    buf_free(&out);
}

static void
test_base32(void)
{
    static const struct {
        uint64_t value;
        const char *text;
    } rows[] = {
        {0, "0000000000000"},
        {1, "0000000000001"},
        {31, "000000000000z"},
        {32, "0000000000010"},
        {UINT64_C(0x7fffffffffffffff), "7zzzzzzzzzzzz"},
        {UINT64_MAX, "fzzzzzzzzzzzz"},
        {UINT64_C(0x0123456789abcdef), "028t5cy4tqkff"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t back = 1;
        char text[14];

        encode_base32_u64(rows[i].value, text);
        CU_ASSERT_STRING_EQUAL(text, rows[i].text);
        CU_ASSERT(decode_base32_u64(slice_of(rows[i].text), &back));
        CU_ASSERT_EQUAL(back, rows[i].value);
    }
}

static void
test_base32_is_kind_to_people(void)
{
    uint64_t value = 0;

    CU_ASSERT(decode_base32_u64(SLICE("OoIiLl00000AZ"), &value));
    CU_ASSERT_EQUAL(value, UINT64_C(0x421080000015f));
}

static void
test_wrong_base32(void)
{
    uint64_t value = 4711;

    CU_ASSERT(!decode_base32_u64(SLICE("000000000000"), &value));
    CU_ASSERT(!decode_base32_u64(SLICE("00000000000000"), &value));
    CU_ASSERT(!decode_base32_u64(SLICE("000000000000u"), &value));
    CU_ASSERT(!decode_base32_u64(SLICE("000000000000-"), &value));
    CU_ASSERT(!decode_base32_u64(SLICE("000000000000\0"), &value));
    CU_ASSERT(!decode_base32_u64(SLICE("g000000000000"), &value));
    CU_ASSERT(!decode_base32_u64(SLICE_NONE, &value));
    CU_ASSERT_EQUAL(value, 4711);
}

static void
test_form(void)
{
    static const struct {
        const char *claim, *text, *want;
    } rows[] = {
        {"nothing", "", ""},
        {"a plus is a space", "a+b", "a b"},
        {"digits of either case", "%c3%A4%2b", "\xc3\xa4+"},
        {"a broken escape stays", "%zz%4", "%zz%4"},
        {"an escape that is cut off", "a%", "a%"},
        {"an escaped percent sign is decoded once", "%2541", "%41"},
    };
    char out[32];
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t len = decode_form(slice_of(rows[i].text), out);
        bool right = slice_is(slice_make(out, len), rows[i].want);

        if (!right)
            fprintf(stderr, "\n%s: got \"%.*s\"\n", rows[i].claim, (int)len,
                    out);
        CU_ASSERT(right);
    }
    CU_ASSERT_EQUAL(decode_form(SLICE("%00"), out), 1);
    CU_ASSERT_EQUAL(out[0], '\0');
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"hex", test_hex},
        {"wrong hex", test_wrong_hex},
        {"base64", test_base64},
        {"wrong base64", test_wrong_base64},
        {"base64 respects the bound", test_base64_respects_the_bound},
        {"base32", test_base32},
        {"base32 forgives what people mix up", test_base32_is_kind_to_people},
        {"wrong base32", test_wrong_base32},
        {"form", test_form},
        CU_TEST_INFO_NULL,
    };

    return unit_run("encode", tests);
}
