/*
 * test_json.c - unit tests for base/json.c: what is JSON and what is not
 */
#include "json.h"

#include "unit.h"

#include <string.h>

struct text {
    const char *claim;
    const char *bytes;
    size_t len;
};

#define TEXT(claim, literal)                                                   \
    {                                                                          \
        (claim), (literal), sizeof(literal) - 1                                \
    }

/* Reads a copy of exact size, so that a sanitizer sees a byte too many. */
static bool
read_copy(const char *bytes, size_t len, struct json_value *value,
          struct json_error *error)
{
    char *copy = malloc(len == 0 ? 1 : len);
    bool good;

    CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
    memcpy(copy, bytes, len);
    good = json_read(slice_make(copy, len), value, error);
    if (good)
        value->text.ptr = bytes + (value->text.ptr - copy);
    free(copy);
    return good;
}

static void
test_accepted(void)
{
    static const struct text rows[] = {
        TEXT("null", "null"),
        TEXT("true", "true"),
        TEXT("false", "false"),
        TEXT("zero", "0"),
        TEXT("minus zero", "-0"),
        TEXT("a number no double holds", "1e400"),
        TEXT("64 bits and more", "18446744073709551616"),
        TEXT("numeric(30,10)", "12345678901234567890.0123456789"),
        TEXT("every part of a number", "-12.340e+05"),
        TEXT("capital exponent", "1E-9"),
        TEXT("empty string", "\"\""),
        TEXT("every short escape", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""),
        TEXT("hex escape in either case", "\"\\u00Ff\\uABcd\""),
        TEXT("NUL as an escape", "\"a\\u0000b\""),
        TEXT("surrogate pair", "\"\\ud83d\\ude00\""),
        TEXT("last code point", "\"\\udbff\\udfff\""),
        TEXT("raw UTF-8", "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""),
        TEXT("DEL is not a control character", "\"\x7f\""),
        TEXT("a noncharacter", "\"\xef\xbf\xbf\""),
        TEXT("empty array", "[]"),
        TEXT("empty object", "{}"),
        TEXT("white space everywhere",
             " \t\r\n{ \"a\" : [ 1 , 2 ] , \"b\" : { } } \n"),
        TEXT("empty name", "{\"\":1}"),
        TEXT("names that differ in case", "{\"a\":1,\"A\":2}"),
        TEXT("a name and what NUL would cut it to",
             "{\"a\":1,\"a\\u0000b\":2}"),
        TEXT("the same name further down", "{\"a\":{\"a\":1},\"b\":{\"a\":1}}"),
        TEXT("the same name in an object of an array", "[{\"a\":1,\"a\":2}]"),
        TEXT("comment signs inside a string", "\"// /* # ' NaN\""),
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct json_error error = {0, 0, 0, "(none)"};
        struct json_value value;
        bool good = read_copy(rows[i].bytes, rows[i].len, &value, &error);

        if (!good)
            fprintf(stderr, "\n%s: refused, %s\n", rows[i].claim, error.reason);
        CU_ASSERT(good);
    }
}

#define PROPERTY_NAME "Expecting property name enclosed in double quotes"
#define LONE_SURROGATE "Lone surrogate in \\uXXXX escape"
#define UNTERMINATED "Unterminated string starting at"

static void
test_refused(void)
{
    static const struct {
        struct text text;
        size_t offset;
        const char *reason;
    } rows[] = {
        {TEXT("nothing", ""), 0, "Expecting value"},
        {TEXT("only white space", " \n"), 2, "Expecting value"},
        {TEXT("byte order mark", "\xef\xbb\xbf{}"), 0, "Unexpected UTF-8 BOM"},
        {TEXT("UTF-16", "{\0}\0"), 1, PROPERTY_NAME},
        {TEXT("two values", "1 2"), 2, "Extra data"},
        {TEXT("trailing garbage", "{}x"), 2, "Extra data"},
        {TEXT("trailing NUL", "{}\0"), 2, "Extra data"},
        {TEXT("trailing bracket", "[]]"), 2, "Extra data"},
        {TEXT("form feed is no white space", "\f1"), 0, "Expecting value"},
        {TEXT("no-break space is none either", "\xc2\xa0 1"), 0,
         "Expecting value"},
        {TEXT("comment before", "/* c */1"), 0, "Expecting value"},
        {TEXT("comment behind", "1//c"), 1, "Extra data"},
        {TEXT("capital TRUE", "TRUE"), 0, "Expecting value"},
        {TEXT("cut word", "tru"), 0, "Expecting value"},
        {TEXT("longer word", "nulls"), 4, "Extra data"},
        {TEXT("NaN", "NaN"), 0, "Expecting value"},
        {TEXT("Infinity", "[-Infinity]"), 1, "Expecting value"},
        {TEXT("leading zero", "01"), 1, "Extra data"},
        {TEXT("leading zero in an array", "[-012]"), 3,
         "Expecting ',' delimiter"},
        {TEXT("plus", "+1"), 0, "Expecting value"},
        {TEXT("lone minus", "-"), 0, "Expecting value"},
        {TEXT("no digit before the point", ".5"), 0, "Expecting value"},
        {TEXT("no digit after the point", "1."), 1, "Extra data"},
        {TEXT("no digit in the exponent", "1e"), 1, "Extra data"},
        {TEXT("only a sign in the exponent", "1.5e+"), 3, "Extra data"},
        {TEXT("hexadecimal", "0x10"), 1, "Extra data"},
        {TEXT("underscore", "1_000"), 1, "Extra data"},
        {TEXT("single quotes", "{'a':1}"), 1, PROPERTY_NAME},
        {TEXT("single-quoted value", "['a']"), 1, "Expecting value"},
        {TEXT("bare name", "{a:1}"), 1, PROPERTY_NAME},
        {TEXT("number as name", "{1:1}"), 1, PROPERTY_NAME},
        {TEXT("object cut at its start", "{"), 1, PROPERTY_NAME},
        {TEXT("object cut behind a name", "{\"a\""), 4,
         "Expecting ':' delimiter"},
        {TEXT("object cut behind the colon", "{\"a\":"), 5, "Expecting value"},
        {TEXT("object cut behind a value", "{\"a\":1"), 6,
         "Expecting ',' delimiter"},
        {TEXT("object cut behind a comma", "{\"a\":1,"), 7, PROPERTY_NAME},
        {TEXT("trailing comma in an object", "{\"a\":1,}"), 7, PROPERTY_NAME},
        {TEXT("only a comma in an object", "{,}"), 1, PROPERTY_NAME},
        {TEXT("two commas", "{\"a\":1,,\"b\":2}"), 7, PROPERTY_NAME},
        {TEXT("no comma", "{\"a\":1 \"b\":2}"), 7, "Expecting ',' delimiter"},
        {TEXT("no colon", "{\"a\" 1}"), 5, "Expecting ':' delimiter"},
        {TEXT("equals sign", "{\"a\"=1}"), 4, "Expecting ':' delimiter"},
        {TEXT("two colons", "{\"a\"::1}"), 5, "Expecting value"},
        {TEXT("wrong bracket", "{\"a\":1]"), 6, "Expecting ',' delimiter"},
        {TEXT("wrong brace", "[1}"), 2, "Expecting ',' delimiter"},
        {TEXT("colon in an array", "[\"a\":1]"), 4, "Expecting ',' delimiter"},
        {TEXT("array cut at its start", "["), 1, "Expecting value"},
        {TEXT("array cut behind a value", "[1"), 2, "Expecting ',' delimiter"},
        {TEXT("trailing comma in an array", "[1,]"), 3, "Expecting value"},
        {TEXT("only a comma in an array", "[,]"), 1, "Expecting value"},
        {TEXT("lone closing bracket", "]"), 0, "Expecting value"},
        {TEXT("string not closed", " \"abc"), 1, UNTERMINATED},
        {TEXT("string cut behind a backslash", "\"abc\\"), 0, UNTERMINATED},
        {TEXT("quote escaped away", "\"abc\\\""), 0, UNTERMINATED},
        {TEXT("newline inside a string", "\"a\nb\""), 2,
         "Invalid control character at"},
        {TEXT("tab inside a string", "\"\t\""), 1,
         "Invalid control character at"},
        {TEXT("NUL inside a string", "\"a\0b\""), 2,
         "Invalid control character at"},
        {TEXT("control character in a name", "{\"a\x1f\":1}"), 3,
         "Invalid control character at"},
        {TEXT("control character behind eight others", "\"12345678\x01\""), 9,
         "Invalid control character at"},
        {TEXT("unknown escape", "\"ab\\x41\""), 3, "Invalid \\escape"},
        {TEXT("escaped single quote", "\"\\'\""), 1, "Invalid \\escape"},
        {TEXT("capital U", "\"\\U0041\""), 1, "Invalid \\escape"},
        {TEXT("three hex digits", "\"\\u12\""), 2, "Invalid \\uXXXX escape"},
        {TEXT("no hex digit", "\"\\u12g4\""), 2, "Invalid \\uXXXX escape"},
        {TEXT("sign in a hex escape", "\"\\u+123\""), 2,
         "Invalid \\uXXXX escape"},
        {TEXT("escape cut by the end", "\"\\u00"), 2, "Invalid \\uXXXX escape"},
        {TEXT("lone high surrogate", "\"\\ud800\""), 1, LONE_SURROGATE},
        {TEXT("lone low surrogate", "\"\\udc00\""), 1, LONE_SURROGATE},
        {TEXT("two high surrogates", "\"\\ud800\\ud800\""), 1, LONE_SURROGATE},
        {TEXT("surrogates the wrong way round", "\"\\udc00\\ud800\""), 1,
         LONE_SURROGATE},
        {TEXT("high surrogate and another escape", "\"\\ud800\\n\""), 1,
         LONE_SURROGATE},
        {TEXT("high surrogate and a broken low one", "\"\\ud800\\udcxx\""), 8,
         "Invalid \\uXXXX escape"},
        {TEXT("lone surrogate in a name", "{\"\\ud800\":1}"), 2,
         LONE_SURROGATE},
        {TEXT("ff", "\"\xff\""), 1, "Invalid UTF-8"},
        {TEXT("overlong slash", "\"a\xc0\xaf\""), 2, "Invalid UTF-8"},
        {TEXT("encoded surrogate", "\"\xed\xa0\x80\""), 1, "Invalid UTF-8"},
        {TEXT("past the last code point", "\"\xf4\x90\x80\x80\""), 1,
         "Invalid UTF-8"},
        {TEXT("Latin-1", "\"M\xfcller\""), 2, "Invalid UTF-8"},
        {TEXT("sequence cut by the quote", "\"\xe2\x82\""), 1, "Invalid UTF-8"},
        {TEXT("sequence cut by the end", "\"\xe2\x82"), 1, "Invalid UTF-8"},
        {TEXT("wrong bytes in a name", "{\"\xff\":1}"), 2, "Invalid UTF-8"},
        {TEXT("the same name twice", "{\"a\":1,\"a\":2}"), 7, "Duplicate name"},
        {TEXT("the same name by an escape", "{\"a\":1,\"\\u0061\":2}"), 7,
         "Duplicate name"},
        {TEXT("the same name by two escapes",
              "{\"\\u00e4\":1,\"b\":2,\"\\u00E4\":3}"),
         18, "Duplicate name"},
        {TEXT("escaped and raw",
              "{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}"),
         18, "Duplicate name"},
        {TEXT("the empty name twice", "{\"\":1,\"\":2}"), 6, "Duplicate name"},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct text *text = &rows[i].text;
        struct json_error error = {999, 0, 0, "(none)"};
        struct json_value value = {JSON_ARRAY, SLICE("untouched")};
        bool good = read_copy(text->bytes, text->len, &value, &error);

        if (good || error.offset != rows[i].offset ||
            strcmp(error.reason, rows[i].reason) != 0)
            fprintf(stderr, "\n%s: got %d, %s at %zu\n", text->claim, good,
                    error.reason, error.offset);
        CU_ASSERT(!good);
        CU_ASSERT_EQUAL(error.offset, rows[i].offset);
        CU_ASSERT_STRING_EQUAL(error.reason, rows[i].reason);
        CU_ASSERT(slice_is(value.text, "untouched"));
        CU_ASSERT(!read_copy(text->bytes, text->len, &value, NULL));
    }
    CU_ASSERT(!json_read(SLICE_NONE, &(struct json_value){0}, NULL));
}

static void
test_line_and_column(void)
{
    static const struct {
        const char *text;
        size_t offset;
        unsigned line, column;
    } rows[] = {
        {"x", 0, 1, 1},
        {"{\"a\":x}", 5, 1, 6},
        {"{\n  \"a\": x\n}", 9, 2, 8},
        {"{\r\n\"a\":1,\r\n\r\n  x", 15, 4, 3},
        {"[1,\n", 4, 2, 1},
        {"\"\xc3\xa4\" x", 5, 1, 6},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct json_error error = {0, 0, 0, NULL};
        struct json_value value;

        CU_ASSERT(!json_read(slice_of(rows[i].text), &value, &error));
        CU_ASSERT_EQUAL(error.offset, rows[i].offset);
        CU_ASSERT_EQUAL(error.line, rows[i].line);
        CU_ASSERT_EQUAL(error.column, rows[i].column);
    }
}

static void
test_type_and_text(void)
{
    static const struct {
        const char *text, *value;
        enum json_kind type;
    } rows[] = {
        {" null ", "null", JSON_NULL},
        {"\ntrue", "true", JSON_BOOL},
        {"false\t", "false", JSON_BOOL},
        {" -1.50e2 ", "-1.50e2", JSON_NUMBER},
        {" \"a b\" ", "\"a b\"", JSON_STRING},
        {" [ 1 ] ", "[ 1 ]", JSON_ARRAY},
        {" { \"a\" : 1 } ", "{ \"a\" : 1 }", JSON_OBJECT},
    };
    size_t i;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct json_value value = {JSON_NULL, SLICE_NONE};

        CU_ASSERT(json_read(slice_of(rows[i].text), &value, NULL));
        CU_ASSERT_EQUAL(value.type, rows[i].type);
        CU_ASSERT(slice_is(value.text, rows[i].value));
    }
}

