/*
 * event_type_form.c - see event_type_form.h.
 */
#include "event_type_form.h"

#include "json_schema.h"
#include "pattern.h"

#include <string.h>

void
event_type_form_check_name(const struct body_value *value, void *context,
                           struct problems *problems)
{
    (void)context;
    if (!pattern_is_type(slice_make(value->text, value->text_len)))
        problem_add(problems, value->name, NULL, "value_error.event_type",
                    "invalid event type");
}

static void
check_example(const struct body_value *value, void *context,
              struct problems *problems)
{
    (void)context;
    if (value->raw.len > EVENT_TYPE_EXAMPLE_MAX)
        problem_add(problems, value->name, NULL, "value_error.dict.max_bytes",
                    "ensure this value has at most %d bytes",
                    EVENT_TYPE_EXAMPLE_MAX);
}

static void
check_schema(const struct body_value *value, void *context,
             struct problems *problems)
{
    (void)context;
    json_schema_free(json_schema_compile(value->raw, value->name, problems));
}

static const struct body_field fields[EVENT_TYPE_FIELDS] = {
    [EVENT_TYPE_NAME] = {.name = "name",
                         .type = BODY_STR,
                         .rules = BODY_REQUIRED | BODY_ONLY_AT_NEW,
                         .min = 1,
                         .max = PATTERN_MAX,
                         .check = event_type_form_check_name},
    [EVENT_TYPE_CATEGORY] = {.name = "category",
                             .type = BODY_STR,
                             .rules = BODY_NULLABLE,
                             .min = 1,
                             .max = 50},
    [EVENT_TYPE_DESCRIPTION] = {.name = "description",
                                .type = BODY_STR,
                                .rules = BODY_NULLABLE,
                                .max = 1000},
    [EVENT_TYPE_EXAMPLE] = {.name = "example",
                            .type = BODY_DICT,
                            .rules = BODY_NULLABLE,
                            .check = check_example},
    [EVENT_TYPE_SCHEMA] = {.name = "schema",
                           .type = BODY_DICT,
                           .rules = BODY_NULLABLE,
                           .check = check_schema},
    [EVENT_TYPE_VALIDATE] = {.name = "validate",
                             .type = BODY_BOOL,
                             .rules = BODY_NULLABLE},
    [EVENT_TYPE_ARCHIVED] = {.name = "archived",
                             .type = BODY_BOOL,
                             .rules = BODY_NULLABLE},
};

bool
event_type_form_read(struct event_type_form *form, struct slice body, bool part,
                     struct problems *problems)
{
    const struct body_options options = {part, NULL};

    memset(form, 0, sizeof(*form));
    return body_read(body, fields, EVENT_TYPE_FIELDS, &options, form->value,
                     problems);
}

void
event_type_form_free(struct event_type_form *form)
{
    body_free(form->value, EVENT_TYPE_FIELDS);
}

static bool
is_said(const struct body_value *value)
{
    return value->given || value->null;
}

/* What will be there: as the form says, or else as it was. */
static struct slice
json_of(const struct body_value *value, const struct event_type_row *row,
        struct slice was)
{
    if (value->given)
        return value->raw;
    return value->null || row == NULL ? SLICE_NONE : was;
}

static bool
is_validated(const struct event_type_form *form,
             const struct event_type_row *row)
{
    const struct body_value *value = &form->value[EVENT_TYPE_VALIDATE];

    return is_said(value) ? value->number == 1 : row != NULL && row->validate;
}

bool
event_type_form_fits(const struct event_type_form *form,
                     const struct event_type_row *row,
                     struct problems *problems)
{
    struct slice text = json_of(&form->value[EVENT_TYPE_SCHEMA], row,
                                row == NULL ? SLICE_NONE : row->schema);
    struct slice example = json_of(&form->value[EVENT_TYPE_EXAMPLE], row,
                                   row == NULL ? SLICE_NONE : row->example);
    size_t before = problems->count;
    struct json_schema *schema;
    struct json_value json;

    if (!is_validated(form, row))
        return true;
    if (text.ptr == NULL || !json_read(text, &json, NULL)) {
        problem_add(problems, "validate", NULL, "value_error.json_schema",
                    "there is no schema to check with");
        return false;
    }
    schema = json_schema_compile(json.text, "schema", problems);
    if (schema != NULL && example.ptr != NULL &&
        json_read(example, &json, NULL))
        (void)!json_schema_check(schema, json, "example", problems);
    json_schema_free(schema);
    return problems->count == before;
}

static struct slice
text_of(const struct body_value *value)
{
    return value->given ? slice_make(value->text, value->text_len) : SLICE_NONE;
}

struct event_type_change
event_type_form_change(const struct event_type_form *form)
{
    const struct body_value *value = form->value;
    struct event_type_change change = {
        .category = text_of(&value[EVENT_TYPE_CATEGORY]),
        .description = text_of(&value[EVENT_TYPE_DESCRIPTION]),
        .sets_example = is_said(&value[EVENT_TYPE_EXAMPLE]),
        .sets_schema = is_said(&value[EVENT_TYPE_SCHEMA]),
        .sets_validate = is_said(&value[EVENT_TYPE_VALIDATE]),
        .sets_archived = is_said(&value[EVENT_TYPE_ARCHIVED]),
        .validate = value[EVENT_TYPE_VALIDATE].number == 1,
        .archived = value[EVENT_TYPE_ARCHIVED].number == 1,
    };

    if (value[EVENT_TYPE_CATEGORY].null)
        change.category = SLICE(EVENT_TYPE_NO_CATEGORY);
    if (value[EVENT_TYPE_DESCRIPTION].null)
        change.description = SLICE("");
    if (value[EVENT_TYPE_EXAMPLE].given)
        change.example = value[EVENT_TYPE_EXAMPLE].raw;
    if (value[EVENT_TYPE_SCHEMA].given)
        change.schema = value[EVENT_TYPE_SCHEMA].raw;
    return change;
}
