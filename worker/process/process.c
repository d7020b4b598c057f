/*
 * process.c - see process.h.
 */
#include "process.h"

#include "alloc.h"
#include "clock.h"
#include "inbound.h"
#include "log.h"
#include "payloads.h"
#include "problem.h"
#include "store_record.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOGGER "webhook_handlers"

struct item {
    struct task *task;
    const struct flush_row *row;
    const struct source *source; /* NULL: deleted */
    struct inbound in;           /* if it was readable */
    bool readable;
    bool stale;
    size_t relayed;
};

struct process {
    const struct catalog_snapshot *snapshot;
    struct problems problems; /* large, so not on the stack */
    struct item *items;
    size_t count;
    size_t cap;
    struct record_change *changes; /* one for each item at most */
    struct relay *relay;
};

struct process *
process_new(struct id_source *ids)
{
    struct process *process = xcalloc(1, sizeof(*process));

    process->relay = relay_new(ids);
    return process;
}

void
process_free(struct process *process)
{
    if (process == NULL)
        return;
    free(process->items);
    free(process->changes);
    relay_free(process->relay);
    free(process);
}

void
process_begin(struct process *process, const struct catalog_snapshot *snapshot)
{
    process->snapshot = snapshot;
    process->count = 0;
    relay_begin(process->relay, snapshot);
}

static void
fail(struct task *task, const char *error_class, const char *text)
{
    struct attempt *attempt = &task->attempt;

    attempt->outcome = (struct outcome){
        .kind = OUTCOME_FAILED,
        .error_class = error_class,
    };
    (void)snprintf(attempt->error, sizeof(attempt->error), "%s", text);
}

/* "record_id: field required", in printable ASCII. */
static void
fail_invalid(struct task *task, const struct problems *problems)
{
    char text[CURL_ERROR_SIZE];
    size_t i;

    if (problems->count == 0)
        (void)snprintf(text, sizeof(text),
                       "the body is not a webhook of this "
                       "source");
    else
        (void)snprintf(text, sizeof(text), "%.100s: %.120s",
                       problems->list[0].loc[0], problems->list[0].msg);
    for (i = 0; text[i] != '\0'; i++) {
        if ((unsigned char)text[i] < 0x20 || (unsigned char)text[i] > 0x7e)
            text[i] = '?';
    }
    fail(task, "invalid", text);
}

static void
read_body(struct process *process, struct item *item)
{
    const struct event *event = item->task->event;
    char received[65];

    process->problems.count = 0;
    item->readable =
        inbound_read(item->source, event->payload, id_time_us(event->id),
                     &item->in, &process->problems, received) == INBOUND_OK;
    if (!item->readable)
        fail_invalid(item->task, &process->problems);
}

void
process_add(struct process *process, struct task *task,
            const struct flush_row *row)
{
    struct item *item;

    if (process->count == process->cap) {
        process->cap = process->cap == 0 ? 64 : process->cap * 2;
        process->items = xreallocarray(process->items, process->cap,
                                       sizeof(*process->items));
        process->changes = xreallocarray(process->changes, process->cap,
                                         sizeof(*process->changes));
    }
    item = &process->items[process->count++];
    *item = (struct item){
        .task = task,
        .row = row,
        .source =
            catalog_source(process->snapshot, lane_owner_id(task->job.lane)),
    };
    task->attempt.started_us = clock_mono_us();
    task->attempt.outcome = (struct outcome){.kind = OUTCOME_SUCCESS};
    task->attempt.error[0] = '\0';
    if (task->event == NULL)
        fail(task, "event_missing", "the event is not stored any more");
    else if (item->source == NULL)
        fail(task, "source_gone", "source deleted");
    else
        read_body(process, item);
}

static struct record_change
change_of(const struct item *item)
{
    const struct inbound *in = &item->in;

    return (struct record_change){
        .source_id = item->source->id,
        .table = slice_of(in->table),
        .record_id = slice_of(in->record_id),
        .version_us = in->version_us,
        .event_id = item->task->event->id,
        .deleted = in->action == INBOUND_DELETE,
        .data = in->data,
    };
}

static bool
is_mirrored(const struct item *item)
{
    return item->row->live && item->readable &&
           item->in.action != INBOUND_OTHER;
}

/* Applying sorts the changes; the event tells which item one came from. */
static void
note_stale(struct process *process, size_t changes)
{
    size_t i, k;

    for (i = 0; i < changes; i++) {
        if (!process->changes[i].stale)
            continue;
        for (k = 0; k < process->count; k++) {
            struct item *item = &process->items[k];

            if (item->task->job.event_id == process->changes[i].event_id)
                item->stale = true;
        }
    }
}

