/*
 * inbound.c - what an inbound webhook says; see inbound.h.
 *
 * Each shape is a table of fields. They are read in the order of the table, and
 * each one that is wrong adds its problem, so a sender sees all of them.
 */
#include "inbound.h"

#include "clock.h"
#include "inbound_field.h"
#include "inbound_key.h"
#include "json.h"
#include "pattern.h"

#include <assert.h>

static const char *const action_names[] = {
    [INBOUND_INSERT] = "insert",
    [INBOUND_UPDATE] = "update",
    [INBOUND_DELETE] = "delete",
    [INBOUND_OTHER] = "other",
};

#define ACTION_COUNT (sizeof(action_names) / sizeof(action_names[0]))

const char *
inbound_action_name(enum inbound_action action)
{
    assert((size_t)action < ACTION_COUNT);
    return action_names[action];
}

bool
inbound_action_from_name(struct slice name, enum inbound_action *action)
{
    size_t i;

    for (i = 0; i < ACTION_COUNT; i++) {
        if (slice_is_nocase(name, action_names[i])) {
            *action = (enum inbound_action)i;
            return true;
        }
    }
    return false;
}

/* What the body has of a shape's fields, in the order of its table. */
struct found {
    bool present[INBOUND_FIELDS_MAX];
    struct json_value value[INBOUND_FIELDS_MAX];
};

static void
note_member(const struct inbound_shape *shape, struct slice name,
            const struct json_value *value, struct found *found)
{
    size_t i;

    for (i = 0; i < shape->count; i++) {
        if (slice_is(name, shape->fields[i].name)) {
            found->present[i] = true;
            found->value[i] = *value;
        }
    }
}

/* One walk for both shapes: a body may be large. */
static void
find_fields(struct inbound_reading *r, struct slice body, struct found *ours,
            struct found *theirs)
{
    struct json_member member;
    size_t at = 0;

    while (json_next(body, &at, &member)) {
        struct slice name = inbound_name(&member, &r->scratch);

        note_member(&inbound_own_shape, name, &member.value, ours);
        note_member(&inbound_supabase_shape, name, &member.value, theirs);
    }
}

static bool
is_present(const struct inbound_shape *shape, const struct found *found,
           const char *name)
{
    size_t i;

    for (i = 0; i < shape->count; i++) {
        if (strcmp(shape->fields[i].name, name) == 0)
            return found->present[i];
    }
    return false;
}

static bool
is_supabase(const struct source *source, const struct found *ours,
            const struct found *theirs)
{
    return strcmp(source->provider, "supabase") == 0 &&
           !is_present(&inbound_own_shape, ours, "event_type") &&
           is_present(&inbound_supabase_shape, theirs, "type") &&
           (is_present(&inbound_supabase_shape, theirs, "table") ||
            is_present(&inbound_supabase_shape, theirs, "record") ||
            is_present(&inbound_supabase_shape, theirs, "old_record"));
}

static bool
is_needed(enum inbound_need need, enum inbound_action action)
{
    switch (need) {
    case NEED_ALWAYS:
        return true;
    case NEED_ROW:
        return action != INBOUND_DELETE;
    case NEED_OLD_ROW:
        return action == INBOUND_DELETE;
    case NEED_NEVER:
        break;
    }
    return false;
}

static bool
is_kind(enum inbound_kind kind, const struct json_value *value)
{
    if (kind == KIND_DICT)
        return value->type == JSON_OBJECT;
    return value->type == JSON_STRING ||
           (kind == KIND_STR_OR_NUMBER && value->type == JSON_NUMBER);
}

static void
read_fields(struct inbound_reading *r, const struct inbound_shape *shape,
            const struct found *found)
{
    size_t i;

    for (i = 0; i < shape->count; i++) {
        const struct inbound_field *field = &shape->fields[i];
        const struct json_value *value = &found->value[i];

        if (!found->present[i]) {
            if (is_needed(field->need, r->in.action))
                problem_missing(r->problems, field->name, NULL);
        } else if (value->type == JSON_NULL) {
            if (is_needed(field->need, r->in.action))
                problem_null(r->problems, field->name, NULL);
        } else if (!is_kind(field->kind, value)) {
            problem_type(r->problems, field->name, NULL,
                         field->kind == KIND_DICT ? "dict" : "str");
        } else {
            field->take(r, field->name, value);
        }
    }
}

