/*
 * format.h - the body of a delivery, its content type and what headers it
 * brings along.
 *
 *   envelope     {"id","event","event_type","timestamp","data","metadata"}
 *   payload      data alone
 *   standard     {"type","timestamp","data"}
 *   cloudevents  CloudEvents 1.0.2, structured mode (JSON event format)
 *   cloudevents-binary  the same event: data alone, attributes as ce- headers
 *   slack        a message or an alert for an incoming webhook (notice.h)
 *   discord      the same for a webhook of Discord
 *   template     text with {{...}} of the subscription's own (template.h)
 *   github       the envelope; of a push to GitHub the few members that count
 *
 * Compact, in this order of keys. `data` and `metadata` are the bytes that
 * came in, without a parse-and-print round trip; metadata is {} when absent.
 * data is null when absent. The timestamp is when the event was accepted. The
 * same event gives the same bytes at every attempt.
 */
#ifndef FORMAT_H
#define FORMAT_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum payload_format {
    FORMAT_ENVELOPE,
    FORMAT_PAYLOAD,
    FORMAT_STANDARD,
    FORMAT_CLOUDEVENTS,
    FORMAT_CLOUDEVENTS_BINARY,
    FORMAT_SLACK,
    FORMAT_DISCORD,
    FORMAT_TEMPLATE,
    FORMAT_GITHUB
};

struct format_event {
    uint64_t id;
    struct slice type;
    struct slice data;     /* valid JSON, minified */
    struct slice metadata; /* a JSON object, minified, or absent */
};

/* What some formats have to be told; all zero for the others. */
struct format_options {
    const struct template *template; /* FORMAT_TEMPLATE */
    struct slice source;             /* CloudEvents: a URI reference that
                            format_source_valid() has accepted; absent = the
                            one of the product */
};

#define FORMAT_HEADERS_MAX 24

/* A header of the body's own; the name has a NUL behind it, the value is
   visible ASCII. */
struct format_header {
    const char *name;
    struct slice value;
};

/* What format_write() makes. Headers live until format_out_free(). */
struct format_out {
    struct buf *body; /* the caller's; appended to */
    const char *content_type;
    size_t header_count;
    struct format_header headers[FORMAT_HEADERS_MAX];
    struct buf header_text; /* names and values; allocated only when used */
};

void format_out_init(struct format_out *out, struct buf *body);
void format_out_free(struct format_out *out);

/* Bytes that the body of this event has at most; a template's may be cut off
   by this bound, buf_ok() of the body is false then. */
size_t format_body_max(enum payload_format format,
                       const struct format_event *event);

/* Appends the body and sets content type and headers. options may be NULL,
   but for a template. */
void format_write(enum payload_format format,
                  const struct format_options *options,
                  const struct format_event *event, struct format_out *out);

/* The body alone, of a format that needs no options. */
void format_body(enum payload_format format, const struct format_event *event,
                 struct buf *out);

/* Can several events be one body of this format? Those whose parts name the
   event: envelope, and cloudevents in structured mode. */
bool format_has_batch(enum payload_format format);

/* The same as format_write() for an array of events, in that order, of a
   format that can have one: a JSON array of their bodies. CloudEvents: the
   JSON batch format (1.0.2, section 4). count > 0. */
void format_write_batch(enum payload_format format,
                        const struct format_options *options,
                        const struct format_event *events, size_t count,
                        struct format_out *out);
size_t format_batch_max(enum payload_format format,
                        const struct format_event *events, size_t count);

const char *format_name(enum payload_format format);
const char *format_content_type(enum payload_format format);
bool format_from_name(struct slice name, enum payload_format *format)
    __attribute__((warn_unused_result));

/* May it be the `source` of a CloudEvent? A URI reference of at most
   FORMAT_SOURCE_MAX bytes (RFC 3986, characters only). */
#define FORMAT_SOURCE_MAX 200
bool format_source_valid(struct slice source);

#endif /* FORMAT_H */
