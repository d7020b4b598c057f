/*
 * replay_print.c - a replay as the API shows it, and the names of its states.
 */
#include "store_replay.h"

#include "json.h"
#include "member.h"

#include <stdlib.h>

static const char *const kind_names[REPLAY_KINDS] = {
    [REPLAY_RECOVER] = "recover",
    [REPLAY_MISSING] = "missing",
    [REPLAY_RETRY] = "retry",
};

static const char *const status_names[REPLAY_STATUSES] = {
    [REPLAY_COUNTING] = "counting",   [REPLAY_PLANNED] = "planned",
    [REPLAY_RUNNING] = "running",     [REPLAY_DONE] = "done",
    [REPLAY_CANCELLED] = "cancelled", [REPLAY_FAILED] = "failed",
};

const char *
replay_kind_name(enum replay_kind kind)
{
    return kind_names[kind];
}

const char *
replay_status_name(enum replay_status status)
{
    return status_names[status];
}

bool
replay_status_from_name(struct slice name, enum replay_status *status)
{
    unsigned i;

    for (i = 0; i < REPLAY_STATUSES; i++) {
        if (!slice_is(name, status_names[i]))
            continue;
        *status = (enum replay_status)i;
        return true;
    }
    return false;
}

static void
print_what(const struct replay *replay, struct buf *out)
{
    if (replay->subscription_id == 0)
        member_text(out, "webhook_id", NULL);
    else
        member_u64(out, "webhook_id", replay->subscription_id);
    member_time(out, "since", replay->since_us);
    member_time(out, "until", replay->until_us);
    member_name(out, "filter");
    if (replay->kind == REPLAY_RETRY)
        replay_filter_print(&replay->filter, out);
    else
        buf_add_text(out, "null");
    member_u64_or_null(out, "rate", replay->rate);
}

static void
print_progress(const struct replay *replay, struct buf *out)
{
    member_u64(out, "planned", replay->planned);
    member_u64(out, "made", replay->made);
    member_u64(out, "live", replay->live_count);
    member_u64(out, "done",
               replay->succeeded + replay->failed + replay->cancelled);
    member_u64(out, "succeeded", replay->succeeded);
    member_u64(out, "failed", replay->failed);
    member_u64(out, "cancelled", replay->cancelled);
    member_u64(out, "skipped", replay->skipped);
}

void
replay_print(const struct replay *replay, struct buf *out)
{
    buf_add_char(out, '{');
    member_id(out, "id", ID_REPLAY, replay->id);
    member_text(out, "kind", replay_kind_name(replay->kind));
    member_text(out, "status", replay_status_name(replay->status));
    print_what(replay, out);
    print_progress(replay, out);
    member_text(out, "reason", replay->error);
    member_time(out, "created_at", replay->created_at_us);
    member_time(out, "confirmed_at", replay->confirmed_at_us);
    member_time(out, "finished_at", replay->finished_at_us);
    buf_add_char(out, '}');
}

void
replay_free(struct replay *replay)
{
    replay_filter_free(&replay->filter);
    free(replay->error);
    replay->error = NULL;
}

void
replay_list_free(struct replay_list *list)
{
    size_t i;

    for (i = 0; i < list->count; i++)
        replay_free(&list->rows[i]);
    free(list->rows);
    *list = (struct replay_list){NULL, 0, 0};
}