/* <source>.<table>.<action>; cleaning can make a table's name longer. */
static void
name_type(struct inbound_reading *r, const struct inbound_shape *shape)
{
    const char *action = inbound_action_name(r->in.action);
    struct buf type = BUF_INIT(sizeof(r->in.type) - 1);

    pattern_add_clean(&type, slice_of(r->source->name));
    buf_add_char(&type, '.');
    pattern_add_clean(&type, slice_of(r->in.table));
    buf_add_char(&type, '.');
    buf_add_text(&type, action);
    if (buf_ok(&type)) {
        assert(pattern_is_type(buf_slice(&type)));
        memcpy(r->in.type, type.data, type.len + 1);
    } else {
        problem_length(r->problems, shape->table, NULL, strlen(r->in.table),
                       sizeof(r->in.type) - 3 - strlen(r->source->name) -
                           strlen(action));
    }
    buf_free(&type);
}

static void
read_object(struct inbound_reading *r, struct slice body)
{
    struct found ours = {.present = {false}};
    struct found theirs = {.present = {false}};
    size_t before = r->problems->count;
    const struct inbound_shape *shape;
    bool provider_shape;

    /* No source has such a name; a test may ask for one all the same. */
    if (strlen(r->source->name) > INBOUND_SOURCE_MAX) {
        problem_length(r->problems, "source", NULL, strlen(r->source->name),
                       INBOUND_SOURCE_MAX);
        return;
    }
    find_fields(r, body, &ours, &theirs);
    provider_shape = is_supabase(r->source, &ours, &theirs);
    shape = provider_shape ? &inbound_supabase_shape : &inbound_own_shape;
    read_fields(r, shape, provider_shape ? &theirs : &ours);
    if (r->problems->count == before)
        name_type(r, shape);
}

enum inbound_result
inbound_read(const struct source *source, struct slice body, int64_t now_us,
             struct inbound *out, struct problems *problems, char received[65])
{
    struct inbound_reading r = {
        .source = source,
        .problems = problems,
        .scratch = BUF_INIT(0),
        .in = {.action = INBOUND_OTHER, .version_us = now_us},
    };
    size_t before = problems->count;
    struct json_error error;
    struct json_value value;
    enum inbound_result result = INBOUND_INVALID;

    if (!json_read(body, &value, &error))
        problem_json(problems, &error);
    else if (value.type != JSON_OBJECT)
        problem_not_object(problems);
    else
        read_object(&r, value.text);

    if (problems->count == before && r.other_source) {
        result = INBOUND_WRONG_SOURCE;
        memcpy(received, r.received, sizeof(r.received));
    } else if (problems->count == before) {
        result = INBOUND_OK;
        *out = r.in;
    }
    buf_free(&r.scratch);
    return result;
}

void
inbound_metadata(const struct source *source, const struct inbound *in,
                 struct buf *out)
{
    char timestamp[CLOCK_TEXT_MAX];

    clock_format_rfc3339(in->version_us, timestamp);
    buf_add_text(out, "{\"source\":");
    json_add_string(out, slice_of(source->name));
    buf_add_text(out, ",\"table\":");
    json_add_string(out, slice_of(in->table));
    buf_add_text(out, ",\"record_id\":");
    json_add_string(out, slice_of(in->record_id));
    buf_add_text(out, ",\"action\":");
    json_add_string(out, slice_of(inbound_action_name(in->action)));
    buf_add_text(out, ",\"timestamp\":");
    json_add_string(out, slice_of(timestamp));
    if (in->metadata.ptr != NULL) {
        buf_add_text(out, ",\"metadata\":");
        json_minify(in->metadata, out);
    }
    buf_add_char(out, '}');
}
