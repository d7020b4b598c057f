/*
 * json.c - validates JSON text in one pass; see json.h.
 *
 * A loop over tokens with one bit per open container: nesting costs no stack.
 * Line and column are only counted once something is wrong.
 */
#include "json.h"

#include "json_scan.h"
#include "nameset.h"
#include "utf8.h"

#include <assert.h>

enum state {
    WANT_VALUE,
    WANT_FIRST_ITEM, /* after [ : a value or ] */
    WANT_NAME,
    WANT_FIRST_NAME, /* after { : a name or } */
    WANT_COMMA,      /* after a value inside a container */
    DONE
};

struct reader {
    const unsigned char *start, *at, *end;
    enum state state;
    unsigned depth;       /* containers open */
    uint64_t objects;     /* bit n: the container at depth n + 1 is an object */
    struct nameset names; /* of the top-level object */
    struct buf decoded;   /* names that were written with escapes */
    const char *reason;   /* NULL while all is well */
    const unsigned char *where;
};

static bool
fail(struct reader *r, const unsigned char *where, const char *reason)
{
    r->where = where;
    r->reason = reason;
    return false;
}

/* Four hex digits; false if there are not four. */
static bool
read_hex4(const unsigned char *at, const unsigned char *end, unsigned *out)
{
    unsigned value = 0, i;

    if (end - at < 4)
        return false;
    for (i = 0; i < 4; i++) {
        unsigned char c = at[i];

        if (c >= '0' && c <= '9')
            value = value << 4 | (unsigned)(c - '0');
        else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
            value = value << 4 | (unsigned)((c | 0x20) - 'a' + 10);
        else
            return false;
    }
    *out = value;
    return true;
}

/* `at` is on the u of \uXXXX; a high surrogate takes the low one along. */
static bool
read_unicode_escape(struct reader *r)
{
    const unsigned char *backslash = r->at - 1;
    unsigned unit, low;

    if (!read_hex4(r->at + 1, r->end, &unit))
        return fail(r, r->at, "Invalid \\uXXXX escape");
    r->at += 5;
    if (unit < 0xd800 || unit > 0xdfff)
        return true;
    if (unit > 0xdbff || r->end - r->at < 2 || r->at[0] != '\\' ||
        r->at[1] != 'u')
        return fail(r, backslash, "Lone surrogate in \\uXXXX escape");
    if (!read_hex4(r->at + 2, r->end, &low))
        return fail(r, r->at + 1, "Invalid \\uXXXX escape");
    if (low < 0xdc00 || low > 0xdfff)
        return fail(r, backslash, "Lone surrogate in \\uXXXX escape");
    r->at += 6;
    return true;
}

static bool
read_escape(struct reader *r, const unsigned char *quote)
{
    const unsigned char *backslash = r->at++;

    if (r->at == r->end)
        return fail(r, quote, "Unterminated string starting at");
    switch (*r->at) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        r->at++;
        return true;
    case 'u':
        return read_unicode_escape(r);
    default:
        return fail(r, backslash, "Invalid \\escape");
    }
}

/* `at` is on the opening quote. */
static bool
read_string(struct reader *r, bool *escaped)
{
    const unsigned char *quote = r->at++;
    size_t len;

    *escaped = false;
    for (;;) {
        r->at = json_skip_plain(r->at, r->end);
        if (r->at == r->end)
            return fail(r, quote, "Unterminated string starting at");
        if (*r->at == '"') {
            r->at++;
            return true;
        }
        if (*r->at == '\\') {
            *escaped = true;
            if (!read_escape(r, quote))
                return false;
        } else if (*r->at < 0x20) {
            return fail(r, r->at, "Invalid control character at");
        } else {
            len = utf8_length(r->at, (size_t)(r->end - r->at));
            if (len == 0)
                return fail(r, r->at, "Invalid UTF-8");
            r->at += len;
        }
    }
}

static const unsigned char *
skip_digits(const unsigned char *at, const unsigned char *end)
{
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at;
}

/* Takes the longest number there is; what follows is not its business, so
   that 01 is a 0 with something unexpected behind it. */
static bool
read_number(struct reader *r)
{
    const unsigned char *at = r->at, *end = r->end, *digits;

    if (*at == '-')
        at++;
    digits = at;
    if (at < end && *at == '0')
        at++;
    else
        at = skip_digits(at, end);
    if (at == digits)
        return fail(r, r->at, "Expecting value");
    r->at = at;

    if (at < end && *at == '.') {
        digits = at + 1;
        at = skip_digits(digits, end);
        if (at == digits)
            return true;
        r->at = at;
    }
    if (at < end && (*at | 0x20) == 'e') {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        digits = at;
        at = skip_digits(digits, end);
        if (at != digits)
            r->at = at;
    }
    return true;
}

static bool
read_word(struct reader *r, const char *word)
{
    size_t len = strlen(word);

    if ((size_t)(r->end - r->at) < len || memcmp(r->at, word, len) != 0)
        return fail(r, r->at, "Expecting value");
    r->at += len;
    return true;
}

static bool
open_container(struct reader *r, bool object)
{
    uint64_t bit;

    if (r->depth == JSON_DEPTH)
        return fail(r, r->at, "Nesting too deep");
    bit = UINT64_C(1) << r->depth++;
    r->objects = object ? r->objects | bit : r->objects & ~bit;
    r->state = object ? WANT_FIRST_NAME : WANT_FIRST_ITEM;
    r->at++;
    return true;
}

