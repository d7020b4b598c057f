/*
 * response_code.c - HTTP status codes in filters.
 */
#include "response_code.h"

#include "number.h"

bool
response_code_read(struct slice text, uint32_t *min, uint32_t *max)
{
    int64_t code;

    if (text.len == 3 && text.ptr[0] >= '1' && text.ptr[0] <= '5' &&
        slice_is_nocase(slice_make(text.ptr + 1, 2), "xx")) {
        *min = (uint32_t)(text.ptr[0] - '0') * 100;
        *max = *min + 99;
        return true;
    }
    if (!number_i64(text, 100, 999, &code))
        return false;
    *min = *max = (uint32_t)code;
    return true;
}
