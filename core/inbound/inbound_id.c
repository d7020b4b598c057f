/*
 * inbound_id.c - Notion's ids, with dashes and without; see inbound_id.h.
 */
#include "inbound_id.h"

#include "encode.h"

#define LONGEST 64 /* bytes, dashes included */

bool
inbound_id(struct slice text, char out[INBOUND_ID_LEN + 1])
{
    char digits[INBOUND_ID_LEN + 1];
    size_t i, len = 0;

    if (text.len < INBOUND_ID_LEN || text.len > LONGEST)
        return false;
    for (i = 0; i < text.len; i++) {
        int value = decode_hex_digit(text.ptr[i]);

        if (text.ptr[i] == '-')
            continue;
        if (value < 0 || len == INBOUND_ID_LEN)
            return false;
        digits[len++] = "0123456789abcdef"[value];
    }
    if (len != INBOUND_ID_LEN)
        return false;
    digits[len] = '\0';
    memcpy(out, digits, sizeof(digits));
    return true;
}

void
inbound_id_clean(char *text)
{
    char id[INBOUND_ID_LEN + 1];

    if (inbound_id(slice_of(text), id))
        memcpy(text, id, sizeof(id));
}

bool
inbound_id_equal(struct slice a, struct slice b)
{
    char left[INBOUND_ID_LEN + 1], right[INBOUND_ID_LEN + 1];

    if (slice_equal(a, b))
        return true;
    return inbound_id(a, left) && inbound_id(b, right) &&
           memcmp(left, right, sizeof(left)) == 0;
}
