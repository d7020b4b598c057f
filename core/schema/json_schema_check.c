/*
 * json_schema_check.c - the walk through a value, along a schema.
 *
 * Only as deep as JSON nests and schemas without cycles lead, both bounded;
 * a budget of bytes looked at bounds the rest.
 */
#include "json_schema_impl.h"

#include "alloc.h"
#include "json_canon.h"

#include <stdarg.h>
#include <stdio.h>

#define DEPTH_MAX 400 /* schemas and values inside each other */
#define STEP_COST 64  /* bytes that a schema counts as, with nothing to read */
#define BUDGET_BASE ((uint64_t)4 << 20)
#define BUDGET_FACTOR 1000 /* per byte of the value */
#define BUDGET_MAX ((uint64_t)256 << 20)

bool
schema_wrong(struct schema_walk *walk, const char *type, const char *format,
             ...)
{
    char msg[400];
    va_list args;

    if (walk->silent > 0)
        return false;
    va_start(args, format);
    (void)vsnprintf(msg, sizeof(msg), format, args);
    va_end(args);
    problem_add_deep(walk->problems, walk->field, buf_slice(&walk->path), type,
                     "%s", msg);
    return false;
}

bool
schema_spend(struct schema_walk *walk, size_t bytes)
{
    if (walk->spent || bytes + STEP_COST > walk->budget) {
        walk->spent = true;
        return false;
    }
    walk->budget -= bytes + STEP_COST;
    return true;
}

/* -- type --------------------------------------------------------------------- */

static const struct {
    unsigned kind;
    const char *word; /* as problems have it */
} kinds[] = {
    {SCHEMA_KIND(JSON_STRING), "str"},   {SCHEMA_INTEGER, "int"},
    {SCHEMA_KIND(JSON_NUMBER), "float"}, {SCHEMA_KIND(JSON_BOOL), "bool"},
    {SCHEMA_KIND(JSON_OBJECT), "dict"},  {SCHEMA_KIND(JSON_ARRAY), "list"},
    {SCHEMA_KIND(JSON_NULL), "none"},
};

static bool
has_kind(const struct schema_node *node, struct json_value value)
{
    if (node->kinds & SCHEMA_KIND(value.type))
        return true;
    return value.type == JSON_NUMBER && (node->kinds & SCHEMA_INTEGER) &&
           json_is_integer(value.text);
}

static bool
wrong_kind(struct schema_walk *walk, const struct schema_node *node)
{
    struct buf words = BUF_INIT(128), type = BUF_INIT(48);
    size_t i, count = 0;

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (!(node->kinds & kinds[i].kind))
            continue;
        buf_addf(&words, "%s%s", count == 0 ? "" : " or ", kinds[i].word);
        buf_addf(&type, "%s%s", count == 0 ? "type_error." : "_or_",
                 kinds[i].word);
        count++;
    }
    (void)schema_wrong(walk, buf_slice(&type).ptr, "%s type expected",
                       buf_slice(&words).ptr);
    buf_free(&words);
    buf_free(&type);
    return false;
}

/* -- schemas that look at the same value -------------------------------------- */

static bool
check_all(struct schema_walk *walk, const struct schema_list *list,
          struct json_value value)
{
    bool good = true;
    size_t i;

    for (i = 0; i < list->count && (good || walk->silent == 0); i++)
        good = schema_check_node(walk, list->node[i], value) && good;
    return good;
}

static bool
holds(struct schema_walk *walk, uint16_t node, struct json_value value)
{
    bool good;

    walk->silent++;
    good = schema_check_node(walk, node, value);
    walk->silent--;
    return good;
}

/* How many of the list hold; no more than `enough` are looked for. */
static size_t
count_holding(struct schema_walk *walk, const struct schema_list *list,
              struct json_value value, size_t enough)
{
    size_t i, count = 0;

    for (i = 0; i < list->count && count < enough; i++)
        count += holds(walk, list->node[i], value);
    return count;
}

