/*
 * ingest_order.c - which lanes the jobs of a batch go into, and their places in
 * those that keep an order.
 */
#include "ingest_impl.h"

#include "alloc.h"
#include "store_sequence.h"

#include <stdlib.h>

uint64_t
ingest_lane(const struct ingest_item *item, const struct taker *taker)
{
    uint64_t lane = lane_number(LANE_SUBSCRIPTION, taker->id);

    return taker->fifo ? lane_of_key(lane, item->event->ordering_key) : lane;
}

/* What waits for its time has no place before. */
static bool
wants_place(const struct ingest *batch, const struct ingest_item *item,
            size_t at)
{
    return batch->takers[at].fifo &&
           item->event->deliver_at_us <= id_time_us(batch->job_ids[at]);
}

static size_t
list_wants(const struct ingest *batch, struct sequence_want *wants)
{
    size_t i, k, count = 0;

    for (i = 0; i < batch->count; i++) {
        const struct ingest_item *item = &batch->items[i];

        for (k = item->first; k < item->first + item->direct; k++) {
            batch->places[k] = 0;
            if (item->verdict.duplicate || !wants_place(batch, item, k))
                continue;
            wants[count++] = (struct sequence_want){
                .lane = ingest_lane(item, &batch->takers[k]),
                .at = k,
            };
        }
    }
    return count;
}

enum db_result
ingest_take_places(struct ingest *batch)
{
    struct sequence_want *wants = xcalloc(batch->matches, sizeof(*wants));
    size_t count = list_wants(batch, wants), i;
    enum db_result result =
        store_sequence_take_in(&batch->script, wants, count);

    for (i = 0; i < count && result == DB_OK; i++)
        batch->places[wants[i].at] = wants[i].place_us;
    free(wants);
    return result;
}
