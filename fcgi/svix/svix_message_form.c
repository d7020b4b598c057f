/*
 * svix_message_form.c - see svix_message_form.h.
 */
#include "svix_message_form.h"

#include "json.h"
#include "member.h"
#include "svix_reply.h"

#include <string.h>

#define METADATA_MAX ((size_t)64 * 1024) /* bytes of tags and deliverAt */
#define TAGS_MAX 5
#define TAG_MAX 128

enum extra { EXTRA_TAGS, EXTRA_TRANSFORMATIONS, EXTRA_IGNORED };

/* What a member is: a field of an event, or something of Svix's own. */
static const struct {
    const char *name;
    enum trigger_field field; /* TRIGGER_FIELDS: none, see extra */
    enum extra extra;
} members[] = {
    {"eventType", TRIGGER_EVENT, EXTRA_IGNORED},
    {"payload", TRIGGER_DATA, EXTRA_IGNORED},
    {"eventId", TRIGGER_ID, EXTRA_IGNORED},
    {"channels", TRIGGER_CHANNELS, EXTRA_IGNORED},
    {"deliverAt", TRIGGER_DELIVER_AT, EXTRA_IGNORED},
    {"tags", TRIGGER_FIELDS, EXTRA_TAGS},
    {"transformationsParams", TRIGGER_FIELDS, EXTRA_TRANSFORMATIONS},
    {"payloadRetentionPeriod", TRIGGER_FIELDS, EXTRA_IGNORED},
    {"payloadRetentionHours", TRIGGER_FIELDS, EXTRA_IGNORED},
    {"application", TRIGGER_FIELDS, EXTRA_IGNORED},
};

static const struct svix_name names[] = {
    {"event", "eventType"},      {"data", "payload"}, {"id", "eventId"},
    {"deliver_at", "deliverAt"}, {NULL, NULL},
};

struct reading {
    struct slice parts[TRIGGER_FIELDS];
    struct slice tags;    /* or absent */
    struct problems late; /* of what an event does not have */
};

static void
read_tags(struct reading *reading, const struct json_value *value)
{
    struct problems *problems = &reading->late;
    struct json_member item;
    size_t at = 0, count = 0;

    if (value->type == JSON_NULL)
        return;
    if (value->type != JSON_ARRAY) {
        problem_type(problems, "tags", NULL, "list");
        return;
    }
    while (json_next(value->text, &at, &item)) {
        if (item.value.type != JSON_STRING ||
            item.value.text.len > TAG_MAX + 2 || ++count > TAGS_MAX) {
            problem_add(problems, "tags", NULL, "value_error.list",
                        "ensure this value has at most %d texts of at most %d "
                        "bytes",
                        TAGS_MAX, TAG_MAX);
            return;
        }
    }
    reading->tags = value->text;
}

/* There are no transformations; a body that depends on one must not be sent
   without it. */
static void
read_transformations(struct reading *reading, const struct json_value *value)
{
    struct json_member item;
    size_t at = 0;

    if (value->type == JSON_NULL ||
        (value->type == JSON_OBJECT && !json_next(value->text, &at, &item)))
        return;
    problem_add(&reading->late, "transformationsParams", NULL,
                "value_error.unsupported", "transformations are not supported");
}

static void
read_member(struct reading *reading, const struct json_member *member)
{
    char name[64];
    size_t i;

    for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (!slice_is(member->name, members[i].name))
            continue;
        if (members[i].field < TRIGGER_FIELDS)
            reading->parts[members[i].field] = member->value.text;
        return;
    }
    memset(name, 0, sizeof(name));
    memcpy(name, member->name.ptr,
           member->name.len < sizeof(name) ? member->name.len
                                           : sizeof(name) - 1);
    problem_extra(&reading->late, name);
}

/* In the order of the table, wherever they stand. */
static void
read_extras(struct reading *reading, struct slice object)
{
    struct json_value value;
    size_t i;

    for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        if (members[i].extra == EXTRA_IGNORED ||
            !json_find(object, members[i].name, &value))
            continue;
        if (members[i].extra == EXTRA_TAGS)
            read_tags(reading, &value);
        else
            read_transformations(reading, &value);
    }
}

/* What an event has no column for. */
static void
add_metadata(struct svix_message_form *form, struct reading *reading)
{
    struct slice deliver_at = reading->parts[TRIGGER_DELIVER_AT];

    if (reading->tags.ptr == NULL && deliver_at.ptr == NULL)
        return;
    buf_add_char(&form->metadata, '{');
    if (reading->tags.ptr != NULL)
        member_raw(&form->metadata, "tags", reading->tags, "[]");
    if (deliver_at.ptr != NULL)
        member_raw(&form->metadata, "deliverAt", deliver_at, "null");
    buf_add_char(&form->metadata, '}');
    reading->parts[TRIGGER_METADATA] = buf_slice(&form->metadata);
}

static bool
read_object(struct svix_message_form *form, struct exchange *exchange,
            struct slice object, struct reading *reading,
            struct problems *problems)
{
    const struct trigger_rules rules = {
        .item_max = (size_t)exchange->app->settings->max_body,
        .now_us = exchange->request->arrived_wall_us,
        .catalog = exchange->catalog,
    };
    struct json_member member;
    bool good;
    size_t at = 0;

    read_extras(reading, object);
    while (json_next(object, &at, &member))
        read_member(reading, &member);
    add_metadata(form, reading);
    good = trigger_read_parts(&form->trigger, reading->parts, &rules, problems);
    svix_rename_problems(problems, names);
    good = good && reading->late.count == 0;
    problem_join(problems, &reading->late);
    return good;
}

bool
svix_message_form_read(struct svix_message_form *form,
                       struct exchange *exchange)
{
    struct slice body = buf_slice(&exchange->request->body);
    struct problems problems = {.count = 0};
    struct reading reading;
    struct json_value json;
    struct json_error error;

    memset(form, 0, sizeof(*form));
    buf_init(&form->metadata, METADATA_MAX);
    memset(&reading, 0, sizeof(reading));
    if (!resource_check_body(exchange,
                             (size_t)exchange->app->settings->max_body))
        return false;
    if (!json_read(body, &json, &error))
        problem_json(&problems, &error);
    else if (json.type != JSON_OBJECT)
        problem_not_object(&problems);
    else if (read_object(form, exchange, json.text, &reading, &problems))
        return true;
    reply_problems(exchange->reply, &problems);
    return false;
}

void
svix_message_form_free(struct svix_message_form *form)
{
    trigger_free(&form->trigger);
    buf_free(&form->metadata);
}
