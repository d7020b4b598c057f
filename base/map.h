/*
 * map.h - a hash map from 64-bit keys to pointers (open addressing).
 *
 * The map owns neither. Keys come from inside the product (ids, lanes), so a
 * fixed mixing function is enough. Value NULL cannot be stored.
 */
#ifndef MAP_H
#define MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map {
    struct map_slot *slots;
    size_t cap;  /* a power of two, or 0 */
    size_t used; /* keys present */
    size_t dead; /* removed slots not yet re-used */
};

#define MAP_INIT ((struct map){NULL, 0, 0, 0})

void map_free(struct map *map);
void *map_get(const struct map *map, uint64_t key);        /* NULL if absent */
void *map_put(struct map *map, uint64_t key, void *value); /* the old value */
void *map_remove(struct map *map, uint64_t key);           /* the old value */

/* Walks all entries in no order; start with *at = 0. The map must not change
   meanwhile, except by map_remove() of the entry just given. */
bool map_next(const struct map *map, size_t *at, uint64_t *key, void **value);

#endif /* MAP_H */
