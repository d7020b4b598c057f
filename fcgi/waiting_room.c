/*
 * waiting_room.c - calls that may have to wait for the database; see
 * waiting_room.h.
 */
#include "waiting_room.h"

#include "alloc.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct waiting_room {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct call *head, **tail;
    bool closed;
};

struct waiting_room *
waiting_room_new(void)
{
    struct waiting_room *room = xcalloc(1, sizeof(*room));

    pthread_mutex_init(&room->lock, NULL);
    pthread_cond_init(&room->changed, NULL);
    room->tail = &room->head;
    return room;
}

void
waiting_room_free(struct waiting_room *room)
{
    if (room == NULL)
        return;
    assert(room->head == NULL);
    pthread_cond_destroy(&room->changed);
    pthread_mutex_destroy(&room->lock);
    free(room);
}

void
waiting_room_enter(struct waiting_room *room, struct call *call,
                   int64_t now_mono_us)
{
    call->next = NULL;
    call->since_mono_us = now_mono_us;
    pthread_mutex_lock(&room->lock);
    assert(!room->closed);
    *room->tail = call;
    room->tail = &call->next;
    pthread_cond_signal(&room->changed);
    pthread_mutex_unlock(&room->lock);
}

/* Lock held. NULL: nobody is there. */
static struct call *
take_first(struct waiting_room *room)
{
    struct call *call = room->head;

    if (call == NULL)
        return NULL;
    room->head = call->next;
    if (room->head == NULL)
        room->tail = &room->head;
    return call;
}

struct call *
waiting_room_next(struct waiting_room *room)
{
    struct call *call;

    pthread_mutex_lock(&room->lock);
    while (room->head == NULL && !room->closed)
        pthread_cond_wait(&room->changed, &room->lock);
    call = take_first(room);
    pthread_mutex_unlock(&room->lock);
    return call;
}

struct call *
waiting_room_expired(struct waiting_room *room, int64_t before_mono_us)
{
    struct call *call = NULL;

    pthread_mutex_lock(&room->lock);
    if (room->head != NULL && room->head->since_mono_us < before_mono_us)
        call = take_first(room);
    pthread_mutex_unlock(&room->lock);
    return call;
}

void
waiting_room_close(struct waiting_room *room)
{
    pthread_mutex_lock(&room->lock);
    room->closed = true;
    pthread_cond_broadcast(&room->changed);
    pthread_mutex_unlock(&room->lock);
}
