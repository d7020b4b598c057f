/*
 * json_scan.h - what the files of json.h share: skipping quickly over bytes
 * that mean nothing. Included by them only.
 */
#ifndef JSON_SCAN_H
#define JSON_SCAN_H

#include "json.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define JSON_ONES UINT64_C(0x0101010101010101)
#define JSON_HIGH UINT64_C(0x8080808080808080)

static inline bool
json_is_space(unsigned char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline const unsigned char *
json_skip_space(const unsigned char *at, const unsigned char *end)
{
    while (at < end && json_is_space(*at))
        at++;
    return at;
}

/* Nonzero if one of the 8 bytes is zero; the lowest such byte is exact. */
static inline uint64_t
json_has_zero(uint64_t word)
{
    return (word - JSON_ONES) & ~word & JSON_HIGH;
}

/*
 * The first byte from `at` on that is not an ordinary ASCII character of a
 * string: a quote, a backslash, a control character or a byte above 0x7f.
 * Looks at 8 bytes in one go; byte order does not matter, because a hit only
 * hands over to the loop at the end.
 */
static inline const unsigned char *
json_skip_plain(const unsigned char *at, const unsigned char *end)
{
    while (end - at >= 8) {
        uint64_t word, hit;

        memcpy(&word, at, sizeof(word));
        hit = json_has_zero(word ^ JSON_ONES * '"') |
              json_has_zero(word ^ JSON_ONES * '\\') |
              ((word - JSON_ONES * 0x20) & ~word & JSON_HIGH) |
              (word & JSON_HIGH);
        if (hit != 0)
            break;
        at += 8;
    }
    while (at < end && *at >= 0x20 && *at < 0x80 && *at != '"' && *at != '\\')
        at++;
    return at;
}

/* `at` stands on the opening quote of a string in accepted text; returns what
   follows the closing one. */
static inline const unsigned char *
json_skip_string(const unsigned char *at, const unsigned char *end)
{
    for (at = json_skip_plain(at + 1, end); at < end && *at != '"';
         at = json_skip_plain(at, end))
        at += *at == '\\' && end - at >= 2 ? 2 : 1;
    return at < end ? at + 1 : end;
}

/* The type of a value in accepted text, from its first byte. */
static inline enum json_kind
json_type_of(unsigned char first)
{
    switch (first) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
    case 'f':
        return JSON_BOOL;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

/* The code point that an escape of accepted text stands for. `*at` is on the
   backslash; moves it behind the escape, a surrogate pair as a whole. */
uint32_t json_decode_escape(const unsigned char **at);

#endif /* JSON_SCAN_H */
