/*
 * inbound_notion.c - what each field of Notion's events means; tables of
 * inbound_field.h.
 *
 * Its own events are those of all versions of its API (2022-06-28, 2025-09-03,
 * 2026-03-11), https://developers.notion.com/reference/webhooks-events-delivery
 * Types may be added at any time, so any type is taken.
 *
 * A page that lies in a database is a record of that database; everything else
 * is a record of a table named after its kind: "page", "database",
 * "data_source", "block", "comment", "view", "file_upload", ...
 */
#include "inbound_field.h"

#include "inbound_id.h"
#include "inbound_key.h"
#include "inbound_path.h"

#define TYPE_MAX 200 /* bytes */

/* Remembered for finish(), which names the type. */
static void
keep_type(struct inbound_reading *r, const char *name,
          const struct json_value *value)
{
    (void)inbound_take_text(r, name, NULL, value, TYPE_MAX, r->in->type);
}

static enum inbound_action
action_of(const char *type)
{
    const char *dot = strrchr(type, '.');
    struct slice word = slice_of(dot == NULL ? type : dot + 1);

    if (slice_is(word, "created") || slice_is(word, "undeleted"))
        return INBOUND_INSERT;
    return slice_is(word, "deleted") ? INBOUND_DELETE : INBOUND_UPDATE;
}

/* A string within an object, with the problems that it may have. */
static bool
take_member(struct inbound_reading *r, const char *name, const char *sub,
            struct slice object, size_t max, char *out)
{
    struct json_value value;

    if (!json_find(object, sub, &value)) {
        problem_missing(r->problems, name, sub);
    } else if (value.type == JSON_NULL) {
        problem_null(r->problems, name, sub);
    } else if (value.type != JSON_STRING) {
        problem_type(r->problems, name, sub, "str");
    } else {
        return inbound_take_text(r, name, sub, &value, max, out);
    }
    return false;
}

static void
take_entity(struct inbound_reading *r, const char *name,
            const struct json_value *value)
{
    (void)take_member(r, name, "id", value->text, INBOUND_RECORD_MAX,
                      r->in->record_id);
    (void)take_member(r, name, "type", value->text, sizeof(r->in->entity) - 1,
                      r->in->entity);
}

/* The database that a page lies in, if it lies in one. */
static void
take_data(struct inbound_reading *r, const char *name,
          const struct json_value *value)
{
    static const char *const places[] = {"parent.database_id", "parent.id"};
    const struct inbound_place place = {.json = *value};
    struct slice text = inbound_path_text("parent.type", &place, &r->scratch);
    bool in_database = slice_is(text, "database");
    size_t i;

    (void)name;
    if (strcmp(r->in->entity, "page") != 0 ||
        (!in_database && !slice_is(text, "data_source")))
        return;
    for (i = in_database ? 1 : 0; i < 2; i++) {
        text = inbound_path_text(places[i], &place, &r->scratch);
        if (text.ptr == NULL || text.len > INBOUND_TABLE_MAX ||
            memchr(text.ptr, '\0', text.len) != NULL)
            continue;
        memcpy(r->in->table, text.ptr, text.len);
        r->in->table[text.len] = '\0';
        inbound_id_clean(r->in->table);
        return;
    }
}

/* An event without an entity is about none. */
static void
finish(struct inbound_reading *r, const char *type_field)
{
    char type[TYPE_MAX + 1];

    memcpy(type, r->in->type, sizeof(type));
    if (r->in->record_id[0] == '\0')
        r->in->action = INBOUND_OTHER;
    else if (r->in->table[0] == '\0')
        memcpy(r->in->table, r->in->entity, sizeof(r->in->entity));
    inbound_name_type(r, type_field, slice_of(type));
}

static void
finish_event(struct inbound_reading *r)
{
    r->in->action = action_of(r->in->type);
    finish(r, "type");
}

static const struct inbound_field event_fields[] = {
    {"type", KIND_STR, NEED_ALWAYS, keep_type},
    {"entity", KIND_DICT, NEED_NEVER, take_entity},
    {"timestamp", KIND_STR, NEED_NEVER, inbound_take_timestamp},
    {"data", KIND_DICT, NEED_NEVER, take_data},
    {"workspace_id", KIND_ANY, NEED_NEVER, NULL},
    {"subscription_id", KIND_ANY, NEED_NEVER, NULL},
    {"integration_id", KIND_ANY, NEED_NEVER, NULL},
};

/* The types of the short body, which others send on Notion's behalf. */
static const struct {
    const char *type;
    const char *entity;
    enum inbound_action action;
} short_types[] = {
    {"page.created", "page", INBOUND_INSERT},
    {"page.updated", "page", INBOUND_UPDATE},
    {"page.deleted", "page", INBOUND_DELETE},
    {"database.updated", "database", INBOUND_UPDATE},
};

static void
take_event_type(struct inbound_reading *r, const char *name,
                const struct json_value *value)
{
    struct slice text = inbound_text(value, &r->scratch);
    size_t i;

    for (i = 0; i < sizeof(short_types) / sizeof(short_types[0]); i++) {
        if (!slice_is_nocase(text, short_types[i].type))
            continue;
        r->in->action = short_types[i].action;
        memcpy(r->in->entity, short_types[i].entity,
               strlen(short_types[i].entity) + 1);
        memcpy(r->in->type, short_types[i].type,
               strlen(short_types[i].type) + 1);
        return;
    }
    problem_enum(r->problems, name, NULL,
                 "'page.created', 'page.updated', 'page.deleted', "
                 "'database.updated'");
}

static void
take_page_id(struct inbound_reading *r, const char *name,
             const struct json_value *value)
{
    if (strcmp(r->in->entity, "page") == 0)
        (void)inbound_take_text(r, name, NULL, value, INBOUND_RECORD_MAX,
                                r->in->record_id);
}

static void
take_database_id(struct inbound_reading *r, const char *name,
                 const struct json_value *value)
{
    if (strcmp(r->in->entity, "page") == 0)
        (void)inbound_take_text(r, name, NULL, value, INBOUND_TABLE_MAX,
                                r->in->table);
    else
        (void)inbound_take_text(r, name, NULL, value, INBOUND_RECORD_MAX,
                                r->in->record_id);
}

static void
finish_short(struct inbound_reading *r)
{
    finish(r, "event_type");
}

static const struct inbound_field short_fields[] = {
    {"event_type", KIND_STR, NEED_ALWAYS, take_event_type},
    {"workspace_id", KIND_STR, NEED_NEVER, NULL},
    {"database_id", KIND_STR, NEED_DATABASE, take_database_id},
    {"page_id", KIND_STR, NEED_PAGE, take_page_id},
    {"user_id", KIND_STR, NEED_NEVER, NULL},
    {"timestamp", KIND_STR, NEED_NEVER, inbound_take_timestamp},
    {"changes", KIND_DICT, NEED_NEVER, NULL},
};

#define ROWS(table) (table), sizeof(table) / sizeof((table)[0])

const struct inbound_shape inbound_notion_shape = {ROWS(event_fields),
                                                   finish_event};
const struct inbound_shape inbound_notion_short_shape = {ROWS(short_fields),
                                                         finish_short};
