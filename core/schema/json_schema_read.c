/*
 * json_schema_read.c - reads one schema: its words, and what stands behind
 * those that are made of further schemas.
 */
#include "json_schema_impl.h"

#include "alloc.h"
#include "nameset.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* -- words with schemas -------------------------------------------------------- */

struct part {
    const char *name;
    void (*read)(struct schema_parse *parse, uint16_t node,
                 struct json_value value, const struct part *part);
    size_t offset; /* in struct schema_node */
};

static void *
field_of(struct schema_parse *parse, uint16_t node, const struct part *part)
{
    return (char *)schema_node_at(parse, node) + part->offset;
}

static void
read_one(struct schema_parse *parse, uint16_t node, struct json_value value,
         const struct part *part)
{
    uint16_t read;

    schema_read(parse, value, &read);
    memcpy(field_of(parse, node, part), &read, sizeof(read));
}

static void
read_if(struct schema_parse *parse, uint16_t node, struct json_value value,
        const struct part *part)
{
    read_one(parse, node, value, part);
    schema_node_at(parse, node)->has_if = true;
}

static void
list_add(struct schema_list *list, uint16_t node)
{
    list->node = xreallocarray(list->node, list->count + 1, sizeof(node));
    list->node[list->count++] = node;
}

static void
read_list(struct schema_parse *parse, uint16_t node, struct json_value value,
          const struct part *part)
{
    struct json_member item;
    size_t at = 0, index = 0;

    if (value.type != JSON_ARRAY) {
        (void)schema_fail(parse, "must be a list of schemas");
        return;
    }
    for (; json_next(value.text, &at, &item); index++) {
        size_t len = schema_enter(&parse->path, SLICE_NONE, index);
        uint16_t read;

        schema_read(parse, item.value, &read);
        schema_leave(&parse->path, len);
        list_add(field_of(parse, node, part), read);
    }
    if (index == 0)
        (void)schema_fail(parse, "must not be empty");
}

static void
read_reference(struct schema_parse *parse, uint16_t node,
               struct json_value value, const struct part *part)
{
    struct schema_list *all = field_of(parse, node, part);

    if (value.type != JSON_STRING || value.text.ptr[1] != '#') {
        (void)schema_fail(parse, "must lead to a place in the same schema, "
                                 "such as \"#/$defs/name\"");
        return;
    }
    list_add(all, SCHEMA_ANY);
    parse->references =
        xreallocarray(parse->references, parse->reference_count + 1,
                      sizeof(*parse->references));
    parse->references[parse->reference_count++] = (struct schema_reference){
        .node = node,
        .slot = all->count - 1,
        .pointer = schema_decode(parse, value.text),
        .path = slice_text(buf_slice(&parse->path)),
    };
}

/* -- words with a schema for each name ----------------------------------------- */

struct schema_property *
schema_property(struct schema_parse *parse, uint16_t node, struct slice name)
{
    struct schema_node *at = schema_node_at(parse, node);
    size_t i = 0;

    for (; i < at->property_count; i++) {
        const struct slice *there = &at->properties[i].name;
        size_t len = there->len < name.len ? there->len : name.len;
        int order = len == 0 ? 0 : memcmp(there->ptr, name.ptr, len);

        if (order == 0 && there->len == name.len)
            return &at->properties[i];
        if (order > 0 || (order == 0 && there->len > name.len))
            break;
    }
    if (at->property_count == SCHEMA_PROPERTIES_MAX) {
        (void)schema_fail(parse, "more than %d properties",
                          SCHEMA_PROPERTIES_MAX);
        return NULL;
    }
    at->properties = xreallocarray(at->properties, at->property_count + 1,
                                   sizeof(*at->properties));
    memmove(&at->properties[i + 1], &at->properties[i],
            (at->property_count - i) * sizeof(*at->properties));
    at->properties[i] = (struct schema_property){.name = name};
    at->property_count++;
    return &at->properties[i];
}

static void
add_property(struct schema_parse *parse, uint16_t node, struct slice quoted,
             uint16_t read)
{
    struct schema_property *property =
        schema_property(parse, node, schema_decode(parse, quoted));

    if (property == NULL)
        return;
    if (property->declared)
        (void)schema_fail(parse, "stands there twice");
    property->declared = true;
    property->node = read;
}

static void
add_pattern(struct schema_parse *parse, uint16_t node, struct slice quoted,
            uint16_t read)
{
    struct schema_node *at = schema_node_at(parse, node);
    struct regexp *regexp =
        schema_expression(parse, schema_decode(parse, quoted));

    if (regexp == NULL)
        return;
    at->patterns = xreallocarray(at->patterns, at->pattern_count + 1,
                                 sizeof(*at->patterns));
    at->patterns[at->pattern_count++] = (struct schema_pattern){regexp, read};
}

