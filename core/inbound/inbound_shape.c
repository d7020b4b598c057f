/*
 * inbound_shape.c - which shape a body has, and its fields read one by one.
 *
 * Fields are read in the order of their table, and each one that is wrong adds
 * its problem, so a sender sees all of them.
 */
#include "inbound_shape.h"

#include "inbound_key.h"
#include "inbound_provider.h"

/* What the body has of a shape's fields, in the order of its table. */
struct found {
    bool present[INBOUND_FIELDS_MAX];
    struct json_value value[INBOUND_FIELDS_MAX];
};

static void
find_fields(struct inbound_reading *r, const struct inbound_shape *shape,
            struct slice body, struct found *found)
{
    struct json_member member;
    size_t at = 0, i;

    while (json_next(body, &at, &member)) {
        struct slice name = inbound_name(&member, &r->scratch);

        for (i = 0; i < shape->count; i++) {
            if (slice_is(name, shape->fields[i].name)) {
                found->present[i] = true;
                found->value[i] = member.value;
            }
        }
    }
}

static bool
has(struct slice body, const char *name)
{
    struct json_value value;

    return json_find(body, name, &value);
}

static bool
is_supabase(struct slice body)
{
    return !has(body, "event_type") && has(body, "type") &&
           (has(body, "table") || has(body, "record") ||
            has(body, "old_record"));
}

static bool
is_notion(struct slice body)
{
    return !has(body, "event_type") && has(body, "type") &&
           (has(body, "entity") || has(body, "workspace_id") ||
            has(body, "subscription_id") || has(body, "integration_id"));
}

static bool
is_notion_short(struct slice body)
{
    return has(body, "event_type") && !has(body, "source") &&
           !has(body, "table_name") && !has(body, "record_id") &&
           (has(body, "page_id") || has(body, "database_id") ||
            has(body, "workspace_id"));
}

/* Those who have bodies of their own may send ours as well. */
static bool
is_own(const struct source *source, struct slice body)
{
    return inbound_provider_is_any(source->provider) &&
           source->options.type_path == NULL && has(body, "event_type") &&
           (has(body, "table_name") || has(body, "record_id"));
}

const struct inbound_shape *
inbound_shape_of(const struct source *source, struct slice body)
{
    bool supabase = strcmp(source->provider, "supabase") == 0;
    bool notion = strcmp(source->provider, "notion") == 0;

    if (supabase && is_supabase(body))
        return &inbound_supabase_shape;
    if (notion && is_notion(body))
        return &inbound_notion_shape;
    if (notion && is_notion_short(body))
        return &inbound_notion_short_shape;
    if (supabase || notion || is_own(source, body))
        return &inbound_own_shape;
    return NULL;
}

static bool
is_needed(enum inbound_need need, const struct inbound *in)
{
    switch (need) {
    case NEED_ALWAYS:
        return true;
    case NEED_ROW:
        return in->action != INBOUND_DELETE;
    case NEED_OLD_ROW:
        return in->action == INBOUND_DELETE;
    case NEED_PAGE:
        return strcmp(in->entity, "page") == 0;
    case NEED_DATABASE:
        return strcmp(in->entity, "database") == 0;
    case NEED_NEVER:
        break;
    }
    return false;
}

static bool
is_kind(enum inbound_kind kind, const struct json_value *value)
{
    switch (kind) {
    case KIND_ANY:
        return true;
    case KIND_DICT:
        return value->type == JSON_OBJECT;
    case KIND_STR_OR_NUMBER:
        return value->type == JSON_STRING || value->type == JSON_NUMBER;
    case KIND_STR:
        break;
    }
    return value->type == JSON_STRING;
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
            if (is_needed(field->need, r->in))
                problem_missing(r->problems, field->name, NULL);
        } else if (value->type == JSON_NULL) {
            if (is_needed(field->need, r->in))
                problem_null(r->problems, field->name, NULL);
        } else if (!is_kind(field->kind, value)) {
            problem_type(r->problems, field->name, NULL,
                         field->kind == KIND_DICT ? "dict" : "str");
        } else if (field->take != NULL) {
            field->take(r, field->name, value);
        }
    }
}

void
inbound_shape_read(struct inbound_reading *r, const struct inbound_shape *shape,
                   struct slice body)
{
    struct found found = {.present = {false}};
    size_t before = r->problems->count;

    find_fields(r, shape, body, &found);
    read_fields(r, shape, &found);
    if (r->problems->count == before)
        shape->finish(r);
}

static void
find_dict(struct slice body, const char *name, struct slice *out)
{
    struct json_value value;

    if (json_find(body, name, &value) && value.type == JSON_OBJECT)
        *out = value.text;
}

void
inbound_shape_recall(struct inbound_reading *r,
                     const struct inbound_shape *shape, struct slice body)
{
    struct json_value value;

    if (shape == &inbound_own_shape) {
        find_dict(body, "metadata", &r->in->metadata);
        if (r->in->action != INBOUND_DELETE)
            find_dict(body, "data", &r->in->data);
    }
    if (shape == &inbound_supabase_shape && r->in->action != INBOUND_DELETE)
        find_dict(body, "record", &r->in->data);
    r->in->has_timestamp = shape != &inbound_supabase_shape &&
                           json_find(body, "timestamp", &value) &&
                           value.type == JSON_STRING;
}
