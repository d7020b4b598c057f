/*
 * process_move.c - events that go to the fetch lane, and those that another one
 * stands for; see process.h.
 */
#include "alloc.h"
#include "id.h"
#include "process_item.h"

#include <stdio.h>
#include <stdlib.h>

static bool
is_debounced(const struct item *item)
{
    bool fetched = lane_kind_of(item->task->job.lane) == LANE_FETCH;

    return item->row->live && item->readable && item->in.record_id[0] != '\0' &&
           (item->way == WAY_MOVE || fetched);
}

static void
note_coalesced(struct process *process, const struct debounce_want *want)
{
    char id[ID_TEXT_MAX];
    size_t i;

    for (i = 0; i < process->count; i++) {
        struct item *item = &process->items[i];

        if (item->row != want->row)
            continue;
        id_format(ID_EVENT, want->by_event, id);
        (void)snprintf(item->note, sizeof(item->note), "superseded by %s", id);
        item->way = WAY_COALESCED;
        item_turn_row(item, FLUSH_SUCCESS, DEBOUNCE_CLASS);
    }
}

enum db_result
process_move(struct process *process, struct db *db, int64_t now_us)
{
    struct debounce_want *wants = xcalloc(process->count, sizeof(*wants));
    enum db_result result;
    size_t i, n = 0;

    for (i = 0; i < process->count; i++) {
        const struct item *item = &process->items[i];

        if (!is_debounced(item))
            continue;
        wants[n] = (struct debounce_want){
            .source = item->source,
            .in = &item->in,
            .row = item->row,
            .moves = item->way == WAY_MOVE,
            .ends = item->way == WAY_APPLY || item->way == WAY_FAIL ||
                    item->way == WAY_IGNORED,
            .wait_us = item->task->attempt.outcome.wait_us,
        };
        debounce_key_make(&wants[n++].key, item->source->id, item->in.table,
                          item->in.record_id);
    }
    result = debounce_apply(process->debounce, db, wants, n, now_us);
    for (i = 0; i < n && result == DB_OK; i++) {
        if (wants[i].coalesced)
            note_coalesced(process, &wants[i]);
    }
    free(wants);
    return result;
}
