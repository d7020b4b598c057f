/*
 * json.h - a strict reader of JSON text (RFC 8259) that never copies a value.
 *
 * It validates, finds members and removes white space; it builds no tree and
 * converts no number, so 64-bit ids and numeric(30,10) keep every digit. What
 * it refuses beyond the grammar: bytes that are not UTF-8 (overlong forms and
 * encoded surrogates included), lone \ud800 escapes, control characters inside
 * strings, nesting deeper than JSON_DEPTH, and the same name twice in the
 * top-level object (compared after decoding the escapes).
 */
#ifndef JSON_H
#define JSON_H

#include "buf.h"
#include "slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH 64

enum json_kind {
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT
};

struct json_value {
    enum json_kind type;
    struct slice text; /* as it stands in the input: quotes, escapes and all */
};

struct json_member {
    struct slice name; /* between the quotes, escapes not decoded */
    struct json_value value;
};

/* Where and why a text is not JSON. Line and column count from 1. */
struct json_error {
    size_t offset; /* bytes from the start */
    unsigned line;
    unsigned column;    /* bytes within the line */
    const char *reason; /* static, e.g. "Expecting value" (the words of
                           Python's json module where it has words for it) */
};

/*
 * Validates all of `text` and reports its single value. False: *error says
 * why, *value is untouched. error may be NULL.
 */
bool json_read(struct slice text, struct json_value *value,
               struct json_error *error) __attribute__((warn_unused_result));

/* The value of a text that json_read() has accepted, alone or as part of a
   longer one; no white space around it, at least one byte. */
struct json_value json_accepted(struct slice text);

/*
 * Walks the members of an object (or the items of an array, name empty) whose
 * text json_read() has accepted. Start with *at = 0; false at the end.
 */
bool json_next(struct slice container, size_t *at, struct json_member *member);

/* The member of that (plain ASCII, no escapes) name; false if there is none.
   `object` must be text that json_read() has accepted. Names that are written
   with escapes in the input are found as well. */
bool json_find(struct slice object, const char *name, struct json_value *value);

/* A JSON_STRING's characters, escapes decoded, as UTF-8 appended to out. */
void json_decode_string(struct slice quoted, struct buf *out);

/* The string's text without copying if it has no escapes, else SLICE_NONE. */
struct slice json_plain_string(struct slice quoted);

/* A JSON_NUMBER that is an integer within the limits; false otherwise. */
bool json_integer(struct slice number, int64_t min, int64_t max, int64_t *out)
    __attribute__((warn_unused_result));

/* Appends accepted text without the white space between its tokens. */
void json_minify(struct slice text, struct buf *out);

/* Appends `text` (valid UTF-8; anything else becomes U+FFFD) as a quoted JSON
   string: only what RFC 8259 requires is escaped. */
void json_add_string(struct buf *out, struct slice text);

/* True if the bytes are well-formed UTF-8 (Unicode 15, table 3-7). */
bool json_is_utf8(struct slice text);

#endif /* JSON_H */
