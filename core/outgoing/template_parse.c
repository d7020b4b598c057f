/*
 * template_parse.c - takes a template apart: text, places, paths; see
 * template.h for the language.
 */
#include "template_impl.h"

#include "alloc.h"
#include "number.h"

#define INDEX_MAX 999999
#define SHOWN_MAX 40 /* bytes of a wrong name that a message repeats */

struct parser {
    struct template *tmpl;
    size_t len; /* bytes of the template */
    size_t at;
    size_t places;
    struct buf *why;
};

static bool
wrong(struct parser *parser, size_t offset, const char *reason)
{
    template_say_where(parser->tmpl, offset, parser->why);
    buf_add_text(parser->why, reason);
    return false;
}

static bool
looks_at(const struct parser *parser, const char *text)
{
    size_t len = strlen(text);

    return parser->len - parser->at >= len &&
           memcmp(parser->tmpl->text + parser->at, text, len) == 0;
}

static void
skip_space(struct parser *parser)
{
    parser->at += strspn(parser->tmpl->text + parser->at, " \t\r\n");
}

static struct part *
new_part(struct parser *parser, enum part_kind kind, size_t offset)
{
    struct template *tmpl = parser->tmpl;
    struct part *part = &tmpl->parts[tmpl->part_count++];

    *part = (struct part){.kind = kind, .offset = offset};
    return part;
}

static void
add_text(struct parser *parser, size_t start, size_t end)
{
    if (end > start)
        new_part(parser, PART_TEXT, start)->text =
            slice_make(parser->tmpl->text + start, end - start);
}

/* What a bare name is made of; the text is UTF-8 and ends with a NUL. */
static bool
is_name_byte(char c)
{
    return (unsigned char)c > 0x20 && c != 0x7f &&
           strchr(".\"{}[]()|\\,:", c) == NULL;
}

/* A JSON string at parser->at, with its quotes. */
static bool
take_quoted(struct parser *parser, struct slice *quoted)
{
    const char *start = parser->tmpl->text + parser->at;
    size_t left = parser->len - parser->at, i = 1;
    struct json_value value;

    while (i < left && start[i] != '"')
        i += start[i] == '\\' ? 2 : 1;
    if (i >= left)
        return wrong(parser, parser->at, "the quotes are not closed");
    *quoted = slice_make(start, i + 1);
    if (!json_read(*quoted, &value, NULL))
        return wrong(parser, parser->at, "not a string as JSON writes it");
    parser->at += quoted->len;
    return true;
}

/* A name of a path: bare, or a JSON string. */
static bool
take_name(struct parser *parser, struct slice *name)
{
    const char *start = parser->tmpl->text + parser->at;
    struct buf *names = &parser->tmpl->names;
    size_t len = 0, from = names->len;
    struct slice quoted;

    if (*start == '"') {
        if (!take_quoted(parser, &quoted))
            return false;
        json_decode_string(quoted, names);
        *name = slice_make(names->data + from, names->len - from);
        return true;
    }
    while (parser->at + len < parser->len && is_name_byte(start[len]))
        len++;
    if (len == 0)
        return wrong(parser, parser->at, "a name is missing");
    *name = slice_make(start, len);
    parser->at += len;
    return true;
}

/* The node of that name below `parent`; made if it is not there. */
static bool
step_into(struct parser *parser, uint16_t parent, struct slice name,
          uint16_t *node)
{
    struct template *tmpl = parser->tmpl;
    uint16_t child = tmpl->nodes[parent].child;
    uint64_t index;

    while (child != NO_NODE && !slice_equal(tmpl->nodes[child].name, name))
        child = tmpl->nodes[child].sibling;
    if (child == NO_NODE) {
        if (tmpl->node_count == TEMPLATE_NAMES)
            return wrong(parser, parser->at, "too many names in paths");
        child = (uint16_t)tmpl->node_count++;
        tmpl->nodes[child] = (struct node){
            .name = name,
            .index = number_u64(name, INDEX_MAX, &index) ? (uint32_t)index
                                                         : NO_INDEX,
            .child = NO_NODE,
            .sibling = tmpl->nodes[parent].child,
        };
        tmpl->nodes[parent].child = child;
    }
    *node = child;
    return true;
}

