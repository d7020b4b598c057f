/*
 * process_apply.c - what a batch of inbound events writes; see process.h.
 *
 * The order: what moves or waits, the mirror, caches, triggers, relay. All of
 * it belongs to one transaction, and happens again as a whole if that is
 * repeated.
 */
#include "alloc.h"
#include "cache.h"
#include "clock.h"
#include "id.h"
#include "names.h"
#include "process_item.h"
#include "store_names.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_LEAST_US (100 * CLOCK_US_PER_MS) /* between looks at deliveries */
#define WAIT_MOST_US (5 * CLOCK_US_PER_S)
#define WAIT_SHARE 4   /* of the time that it has waited already */
#define TITLE_MAX 4096 /* bytes of a table's name */
#define REFUSED_TYPE "source.api_refused"
#define REFUSED_US (60 * CLOCK_US_PER_S) /* between two of these */

static void
turn_row(struct item *item, enum flush_status status, const char *error_class)
{
    item->row->status = status;
    item->row->error_class = error_class;
    item->row->error_message = slice_of(item->note);
}

/* --- moving and coalescing ----------------------------------------------------- */

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
        turn_row(item, FLUSH_SUCCESS, DEBOUNCE_CLASS);
    }
}

static enum db_result
debounce(struct process *process, struct db *db, int64_t now_us)
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

/* --- names ------------------------------------------------------------------ */

static bool
brings_name(const struct item *item)
{
    return item->row->live && item->way == WAY_NAMED &&
           item->name_id[0] != '\0';
}

static enum db_result
write_names(struct process *process, struct db *db)
{
    struct source_name *names = xcalloc(process->count, sizeof(*names));
    enum db_result result = DB_OK;
    size_t i, n = 0;

    for (i = 0; i < process->count; i++) {
        const struct item *item = &process->items[i];

        if (brings_name(item))
            names[n++] =
                (struct source_name){item->source->id, slice_of(item->name_id),
                                     buf_slice(&item->name)};
    }
    if (n > 0)
        result = store_names_write(db, names, n);
    free(names);
    return result;
}

/* --- waiting for deliveries -------------------------------------------------------- */

static void
put_off(struct item *item, int64_t now_us)
{
    int64_t wait_us = (now_us - id_time_us(item->task->job.id)) / WAIT_SHARE;

    if (wait_us < WAIT_LEAST_US)
        wait_us = WAIT_LEAST_US;
    if (wait_us > WAIT_MOST_US)
        wait_us = WAIT_MOST_US;
    item->waits = true;
    item->row->status = FLUSH_MOVE;
    item->row->to_lane = lane_number(LANE_WAIT, item->source->id);
    item->row->retry_at_us = now_us + wait_us;
}

static void
end_wait(struct item *item, enum wait_state state, int64_t now_us)
{
    item->waits = false;
    if (state == WAIT_PENDING) {
        put_off(item, now_us);
        return;
    }
    item->row->status = FLUSH_SUCCESS;
    if (state != WAIT_FAILED)
        return;
    (void)snprintf(item->note, sizeof(item->note),
                   "a delivery that it waited for has failed");
    turn_row(item, FLUSH_FAILED, "trigger");
}

static bool
is_waiting(const struct item *item)
{
    return item->row->live && item->way == WAY_WAIT;
}

static enum db_result
look_at_waits(struct process *process, struct db *db, int64_t now_us)
{
    struct process_wait *waits = xcalloc(process->count, sizeof(*waits));
    uint64_t *ended = xcalloc(process->count, sizeof(*ended));
    enum db_result result = DB_OK;
    size_t i, n = 0, k = 0, ends = 0;

    for (i = 0; i < process->count; i++) {
        if (is_waiting(&process->items[i]))
            waits[n++].job_id = process->items[i].task->job.id;
    }
    if (n > 0)
        result = store_wait_look(db, waits, n);
    for (i = 0; i < process->count && n > 0 && result == DB_OK; i++) {
        struct item *item = &process->items[i];

        if (!is_waiting(item))
            continue;
        assert(waits[k].job_id == item->task->job.id);
        end_wait(item, waits[k++].state, now_us);
        if (!item->waits)
            ended[ends++] = item->task->job.id;
    }
    if (result == DB_OK && ends > 0)
        result = store_wait_end(db, ended, ends);
    free(waits);
    free(ended);
    return result;
}

