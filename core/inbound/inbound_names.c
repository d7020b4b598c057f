/*
 * inbound_names.c - names of databases by id; see inbound_watch.h.
 */
#include "inbound_watch.h"

#include "alloc.h"

#include <stdlib.h>

struct name {
    uint32_t source_id;
    char *id; /* as it was given, but clean where it is an id of Notion's */
    char *name;
};

/* Sorted by source and id. */
struct inbound_names {
    struct name *list;
    size_t count;
    size_t cap;
};

struct inbound_names *
inbound_names_new(void)
{
    return xcalloc(1, sizeof(struct inbound_names));
}

void
inbound_names_free(struct inbound_names *names)
{
    size_t i;

    if (names == NULL)
        return;
    for (i = 0; i < names->count; i++) {
        free(names->list[i].id);
        free(names->list[i].name);
    }
    free(names->list);
    free(names);
}

/* Where it is, or where it belongs. */
static size_t
place_of(const struct inbound_names *names, uint32_t source_id, const char *id,
         bool *there)
{
    size_t low = 0, high = names->count;

    *there = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct name *name = &names->list[middle];
        int order = name->source_id != source_id
                        ? (name->source_id < source_id ? -1 : 1)
                        : strcmp(name->id, id);

        if (order == 0) {
            *there = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The caller frees it. */
static char *
clean(struct slice id)
{
    char *text = slice_text(id.ptr == NULL ? SLICE("") : id);

    inbound_id_clean(text);
    return text;
}

void
inbound_names_add(struct inbound_names *names, uint32_t source_id,
                  struct slice id, struct slice name)
{
    char *key = clean(id);
    char *value = slice_text(name.ptr == NULL ? SLICE("") : name);
    bool there;
    size_t at = place_of(names, source_id, key, &there);

    if (there || names->count == INBOUND_NAMES_MAX) {
        free(key);
        if (!there) {
            free(value);
            return;
        }
        free(names->list[at].name);
        names->list[at].name = value;
        return;
    }
    if (names->count == names->cap) {
        names->cap = names->cap == 0 ? 16 : 2 * names->cap;
        names->list =
            xreallocarray(names->list, names->cap, sizeof(*names->list));
    }
    memmove(names->list + at + 1, names->list + at,
            (names->count - at) * sizeof(*names->list));
    names->list[at] = (struct name){source_id, key, value};
    names->count++;
}

struct slice
inbound_names_find(const struct inbound_names *names, uint32_t source_id,
                   struct slice id)
{
    bool there = false;
    char *key;
    size_t at;

    if (names == NULL)
        return SLICE_NONE;
    key = clean(id);
    at = place_of(names, source_id, key, &there);
    free(key);
    return there ? slice_of(names->list[at].name) : SLICE_NONE;
}