static bool
check_choices(struct schema_walk *walk, const struct schema_node *node,
              struct json_value value)
{
    bool good = true;
    size_t count;

    if (node->any.count > 0 && count_holding(walk, &node->any, value, 1) == 0)
        good = schema_wrong(walk, "value_error.any_of",
                            "value is not valid against any of the %zu schemas "
                            "that are allowed here",
                            node->any.count);
    if (node->one.count == 0)
        return good;
    count = count_holding(walk, &node->one, value, 2);
    if (count == 1)
        return good;
    return schema_wrong(walk, "value_error.one_of",
                        "value is valid against %s of the %zu schemas of which "
                        "exactly one has to hold",
                        count == 0 ? "none" : "more than one", node->one.count);
}

static bool
check_together(struct schema_walk *walk, const struct schema_node *node,
               struct json_value value)
{
    bool good = check_all(walk, &node->all, value);

    if (!good && walk->silent > 0)
        return false;
    good = check_choices(walk, node, value) && good;
    if (node->no != SCHEMA_NEVER && holds(walk, node->no, value))
        good = schema_wrong(walk, "value_error.not",
                            "value must not be valid against the schema of "
                            "\"not\"");
    if (!node->has_if)
        return good;
    return schema_check_node(walk,
                             holds(walk, node->if_node, value)
                                 ? node->then_node
                                 : node->else_node,
                             value) &&
           good;
}

/* -- one schema ------------------------------------------------------------------ */

static bool
check_kind(struct schema_walk *walk, const struct schema_node *node,
           struct json_value value)
{
    switch (value.type) {
    case JSON_NUMBER:
        return schema_check_number(walk, node, value.text);
    case JSON_STRING:
        return schema_check_string(walk, node, value.text);
    case JSON_ARRAY:
        return schema_check_array(walk, node, value.text);
    case JSON_OBJECT:
        return schema_check_object(walk, node, value.text);
    case JSON_NULL:
    case JSON_BOOL:
        break;
    }
    return true;
}

bool
schema_check_node(struct schema_walk *walk, uint16_t number,
                  struct json_value value)
{
    const struct schema_node *node = &walk->schema->nodes[number];
    bool good;

    if (number == SCHEMA_ANY)
        return true;
    if (number == SCHEMA_NEVER)
        return schema_wrong(walk, "value_error.extra",
                            "extra fields not permitted");
    if (!schema_spend(walk, 0) || walk->depth == DEPTH_MAX) {
        walk->spent = true;
        return false;
    }
    if (!has_kind(node, value))
        return wrong_kind(walk, node);
    walk->depth++;
    good = schema_check_values(walk, node, value);
    if (good || walk->silent == 0)
        good = check_kind(walk, node, value) && good;
    if (good || walk->silent == 0)
        good = check_together(walk, node, value) && good;
    walk->depth--;
    return good;
}

static uint64_t
budget_for(size_t len)
{
    uint64_t budget = BUDGET_BASE + (uint64_t)len * BUDGET_FACTOR;

    return budget < BUDGET_MAX ? budget : BUDGET_MAX;
}

bool
json_schema_check(const struct json_schema *schema, struct json_value value,
                  const char *field, struct problems *problems)
{
    struct schema_walk walk = {
        .schema = schema,
        .field = field,
        .problems = problems,
        .budget = budget_for(value.text.len),
    };
    size_t before = problems->count;
    bool good;

    buf_init(&walk.path, PROBLEM_DEEP_MAX);
    good = schema_check_node(&walk, schema->root, value);
    if (walk.spent) {
        /* Whatever was found may be the lack of a budget. */
        problems->count = before;
        schema_leave(&walk.path, 0);
        good = schema_wrong(&walk, "value_error.json_schema",
                            "the schema of this event type is too much work "
                            "for this value");
    }
    buf_free(&walk.path);
    return good;
}
