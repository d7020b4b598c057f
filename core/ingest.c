/*
 * ingest.c - events that are written in one transaction.
 */
#include "ingest_impl.h"

#include "alloc.h"

#include <stdlib.h>
#include <string.h>

#define MATCHES_FIRST 128 /* room for matches to begin with */
#define ASK_MAX 256       /* ids asked for by one statement */

struct ingest *
ingest_new(void)
{
    struct ingest *batch = xcalloc(1, sizeof(*batch));

    batch->script = SCRIPT_INIT;
    return batch;
}

void
ingest_free(struct ingest *batch)
{
    if (batch == NULL)
        return;
    script_free(&batch->script);
    free(batch->items);
    free(batch->by_key);
    free(batch->subscriptions);
    free(batch->job_ids);
    free(batch);
}

void
ingest_clear(struct ingest *batch)
{
    batch->count = 0;
    batch->matches = 0;
    batch->jobs = 0;
    batch->has_keys = false;
}

size_t
ingest_jobs(const struct ingest *batch)
{
    return batch->jobs;
}

bool
ingest_matches(const struct new_event *event)
{
    return event->route == ROUTE_MATCH || event->route == ROUTE_PROCESS_MATCH;
}

static bool
is_processed(const struct new_event *event)
{
    return event->route == ROUTE_PROCESS || event->route == ROUTE_PROCESS_MATCH;
}

static struct ingest_item *
new_item(struct ingest *batch)
{
    struct ingest_item *item;

    if (batch->count == batch->cap) {
        batch->cap = batch->cap == 0 ? 64 : 2 * batch->cap;
        batch->items =
            xreallocarray(batch->items, batch->cap, sizeof(*batch->items));
        batch->by_key = xreallocarray(batch->by_key, batch->cap,
                                      sizeof(struct ingest_item *));
    }
    item = &batch->items[batch->count++];
    memset(item, 0, sizeof(*item));
    item->first = batch->matches;
    return item;
}

static void
make_room(struct ingest *batch, size_t more)
{
    size_t cap = batch->matches_cap == 0 ? MATCHES_FIRST : batch->matches_cap;

    while (cap - batch->matches < more)
        cap *= 2;
    if (cap == batch->matches_cap)
        return;
    batch->subscriptions =
        xreallocarray(batch->subscriptions, cap, sizeof(*batch->subscriptions));
    batch->job_ids =
        xreallocarray(batch->job_ids, cap, sizeof(*batch->job_ids));
    batch->matches_cap = cap;
}

/* Adds those who want the event to subscriptions[]. */
static size_t
find_takers(struct ingest *batch, const struct new_event *event,
            const struct catalog_snapshot *snapshot)
{
    size_t room, found;

    make_room(batch, 1);
    if (event->route == ROUTE_ONE) {
        batch->subscriptions[batch->matches] = event->subscription_id;
        return 1;
    }
    if (!ingest_matches(event))
        return 0;
    for (;;) {
        room = batch->matches_cap - batch->matches;
        found = catalog_match(snapshot, event->application_id, event->type,
                              event->channels, event->channel_count,
                              batch->subscriptions + batch->matches, room);
        if (found <= room)
            return found;
        make_room(batch, found);
    }
}

static void
draw_ids(struct ingest *batch, struct ingest_item *item, struct id_source *ids)
{
    size_t i;

    item->id = id_next(ids);
    item->process_id = is_processed(item->event) ? id_next(ids) : 0;
    for (i = item->first; i < item->first + item->matched; i++)
        batch->job_ids[i] = id_next(ids);
}

void
ingest_add(struct ingest *batch, struct new_event *event, struct id_source *ids,
           const struct catalog_snapshot *snapshot)
{
    struct ingest_item *item = new_item(batch);

    item->event = event;
    item->matched = find_takers(batch, event, snapshot);
    batch->matches += item->matched;
    batch->jobs += item->matched + (is_processed(event) ? 1 : 0);
    batch->has_keys = batch->has_keys || event->has_dedupe;
    draw_ids(batch, item, ids);
}

