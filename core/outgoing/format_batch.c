/*
 * format_batch.c - several events as one body; see format.h.
 */
#include "format.h"

#include <assert.h>

/* Those that are not named have no batches. */
static const char *const content_types[] = {
    [FORMAT_ENVELOPE] = "application/json",
    [FORMAT_CLOUDEVENTS] = "application/cloudevents-batch+json",
};

#define NAMED (sizeof(content_types) / sizeof(content_types[0]))

bool
format_has_batch(enum payload_format format)
{
    return (size_t)format < NAMED && content_types[format] != NULL;
}

size_t
format_batch_max(enum payload_format format, const struct format_event *events,
                 size_t count)
{
    size_t bytes = 2, i;

    for (i = 0; i < count; i++)
        bytes += format_body_max(format, &events[i]) + 1;
    return bytes;
}

void
format_write_batch(enum payload_format format,
                   const struct format_options *options,
                   const struct format_event *events, size_t count,
                   struct format_out *out)
{
    size_t i;

    assert(format_has_batch(format) && count > 0);
    for (i = 0; i < count; i++) {
        buf_add_char(out->body, i == 0 ? '[' : ',');
        format_write(format, options, &events[i], out);
    }
    buf_add_char(out->body, ']');
    out->content_type = content_types[format];
}