static bool
close_container(struct reader *r)
{
    r->at++;
    r->depth--;
    r->state = r->depth == 0 ? DONE : WANT_COMMA;
    return true;
}

static bool
read_value(struct reader *r)
{
    bool escaped, good;

    if (r->at == r->end)
        return fail(r, r->at, "Expecting value");
    switch (*r->at) {
    case '{':
        return open_container(r, true);
    case '[':
        return open_container(r, false);
    case '"':
        good = read_string(r, &escaped);
        break;
    case 't':
        good = read_word(r, "true");
        break;
    case 'f':
        good = read_word(r, "false");
        break;
    case 'n':
        good = read_word(r, "null");
        break;
    default:
        good = read_number(r);
        break;
    }
    r->state = r->depth == 0 ? DONE : WANT_COMMA;
    return good;
}

/* Decoding never makes a name longer, so one allocation as large as the whole
   input holds all of them and the set's slices stay where they are. */
static struct slice
decoded_name(struct reader *r, struct slice quoted)
{
    size_t before = r->decoded.len;

    if (r->decoded.data == NULL) {
        buf_init(&r->decoded, (size_t)(r->end - r->start));
        (void)buf_reserve(&r->decoded, r->decoded.max);
    }
    json_decode_string(quoted, &r->decoded);
    assert(buf_ok(&r->decoded));
    return slice_make(r->decoded.data + before, r->decoded.len - before);
}

static bool
read_name(struct reader *r)
{
    const unsigned char *quote = r->at;
    struct slice name;
    bool escaped;

    if (r->at == r->end || *r->at != '"')
        return fail(r, r->at,
                    "Expecting property name enclosed in double quotes");
    if (!read_string(r, &escaped))
        return false;
    if (r->depth == 1) {
        name = escaped
                   ? decoded_name(r, slice_make(quote, (size_t)(r->at - quote)))
                   : slice_make(quote + 1, (size_t)(r->at - quote) - 2);
        if (!nameset_add(&r->names, name))
            return fail(r, quote, "Duplicate name");
    }
    r->at = json_skip_space(r->at, r->end);
    if (r->at == r->end || *r->at != ':')
        return fail(r, r->at, "Expecting ':' delimiter");
    r->at++;
    r->state = WANT_VALUE;
    return true;
}

static bool
read_comma(struct reader *r)
{
    bool object = (r->objects >> (r->depth - 1) & 1) != 0;

    if (r->at < r->end && *r->at == (object ? '}' : ']'))
        return close_container(r);
    if (r->at == r->end || *r->at != ',')
        return fail(r, r->at, "Expecting ',' delimiter");
    r->at++;
    r->state = object ? WANT_NAME : WANT_VALUE;
    return true;
}

static bool
read_token(struct reader *r)
{
    switch (r->state) {
    case WANT_FIRST_ITEM:
        if (r->at < r->end && *r->at == ']')
            return close_container(r);
        return read_value(r);
    case WANT_FIRST_NAME:
        if (r->at < r->end && *r->at == '}')
            return close_container(r);
        return read_name(r);
    case WANT_NAME:
        return read_name(r);
    case WANT_COMMA:
        return read_comma(r);
    default:
        return read_value(r);
    }
}

/* Reads one value and nothing else; `at` ends behind it. */
static bool
read_text(struct reader *r, const unsigned char **first)
{
    const unsigned char *rest;

    if (r->end - r->at >= 3 && memcmp(r->at, "\xef\xbb\xbf", 3) == 0)
        return fail(r, r->at, "Unexpected UTF-8 BOM");
    *first = r->at = json_skip_space(r->at, r->end);
    while (r->state != DONE) {
        if (!read_token(r))
            return false;
        if (r->state != DONE)
            r->at = json_skip_space(r->at, r->end);
    }
    rest = json_skip_space(r->at, r->end);
    if (rest != r->end)
        return fail(r, rest, "Extra data");
    return true;
}

static void
describe(const struct reader *r, struct json_error *error)
{
    const unsigned char *p, *line_start = r->start;

    error->offset = (size_t)(r->where - r->start);
    error->line = 1;
    for (p = r->start; p < r->where; p++) {
        if (*p == '\n') {
            error->line++;
            line_start = p + 1;
        }
    }
    error->column = (unsigned)(r->where - line_start) + 1;
    error->reason = r->reason;
}

bool
json_read(struct slice text, struct json_value *value, struct json_error *error)
{
    const unsigned char *first = NULL;
    struct reader r;
    bool good;

    r.start = (const unsigned char *)(text.ptr == NULL ? "" : text.ptr);
    r.at = r.start;
    r.end = r.start + text.len;
    r.state = WANT_VALUE;
    r.depth = 0;
    r.objects = 0;
    r.decoded = BUF_INIT(0);
    nameset_init(&r.names);

    good = read_text(&r, &first);
    if (good) {
        value->type = json_type_of(*first);
        value->text = slice_make(first, (size_t)(r.at - first));
    } else if (error != NULL) {
        describe(&r, error);
    }
    nameset_free(&r.names);
    buf_free(&r.decoded);
    return good;
}
