/*
 * cache.c - see cache.h.
 */
#include "cache.h"

#include "cache_key.h"
#include "id.h"
#include "json.h"
#include "member.h"

#include <stdio.h>

#define TYPE SLICE("cache.invalidated")
#define DATA_MAX ((size_t)2 * 1024 * 1024) /* 200 keys, all bytes escaped */
#define CHANNEL_MAX 160                    /* "source:" and a name */

/* Adds the template's key for that record unless it is in the list. */
static void
add_key(const char *template, const struct processed *processed,
        struct slice record, struct slice *first, struct buf *out)
{
    const struct cache_key_values values = {
        .source = slice_of(processed->source->name),
        .table = slice_of(processed->table),
        .id = slice_of(processed->record_id),
        .record = record,
    };
    struct buf key = BUF_INIT(CACHE_KEY_MAX);

    if (cache_key_add(template, &values, &key) &&
        (first->ptr == NULL || !slice_equal(*first, buf_slice(&key)))) {
        member_next(out);
        json_add_string(out, buf_slice(&key));
        if (first->ptr == NULL)
            *first = slice_copy(buf_slice(&key));
    }
    buf_free(&key);
}

/* A member may have been part of the key and be another one now. */
static void
add_both(const char *template, const struct processed *processed,
         struct buf *out)
{
    struct slice first = SLICE_NONE;

    add_key(template, processed, processed->old, &first, out);
    add_key(template, processed, processed->now, &first, out);
    slice_free(&first);
}

static void
add_keys(const struct processed *processed, struct buf *out)
{
    const struct source_texts *given = &processed->source->options.cache_keys;
    size_t i;

    if (given->count == 0)
        add_both(CACHE_KEY_DEFAULT, processed, out);
    for (i = 0; i < given->count; i++)
        add_both(given->list[i], processed, out);
}

static void
add_data(const struct processed *processed, const char *reason, struct buf *out)
{
    buf_add_char(out, '{');
    member_text(out, "source", processed->source->name);
    member_text(out, "table", processed->table);
    member_text(out, "record_id", processed->record_id);
    member_name(out, "keys");
    buf_add_char(out, '[');
    add_keys(processed, out);
    buf_add_char(out, ']');
    member_text(out, "reason", reason);
    member_id(out, "event_id", ID_EVENT, processed->event_id);
    buf_add_char(out, '}');
}

void
cache_add(struct emit *emit, const struct processed *processed,
          const char *reason)
{
    char channel[CHANNEL_MAX];
    struct emission emission = {
        .application_id = processed->source->application_id,
        .source_id = processed->source->id,
        .type = TYPE,
    };
    struct buf data = BUF_INIT(DATA_MAX);

    if (processed->record_id[0] == '\0')
        return;
    (void)snprintf(channel, sizeof(channel), "source:%s",
                   processed->source->name);
    emission.channel = slice_of(channel);
    if (processed->source->options.cache_keys.count == 0 &&
        !emit_is_wanted(emit, &emission))
        return;
    add_data(processed, reason, &data);
    if (buf_ok(&data)) {
        emission.data = buf_slice(&data);
        emit_add(emit, &emission);
    }
    buf_free(&data);
}
