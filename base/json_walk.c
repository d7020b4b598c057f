/*
 * json_walk.c - finds its way in text that json_read() has accepted.
 *
 * The grammar is known to hold, so these functions skip instead of checking;
 * they still never read past the slice they were given.
 */
#include "json.h"

#include "json_scan.h"
#include "number.h"
#include "utf8.h"

#include <assert.h>

static const unsigned char *
first_byte(struct slice text)
{
    return (const unsigned char *)(text.ptr == NULL ? "" : text.ptr);
}

static bool
ends_scalar(unsigned char c)
{
    return c == ',' || c == ']' || c == '}' || json_is_space(c);
}

static const unsigned char *
skip_container(const unsigned char *at, const unsigned char *end)
{
    unsigned depth = 0;

    while (at < end) {
        unsigned char c = *at;

        if (c == '"') {
            at = json_skip_string(at, end);
            continue;
        }
        at++;
        if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            break;
    }
    return at;
}

static const unsigned char *
skip_value(const unsigned char *at, const unsigned char *end)
{
    if (at == end)
        return at;
    if (*at == '"')
        return json_skip_string(at, end);
    if (*at == '{' || *at == '[')
        return skip_container(at, end);
    while (at < end && !ends_scalar(*at))
        at++;
    return at;
}

/* Steps over what stands in front of a member: the opening bracket at first,
   a comma later. NULL at the end of the container. */
static const unsigned char *
next_start(const unsigned char *at, const unsigned char *end, bool first)
{
    at = json_skip_space(at, end);
    if (at < end && (first ? *at == '{' || *at == '[' : *at == ','))
        at = json_skip_space(at + 1, end);
    else
        return NULL;
    return at == end || *at == ']' || *at == '}' ? NULL : at;
}

struct json_value
json_accepted(struct slice text)
{
    return (struct json_value){json_type_of((unsigned char)text.ptr[0]), text};
}

bool
json_next(struct slice container, size_t *at, struct json_member *member)
{
    const unsigned char *start = first_byte(container);
    const unsigned char *end = start + container.len;
    const unsigned char *p = next_start(start + *at, end, *at == 0), *stop;
    bool object;

    if (p == NULL)
        return false;
    object = *json_skip_space(start, end) == '{';
    member->name = slice_make(p, 0);
    if (object) {
        stop = json_skip_string(p, end);
        member->name = slice_make(p + 1, (size_t)(stop - p) - 2);
        p = json_skip_space(stop, end);
        p = json_skip_space(p + 1, end); /* the colon */
    }
    stop = skip_value(p, end);
    member->value.type = json_type_of(*p);
    member->value.text = slice_make(p, (size_t)(stop - p));
    *at = (size_t)(stop - start);
    return true;
}

static unsigned
hex4(const unsigned char *at)
{
    unsigned value = 0, i;

    for (i = 0; i < 4; i++)
        value =
            value << 4 |
            (unsigned)(at[i] <= '9' ? at[i] - '0' : (at[i] | 0x20) - 'a' + 10);
    return value;
}

uint32_t
json_decode_escape(const unsigned char **at)
{
    const unsigned char *p = *at + 1;
    uint32_t unit;

    *at += 2;
    switch (*p) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    case 'u':
        break;
    default:
        return *p;
    }
    unit = hex4(p + 1);
    *at += 4;
    if (unit < 0xd800 || unit > 0xdfff)
        return unit;
    unit = 0x10000 + ((unit - 0xd800) << 10) + (hex4(*at + 2) - 0xdc00);
    *at += 6;
    return unit;
}

static bool
has_escapes(struct slice text)
{
    return text.len > 0 && memchr(text.ptr, '\\', text.len) != NULL;
}

/* Compares without decoding into memory: `name` is ASCII. */
static bool
name_is(struct slice raw, const char *name)
{
    const unsigned char *at = first_byte(raw), *end = at + raw.len;

    if (!has_escapes(raw))
        return slice_is(raw, name);
    for (; at < end; name++) {
        uint32_t c = *at == '\\' ? json_decode_escape(&at) : *at++;

        if (*name == '\0' || c != (unsigned char)*name)
            return false;
    }
    return *name == '\0';
}

bool
json_find(struct slice object, const char *name, struct json_value *value)
{
    struct json_member member;
    size_t at = 0;

    object = slice_trim(object);
    if (object.len == 0 || object.ptr[0] != '{')
        return false;
    while (json_next(object, &at, &member)) {
        if (name_is(member.name, name)) {
            *value = member.value;
            return true;
        }
    }
    return false;
}

struct slice
json_plain_string(struct slice quoted)
{
    assert(quoted.len >= 2);
    quoted.ptr++;
    quoted.len -= 2;
    return has_escapes(quoted) ? SLICE_NONE : quoted;
}

void
json_decode_string(struct slice quoted, struct buf *out)
{
    const unsigned char *at = first_byte(quoted) + 1;
    const unsigned char *end = at + quoted.len - 2;
    char piece[UTF8_MAX];

    assert(quoted.len >= 2);
    while (at < end) {
        const unsigned char *escape = memchr(at, '\\', (size_t)(end - at));
        const unsigned char *stop = escape == NULL ? end : escape;

        buf_add(out, at, (size_t)(stop - at));
        at = stop;
        if (escape != NULL)
            buf_add(out, piece, utf8_encode(json_decode_escape(&at), piece));
    }
}

bool
json_integer(struct slice number, int64_t min, int64_t max, int64_t *out)
{
    return number_i64(number, min, max, out);
}

void
json_minify(struct slice text, struct buf *out)
{
    const unsigned char *at = first_byte(text), *end = at + text.len;
    const unsigned char *run = at;

    while (at < end) {
        if (*at == '"') {
            at = json_skip_string(at, end);
        } else if (json_is_space(*at)) {
            buf_add(out, run, (size_t)(at - run));
            at = json_skip_space(at, end);
            run = at;
        } else {
            at++;
        }
    }
    buf_add(out, run, (size_t)(at - run));
}
