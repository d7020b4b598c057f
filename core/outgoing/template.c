/*
 * template.c - compiling a template, and rendering it; see template.h.
 */
#include "template_impl.h"

#include "alloc.h"
#include "clock.h"
#include "format_impl.h"
#include "id.h"

#include <stdio.h>
#include <stdlib.h>

struct template *
template_compile(struct slice text, enum template_kind kind, struct buf *why)
{
    struct template *tmpl;

    if (text.len == 0) {
        buf_add_text(why, "the template is empty");
        return NULL;
    }
    if (text.len > TEMPLATE_TEXT_MAX) {
        buf_addf(why, "a template has at most %d bytes", TEMPLATE_TEXT_MAX);
        return NULL;
    }
    if (!json_is_utf8(text)) {
        buf_add_text(why, "the template is not UTF-8");
        return NULL;
    }
    tmpl = xcalloc(1, sizeof(*tmpl));
    tmpl->kind = kind;
    tmpl->text = xstrndup(text.ptr, text.len);
    if (!template_parse(tmpl, text.len, why) ||
        (kind == TEMPLATE_JSON && !template_gives_json(tmpl, why))) {
        template_free(tmpl);
        return NULL;
    }
    return tmpl;
}

void
template_free(struct template *tmpl)
{
    if (tmpl == NULL)
        return;
    buf_free(&tmpl->names);
    free(tmpl->parts);
    free(tmpl->nodes);
    free(tmpl->text);
    free(tmpl);
}

bool
template_check(struct slice text, enum template_kind kind, struct buf *why)
{
    struct template *tmpl = template_compile(text, kind, why);
    bool good = tmpl != NULL;

    template_free(tmpl);
    return good;
}

const char *
template_content_type(const struct template *tmpl)
{
    return tmpl->kind == TEMPLATE_JSON ? "application/json"
                                       : "text/plain; charset=utf-8";
}

void
template_say_where(const struct template *tmpl, size_t offset, struct buf *why)
{
    size_t line = 1, start = 0, i;

    for (i = 0; i < offset; i++) {
        if (tmpl->text[i] == '\n') {
            line++;
            start = i + 1;
        }
    }
    buf_addf(why, "line %zu, column %zu: ", line, offset - start + 1);
}

/* `text` with the escapes of a JSON string, without its quotes. */
static void
put_escaped(struct slice text, struct buf *out)
{
    struct buf quoted = BUF_INIT(6 * text.len + 2);

    json_add_string(&quoted, text);
    buf_add(out, quoted.data + 1, quoted.len - 2);
    buf_free(&quoted);
}

static bool
is_container(struct json_value value)
{
    return value.type == JSON_OBJECT || value.type == JSON_ARRAY;
}

void
template_put(const struct template *tmpl, const struct part *part,
             struct json_value value, struct buf *out)
{
    bool escaped = tmpl->kind == TEMPLATE_JSON;

    if (part->json) {
        format_add_json(out, value.text, "null");
        return;
    }
    if (value.text.ptr == NULL || value.type == JSON_NULL)
        return;
    if (value.type == JSON_STRING && !escaped)
        json_decode_string(value.text, out);
    else if (value.type == JSON_STRING)
        buf_add(out, value.text.ptr + 1, value.text.len - 2);
    else if (escaped && is_container(value))
        put_escaped(value.text, out);
    else
        buf_add_slice(out, value.text);
}

/* -- finding values -- */

struct search {
    const struct node *nodes;
    struct json_value *found; /* one for every node */
};

/* What an earlier member of the same name has left. */
static void
forget(const struct search *search, uint16_t node)
{
    uint16_t child;

    if (search->found[node].text.ptr == NULL)
        return;
    search->found[node].text = SLICE_NONE;
    for (child = search->nodes[node].child; child != NO_NODE;
         child = search->nodes[child].sibling)
        forget(search, child);
}

static void find(const struct search *search, uint16_t node,
                 struct json_value value);

