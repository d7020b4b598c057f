/*
 * refresh.c - see refresh.h.
 */
#include "refresh.h"

#include "alloc.h"
#include "clock.h"
#include "json.h"
#include "member.h"
#include "member_path.h"
#include "pattern.h"

#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 8192 /* bytes of an event's payload or metadata */

struct ids {
    char *list[REFRESH_MAX];
    size_t count;
};

static void
add_id(struct ids *ids, struct json_value value, const char *own)
{
    struct buf text = BUF_INIT(INBOUND_RECORD_MAX);
    size_t i;

    if (value.type == JSON_STRING)
        json_decode_string(value.text, &text);
    else if (value.type == JSON_NUMBER)
        buf_add_slice(&text, value.text);
    if (text.len == 0 || !buf_ok(&text) || ids->count == REFRESH_MAX ||
        memchr(text.data, '\0', text.len) != NULL ||
        strcmp(text.data, own) == 0) {
        buf_free(&text);
        return;
    }
    for (i = 0; i < ids->count && strcmp(ids->list[i], text.data) != 0; i++)
        ;
    if (i < ids->count)
        buf_free(&text);
    else
        ids->list[ids->count++] = buf_take(&text);
}

/* An id, or an object that has one. */
static void
add_item(struct ids *ids, struct json_value value, const char *own)
{
    struct json_value id;

    if (value.type != JSON_OBJECT)
        add_id(ids, value, own);
    else if (json_find(value.text, "id", &id))
        add_id(ids, id, own);
}

/* What the member of the record names; Notion has the list one step in. */
static void
add_named(struct ids *ids, struct slice record, const char *path,
          const char *own)
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
        add_item(ids, value, own);
        return;
    }
    while (ids->count < REFRESH_MAX && json_next(value.text, &at, &item))
        add_item(ids, item.value, own);
}

static bool
is_refresh(struct slice metadata)
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

size_t
refresh_add(struct emit *emit, const struct trigger_rule *rule,
            const struct processed *processed)
{
    const char *table =
        rule->refresh_table == NULL ? processed->table : rule->refresh_table;
    bool same = strcmp(table, processed->table) == 0;
    struct ids ids = {.count = 0};
    size_t i, count;

    if (!processed->source->options.fetch || is_refresh(processed->metadata))
        return 0;
    add_named(&ids, processed->old, rule->refresh,
              same ? processed->record_id : "");
    add_named(&ids, processed->now, rule->refresh,
              same ? processed->record_id : "");
    count = ids.count;
    for (i = 0; i < ids.count; i++) {
        emit_one(emit, processed, table, ids.list[i]);
        free(ids.list[i]);
    }
    return count;
}
