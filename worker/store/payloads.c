/*
 * payloads.c - see payloads.h.
 */
#include "payloads.h"

#include "alloc.h"
#include "map.h"
#include "store_payload.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_MAX 256 /* events read with one statement */
#define IDLE_SHARE 4  /* a fourth of the bytes for those that nobody pins */

struct payloads {
    struct map events; /* by id */
    size_t max_bytes;
    size_t bytes;         /* of all events */
    size_t pinned;        /* bytes of pinned ones */
    size_t chunk;         /* events read with one statement */
    struct event *oldest; /* of those that nobody pins */
    struct event *newest;
};

struct payloads *
payloads_new(size_t bytes, size_t event_bytes)
{
    struct payloads *payloads = xcalloc(1, sizeof(*payloads));

    assert(event_bytes > 0);
    payloads->max_bytes = bytes;
    payloads->chunk = bytes / 2 / event_bytes;
    if (payloads->chunk < 1)
        payloads->chunk = 1;
    if (payloads->chunk > CHUNK_MAX)
        payloads->chunk = CHUNK_MAX;
    return payloads;
}

void
payloads_free(struct payloads *payloads)
{
    size_t at = 0;
    uint64_t id;
    void *event;

    if (payloads == NULL)
        return;
    while (map_next(&payloads->events, &at, &id, &event))
        free(event);
    map_free(&payloads->events);
    free(payloads);
}

bool
payloads_have_room(const struct payloads *payloads)
{
    return payloads->pinned < payloads->max_bytes;
}

static void
unlink_idle(struct payloads *payloads, struct event *event)
{
    if (event->older == NULL)
        payloads->oldest = event->newer;
    else
        event->older->newer = event->newer;
    if (event->newer == NULL)
        payloads->newest = event->older;
    else
        event->newer->older = event->older;
    event->older = NULL;
    event->newer = NULL;
}

/* Frees what nobody pins, the oldest first, until no more than that is left. */
static void
evict(struct payloads *payloads, size_t left_bytes)
{
    while (payloads->bytes - payloads->pinned > left_bytes) {
        struct event *event = payloads->oldest;

        unlink_idle(payloads, event);
        payloads->bytes -= event->bytes;
        (void)map_remove(&payloads->events, event->id);
        free(event);
    }
}

void
payloads_shrink(struct payloads *payloads)
{
    evict(payloads, 0);
    if (payloads->bytes == 0)
        map_free(&payloads->events); /* and the room of what was in it */
}

void
payloads_pin(struct payloads *payloads, struct event *event)
{
    if (event->pins++ > 0)
        return;
    unlink_idle(payloads, event);
    payloads->pinned += event->bytes;
}

static void
unpin(struct payloads *payloads, struct event *event)
{
    if (event == NULL)
        return;
    assert(event->pins > 0);
    if (--event->pins > 0)
        return;
    payloads->pinned -= event->bytes;
    event->older = payloads->newest;
    if (payloads->newest == NULL)
        payloads->oldest = event;
    else
        payloads->newest->newer = event;
    payloads->newest = event;
    evict(payloads, payloads->max_bytes / IDLE_SHARE);
}

void
payloads_free_task(struct payloads *payloads, struct task *task)
{
    unpin(payloads, task->event);
    attempt_free_body(&task->attempt);
    free(task->poll);
    free(task);
}

void
payloads_free_tasks(struct payloads *payloads, struct task_list *tasks)
{
    struct task *task;

    while ((task = task_list_pop(tasks)) != NULL)
        payloads_free_task(payloads, task);
}

static struct slice
copy_into(char **at, struct slice from)
{
    struct slice copy = {*at, from.len};

    if (from.ptr == NULL)
        return SLICE_NONE;
    memcpy(*at, from.ptr, from.len);
    *at += from.len;
    return copy;
}

/* Events that one statement has brought, pinned until the tasks have them. */
struct arrivals {
    struct payloads *payloads;
    struct event *events[CHUNK_MAX];
    size_t count;
};

static void
arrive(void *arg, const struct stored_event *stored)
{
    struct arrivals *arrivals = arg;
    struct payloads *payloads = arrivals->payloads;
    size_t text = stored->type.len + stored->payload.len + stored->metadata.len;
    struct event *event = xcalloc(1, sizeof(*event) + text);
    char *at = (char *)(event + 1);

    event->id = stored->id;
    event->application_id = stored->application_id;
    event->source_id = stored->source_id;
    event->type = copy_into(&at, stored->type);
    event->payload = copy_into(&at, stored->payload);
    event->metadata = copy_into(&at, stored->metadata);
    event->relayed = stored->relayed;
    event->bytes = sizeof(*event) + text;
    event->pins = 1;
    payloads->bytes += event->bytes;
    payloads->pinned += event->bytes;
    (void)map_put(&payloads->events, event->id, event);
    assert(arrivals->count < CHUNK_MAX);
    arrivals->events[arrivals->count++] = event;
}

/* The distinct ids that are not here, of as many tasks as make one chunk. */
static size_t
collect_ids(const struct payloads *payloads, struct task **tasks, size_t count,
            uint64_t *ids, size_t *covered)
{
    struct map chosen = MAP_INIT;
    size_t i, n = 0;

    for (i = 0; i < count && n < payloads->chunk; i++) {
        uint64_t id = tasks[i]->job.event_id;

        if (map_get(&payloads->events, id) != NULL ||
            map_get(&chosen, id) != NULL)
            continue;
        (void)map_put(&chosen, id, tasks[i]);
        ids[n++] = id;
    }
    map_free(&chosen);
    *covered = i;
    return n;
}

static enum db_result
serve_chunk(struct payloads *payloads, struct db *db, struct task **tasks,
            size_t count, size_t *covered)
{
    struct arrivals arrivals = {.payloads = payloads};
    enum db_result result = DB_OK;
    uint64_t ids[CHUNK_MAX];
    size_t i, n;

    n = collect_ids(payloads, tasks, count, ids, covered);
    if (n > 0)
        result = store_payload_read(db, ids, n, arrive, &arrivals);
    for (i = 0; result == DB_OK && i < *covered; i++) {
        tasks[i]->event = map_get(&payloads->events, tasks[i]->job.event_id);
        if (tasks[i]->event == NULL)
            continue;
        payloads_pin(payloads, tasks[i]->event);
        tasks[i]->event_bytes = tasks[i]->event->bytes;
    }
    for (i = 0; i < arrivals.count; i++)
        unpin(payloads, arrivals.events[i]);
    return result;
}

enum db_result
payloads_serve(struct payloads *payloads, struct db *db, struct task **tasks,
               size_t count, size_t *served)
{
    enum db_result result = DB_OK;
    size_t covered;

    *served = 0;
    while (result == DB_OK && *served < count && payloads_have_room(payloads)) {
        result = serve_chunk(payloads, db, tasks + *served, count - *served,
                             &covered);
        if (result == DB_OK)
            *served += covered;
    }
    return result;
}