/* --- the mirror -------------------------------------------------------------------------- */

static bool
is_applied(const struct item *item)
{
    return item->row->live && item->way == WAY_APPLY;
}

/* A record of the source, whether it is mirrored or not. */
static bool
is_about_record(const struct item *item)
{
    return item->in.record_id[0] != '\0' && item->in.table[0] != '\0';
}

static struct slice
data_of(const struct item *item)
{
    if (item->verdict.step == STEP_UPSERT)
        return buf_slice(&item->record);
    return item->came_to == INBOUND_DELETE ? SLICE_NONE : item->in.data;
}

static bool
is_mirrored(const struct item *item)
{
    if (!is_applied(item) || !is_about_record(item) ||
        !item->source->options.mirror)
        return false;
    return item->came_to == INBOUND_DELETE ||
           (item->came_to != INBOUND_OTHER && data_of(item).ptr != NULL);
}

/* For the first time, and nobody else will say so: what it was about is not what
   it was. */
static bool
has_lost_source(const struct item *item)
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
           item->source->options.mirror && (has_lost_source(item) || thin);
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
        .data = data_of(item),
        .verified = item->verdict.verified,
        .arg = item,
    };
}

static enum db_result
mirror(struct process *process, struct db *db, int64_t now_us)
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

/* --- caches and triggers ------------------------------------------------------------ */

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
        .now = item->came_to == INBOUND_DELETE ? SLICE_NONE : data_of(item),
    };
}

static void
tell_of_event(struct process *process, struct item *item)
{
    struct buf title = BUF_INIT(TITLE_MAX);
    struct processed processed;

    item->triggered = 0;
    if (has_lost_source(item)) {
        processed = processed_of(item);
        cache_add(process->emit, &processed, CACHE_SOURCE_DOWN);
    }
    if (!is_applied(item) || item->stale)
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

static enum db_result
emit(struct process *process, struct db *db, int64_t now_us)
{
    enum db_result result;
    size_t i;

    for (i = 0; i < process->count; i++)
        tell_of_event(process, &process->items[i]);
    tell_of_refusals(process);
    result = emit_write(process->emit, db, now_us);
    for (i = 0; i < process->count && result == DB_OK; i++) {
        struct item *item = &process->items[i];

        if (is_applied(item) &&
            emit_has_waiter(process->emit, item->task->job.id))
            put_off(item, now_us);
    }
    return result;
}

/* --- relay ------------------------------------------------------------------------------- */

static enum db_result
relay(struct process *process, struct db *db)
{
    size_t i;

    for (i = 0; i < process->count; i++) {
        struct item *item = &process->items[i];

        item->relayed = 0;
        /* Decided when the event came, so that a change of the source's
           setting loses no event and doubles none. */
        if (is_applied(item) && !item->task->event->relayed)
            item->relayed = relay_add(process->relay, item->task,
                                      item->source->application_id);
    }
    return relay_write(process->relay, db);
}

enum db_result
process_apply(struct process *process, struct db *db, int64_t now_us)
{
    enum db_result result;

    if (process->count == 0)
        return DB_OK;
    result = debounce(process, db, now_us);
    if (result == DB_OK)
        result = write_names(process, db);
    if (result == DB_OK)
        result = look_at_waits(process, db, now_us);
    if (result == DB_OK)
        result = mirror(process, db, now_us);
    if (result == DB_OK)
        result = polling_apply(process->polling, db, process->emit, now_us);
    if (result == DB_OK)
        result = emit(process, db, now_us);
    return result == DB_OK ? relay(process, db) : result;
}
