/*
 * json_schema.c - compiles a schema as a whole; see json_schema.h.
 */
#include "json_schema_impl.h"

#include "alloc.h"
#include "json_compare.h"
#include "number.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_MAX 512 /* bytes of one step of a $ref */

bool
schema_fail(struct schema_parse *parse, const char *format, ...)
{
    char msg[256];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(msg, sizeof(msg), format, args);
    va_end(args);
    problem_add_deep(parse->problems, parse->field, buf_slice(&parse->path),
                     "value_error.json_schema", "%s", msg);
    return false;
}

/* What has no room any more is left out; nothing is cut in half. */
size_t
schema_enter(struct buf *path, struct slice name, size_t index)
{
    size_t len = path->len;
    char text[24];

    if (name.ptr == NULL) {
        (void)snprintf(text, sizeof(text), ",%zu", index);
        if (len + strlen(text) <= path->max)
            buf_add_text(path, text);
    } else if (len + name.len + 3 <= path->max) {
        buf_add_text(path, ",\"");
        buf_add_slice(path, name);
        buf_add_char(path, '"');
    }
    return len;
}

void
schema_leave(struct buf *path, size_t len)
{
    path->len = len;
    if (path->data != NULL)
        path->data[len] = '\0';
}

struct schema_node *
schema_node_at(struct schema_parse *parse, uint16_t node)
{
    assert(node < parse->schema->count);
    return &parse->schema->nodes[node];
}

uint16_t
schema_add_node(struct schema_parse *parse, const char *place)
{
    struct json_schema *schema = parse->schema;
    size_t n = schema->count++;

    schema->nodes[n] = (struct schema_node){
        .kinds = SCHEMA_ALL_KINDS,
        .min_length = -1,
        .max_length = -1,
        .min_items = -1,
        .max_items = -1,
        .min_members = -1,
        .max_members = -1,
        .no = SCHEMA_NEVER,
    };
    parse->places[n] = place;
    return (uint16_t)n;
}

struct slice
schema_decode(struct schema_parse *parse, struct slice quoted)
{
    struct buf *texts = &parse->schema->texts;
    size_t from = texts->len;

    json_decode_string(quoted, texts);
    return slice_make(texts->data + from, texts->len - from);
}

/* -- $ref ---------------------------------------------------------------------- */

/* The next step of a JSON pointer, ~0 and ~1 decoded. */
static bool
next_step(struct slice *pointer, struct buf *step)
{
    buf_clear(step);
    if (pointer->len == 0 || pointer->ptr[0] != '/')
        return false;
    *pointer = slice_make(pointer->ptr + 1, pointer->len - 1);
    while (pointer->len > 0 && pointer->ptr[0] != '/') {
        size_t len = 1;

        if (pointer->ptr[0] == '~' && pointer->len > 1) {
            buf_add_char(step, pointer->ptr[1] == '1' ? '/' : '~');
            len = 2;
        } else {
            buf_add_char(step, pointer->ptr[0]);
        }
        *pointer = slice_make(pointer->ptr + len, pointer->len - len);
    }
    return buf_ok(step);
}

static bool
step_into(struct json_value *value, struct slice step)
{
    struct json_member member;
    uint64_t wanted = 0, index = 0;
    size_t at = 0;

    if (value->type != JSON_OBJECT &&
        (value->type != JSON_ARRAY || !number_u64(step, 100000, &wanted)))
        return false;
    while (json_next(value->text, &at, &member)) {
        bool found = value->type == JSON_ARRAY
                         ? index++ == wanted
                         : json_compare_text(slice_make(member.name.ptr - 1,
                                                        member.name.len + 2),
                                             step) == 0;

        if (found) {
            *value = member.value;
            return true;
        }
    }
    return false;
}

static bool
find_target(const struct schema_parse *parse, struct slice pointer,
            struct json_value *value)
{
    struct buf step = BUF_INIT(STEP_MAX);
    bool found = pointer.len > 0 && pointer.ptr[0] == '#';

    *value = json_accepted(buf_slice(&parse->schema->text));
    if (found)
        pointer = slice_make(pointer.ptr + 1, pointer.len - 1);
    while (found && pointer.len > 0)
        found =
            next_step(&pointer, &step) && step_into(value, buf_slice(&step));
    buf_free(&step);
    return found;
}

/* What they lead to may have further ones, which come to the end of the list. */
static void
resolve(struct schema_parse *parse)
{
    size_t i;

    for (i = 0; i < parse->reference_count; i++) {
        struct schema_reference reference = parse->references[i];
        struct json_value target;
        uint16_t node = SCHEMA_ANY;

        schema_leave(&parse->path, 0);
        buf_add_text(&parse->path, reference.path);
        if (find_target(parse, reference.pointer, &target))
            schema_read(parse, target, &node);
        else
            (void)schema_fail(parse, "there is no such place in this schema");
        schema_node_at(parse, reference.node)->all.node[reference.slot] = node;
    }
    schema_leave(&parse->path, 0);
}

