/*
 * process_tell.c - what is counted and logged of a batch of inbound events; see
 * process.h.
 */
#include "alloc.h"
#include "clock.h"
#include "id.h"
#include "log.h"
#include "names.h"
#include "process_item.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define LOGGER "webhook_handlers"
#define REFUSED_US (60 * CLOCK_US_PER_S) /* between two lines of that */

static bool
count_as(const struct item *item, enum rollup_end *end)
{
    switch (item->row->status) {
    case FLUSH_SUCCESS:
        *end = ROLLUP_SUCCESS;
        return true;
    case FLUSH_FAILED:
        *end = ROLLUP_FAILED;
        return true;
    case FLUSH_RETRY:
        *end = ROLLUP_RETRIED;
        return true;
    default:
        return false;
    }
}

void
process_count(const struct process *process, struct rollup *rollup)
{
    size_t i;

    for (i = 0; i < process->count; i++) {
        const struct item *item = &process->items[i];
        enum rollup_end end;

        if (!item->row->live || item->row->job.test || item->way == WAY_POLL ||
            !count_as(item, &end))
            continue;
        rollup_inbound(rollup, item->row->ended_us,
                       lane_owner_id(item->row->job.lane),
                       item->readable ? item->in.action : INBOUND_OTHER, end,
                       item->row->attempts, item->row->duration_us);
        if (item->row->status == FLUSH_SUCCESS && item->asked &&
            item->verdict.verified == RECORD_DIFFERS)
            rollup_mismatch(rollup, item->row->ended_us,
                            lane_owner_id(item->row->job.lane));
    }
    debounce_count(process->debounce, rollup);
}

/* "supabase" as people write it at the start of a sentence. */
static void
capitalize(const char *name, char out[65])
{
    (void)snprintf(out, 65, "%s", name);
    out[0] = (char)toupper((unsigned char)out[0]);
}

static void
add_step(struct buf *out, const char *step)
{
    buf_addf(out, "%s'%s'", out->len > 1 ? ", " : "", step);
}

static void
list_steps(const struct item *item, struct buf *out)
{
    const char *mirrored = item->stale ? "stale_update_ignored"
                           : item->came_to == INBOUND_DELETE
                               ? "record_deleted"
                               : "record_upserted";

    buf_add_char(out, '[');
    if (item->asked && item->verdict.name != NULL)
        add_step(out, item->verdict.name);
    if (item->way == WAY_WAIT)
        add_step(out, "triggers_delivered");
    else if (item->mirrored)
        add_step(out, mirrored);
    if (item->triggered > 0)
        add_step(out, "triggers_met");
    if (item->relayed > 0)
        add_step(out, "relay_queued");
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
tell_failure(const struct item *item, enum log_level level, const char *what)
{
    const struct slice error = item->row->error_message;
    char id[ID_TEXT_MAX];

    id_format(ID_EVENT, item->task->job.event_id, id);
    log_line(level, LOGGER,
             LOG_FIELDS(LOG_TEXT("event", id), LOG_SLICE("error", error)),
             "%s (attempt %u/%u)", what, item->row->attempts,
             item->source == NULL ? item->row->attempts
                                  : item->source->max_attempts);
}

static void
tell(const struct item *item)
{
    switch (item->row->status) {
    case FLUSH_SUCCESS:
        if (item->way == WAY_COALESCED)
            tell_failure(item, LOG_DEBUG, "Webhook coalesced");
        else if (item->way == WAY_IGNORED)
            tell_failure(item, LOG_DEBUG, "Webhook ignored");
        else if (item->source != NULL && log_enabled(LOG_INFO))
            tell_success(item);
        return;
    case FLUSH_FAILED:
        tell_failure(item, LOG_ERROR, "Webhook processing failed");
        return;
    case FLUSH_RETRY:
        tell_failure(item, LOG_WARNING, "Webhook processing will be retried");
        return;
    default:
        return;
    }
}

/* A person has to do something; not once for each event. */
static void
tell_refusal(struct process *process, const struct item *item)
{
    int64_t *told = map_get(&process->refused, item->source->id);
    int64_t now_us = clock_mono_us();

    if (told != NULL && now_us - *told < REFUSED_US)
        return;
    if (told == NULL) {
        told = xcalloc(1, sizeof(*told));
        (void)map_put(&process->refused, item->source->id, told);
    }
    *told = now_us;
    log_error(LOGGER,
              LOG_FIELDS(LOG_TEXT("source", item->source->name),
                         LOG_INT("status", item->task->attempt.status),
                         LOG_TEXT("error", item->task->attempt.error)),
              "The source's API refuses us: its events wait; check its key "
              "and address");
}

/* What has been learned about its source. */
static void
note(struct process *process, const struct item *item)
{
    if (item->answer == ANSWER_REFUSED)
        tell_refusal(process, item);
    if (item->way == WAY_NAMED && item->name_id[0] != '\0')
        names_add(process->peers.desk->names, item->source->id,
                  slice_of(item->name_id), buf_slice(&item->name));
}

const struct relayed *
process_tell(struct process *process, struct doorbell *doorbell, size_t *count)
{
    size_t i;

    log_batch_begin();
    for (i = 0; i < process->count; i++) {
        const struct item *item = &process->items[i];

        if (!item->row->live || item->way == WAY_POLL)
            continue;
        if (item->source != NULL)
            note(process, item);
        tell(item);
    }
    polling_tell(process->polling);
    log_batch_end();
    (void)emit_tell(process->emit, doorbell);
    return relay_jobs(process->relay, count);
}