void
ingest_redraw(struct ingest *batch, struct id_source *ids)
{
    size_t i;

    for (i = 0; i < batch->count; i++)
        draw_ids(batch, &batch->items[i], ids);
}

static void
add_jobs(struct ingest *batch, const struct ingest_item *item)
{
    const struct new_event *event = item->event;
    struct store_new_job job = {
        .event_id = item->id,
        .test = event->test,
        .deliver_at_us = event->deliver_at_us,
    };
    size_t i;

    if (item->process_id != 0) {
        job.id = item->process_id;
        job.kind = JOB_PROCESS;
        job.lane = lane_number(LANE_SOURCE, event->source_id);
        store_event_add_job(&batch->script, &job);
    }
    job.kind = JOB_DELIVER;
    for (i = item->first; i < item->first + item->matched; i++) {
        job.id = batch->job_ids[i];
        job.lane = lane_number(LANE_SUBSCRIPTION, batch->subscriptions[i]);
        store_event_add_job(&batch->script, &job);
    }
}

/* Events before jobs: rows of one table make one statement. */
static size_t
add_new_events(struct ingest *batch)
{
    size_t i, added = 0;

    for (i = 0; i < batch->count; i++)
        if (!batch->items[i].duplicate) {
            store_event_add(&batch->script, batch->items[i].event,
                            batch->items[i].id);
            added++;
        }
    for (i = 0; i < batch->count; i++)
        if (!batch->items[i].duplicate)
            add_jobs(batch, &batch->items[i]);
    return added;
}

enum db_result
ingest_write(struct ingest *batch, struct db *db, int64_t now_us)
{
    enum db_result result = DB_OK;
    size_t i;

    for (i = 0; i < batch->count; i++)
        batch->items[i].duplicate = false;
    script_begin(&batch->script, db);
    if (batch->has_keys)
        result = ingest_claim_keys(batch, now_us);
    if (result != DB_OK) {
        script_rollback(&batch->script);
        return result;
    }
    if (add_new_events(batch) == 0) {
        script_rollback(&batch->script); /* nothing but repeated events */
        return DB_OK;
    }
    return script_commit(&batch->script);
}

enum db_result
ingest_find_out(struct ingest *batch, struct db *db, enum ingest_fate *fate)
{
    enum db_result result = DB_OK;
    size_t i = 0, written = 0, asked = 0;

    while (i < batch->count && result == DB_OK) {
        uint64_t ids[ASK_MAX];
        size_t count = 0, there = 0;

        for (; i < batch->count && count < ASK_MAX; i++)
            if (!batch->items[i].duplicate)
                ids[count++] = batch->items[i].id;
        if (count > 0)
            result = store_event_count_there(db, ids, count, &there);
        asked += count;
        written += there;
    }
    if (result != DB_OK)
        return result;
    if (written == 0)
        *fate = BATCH_NOT_WRITTEN;
    else
        *fate = written == asked ? BATCH_WRITTEN : BATCH_COLLIDED;
    return DB_OK;
}

static uint64_t
first_job(const struct ingest *batch, const struct ingest_item *item)
{
    if (item->process_id != 0)
        return item->process_id;
    return item->matched > 0 ? batch->job_ids[item->first] : 0;
}

void
ingest_answer(const struct ingest *batch)
{
    size_t i;

    for (i = 0; i < batch->count; i++) {
        const struct ingest_item *item = &batch->items[i];
        struct new_event *event = item->event;

        event->duplicate = item->duplicate;
        if (item->duplicate) {
            event->id = item->winner_id;
            event->matched = item->winner_matched;
            event->job_id = 0;
        } else {
            event->id = item->id;
            event->matched = (uint32_t)item->matched;
            event->job_id = first_job(batch, item);
        }
    }
}
