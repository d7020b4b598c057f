/*
 * trigger.c - see trigger.h.
 */
#include "trigger.h"

#include "alloc.h"
#include "compare.h"
#include "id.h"
#include "json.h"
#include "log.h"
#include "map.h"
#include "member.h"
#include "member_path.h"
#include "problem.h"
#include "refresh.h"
#include "trigger_rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOGGER "postern.worker"
#define WORDS_MAX 65536 /* bytes of an event beside the records in it */
#define CHANNEL_MAX 160 /* "source:" and a name */

/* A source's rules as of one version of its row. */
struct entry {
    uint64_t version;
    struct trigger_rule_list *rules; /* NULL: there are none */
};

struct triggers {
    struct map entries; /* by source id */
};

struct triggers *
triggers_new(void)
{
    struct triggers *triggers = xcalloc(1, sizeof(*triggers));

    triggers->entries = MAP_INIT;
    return triggers;
}

void
triggers_free(struct triggers *triggers)
{
    uint64_t key;
    size_t at = 0;
    void *value;

    if (triggers == NULL)
        return;
    while (map_next(&triggers->entries, &at, &key, &value)) {
        trigger_rule_list_free(((struct entry *)value)->rules);
        free(value);
    }
    map_free(&triggers->entries);
    free(triggers);
}

static void
tell_unreadable(const struct source *source, const struct problem *problem)
{
    struct buf where = BUF_INIT(1024);

    problem_add_where(problem, &where);
    log_error(LOGGER,
              LOG_FIELDS(LOG_TEXT("source", source->name),
                         LOG_SLICE("field", buf_slice(&where)),
                         LOG_TEXT("error", problem->msg)),
              "The triggers of a source cannot be read");
    buf_free(&where);
}

/* They were read before they were stored; what is wrong now was written past
   us. */
static struct trigger_rule_list *
read_rules(const struct source *source)
{
    struct problems *problems = xcalloc(1, sizeof(*problems));
    struct trigger_rule_list *rules =
        trigger_rule_read(source->options.triggers, problems);

    if (rules == NULL)
        tell_unreadable(source, &problems->list[0]);
    free(problems);
    return rules;
}

static const struct trigger_rule_list *
rules_of(struct triggers *triggers, const struct source *source)
{
    struct entry *entry;

    if (source->options.triggers.ptr == NULL)
        return NULL;
    entry = map_get(&triggers->entries, source->id);
    if (entry != NULL && entry->version == source->version)
        return entry->rules;
    if (entry == NULL) {
        entry = xcalloc(1, sizeof(*entry));
        (void)map_put(&triggers->entries, source->id, entry);
    }
    trigger_rule_list_free(entry->rules);
    entry->rules = read_rules(source);
    entry->version = source->version;
    return entry->rules;
}

/* -- is it met? ---------------------------------------------------------------- */

static bool
has_changed(const struct processed *processed, const char *path)
{
    struct json_value old, now;
    bool was = member_path_find(processed->old, slice_of(path), &old);
    bool is = member_path_find(processed->now, slice_of(path), &now);

    if (was != is)
        return true;
    return was && !compare_equal(&old, &now);
}

static bool
is_changed(const struct trigger_rule *rule, const struct processed *processed)
{
    size_t i;

    if (rule->changed.count == 0)
        return rule->emit != NULL || has_changed(processed, rule->refresh);
    for (i = 0; i < rule->changed.count; i++) {
        if (has_changed(processed, rule->changed.list[i]))
            return true;
    }
    return false;
}

static struct json_value
value_of(struct slice record)
{
    if (record.ptr == NULL)
        return (struct json_value){JSON_NULL, SLICE("null")};
    switch (record.ptr[0]) {
    case '{':
        return (struct json_value){JSON_OBJECT, record};
    case '[':
        return (struct json_value){JSON_ARRAY, record};
    case '"':
        return (struct json_value){JSON_STRING, record};
    default:
        return (struct json_value){JSON_NUMBER, record};
    }
}

static void
add_event(const struct processed *processed, struct buf *out)
{
    buf_add_char(out, '{');
    member_id(out, "id", ID_EVENT, processed->event_id);
    member_slice(out, "type", processed->type);
    member_text(out, "action", inbound_action_name(processed->action));
    member_text(out, "source", processed->source->name);
    member_text(out, "table", processed->table);
    member_text(out, "record_id", processed->record_id);
    member_bool(out, "verified", processed->verified);
    member_raw(out, "data", processed->payload, "null");
    buf_add_char(out, '}');
}

/* event: its object once it was needed, for all the rules. */
static bool
is_met(const struct trigger_rule *rule, const struct processed *processed,
       struct buf *event)
{
    struct filter_member members[3] = {
        {"old", value_of(processed->old)},
        {"new", value_of(processed->now)},
        {"event", {JSON_OBJECT, SLICE_NONE}},
    };

    if (!trigger_rule_is_for(rule, processed->type, slice_of(processed->table),
                             slice_of(processed->title)) ||
        !is_changed(rule, processed))
        return false;
    if (rule->when == NULL)
        return true;
    if (event->len == 0)
        add_event(processed, event);
    members[2].value.text = buf_slice(event);
    return buf_ok(event) && filter_matches(rule->when, members, 3);
}

/* -- what it makes ------------------------------------------------------------- */

static void
add_record(struct buf *out, const char *name, struct slice record)
{
    member_name(out, name);
    if (record.ptr == NULL)
        buf_add_text(out, "null");
    else
        json_minify(record, out);
}

static void
add_data(const struct trigger_rule *rule, const struct processed *processed,
         struct buf *out)
{
    buf_add_char(out, '{');
    member_text(out, "trigger", rule->name);
    member_text(out, "action", rule->action);
    member_text(out, "source", processed->source->name);
    member_text(out, "table", processed->table);
    member_text(out, "record_id", processed->record_id);
    add_record(out, "old", processed->old);
    add_record(out, "new", processed->now);
    member_id(out, "event_id", ID_EVENT, processed->event_id);
    member_slice(out, "event_type", processed->type);
    buf_add_char(out, '}');
}

static void
fire(struct emit *emit, const struct trigger_rule *rule,
     const struct processed *processed)
{
    struct buf data =
        BUF_INIT(WORDS_MAX + processed->old.len + processed->now.len);
    char channel[CHANNEL_MAX];
    struct emission emission = {
        .application_id = processed->source->application_id,
        .source_id = processed->source->id,
        .type = slice_of(rule->emit),
        .waiter_id = rule->wait ? processed->job_id : 0,
    };

    (void)snprintf(channel, sizeof(channel), "source:%s",
                   processed->source->name);
    emission.channel = slice_of(channel);
    add_data(rule, processed, &data);
    if (buf_ok(&data)) {
        emission.data = buf_slice(&data);
        emit_add(emit, &emission);
    }
    buf_free(&data);
}

size_t
triggers_add(struct triggers *triggers, struct emit *emit,
             const struct processed *processed)
{
    const struct trigger_rule_list *rules =
        rules_of(triggers, processed->source);
    struct buf event = BUF_INIT(WORDS_MAX + processed->payload.len);
    size_t i, met = 0;

    for (i = 0; rules != NULL && i < rules->count; i++) {
        const struct trigger_rule *rule = &rules->list[i];

        if (!is_met(rule, processed, &event))
            continue;
        met++;
        if (rule->emit != NULL)
            fire(emit, rule, processed);
        if (rule->refresh != NULL)
            refresh_add(emit, rule, processed);
    }
    buf_free(&event);
    return met;
}
