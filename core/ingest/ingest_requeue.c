/*
 * ingest_requeue.c - a repeat of an event whose processing failed for good has
 * it processed again: that is what the provider, or the person who pressed its
 * button, wants of the repeat.
 */
#include "ingest_impl.h"

#include "alloc.h"
#include "kept.h"
#include "store_content.h"
#include "store_requeue.h"

#include <stdlib.h>

/* Repeats of what is stored; another one in the same batch is enough. */
static size_t
list_repeats(struct ingest *batch, struct ingest_item **items,
             struct store_requeue *list)
{
    size_t i, count = 0;

    for (i = 0; i < batch->count; i++) {
        struct ingest_item *item = &batch->items[i];

        if (!item->verdict.duplicate || !item->verdict.winner_stored ||
            item->process_id == 0)
            continue;
        items[count] = item;
        list[count++] =
            (struct store_requeue){.event_id = item->verdict.winner_id,
                                   .remade_id = item->verdict.remade_id};
    }
    return count;
}

/* The job gets the id that the repeat's own would have had. */
static enum db_result
requeue(struct ingest *batch, struct ingest_item *item, uint64_t failed_id)
{
    const struct store_new_job job = {
        .id = item->process_id,
        .event_id = item->verdict.winner_id,
        .kind = JOB_PROCESS,
        .lane = lane_number(LANE_SOURCE, item->event->source_id),
    };
    bool there = false;
    enum db_result result =
        store_content_hold(batch->script.db, item->verdict.winner_id, &there);

    if (result == DB_OK && there)
        result = kept_hold(batch->script.db, item->verdict.winner_id);
    /* The event, or what it held, has been cleared away since. */
    if (result == DB_NONE || (result == DB_OK && !there))
        return DB_OK;
    if (result != DB_OK)
        return result;
    store_requeue_add(&batch->script, &job, failed_id,
                      item->event->dedupe_hash);
    item->verdict.requeued = true;
    return DB_OK;
}

enum db_result
ingest_requeue(struct ingest *batch, size_t *count)
{
    struct store_requeue *list = xcalloc(batch->count, sizeof(*list));
    struct ingest_item **items =
        xcalloc(batch->count, sizeof(struct ingest_item *));
    size_t repeats = list_repeats(batch, items, list), i;
    enum db_result result = DB_OK;

    *count = 0;
    if (repeats > 0)
        result = store_requeue_find(&batch->script, list, repeats);
    for (i = 0; i < repeats && result == DB_OK; i++) {
        if (list[i].failed_id == 0)
            continue;
        result = requeue(batch, items[i], list[i].failed_id);
        *count += items[i]->verdict.requeued ? 1 : 0;
    }
    free(items);
    free(list);
    return result;
}
