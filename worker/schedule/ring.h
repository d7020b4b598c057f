/*
 * ring.h - who takes turns: a list in which everybody knows his own place.
 *
 * A link lives inside the thing it stands for, may be in one ring at a time,
 * and leaves it at the cost of nothing; a zeroed link is in none. Rings own
 * nothing.
 */
#ifndef RING_H
#define RING_H

#include <stdbool.h>
#include <stddef.h>

struct ring;

struct ring_link {
    struct ring_link *prev;
    struct ring_link *next;
    struct ring *ring; /* NULL = in none */
    void *owner;
};

struct ring {
    struct ring_link *head;
    struct ring_link *tail;
    size_t count;
};

/* Behind all others; the link must be in no ring. */
void ring_add(struct ring *ring, struct ring_link *link, void *owner);
void ring_remove(struct ring_link *link); /* harmless if in none */
/* Where it is in this ring it keeps its place; any other one it leaves. NULL:
   it is to be in none. */
void ring_set(struct ring *ring, struct ring_link *link, void *owner);

/* Owners; NULL if the ring is empty. */
void *ring_first(const struct ring *ring);
void *ring_last(const struct ring *ring);

#endif /* RING_H */
