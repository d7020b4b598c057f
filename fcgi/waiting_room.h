/*
 * waiting_room.h - calls that may have to wait for the database, on their way
 * from the threads that serve connections to those that may wait.
 */
#ifndef WAITING_ROOM_H
#define WAITING_ROOM_H

#include "transport.h"

struct waiting_room; /* opaque, thread-safe */

struct waiting_room *waiting_room_new(void);
void waiting_room_free(struct waiting_room *room); /* may be NULL; empty */

void waiting_room_enter(struct waiting_room *room, struct call *call);

/* The next in the order in which they came. NULL: the room is empty and
   closed. */
struct call *waiting_room_next(struct waiting_room *room);

/* Nobody will enter any more. */
void waiting_room_close(struct waiting_room *room);

#endif /* WAITING_ROOM_H */