static const struct {
    const char *name;
    enum part_kind kind;
    uint16_t node; /* PART_VALUE */
} roots[] = {
    {"id", PART_ID, 0},
    {"type", PART_TYPE, 0},
    {"timestamp", PART_TIMESTAMP, 0},
    {"data", PART_VALUE, NODE_DATA},
    {"metadata", PART_VALUE, NODE_METADATA},
};

#define ROOTS (sizeof(roots) / sizeof(roots[0]))

static bool
wrong_root(struct parser *parser, size_t offset, struct slice name)
{
    template_say_where(parser->tmpl, offset, parser->why);
    if (name.len > SHOWN_MAX)
        name.len = SHOWN_MAX;
    json_add_string(parser->why, name);
    buf_add_text(parser->why, " is not known; a path starts with id, type, "
                              "timestamp, data or metadata");
    return false;
}

static bool
take_path(struct parser *parser, struct part *part)
{
    size_t offset = parser->at, root = 0, depth = 1;
    struct slice name;

    if (!take_name(parser, &name))
        return false;
    while (root < ROOTS && !slice_is(name, roots[root].name))
        root++;
    if (root == ROOTS)
        return wrong_root(parser, offset, name);
    part->kind = roots[root].kind;
    part->node = roots[root].node;
    for (; looks_at(parser, "."); depth++) {
        if (part->kind != PART_VALUE)
            return wrong(parser, parser->at,
                         "only data and metadata have members");
        if (depth == TEMPLATE_DEPTH)
            return wrong(parser, parser->at, "the path has too many names");
        parser->at++;
        if (!take_name(parser, &name) ||
            !step_into(parser, part->node, name, &part->node))
            return false;
    }
    return true;
}

/* "json" and white space. */
static bool
take_json_word(struct parser *parser)
{
    if (!looks_at(parser, "json") || parser->at + 4 >= parser->len ||
        memchr(" \t\r\n", parser->tmpl->text[parser->at + 4], 4) == NULL)
        return false;
    parser->at += 4;
    skip_space(parser);
    return true;
}

/* parser->at stands behind the opening braces. */
static bool
take_place(struct parser *parser)
{
    size_t open = parser->at - 2;
    struct part *part;

    if (parser->places++ == TEMPLATE_PLACES)
        return wrong(parser, open, "too many {{...}} in one template");
    part = new_part(parser, PART_LITERAL, open);
    skip_space(parser);
    part->json = take_json_word(parser);
    if (looks_at(parser, "\"")) {
        if (!take_quoted(parser, &part->text))
            return false;
    } else if (!take_path(parser, part)) {
        return false;
    }
    skip_space(parser);
    if (parser->at == parser->len)
        return wrong(parser, open, "{{ is not closed with }}");
    if (!looks_at(parser, "}}"))
        return wrong(parser, parser->at, "}} is missing here");
    parser->at += 2;
    return true;
}

static bool
take_parts(struct parser *parser)
{
    const char *text = parser->tmpl->text;

    while (parser->at < parser->len) {
        size_t start = parser->at;
        const char *open = memmem(text + start, parser->len - start, "{{", 2);

        if (open == NULL) {
            add_text(parser, start, parser->len);
            break;
        }
        add_text(parser, start, (size_t)(open - text));
        parser->at = (size_t)(open - text) + 2;
        if (!take_place(parser))
            return false;
    }
    return true;
}

bool
template_parse(struct template *tmpl, size_t len, struct buf *why)
{
    struct parser parser = {.tmpl = tmpl, .len = len, .why = why};

    buf_init(&tmpl->names, len);
    (void)buf_reserve(&tmpl->names, len);
    tmpl->parts = xcalloc(PARTS_MAX, sizeof(*tmpl->parts));
    tmpl->nodes = xcalloc(TEMPLATE_NAMES, sizeof(*tmpl->nodes));
    tmpl->nodes[NODE_DATA] =
        (struct node){.index = NO_INDEX, .child = NO_NODE, .sibling = NO_NODE};
    tmpl->nodes[NODE_METADATA] = tmpl->nodes[NODE_DATA];
    tmpl->node_count = 2;
    if (strlen(tmpl->text) != len)
        return wrong(&parser, strlen(tmpl->text), "a NUL byte");
    if (!take_parts(&parser))
        return false;
    tmpl->parts =
        xreallocarray(tmpl->parts, tmpl->part_count, sizeof(*tmpl->parts));
    tmpl->nodes =
        xreallocarray(tmpl->nodes, tmpl->node_count, sizeof(*tmpl->nodes));
    return true;
}
