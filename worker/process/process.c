/*
 * process.c - see process.h: a batch, its events read and judged.
 */
#include "process.h"

#include "alloc.h"
#include "clock.h"
#include "fetch.h"
#include "names.h"
#include "process_item.h"
#include "refresh.h"
#include "source_defaults.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct process *
process_new(const struct process_peers *peers)
{
    struct process *process = xcalloc(1, sizeof(*process));

    process->peers = *peers;
    process->debounce = debounce_new(peers->desk, peers->payloads);
    process->mirror = mirror_new();
    process->triggers = triggers_new();
    process->emit = emit_new(peers->ids);
    process->relay = relay_new(peers->ids);
    process->polling = polling_new(peers->settings);
    process->refused = MAP_INIT;
    return process;
}

static void
clear(struct process *process)
{
    size_t i;

    for (i = 0; i < process->count; i++) {
        inbound_free(&process->items[i].in);
        buf_free(&process->items[i].record);
        buf_free(&process->items[i].name);
    }
    process->count = 0;
}

void
process_free(struct process *process)
{
    size_t at = 0;
    uint64_t id;
    void *told;

    if (process == NULL)
        return;
    clear(process);
    while (map_next(&process->refused, &at, &id, &told))
        free(told);
    map_free(&process->refused);
    free(process->items);
    free(process->changes);
    free(process->doubts);
    polling_free(process->polling);
    relay_free(process->relay);
    emit_free(process->emit);
    triggers_free(process->triggers);
    mirror_free(process->mirror);
    debounce_free(process->debounce);
    free(process);
}

void
process_begin(struct process *process, const struct catalog_snapshot *snapshot)
{
    clear(process);
    process->snapshot = snapshot;
    relay_begin(process->relay, snapshot);
    emit_begin(process->emit, snapshot);
    polling_begin(process->polling, snapshot);
}

static void
fail(struct item *item, const char *error_class, const char *text)
{
    struct attempt *attempt = &item->task->attempt;

    item->way = WAY_FAIL;
    item_set_outcome(item, OUTCOME_FAILED, error_class, 0);
    (void)snprintf(attempt->error, sizeof(attempt->error), "%s", text);
}

/* --- reading ----------------------------------------------------------------------- */

static struct item *
new_item(struct process *process)
{
    struct item *item;

    if (process->count == process->cap) {
        process->cap = process->cap == 0 ? 64 : process->cap * 2;
        process->items = xreallocarray(process->items, process->cap,
                                       sizeof(*process->items));
        process->changes = xreallocarray(process->changes, process->cap,
                                         sizeof(*process->changes));
        process->doubts = xreallocarray(process->doubts, process->cap,
                                        sizeof(*process->doubts));
    }
    item = &process->items[process->count++];
    *item = (struct item){.task = NULL};
    return item;
}

/* What the receiver could not know: which databases the names in the watch list
   stand for. What is polled, or named by a watched record, was asked for. */
static bool
is_ignored(struct process *process, struct item *item)
{
    struct attempt *attempt = &item->task->attempt;
    const char *why =
        names_ignore(process->peers.desk->names, item->source, &item->in);

    if (why == NULL || fetch_is_polled(item->task->event) ||
        refresh_is_one(item->task->event->metadata))
        return false;
    item->way = WAY_IGNORED;
    item_set_outcome(item, OUTCOME_SUCCESS, "ignored", 0);
    (void)snprintf(attempt->error, sizeof(attempt->error), "%s", why);
    return true;
}

/* To the fetch lane, where it may wait for long if the source is down. */
static void
move_on(struct process *process, struct item *item)
{
    uint64_t lane = lane_number(LANE_FETCH, item->source->id);

    item->way = WAY_MOVE;
    item->shut = scheduler_is_open(desk_lock(process->peers.desk), lane);
    desk_unlock(process->peers.desk);
    item->verdict.step = STEP_AS_IT_CAME; /* until somebody knows better */
    item->came_to = item->in.action;
    item_set_outcome(item, OUTCOME_MOVED, NULL, 0);
}

static void
read_event(struct process *process, struct item *item)
{
    const struct event *event = item->task->event;

    item->readable =
        inbound_recall(item->source, event->type, event->payload,
                       event->metadata, id_time_us(event->id), &item->in);
    if (!item->readable) {
        fail(item, "invalid", "the body is not a webhook of this source");
        return;
    }
    if (lane_kind_of(item->task->job.lane) == LANE_WAIT) {
        item->way = WAY_WAIT;
        item->came_to = item->in.action;
        item_set_outcome(item, OUTCOME_SUCCESS, NULL, 0);
    } else if (is_ignored(process, item)) {
        return;
    } else if (lane_kind_of(item->task->job.lane) == LANE_FETCH) {
        item_judge(process, item);
    } else if (fetch_is_needed(item->source, process->peers.settings,
                               process->peers.desk->names, &item->in, event)) {
        move_on(process, item);
    } else {
        item_apply_as_it_came(item);
    }
}

void
process_add(struct process *process, struct task *task, struct flush_row *row)
{
    struct item *item = new_item(process);
    struct attempt *attempt = &task->attempt;

    item->task = task;
    item->row = row;
    item->source =
        catalog_source(process->snapshot, lane_owner_id(task->job.lane));
    if (attempt->started_us == 0)
        attempt->started_us = clock_mono_us();
    if (task->job.kind == JOB_POLL) {
        item->way = WAY_POLL;
        polling_add(process->polling, task, row);
    } else if (task->event == NULL) {
        fail(item, "event_missing", "the event is not stored any more");
    } else if (item->source == NULL) {
        fail(item, "source_gone", "source deleted");
    } else {
        read_event(process, item);
    }
}
