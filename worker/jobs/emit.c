/*
 * emit.c - see emit.h.
 */
#include "emit.h"

#include "alloc.h"
#include "ingest.h"
#include "json.h"
#include "pattern.h"
#include "store_wait.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CHANNEL_JSON_MAX 1024 /* bytes of a list of one channel */
#define TAKERS_ASKED 16       /* whose patterns are looked at */

/* One event; it stays where it is until the next emit_begin(). */
struct item {
    struct new_event event;
    struct slice channel;
    struct slice data;
    struct slice metadata;
    struct slice type;
    struct buf channels;
    uint64_t waiter_id;
    bool waits; /* deliveries were made, and somebody waits for them */
};

struct emit {
    struct id_source *ids;
    const struct catalog_snapshot *snapshot;
    struct item **items;
    size_t count;
    size_t cap;
    struct ingest *batch;
};

struct emit *
emit_new(struct id_source *ids)
{
    struct emit *emit = xcalloc(1, sizeof(*emit));

    emit->ids = ids;
    emit->batch = ingest_new();
    return emit;
}

static void
free_item(struct item *item)
{
    slice_free(&item->channel);
    slice_free(&item->data);
    slice_free(&item->metadata);
    slice_free(&item->type);
    buf_free(&item->channels);
    free(item);
}

void
emit_begin(struct emit *emit, const struct catalog_snapshot *snapshot)
{
    size_t i;

    for (i = 0; i < emit->count; i++)
        free_item(emit->items[i]);
    emit->count = 0;
    emit->snapshot = snapshot;
    ingest_clear(emit->batch);
}

void
emit_free(struct emit *emit)
{
    if (emit == NULL)
        return;
    emit_begin(emit, NULL);
    ingest_free(emit->batch);
    free(emit->items);
    free(emit);
}

static struct item *
new_item(struct emit *emit)
{
    if (emit->count == emit->cap) {
        emit->cap = emit->cap == 0 ? 16 : 2 * emit->cap;
        emit->items =
            xreallocarray(emit->items, emit->cap, sizeof(struct item *));
    }
    emit->items[emit->count] = xcalloc(1, sizeof(struct item));
    return emit->items[emit->count++];
}

static void
set_channel(struct item *item)
{
    buf_init(&item->channels, CHANNEL_JSON_MAX);
    if (item->channel.ptr == NULL)
        return;
    buf_add_char(&item->channels, '[');
    json_add_string(&item->channels, item->channel);
    buf_add_char(&item->channels, ']');
    assert(buf_ok(&item->channels));
    item->event.channels_json = buf_slice(&item->channels);
    item->event.channels = &item->channel;
    item->event.channel_count = 1;
}

void
emit_add(struct emit *emit, const struct emission *emission)
{
    struct item *item = new_item(emit);

    item->type = slice_copy(emission->type);
    item->data = slice_copy(emission->data);
    item->metadata = slice_copy(emission->metadata);
    item->channel = slice_copy(emission->channel);
    item->waiter_id = emission->waiter_id;
    item->event = (struct new_event){
        .application_id = emission->application_id,
        /* A source's own events are those that came in. */
        .source_id = emission->refresh ? emission->source_id : 0,
        .type = item->type,
        .payload = item->data,
        .metadata = item->metadata,
        .verified = true,
        .route = emission->refresh ? ROUTE_PROCESS : ROUTE_MATCH,
    };
    event_dedupe_hash(&item->event, "emit", emission->source_id,
                      emission->dedupe);
    set_channel(item);
}

/* By a pattern that says more than "everything". */
static bool
names_type(const struct subscription *subscription, struct slice type)
{
    size_t i;

    for (i = 0; subscription != NULL && i < subscription->pattern_count; i++) {
        struct slice pattern = slice_of(subscription->patterns[i]);

        if (!slice_is(pattern, "*") && pattern_matches(pattern, type))
            return true;
    }
    return false;
}

bool
emit_is_wanted(const struct emit *emit, const struct emission *emission)
{
    struct taker takers[TAKERS_ASKED];
    size_t i, count = catalog_match(emit->snapshot, emission->application_id,
                                    emission->type, &emission->channel,
                                    emission->channel.ptr == NULL ? 0 : 1,
                                    takers, TAKERS_ASKED);

    for (i = 0; i < count && i < TAKERS_ASKED; i++) {
        if (names_type(catalog_subscription(emit->snapshot, takers[i].id),
                       emission->type))
            return true;
    }
    return count > TAKERS_ASKED;
}

static int
compare_waits(const void *left, const void *right)
{
    const struct wait_for *a = left, *b = right;

    if (a->job_id != b->job_id)
        return a->job_id < b->job_id ? -1 : 1;
    return a->delivery_id < b->delivery_id ? -1
                                           : a->delivery_id > b->delivery_id;
}

static enum db_result
write_waits(struct emit *emit, struct db *db)
{
    struct wait_for *waits = NULL;
    enum db_result result = DB_OK;
    size_t i, k, n = 0;

    for (i = 0; i < emit->count; i++) {
        struct item *item = emit->items[i];
        const uint64_t *jobs;
        size_t count;

        item->waits = false;
        if (item->waiter_id == 0)
            continue;
        jobs = ingest_event_jobs(emit->batch, i, &count);
        waits = xreallocarray(waits, n + count + 1, sizeof(*waits));
        for (k = 0; k < count; k++)
            waits[n++] = (struct wait_for){item->waiter_id, jobs[k]};
        item->waits = count > 0;
    }
    if (n > 0) {
        qsort(waits, n, sizeof(*waits), compare_waits);
        result = store_wait_add(db, waits, n);
    }
    free(waits);
    return result;
}

enum db_result
emit_write(struct emit *emit, struct db *db, int64_t now_us)
{
    enum db_result result;
    size_t i;

    if (emit->count == 0)
        return DB_OK;
    ingest_clear(emit->batch);
    for (i = 0; i < emit->count; i++)
        ingest_add(emit->batch, &emit->items[i]->event, emit->ids,
                   emit->snapshot);
    result = ingest_insert(emit->batch, db, now_us);
    return result == DB_OK ? write_waits(emit, db) : result;
}

bool
emit_has_waiter(const struct emit *emit, uint64_t job_id)
{
    size_t i;

    for (i = 0; i < emit->count; i++) {
        if (emit->items[i]->waits && emit->items[i]->waiter_id == job_id)
            return true;
    }
    return false;
}

size_t
emit_tell(struct emit *emit, struct doorbell *doorbell)
{
    if (ingest_jobs(emit->batch) > 0)
        doorbell_ring(doorbell);
    return emit->count;
}
