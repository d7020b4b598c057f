/*
 * ingest.c - events that are written in one transaction.
 */
#include "ingest_impl.h"

#include "alloc.h"
#include "store_fanout.h"

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
    free(batch->takers);
    free(batch->job_ids);
    free(batch->places);
    free(batch);
}

void
ingest_clear(struct ingest *batch)
{
    batch->count = 0;
    batch->matches = 0;
    batch->jobs = 0;
    batch->is_unsure = false;
    batch->has_keys = false;
    batch->has_ordered = false;
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
    batch->takers = xreallocarray(batch->takers, cap, sizeof(*batch->takers));
    batch->job_ids =
        xreallocarray(batch->job_ids, cap, sizeof(*batch->job_ids));
    batch->places = xreallocarray(batch->places, cap, sizeof(*batch->places));
    batch->matches_cap = cap;
}

/* Adds those who want the event to takers[]. */
static size_t
find_takers(struct ingest *batch, const struct new_event *event,
            const struct catalog_snapshot *snapshot)
{
    size_t room, found;

    make_room(batch, 1);
    if (event->route == ROUTE_ONE) {
        batch->takers[batch->matches] =
            (struct taker){.id = event->subscription_id};
        return 1;
    }
    if (!ingest_matches(event))
        return 0;
    for (;;) {
        room = batch->matches_cap - batch->matches;
        found = catalog_match(snapshot, event->application_id, event->type,
                              event->channels, event->channel_count,
                              batch->takers + batch->matches, room);
        if (found <= room)
            return catalog_filter(snapshot, event->type, event->payload,
                                  event->metadata,
                                  batch->takers + batch->matches, found);
        make_room(batch, found);
    }
}

static void
divide_takers(struct ingest *batch, struct ingest_item *item)
{
    size_t ordered;

    item->direct =
        taker_divide(batch->takers + item->first, item->matched, &ordered);
    batch->has_ordered = batch->has_ordered || ordered > 0;
    batch->jobs += item->direct + (item->direct < item->matched ? 1 : 0) +
                   (is_processed(item->event) ? 1 : 0);
}

static void
draw_ids(struct ingest *batch, struct ingest_item *item, struct id_source *ids)
{
    size_t i;

    item->id = id_next(ids);
    item->process_id = is_processed(item->event) ? id_next(ids) : 0;
    for (i = item->first; i < item->first + item->direct; i++)
        batch->job_ids[i] = id_next(ids);
    item->fanout_id = item->direct < item->matched ? id_next(ids) : 0;
}

void
ingest_add(struct ingest *batch, struct new_event *event, struct id_source *ids,
           const struct catalog_snapshot *snapshot)
{
    struct ingest_item *item = new_item(batch);

    item->event = event;
    item->matched = find_takers(batch, event, snapshot);
    batch->matches += item->matched;
    divide_takers(batch, item);
    if (snapshot != NULL)
        batch->config_version = catalog_version(snapshot);
    batch->has_keys = batch->has_keys || event->has_dedupe;
    draw_ids(batch, item, ids);
}

void
ingest_redraw(struct ingest *batch, struct id_source *ids)
{
    size_t i;

    for (i = 0; i < batch->count; i++)
        draw_ids(batch, &batch->items[i], ids);
    batch->is_unsure = false;
}

static void
add_deliver_jobs(struct ingest *batch, const struct ingest_item *item)
{
    const struct new_event *event = item->event;
    struct store_new_job job = {
        .kind = JOB_DELIVER,
        .event_id = item->id,
        .test = event->test,
        .deliver_at_us = event->deliver_at_us,
    };
    size_t i;

    for (i = item->first; i < item->first + item->direct; i++) {
        job.id = batch->job_ids[i];
        job.lane = ingest_lane(item, &batch->takers[i]);
        job.place_us = batch->takers[i].fifo ? batch->places[i] : 0;
        store_event_add_job(&batch->script, &job);
    }
}

/* The rows of one table next to each other make one statement. */
static void
add_jobs(struct ingest *batch, const struct ingest_item *item)
{
    struct store_new_job job = {.event_id = item->id};

    if (item->process_id != 0) {
        job.id = item->process_id;
        job.kind = JOB_PROCESS;
        job.lane = lane_number(LANE_SOURCE, item->event->source_id);
        store_event_add_job(&batch->script, &job);
    }
    add_deliver_jobs(batch, item);
    if (item->fanout_id != 0) {
        job.id = item->fanout_id;
        job.kind = JOB_FANOUT;
        job.lane = lane_number(LANE_FANOUT, item->event->application_id);
        store_event_add_job(&batch->script, &job);
    }
}

