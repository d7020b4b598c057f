/*
 * body.c - reads the JSON object of a request by a table of fields.
 */
#include "body.h"

#include "alloc.h"
#include "body_value.h"

#include <stdlib.h>

/* What one reading works on. */
struct reading {
    const struct body_field *table;
    size_t count;
    const struct body_options *options;
    struct body_value *values;
    struct problems *problems;
};

static bool
is_null_allowed(const struct reading *reading, const struct body_field *field)
{
    if ((field->rules & BODY_NULLABLE) != 0)
        return true;
    return (field->rules & BODY_NULL_AT_NEW) != 0 && !reading->options->part;
}

static void
read_field(const struct reading *reading, const struct body_field *field,
           struct json_value json, struct body_value *value)
{
    size_t before = reading->problems->count;

    value->raw = json.text;
    if (json.type == JSON_NULL) {
        value->null = true;
        if (!is_null_allowed(reading, field))
            problem_null(reading->problems, value->name, NULL);
        return;
    }
    value->given = true;
    body_value_read(field, json, value, reading->problems);
    if (field->check != NULL && reading->problems->count == before)
        field->check(value, reading->options->context, reading->problems);
}

/* The members of the object that belong to a field. */
struct found {
    bool by_name, by_alias;
    struct json_value name_value, alias_value;
};

static bool
is_known(const struct reading *reading, const struct body_field *field)
{
    return !(reading->options->part && (field->rules & BODY_ONLY_AT_NEW) != 0);
}

static bool
same_json(struct slice a, struct slice b)
{
    struct buf a_min = BUF_INIT(a.len + 1), b_min = BUF_INIT(b.len + 1);
    bool same;

    json_minify(a, &a_min);
    json_minify(b, &b_min);
    same = slice_equal(buf_slice(&a_min), buf_slice(&b_min));
    buf_free(&a_min);
    buf_free(&b_min);
    return same;
}

static void
read_found(const struct reading *reading, const struct body_field *field,
           const struct found *found, struct body_value *value)
{
    struct json_value json;

    if (!found->by_name && !found->by_alias) {
        if ((field->rules & BODY_REQUIRED) != 0 && !reading->options->part)
            problem_missing(reading->problems, field->name, NULL);
        return;
    }
    if (found->by_name && found->by_alias &&
        !same_json(found->name_value.text, found->alias_value.text)) {
        problem_add(reading->problems, field->alias, NULL, "value_error.alias",
                    "value differs from that of %s", field->name);
        return;
    }
    json = found->by_name ? found->name_value : found->alias_value;
    value->name = found->by_name ? field->name : field->alias;
    read_field(reading, field, json, value);
}

/* The field that a member's name means, or NULL; *by_alias tells how. */
static size_t
find_field(const struct reading *reading, const char *name, bool *by_alias)
{
    size_t i;

    for (i = 0; i < reading->count; i++) {
        const struct body_field *field = &reading->table[i];

        if (!is_known(reading, field))
            continue;
        *by_alias = field->alias != NULL && strcmp(name, field->alias) == 0;
        if (*by_alias || strcmp(name, field->name) == 0)
            return i;
    }
    return reading->count;
}

/* json_read() refuses a repeated name in the outermost object only; an element
   of an array meets it here. */
static void
find_members(const struct reading *reading, struct slice object,
             struct found *found, struct problems *late)
{
    struct json_member member;
    size_t at = 0;

    while (json_next(object, &at, &member)) {
        size_t len, i;
        char *name = body_decode_name(member.name, &len);
        bool by_alias, *seen;

        i = strlen(name) == len ? find_field(reading, name, &by_alias)
                                : reading->count;
        if (i == reading->count) {
            problem_extra(late, name);
        } else {
            seen = by_alias ? &found[i].by_alias : &found[i].by_name;
            if (*seen)
                problem_add(late, name, NULL, "value_error.duplicate",
                            "field given twice");
            *seen = true;
            *(by_alias ? &found[i].alias_value : &found[i].name_value) =
                member.value;
        }
        free(name);
    }
}

static bool
read_object(const struct reading *reading, struct json_value json)
{
    size_t before = reading->problems->count, i;
    struct problems late;
    struct found *found;

    for (i = 0; i < reading->count; i++)
        memset(&reading->values[i], 0, sizeof(reading->values[i]));
    if (json.type != JSON_OBJECT) {
        problem_not_object(reading->problems);
        return false;
    }
    late.count = 0;
    found = xcalloc(reading->count, sizeof(found[0]));
    find_members(reading, json.text, found, &late);
    for (i = 0; i < reading->count; i++)
        read_found(reading, &reading->table[i], &found[i], &reading->values[i]);
    for (i = 0; i < late.count; i++) {
        const struct problem *p = &late.list[i];

        problem_add(reading->problems, p->loc[0], NULL, p->type, "%s", p->msg);
    }
    free(found);
    /* A full list reports no more, which does not make this body good. */
    return reading->problems->count == before && before < PROBLEM_MAX;
}

bool
body_read(struct slice text, const struct body_field *table, size_t count,
          const struct body_options *options, struct body_value *values,
          struct problems *problems)
{
    const struct reading reading = {table, count, options, values, problems};
    struct json_error error;
    struct json_value json;

    memset(values, 0, count * sizeof(values[0]));
    if (!json_read(text, &json, &error)) {
        problem_json(problems, &error);
        return false;
    }
    return read_object(&reading, json);
}

bool
body_read_value(struct json_value value, const struct body_field *table,
                size_t count, const struct body_options *options,
                struct body_value *values, struct problems *problems)
{
    const struct reading reading = {table, count, options, values, problems};

    return read_object(&reading, value);
}

bool
body_read_element(struct json_value element, size_t index,
                  const struct body_field *table, size_t count,
                  const struct body_options *options, struct body_value *values,
                  struct problems *problems)
{
    const struct reading reading = {table, count, options, values, problems};
    size_t before = problems->count;
    bool good = read_object(&reading, element);

    problem_put_index(problems, before, index);
    return good;
}

bool
body_read_given(const struct json_value *given, const struct body_field *table,
                size_t count, const struct body_options *options,
                struct body_value *values, struct problems *problems)
{
    const struct reading reading = {table, count, options, values, problems};
    size_t before = problems->count, i;

    memset(values, 0, count * sizeof(values[0]));
    for (i = 0; i < count; i++) {
        const struct found found = {.by_name = given[i].text.ptr != NULL,
                                    .name_value = given[i]};

        read_found(&reading, &table[i], &found, &values[i]);
    }
    return problems->count == before && before < PROBLEM_MAX;
}

void
body_free(struct body_value *values, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        body_value_free(&values[i]);
}
