/*
 * replay_choose_events.c - events that a subscription wants and was never sent;
 * see replay_choose.h.
 */
#include "replay_choose.h"

#include "alloc.h"
#include "id.h"
#include "json.h"
#include "store_payload.h"

#include <stdlib.h>

#define CHANNELS_MAX 64
#define CHANNEL_BYTES 1024

/* The events of a chunk that are still in question. */
struct wanted {
    const struct replay_event *list[REPLAY_CHUNK];
    bool out[REPLAY_CHUNK]; /* not any more */
    size_t count;
};

static bool
wants(const struct subscription *subscription, const struct replay_event *event)
{
    struct slice channels[CHANNELS_MAX] = {SLICE_NONE};
    struct buf texts[CHANNELS_MAX];
    struct json_value list;
    struct json_member item;
    size_t at = 0, count = 0, i;
    bool answer;

    if (subscription->channel_count > 0 && event->channels.ptr != NULL &&
        json_read(event->channels, &list, NULL) && list.type == JSON_ARRAY)
        while (count < CHANNELS_MAX && json_next(list.text, &at, &item)) {
            if (item.value.type != JSON_STRING)
                continue;
            buf_init(&texts[count], CHANNEL_BYTES);
            json_decode_string(item.value.text, &texts[count]);
            channels[count] = buf_slice(&texts[count]);
            count++;
        }
    answer = catalog_wants(subscription, event->type, channels, count);
    for (i = 0; i < count; i++)
        buf_free(&texts[i]);
    return answer;
}

static void
list_wanted(const struct replay_ask *ask,
            const struct subscription *subscription,
            const struct replay_waiting *waiting,
            const struct replay_events *chunk, struct wanted *wanted)
{
    size_t i;

    wanted->count = 0;
    for (i = 0; i < chunk->count; i++) {
        const struct replay_event *event = &chunk->list[i];

        if (event->application_id != ask->replay->application_id ||
            event->test || !wants(subscription, event) ||
            replay_is_waiting(waiting, event->id))
            continue;
        wanted->out[wanted->count] = false;
        wanted->list[wanted->count++] = event;
    }
}

static void
leave_out(struct wanted *wanted, uint64_t event_id)
{
    size_t i;

    for (i = 0; i < wanted->count; i++)
        if (wanted->list[i]->id == event_id)
            wanted->out[i] = true;
}

static size_t
list_ids(const struct wanted *wanted, uint64_t *ids)
{
    size_t i, n = 0;

    for (i = 0; i < wanted->count; i++)
        if (!wanted->out[i])
            ids[n++] = wanted->list[i]->id;
    return n;
}

static enum db_result
leave_out_delivered(struct db *db, const struct subscription *subscription,
                    struct wanted *wanted)
{
    struct replay_deliveries found;
    uint64_t ids[REPLAY_CHUNK];
    size_t count = list_ids(wanted, ids), i;
    enum db_result result =
        replay_look_siblings(db, subscription->id, 0, ids, count, &found);

    if (result != DB_OK)
        return result;
    for (i = 0; i < found.count; i++)
        leave_out(wanted, found.list[i].event_id);
    replay_deliveries_free(&found);
    return DB_OK;
}

/* They go to their subscriptions by themselves, once they are processed; and
   what could not be processed goes to nobody. */
static enum db_result
leave_out_unprocessed(struct db *db, struct wanted *wanted)
{
    struct replay_inbound inbound[REPLAY_CHUNK];
    enum db_result result;
    size_t i, n = 0, processed = 0;

    for (i = 0; i < wanted->count; i++)
        if (!wanted->out[i] && wanted->list[i]->source_id != 0 &&
            !wanted->list[i]->relayed)
            inbound[n++] = (struct replay_inbound){wanted->list[i]->id,
                                                   wanted->list[i]->source_id};
    result = replay_look_processed(db, inbound, n, &processed);
    if (result != DB_OK)
        return result;
    for (i = processed; i < n; i++)
        leave_out(wanted, inbound[i].event_id);
    return DB_OK;
}

/* What a filter says of the bodies that are handed over. */
struct filtering {
    const struct subscription *subscription;
    struct wanted *wanted;
};

static void
ask_filter(void *arg, const struct stored_event *event)
{
    struct filtering *filtering = arg;

    if (!catalog_passes(filtering->subscription, event->type, event->payload,
                        event->metadata))
        leave_out(filtering->wanted, event->id);
}

/* A few at a time: bodies may be large. What has no body left is counted
   without being asked. */
static enum db_result
leave_out_filtered(struct db *db, const struct replay_ask *ask,
                   const struct subscription *subscription,
                   struct wanted *wanted)
{
    struct filtering filtering = {subscription, wanted};
    enum db_result result = DB_OK;
    uint64_t ids[REPLAY_CHUNK];
    size_t i, n = 0, at;

    if (!subscription->filtered)
        return DB_OK;
    for (i = 0; i < wanted->count; i++)
        if (!wanted->out[i] && !wanted->list[i]->expunged)
            ids[n++] = wanted->list[i]->id;
    for (at = 0; at < n && result == DB_OK; at += ask->payloads)
        result = store_payload_read(
            db, ids + at, n - at < ask->payloads ? n - at : ask->payloads,
            ask_filter, &filtering);
    return result;
}

static void
pick_events(const struct replay_ask *ask,
            const struct subscription *subscription,
            const struct replay_events *chunk, const struct wanted *wanted,
            struct replay_choice *choice)
{
    size_t i;

    for (i = 0; i < wanted->count; i++) {
        const struct replay_event *event = wanted->list[i];

        if (wanted->out[i])
            continue;
        if (choice->count == ask->most) {
            choice->cursor_id = event->id - 1;
            return;
        }
        if (event->expunged)
            choice->skipped++;
        else
            replay_add_pick(choice, subscription, event, 0);
    }
    if (chunk->last > choice->cursor_id)
        choice->cursor_id = chunk->last;
    choice->end = chunk->end;
}

static struct replay_range
range_of(const struct replay_ask *ask, const struct replay_choice *choice)
{
    const struct replay *replay = ask->replay;
    int64_t since_us =
        replay->since_us > ask->oldest_us ? replay->since_us : ask->oldest_us;
    struct replay_range range = {
        .after = choice->cursor_id,
        .before = id_floor(replay->until_us),
        .limit = ask->rows,
    };

    if (range.after == 0 && id_floor(since_us) > 0)
        range.after = id_floor(since_us) - 1;
    return range;
}

enum db_result
replay_choose_events(struct db *db, const struct replay_ask *ask,
                     const struct subscription *subscription,
                     const struct replay_waiting *waiting,
                     struct replay_choice *choice)
{
    struct replay_range range = range_of(ask, choice);
    struct wanted *wanted = xcalloc(1, sizeof(*wanted));
    struct replay_events chunk;
    enum db_result result = replay_look_events(db, &range, &chunk);

    if (result == DB_OK) {
        list_wanted(ask, subscription, waiting, &chunk, wanted);
        result = leave_out_delivered(db, subscription, wanted);
    }
    if (result == DB_OK)
        result = leave_out_unprocessed(db, wanted);
    if (result == DB_OK)
        result = leave_out_filtered(db, ask, subscription, wanted);
    if (result == DB_OK)
        pick_events(ask, subscription, &chunk, wanted, choice);
    replay_events_free(&chunk);
    free(wanted);
    return result;
}
