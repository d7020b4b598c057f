/*
 * json_schema_word.c - what stands behind the words of a schema that are not
 * made of further schemas: limits, types, lists of values.
 */
#include "json_schema_impl.h"

#include "alloc.h"
#include "json_canon.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_MAX INT64_C(9007199254740991)

struct word {
    const char *name;
    void (*read)(struct schema_parse *parse, struct schema_node *node,
                 struct json_value value, const struct word *word);
    size_t offset; /* in struct schema_node */
};

static void *
field_of(struct schema_node *node, const struct word *word)
{
    return (char *)node + word->offset;
}

static void
read_limit(struct schema_parse *parse, struct schema_node *node,
           struct json_value value, const struct word *word)
{
    if (value.type != JSON_NUMBER)
        (void)schema_fail(parse, "must be a number");
    else
        memcpy(field_of(node, word), &value.text, sizeof(value.text));
}

static void
read_factor(struct schema_parse *parse, struct schema_node *node,
            struct json_value value, const struct word *word)
{
    if (value.type != JSON_NUMBER || !json_is_factor(value.text))
        (void)schema_fail(parse,
                          "must be a number above 0 of at most %d digits",
                          JSON_FACTOR_DIGITS);
    else
        memcpy(field_of(node, word), &value.text, sizeof(value.text));
}

static void
read_count(struct schema_parse *parse, struct schema_node *node,
           struct json_value value, const struct word *word)
{
    int64_t count;

    if (value.type != JSON_NUMBER ||
        !json_integer(value.text, 0, COUNT_MAX, &count))
        (void)schema_fail(parse, "must be a whole number, 0 or more");
    else
        memcpy(field_of(node, word), &count, sizeof(count));
}

static void
read_unique(struct schema_parse *parse, struct schema_node *node,
            struct json_value value, const struct word *word)
{
    (void)word;
    if (value.type != JSON_BOOL)
        (void)schema_fail(parse, "must be true or false");
    else
        node->unique = value.text.ptr[0] == 't';
}

struct regexp *
schema_expression(struct schema_parse *parse, struct slice text)
{
    const char *why = NULL;
    struct regexp *regexp = regexp_compile(text, &why);

    if (regexp == NULL) {
        (void)schema_fail(parse, "%s", why);
        return NULL;
    }
    parse->steps += regexp_work(regexp, 0);
    if (parse->steps <= JSON_SCHEMA_STEPS_MAX)
        return regexp;
    (void)schema_fail(parse, "the expressions of this schema are too large");
    regexp_free(regexp);
    return NULL;
}

static void
read_pattern(struct schema_parse *parse, struct schema_node *node,
             struct json_value value, const struct word *word)
{
    (void)word;
    if (value.type != JSON_STRING) {
        (void)schema_fail(parse, "must be a regular expression");
        return;
    }
    node->pattern_text = schema_decode(parse, value.text);
    node->pattern = schema_expression(parse, node->pattern_text);
}

/* -- type ----------------------------------------------------------------------- */

static bool
add_kind(struct schema_parse *parse, struct json_value value, unsigned *kinds)
{
    static const struct {
        const char *name;
        unsigned kind;
    } names[] = {
        {"\"null\"", SCHEMA_KIND(JSON_NULL)},
        {"\"boolean\"", SCHEMA_KIND(JSON_BOOL)},
        {"\"number\"", SCHEMA_KIND(JSON_NUMBER)},
        {"\"integer\"", SCHEMA_INTEGER},
        {"\"string\"", SCHEMA_KIND(JSON_STRING)},
        {"\"array\"", SCHEMA_KIND(JSON_ARRAY)},
        {"\"object\"", SCHEMA_KIND(JSON_OBJECT)},
    };
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!slice_is(value.text, names[i].name))
            continue;
        *kinds |= names[i].kind;
        return true;
    }
    return schema_fail(parse, "must be null, boolean, number, integer, string, "
                              "array or object, or a list of these");
}

static void
read_type(struct schema_parse *parse, struct schema_node *node,
          struct json_value value, const struct word *word)
{
    struct json_member item;
    unsigned kinds = 0;
    size_t at = 0;
    bool good = true;

