/*
 * id.c - 63-bit ids, ordered by time; see id.h for the layout.
 */
#include "id.h"

#include "clock.h"
#include "encode.h"

#include <assert.h>

#define SEQUENCE_BITS 12
#define TIME_SHIFT 22 /* node and sequence below the milliseconds */
#define SEQUENCE_MAX ((UINT64_C(1) << SEQUENCE_BITS) - 1)
#define TIME_MAX ((UINT64_C(1) << 41) - 1) /* some day in 2094 */
#define ID_MAX ((UINT64_C(1) << 63) - 1)
#define PREFIX_MAX 8

/* Milliseconds since the epoch of the ids, kept within 41 bits. */
static uint64_t
ticks(int64_t wall_us)
{
    int64_t ms = wall_us / CLOCK_US_PER_MS - ID_EPOCH_MS;

    if (ms < 0)
        return 0;
    return (uint64_t)ms > TIME_MAX ? TIME_MAX : (uint64_t)ms;
}

void
id_source_init(struct id_source *source, uint32_t node)
{
    int failed;

    assert(node < ID_NODES);
    failed = pthread_mutex_init(&source->lock, NULL);
    assert(failed == 0);
    (void)failed;
    source->node = node;
    source->last = (uint64_t)node << SEQUENCE_BITS;
}

uint64_t
id_next(struct id_source *source)
{
    uint64_t now = ticks(clock_wall_us()), sequence = 0, last, id;

    pthread_mutex_lock(&source->lock);
    last = source->last >> TIME_SHIFT;
    if (now <= last) {
        /* A full millisecond borrows from the next one instead of waiting. */
        sequence = (source->last & SEQUENCE_MAX) + 1;
        now = last + (sequence > SEQUENCE_MAX ? 1 : 0);
        sequence &= SEQUENCE_MAX;
    }
    id = now << TIME_SHIFT | (uint64_t)source->node << SEQUENCE_BITS | sequence;
    source->last = id;
    pthread_mutex_unlock(&source->lock);
    return id;
}

uint64_t
id_floor(int64_t wall_us)
{
    return ticks(wall_us) << TIME_SHIFT;
}

int64_t
id_time_us(uint64_t id)
{
    return ((int64_t)(id >> TIME_SHIFT) + ID_EPOCH_MS) * CLOCK_US_PER_MS;
}

void
id_format(const char *prefix, uint64_t id, char out[ID_TEXT_MAX])
{
    size_t len = strlen(prefix);

    assert(len <= PREFIX_MAX);
    memcpy(out, prefix, len);
    out[len] = '_';
    encode_base32_u64(id, out + len + 1);
}

bool
id_parse(const char *prefix, struct slice text, uint64_t *id)
{
    size_t len = strlen(prefix);
    uint64_t value;

    if (text.len < len + 1 || text.ptr[len] != '_' ||
        !slice_is_nocase(slice_make(text.ptr, len), prefix))
        return false;
    text = slice_make(text.ptr + len + 1, text.len - len - 1);
    if (!decode_base32_u64(text, &value) || value > ID_MAX)
        return false;
    *id = value;
    return true;
}
