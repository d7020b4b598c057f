/*
 * utf8.c - one UTF-8 sequence at a time; see utf8.h.
 */
#include "utf8.h"

#include <stdbool.h>

static bool
in_range(unsigned char c, unsigned char low, unsigned char high)
{
    return c >= low && c <= high;
}

static bool
is_tail(unsigned char c)
{
    return in_range(c, 0x80, 0xbf);
}

size_t
utf8_length(const unsigned char *at, size_t left)
{
    unsigned char c = at[0], low = 0x80, high = 0xbf;

    if (c < 0x80)
        return 1;
    if (in_range(c, 0xc2, 0xdf))
        return left >= 2 && is_tail(at[1]) ? 2 : 0;

    /* The second byte is what keeps out overlong forms (e0, f0), surrogates
       (ed) and values past the end (f4). */
    if (c == 0xe0)
        low = 0xa0;
    else if (c == 0xed)
        high = 0x9f;
    else if (c == 0xf0)
        low = 0x90;
    else if (c == 0xf4)
        high = 0x8f;

    if (left < 3 || !in_range(at[1], low, high) || !is_tail(at[2]))
        return 0;
    if (in_range(c, 0xe0, 0xef))
        return 3;
    return in_range(c, 0xf0, 0xf4) && left >= 4 && is_tail(at[3]) ? 4 : 0;
}

size_t
utf8_encode(uint32_t code_point, char out[UTF8_MAX])
{
    if (code_point < 0x80) {
        out[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        out[0] = (char)(0xc0 | code_point >> 6);
        out[1] = (char)(0x80 | (code_point & 63));
        return 2;
    }
    if (code_point < 0x10000) {
        out[0] = (char)(0xe0 | code_point >> 12);
        out[1] = (char)(0x80 | (code_point >> 6 & 63));
        out[2] = (char)(0x80 | (code_point & 63));
        return 3;
    }
    out[0] = (char)(0xf0 | code_point >> 18);
    out[1] = (char)(0x80 | (code_point >> 12 & 63));
    out[2] = (char)(0x80 | (code_point >> 6 & 63));
    out[3] = (char)(0x80 | (code_point & 63));
    return 4;
}
