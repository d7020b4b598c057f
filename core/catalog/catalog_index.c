/*
 * catalog_index.c - which subscriptions have which pattern.
 *
 * A sorted array of (hash of application and pattern, subscription). An event
 * of type a.b.c is looked up as "a.b.c", "a.*", "a.b.*" and "*", so matching
 * costs a few binary searches however many subscriptions there are. A change
 * of one subscription copies the array, which is a fraction of a millisecond
 * for ten thousand of them.
 */
#include "catalog_impl.h"

#include "alloc.h"
#include "pattern.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    uint64_t hash;
    uint32_t id; /* of the row */
    const struct catalog_row *row;
};

struct catalog_index {
    atomic_uint refs;
    size_t count;
    struct entry *entries; /* by hash, then id */
};

/* FNV-1a over the bytes; equal hashes of different patterns are told apart by
   the text. */
static uint64_t
hash_of(uint32_t application_id, struct slice pattern)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ application_id;
    size_t i;

    for (i = 0; i < pattern.len; i++)
        hash = (hash ^ (unsigned char)pattern.ptr[i]) * UINT64_C(0x100000001b3);
    return hash;
}

static int
compare_entries(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;

    if (left->hash != right->hash)
        return left->hash < right->hash ? -1 : 1;
    if (left->id != right->id)
        return left->id < right->id ? -1 : 1;
    return 0;
}

static bool
is_repeated(const struct subscription *sub, size_t pattern)
{
    size_t i;

    for (i = 0; i < pattern; i++)
        if (strcmp(sub->patterns[i], sub->patterns[pattern]) == 0)
            return true;
    return false;
}

static bool
takes_events(const struct catalog_row *row)
{
    return !row->gone && row->subscription.active && !row->subscription.adhoc;
}

/* Entries of the changed rows, sorted. */
static struct entry *
make_entries(const struct catalog_changes *changes, size_t *count)
{
    struct entry *entries;
    size_t i, j, max = 0;

    for (i = 0; i < changes->count; i++)
        max += changes->list[i]->subscription.pattern_count;
    entries = xcalloc(max, sizeof(*entries));
    *count = 0;
    for (i = 0; i < changes->count; i++) {
        const struct catalog_row *row = changes->list[i];
        const struct subscription *sub = &row->subscription;

        if (!takes_events(row))
            continue;
        for (j = 0; j < sub->pattern_count; j++)
            if (!is_repeated(sub, j))
                entries[(*count)++] = (struct entry){
                    .hash = hash_of(sub->application_id,
                                    slice_of(sub->patterns[j])),
                    .id = row->id,
                    .row = row,
                };
    }
    if (*count > 0)
        qsort(entries, *count, sizeof(*entries), compare_entries);
    return entries;
}

static bool
is_changed(const struct catalog_changes *changes, uint32_t id)
{
    size_t low = 0, high = changes->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (changes->list[middle]->id == id)
            return true;
        if (changes->list[middle]->id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

struct catalog_index *
catalog_index_merge(const struct catalog_index *old,
                    const struct catalog_changes *changes)
{
    struct catalog_index *index = xcalloc(1, sizeof(*index));
    size_t old_count = old == NULL ? 0 : old->count;
    size_t added_count, i, j = 0;
    struct entry *added = make_entries(changes, &added_count);

    atomic_init(&index->refs, 1);
    index->entries = xcalloc(old_count + added_count, sizeof(struct entry));
    for (i = 0; i < old_count; i++) {
        if (is_changed(changes, old->entries[i].id))
            continue;
        while (j < added_count &&
               compare_entries(&added[j], &old->entries[i]) < 0)
            index->entries[index->count++] = added[j++];
        index->entries[index->count++] = old->entries[i];
    }
    while (j < added_count)
        index->entries[index->count++] = added[j++];
    free(added);
    return index;
}

struct catalog_index *
catalog_index_keep(struct catalog_index *index)
{
    atomic_fetch_add_explicit(&index->refs, 1, memory_order_relaxed);
    return index;
}

void
catalog_index_release(struct catalog_index *index)
{
    if (atomic_fetch_sub_explicit(&index->refs, 1, memory_order_acq_rel) > 1)
        return;
    free(index->entries);
    free(index);
}

/* What is looked for, and what has been found. */
struct search {
    uint32_t application_id;
    struct slice type;
    const struct slice *channels;
    size_t channel_count;
    struct taker *takers;
    size_t max;
    size_t found;
};

static bool
shares_channel(const struct subscription *sub, const struct slice *channels,
               size_t channel_count)
{
    size_t i, j;

    if (channel_count == 0 || sub->channel_count == 0)
        return true;
    for (i = 0; i < channel_count; i++)
        for (j = 0; j < sub->channel_count; j++)
            if (slice_is(channels[i], sub->channels[j]))
                return true;
    return false;
}

bool
catalog_wants(const struct subscription *subscription, struct slice type,
              const struct slice *channels, size_t channel_count)
{
    size_t i;

    for (i = 0; i < subscription->pattern_count; i++)
        if (pattern_matches(slice_of(subscription->patterns[i]), type))
            return shares_channel(subscription, channels, channel_count);
    return false;
}

/* A subscription with several patterns that match counts once, for the first
   of them. */
static bool
is_first_match(const struct search *search, const struct subscription *sub,
               struct slice pattern)
{
    size_t i;

    if (sub->application_id != search->application_id)
        return false;
    for (i = 0; i < sub->pattern_count; i++)
        if (pattern_matches(slice_of(sub->patterns[i]), search->type))
            return slice_is(pattern, sub->patterns[i]);
    return false;
}

static void
look_up(const struct catalog_index *index, struct search *search,
        struct slice pattern)
{
    uint64_t hash = hash_of(search->application_id, pattern);
    size_t low = 0, high = index->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (index->entries[middle].hash < hash)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < index->count && index->entries[low].hash == hash; low++) {
        const struct subscription *sub = &index->entries[low].row->subscription;

        if (!is_first_match(search, sub, pattern) ||
            !shares_channel(sub, search->channels, search->channel_count))
            continue;
        if (search->found < search->max)
            search->takers[search->found] =
                (struct taker){sub->id, sub->fifo, sub->filtered};
        search->found++;
    }
}

size_t
catalog_index_match(const struct catalog_index *index, uint32_t application_id,
                    struct slice type, const struct slice *channels,
                    size_t channel_count, struct taker *takers, size_t max)
{
    struct search search = {
        .application_id = application_id,
        .type = type,
        .channels = channels,
        .channel_count = channel_count,
        .takers = takers,
        .max = max,
    };
    char pattern[PATTERN_MAX + 2];
    size_t i;

    if (type.len == 0 || type.len > PATTERN_MAX)
        return 0;
    look_up(index, &search, type);
    memcpy(pattern, type.ptr, type.len);
    for (i = 0; i < type.len; i++) {
        if (type.ptr[i] != '.')
            continue;
        pattern[i + 1] = '*';
        look_up(index, &search, slice_make(pattern, i + 2));
        if (i + 1 < type.len)
            pattern[i + 1] = type.ptr[i + 1];
    }
    look_up(index, &search, SLICE("*"));
    return search.found;
}
