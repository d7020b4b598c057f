/*
 * json_compare.c - numbers and strings of JSON text, compared as they stand;
 * see json_compare.h.
 */
#include "json_compare.h"

#include "alloc.h"
#include "json_scan.h"
#include "utf8.h"

#include <assert.h>
#include <stdlib.h>

#define EXPONENT_MAX INT64_C(1000000000000000000)
#define WINDOW_MIN 4096 /* bytes that are decoded before they are searched */

/* -- numbers ----------------------------------------------------------------- */

/* 0.d1d2d3... * 10^power with d1 > 0, or zero. */
struct decimal {
    int sign; /* -1, 0, 1 */
    int64_t power;
    const char *at;  /* the next digit that counts, perhaps a point before it */
    const char *end; /* of the digits */
};

/* The number behind e or E. */
static int64_t
read_exponent(const char *at, const char *end)
{
    bool negative = at < end && *at == '-';
    int64_t value = 0;

    if (at < end && (*at == '-' || *at == '+'))
        at++;
    for (; at < end && value < EXPONENT_MAX / 10; at++)
        value = value * 10 + (*at - '0');
    if (at < end)
        value = EXPONENT_MAX;
    return negative ? -value : value;
}

static struct decimal
read_decimal(struct slice number)
{
    const char *at = number.ptr, *end = at + number.len;
    struct decimal out = {1, 0, at, at};
    bool fraction = false;

    if (at < end && *at == '-') {
        out.sign = -1;
        at++;
    }
    out.at = NULL;
    for (; at < end && (*at | 0x20) != 'e'; at++) {
        if (*at == '.') {
            fraction = true;
            continue;
        }
        if (out.at == NULL && *at != '0')
            out.at = at;
        if (out.at != NULL && !fraction)
            out.power++;
        else if (out.at == NULL && fraction)
            out.power--;
    }
    out.end = at;
    if (out.at == NULL)
        out.sign = 0;
    else if (at < end)
        out.power += read_exponent(at + 1, end);
    return out;
}

/* '0' for ever behind the last one. */
static char
next_digit(struct decimal *number)
{
    if (number->at < number->end && *number->at == '.')
        number->at++;
    return number->at < number->end ? *number->at++ : '0';
}

static int
compare_magnitudes(struct decimal a, struct decimal b)
{
    if (a.power != b.power)
        return a.power < b.power ? -1 : 1;
    while (a.at < a.end || b.at < b.end) {
        char digit = next_digit(&a), other = next_digit(&b);

        if (digit != other)
            return digit < other ? -1 : 1;
    }
    return 0;
}

int
json_compare_numbers(struct slice a, struct slice b)
{
    struct decimal left = read_decimal(a), right = read_decimal(b);

    if (left.sign != right.sign)
        return left.sign < right.sign ? -1 : 1;
    if (left.sign == 0)
        return 0;
    return left.sign * compare_magnitudes(left, right);
}

/* -- strings ----------------------------------------------------------------- */

/* A string's decoded bytes, piece by piece. */
struct pieces {
    const unsigned char *at, *end;
    char escape[UTF8_MAX];
};

static struct pieces
pieces_of(struct slice quoted)
{
    const unsigned char *start = (const unsigned char *)quoted.ptr;

    assert(quoted.len >= 2);
    return (struct pieces){start + 1, start + quoted.len - 1, {0}};
}

/* False at the end. A piece is never empty. */
static bool
next_piece(struct pieces *pieces, struct slice *piece)
{
    const unsigned char *at = pieces->at, *backslash;

    if (at == pieces->end)
        return false;
    if (*at == '\\') {
        uint32_t code_point = json_decode_escape(&pieces->at);

        *piece =
            slice_make(pieces->escape, utf8_encode(code_point, pieces->escape));
        return true;
    }
    backslash = memchr(at, '\\', (size_t)(pieces->end - at));
    pieces->at = backslash == NULL ? pieces->end : backslash;
    *piece = slice_make(at, (size_t)(pieces->at - at));
    return true;
}

/* The order of UTF-8 bytes is that of code points. */
int
json_compare_text(struct slice quoted, struct slice text)
{
    struct pieces pieces = pieces_of(quoted);
    struct slice piece;

    while (next_piece(&pieces, &piece)) {
        size_t len = piece.len < text.len ? piece.len : text.len;
        int order = len == 0 ? 0 : memcmp(piece.ptr, text.ptr, len);

        if (order != 0)
            return order;
        if (piece.len > text.len)
            return 1;
        text = slice_make(text.ptr + len, text.len - len);
    }
    return text.len > 0 ? -1 : 0;
}

/* Behind the first `skip` bytes, which the string must have. */
static bool
starts_behind(struct slice quoted, size_t skip, struct slice text)
{
    struct pieces pieces = pieces_of(quoted);
    struct slice piece;

    while (text.len > 0 && next_piece(&pieces, &piece)) {
        size_t step = piece.len < skip ? piece.len : skip, len;

        skip -= step;
        piece = slice_make(piece.ptr + step, piece.len - step);
        len = piece.len < text.len ? piece.len : text.len;
        if (len > 0 && memcmp(piece.ptr, text.ptr, len) != 0)
            return false;
        text = slice_make(text.ptr + len, text.len - len);
    }
    return text.len == 0;
}

bool
json_text_starts(struct slice quoted, struct slice text)
{
    return starts_behind(quoted, 0, text);
}

bool
json_text_ends(struct slice quoted, struct slice text)
{
    struct pieces pieces = pieces_of(quoted);
    struct slice piece;
    size_t len = 0;

    while (next_piece(&pieces, &piece))
        len += piece.len;
    return len >= text.len && starts_behind(quoted, len - text.len, text);
}

static bool
holds(const char *window, size_t len, struct slice text)
{
    return memmem(window, len, text.ptr, text.len) != NULL;
}

/* Decodes into a window that is some times as long as the text; whenever it is
   full it is searched and all but the last bytes of it are forgotten. */
static bool
contains_decoded(struct slice quoted, struct slice text)
{
    size_t size = text.len * 4 + WINDOW_MIN, kept = text.len - 1, len = 0;
    struct pieces pieces = pieces_of(quoted);
    char *window = xmalloc(size);
    struct slice piece;
    bool found = false;

    while (!found && next_piece(&pieces, &piece)) {
        while (piece.len > 0 && !found) {
            size_t step = piece.len < size - len ? piece.len : size - len;

            memcpy(window + len, piece.ptr, step);
            len += step;
            piece = slice_make(piece.ptr + step, piece.len - step);
            if (len < size)
                continue;
            found = holds(window, len, text);
            memmove(window, window + len - kept, kept);
            len = kept;
        }
    }
    found = found || holds(window, len, text);
    free(window);
    return found;
}

bool
json_text_contains(struct slice quoted, struct slice text)
{
    struct slice plain = json_plain_string(quoted);

    if (text.len == 0)
        return true;
    return plain.ptr != NULL ? holds(plain.ptr, plain.len, text)
                             : contains_decoded(quoted, text);
}
