/*
 * inbound_provider_read.c - reads a body by the row of its provider.
 */
#include "inbound_provider.h"

#include "inbound_key.h"
#include "inbound_time.h"

#include <stdio.h>

#define TAIL_MAX 255 /* bytes of a type behind the source's name */

/* What a body is read by: the row of its provider, with the source's paths
   above it. */
struct view {
    const struct inbound_provider *row;
    struct inbound_reading *r;
    struct inbound_place place;
    struct json_value entity; /* where the record stands */
    char tail[TAIL_MAX + 1];  /* the type without the source's name */
    char kind[TAIL_MAX + 1];  /* of the record: the tail without its end */
    bool ends;                /* and it has had one */
};

static void
view_init(struct view *view, struct inbound_reading *r,
          const struct json_value *payload)
{
    memset(view, 0, sizeof(*view));
    view->row = inbound_provider_named(r->source->provider);
    view->r = r;
    view->place.json = *payload;
    view->entity = *payload;
    if (r->request != NULL) {
        view->place.header = r->request->header;
        view->place.arg = r->request->arg;
    }
}

/* "header:X-GitHub-Event" as people know it. */
static void
problem_no_type(struct view *view)
{
    const char *path = view->row->type;
    const char *colon = strrchr(path, ':');

    problem_missing(view->r->problems, colon == NULL ? path : colon + 1, NULL);
}

