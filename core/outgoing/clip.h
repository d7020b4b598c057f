/*
 * clip.h - texts of a chat message, cut to what the service takes.
 *
 * Services count characters, each in its own way; counted here are UTF-16
 * units, which are never fewer. A text that is cut ends in an ellipsis, is
 * never cut inside a character (or an entity such as &amp;), and loses the
 * white space around it. Control characters other than newline and tab become
 * spaces.
 */
#ifndef CLIP_H
#define CLIP_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>

/* All texts of one message. */
struct clip {
    struct buf *out; /* the message, JSON that grows */
    size_t left;     /* units that all texts together may still have */
    bool entities;   /* '&', '<' and '>' as &amp; &lt; &gt; (Slack) */
};

/* Appends at most max units of `text` (UTF-8) to out; returns the units. */
size_t clip_text(struct buf *out, struct slice text, size_t max, bool entities);

/* ,"name":"..." - the text as the next member of an object. False: it is empty
   or no room is left, nothing is written. */
bool clip_member(struct clip *clip, const char *name, struct slice text,
                 size_t max);

/* The same with a JSON value: a string's characters, anything else as it
   stands; absent is empty. */
bool clip_json(struct clip *clip, const char *name, struct slice json,
               size_t max);

#endif /* CLIP_H */
