/*
 * due_heap.h - what is due next: a binary heap of times.
 *
 * An entry lives inside the thing it stands for and may be in one heap at a
 * time; a zeroed entry is in none. The heap owns only its array.
 */
#ifndef DUE_HEAP_H
#define DUE_HEAP_H

#include <stddef.h>
#include <stdint.h>

struct due {
    int64_t at_us; /* monotonic */
    size_t place;  /* in the heap, from 1; 0 = not in it */
};

struct due_heap {
    struct due **items;
    size_t count;
    size_t cap;
};

void due_heap_free(struct due_heap *heap);

/* Adds the entry, or moves it to another time. */
void due_set(struct due_heap *heap, struct due *due, int64_t at_us);
void due_remove(struct due_heap *heap, struct due *due); /* harmless if out */
struct due *due_top(const struct due_heap *heap); /* the earliest, or NULL */

#endif /* DUE_HEAP_H */
