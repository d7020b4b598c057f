/*
 * filter_parse.c - reads a filter's JSON into its compiled form; see filter.h.
 */
#include "filter_parse.h"

#include "alloc.h"
#include "nameset.h"

#include <assert.h>
#include <stdlib.h>

#define SHOWN_MAX 32 /* bytes of a name that a message repeats */

/* -- what is wrong, and where -------------------------------------------------- */

static bool
is_plain(struct slice name)
{
    size_t i;

    for (i = 0; i < name.len; i++) {
        char c = name.ptr[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') &&
            !(c >= '0' && c <= '9') && c != '_' && c != '-' && c != '$')
            return false;
    }
    return name.len > 0;
}

static struct slice
shortened(struct slice name)
{
    if (name.len <= SHOWN_MAX)
        return name;
    name.len = SHOWN_MAX;
    /* Not in the middle of a character. */
    while (name.len > 0 && ((unsigned char)name.ptr[name.len] & 0xc0u) == 0x80u)
        name.len--;
    return name;
}

static void
add_step(struct buf *why, const struct filter_step *step)
{
    if (step->name.ptr == NULL) {
        buf_addf(why, "[%zu]", step->index);
    } else if (is_plain(step->name)) {
        buf_add_char(why, '.');
        buf_add_slice(why, shortened(step->name));
    } else {
        buf_add_char(why, '[');
        json_add_string(why, shortened(step->name));
        buf_add_char(why, ']');
    }
}

bool
filter_fail(struct filter_parse *parse, const char *what)
{
    unsigned i;

    buf_add_char(parse->why, '$');
    for (i = 0; i < parse->depth; i++)
        add_step(parse->why, &parse->path[i]);
    buf_addf(parse->why, ": %s", what);
    return false;
}

static bool
is_operator(struct slice name)
{
    return name.len > 0 && name.ptr[0] == '$';
}

bool
filter_enter(struct filter_parse *parse, struct slice name, size_t index)
{
    if (parse->depth == FILTER_DEPTH)
        return filter_fail(
            parse, "is nested too deeply; a filter has at most 10 levels");
    if (parse->parts == FILTER_PARTS)
        return filter_fail(parse, "is too long; a filter has at most 256 "
                                  "names, operators and items of lists");
    parse->path[parse->depth++] = (struct filter_step){name, index};
    parse->parts++;
    parse->named += name.ptr != NULL && !is_operator(name);
    return true;
}

void
filter_leave(struct filter_parse *parse)
{
    struct slice name = parse->path[--parse->depth].name;

    parse->named -= name.ptr != NULL && !is_operator(name);
}

/* -- nodes --------------------------------------------------------------------- */

static uint16_t
add_node(struct filter_parse *parse, enum filter_kind kind)
{
    uint16_t node = parse->filter->count++;

    assert(node < FILTER_NODES_MAX);
    parse->filter->nodes[node] = (struct filter_node){.kind = kind};
    return node;
}

uint16_t
filter_add(struct filter_parse *parse, uint16_t parent, enum filter_kind kind)
{
    uint16_t node = add_node(parse, kind);
    uint16_t *link = &parse->filter->nodes[parent].child;

    while (*link != 0)
        link = &parse->filter->nodes[*link].next;
    *link = node;
    return node;
}

uint16_t
filter_one(struct filter_parse *parse, struct filter_place *place)
{
    if (place->one == 0)
        place->one = filter_add(parse, place->all, FILTER_ONE);
    return place->one;
}

struct slice
filter_text(struct filter_parse *parse, struct json_value value)
{
    struct buf *texts = &parse->filter->texts;
    size_t before = texts->len;

    if (value.type == JSON_STRING)
        json_decode_string(value.text, texts);
    else
        buf_add_slice(texts, value.text);
    assert(buf_ok(texts));
    return slice_make(texts->data + before, texts->len - before);
}

struct slice
filter_member_name(struct filter_parse *parse, const struct json_member *member)
{
    const struct json_value quoted = {
        JSON_STRING, slice_make(member->name.ptr - 1, member->name.len + 2)};

    return filter_text(parse, quoted);
}

/* -- conditions ---------------------------------------------------------------- */

static bool
read_member(struct filter_parse *parse, struct slice name,
            struct json_value value, struct filter_place *place)
{
    uint16_t node;

    if (is_operator(name))
        return filter_operator(parse, name, value, place);
    if (!filter_condition(parse, value, filter_one(parse, place), &node))
        return false;
    parse->filter->nodes[node].named = true;
    parse->filter->nodes[node].name = name;
    return true;
}

