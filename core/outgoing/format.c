/*
 * format.c - the body of a delivery; see format.h.
 */
#include "format.h"

#include "clock.h"
#include "id.h"
#include "json.h"

#include <assert.h>

static void
add_json(struct buf *out, struct slice json, const char *fallback)
{
    if (json.ptr == NULL)
        buf_add_text(out, fallback);
    else
        buf_add_slice(out, json);
}

/* The moment of acceptance is part of the id: no attempt can change it. */
static void
add_timestamp(struct buf *out, uint64_t id)
{
    char text[CLOCK_TEXT_MAX];

    clock_format_rfc3339(id_time_us(id), text);
    buf_add_char(out, '"');
    buf_add_text(out, text);
    buf_add_char(out, '"');
}

static void
envelope(const struct format_event *event, struct buf *out)
{
    char id[ID_TEXT_MAX];

    id_format(ID_EVENT, event->id, id);
    buf_add_text(out, "{\"id\":\"");
    buf_add_text(out, id);
    buf_add_text(out, "\",\"event\":");
    json_add_string(out, event->type);
    buf_add_text(out, ",\"event_type\":");
    json_add_string(out, event->type);
    buf_add_text(out, ",\"timestamp\":");
    add_timestamp(out, event->id);
    buf_add_text(out, ",\"data\":");
    add_json(out, event->data, "null");
    buf_add_text(out, ",\"metadata\":");
    add_json(out, event->metadata, "{}");
    buf_add_char(out, '}');
}

static void
payload(const struct format_event *event, struct buf *out)
{
    add_json(out, event->data, "null");
}

static void
standard(const struct format_event *event, struct buf *out)
{
    buf_add_text(out, "{\"type\":");
    json_add_string(out, event->type);
    buf_add_text(out, ",\"timestamp\":");
    add_timestamp(out, event->id);
    buf_add_text(out, ",\"data\":");
    add_json(out, event->data, "null");
    buf_add_char(out, '}');
}

static const struct {
    const char *name;
    void (*write)(const struct format_event *event, struct buf *out);
} formats[] = {
    [FORMAT_ENVELOPE] = {"envelope", envelope},
    [FORMAT_PAYLOAD] = {"payload", payload},
    [FORMAT_STANDARD] = {"standard", standard},
};

#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))

void
format_body(enum payload_format format, const struct format_event *event,
            struct buf *out)
{
    assert((size_t)format < FORMAT_COUNT);
    formats[format].write(event, out);
}

const char *
format_name(enum payload_format format)
{
    assert((size_t)format < FORMAT_COUNT);
    return formats[format].name;
}

bool
format_from_name(struct slice name, enum payload_format *format)
{
    size_t i;

    for (i = 0; i < FORMAT_COUNT; i++) {
        if (slice_is(name, formats[i].name)) {
            *format = (enum payload_format)i;
            return true;
        }
    }
    return false;
}
