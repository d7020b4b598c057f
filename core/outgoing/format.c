/*
 * format.c - the formats by name, and the bodies that hold an event as it is;
 * see format.h.
 */
#include "format.h"

#include "clock.h"
#include "format_impl.h"
#include "id.h"
#include "json.h"
#include "template.h"

#include <assert.h>

#define FRAME_MAX 4096        /* bytes that a format adds to an event */
#define CHAT_BODY_MAX 262144  /* of what a chat service takes at most */
#define HEADER_TEXT_MAX 16384 /* names and values together */
#define CONTENT_JSON "application/json"

void
format_add_json(struct buf *out, struct slice json, const char *otherwise)
{
    if (json.ptr == NULL)
        buf_add_text(out, otherwise);
    else
        buf_add_slice(out, json);
}

void
format_add_timestamp(struct buf *out, uint64_t id)
{
    char text[CLOCK_TEXT_MAX];

    clock_format_rfc3339(id_time_us(id), text);
    buf_add_char(out, '"');
    buf_add_text(out, text);
    buf_add_char(out, '"');
}

void
format_envelope(const struct format_event *event, struct buf *out)
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
    format_add_timestamp(out, event->id);
    buf_add_text(out, ",\"data\":");
    format_add_json(out, event->data, "null");
    buf_add_text(out, ",\"metadata\":");
    format_add_json(out, event->metadata, "{}");
    buf_add_char(out, '}');
}

static void
payload(const struct format_event *event, struct buf *out)
{
    format_add_json(out, event->data, "null");
}

static void
standard(const struct format_event *event, struct buf *out)
{
    buf_add_text(out, "{\"type\":");
    json_add_string(out, event->type);
    buf_add_text(out, ",\"timestamp\":");
    format_add_timestamp(out, event->id);
    buf_add_text(out, ",\"data\":");
    format_add_json(out, event->data, "null");
    buf_add_char(out, '}');
}

static void
from_template(const struct format_event *event,
              const struct format_options *options, struct format_out *out)
{
    assert(options->template != NULL);
    out->content_type = template_content_type(options->template);
    template_render(options->template, event, out->body);
}

/* `body` where the event is all it takes, else `write`. */
static const struct {
    const char *name;
    const char *content_type;
    void (*body)(const struct format_event *event, struct buf *out);
    void (*write)(const struct format_event *event,
                  const struct format_options *options, struct format_out *out);
} formats[] = {
    [FORMAT_ENVELOPE] = {"envelope", CONTENT_JSON, format_envelope, NULL},
    [FORMAT_PAYLOAD] = {"payload", CONTENT_JSON, payload, NULL},
    [FORMAT_STANDARD] = {"standard", CONTENT_JSON, standard, NULL},
    [FORMAT_CLOUDEVENTS] = {"cloudevents", "application/cloudevents+json", NULL,
                            format_cloudevents},
    [FORMAT_CLOUDEVENTS_BINARY] = {"cloudevents-binary", CONTENT_JSON, NULL,
                                   format_cloudevents_binary},
    [FORMAT_SLACK] = {"slack", CONTENT_JSON, format_slack, NULL},
    [FORMAT_DISCORD] = {"discord", CONTENT_JSON, format_discord, NULL},
    [FORMAT_TEMPLATE] = {"template", CONTENT_JSON, NULL, from_template},
    [FORMAT_GITHUB] = {"github", CONTENT_JSON, format_github, NULL},
};

#define FORMAT_COUNT (sizeof(formats) / sizeof(formats[0]))

/* Headers are kept as they were, uninitialised: most bodies have none. */
void
format_out_init(struct format_out *out, struct buf *body)
{
    out->body = body;
    out->content_type = CONTENT_JSON;
    out->header_count = 0;
    buf_init(&out->header_text, HEADER_TEXT_MAX);
}

void
format_out_free(struct format_out *out)
{
    buf_free(&out->header_text);
    out->header_count = 0;
}

size_t
format_body_max(enum payload_format format, const struct format_event *event)
{
    switch (format) {
    case FORMAT_SLACK:
    case FORMAT_DISCORD:
        return CHAT_BODY_MAX;
    case FORMAT_TEMPLATE:
        return TEMPLATE_OUTPUT_MAX;
    case FORMAT_GITHUB:
        return format_github_max(event) + event->metadata.len + FRAME_MAX;
    default:
        return event->data.len + event->metadata.len + FRAME_MAX;
    }
}

void
format_write(enum payload_format format, const struct format_options *options,
             const struct format_event *event, struct format_out *out)
{
    static const struct format_options none = {.template = NULL};

    assert((size_t)format < FORMAT_COUNT);
    out->content_type = formats[format].content_type;
    if (formats[format].body != NULL)
        formats[format].body(event, out->body);
    else
        formats[format].write(event, options == NULL ? &none : options, out);
}

void
format_body(enum payload_format format, const struct format_event *event,
            struct buf *out)
{
    assert((size_t)format < FORMAT_COUNT && formats[format].body != NULL);
    formats[format].body(event, out);
}

const char *
format_name(enum payload_format format)
{
    assert((size_t)format < FORMAT_COUNT);
    return formats[format].name;
}

const char *
format_content_type(enum payload_format format)
{
    assert((size_t)format < FORMAT_COUNT);
    return formats[format].content_type;
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
