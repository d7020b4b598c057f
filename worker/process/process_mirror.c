/*
 * process_mirror.c - what events do to the mirror; see process.h.
 */
#include "clock.h"
#include "process_item.h"

/* A record of the source, whether it is mirrored or not. */
static bool
is_about_record(const struct item *item)
{
    return item->in.record_id[0] != '\0' && item->in.table[0] != '\0';
}

struct slice
item_data(const struct item *item)
{
    if (item->verdict.step == STEP_UPSERT)
        return buf_slice(&item->record);
    return item->came_to == INBOUND_DELETE ? SLICE_NONE : item->in.data;
}

static bool
is_mirrored(const struct item *item)
{
    if (!item_is_applied(item) || !is_about_record(item) ||
        !item->source->options.mirror)
        return false;
    return item->came_to == INBOUND_DELETE ||
           (item->came_to != INBOUND_OTHER && item_data(item).ptr != NULL);
}

bool
item_has_lost_source(const struct item *item)
{
    bool tried = item->answer == ANSWER_DOWN &&
                 (item->way == WAY_LATER || item->way == WAY_FAIL) &&
                 item->task->job.attempts == 0;

    return item->row->live && (tried || (item->way == WAY_MOVE && item->shut));
}

/* Something has changed, but nobody knows what. */
static bool
is_doubtful(const struct item *item)
{
    bool thin = item->way == WAY_APPLY && item->asked &&
                item->verdict.step == STEP_AS_IT_CAME &&
                item->came_to != INBOUND_DELETE && item->in.data.ptr == NULL;

    return item->row->live && item->readable && is_about_record(item) &&
           item->source->options.mirror && (item_has_lost_source(item) || thin);
}

/* What was fetched is at least as new as the moment when it was asked for. */
static int64_t
version_of(const struct item *item, int64_t now_us)
{
    int64_t asked_us =
        now_us - (clock_mono_us() - item->task->attempt.started_us);
    bool fetched =
        item->verdict.step == STEP_UPSERT || item->verdict.step == STEP_DELETE;

    return fetched && asked_us > item->in.version_us ? asked_us
                                                     : item->in.version_us;
}

static struct record_change
change_of(struct item *item, int64_t now_us)
{
    return (struct record_change){
        .source_id = item->source->id,
        .table = slice_of(item_table(item)),
        .record_id = slice_of(item->in.record_id),
        .version_us = version_of(item, now_us),
        .event_id = item->task->event->id,
        .deleted = item->came_to == INBOUND_DELETE,
        .data = item_data(item),
        .verified = item->verdict.verified,
        .arg = item,
    };
}

enum db_result
process_mirror(struct process *process, struct db *db, int64_t now_us)
{
    enum db_result result = DB_OK;
    size_t i, n = 0, doubts = 0;

    for (i = 0; i < process->count; i++) {
        struct item *item = &process->items[i];

        item->stale = false;
        item->old = SLICE_NONE;
        item->mirrored = is_mirrored(item);
        if (item->mirrored)
            process->changes[n++] = change_of(item, now_us);
        else if (is_doubtful(item))
            process->doubts[doubts++] = change_of(item, now_us);
    }
    if (n > 0)
        result = store_record_apply(process->mirror, db, process->changes, n,
                                    now_us);
    for (i = 0; i < n && result == DB_OK; i++) {
        struct item *item = process->changes[i].arg;

        item->stale = process->changes[i].stale;
        item->old = process->changes[i].old;
    }
    if (result == DB_OK && doubts > 0)
        result = store_record_doubt(db, process->doubts, doubts);
    return result;
}
