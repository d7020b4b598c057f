/*
 * inbound_recall.c - what a stored inbound event said; see inbound.h.
 *
 * What was found out from headers is in its metadata; what is in the body is
 * found there again.
 */
#include "inbound.h"

#include "clock.h"
#include "inbound_key.h"
#include "inbound_provider.h"
#include "inbound_shape.h"

/* A string member that fits. */
static bool
take(struct slice metadata, const char *name, struct buf *scratch, size_t max,
     char *out)
{
    struct json_value value;
    struct slice text;

    if (!json_find(metadata, name, &value) || value.type != JSON_STRING)
        return false;
    text = inbound_text(&value, scratch);
    if (text.len > max || memchr(text.ptr, '\0', text.len) != NULL)
        return false;
    memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return true;
}

static bool
take_metadata(struct inbound *in, struct slice metadata, struct buf *scratch)
{
    char action[16], timestamp[CLOCK_TEXT_MAX];
    struct json_value value;

    if (metadata.ptr == NULL || !json_read(metadata, &value, NULL) ||
        value.type != JSON_OBJECT)
        return false;
    metadata = value.text;
    if (!take(metadata, "table", scratch, INBOUND_TABLE_MAX, in->table) ||
        !take(metadata, "record_id", scratch, INBOUND_RECORD_MAX,
              in->record_id) ||
        !take(metadata, "action", scratch, sizeof(action) - 1, action) ||
        !inbound_action_from_name(slice_of(action), &in->action))
        return false;
    /* Whether it was given by the sender the body knows. */
    in->has_timestamp = take(metadata, "timestamp", scratch,
                             sizeof(timestamp) - 1, timestamp) &&
                        clock_parse(slice_of(timestamp), &in->version_us);
    if (!take(metadata, "entity", scratch, sizeof(in->entity) - 1, in->entity))
        in->entity[0] = '\0';
    if (json_find(metadata, "metadata", &value) && value.type == JSON_OBJECT)
        in->metadata = value.text;
    return true;
}

bool
inbound_recall(const struct source *source, struct slice type,
               struct slice payload, struct slice metadata, int64_t accepted_us,
               struct inbound *out)
{
    struct inbound_reading r = {
        .source = source, .scratch = BUF_INIT(0), .in = out};
    const struct inbound_shape *shape = NULL;
    struct json_value value;
    bool ok;

    memset(out, 0, sizeof(*out));
    out->action = INBOUND_OTHER;
    out->version_us = accepted_us;
    ok = type.len > 0 && type.len < sizeof(out->type) &&
         memchr(type.ptr, '\0', type.len) == NULL &&
         json_read(payload, &value, NULL) &&
         take_metadata(out, metadata, &r.scratch);
    if (ok) {
        memcpy(out->type, type.ptr, type.len);
        out->payload = value.text;
        if (value.type == JSON_OBJECT)
            shape = inbound_shape_of(source, value.text);
        if (shape != NULL)
            inbound_shape_recall(&r, shape, value.text);
        else
            inbound_provider_recall(&r, &value);
    }
    buf_free(&r.scratch);
    return ok;
}
