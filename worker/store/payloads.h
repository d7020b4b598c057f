/*
 * payloads.h - events in memory: one copy of each, shared by the lanes, within
 * a bound of bytes.
 *
 * A pinned event stays; others are kept as long as a quarter of that is
 * enough, the least recently used going first. Belongs to the store thread; an event itself
 * never changes and may be read by anybody who holds a pin.
 */
#ifndef PAYLOADS_H
#define PAYLOADS_H

#include "db.h"
#include "slice.h"
#include "task.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event {
    uint64_t id;
    uint32_t application_id;
    uint32_t source_id;
    struct slice type;
    struct slice payload;
    struct slice metadata; /* or absent */
    bool relayed;          /* its subscriptions have got their jobs */
    /* the cache's own */
    size_t bytes;
    size_t pins;
    struct event *older;
    struct event *newer;
};

struct payloads;

/* bytes: held at most, pinned events excepted; event_bytes: how large one
   event usually is at most, which decides how many are read at once. */
struct payloads *payloads_new(size_t bytes, size_t event_bytes);
void payloads_free(struct payloads *payloads);

/* Whether pinned events leave room for more. */
bool payloads_have_room(const struct payloads *payloads);

/*
 * Gives tasks their events, pinned, reading those that are not here; NULL for
 * an event that does not exist. *served tells how many, from the first on,
 * were served: fewer than count when memory is full or the database failed.
 */
enum db_result payloads_serve(struct payloads *payloads, struct db *db,
                              struct task **tasks, size_t count, size_t *served)
    __attribute__((warn_unused_result));

/* Forgets all events that nobody pins. */
void payloads_shrink(struct payloads *payloads);

void payloads_pin(struct payloads *payloads, struct event *event);

/* Frees a forgotten task and gives its event back. */
void payloads_free_task(struct payloads *payloads, struct task *task);
void payloads_free_tasks(struct payloads *payloads, struct task_list *tasks);

#endif /* PAYLOADS_H */
