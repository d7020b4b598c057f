/*
 * encode.c - bytes as text; see encode.h.
 */
#include "encode.h"

#include <limits.h>

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/* Crockford's alphabet: no i, l, o, u. */
static const char base32_digits[] = "0123456789abcdefghjkmnpqrstvwxyz";

#define BASE32_LEN 13

void
encode_hex(const void *src, size_t len, char *out)
{
    const uint8_t *bytes = src;
    size_t i;

    for (i = 0; i < len; i++) {
        out[2 * i] = hex_digits[bytes[i] >> 4];
        out[2 * i + 1] = hex_digits[bytes[i] & 15];
    }
    out[2 * len] = '\0';
}

int
decode_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool
decode_hex(struct slice text, uint8_t *out, size_t len)
{
    size_t i;

    if (text.len / 2 != len || text.len % 2 != 0)
        return false;
    for (i = 0; i < len; i++) {
        int high = decode_hex_digit(text.ptr[2 * i]);
        int low = decode_hex_digit(text.ptr[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

size_t
decode_form(struct slice text, char *out)
{
    size_t len = 0, i;

    for (i = 0; i < text.len; i++) {
        int high = -1, low = -1;

        if (text.ptr[i] == '%' && text.len - i > 2) {
            high = decode_hex_digit(text.ptr[i + 1]);
            low = decode_hex_digit(text.ptr[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            out[len++] = (char)(high * 16 + low);
            i += 2;
        } else {
            out[len++] = text.ptr[i] == '+' ? ' ' : text.ptr[i];
        }
    }
    return len;
}

/* Four characters for 1..3 bytes. */
static void
encode_group(const uint8_t *src, size_t count, char *out)
{
    uint32_t bits = (uint32_t)src[0] << 16 |
                    (count > 1 ? (uint32_t)src[1] << 8 : 0) |
                    (count > 2 ? (uint32_t)src[2] : 0);

    out[0] = base64_digits[bits >> 18];
    out[1] = base64_digits[bits >> 12 & 63];
    out[2] = count > 1 ? base64_digits[bits >> 6 & 63] : '=';
    out[3] = count > 2 ? base64_digits[bits & 63] : '=';
}

void
encode_base64(struct slice src, struct buf *out)
{
    const uint8_t *bytes = (const uint8_t *)src.ptr;
    size_t groups = src.len / 3 + (src.len % 3 != 0), i;
    char *room =
        buf_reserve(out, groups > SIZE_MAX / 4 ? SIZE_MAX : groups * 4);

    if (room == NULL)
        return;
    for (i = 0; i < groups; i++) {
        size_t left = src.len - 3 * i;

        encode_group(bytes + 3 * i, left < 3 ? left : 3, room + 4 * i);
    }
    buf_advance(out, groups * 4);
}

static int
base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Reads 4 characters, of which the last `pad` are '='. Writes 3 - pad bytes. */
static bool
decode_group(const char *src, size_t pad, uint8_t *out)
{
    uint32_t bits = 0;
    size_t i;

    for (i = 0; i < 4; i++) {
        int value = i < 4 - pad ? base64_value(src[i]) : 0;

        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
    }
    if (pad > 0 && (bits & (pad == 1 ? 0xffu : 0xffffu)) != 0)
        return false;
    for (i = 0; i < 3 - pad; i++)
        out[i] = (uint8_t)(bits >> (16 - 8 * i));
    return true;
}

int
decode_base64(struct slice text, uint8_t *out, size_t max)
{
    size_t groups = text.len / 4, pad = 0, len, i;

    if (text.len % 4 != 0)
        return -1;
    if (text.len == 0)
        return 0;
    if (text.ptr[text.len - 1] == '=')
        pad = text.ptr[text.len - 2] == '=' ? 2 : 1;
    len = groups * 3 - pad;
    if (len > max || len > INT_MAX)
        return -1;
    for (i = 0; i < groups; i++) {
        if (!decode_group(text.ptr + 4 * i, i + 1 == groups ? pad : 0,
                          out + 3 * i))
            return -1;
    }
    return (int)len;
}

void
encode_base32_u64(uint64_t value, char out[14])
{
    size_t i;

    for (i = BASE32_LEN; i-- > 0; value >>= 5)
        out[i] = base32_digits[value & 31];
    out[BASE32_LEN] = '\0';
}

static int
base32_value(char c)
{
    const char *at;

    if (c >= 'A' && c <= 'Z')
        c = (char)(c - 'A' + 'a');
    if (c == 'i' || c == 'l')
        return 1;
    if (c == 'o')
        return 0;
    at = c == '\0' ? NULL : strchr(base32_digits, c);
    return at == NULL ? -1 : (int)(at - base32_digits);
}

bool
decode_base32_u64(struct slice text, uint64_t *value)
{
    uint64_t bits = 0;
    size_t i;

    if (text.len != BASE32_LEN)
        return false;
    for (i = 0; i < BASE32_LEN; i++) {
        int digit = base32_value(text.ptr[i]);

        /* 13 digits hold 65 bits: the first one has room for 4. */
        if (digit < 0 || (i == 0 && digit > 15))
            return false;
        bits = bits << 5 | (uint64_t)digit;
    }
    *value = bits;
    return true;
}
