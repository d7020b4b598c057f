/*
 * notice.h - what people in a chat are told of an event.
 *
 * From an event's data:
 *
 *   {"text", "channel"?, "username"?}        a message: the text alone
 *       `message` and `content` are other names of `text`
 *   {"title"?, "description"?, "color"?, …}  an alert: a title, a text, a
 *       colour, and every other member as a field
 *
 * Whatever else an event holds is an alert too: its type is the title then,
 * and its members are the fields; data that is no object is the text. A colour
 * is good, warning, danger, "#rrggbb", "0xrrggbb" or a number up to 0xffffff;
 * without one the members `severity` and `level` decide, then the last word of
 * the event's type (failed, triggered, completed, ...).
 */
#ifndef NOTICE_H
#define NOTICE_H

#include "format.h"
#include "json.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOTICE_FIELDS_MAX 25

enum notice_tone {
    NOTICE_PLAIN, /* no colour */
    NOTICE_GOOD,
    NOTICE_WARNING,
    NOTICE_DANGER,
    NOTICE_COLOR /* notice->color */
};

struct notice_field {
    struct slice name;  /* a JSON string with its quotes */
    struct slice value; /* JSON */
};

/* Slices of the event's data. */
struct notice {
    bool message;          /* else an alert */
    struct slice title;    /* JSON, or absent: the event's type */
    struct slice text;     /* JSON, or absent */
    struct slice channel;  /* a JSON string, or absent */
    struct slice username; /* the same */
    enum notice_tone tone;
    uint32_t color;                                /* 0xrrggbb */
    struct notice_field fields[NOTICE_FIELDS_MAX]; /* the first ones */
    size_t field_count;
};

void notice_read(const struct format_event *event, struct notice *notice);

/* The colour of the tone as 0xrrggbb; not for NOTICE_PLAIN. */
uint32_t notice_color(const struct notice *notice);

/* "order.created evt_...": which event it was. */
#define NOTICE_ORIGIN_MAX 512
void notice_origin(const struct format_event *event, struct buf *out);

#endif /* NOTICE_H */
