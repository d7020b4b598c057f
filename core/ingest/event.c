/*
 * event.c - the key under which a repeated event is recognised.
 */
#include "event.h"

#include "sign.h"

/* Eight bytes, most significant first: the same on every machine, and no
   length can be read as the start of the part behind it. */
static struct slice
as_bytes(uint64_t n, char out[8])
{
    size_t i;

    for (i = 8; i-- > 0; n >>= 8)
        out[i] = (char)(unsigned char)(n & 0xff);
    return slice_make(out, 8);
}

void
event_dedupe_hash(struct new_event *event, const char *kind, uint32_t owner_id,
                  struct slice value)
{
    char kind_len[8], owner_len[8], owner[8], value_len[8];
    const struct slice parts[] = {
        as_bytes(strlen(kind), kind_len),   slice_of(kind),
        as_bytes(sizeof(owner), owner_len), as_bytes(owner_id, owner),
        as_bytes(value.len, value_len),     value,
    };

    event->has_dedupe = value.len > 0;
    if (!event->has_dedupe)
        return;
    sign_sha256_parts(parts, sizeof(parts) / sizeof(parts[0]),
                      event->dedupe_hash);
}