static void
add_fanout(struct ingest *batch, const struct ingest_item *item)
{
    const struct new_fanout fanout = {
        .job_id = item->fanout_id,
        .config_version = batch->config_version,
        .deliver_at_us = item->event->deliver_at_us,
        .takers = batch->takers + item->first + item->direct,
        .count = item->matched - item->direct,
    };

    if (item->fanout_id != 0)
        store_fanout_add(&batch->script, &fanout);
}

/* Events before jobs: rows of one table make one statement. */
static size_t
add_new_events(struct ingest *batch)
{
    size_t i, added = 0;

    for (i = 0; i < batch->count; i++)
        if (!batch->items[i].verdict.duplicate) {
            store_event_add(&batch->script, batch->items[i].event,
                            batch->items[i].id);
            added++;
        }
    for (i = 0; i < batch->count; i++)
        if (!batch->items[i].verdict.duplicate)
            add_jobs(batch, &batch->items[i]);
    for (i = 0; i < batch->count; i++)
        if (!batch->items[i].verdict.duplicate)
            add_fanout(batch, &batch->items[i]);
    return added;
}

/* Everything between BEGIN and COMMIT. *added: events that are no repeats, and
   repeats that had their effect. */
static enum db_result
add_all(struct ingest *batch, int64_t now_us, size_t *added)
{
    enum db_result result = DB_OK;
    size_t i, requeued = 0;

    for (i = 0; i < batch->count; i++) {
        batch->items[i].verdict.duplicate = false;
        batch->items[i].verdict.requeued = false;
    }
    if (batch->has_keys)
        result = ingest_claim_keys(batch, now_us);
    if (result == DB_OK && batch->has_keys)
        result = ingest_requeue(batch, &requeued);
    if (result == DB_OK && batch->has_ordered)
        result = ingest_take_places(batch);
    if (result == DB_OK)
        *added = add_new_events(batch) + requeued;
    return result;
}

/* Which events are to be looked for, and what is to be said of the others. */
static void
keep_verdicts(struct ingest *batch)
{
    size_t i;

    for (i = 0; i < batch->count; i++)
        batch->items[i].unsure = batch->items[i].verdict;
    batch->is_unsure = true;
}

static void
recall_verdicts(struct ingest *batch)
{
    size_t i;

    for (i = 0; batch->is_unsure && i < batch->count; i++)
        batch->items[i].verdict = batch->items[i].unsure;
}

enum db_result
ingest_write(struct ingest *batch, struct db *db, int64_t now_us)
{
    enum db_result result;
    size_t added = 0;

    script_begin(&batch->script, db);
    result = add_all(batch, now_us, &added);
    if (result != DB_OK || added == 0) { /* nothing but repeated events */
        script_rollback(&batch->script);
        return result;
    }
    result = script_commit(&batch->script);
    if (result == DB_UNKNOWN)
        keep_verdicts(batch);
    return result;
}

enum db_result
ingest_insert(struct ingest *batch, struct db *db, int64_t now_us)
{
    enum db_result result;
    size_t added = 0;

    script_join(&batch->script, db);
    result = add_all(batch, now_us, &added);
    return result == DB_OK ? script_end(&batch->script) : result;
}

enum db_result
ingest_find_out(struct ingest *batch, struct db *db, enum ingest_fate *fate)
{
    enum db_result result = DB_OK;
    size_t i = 0, written = 0, asked = 0;

    recall_verdicts(batch);
    while (i < batch->count && result == DB_OK) {
        uint64_t ids[ASK_MAX];
        size_t count = 0, there = 0;

        for (; i < batch->count && count < ASK_MAX; i++)
            if (!batch->items[i].verdict.duplicate)
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
    return item->direct > 0 ? batch->job_ids[item->first] : item->fanout_id;
}

void
ingest_answer(const struct ingest *batch)
{
    size_t i;

    for (i = 0; i < batch->count; i++) {
        const struct ingest_item *item = &batch->items[i];
        struct new_event *event = item->event;

        event->duplicate = item->verdict.duplicate;
        event->requeued = item->verdict.requeued;
        if (item->verdict.duplicate) {
            event->id = item->verdict.winner_id;
            event->matched = item->verdict.winner_matched;
            event->job_id = item->verdict.requeued ? item->process_id : 0;
        } else {
            event->id = item->id;
            event->matched = (uint32_t)item->matched;
            event->job_id = first_job(batch, item);
        }
    }
}

const uint64_t *
ingest_event_jobs(const struct ingest *batch, size_t i, size_t *count)
{
    const struct ingest_item *item = &batch->items[i];

    *count = item->verdict.duplicate ? 0 : item->direct;
    return batch->job_ids + item->first;
}
