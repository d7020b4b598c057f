/*
 * event_type_form.h - an event type that somebody registers or changes: the
 * JSON of POST and PATCH /api/event-types, and of `postern event-type`.
 *
 *   name (only when new), category, description, example, schema, validate,
 *   archived
 */
#ifndef EVENT_TYPE_FORM_H
#define EVENT_TYPE_FORM_H

#include "body.h"
#include "problem.h"
#include "slice.h"
#include "store_event_type.h"

#include <stdbool.h>

#define EVENT_TYPE_EXAMPLE_MAX 65536 /* bytes */

enum event_type_field {
    EVENT_TYPE_NAME,
    EVENT_TYPE_CATEGORY,
    EVENT_TYPE_DESCRIPTION,
    EVENT_TYPE_EXAMPLE,
    EVENT_TYPE_SCHEMA,
    EVENT_TYPE_VALIDATE,
    EVENT_TYPE_ARCHIVED,
    EVENT_TYPE_FIELDS
};

struct event_type_form {
    struct body_value value[EVENT_TYPE_FIELDS];
};

/* part: a change, which needs nothing and names nothing. The form is to be
   freed in any case; its values may point into body. */
bool event_type_form_read(struct event_type_form *form, struct slice body,
                          bool part, struct problems *problems)
    __attribute__((warn_unused_result));
void event_type_form_free(struct event_type_form *form);

/* A check for body_field: the name of an event type. */
void event_type_form_check_name(const struct body_value *value, void *context,
                                struct problems *problems);

/* Does what comes of it fit together: is there a schema to check with, one that
   can be used, and does the example satisfy it? row: what the form changes, or
   NULL for a new one. */
bool event_type_form_fits(const struct event_type_form *form,
                          const struct event_type_row *row,
                          struct problems *problems)
    __attribute__((warn_unused_result));

/* As the store wants it; lives as long as the form. */
struct event_type_change
event_type_form_change(const struct event_type_form *form);

#endif /* EVENT_TYPE_FORM_H */