static bool
read_nested(unsigned depth, const char *open, const char *inside,
            const char *close, struct json_error *error)
{
    struct buf text = BUF_INIT(1 << 20);
    struct json_value value;
    unsigned i;
    bool good;

    for (i = 0; i < depth; i++)
        buf_add_text(&text, open);
    buf_add_text(&text, inside);
    for (i = 0; i < depth; i++)
        buf_add_text(&text, close);
    good = json_read(buf_slice(&text), &value, error);
    buf_free(&text);
    return good;
}

static void
test_depth(void)
{
    struct json_error error = {0, 0, 0, ""};

    CU_ASSERT(read_nested(64, "[", "", "]", NULL));
    CU_ASSERT(read_nested(64, "[", "1", "]", NULL));
    CU_ASSERT(read_nested(64, "{\"a\":", "1", "}", NULL));
    CU_ASSERT(read_nested(32, "[{\"a\":", "1", "}]", NULL));

    CU_ASSERT(!read_nested(65, "[", "", "]", &error));
    CU_ASSERT_STRING_EQUAL(error.reason, "Nesting too deep");
    CU_ASSERT_EQUAL(error.offset, 64);
    CU_ASSERT(!read_nested(65, "{\"a\":", "1", "}", &error));
    CU_ASSERT_STRING_EQUAL(error.reason, "Nesting too deep");
    CU_ASSERT(!read_nested(100000, "[", "", "", &error));
    CU_ASSERT_STRING_EQUAL(error.reason, "Nesting too deep");
}

