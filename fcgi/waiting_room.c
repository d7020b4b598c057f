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
waiting_room_enter(struct waiting_room *room, struct call *call)
{
    call->next = NULL;
    pthread_mutex_lock(&room->lock);
    assert(!room->closed);
    *room->tail = call;
    room->tail = &call->next;
    pthread_cond_signal(&room->changed);
    pthread_mutex_unlock(&room->lock);
}

struct call *
waiting_room_next(struct waiting_room *room)
{
    struct call *call;

    pthread_mutex_lock(&room->lock);
    while (room->head == NULL && !room->closed)
        pthread_cond_wait(&room->changed, &room->lock);
    call = room->head;
    if (call != NULL) {
        room->head = call->next;
        if (room->head == NULL)
            room->tail = &room->head;
    }
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
