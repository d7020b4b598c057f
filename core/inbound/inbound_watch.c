/*
 * inbound_watch.c - does a source watch what an event is about? See
 * inbound_watch.h.
 */
#include "inbound_watch.h"

#include "inbound_key.h"
#include "inbound_provider.h"
#include "pattern.h"

/* An event, and what may have to be looked up in its body, which is read only
   if it has to be. */
struct look {
    const struct source *source;
    const struct inbound *in;
    const struct inbound_names *names;
    bool notion;
    struct json_value payload; /* text absent: not yet read */
};

static struct look
look_at(const struct source *source, const struct inbound *in,
        const struct inbound_names *names)
{
    return (struct look){
        .source = source,
        .in = in,
        .names = names,
        .notion = strcmp(source->provider, "notion") == 0,
    };
}

static const struct json_value *
payload_of(struct look *look)
{
    if (look->payload.text.ptr == NULL &&
        !json_read(look->in->payload, &look->payload, NULL))
        look->payload.text = SLICE("null");
    return &look->payload;
}

static bool
in_list(const struct source_texts *texts, struct slice text)
{
    size_t i;

    for (i = 0; i < texts->count; i++)
        if (inbound_id_equal(slice_of(texts->list[i]), text))
            return true;
    return false;
}

/* Is one of the texts at those places in the list? */
static bool
one_in_list(struct look *look, const struct source_texts *texts,
            const char *places)
{
    struct slice rest = slice_of(places);
    struct buf scratch = BUF_INIT(0);
    char path[INBOUND_PATH_MAX + 1];
    bool found = false;

    while (rest.len > 0 && !found) {
        const char *end = memchr(rest.ptr, '|', rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.ptr);
        struct inbound_place place = {.json = *payload_of(look)};
        struct slice text;

        memcpy(path, rest.ptr, len);
        path[len] = '\0';
        text = inbound_path_text(path, &place, &scratch);
        found = text.ptr != NULL && in_list(texts, text);
        len += end == NULL ? 0 : 1;
        rest = slice_make(rest.ptr + len, rest.len - len);
    }
    buf_free(&scratch);
    return found;
}

/* All of the authors are among those who are ignored, and there is one. */
static bool
is_own_change(struct look *look)
{
    const struct source_texts *ignored = &look->source->options.ignore_authors;
    struct json_value authors, id;
    struct json_member item;
    struct buf scratch = BUF_INIT(0);
    size_t at = 0, others = 0, known = 0;

    if (ignored->count == 0)
        return false;
    if (!look->notion)
        return one_in_list(
            look, ignored,
            inbound_provider_named(look->source->provider)->author);
    if (!inbound_path_value("authors", payload_of(look), &authors) ||
        authors.type != JSON_ARRAY)
        return one_in_list(look, ignored, "user_id");
    while (json_next(authors.text, &at, &item)) {
        bool is_known = item.value.type == JSON_OBJECT &&
                        json_find(item.value.text, "id", &id) &&
                        id.type == JSON_STRING &&
                        in_list(ignored, inbound_text(&id, &scratch));

        known += is_known ? 1 : 0;
        others += is_known ? 0 : 1;
    }
    buf_free(&scratch);
    return known > 0 && others == 0;
}

/* Entries that are no ids are names, and only names of databases are known. */
static bool
lists_names(const struct source_texts *texts)
{
    char id[INBOUND_ID_LEN + 1];
    size_t i;

    for (i = 0; i < texts->count; i++)
        if (!inbound_id(slice_of(texts->list[i]), id))
            return true;
    return false;
}

static bool
name_in_list(const struct look *look, struct slice id)
{
    const struct source_texts *texts = &look->source->options.watch;
    struct slice name = inbound_names_find(look->names, look->source->id, id);
    size_t i;

    for (i = 0; i < texts->count && name.ptr != NULL; i++)
        if (name.len > 0 && slice_is(name, texts->list[i]))
            return true;
    return false;
}

/* The database or data source that the event is about or lies in, whose name
   could be asked for. Absent: it is another thing. */
static struct slice
named_thing(const struct look *look, const char **entity)
{
    static const char *const kinds[] = {"database", "data_source"};
    const struct inbound *in = look->in;
    struct slice kind = slice_of(in->entity);
    char id[INBOUND_ID_LEN + 1];
    size_t i;

    for (i = 0; i < 2; i++) {
        if (slice_is(kind, kinds[i])) {
            *entity = kinds[i];
            return slice_of(in->record_id);
        }
    }
    *entity = kinds[0];
    return inbound_id(slice_of(in->table), id) ? slice_of(in->table)
                                               : SLICE_NONE;
}