static void
add_nothing(struct schema_parse *parse, uint16_t node, struct slice quoted,
            uint16_t read)
{
    (void)parse;
    (void)node;
    (void)quoted;
    (void)read;
}

static void
read_named(struct schema_parse *parse, uint16_t node, struct json_value value,
           void (*add)(struct schema_parse *parse, uint16_t node,
                       struct slice quoted, uint16_t read))
{
    struct json_member member;
    size_t at = 0;

    if (value.type != JSON_OBJECT) {
        (void)schema_fail(parse, "must be an object");
        return;
    }
    while (json_next(value.text, &at, &member)) {
        size_t len = schema_enter(&parse->path, member.name, 0);
        uint16_t read;

        schema_read(parse, member.value, &read);
        add(parse, node, slice_make(member.name.ptr - 1, member.name.len + 2),
            read);
        schema_leave(&parse->path, len);
    }
}

static void
read_properties(struct schema_parse *parse, uint16_t node,
                struct json_value value, const struct part *part)
{
    (void)part;
    read_named(parse, node, value, add_property);
}

static void
read_patterns(struct schema_parse *parse, uint16_t node,
              struct json_value value, const struct part *part)
{
    (void)part;
    read_named(parse, node, value, add_pattern);
}

static void
read_definitions(struct schema_parse *parse, uint16_t node,
                 struct json_value value, const struct part *part)
{
    (void)part;
    read_named(parse, node, value, add_nothing);
}

#define FIELD(name) offsetof(struct schema_node, name)

static const struct part parts[] = {
    {"items", read_one, FIELD(items)},
    {"prefixItems", read_list, FIELD(prefix)},
    {"properties", read_properties, 0},
    {"patternProperties", read_patterns, 0},
    {"additionalProperties", read_one, FIELD(others)},
    {"propertyNames", read_one, FIELD(names)},
    {"allOf", read_list, FIELD(all)},
    {"anyOf", read_list, FIELD(any)},
    {"oneOf", read_list, FIELD(one)},
    {"not", read_one, FIELD(no)},
    {"if", read_if, FIELD(if_node)},
    {"then", read_one, FIELD(then_node)},
    {"else", read_one, FIELD(else_node)},
    {"$ref", read_reference, FIELD(all)},
    {"$defs", read_definitions, 0},
    {"definitions", read_definitions, 0},
};

bool
schema_read_part(struct schema_parse *parse, uint16_t node, struct slice word,
                 struct json_value value)
{
    size_t i;

    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (!slice_is(word, parts[i].name))
            continue;
        parts[i].read(parse, node, value, &parts[i]);
        return true;
    }
    return false;
}

/* -- one schema ------------------------------------------------------------------ */

static bool
is_read(const struct schema_parse *parse, const char *place, uint16_t *node)
{
    size_t i;

    for (i = SCHEMA_NEVER + 1; i < parse->schema->count; i++) {
        if (parse->places[i] == place) {
            *node = (uint16_t)i;
            return true;
        }
    }
    return false;
}

static void
read_words(struct schema_parse *parse, uint16_t node, struct slice object)
{
    struct json_member member;
    struct nameset names;
    size_t at = 0;

    nameset_init(&names);
    while (json_next(object, &at, &member)) {
        size_t len = schema_enter(&parse->path, member.name, 0);

        if (nameset_add(&names, member.name))
            schema_read_word(parse, node, member.name, member.value);
        else
            (void)schema_fail(parse, "stands there twice");
        schema_leave(&parse->path, len);
    }
    nameset_free(&names);
}

void
schema_read(struct schema_parse *parse, struct json_value value, uint16_t *out)
{
    struct schema_node *at;

    *out = SCHEMA_ANY;
    if (value.type == JSON_BOOL) {
        *out = value.text.ptr[0] == 't' ? SCHEMA_ANY : SCHEMA_NEVER;
        return;
    }
    if (value.type != JSON_OBJECT) {
        (void)schema_fail(parse, "must be an object, true or false");
        return;
    }
    if (is_read(parse, value.text.ptr, out))
        return;
    if (parse->schema->count == JSON_SCHEMA_NODES_MAX) {
        (void)schema_fail(parse, "more than %d schemas in one",
                          JSON_SCHEMA_NODES_MAX);
        return;
    }
    *out = schema_add_node(parse, value.text.ptr);
    read_words(parse, *out, value.text);
    at = schema_node_at(parse, *out);
    if (!at->has_if)
        at->then_node = at->else_node = SCHEMA_ANY;
}
