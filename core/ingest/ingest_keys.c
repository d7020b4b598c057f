/*
 * ingest_keys.c - which events of a batch are repeated ones.
 *
 * A key belongs to the event that wrote it first. All keys of the batch are
 * written, sorted, into today's slot (store_event.h), which locks them against
 * other writers, and then read back together with those of earlier days.
 */
#include "ingest_impl.h"

#include "alloc.h"

#include <stdlib.h>
#include <string.h>

/* By key; of equal keys the event that came first, which has the lower id. */
static int
compare_items(const void *a, const void *b)
{
    const struct ingest_item *const *left = a, *const *right = b;
    int order =
        memcmp((*left)->event->dedupe_hash, (*right)->event->dedupe_hash, 32);

    if (order != 0)
        return order;
    return (*left)->id < (*right)->id ? -1 : 1;
}

static size_t
sort_keys(struct ingest *batch)
{
    size_t i, count = 0;

    for (i = 0; i < batch->count; i++)
        if (batch->items[i].event->has_dedupe)
            batch->by_key[count++] = &batch->items[i];
    qsort(batch->by_key, count, sizeof(struct ingest_item *), compare_items);
    return count;
}

static bool
same_key(const struct ingest_item *a, const struct ingest_item *b)
{
    return memcmp(a->event->dedupe_hash, b->event->dedupe_hash, 32) == 0;
}

static void
lose_to(struct ingest_item *item, uint64_t winner_id, uint32_t winner_matched)
{
    item->verdict.duplicate = true;
    item->verdict.winner_id = winner_id;
    item->verdict.winner_matched = winner_matched;
    item->verdict.winner_stored = false;
}

static void
lose_to_stored(struct ingest_item *item, const struct store_found_key *winner,
               const struct store_found_key *found, size_t count)
{
    size_t i;

    lose_to(item, winner->event_id, winner->matched);
    item->verdict.winner_stored = true;
    item->verdict.remade_id = 0;
    for (i = 0; i < count; i++)
        if (found[i].event_id == winner->event_id &&
            found[i].job_id > item->verdict.remade_id)
            item->verdict.remade_id = found[i].job_id;
}

/* The one who wins a key when it is not us: an event of an earlier day, the
   older the better, else one that was quicker today. NULL: we do. */
static const struct store_found_key *
find_winner(const struct store_key *key, const struct dedupe_slots *slots,
            const struct store_found_key *found, size_t count)
{
    const struct store_found_key *winner = NULL;
    size_t i;

    for (i = 0; i < count; i++) {
        if (found[i].event_id == key->event_id ||
            memcmp(found[i].hash, key->hash, 32) != 0)
            continue;
        if (winner == NULL ||
            dedupe_age(slots, found[i].slot) > dedupe_age(slots, winner->slot))
            winner = &found[i];
    }
    return winner;
}

/* What we wrote for an event that has lost would mislead those who look
   later. */
static void
unclaim(struct ingest *batch, const struct store_key *key,
        const struct store_found_key *found, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        if (found[i].event_id == key->event_id)
            store_event_unclaim_key(&batch->script, found[i].slot, key);
}

static int
compare_found(const void *a, const void *b)
{
    const struct store_found_key *left = a, *right = b;

    return memcmp(left->hash, right->hash, sizeof(left->hash));
}

/* Both lists are sorted by hash: each key meets its part of found[]. */
static void
judge(struct ingest *batch, struct ingest_item **firsts,
      const struct store_key *keys, size_t count,
      const struct dedupe_slots *slots, struct store_found_key *found,
      size_t found_count)
{
    size_t i, low = 0, high;

    qsort(found, found_count, sizeof(*found), compare_found);
    for (i = 0; i < count; i++) {
        const struct store_found_key *winner;

        while (low < found_count && memcmp(found[low].hash, keys[i].hash,
                                           sizeof(found[low].hash)) < 0)
            low++;
        for (high = low;
             high < found_count && memcmp(found[high].hash, keys[i].hash,
                                          sizeof(found[high].hash)) == 0;)
            high++;
        winner = find_winner(&keys[i], slots, found + low, high - low);
        if (winner == NULL)
            continue;
        lose_to_stored(firsts[i], winner, found + low, high - low);
        unclaim(batch, &keys[i], found + low, high - low);
    }
}

enum db_result
ingest_claim_keys(struct ingest *batch, int64_t now_us)
{
    struct dedupe_slots slots = dedupe_slots_at(now_us);
    size_t all = sort_keys(batch), count = 0, found_count = 0, i;
    struct store_key *keys = xcalloc(all, sizeof(*keys));
    struct ingest_item **firsts = xcalloc(all, sizeof(struct ingest_item *));
    struct store_found_key *found = NULL;
    enum db_result result;

    for (i = 0; i < all; i++) {
        struct ingest_item *item = batch->by_key[i];

        if (i > 0 && same_key(item, batch->by_key[i - 1]))
            continue;
        firsts[count] = item;
        keys[count++] = (struct store_key){.hash = item->event->dedupe_hash,
                                           .event_id = item->id,
                                           .matched = (uint32_t)item->matched};
    }
    result = store_event_claim_keys(&batch->script, &slots, keys, count, &found,
                                    &found_count);
    if (result == DB_OK)
        judge(batch, firsts, keys, count, &slots, found, found_count);
    for (i = 1; result == DB_OK && i < all; i++) {
        struct ingest_item *item = batch->by_key[i],
                           *before = batch->by_key[i - 1];

        if (!same_key(item, before))
            continue;
        if (before->verdict.duplicate)
            lose_to(item, before->verdict.winner_id,
                    before->verdict.winner_matched);
        else
            lose_to(item, before->id, (uint32_t)before->matched);
    }
    free(found);
    free(firsts);
    free(keys);
    return result;
}
