/*
 * replay_choose.c - see replay_choose.h.
 */
#include "replay_choose.h"

#include "alloc.h"
#include "id.h"
#include "lane.h"

#include <stdlib.h>

void
replay_add_pick(struct replay_choice *choice,
                const struct subscription *subscription,
                const struct replay_event *event, uint64_t retry_of)
{
    uint64_t lane = lane_number(LANE_SUBSCRIPTION, subscription->id);

    if (subscription->fifo)
        lane = lane_of_key(lane, event->ordering_key);
    choice->picks[choice->count++] = (struct replay_pick){
        .event_id = event->id,
        .retry_of = retry_of,
        .lane = lane,
        .fifo = subscription->fifo,
    };
}

/* --- finished deliveries once more ------------------------------------------ */

/* What is known of the deliveries of a chunk. */
struct look {
    struct replay_deliveries chunk;
    struct replay_deliveries siblings; /* of the same events */
    struct replay_events events;
};

static void
free_look(struct look *look)
{
    replay_deliveries_free(&look->chunk);
    replay_deliveries_free(&look->siblings);
    replay_events_free(&look->events);
}

static int
compare_ids(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right;

    return *a < *b ? -1 : *a > *b;
}

/* The events of those that the filter picks, each once. */
static size_t
list_events(const struct replay_filter *filter,
            const struct replay_deliveries *chunk, uint64_t *event_ids)
{
    size_t i, n = 0, kept = 0;

    for (i = 0; i < chunk->count; i++)
        if (replay_filter_matches(filter, &chunk->list[i]))
            event_ids[n++] = chunk->list[i].event_id;
    if (n > 0)
        qsort(event_ids, n, sizeof(*event_ids), compare_ids);
    for (i = 0; i < n; i++)
        if (kept == 0 || event_ids[i] != event_ids[kept - 1])
            event_ids[kept++] = event_ids[i];
    return kept;
}

static enum db_result
read_look(struct db *db, uint32_t subscription_id,
          const struct replay_filter *filter, const struct replay_range *range,
          struct look *look)
{
    uint64_t event_ids[REPLAY_CHUNK];
    enum db_result result;
    size_t count;

    *look = (struct look){.chunk = {.rows = NULL}};
    result = replay_look_deliveries(db, subscription_id, range, &look->chunk);
    if (result != DB_OK)
        return result;
    count = list_events(filter, &look->chunk, event_ids);
    result = replay_look_siblings(db, subscription_id, range->before, event_ids,
                                  count, &look->siblings);
    if (result == DB_OK)
        result = replay_look_events_of(db, event_ids, count, &look->events);
    return result;
}

/* The subscription has got the event, or a later delivery stands for this. */
static bool
is_settled(const struct replay_ask *ask, const struct look *look,
           const struct replay_delivery *delivery)
{
    uint64_t before = id_floor(ask->replay->until_us);
    size_t i;

    for (i = 0; i < look->siblings.count; i++) {
        const struct replay_delivery *other = &look->siblings.list[i];

        if (other->event_id != delivery->event_id || other->id == delivery->id)
            continue;
        if (other->status == DELIVERY_SUCCESS &&
            delivery->status != DELIVERY_SUCCESS)
            return true;
        if (other->id > delivery->id && other->id < before &&
            replay_filter_matches(&ask->replay->filter, other))
            return true;
    }
    return false;
}

/* In the order of their ids, as far as there is room. */
static void
pick_deliveries(const struct replay_ask *ask,
                const struct subscription *subscription,
                const struct replay_waiting *waiting, const struct look *look,
                struct replay_choice *choice)
{
    size_t i;

    for (i = 0; i < look->chunk.count; i++) {
        const struct replay_delivery *one = &look->chunk.list[i];
        const struct replay_event *event;

        if (!replay_filter_matches(&ask->replay->filter, one))
            continue;
        if (choice->count == ask->most) {
            choice->cursor_id = one->id - 1;
            return;
        }
        event = replay_event_of(&look->events, one->event_id);
        if (event == NULL || event->expunged || is_settled(ask, look, one) ||
            replay_is_waiting(waiting, one->event_id))
            choice->skipped++;
        else
            replay_add_pick(choice, subscription, event, one->id);
    }
    if (look->chunk.last > choice->cursor_id)
        choice->cursor_id = look->chunk.last;
    choice->end = look->chunk.end;
}

static enum db_result
choose_deliveries(struct db *db, const struct replay_ask *ask,
                  const struct subscription *subscription,
                  const struct replay_waiting *waiting,
                  struct replay_choice *choice)
{
    const struct replay *replay = ask->replay;
    struct replay_range range = {
        .after = choice->cursor_id,
        .before = id_floor(replay->until_us),
        .limit = ask->rows,
    };
    struct look look;
    enum db_result result;

    /* id_floor() is the first id of its moment, and wanted. */
    if (range.after == 0 && replay->since_us != 0)
        range.after = id_floor(replay->since_us) - 1;
    result = read_look(db, subscription->id, &replay->filter, &range, &look);
    if (result == DB_OK)
        pick_deliveries(ask, subscription, waiting, &look, choice);
    free_look(&look);
    return result;
}

/* --- one subscription after the other ----------------------------------------- */

/* DB_NONE: there is none (any more). */
static enum db_result
next_owner(struct db *db, const struct replay *replay, uint32_t *id)
{
    if (replay->subscription_id == 0)
        return replay_look_subscription(db, replay->application_id, *id, id);
    if (*id != 0)
        return DB_NONE;
    *id = replay->subscription_id;
    return DB_OK;
}

/* That of the cursor is done with, or there is none yet. */
static enum db_result
move_on(struct db *db, const struct replay *replay,
        struct replay_choice *choice)
{
    enum db_result result = next_owner(db, replay, &choice->cursor_owner);

    choice->cursor_id = 0;
    choice->end = result == DB_NONE;
    return result == DB_NONE ? DB_OK : result;
}

static enum db_result
choose_of(struct db *db, const struct replay_ask *ask,
          const struct subscription *subscription, struct replay_choice *choice)
{
    bool running = ask->replay->status == REPLAY_RUNNING;
    struct replay_waiting waiting = {.count = 0};
    enum db_result result = DB_OK;

    if (running)
        result = replay_look_alone(db, subscription->id);
    if (result == DB_OK)
        result = replay_look_waiting(db, subscription->application_id,
                                     subscription->id, &waiting);
    choice->busy = waiting.busy && running;
    if (result == DB_OK && !choice->busy)
        result =
            ask->replay->kind == REPLAY_MISSING
                ? replay_choose_events(db, ask, subscription, &waiting, choice)
                : choose_deliveries(db, ask, subscription, &waiting, choice);
    replay_waiting_free(&waiting);
    return result;
}

enum db_result
replay_choose(struct db *db, const struct replay_ask *ask,
              struct replay_choice *choice)
{
    const struct subscription *subscription;
    enum db_result result = DB_OK;

    choice->count = 0;
    choice->skipped = 0;
    choice->cursor_owner = ask->replay->cursor_owner;
    choice->cursor_id = ask->replay->cursor_id;
    choice->end = false;
    choice->busy = false;
    if (choice->cursor_owner == 0)
        result = move_on(db, ask->replay, choice);
    if (result != DB_OK || choice->end)
        return result;
    subscription = catalog_subscription(ask->snapshot, choice->cursor_owner);
    if (subscription == NULL) /* deleted meanwhile */
        return move_on(db, ask->replay, choice);
    result = choose_of(db, ask, subscription, choice);
    if (result == DB_OK && choice->end)
        result = move_on(db, ask->replay, choice);
    return result;
}