static bool
data_source_is_named(struct look *look)
{
    const struct inbound_place place = {.json = *payload_of(look)};
    struct buf scratch = BUF_INIT(0);
    struct slice id =
        inbound_path_text("data.parent.data_source_id", &place, &scratch);
    bool named = id.ptr != NULL && name_in_list(look, id);

    buf_free(&scratch);
    return named;
}

enum watched { WATCHED_NO, WATCHED_YES, WATCHED_PERHAPS };

static enum watched
notion_is_watched(struct look *look)
{
    const struct source_texts *watch = &look->source->options.watch;
    const struct inbound *in = look->in;
    const char *entity;
    struct slice thing = named_thing(look, &entity);

    if (in_list(watch, slice_of(in->table)) ||
        (in->record_id[0] != '\0' && in_list(watch, slice_of(in->record_id))) ||
        one_in_list(look, watch,
                    "data.parent.id|data.parent.database_id|"
                    "data.parent.data_source_id|data.page_id"))
        return WATCHED_YES;
    if (!lists_names(watch))
        return WATCHED_NO;
    if (data_source_is_named(look) ||
        (thing.ptr != NULL && name_in_list(look, thing)))
        return WATCHED_YES;
    if (thing.ptr == NULL ||
        inbound_names_find(look->names, look->source->id, thing).ptr != NULL)
        return WATCHED_NO;
    return WATCHED_PERHAPS;
}

static bool
table_is_watched(struct look *look)
{
    const struct source_texts *watch = &look->source->options.watch;
    const char *table = look->in->table;
    size_t i;

    for (i = 0; i < watch->count; i++) {
        const char *entry = watch->list[i];

        if (strncmp(entry, "public.", 7) == 0 &&
            strcmp(look->source->provider, "supabase") == 0)
            entry += 7;
        if (table[0] != '\0' && strcmp(entry, table) == 0)
            return true;
    }
    return one_in_list(look, watch,
                       inbound_provider_named(look->source->provider)->watched);
}

static enum watched
is_watched(struct look *look)
{
    if (look->source->options.watch.count == 0)
        return WATCHED_YES;
    if (look->notion)
        return notion_is_watched(look);
    return table_is_watched(look) ? WATCHED_YES : WATCHED_NO;
}

/* What a short word in a list of Notion's types stands for. */
static const struct {
    const char *word;
    const char *type;
} aliases[] = {
    {"page.updated", "page.content_updated"},
    {"page.updated", "page.properties_updated"},
    {"database.updated", "database.content_updated"},
    {"database.updated", "database.schema_updated"},
    {"database.updated", "data_source.content_updated"},
    {"database.updated", "data_source.schema_updated"},
};

static bool
matches(const struct look *look, struct slice pattern, struct slice type)
{
    size_t i;

    if (pattern_matches(pattern, type))
        return true;
    for (i = 0; look->notion && i < sizeof(aliases) / sizeof(aliases[0]); i++)
        if (slice_is(pattern, aliases[i].word) &&
            slice_is(type, aliases[i].type))
            return true;
    return false;
}

/* With the source's name in front, and without. */
static bool
type_is_watched(const struct look *look)
{
    const struct source_texts *types = &look->source->options.watch_types;
    struct slice type = slice_of(look->in->type), tail = type;
    struct buf name = BUF_INIT(PATTERN_MAX);
    bool found = types->count == 0;
    size_t i;

    pattern_add_clean(&name, slice_of(look->source->name));
    buf_add_char(&name, '.');
    if (type.len > name.len && memcmp(type.ptr, name.data, name.len) == 0)
        tail = slice_make(type.ptr + name.len, type.len - name.len);
    for (i = 0; i < types->count && !found; i++) {
        struct slice pattern = slice_of(types->list[i]);

        found = pattern_matches(pattern, type) || matches(look, pattern, tail);
        if (!found && pattern.len > name.len &&
            memcmp(pattern.ptr, name.data, name.len) == 0)
            found = matches(
                look,
                slice_make(pattern.ptr + name.len, pattern.len - name.len),
                tail);
    }
    buf_free(&name);
    return found;
}

const char *
inbound_ignored(const struct source *source, const struct inbound *in,
                const struct inbound_names *names)
{
    struct look look = look_at(source, in, names);

    if (!type_is_watched(&look))
        return "type not watched";
    if (is_watched(&look) == WATCHED_NO)
        return look.notion ? "database not watched" : "table not watched";
    return is_own_change(&look) ? "own change" : NULL;
}

bool
inbound_unnamed(const struct source *source, const struct inbound *in,
                const struct inbound_names *names, char id[INBOUND_ID_LEN + 1],
                const char **entity)
{
    struct look look = look_at(source, in, names);
    const char *kind;
    struct slice thing = named_thing(&look, &kind);

    if (!look.notion || is_watched(&look) != WATCHED_PERHAPS ||
        !inbound_id(thing, id))
        return false;
    *entity = kind;
    return true;
}
