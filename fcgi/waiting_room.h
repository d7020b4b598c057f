/*
 * waiting_room.h - calls that may have to wait for the database, on their way
 * from the threads that serve connections to those that may wait.
 */
#ifndef WAITING_ROOM_H
#define WAITING_ROOM_H

#include "transport.h"

#include <stdint.h>

struct waiting_room; /* opaque, thread-safe */

struct waiting_room *waiting_room_new(void);
void waiting_room_free(struct waiting_room *room); /* may be NULL; empty */

void waiting_room_enter(struct waiting_room *room, struct call *call,
                        int64_t now_mono_us);

/* The next in the order in which they came. NULL: the room is empty and
   closed. */
struct call *waiting_room_next(struct waiting_room *room);

/* The first of those that entered before that time; at once. NULL: there is
   none. */
struct call *waiting_room_expired(struct waiting_room *room,
                                  int64_t before_mono_us);

/* Nobody will enter any more. */
void waiting_room_close(struct waiting_room *room);

#endif /* WAITING_ROOM_H */
