/*
 * ring.c - see ring.h.
 */
#include "ring.h"

#include <assert.h>

void
ring_add(struct ring *ring, struct ring_link *link, void *owner)
{
    assert(link->ring == NULL);
    *link = (struct ring_link){
        .prev = ring->tail,
        .ring = ring,
        .owner = owner,
    };
    if (ring->tail == NULL)
        ring->head = link;
    else
        ring->tail->next = link;
    ring->tail = link;
    ring->count++;
}

void
ring_remove(struct ring_link *link)
{
    struct ring *ring = link->ring;

    if (ring == NULL)
        return;
    if (link->prev == NULL)
        ring->head = link->next;
    else
        link->prev->next = link->next;
    if (link->next == NULL)
        ring->tail = link->prev;
    else
        link->next->prev = link->prev;
    ring->count--;
    *link = (struct ring_link){.ring = NULL};
}

void
ring_set(struct ring *ring, struct ring_link *link, void *owner)
{
    if (link->ring == ring)
        return;
    ring_remove(link);
    if (ring != NULL)
        ring_add(ring, link, owner);
}

void *
ring_first(const struct ring *ring)
{
    return ring->head == NULL ? NULL : ring->head->owner;
}

void *
ring_last(const struct ring *ring)
{
    return ring->tail == NULL ? NULL : ring->tail->owner;
}
