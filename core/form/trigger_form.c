/*
 * trigger_form.c - events that an application wants to send.
 */
#include "trigger_form.h"

#include "alloc.h"
#include "clock.h"
#include "json.h"
#include "pattern.h"

#include <stdlib.h>
#include <string.h>

static struct slice
text_of(const struct body_value *value)
{
    return slice_make(value->text, value->text_len);
}

static void
check_type(const struct body_value *value, void *context,
           struct problems *problems)
{
    (void)context;
    if (!pattern_is_type(text_of(value)))
        problem_add(problems, value->name, NULL, "value_error.event_type",
                    "invalid event type");
}

static void
check_time(const struct body_value *value, void *context,
           struct problems *problems)
{
    const struct trigger_rules *rules = context;

    if (value->number > rules->now_us + TRIGGER_DELAY_MAX_S * CLOCK_US_PER_S)
        problem_add(problems, value->name, NULL, "value_error.datetime",
                    "ensure this time is at most 366 days from now");
}

static const struct body_field fields[TRIGGER_FIELDS] = {
    [TRIGGER_EVENT] = {.name = "event",
                       .alias = "event_type",
                       .type = BODY_STR,
                       .rules = BODY_REQUIRED,
                       .min = 1,
                       .max = PATTERN_MAX,
                       .check = check_type},
    [TRIGGER_DATA] = {.name = "data",
                      .type = BODY_DICT,
                      .rules = BODY_REQUIRED},
    [TRIGGER_METADATA] = {.name = "metadata",
                          .type = BODY_DICT,
                          .rules = BODY_NULLABLE},
    [TRIGGER_ID] = {.name = "id",
                    .type = BODY_STR,
                    .rules = BODY_NULLABLE,
                    .min = 1,
                    .max = 255},
    [TRIGGER_CHANNELS] = {.name = "channels",
                          .type = BODY_LIST_STR,
                          .rules = BODY_NULLABLE,
                          .max = TRIGGER_CHANNELS_MAX,
                          .item_min = 1,
                          .item_max = 128},
    [TRIGGER_ORDERING_KEY] = {.name = "ordering_key",
                              .type = BODY_STR,
                              .rules = BODY_NULLABLE,
                              .min = 1,
                              .max = 255},
    [TRIGGER_DELIVER_AT] = {.name = "deliver_at",
                            .type = BODY_TIME,
                            .rules = BODY_NULLABLE,
                            .check = check_time},
    [TRIGGER_APPLICATION] = {.name = "application",
                             .type = BODY_STR,
                             .rules = BODY_NULLABLE,
                             .min = 1,
                             .max = 255},
};

/* The last row stands for what only an admin may say. */
static size_t
field_count(const struct trigger_rules *rules)
{
    return rules->may_name_application ? TRIGGER_FIELDS : TRIGGER_APPLICATION;
}

static size_t
count_items(struct slice array)
{
    struct json_member item;
    size_t at = 0, count = 0;

    while (json_next(array, &at, &item))
        count++;
    return count;
}

/* What its type says about its data. */
static bool
check_data(const struct trigger *trigger, const struct trigger_rules *rules,
           struct problems *problems)
{
    const struct body_value *data = &trigger->value[TRIGGER_DATA];

    return rules->catalog == NULL ||
           catalog_check_data(rules->catalog,
                              text_of(&trigger->value[TRIGGER_EVENT]),
                              data->raw, data->name, problems);
}

static bool
read_item(struct trigger_form *form, struct json_value item,
          const struct trigger_rules *rules, const struct body_options *options,
          struct problems *problems)
{
    size_t index = form->count, before;
    struct trigger *trigger = &form->items[form->count++];

    if (!body_read_element(item, index, fields, field_count(rules), options,
                           trigger->value, problems))
        return false;
    before = problems->count;
    if (check_data(trigger, rules, problems))
        return true;
    problem_put_index(problems, before, index);
    return false;
}

static enum trigger_result
read_array(struct trigger_form *form, struct slice array,
           const struct trigger_rules *rules,
           const struct body_options *options, struct problems *problems)
{
    enum trigger_result result = TRIGGER_OK;
    size_t count = count_items(array), at = 0;
    struct json_member item;

    if (count == 0 || count > TRIGGER_MAX) {
        problem_add(problems, NULL, NULL,
                    count == 0 ? "value_error.list.min_items"
                               : "value_error.list.max_items",
                    "ensure this value has at %s items",
                    count == 0 ? "least 1" : "most 1000");
        return TRIGGER_INVALID;
    }
    form->items = xcalloc(count, sizeof(form->items[0]));
    while (json_next(array, &at, &item)) {
        if (item.value.text.len > rules->item_max)
            return TRIGGER_TOO_LARGE;
        if (!read_item(form, item.value, rules, options, problems))
            result = TRIGGER_INVALID;
    }
    return result;
}

