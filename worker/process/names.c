/*
 * names.c - see names.h.
 */
#include "names.h"

#include "alloc.h"
#include "json.h"
#include "store_names.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct names {
    pthread_mutex_t lock;
    struct inbound_names *known;
};

struct names *
names_new(void)
{
    struct names *names = xcalloc(1, sizeof(*names));
    int failed = pthread_mutex_init(&names->lock, NULL);

    assert(failed == 0);
    (void)failed;
    names->known = inbound_names_new();
    return names;
}

void
names_free(struct names *names)
{
    if (names == NULL)
        return;
    inbound_names_free(names->known);
    pthread_mutex_destroy(&names->lock);
    free(names);
}

void
names_add(struct names *names, uint32_t source_id, struct slice id,
          struct slice name)
{
    if (names == NULL)
        return;
    pthread_mutex_lock(&names->lock);
    inbound_names_add(names->known, source_id, id, name);
    pthread_mutex_unlock(&names->lock);
}

static void
take(void *arg, const struct source_name *name)
{
    names_add(arg, name->source_id, name->entity_id, name->name);
}

enum db_result
names_load(struct names *names, struct db *db)
{
    return names == NULL ? DB_OK : store_names_read(db, take, names);
}

bool
names_miss(struct names *names, const struct source *source,
           const struct inbound *in, char id[INBOUND_ID_LEN + 1],
           const char **entity)
{
    bool missing;

    if (names == NULL || source->options.watch.count == 0)
        return false;
    pthread_mutex_lock(&names->lock);
    missing = inbound_unnamed(source, in, names->known, id, entity);
    pthread_mutex_unlock(&names->lock);
    return missing;
}

const char *
names_ignore(struct names *names, const struct source *source,
             const struct inbound *in)
{
    const char *why;

    if (names == NULL || source->options.watch.count == 0)
        return NULL;
    pthread_mutex_lock(&names->lock);
    why = inbound_ignored(source, in, names->known);
    pthread_mutex_unlock(&names->lock);
    return why;
}

void
names_print(struct names *names, uint32_t source_id, struct slice id,
            struct buf *out)
{
    if (names == NULL)
        return;
    pthread_mutex_lock(&names->lock);
    buf_add_slice(out, inbound_names_find(names->known, source_id, id));
    pthread_mutex_unlock(&names->lock);
}

void
names_add_title(struct slice object, struct buf *out)
{
    struct json_value title, text;
    struct json_member item;
    size_t at = 0;

    if (!json_find(object, "title", &title) || title.type != JSON_ARRAY)
        return;
    while (json_next(title.text, &at, &item)) {
        if (item.value.type == JSON_OBJECT &&
            json_find(item.value.text, "plain_text", &text) &&
            text.type == JSON_STRING)
            json_decode_string(text.text, out);
    }
}
