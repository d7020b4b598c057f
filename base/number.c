/*
 * number.c - numbers from text, strictly; see number.h.
 */
#include "number.h"

bool
number_u64(struct slice text, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;
    size_t i;

    if (text.len == 0 || (text.len > 1 && text.ptr[0] == '0'))
        return false;
    for (i = 0; i < text.len; i++) {
        unsigned digit = (unsigned char)text.ptr[i] - (unsigned)'0';

        if (digit > 9 || value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (value > max)
        return false;
    *out = value;
    return true;
}

bool
number_i64(struct slice text, int64_t min, int64_t max, int64_t *out)
{
    bool negative = text.len > 0 && text.ptr[0] == '-';
    uint64_t magnitude;
    int64_t value;

    if (negative) {
        text.ptr++;
        text.len--;
    }
    if (!number_u64(text, (uint64_t)INT64_MAX + (negative ? 1 : 0), &magnitude))
        return false;
    if (negative && magnitude > INT64_MAX)
        value = INT64_MIN;
    else
        value = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    if (value < min || value > max)
        return false;
    *out = value;
    return true;
}