static void
change_letters(const struct inbound_provider *row, struct buf *tail)
{
    size_t i;

    for (i = 0; i < tail->len; i++) {
        char *c = &tail->data[i];

        if (row->split != NULL && *c != '\0' && strchr(row->split, *c) != NULL)
            *c = '.';
        if (row->lower && *c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    }
}

/* The type without the source's name; false: it is not there. */
static bool
find_tail(struct view *view, struct buf *tail)
{
    const struct inbound_provider *row = view->row;
    const char *type_path = view->r->source->options.type_path;
    struct buf *scratch = &view->r->scratch;
    struct slice text;

    if (type_path != NULL) {
        buf_add_slice(tail,
                      inbound_path_text(type_path, &view->place, scratch));
        return tail->len > 0 || tail->overflow;
    }
    if (row->name_type != NULL)
        return row->name_type(&view->place.json, scratch, tail);
    text = inbound_path_text(row->type, &view->place, scratch);
    if (text.ptr == NULL)
        return false;
    buf_add_slice(tail, text);
    text = inbound_path_text(row->suffix, &view->place, scratch);
    if (text.ptr != NULL) {
        buf_add_char(tail, '.');
        buf_add_slice(tail, text);
    }
    return true;
}

static const char *
type_field(const struct view *view)
{
    if (view->r->source->options.type_path != NULL)
        return view->r->source->options.type_path;
    return view->row->type != NULL ? view->row->type : "type";
}

/* And the kind: a type of one word is its own. */
static void
set_tail(struct view *view, struct slice tail)
{
    size_t len = tail.len < TAIL_MAX ? tail.len : TAIL_MAX;
    const char *dot = memrchr(tail.ptr, '.', len);

    memcpy(view->tail, tail.ptr, len);
    view->tail[len] = '\0';
    view->ends = dot != NULL && dot != tail.ptr;
    if (view->ends)
        len = (size_t)(dot - tail.ptr);
    memcpy(view->kind, tail.ptr, len);
    view->kind[len] = '\0';
}

static bool
name_type(struct view *view)
{
    struct buf tail = BUF_INIT(TAIL_MAX);
    bool found = find_tail(view, &tail);

    if (!found && (view->row->fallback != NULL ||
                   view->r->source->options.type_path != NULL)) {
        buf_add_text(&tail, view->row->fallback != NULL ? view->row->fallback
                                                        : "event");
        found = true;
    }
    if (!found) {
        problem_no_type(view);
    } else if (!buf_ok(&tail)) {
        problem_length(view->r->problems, type_field(view), NULL, TAIL_MAX + 1,
                       TAIL_MAX);
        found = false;
    } else {
        change_letters(view->row, &tail);
        inbound_name_type(view->r, type_field(view), buf_slice(&tail));
        found = view->r->in->type[0] != '\0';
    }
    if (found)
        set_tail(view, buf_slice(&tail));
    buf_free(&tail);
    return found;
}

/* The last word of the type; what changes a record in any other way is an
   update of it. */
static enum inbound_action
action_of(const struct view *view)
{
    static const struct {
        const char *word;
        enum inbound_action action;
    } words[] = {
        {"insert", INBOUND_INSERT},    {"inserted", INBOUND_INSERT},
        {"create", INBOUND_INSERT},    {"created", INBOUND_INSERT},
        {"add", INBOUND_INSERT},       {"added", INBOUND_INSERT},
        {"open", INBOUND_INSERT},      {"opened", INBOUND_INSERT},
        {"received", INBOUND_INSERT},  {"delete", INBOUND_DELETE},
        {"deleted", INBOUND_DELETE},   {"remove", INBOUND_DELETE},
        {"removed", INBOUND_DELETE},   {"destroy", INBOUND_DELETE},
        {"destroyed", INBOUND_DELETE},
    };
    const char *dot = strrchr(view->tail, '.');
    struct slice word = slice_of(dot == NULL ? view->tail : dot + 1);
    size_t i;

    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (slice_is_nocase(word, words[i].word))
            return words[i].action;
    return INBOUND_UPDATE;
}

static bool
find_object(const struct view *view, struct slice name,
            struct json_value *value)
{
    struct buf path = BUF_INIT(INBOUND_PATH_MAX);
    bool found = false;

    buf_add_text(&path, "$[\"");
    buf_add_slice(&path, name);
    buf_add_text(&path, "\"]");
    if (buf_ok(&path) && memchr(name.ptr, '"', name.len) == NULL)
        found = inbound_path_value(path.data, &view->place.json, value) &&
                value->type == JSON_OBJECT;
    buf_free(&path);
    return found;
}

/* The member that the record stands in: "issue" for "issues", "comment" for
   "issue_comment". False: there is none. */
static bool
find_entity(struct view *view)
{
    struct slice kind = slice_of(view->kind);
    const char *last = memrchr(kind.ptr, '_', kind.len);

    if (!view->row->by_entity || view->r->source->options.record_path != NULL)
        return true;
    if (kind.len == 0 || !view->ends)
        return false;
    if (find_object(view, kind, &view->entity))
        return true;
    if (kind.ptr[kind.len - 1] == 's' &&
        find_object(view, slice_make(kind.ptr, kind.len - 1), &view->entity))
        return true;
    if (last == NULL)
        return false;
    kind = slice_make(last + 1, kind.len - (size_t)(last + 1 - kind.ptr));
    return kind.len > 0 && find_object(view, kind, &view->entity);
}

/* The text at an option's path from the top, else at the row's. */
static struct slice
find_text(struct view *view, const char *option, const char *path)
{
    struct inbound_place place = view->place;

    if (option == NULL) {
        place.json = view->entity;
        option = path;
    }
    return inbound_path_text(option, &place, &view->r->scratch);
}

static bool
copy_text(struct view *view, const char *field, struct slice text, size_t max,
          char *out)
{
    if (text.ptr == NULL ||
        !inbound_text_fits(text, max, field, NULL, view->r->problems))
        return false;
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return true;
}

static void
find_record(struct view *view)
{
    const struct inbound_provider *row = view->row;
    const struct source_options *options = &view->r->source->options;
    struct inbound *in = view->r->in;
    struct slice text = SLICE_NONE;

    if (find_entity(view))
        text = find_text(view, options->record_path, row->record);
    if (copy_text(view,
                  options->record_path != NULL ? options->record_path
                                               : row->record,
                  text, INBOUND_RECORD_MAX, in->record_id))
        in->action = action_of(view);
    else
        in->action = INBOUND_OTHER;
    text = SLICE_NONE;
    if (options->table_path != NULL)
        text = inbound_path_text(options->table_path, &view->place,
                                 &view->r->scratch);
    else if (in->record_id[0] != '\0' && row->table != NULL)
        text = inbound_path_text(row->table, &view->place, &view->r->scratch);
    if (text.ptr == NULL && in->record_id[0] != '\0')
        text = slice_of(view->kind);
    (void)copy_text(view,
                    options->table_path != NULL ? options->table_path : "table",
                    text, INBOUND_TABLE_MAX, in->table);
}

static void
find_data(struct view *view)
{
    const char *path = view->r->source->options.data_path;
    const struct json_value *from = &view->place.json;
    struct inbound *in = view->r->in;
    struct json_value value;

    if (path == NULL) {
        path = view->row->data;
        from = &view->entity;
    }
    if (path != NULL && in->record_id[0] != '\0' &&
        in->action != INBOUND_DELETE &&
        inbound_path_value(path, from, &value) && value.type == JSON_OBJECT)
        in->data = value.text;
}

static void
find_time(struct view *view)
{
    const char *path = view->r->source->options.time_path;
    struct inbound *in = view->r->in;
    struct slice text = find_text(view, path, view->row->time);

    if (text.ptr == NULL && path == NULL)
        text = inbound_path_text(view->row->event_time, &view->place,
                                 &view->r->scratch);
    if (text.ptr != NULL && inbound_time(text, &in->version_us))
        in->has_timestamp = true;
}

void
inbound_provider_read(struct inbound_reading *r,
                      const struct json_value *payload)
{
    struct view view;

    view_init(&view, r, payload);
    if (payload->type != JSON_OBJECT &&
        (payload->type != JSON_ARRAY || !view.row->arrays)) {
        problem_not_object(r->problems);
        return;
    }
    if (!name_type(&view))
        return;
    find_record(&view);
    find_data(&view);
    find_time(&view);
}

void
inbound_provider_recall(struct inbound_reading *r,
                        const struct json_value *payload)
{
    int64_t version_us = r->in->version_us;
    const char *name = r->source->name, *rest = r->in->type;
    struct view view;

    view_init(&view, r, payload);
    /* <source>.<tail>: the name may have dots, and cleaning adds none. */
    for (rest = strchr(rest, '.'); rest != NULL && strchr(name, '.') != NULL;
         rest = strchr(rest + 1, '.'))
        name = strchr(name, '.') + 1;
    set_tail(&view, slice_of(rest == NULL ? "" : rest + 1));
    if (find_entity(&view))
        find_data(&view);
    r->in->has_timestamp = false;
    find_time(&view);
    r->in->version_us = version_us;
}
