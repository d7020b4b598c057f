/*
 * inbound_key.h - which record a row is, by its key columns.
 *
 * A source may name the key columns of its tables, as JSON:
 * {"order_items": ["order_id", "line"]}. Without that (or with something else
 * in its place) the key is the column "id". The record id is the value of the
 * one column, or "order_id=7,line=1" for several; ',' and '\' inside a value of
 * the latter get a '\' in front, so that different keys stay different.
 */
#ifndef INBOUND_KEY_H
#define INBOUND_KEY_H

#include "inbound.h"
#include "json.h"

/*
 * row     text of the object that json_read() has accepted
 * field   its name in the body, for problems: loc ["body",field,column]
 * out     written only for true
 * A column has to be a string or a number. False: problems say why.
 */
bool inbound_key(const struct source *source, const char *table,
                 struct slice row, const char *field, struct problems *problems,
                 char out[INBOUND_RECORD_MAX + 1])
    __attribute__((warn_unused_result));

/* A JSON string or number as text: without copying where possible, else
   decoded into scratch, which has to live as long. */
struct slice inbound_text(const struct json_value *value, struct buf *scratch);

/* A member's name, in the same way. */
struct slice inbound_name(const struct json_member *member,
                          struct buf *scratch);

/* Adds a problem if the text is empty, longer than max bytes, or holds a
   NUL. */
bool inbound_text_fits(struct slice text, size_t max, const char *field,
                       const char *sub, struct problems *problems)
    __attribute__((warn_unused_result));

#endif /* INBOUND_KEY_H */
