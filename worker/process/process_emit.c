/*
 * process_emit.c - the events that others are told: caches, triggers, a source
 * that refuses us; see process.h.
 */
#include "cache.h"
#include "clock.h"
#include "names.h"
#include "process_item.h"

#define TITLE_MAX 4096 /* bytes of a table's name */
#define REFUSED_TYPE "source.api_refused"
#define REFUSED_US (60 * CLOCK_US_PER_S) /* between two of these */

static struct processed
processed_of(const struct item *item)
{
    return (struct processed){
        .source = item->source,
        .event_id = item->task->event->id,
        .job_id = item->task->job.id,
        .type = item->task->event->type,
        .payload = item->task->event->payload,
        .metadata = item->task->event->metadata,
        .table = item_table(item),
        .record_id = item->in.record_id,
        .action = item->came_to,
        .verified = item_is_verified(item),
        .old = item->old,
        .now = item->came_to == INBOUND_DELETE ? SLICE_NONE : item_data(item),
    };
}

static void
tell_of_event(struct process *process, struct item *item)
{
    struct buf title = BUF_INIT(TITLE_MAX);
    struct processed processed;

    item->triggered = 0;
    if (item_has_lost_source(item)) {
        processed = processed_of(item);
        cache_add(process->emit, &processed, CACHE_SOURCE_DOWN);
    }
    if (!item_is_applied(item) || item->stale)
        return;
    processed = processed_of(item);
    cache_add(process->emit, &processed,
              item->came_to == INBOUND_DELETE ? CACHE_DELETED : CACHE_CHANGED);
    /* Rules may call tables by the names that people know. */
    names_print(process->peers.desk->names, item->source->id,
                slice_of(item_table(item)), &title);
    processed.title = title.data;
    item->triggered =
        triggers_add(process->triggers, process->emit, &processed);
    buf_free(&title);
}

static bool
was_told_lately(const struct process *process, uint32_t source_id)
{
    const int64_t *told = map_get(&process->refused, source_id);

    return told != NULL && clock_mono_us() - *told < REFUSED_US;
}

/* {"source":"notion","status":401,"error":"HTTP 401"} */
static void
tell_of_refusal(struct process *process, const struct item *item)
{
    const struct source *source = item->source;
    struct buf data = BUF_INIT(1024), channel = BUF_INIT(128);

    buf_add_text(&data, "{\"source\":");
    json_add_string(&data, slice_of(source->name));
    buf_addf(&data,
             ",\"status\":%u,\"error\":", (unsigned)item->task->attempt.status);
    json_add_string(&data, slice_of(item->task->attempt.error));
    buf_add_char(&data, '}');
    buf_addf(&channel, "source:%s", source->name);
    if (buf_ok(&data) && buf_ok(&channel)) {
        const struct emission emission = {
            .application_id = source->application_id,
            .source_id = source->id,
            .type = SLICE(REFUSED_TYPE),
            .data = buf_slice(&data),
            .channel = buf_slice(&channel),
        };

        emit_add(process->emit, &emission);
    }
    buf_free(&data);
    buf_free(&channel);
}

static bool
is_refused(const struct item *item)
{
    return item->row->live && item->source != NULL &&
           item->answer == ANSWER_REFUSED;
}

/* One for each source. */
static void
tell_of_refusals(struct process *process)
{
    size_t i, k;

    for (i = 0; i < process->count; i++) {
        const struct item *item = &process->items[i];

        if (!is_refused(item) || was_told_lately(process, item->source->id))
            continue;
        for (k = 0; k < i; k++) {
            if (is_refused(&process->items[k]) &&
                process->items[k].source == item->source)
                break;
        }
        if (k == i)
            tell_of_refusal(process, item);
    }
}

enum db_result
process_emit(struct process *process, struct db *db, int64_t now_us)
{
    enum db_result result;
    size_t i;

    for (i = 0; i < process->count; i++)
        tell_of_event(process, &process->items[i]);
    tell_of_refusals(process);
    result = emit_write(process->emit, db, now_us);
    for (i = 0; i < process->count && result == DB_OK; i++) {
        struct item *item = &process->items[i];

        if (item_is_applied(item) &&
            emit_has_waiter(process->emit, item->task->job.id))
            item_put_off(item, now_us);
    }
    return result;
}