static void
find_members(const struct search *search, uint16_t first, struct slice object)
{
    struct json_member member;
    struct buf decoded = BUF_INIT(TEMPLATE_TEXT_MAX);
    size_t at = 0;
    uint16_t child;

    while (json_next(object, &at, &member)) {
        struct slice name = member.name;

        if (memchr(name.ptr, '\\', name.len) != NULL) {
            buf_clear(&decoded);
            json_decode_string(slice_make(name.ptr - 1, name.len + 2),
                               &decoded);
            if (!buf_ok(&decoded))
                continue;
            name = buf_slice(&decoded);
        }
        for (child = first; child != NO_NODE;
             child = search->nodes[child].sibling) {
            if (slice_equal(search->nodes[child].name, name)) {
                forget(search, child);
                find(search, child, member.value);
                break;
            }
        }
    }
    buf_free(&decoded);
}

static void
find_items(const struct search *search, uint16_t first, struct slice array)
{
    struct json_member item;
    uint32_t index = 0;
    size_t at = 0;
    uint16_t child;

    for (; json_next(array, &at, &item); index++) {
        for (child = first; child != NO_NODE;
             child = search->nodes[child].sibling) {
            if (search->nodes[child].index == index)
                find(search, child, item.value);
        }
    }
}

/* No deeper than the paths of the template. */
static void
find(const struct search *search, uint16_t node, struct json_value value)
{
    uint16_t first = search->nodes[node].child;

    search->found[node] = value;
    if (first == NO_NODE)
        return;
    if (value.type == JSON_OBJECT)
        find_members(search, first, value.text);
    else if (value.type == JSON_ARRAY)
        find_items(search, first, value.text);
}

static void
find_root(const struct search *search, uint16_t node, struct slice json)
{
    struct json_value value;

    if (json.len == 0)
        return;
    value.text = json;
    value.type = json.ptr[0] == '{'   ? JSON_OBJECT
                 : json.ptr[0] == '[' ? JSON_ARRAY
                 : json.ptr[0] == '"' ? JSON_STRING
                 : json.ptr[0] == 'n' ? JSON_NULL
                                      : JSON_NUMBER;
    find(search, node, value);
}

static struct json_value
string_value(struct slice text, struct buf *room)
{
    buf_clear(room);
    json_add_string(room, text);
    return (struct json_value){JSON_STRING, buf_slice(room)};
}

/* What {{id}}, {{type}} and {{timestamp}} stand for, written into room. */
static struct json_value
own_value(enum part_kind kind, const struct format_event *event,
          struct buf *room)
{
    char id[ID_TEXT_MAX], time[CLOCK_TEXT_MAX];

    switch (kind) {
    case PART_ID:
        id_format(ID_EVENT, event->id, id);
        return string_value(slice_of(id), room);
    case PART_TIMESTAMP:
        clock_format_rfc3339(id_time_us(event->id), time);
        return string_value(slice_of(time), room);
    default:
        return string_value(event->type, room);
    }
}

void
template_render(const struct template *tmpl, const struct format_event *event,
                struct buf *out)
{
    struct json_value found[TEMPLATE_NAMES];
    struct search search = {tmpl->nodes, found};
    struct buf room = BUF_INIT(6 * event->type.len + CLOCK_TEXT_MAX);
    size_t i;

    for (i = 0; i < tmpl->node_count; i++)
        found[i].text = SLICE_NONE;
    find_root(&search, NODE_DATA, event->data);
    find_root(&search, NODE_METADATA,
              event->metadata.ptr == NULL ? SLICE("{}") : event->metadata);
    for (i = 0; i < tmpl->part_count; i++) {
        const struct part *part = &tmpl->parts[i];
        struct json_value value = {JSON_STRING, part->text};

        if (part->kind == PART_TEXT) {
            buf_add_slice(out, part->text);
            continue;
        }
        if (part->kind == PART_VALUE)
            value = found[part->node];
        else if (part->kind != PART_LITERAL)
            value = own_value(part->kind, event, &room);
        template_put(tmpl, part, value, out);
    }
    buf_free(&room);
}