enum trigger_result
trigger_form_read(struct trigger_form *form, struct slice body,
                  const struct trigger_rules *rules, struct problems *problems)
{
    struct trigger_rules copy = *rules;
    struct body_options options = {false, &copy};
    struct json_value json;
    struct json_error error;

    memset(form, 0, sizeof(*form));
    if (!json_read(body, &json, &error)) {
        problem_json(problems, &error);
        return TRIGGER_INVALID;
    }
    if (json.type == JSON_ARRAY) {
        form->array = true;
        return read_array(form, json.text, rules, &options, problems);
    }
    if (json.text.len > rules->item_max)
        return TRIGGER_TOO_LARGE;
    form->items = xcalloc(1, sizeof(form->items[0]));
    form->count = 1;
    return body_read_value(json, fields, field_count(rules), &options,
                           form->items[0].value, problems) &&
                   check_data(&form->items[0], rules, problems)
               ? TRIGGER_OK
               : TRIGGER_INVALID;
}

bool
trigger_read_parts(struct trigger *trigger,
                   const struct slice parts[TRIGGER_FIELDS],
                   const struct trigger_rules *rules, struct problems *problems)
{
    struct json_value given[TRIGGER_FIELDS];
    struct trigger_rules copy = *rules;
    struct body_options options = {false, &copy};
    struct json_error error;
    size_t i;

    memset(trigger, 0, sizeof(*trigger));
    memset(given, 0, sizeof(given));
    for (i = 0; i < field_count(rules); i++) {
        if (parts[i].ptr == NULL || json_read(parts[i], &given[i], &error))
            continue;
        problem_add(problems, fields[i].name, NULL, "value_error.jsondecode",
                    "%s: line %u column %u (char %zu)", error.reason,
                    error.line, error.column, error.offset);
        return false;
    }
    return body_read_given(given, fields, field_count(rules), &options,
                           trigger->value, problems) &&
           check_data(trigger, rules, problems);
}

void
trigger_free(struct trigger *trigger)
{
    body_free(trigger->value, TRIGGER_FIELDS);
    buf_free(&trigger->payload);
    buf_free(&trigger->metadata);
    buf_free(&trigger->channels_json);
}

void
trigger_form_free(struct trigger_form *form)
{
    size_t i;

    for (i = 0; i < form->count; i++)
        trigger_free(&form->items[i]);
    free(form->items);
    memset(form, 0, sizeof(*form));
}

static struct slice
minified(struct slice raw, struct buf *out)
{
    buf_init(out, raw.len + 1);
    json_minify(raw, out);
    return buf_slice(out);
}

void
trigger_make_event(struct trigger *trigger, uint32_t application_id,
                   struct new_event *event)
{
    const struct body_value *value = trigger->value;
    const struct body_value *channels = &value[TRIGGER_CHANNELS];
    size_t i;

    *event = (struct new_event){
        .application_id = application_id,
        .type = text_of(&value[TRIGGER_EVENT]),
        .payload = minified(value[TRIGGER_DATA].raw, &trigger->payload),
        .verified = true,
        .route = ROUTE_MATCH,
        .deliver_at_us = value[TRIGGER_DELIVER_AT].number,
    };
    if (value[TRIGGER_METADATA].given)
        event->metadata =
            minified(value[TRIGGER_METADATA].raw, &trigger->metadata);
    if (value[TRIGGER_ID].given) {
        event->external_id = text_of(&value[TRIGGER_ID]);
        event_dedupe_hash(event, "trigger", application_id, event->external_id);
    }
    if (value[TRIGGER_ORDERING_KEY].given)
        event->ordering_key = text_of(&value[TRIGGER_ORDERING_KEY]);
    if (channels->item_count == 0)
        return;
    for (i = 0; i < channels->item_count; i++)
        trigger->channels[i] =
            slice_make(channels->items[i].text, channels->items[i].text_len);
    event->channels = trigger->channels;
    event->channel_count = channels->item_count;
    event->channels_json = minified(channels->raw, &trigger->channels_json);
}