/* -- cycles -------------------------------------------------------------------- */

enum mark { MARK_NEW, MARK_OPEN, MARK_DONE };

static bool has_cycle(const struct json_schema *schema, uint16_t node,
                      uint8_t *marks);

static bool
list_has_cycle(const struct json_schema *schema, const struct schema_list *list,
               uint8_t *marks)
{
    size_t i;

    for (i = 0; i < list->count; i++) {
        if (has_cycle(schema, list->node[i], marks))
            return true;
    }
    return false;
}

/* Of schemas that look at the very same value: their check would never end. */
static bool
has_cycle(const struct json_schema *schema, uint16_t node, uint8_t *marks)
{
    const struct schema_node *at = &schema->nodes[node];
    const uint16_t single[] = {at->no, at->if_node, at->then_node,
                               at->else_node};
    const struct schema_list others = {(uint16_t *)(uintptr_t)single, 4};
    bool found;

    if (node <= SCHEMA_NEVER || marks[node] == MARK_DONE)
        return false;
    if (marks[node] == MARK_OPEN)
        return true;
    marks[node] = MARK_OPEN;
    found = list_has_cycle(schema, &at->all, marks) ||
            list_has_cycle(schema, &at->any, marks) ||
            list_has_cycle(schema, &at->one, marks) ||
            list_has_cycle(schema, &others, marks);
    marks[node] = MARK_DONE;
    return found;
}

static bool
any_cycle(const struct json_schema *schema)
{
    uint8_t *marks = xcalloc(schema->count, sizeof(*marks));
    bool found = false;
    size_t i;

    for (i = 0; i < schema->count && !found; i++)
        found = has_cycle(schema, (uint16_t)i, marks);
    free(marks);
    return found;
}

/* -- the whole ----------------------------------------------------------------- */

static void
compile(struct schema_parse *parse)
{
    struct json_schema *schema = parse->schema;
    size_t i, before = parse->problems->count;

    (void)schema_add_node(parse, NULL);
    (void)schema_add_node(parse, NULL);
    schema_read(parse, json_accepted(buf_slice(&schema->text)), &schema->root);
    resolve(parse);
    if (parse->problems->count == before && any_cycle(schema))
        (void)schema_fail(parse, "a $ref leads back to itself");
    for (i = 0; i < parse->reference_count; i++)
        free(parse->references[i].path);
    free(parse->references);
    buf_free(&parse->path);
}

struct json_schema *
json_schema_compile(struct slice text, const char *field,
                    struct problems *problems)
{
    struct json_schema *schema = xcalloc(1, sizeof(*schema));
    struct schema_parse parse = {
        .schema = schema, .field = field, .problems = problems};
    size_t before = problems->count;

    buf_init(&parse.path, PROBLEM_DEEP_MAX);
    buf_init(&schema->text, text.len + 1);
    json_minify(text, &schema->text);
    /* Decoding never makes a text longer, and slices point into this. Each
       name is decoded twice at most: as a property and as a required one. */
    buf_init(&schema->texts, 2 * schema->text.len + 1);
    (void)buf_reserve(&schema->texts, 2 * schema->text.len + 1);
    schema->nodes = xcalloc(JSON_SCHEMA_NODES_MAX, sizeof(*schema->nodes));
    parse.places = xcalloc(JSON_SCHEMA_NODES_MAX, sizeof(*parse.places));
    if (schema->text.len > JSON_SCHEMA_TEXT_MAX)
        (void)schema_fail(&parse, "the schema has more than %d bytes",
                          JSON_SCHEMA_TEXT_MAX);
    else
        compile(&parse);
    free(parse.places);
    if (problems->count > before) {
        json_schema_free(schema);
        return NULL;
    }
    schema->nodes =
        xreallocarray(schema->nodes, schema->count, sizeof(*schema->nodes));
    return schema;
}

static void
free_node(struct schema_node *node)
{
    size_t i;

    for (i = 0; i < node->value_count; i++)
        slice_free(&node->values[i]);
    for (i = 0; i < node->pattern_count; i++)
        regexp_free(node->patterns[i].regexp);
    slice_free(&node->constant);
    regexp_free(node->pattern);
    free(node->values);
    free(node->patterns);
    free(node->properties);
    free(node->prefix.node);
    free(node->all.node);
    free(node->any.node);
    free(node->one.node);
}

void
json_schema_free(struct json_schema *schema)
{
    size_t i;

    if (schema == NULL)
        return;
    for (i = 0; i < schema->count; i++)
        free_node(&schema->nodes[i]);
    free(schema->nodes);
    buf_free(&schema->text);
    buf_free(&schema->texts);
    free(schema);
}
