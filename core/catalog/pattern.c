/*
 * pattern.c - which event types a subscription wants; see pattern.h.
 */
#include "pattern.h"

#include "json.h"

#include <stddef.h>
#include <stdint.h>

/* Control characters and white space of Unicode (Cc, Zs, Zl, Zp). */
static const struct {
    uint32_t first, last;
} refused[] = {
    {0x0000, 0x0020}, {0x007f, 0x00a0}, {0x1680, 0x1680}, {0x2000, 0x200a},
    {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000},
};

/* The character at *at of well-formed UTF-8; moves *at behind it. */
static uint32_t
next_char(struct slice text, size_t *at)
{
    unsigned char first = (unsigned char)text.ptr[(*at)++];
    uint32_t c = first;

    if (first >= 0xf0)
        c = first & 0x07u;
    else if (first >= 0xe0)
        c = first & 0x0fu;
    else if (first >= 0xc0)
        c = first & 0x1fu;
    while (*at < text.len && ((unsigned char)text.ptr[*at] & 0xc0u) == 0x80u)
        c = c << 6 | ((unsigned char)text.ptr[(*at)++] & 0x3fu);
    return c;
}

static bool
char_is_refused(uint32_t c)
{
    size_t i;

    for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (c >= refused[i].first && c <= refused[i].last)
            return true;
    }
    return false;
}

/* Parts between dots, none of them empty, and no '*' inside. */
static bool
parts_are_plain(struct slice text)
{
    bool part_empty = true;
    size_t at = 0;

    while (at < text.len) {
        uint32_t c = next_char(text, &at);

        if (c == '*' || char_is_refused(c))
            return false;
        if (c == '.' && part_empty)
            return false;
        part_empty = c == '.';
    }
    return !part_empty;
}

bool
pattern_is_type(struct slice type)
{
    return type.ptr != NULL && type.len >= 1 && type.len <= PATTERN_MAX &&
           json_is_utf8(type) && parts_are_plain(type);
}

/* What stands before a final ".*", or absent if the pattern has none. */
static struct slice
wildcard_base(struct slice pattern)
{
    size_t len = pattern.len;

    if (len < 3 || pattern.ptr[len - 1] != '*' || pattern.ptr[len - 2] != '.')
        return SLICE_NONE;
    return slice_make(pattern.ptr, len - 2);
}

bool
pattern_is_valid(struct slice pattern)
{
    struct slice base;

    if (pattern.ptr == NULL || pattern.len > PATTERN_MAX)
        return false;
    if (slice_is(pattern, "*"))
        return true;
    base = wildcard_base(pattern);
    return pattern_is_type(base.ptr != NULL ? base : pattern);
}

bool
pattern_matches(struct slice pattern, struct slice type)
{
    struct slice base;

    if (slice_is(pattern, "*"))
        return true;
    base = wildcard_base(pattern);
    if (base.ptr == NULL)
        return slice_equal(pattern, type);
    return type.len > base.len + 1 && type.ptr[base.len] == '.' &&
           memcmp(type.ptr, base.ptr, base.len) == 0;
}

void
pattern_add_clean(struct buf *out, struct slice text)
{
    bool part_empty = true;
    size_t at = 0;

    while (at < text.len) {
        size_t start = at;
        uint32_t c = next_char(text, &at);

        if (c == '.' && part_empty)
            buf_add_char(out, '_');
        if (c == '*' || char_is_refused(c))
            buf_add_char(out, '_');
        else
            buf_add(out, text.ptr + start, at - start);
        part_empty = c == '.';
    }
    if (part_empty)
        buf_add_char(out, '_');
}