/* Neither many names nor many escaped names may cost quadratic time: with so
   many that would be 125 billion comparisons for each text, and tests/run ends
   this program long before they are made. */
static void
test_many_names(void)
{
    enum { NAMES = 500000 };
    static const char *const formats[] = {"%c\"%x\":1", "%c\"\\u0061%x\":1"};
    struct json_error error;
    struct json_value value;
    unsigned i, k;

    for (k = 0; k < 2; k++) {
        struct buf text = BUF_INIT(16 << 20);

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        for (i = 0; i < NAMES; i++)
            buf_addf(&text, formats[k], i == 0 ? '{' : ',', i);
#pragma GCC diagnostic pop
        buf_add_char(&text, '}');
        CU_ASSERT_FATAL(buf_ok(&text));
        CU_ASSERT(json_read(buf_slice(&text), &value, &error));

        text.len--;
        buf_add_text(&text, k == 0 ? ",\"7a11f\":1}" : ",\"a7a11f\":1}");
        CU_ASSERT(!json_read(buf_slice(&text), &value, &error));
        CU_ASSERT_STRING_EQUAL(error.reason, "Duplicate name");
        buf_free(&text);
    }
}

/* Whatever byte is changed in a good text: an answer, and no byte outside is
   read (the copies are of exact size). */
