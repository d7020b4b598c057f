/*
 * template.h - a body that a subscription words itself.
 *
 *   {"text": "Order {{data.order.id}}: {{data.total}}", "order": {{json data}}}
 *
 * {{path}} stands for a text: a string's characters, the digits of a number as
 * they came, true, false, compact JSON of an object or a list, nothing for
 * null and for what is not there. {{json path}} stands for the value as JSON,
 * null for what is not there. {{"text"}} is that text; so {{"{{"}} writes two
 * braces.
 *
 * A path is id, type, timestamp, data or metadata; behind the last two, more
 * names follow after dots. A number is an item of a list, counted from 0. A
 * name with white space, dots or braces is written as a JSON string:
 * data.items.0."unit price". Of a name that stands twice in an object the last
 * member counts.
 *
 * The body is JSON or plain text. In a JSON template {{path}} is escaped and
 * belongs inside of quotes, {{json path}} where JSON has a value; this is
 * checked once, and any event gives valid JSON then.
 */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include "buf.h"
#include "format.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>

#define TEMPLATE_TEXT_MAX 16384     /* bytes of a template */
#define TEMPLATE_PLACES 64          /* {{...}} in it */
#define TEMPLATE_NAMES 256          /* names in all paths together */
#define TEMPLATE_DEPTH 16           /* names in one path */
#define TEMPLATE_OUTPUT_MAX 1048576 /* bytes of a body */
#define TEMPLATE_WHY_MAX 400        /* bytes of the longest message */

enum template_kind { TEMPLATE_JSON, TEMPLATE_TEXT };

struct template; /* opaque, never changes: for any number of threads */

/*
 * NULL: *why gets one line that says where and what, such as
 * "line 2, column 14: a path starts with id, type, timestamp, data or
 * metadata". The text is copied.
 */
struct template *template_compile(struct slice text, enum template_kind kind,
                                  struct buf *why)
    __attribute__((warn_unused_result));
void template_free(struct template *tmpl);

/* True if it compiles. */
bool template_check(struct slice text, enum template_kind kind, struct buf *why)
    __attribute__((warn_unused_result));

/* "application/json" or "text/plain; charset=utf-8". */
const char *template_content_type(const struct template *tmpl);

/* Appends the body. Reads the event once, whatever the number of places;
   !buf_ok(out) if it would be larger than out->max. */
void template_render(const struct template *tmpl,
                     const struct format_event *event, struct buf *out);

#endif /* TEMPLATE_H */