static enum db_result
mirror(struct process *process, struct db *db)
{
    enum db_result result;
    size_t i, n = 0;

    for (i = 0; i < process->count; i++) {
        process->items[i].stale = false;
        if (is_mirrored(&process->items[i]))
            process->changes[n++] = change_of(&process->items[i]);
    }
    result = store_record_apply(db, process->changes, n);
    if (result == DB_OK)
        note_stale(process, n);
    return result;
}

static enum db_result
relay(struct process *process, struct db *db)
{
    size_t i;

    relay_begin(process->relay, process->snapshot);
    for (i = 0; i < process->count; i++) {
        struct item *item = &process->items[i];

        item->relayed = 0;
        /* Decided when the event came, so that a change of the source's
           setting loses no event and doubles none. */
        if (item->row->live && item->readable && !item->task->event->relayed)
            item->relayed = relay_add(process->relay, item->task,
                                      item->source->application_id);
    }
    return relay_write(process->relay, db);
}

enum db_result
process_apply(struct process *process, struct db *db)
{
    enum db_result result = mirror(process, db);

    return result == DB_OK ? relay(process, db) : result;
}

void
process_count(const struct process *process, struct rollup *rollup)
{
    size_t i;

    for (i = 0; i < process->count; i++) {
        const struct item *item = &process->items[i];
        bool success = item->task->attempt.outcome.kind == OUTCOME_SUCCESS;

        if (!item->row->live || item->row->job.test)
            continue;
        rollup_inbound(rollup, item->row->ended_us,
                       lane_owner_id(item->row->job.lane),
                       item->readable ? item->in.action : INBOUND_OTHER,
                       success ? ROLLUP_SUCCESS : ROLLUP_FAILED,
                       item->row->attempts, item->row->duration_us);
    }
}

/* "supabase" as people write it at the start of a sentence. */
static void
capitalize(const char *name, char out[65])
{
    (void)snprintf(out, 65, "%s", name);
    out[0] = (char)toupper((unsigned char)out[0]);
}

static void
list_steps(const struct item *item, struct buf *out)
{
    const char *mirrored = item->stale ? "stale_update_ignored"
                           : item->in.action == INBOUND_DELETE
                               ? "record_deleted"
                               : "record_upserted";

    buf_add_char(out, '[');
    if (item->in.action != INBOUND_OTHER)
        buf_addf(out, "'%s'", mirrored);
    if (item->relayed > 0)
        buf_addf(out, "%s'relay_queued'", out->len > 1 ? ", " : "");
    buf_add_char(out, ']');
}

static void
tell_success(const struct item *item)
{
    const char *action = inbound_action_name(item->in.action);
    struct buf steps = BUF_INIT(256);
    char name[65];

    capitalize(item->source->name, name);
    list_steps(item, &steps);
    log_info(LOGGER, NULL, "Starting webhook processing: %s/%s for record %s",
             item->source->name, action, item->in.record_id);
    log_info(LOGGER, NULL, "Processing %s %s event", name, action);
    log_info(LOGGER, NULL, "%s webhook processed: %s", name, steps.data);
    log_info(LOGGER, NULL,
             "Webhook processed successfully in %.2fs (attempt %u/%u)",
             (double)item->row->duration_us / (double)CLOCK_US_PER_S,
             item->row->attempts, item->source->max_attempts);
    buf_free(&steps);
}

static void
tell_failure(const struct item *item)
{
    char id[ID_TEXT_MAX];

    id_format(ID_EVENT, item->task->job.event_id, id);
    log_error(LOGGER,
              LOG_FIELDS(LOG_TEXT("event", id),
                         LOG_TEXT("error", item->task->attempt.error)),
              "Webhook processing failed (attempt %u/%u)", item->row->attempts,
              item->source == NULL ? item->row->attempts
                                   : item->source->max_attempts);
}

const struct relayed *
process_tell(struct process *process, size_t *count)
{
    size_t i;

    log_batch_begin();
    for (i = 0; i < process->count; i++) {
        const struct item *item = &process->items[i];

        if (!item->row->live)
            continue;
        if (item->task->attempt.outcome.kind != OUTCOME_SUCCESS)
            tell_failure(item);
        else if (log_enabled(LOG_INFO))
            tell_success(item);
    }
    log_batch_end();
    return relay_jobs(process->relay, count);
}
