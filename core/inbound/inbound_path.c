/*
 * inbound_path.c - where something stands in a request; see inbound_path.h.
 */
#include "inbound_path.h"

#include "inbound_key.h"
#include "verify.h"

#include <strings.h>

#define HEADER_WORD "header:"
#define HEADER_NAME_MAX 128 /* bytes, with NUL */
#define INDEX_DIGITS 6

/* One step down: a member, or an item. */
struct step {
    struct slice name; /* absent: an item */
    size_t index;
};

static bool
ends_name(char c)
{
    return c == '.' || c == '[' || c == ']' || c == '|' || c == '"' ||
           c == '\'' || c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
skip(struct slice *text, size_t len)
{
    text->ptr += len;
    text->len -= len;
}

/* "[12]" or "["name"]", the opening bracket taken. */
static bool
read_bracket(struct slice *rest, struct step *step)
{
    size_t len = 0;

    *step = (struct step){.index = 0};
    if (rest->len > 0 && (rest->ptr[0] == '"' || rest->ptr[0] == '\'')) {
        const char *end = memchr(rest->ptr + 1, rest->ptr[0], rest->len - 1);

        if (end == NULL)
            return false;
        step->name = slice_make(rest->ptr + 1, (size_t)(end - rest->ptr) - 1);
        skip(rest, step->name.len + 2);
    } else {
        for (; len < rest->len && rest->ptr[len] >= '0' &&
               rest->ptr[len] <= '9' && len <= INDEX_DIGITS;
             len++)
            step->index = step->index * 10 + (size_t)(rest->ptr[len] - '0');
        if (len == 0 || len > INDEX_DIGITS)
            return false;
        skip(rest, len);
    }
    if (rest->len == 0 || rest->ptr[0] != ']')
        return false;
    skip(rest, 1);
    return true;
}

/* Takes the next step off; false: the text is no path. */
static bool
read_step(struct slice *rest, bool first, struct step *step)
{
    size_t len = 0;

    if (rest->ptr[0] == '[') {
        skip(rest, 1);
        return read_bracket(rest, step);
    }
    if (!first) {
        if (rest->ptr[0] != '.')
            return false;
        skip(rest, 1);
    }
    while (len < rest->len && !ends_name(rest->ptr[len]))
        len++;
    step->name = slice_make(rest->ptr, len);
    skip(rest, len);
    return len > 0;
}

/* Takes "$" off, if it is the whole name of the first step. */
static void
skip_root(struct slice *rest, bool *first)
{
    *first = true;
    if (rest->len == 0 || rest->ptr[0] != '$')
        return;
    if (rest->len > 1 && rest->ptr[1] != '.' && rest->ptr[1] != '[')
        return;
    skip(rest, 1);
    *first = false;
}

/* Takes the first alternative off; '|' between quotes is none of the
   borders. */
static struct slice
next_alternative(struct slice *rest)
{
    struct slice one = *rest;
    char quote = '\0';
    size_t i;

    for (i = 0; i < rest->len; i++) {
        char c = rest->ptr[i];

        if (quote == '\0' && c == '|')
            break;
        if (quote == '\0' && (c == '"' || c == '\''))
            quote = c;
        else if (c == quote)
            quote = '\0';
    }
    one.len = i;
    skip(rest, i < rest->len ? i + 1 : i);
    return one;
}

static bool
is_header(struct slice one, struct slice *name)
{
    const size_t len = sizeof(HEADER_WORD) - 1;

    if (one.len < len || strncasecmp(one.ptr, HEADER_WORD, len) != 0)
        return false;
    *name = slice_make(one.ptr + len, one.len - len);
    return true;
}

static bool
is_header_name(struct slice name)
{
    size_t i;

    for (i = 0; i < name.len; i++) {
        char c = name.ptr[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
    }
    return name.len > 0 && name.len < HEADER_NAME_MAX;
}

static const char *
problem_of(struct slice one)
{
    struct slice name, rest = one;
    struct step step;
    size_t steps = 0;
    bool first;

    if (one.len == 0)
        return "must not be empty";
    if (is_header(one, &name))
        return is_header_name(name) ? NULL : "is no name of a header";
    for (skip_root(&rest, &first); rest.len > 0; first = false) {
        if (!read_step(&rest, first, &step))
            return "must be like $.name[0].name or header:NAME";
        if (++steps > INBOUND_PATH_STEPS)
            return "has too many steps";
    }
    return NULL;
}

const char *
inbound_path_problem(struct slice path)
{
    const char *problem = NULL;

    if (path.len == 0)
        return "must not be empty";
    if (path.len > INBOUND_PATH_MAX)
        return "is too long";
    if (!json_is_utf8(path) || memchr(path.ptr, '\0', path.len) != NULL)
        return "must be text";
    if (path.ptr[path.len - 1] == '|')
        return "must not end with |";
    while (path.len > 0 && problem == NULL)
        problem = problem_of(next_alternative(&path));
    return problem;
}

/* The member of that name: the first, if there are several. */
static bool
find_member(struct slice object, struct slice name, struct json_value *value)
{
    struct buf scratch = BUF_INIT(0);
    struct json_member member;
    bool found = false;
    size_t at = 0;

    while (!found && json_next(object, &at, &member)) {
        /* Decoding makes no name longer. */
        if (member.name.len < name.len)
            continue;
        found = slice_equal(inbound_name(&member, &scratch), name);
    }
    if (found)
        *value = member.value;
    buf_free(&scratch);
    return found;
}

static bool
find_item(struct slice array, size_t index, struct json_value *value)
{
    struct json_member item;
    size_t at = 0, i = 0;

    while (json_next(array, &at, &item)) {
        if (i++ == index) {
            *value = item.value;
            return true;
        }
    }
    return false;
}

static bool
walk(struct slice path, const struct json_value *json, struct json_value *value)
{
    struct json_value here = *json;
    struct step step;
    size_t steps = 0;
    bool first;

    if (here.text.ptr == NULL)
        return false;
    for (skip_root(&path, &first); path.len > 0; first = false) {
        if (++steps > INBOUND_PATH_STEPS || !read_step(&path, first, &step))
            return false;
        if (step.name.ptr != NULL) {
            if (here.type != JSON_OBJECT ||
                !find_member(here.text, step.name, &here))
                return false;
        } else if (here.type != JSON_ARRAY ||
                   !find_item(here.text, step.index, &here)) {
            return false;
        }
    }
    *value = here;
    return true;
}

bool
inbound_path_value(const char *path, const struct json_value *json,
                   struct json_value *value)
{
    struct slice rest = slice_of(path), name;
    struct json_value found;

    while (rest.len > 0) {
        struct slice one = next_alternative(&rest);

        if (is_header(one, &name) || !walk(one, json, &found) ||
            found.type == JSON_NULL)
            continue;
        *value = found;
        return true;
    }
    return false;
}

static struct slice
header_text(struct slice name, const struct inbound_place *place)
{
    char text[HEADER_NAME_MAX];
    struct slice value;

    if (place->header == NULL || !is_header_name(name))
        return SLICE_NONE;
    memcpy(text, name.ptr, name.len);
    text[name.len] = '\0';
    value = place->header(place->arg, text);
    if (value.ptr == NULL || value.ptr == verify_several)
        return SLICE_NONE;
    return slice_trim(value);
}

struct slice
inbound_path_text(const char *path, const struct inbound_place *place,
                  struct buf *scratch)
{
    struct slice rest = slice_of(path), name;

    while (rest.len > 0) {
        struct slice one = next_alternative(&rest), text = SLICE_NONE;
        struct json_value value;

        if (is_header(one, &name))
            text = header_text(name, place);
        else if (walk(one, &place->json, &value) &&
                 (value.type == JSON_STRING || value.type == JSON_NUMBER))
            text = inbound_text(&value, scratch);
        if (text.ptr != NULL && text.len > 0 && json_is_utf8(text))
            return text;
    }
    return SLICE_NONE;
}