static void
test_damaged_text(void)
{
    static const char text[] =
        "{\"a\\u00e4\":[1,-2.5e3,true,null],\"\xc3\xa4\":\"\\ud83d\\ude00\","
        "\"c\":{\"d\":\"0123456789abcdef\"}}";
    char copy[sizeof(text)];
    struct json_value value;
    size_t i, cut, accepted = 0;
    unsigned byte;

    CU_ASSERT(json_read(slice_of(text), &value, NULL));
    for (cut = 0; cut < sizeof(text) - 1; cut++)
        CU_ASSERT(!read_copy(text, cut, &value, NULL));
    for (i = 0; i < sizeof(text) - 1; i++) {
        for (byte = 0; byte < 256; byte++) {
            struct json_error error = {0, 0, 0, NULL};

            memcpy(copy, text, sizeof(text));
            copy[i] = (char)byte;
            if (read_copy(copy, sizeof(text) - 1, &value, &error)) {
                accepted++;
                CU_ASSERT_EQUAL(value.text.len, sizeof(text) - 1);
            } else {
                CU_ASSERT_PTR_NOT_NULL(error.reason);
                CU_ASSERT(error.offset <= sizeof(text) - 1);
            }
        }
    }
    CU_ASSERT(accepted > sizeof(text));
}

int
main(void)
{
    CU_TestInfo tests[] = {
        {"accepted", test_accepted},
        {"refused, with place and reason", test_refused},
        {"line and column", test_line_and_column},
        {"type and text", test_type_and_text},
        {"64 levels, not 65", test_depth},
        {"many names are not slow", test_many_names},
        {"damaged text", test_damaged_text},
        CU_TEST_INFO_NULL,
    };

    return unit_run("json", tests);
}