    (void)word;
    if (value.type != JSON_ARRAY)
        good = add_kind(parse, value, &kinds);
    while (value.type == JSON_ARRAY && good &&
           json_next(value.text, &at, &item))
        good = add_kind(parse, item.value, &kinds);
    if (good && kinds == 0)
        good = schema_fail(parse, "must not be empty");
    if (good)
        node->kinds = kinds;
}

/* -- values ----------------------------------------------------------------------- */

static struct slice
canon_of(struct json_value value)
{
    struct buf text = BUF_INIT(JSON_CANON_MAX(value.text.len));
    struct slice copy;

    json_canon(value, &text);
    copy = slice_copy(buf_slice(&text));
    buf_free(&text);
    return copy;
}

static void
read_enum(struct schema_parse *parse, struct schema_node *node,
          struct json_value value, const struct word *word)
{
    struct json_member item;
    size_t at = 0;

    (void)word;
    if (value.type != JSON_ARRAY) {
        (void)schema_fail(parse, "must be a list");
        return;
    }
    while (json_next(value.text, &at, &item)) {
        node->values = xreallocarray(node->values, node->value_count + 1,
                                     sizeof(*node->values));
        node->values[node->value_count++] = canon_of(item.value);
    }
    node->shown =
        slice_make(value.text.ptr + 1, value.text.len - 2); /* brackets */
    if (node->value_count == 0)
        (void)schema_fail(parse, "must not be empty");
    else
        qsort(node->values, node->value_count, sizeof(*node->values),
              schema_compare_values);
}

static void
read_const(struct schema_parse *parse, struct schema_node *node,
           struct json_value value, const struct word *word)
{
    (void)parse;
    (void)word;
    node->constant = canon_of(value);
    node->constant_shown = value.text;
}

static void
read_required(struct schema_parse *parse, uint16_t node,
              struct json_value value)
{
    struct json_member item;
    size_t at = 0;

    if (value.type != JSON_ARRAY) {
        (void)schema_fail(parse, "must be a list of names");
        return;
    }
    while (json_next(value.text, &at, &item)) {
        struct schema_property *property;

        if (item.value.type != JSON_STRING) {
            (void)schema_fail(parse, "must be a list of names");
            return;
        }
        property =
            schema_property(parse, node, schema_decode(parse, item.value.text));
        if (property == NULL)
            return;
        property->required = true;
    }
}

/* -- the words ---------------------------------------------------------------------- */

#define FIELD(name) offsetof(struct schema_node, name)

static const struct word words[] = {
    {"type", read_type, 0},
    {"enum", read_enum, 0},
    {"const", read_const, 0},
    {"minimum", read_limit, FIELD(minimum)},
    {"maximum", read_limit, FIELD(maximum)},
    {"exclusiveMinimum", read_limit, FIELD(above)},
    {"exclusiveMaximum", read_limit, FIELD(below)},
    {"multipleOf", read_factor, FIELD(multiple)},
    {"minLength", read_count, FIELD(min_length)},
    {"maxLength", read_count, FIELD(max_length)},
    {"pattern", read_pattern, 0},
    {"minItems", read_count, FIELD(min_items)},
    {"maxItems", read_count, FIELD(max_items)},
    {"uniqueItems", read_unique, 0},
    {"minProperties", read_count, FIELD(min_members)},
    {"maxProperties", read_count, FIELD(max_members)},
};

/* They only describe. */
static bool
is_annotation(struct slice word)
{
    static const char *const names[] = {
        "title",           "description", "default",    "examples",
        "example",         "format",      "$comment",   "$schema",
        "readOnly",        "writeOnly",   "deprecated", "contentEncoding",
        "contentMediaType"};
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (slice_is(word, names[i]))
            return true;
    }
    return word.len >= 2 && memcmp(word.ptr, "x-", 2) == 0;
}

void
schema_read_word(struct schema_parse *parse, uint16_t node, struct slice word,
                 struct json_value value)
{
    size_t i;

    if (schema_read_part(parse, node, word, value) || is_annotation(word) ||
        (slice_is(word, "$id") && node == SCHEMA_NEVER + 1))
        return;
    if (slice_is(word, "required")) {
        read_required(parse, node, value);
        return;
    }
    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (!slice_is(word, words[i].name))
            continue;
        words[i].read(parse, schema_node_at(parse, node), value, &words[i]);
        return;
    }
    (void)schema_fail(parse, "this keyword is not supported");
}
