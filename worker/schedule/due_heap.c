/*
 * due_heap.c - see due_heap.h.
 */
#include "due_heap.h"

#include "alloc.h"

#include <stdlib.h>

void
due_heap_free(struct due_heap *heap)
{
    free(heap->items);
    *heap = (struct due_heap){NULL, 0, 0};
}

static void
put(struct due_heap *heap, size_t place, struct due *due)
{
    heap->items[place - 1] = due;
    due->place = place;
}

static void
rise(struct due_heap *heap, struct due *due)
{
    size_t place = due->place;

    while (place > 1 && heap->items[place / 2 - 1]->at_us > due->at_us) {
        put(heap, place, heap->items[place / 2 - 1]);
        place /= 2;
    }
    put(heap, place, due);
}

static void
sink(struct due_heap *heap, struct due *due)
{
    size_t place = due->place;

    for (;;) {
        size_t child = place * 2;

        if (child > heap->count)
            break;
        if (child < heap->count &&
            heap->items[child]->at_us < heap->items[child - 1]->at_us)
            child++;
        if (heap->items[child - 1]->at_us >= due->at_us)
            break;
        put(heap, place, heap->items[child - 1]);
        place = child;
    }
    put(heap, place, due);
}

void
due_set(struct due_heap *heap, struct due *due, int64_t at_us)
{
    if (due->place == 0) {
        if (heap->count == heap->cap) {
            heap->cap = heap->cap == 0 ? 64 : heap->cap * 2;
            heap->items =
                xreallocarray(heap->items, heap->cap, sizeof(*heap->items));
        }
        put(heap, ++heap->count, due);
    }
    due->at_us = at_us;
    rise(heap, due);
    sink(heap, due);
}

void
due_remove(struct due_heap *heap, struct due *due)
{
    struct due *last;
    size_t place = due->place;

    if (place == 0)
        return;
    last = heap->items[--heap->count];
    due->place = 0;
    if (last == due)
        return;
    put(heap, place, last);
    rise(heap, last);
    sink(heap, last);
}

struct due *
due_top(const struct due_heap *heap)
{
    return heap->count == 0 ? NULL : heap->items[0];
}
