/*
 * map.c - a hash map from 64-bit keys to pointers; see map.h.
 *
 * Linear probing. A removed slot that ends no probe chain becomes a tombstone;
 * tombstones are dropped when the table is built anew.
 */
#include "map.h"

#include "alloc.h"

#include <assert.h>
#include <stdlib.h>

#define MAP_FIRST_CAP 16

struct map_slot {
    uint64_t key;
    void *value; /* NULL: never used; &tombstone: removed */
};

static char tombstone;

/* The finalizer of MurmurHash3: every key bit reaches every hash bit. */
static uint64_t
mix(uint64_t key)
{
    key ^= key >> 33;
    key *= UINT64_C(0xff51afd7ed558ccd);
    key ^= key >> 33;
    key *= UINT64_C(0xc4ceb9fe1a85ec53);
    key ^= key >> 33;
    return key;
}

static bool
is_live(const struct map_slot *slot)
{
    return slot->value != NULL && slot->value != &tombstone;
}

void
map_free(struct map *map)
{
    free(map->slots);
    *map = MAP_INIT;
}

/* The key's slot, or NULL. Ends because the table is never full. */
static struct map_slot *
find(const struct map *map, uint64_t key)
{
    size_t mask = map->cap - 1, i;

    if (map->cap == 0)
        return NULL;
    for (i = (size_t)mix(key) & mask; map->slots[i].value != NULL;
         i = (i + 1) & mask) {
        if (map->slots[i].key == key && is_live(&map->slots[i]))
            return &map->slots[i];
    }
    return NULL;
}

void *
map_get(const struct map *map, uint64_t key)
{
    const struct map_slot *slot = find(map, key);

    return slot == NULL ? NULL : slot->value;
}

/* Puts a key that is absent into a table that has room. */
static void
insert(struct map *map, uint64_t key, void *value)
{
    size_t mask = map->cap - 1, i = (size_t)mix(key) & mask;

    while (is_live(&map->slots[i]))
        i = (i + 1) & mask;
    if (map->slots[i].value == &tombstone)
        map->dead--;
    map->slots[i].key = key;
    map->slots[i].value = value;
    map->used++;
}

/* A new table, at most half full, without tombstones. */
static void
rebuild(struct map *map)
{
    struct map old = *map;
    size_t i;

    map->cap = MAP_FIRST_CAP;
    while (map->cap / 2 < old.used + 1)
        map->cap *= 2;
    map->slots = xcalloc(map->cap, sizeof(map->slots[0]));
    map->used = 0;
    map->dead = 0;
    for (i = 0; i < old.cap; i++) {
        if (is_live(&old.slots[i]))
            insert(map, old.slots[i].key, old.slots[i].value);
    }
    free(old.slots);
}

void *
map_put(struct map *map, uint64_t key, void *value)
{
    struct map_slot *slot = find(map, key);

    assert(value != NULL);
    if (slot != NULL) {
        void *old = slot->value;

        slot->value = value;
        return old;
    }
    if (map->used + map->dead + 1 > map->cap / 4 * 3)
        rebuild(map);
    insert(map, key, value);
    return NULL;
}

void *
map_remove(struct map *map, uint64_t key)
{
    struct map_slot *slot = find(map, key);
    size_t next;
    void *old;

    if (slot == NULL)
        return NULL;
    old = slot->value;
    next = ((size_t)(slot - map->slots) + 1) & (map->cap - 1);
    if (map->slots[next].value == NULL) {
        slot->value = NULL;
    } else {
        slot->value = &tombstone;
        map->dead++;
    }
    map->used--;
    return old;
}

bool
map_next(const struct map *map, size_t *at, uint64_t *key, void **value)
{
    for (; *at < map->cap; (*at)++) {
        const struct map_slot *slot = &map->slots[*at];

        if (is_live(slot)) {
            *key = slot->key;
            *value = slot->value;
            (*at)++;
            return true;
        }
    }
    return false;
}
