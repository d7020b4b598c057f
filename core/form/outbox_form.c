/*
 * outbox_form.c - a row of table `outbox` as an event.
 */
#include "outbox_form.h"

#include "clock.h"
#include "json.h"

#include <stdio.h>
#include <string.h>

#define TEXTS_MAX ((size_t)32 << 10) /* of short columns, as JSON strings */
#define EXCERPT_MAX 120              /* bytes of a payload that are shown */

/* What a field is called in the table, and what a refusal of it. */
static const struct {
    const char *field, *column, *reason;
} names[] = {
    {"event", "event_type", "invalid_event_type"},
    {"data", "payload", "invalid_payload"},
    {"metadata", "metadata", "invalid_metadata"},
    {"id", "external_id", "invalid_external_id"},
    {"channels", "channels", "invalid_channels"},
    {"ordering_key", "ordering_key", "invalid_ordering_key"},
    {"deliver_at", "deliver_at", "invalid_deliver_at"},
};

/* At most that many bytes, whole characters of UTF-8 only. */
static struct slice
cut(struct slice text, size_t max)
{
    if (text.len <= max)
        return text;
    while (max > 0 && ((unsigned char)text.ptr[max] & 0xc0) == 0x80)
        max--;
    return slice_make(text.ptr, max);
}

void
outbox_form_refuse(const struct outbox_row *row, unsigned status,
                   const char *reason, const char *why,
                   struct outbox_refusal *refusal)
{
    struct buf text = BUF_INIT(8192);
    struct slice detail;

    buf_addf(&text, "outbox row %llu, event type ",
             (unsigned long long)row->id);
    json_add_string(&text, cut(row->event_type, EXCERPT_MAX));
    buf_addf(&text, ": %s; the payload begins with ", why);
    json_add_string(&text, cut(row->payload, EXCERPT_MAX));
    detail = cut(buf_slice(&text), OUTBOX_DETAIL_MAX);
    refusal->status = status;
    refusal->reason = reason;
    snprintf(refusal->detail, sizeof(refusal->detail), "%.*s", (int)detail.len,
             detail.ptr);
    buf_free(&text);
}

static void
refuse_field(const struct outbox_row *row, const struct problem *problem,
             struct outbox_refusal *refusal)
{
    const char *column = problem->loc[0], *reason = "invalid";
    struct buf where = BUF_INIT(2048);
    char why[1024];
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i].field, problem->loc[0]) != 0)
            continue;
        column = names[i].column;
        reason = names[i].reason;
    }
    if (problem->deep[0] == '\0') {
        snprintf(why, sizeof(why), "%s%s%s: %s", column,
                 problem->loc[1][0] == '\0' ? "" : " ", problem->loc[1],
                 problem->msg);
    } else {
        /* The column's name in place of the field's. */
        problem_add_where(problem, &where);
        snprintf(why, sizeof(why), "%s%s: %s", column,
                 buf_slice(&where).ptr + strlen(problem->loc[0]), problem->msg);
    }
    outbox_form_refuse(row, 422, reason, why, refusal);
    buf_free(&where);
}

static void
refuse_application(const struct outbox_row *row, struct outbox_refusal *refusal)
{
    struct buf why = BUF_INIT(1024);

    buf_add_text(&why, "there is no application ");
    json_add_string(&why, cut(row->application, EXCERPT_MAX));
    outbox_form_refuse(row, 422, "unknown_application", why.data, refusal);
    buf_free(&why);
}

/* Where in `texts` the JSON strings of the short columns lie. */
static struct slice
quoted(struct buf *texts, struct slice text)
{
    size_t from = texts->len;

    if (text.ptr == NULL)
        return SLICE_NONE;
    json_add_string(texts, text);
    return slice_make(texts->data + from, texts->len - from);
}

static struct slice
quoted_time(struct buf *texts, int64_t wall_us)
{
    char text[CLOCK_TEXT_MAX];

    if (wall_us == 0)
        return SLICE_NONE;
    clock_format_rfc3339(wall_us, text);
    return quoted(texts, slice_of(text));
}

static bool
read_fields(struct trigger *trigger, const struct outbox_row *row,
            const struct trigger_rules *rules, struct problems *problems)
{
    struct buf texts = BUF_INIT(TEXTS_MAX);
    struct slice parts[TRIGGER_FIELDS] = {
        [TRIGGER_DATA] = row->payload,
        [TRIGGER_METADATA] = row->metadata,
        [TRIGGER_CHANNELS] = row->channels,
    };
    bool ok;

    /* One piece of memory, so that it does not move while it fills. */
    (void)buf_reserve(&texts, TEXTS_MAX);
    parts[TRIGGER_EVENT] = quoted(&texts, row->event_type);
    parts[TRIGGER_ID] = quoted(&texts, row->external_id);
    parts[TRIGGER_ORDERING_KEY] = quoted(&texts, row->ordering_key);
    parts[TRIGGER_DELIVER_AT] = quoted_time(&texts, row->deliver_at_us);
    ok = trigger_read_parts(trigger, parts, rules, problems);
    buf_free(&texts);
    return ok;
}

bool
outbox_form_read(struct trigger *trigger, const struct outbox_row *row,
                 const struct trigger_rules *rules, struct new_event *event,
                 struct outbox_refusal *refusal)
{
    struct problems problems;
    char why[128];

    memset(trigger, 0, sizeof(*trigger));
    if (row->bytes > rules->item_max) {
        snprintf(why, sizeof(why),
                 "payload and metadata have %llu bytes, at most %zu are taken",
                 (unsigned long long)row->bytes, rules->item_max);
        outbox_form_refuse(row, 413, "payload_too_large", why, refusal);
        return false;
    }
    if (row->application_id == 0) {
        refuse_application(row, refusal);
        return false;
    }
    problems.count = 0;
    if (!read_fields(trigger, row, rules, &problems)) {
        refuse_field(row, &problems.list[0], refusal);
        return false;
    }
    trigger_make_event(trigger, row->application_id, event);
    return true;
}