static bool
read_object(struct filter_parse *parse, struct slice object, uint16_t all)
{
    struct filter_place place = {all, 0};
    struct json_member member;
    struct nameset names;
    bool good = true;
    size_t at = 0;

    nameset_init(&names);
    while (good && json_next(object, &at, &member)) {
        struct slice name = filter_member_name(parse, &member);

        good = filter_enter(parse, name, 0);
        if (!good)
            break;
        if (nameset_add(&names, name))
            good = read_member(parse, name, member.value, &place);
        else
            good = filter_fail(parse, "stands there twice");
        if (good)
            filter_leave(parse);
    }
    nameset_free(&names);
    return good;
}

static bool
read_array(struct filter_parse *parse, struct slice array, uint16_t all)
{
    uint16_t each = filter_add(parse, all, FILTER_EACH), child;
    struct json_member item;
    size_t at = 0, index = 0;

    while (json_next(array, &at, &item)) {
        if (!filter_enter(parse, SLICE_NONE, index++) ||
            !filter_condition(parse, item.value, each, &child))
            return false;
        filter_leave(parse);
    }
    return true;
}

static bool
read_scalar(struct filter_parse *parse, struct json_value value, uint16_t all)
{
    uint16_t one = filter_add(parse, all, FILTER_ONE);

    /* A test is TEST_EQUAL unless somebody says otherwise. */
    return filter_operand(parse, value, filter_add(parse, one, FILTER_TEST));
}

/* Reads a condition into the node that has been made for it. */
static bool
read_condition(struct filter_parse *parse, struct json_value value,
               uint16_t all)
{
    if (value.type == JSON_OBJECT)
        return read_object(parse, value.text, all);
    if (parse->named == 0)
        return filter_fail(parse, "must be an object");
    return value.type == JSON_ARRAY ? read_array(parse, value.text, all)
                                    : read_scalar(parse, value, all);
}

bool
filter_condition(struct filter_parse *parse, struct json_value value,
                 uint16_t parent, uint16_t *out)
{
    *out = filter_add(parse, parent, FILTER_ALL);
    return read_condition(parse, value, *out);
}

/* -- the whole ----------------------------------------------------------------- */

/* Notes for every node whether it holds where there is no value. */
static bool
note_absence(struct filter *filter, uint16_t node)
{
    struct filter_node *at = &filter->nodes[node];
    bool all = true, any = false;
    uint16_t child;

    for (child = at->child; child != 0; child = filter->nodes[child].next) {
        bool holds = note_absence(filter, child);

        all = all && holds;
        any = any || holds;
    }
    if (at->kind == FILTER_ALL || at->kind == FILTER_ONE)
        at->if_absent = all;
    else if (at->kind == FILTER_ANY)
        at->if_absent = any;
    else if (at->kind == FILTER_NOT)
        at->if_absent = !all;
    else if (at->kind == FILTER_EXIST)
        at->if_absent = !at->wanted;
    return at->if_absent;
}

static bool
check_text(struct slice json, struct json_value *value, struct buf *why)
{
    struct json_error error;

    if (json.len > FILTER_TEXT_MAX) {
        buf_addf(why, "$: is longer than %d bytes", FILTER_TEXT_MAX);
        return false;
    }
    if (!json_read(json, value, &error)) {
        buf_addf(why, "line %u, column %u: %s", error.line, error.column,
                 error.reason);
        return false;
    }
    return true;
}

struct filter *
filter_compile(struct slice json, struct buf *why)
{
    struct filter_parse parse = {.why = why};
    struct json_value value;
    struct filter *filter;

    if (!check_text(json, &value, why))
        return NULL;
    filter = xcalloc(1, sizeof(*filter));
    filter->nodes = xcalloc(FILTER_NODES_MAX, sizeof(filter->nodes[0]));
    /* Decoding never makes a text longer, and slices point into this. */
    buf_init(&filter->texts, json.len);
    (void)buf_reserve(&filter->texts, json.len);
    parse.filter = filter;
    if (!read_condition(&parse, value, add_node(&parse, FILTER_ALL))) {
        filter_free(filter);
        return NULL;
    }
    (void)note_absence(filter, 0);
    filter->nodes =
        xreallocarray(filter->nodes, filter->count, sizeof(filter->nodes[0]));
    return filter;
}

void
filter_free(struct filter *filter)
{
    if (filter == NULL)
        return;
    buf_free(&filter->texts);
    free(filter->nodes);
    free(filter);
}
