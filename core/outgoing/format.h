/*
 * format.h - the body of a delivery.
 *
 *   envelope  {"id","event","event_type","timestamp","data","metadata"}
 *   payload   data alone
 *   standard  {"type","timestamp","data"}
 *
 * Compact, in this order of keys. `data` and `metadata` are the bytes that
 * came in, without a parse-and-print round trip; metadata is {} when absent.
 * data is null when absent. The timestamp is when the event was accepted. The
 * same event gives the same bytes at every attempt.
 */
#ifndef FORMAT_H
#define FORMAT_H

#include "buf.h"
#include "catalog.h"
#include "slice.h"

#include <stdint.h>

struct format_event {
    uint64_t id;
    struct slice type;
    struct slice data;     /* valid JSON, minified */
    struct slice metadata; /* a JSON object, minified, or absent */
};

void format_body(enum payload_format format, const struct format_event *event,
                 struct buf *out);

const char *format_name(enum payload_format format);
bool format_from_name(struct slice name, enum payload_format *format)
    __attribute__((warn_unused_result));

#endif /* FORMAT_H */
