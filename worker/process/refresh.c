/*
 * refresh.c - see refresh.h.
 */
#include "refresh.h"

#include "alloc.h"
#include "clock.h"
#include "inbound_id.h"
#include "json.h"
#include "member.h"
#include "member_path.h"
#include "pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 8192 /* bytes of an event's payload or metadata */

/* Records that one names. */
struct related {
    char *list[REFRESH_MAX];
    size_t count;
    const char *own; /* id of the record itself, if it is of the same table */
    bool notion;     /* ids with dashes and without are the same */
};

static bool
is_known(const struct related *related, const char *id)
{
    size_t i;

    if (related->own != NULL && strcmp(related->own, id) == 0)
        return true;
    for (i = 0; i < related->count; i++) {
        if (strcmp(related->list[i], id) == 0)
            return true;
    }
    return false;
}

static void
add_id(struct related *related, struct json_value value)
{
    struct buf text = BUF_INIT(INBOUND_RECORD_MAX);

    if (value.type == JSON_STRING)
        json_decode_string(value.text, &text);
    else if (value.type == JSON_NUMBER)
        buf_add_slice(&text, value.text);
    if (text.len == 0 || !buf_ok(&text) || related->count == REFRESH_MAX ||
        memchr(text.data, '\0', text.len) != NULL) {
        buf_free(&text);
        return;
    }
    if (related->notion)
        inbound_id_clean(text.data);
    if (is_known(related, text.data))
        buf_free(&text);
    else
        related->list[related->count++] = buf_take(&text);
}

/* An id, or an object that has one. */
static void
add_item(struct related *related, struct json_value value)
{
    struct json_value id;

    if (value.type != JSON_OBJECT)
        add_id(related, value);
    else if (json_find(value.text, "id", &id))
        add_id(related, id);
}

/* What the member of the record names; Notion has the list one step in. */
static void
add_named(struct related *related, struct slice record, const char *path)
{
    struct json_value value, inner;
    struct json_member item;
    size_t at = 0;

    if (!member_path_find(record, slice_of(path), &value))
        return;
    if (value.type == JSON_OBJECT &&
        json_find(value.text, "relation", &inner) && inner.type == JSON_ARRAY)
        value = inner;
    if (value.type != JSON_ARRAY) {
        add_item(related, value);
        return;
    }
    while (related->count < REFRESH_MAX && json_next(value.text, &at, &item))
        add_item(related, item.value);
}

bool
refresh_is_one(struct slice metadata)
{
    struct json_value value;

    return metadata.ptr != NULL && json_find(metadata, "refresh", &value) &&
           value.type == JSON_BOOL && value.text.ptr[0] == 't';
}

static struct slice
entity_of(struct slice metadata)
{
    struct json_value value;

    if (metadata.ptr == NULL || !json_find(metadata, "entity", &value) ||
        value.type != JSON_STRING)
        return SLICE_NONE;
    return json_plain_string(value.text);
}

static void
add_type(const struct processed *processed, const char *table, struct buf *out)
{
    struct slice entity = entity_of(processed->metadata);

    pattern_add_clean(out, slice_of(processed->source->name));
    buf_add_char(out, '.');
    pattern_add_clean(out, entity.len > 0 ? entity : slice_of(table));
    buf_add_text(out, ".refresh");
}

static void
add_metadata(const struct processed *processed, const char *table,
             const char *id, int64_t now_us, struct buf *out)
{
    struct slice entity = entity_of(processed->metadata);

    buf_add_char(out, '{');
    member_text(out, "source", processed->source->name);
    member_text(out, "table", table);
    member_text(out, "record_id", id);
    member_text(out, "action", inbound_action_name(INBOUND_UPDATE));
    member_time(out, "timestamp", now_us);
    if (entity.len > 0)
        member_slice(out, "entity", entity);
    member_bool(out, "refresh", true);
    buf_add_char(out, '}');
}

static void
add_payload(const struct processed *processed, const char *table,
            const char *id, int64_t now_us, struct buf *out)
{
    buf_add_char(out, '{');
    member_text(out, "event_type", inbound_action_name(INBOUND_UPDATE));
    member_text(out, "source", processed->source->name);
    member_text(out, "table_name", table);
    member_text(out, "record_id", id);
    member_time(out, "timestamp", now_us);
    member_name(out, "data");
    buf_add_text(out, "{}");
    buf_add_char(out, '}');
}

static void
emit_one(struct emit *emit, const struct processed *processed,
         const char *table, const char *id)
{
    struct buf type = BUF_INIT(PATTERN_MAX), metadata = BUF_INIT(TEXT_MAX),
               payload = BUF_INIT(TEXT_MAX);
    int64_t now_us = clock_wall_us();

    add_type(processed, table, &type);
    add_metadata(processed, table, id, now_us, &metadata);
    add_payload(processed, table, id, now_us, &payload);
    if (buf_ok(&type) && buf_ok(&metadata) && buf_ok(&payload)) {
        const struct emission emission = {
            .application_id = processed->source->application_id,
            .source_id = processed->source->id,
            .type = buf_slice(&type),
            .data = buf_slice(&payload),
            .metadata = buf_slice(&metadata),
            .refresh = true,
        };

        emit_add(emit, &emission);
    }
    buf_free(&type);
    buf_free(&metadata);
    buf_free(&payload);
}

/* Where the related ones are. A page of Notion's says itself what it lies in,
   once it has been fetched. */
static void
name_table(const struct trigger_rule *rule, const struct processed *processed,
           char table[INBOUND_TABLE_MAX + 1])
{
    struct slice entity = entity_of(processed->metadata);

    if (rule->refresh_table != NULL)
        (void)snprintf(table, INBOUND_TABLE_MAX + 1, "%s", rule->refresh_table);
    else if (entity.len > 0)
        (void)snprintf(table, INBOUND_TABLE_MAX + 1, "%.*s", (int)entity.len,
                       entity.ptr);
    else
        (void)snprintf(table, INBOUND_TABLE_MAX + 1, "%s", processed->table);
}

size_t
refresh_add(struct emit *emit, const struct trigger_rule *rule,
            const struct processed *processed)
{
    struct related related = {.notion = false};
    char table[INBOUND_TABLE_MAX + 1];
    size_t i;

    if (!processed->source->options.fetch ||
        refresh_is_one(processed->metadata))
        return 0;
    name_table(rule, processed, table);
    related.notion = entity_of(processed->metadata).len > 0;
    if (related.notion)
        inbound_id_clean(table);
    if (related.notion || strcmp(table, processed->table) == 0)
        related.own = processed->record_id;
    add_named(&related, processed->old, rule->refresh);
    add_named(&related, processed->now, rule->refresh);
    for (i = 0; i < related.count; i++) {
        emit_one(emit, processed, table, related.list[i]);
        free(related.list[i]);
    }
    return related.count;
}
